"""The numbers in a pickle of a stranger, read without unpickling anything.

A pickle is a program that may call whatever it names. Here its instructions are listed, which runs
none of them (`pickletools.genops`), and those few are followed that make plain values: texts,
numbers, tables, lists, tuples. Of what a pickle may call, numpy's scalars of 64 bits are known by
name and made here from their eight bytes. Anything else is refused, unseen.
"""

import math
import pickletools
import struct
from pathlib import Path
from typing import Any

from mixtrace.errors import SessionError
from mixtrace.session.opening import open_song_file

__all__ = ["read_numbers"]

_MOST_BYTES = 100_000
"""Of a pickle; the largest that was published has 8 kB."""

_MOST_OPERATIONS = 100_000
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")  # before numpy 2, and from then on
_SCALARS = {"f8": "<d", "i8": "<q"}
_MARK = object()


class _Refused(Exception):
    """Why a pickle is not read further, in a few words."""


class _Scalar:
    """Stands for numpy's function that makes a scalar."""


class _KindOf:
    """Stands for numpy's function that makes a data type."""


class _Kind:
    """Stands for a data type of numpy.

    Attributes:
        layout: of its bytes, for `struct`.
    """

    def __init__(self, layout: str) -> None:
        self.layout = layout


def read_numbers(path: Path) -> dict[str, float]:
    """Return the numbers of the table that a pickle holds, by their names; the rest is left out.

    Raises:
        SessionError: it cannot be read, holds no table, or makes anything but plain values.
    """
    try:
        with open_song_file(path) as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise _Refused(f"it is larger than {_MOST_BYTES // 1000} kB")
        table = _Reader().read(content)
    except _Refused as error:
        raise _not_read(path, str(error)) from error
    except OSError as error:
        raise _not_read(path, error.strerror or "it cannot be opened") from error
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error) as error:
        if isinstance(error, SessionError):
            raise
        raise _not_read(path, "it is damaged") from error
    found = {name: float(value) for name, value in table.items() if _is_number(value)}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _not_read(path: Path, reason: str) -> SessionError:
    return SessionError(
        f"Expected a pickle of plain numbers by name in {path}; {reason}, and nothing else is "
        "read. Download the file anew, or leave it out."
    )


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63
    )


class _Reader:
    """Follows the instructions that make plain values, on a stack of its own."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def read(self, content: bytes) -> dict[str, Any]:
        """Return the table that the instructions make."""
        for number, (code, argument, _) in enumerate(pickletools.genops(content)):
            if number > _MOST_OPERATIONS:
                raise _Refused(f"it has more than {_MOST_OPERATIONS} instructions")
            if code.name == "STOP":
                break
            self._follow(code.name, argument)
        table = self.stack.pop()
        if self.stack or not isinstance(table, dict):
            raise _Refused("it holds something else")
        return table

    def _follow(self, name: str, argument: Any) -> None:
        if name in ("PROTO", "FRAME"):
            return
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _STEPS:
            _STEPS[name](self, argument)
        else:
            raise _Refused(f"it has the instruction {name}")

    def _since_mark(self) -> list[Any]:
        """Take what lies above the last mark."""
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise _Refused("it is damaged")
        taken = self.stack[at + 1 :]
        del self.stack[at:]
        return taken

    def _last(self, count: int) -> list[Any]:
        """Take the last values."""
        if len(self.stack) < count or any(value is _MARK for value in self.stack[-count:]):
            raise _Refused("it is damaged")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def _remember(self, argument: Any) -> None:
        key = len(self.memo) if argument is None else argument
        self.memo[key] = self.stack[-1]

    def _recall(self, argument: Any) -> None:
        self.stack.append(self.memo[argument])

    def _tuple(self, count: int | None) -> None:
        self.stack.append(tuple(self._since_mark() if count is None else self._last(count)))

    def _fill(self, pairs: list[Any]) -> None:
        """Put pairs into the table below them."""
        table = self.stack[-1]
        if not isinstance(table, dict) or not all(isinstance(key, str) for key in pairs[::2]):
            raise _Refused("a table in it has keys that are no texts")
        table.update(zip(pairs[::2], pairs[1::2], strict=True))

    def _append(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise _Refused("it is damaged")
        self.stack[-1].extend(values)

    def _name(self, module: Any, name: Any) -> None:
        if module in _MODULES and name == "scalar":
            self.stack.append(_Scalar())
        elif (module, name) == ("numpy", "dtype"):
            self.stack.append(_KindOf())
        else:
            raise _Refused(f"it names {module!s:.60}.{name!s:.60}")

    def _call(self) -> None:
        """Make a data type or a scalar of numpy, from what is known of both."""
        function, given = self._last(2)
        if isinstance(function, _KindOf) and given and given[0] in _SCALARS:
            self.stack.append(_Kind(_SCALARS[given[0]]))
        elif isinstance(function, _Scalar) and len(given) == 2 and isinstance(given[0], _Kind):
            self.stack.append(struct.unpack(given[0].layout, given[1])[0])
        else:
            raise _Refused("it calls something")

    def _build(self) -> None:
        """Take the state of a data type: the order of its bytes, which has to be the usual one."""
        kind, state = self._last(2)
        if not isinstance(kind, _Kind) or state[1] != "<":
            raise _Refused("it changes something")
        self.stack.append(kind)


_LITERALS = frozenset(
    "SHORT_BINUNICODE BINUNICODE SHORT_BINBYTES BINBYTES "
    "BININT BININT1 BININT2 LONG1 BINFLOAT".split()
)
_CONSTANTS = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": lambda: _MARK,
}
_STEPS: dict[str, Any] = {
    "MEMOIZE": lambda reader, _: reader._remember(None),
    "BINPUT": lambda reader, key: reader._remember(key),
    "LONG_BINPUT": lambda reader, key: reader._remember(key),
    "BINGET": lambda reader, key: reader._recall(key),
    "LONG_BINGET": lambda reader, key: reader._recall(key),
    "TUPLE": lambda reader, _: reader._tuple(None),
    "TUPLE1": lambda reader, _: reader._tuple(1),
    "TUPLE2": lambda reader, _: reader._tuple(2),
    "TUPLE3": lambda reader, _: reader._tuple(3),
    "SETITEM": lambda reader, _: reader._fill(reader._last(2)),
    "SETITEMS": lambda reader, _: reader._fill(reader._since_mark()),
    "APPEND": lambda reader, _: reader._append(reader._last(1)),
    "APPENDS": lambda reader, _: reader._append(reader._since_mark()),
    "STACK_GLOBAL": lambda reader, _: reader._name(*reader._last(2)),
    "GLOBAL": lambda reader, names: reader._name(*names.split(" ", 1)),
    "REDUCE": lambda reader, _: reader._call(),
    "BUILD": lambda reader, _: reader._build(),
}
