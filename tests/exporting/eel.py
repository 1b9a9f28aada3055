"""EEL2, the language of JSFX, as far as mixtrace writes it: text in, a Python module out.

It knows numbers, $pi, variables in any letters, memory as x[i], assignments, arithmetic,
comparisons, ?:, &&, ||, !, blocks in parentheses, loop, while, functions with local(), and the
functions named below. Anything else is an error, and so is a local that is read before it is set:
EEL2 keeps its value from the call before.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_TOKEN = re.compile(
    r"\s+|//[^\n]*|(?P<number>\d+\.?\d*|\.\d+)|(?P<name>\$?[A-Za-z_]\w*)"
    r"|(?P<sign>[-+*/]=|==|!=|<=|>=|&&|\|\||[-+*/%<>=!?:;,()\[\]])"
)
_LEVELS = [("||",), ("&&",), ("==", "!=", "<", ">", "<=", ">="), ("+", "-"), ("*", "/")]
_ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=")
_NEAR = 1e-5
"""EEL2 takes numbers nearer than this for equal, and nearer to zero for false."""


def tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SyntaxError(f"no EEL2 of ours: {text[at : at + 40]!r}")
        if match.lastgroup:
            found.append(match.group().lower())
        at = match.end()
    return [*found, ""]


class Parser:
    def __init__(self, text: str) -> None:
        self.tokens, self.at = tokens(text), 0

    def next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def seen(self, *signs: str) -> bool:
        if self.tokens[self.at] in signs:
            self.at += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        found = self.next()
        if found != sign:
            raise SyntaxError(
                f"{sign!r} expected, {found!r} found at {self.tokens[self.at - 6 : self.at + 4]}"
            )

    def block(self, end: str) -> tuple:
        found = []
        while True:
            while self.seen(";"):
                pass
            if self.seen(end):
                return ("block", found)
            found.append(self.expression())
            if self.tokens[self.at] not in (";", end):
                raise SyntaxError(f"; expected at {self.tokens[self.at - 6 : self.at + 4]}")

    def expression(self) -> tuple:
        left = self.choice()
        if self.tokens[self.at] in _ASSIGNMENTS:
            sign = self.next()
            if left[0] not in ("name", "memory"):
                raise SyntaxError(f"cannot be set: {left}")
            return ("set", sign, left, self.expression())
        return left

    def choice(self) -> tuple:
        condition = self.level(0)
        if not self.seen("?"):
            return condition
        yes = self.expression()
        no = self.expression() if self.seen(":") else ("number", "0")
        return ("choice", condition, yes, no)

    def level(self, depth: int) -> tuple:
        if depth == len(_LEVELS):
            return self.unary()
        left = self.level(depth + 1)
        while self.tokens[self.at] in _LEVELS[depth]:
            sign = self.next()
            left = ("two", sign, left, self.level(depth + 1))
        return left

    def unary(self) -> tuple:
        if self.seen("-"):
            return ("minus", self.unary())
        if self.seen("!"):
            return ("not", self.unary())
        found = self.primary()
        while self.seen("["):
            found = ("memory", found, self.expression())
            self.expect("]")
        return found

    def primary(self) -> tuple:
        word = self.next()
        if word == "(":
            return self.block(")")
        if word[:1].isdigit() or word[:1] == ".":
            return ("number", word)
        if word == "function":
            return self.function()
        if word == "while":
            self.expect("(")
            condition = self.expression()
            self.expect(")")
            self.expect("(")
            return ("while", condition, self.block(")"))
        if word == "loop":
            self.expect("(")
            times = self.expression()
            self.expect(",")
            return ("loop", times, self.block(")"))
        if not re.fullmatch(r"\$?[a-z_]\w*", word):
            raise SyntaxError(f"a value expected, {word!r} found")
        if self.seen("("):
            arguments = []
            while not self.seen(")"):
                arguments.append(self.expression())
                self.seen(",")
            return ("call", word, arguments)
        return ("name", word)

    def function(self) -> tuple:
        name = self.next()
        parameters = self.names()
        own = self.names() if self.seen("local") else []
        self.expect("(")
        return ("function", name, parameters, own, self.block(")"))

    def names(self) -> list[str]:
        self.expect("(")
        found = []
        while not self.seen(")"):
            found.append(self.next())
            self.seen(",")
        return found


_PURE = ("sin", "cos", "exp", "log", "sqrt", "abs", "min", "max", "floor", "ceil", "sqr")
_EFFECTIVE = (
    "memset", "memcpy", "fft", "ifft", "convolve_c", "file_open", "file_mem", "file_close"
)  # fmt: skip
"""Functions of EEL2 that we call."""


@dataclass
class Writer:
    """Writes one function of Python; what has effects becomes lines, the rest expressions."""

    functions: dict[str, int]
    locals: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)
    globals: set[str] = field(default_factory=set)
    margin: str = "    "
    count: int = 0

    def put(self, line: str) -> None:
        self.lines.append(self.margin + line)

    def temporary(self, value: str) -> str:
        self.count += 1
        name = f"t{self.count}"
        self.put(f"{name} = {value}")
        return name

    def variable(self, name: str) -> str:
        if name == "$pi":
            return repr(math.pi)
        if name in self.locals:
            return f"l_{name}"
        self.globals.add(f"v_{name}")
        return f"v_{name}"

    def value(self, node: tuple) -> str:
        return getattr(self, f"_{node[0]}")(*node[1:])

    def condition(self, node: tuple) -> str:
        if node[0] == "not":
            return f"(not {self.condition(node[1])})"
        if node[0] == "two" and node[1] in ("&&", "||"):
            word = "and" if node[1] == "&&" else "or"
            left, before = self.condition(node[2]), len(self.lines)
            right = self.condition(node[3])
            assert len(self.lines) == before, "what may not happen would happen"
            return f"({left} {word} {right})"
        if node[0] == "two" and node[1] in ("<", ">", "<=", ">="):
            return f"({self.value(node[2])} {node[1]} {self.value(node[3])})"
        if node[0] == "two" and node[1] in ("==", "!="):
            sign = "<" if node[1] == "==" else ">="
            return f"(abs({self.value(node[2])} - {self.value(node[3])}) {sign} {_NEAR})"
        return f"(abs({self.value(node)}) > {_NEAR})"

    def _number(self, text: str) -> str:
        return f"{float(text)!r}"

    def _name(self, name: str) -> str:
        return self.variable(name)

    def _memory(self, base: tuple, place: tuple) -> str:
        return f"M[int({self.value(base)} + {self.value(place)} + {_NEAR})]"

    def _minus(self, node: tuple) -> str:
        return f"(-{self.value(node)})"

    def _not(self, node: tuple) -> str:
        return f"(1.0 if {self.condition(('not', node))} else 0.0)"

    def _two(self, sign: str, left: tuple, right: tuple) -> str:
        if sign in ("+", "-", "*", "/"):
            return f"({self.value(left)} {sign} {self.value(right)})"
        return f"(1.0 if {self.condition(('two', sign, left, right))} else 0.0)"

    def _block(self, nodes: list[tuple]) -> str:
        found = "0.0"
        for node in nodes:
            found = self.value(node)
        return found

    def _set(self, sign: str, target: tuple, node: tuple) -> str:
        value = self.value(node)
        place = self.value(target)
        self.put(f"{place} {sign} {value}")
        return place

    def _choice(self, condition: tuple, yes: tuple, no: tuple) -> str:
        told = self.condition(condition)
        parts, values = [], []
        self.count += 1
        name = f"t{self.count}"
        for node in (yes, no):
            kept, self.lines, self.margin = self.lines, [], self.margin + "    "
            values.append(self.value(node))
            parts.append(self.lines)
            self.lines, self.margin = kept, self.margin[:-4]
        if not any(parts):
            return f"({values[0]} if {told} else {values[1]})"
        for head, part, value in zip((f"if {told}:", "else:"), parts, values, strict=True):
            self.put(head)
            self.lines += part
            self.put(f"    {name} = {value}")
        return name

    def _loop(self, times: tuple, body: tuple) -> str:
        self.put(f"for _ in range(int({self.value(times)} + {_NEAR})):")
        return self._body(body)

    def _while(self, condition: tuple, body: tuple) -> str:
        self.put(f"while {self.condition(condition)}:")
        return self._body(body)

    def _body(self, body: tuple) -> str:
        self.margin += "    "
        self.put(self.value(body))
        self.margin = self.margin[:-4]
        return "0.0"

    def _call(self, name: str, arguments: list[tuple]) -> str:
        if name == "file_riff":
            channels, rate = (self.variable(node[1]) for node in arguments[1:])
            self.put(f"{channels}, {rate} = file_riff({self.value(arguments[0])})")
            return "0.0"
        told = ", ".join(self.value(node) for node in arguments)
        if name in self.functions:
            assert self.functions[name] == len(arguments), f"{name} takes {self.functions[name]}"
            return self.temporary(f"f_{name}({told})")
        if name in _PURE:
            return f"{name}({told})"
        if name in _EFFECTIVE:
            return self.temporary(f"{name}({told})")
        raise SyntaxError(f"no function of EEL2 that we use: {name}")

    def _function(self, name: str, parameters: list[str], own: list[str], body: tuple) -> str:
        raise SyntaxError("a function stands alone")


class Program:
    """Sections of one effect, which share variables and memory."""

    def __init__(self, memory_words: int) -> None:
        self.space: dict[str, Any] = {name: getattr(math, name) for name in ("sin", "cos", "ceil")}
        self.space |= {"exp": math.exp, "log": _log, "floor": math.floor}
        self.space["sqrt"] = lambda x: math.sqrt(abs(x))
        self.space["sqr"] = lambda x: x * x
        self.memory = self.space["M"] = [0.0] * memory_words
        for name in ("memset", "memcpy", "fft", "ifft", "convolve_c"):
            self.space[name] = getattr(self, name)
        self.functions: dict[str, int] = {}
        self.names: set[str] = set()

    def put(self, name: str, value: float) -> None:
        self.space[f"v_{name}"] = float(value)

    def get(self, name: str) -> float:
        return self.space.get(f"v_{name}", 0.0)

    def compile(self, name: str, text: str) -> Callable[[], float]:
        (_, nodes) = Parser(text).block("")
        rest = []
        for node in nodes:
            if node[0] == "function":
                _, own, parameters, inner, body = node
                self.functions[own] = len(parameters)
                self._define(f"f_{own}", parameters, {*parameters, *inner}, body)
            else:
                rest.append(node)
        self._define(f"section_{name}", [], set(), ("block", rest))
        return self.space[f"section_{name}"]

    def _define(self, name: str, parameters: list[str], inner: set[str], body: tuple) -> None:
        writer = Writer(self.functions, inner)
        value = writer.value(body)
        told = ", ".join(f"l_{parameter}" for parameter in parameters)
        head = [f"def {name}({told}):"]
        if writer.globals:
            head.append(f"    global {', '.join(sorted(writer.globals))}")
        for variable in writer.globals:
            self.space.setdefault(variable, 0.0)
        exec("\n".join([*head, *writer.lines, f"    return {value}"]), self.space)

    def memset(self, at: float, value: float, count: float) -> float:
        at, count = int(at + _NEAR), int(count + _NEAR)
        self.memory[at : at + count] = [value] * count
        return at

    def memcpy(self, to: float, at: float, count: float) -> float:
        to, at, count = int(to + _NEAR), int(at + _NEAR), int(count + _NEAR)
        self.memory[to : to + count] = self.memory[at : at + count]
        return to

    def fft(self, at: float, size: float) -> float:
        """Transform in place; the bins of EEL2 lie in an order of its own, which ours never ask."""
        self._transformed(at, size, np.fft.fft)
        return at

    def ifft(self, at: float, size: float) -> float:
        self._transformed(at, size, lambda bins: np.fft.ifft(bins) * len(bins))
        return at

    def convolve_c(self, to: float, by: float, size: float) -> float:
        for at in (to, by):
            self._check_page(at, size)
        self._put(to, self._complex(to, size) * self._complex(by, size))
        return to

    def _transformed(self, at: float, size: float, function: Callable) -> None:
        self._check_page(at, size)
        self._put(at, function(self._complex(at, size)))

    def _check_page(self, at: float, size: float) -> None:
        assert int(at) // 65536 == int(at + 2 * size - 1) // 65536, "crosses a page of memory"

    def _complex(self, at: float, size: float) -> np.ndarray:
        return np.array(self.memory[int(at) : int(at + 2 * size)]).view(np.complex128)

    def _put(self, at: float, values: np.ndarray) -> None:
        self.memory[int(at) : int(at) + 2 * len(values)] = values.view(np.float64).tolist()


def _log(x: float) -> float:
    return math.log(x) if x > 0.0 else -math.inf
