"""Ctrl-C and SIGTERM: obeyed at once where nothing is at stake, between two steps where it is.

An exception that a signal raises anywhere would leave a step half taken, and one that it raises in
a callback of a compiler is swallowed there. The handler therefore notes what came, and `check`
obeys it at the next boundary. The first signal gives the default actions back: a second one ends
the process, whatever it does.
"""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["check", "deferred", "exit_code", "signals_heard"]

_USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
"""What is in force where nobody chose otherwise: a shell that ignores a signal has its way."""

_KILLED = 128  # what shells add to the signal that ended a process


@dataclass
class _Heard:
    """What is known of signals.

    Attributes:
        listening: whether `signals_heard` has its handlers in force.
        deferrals: how many `deferred` blocks are open.
        held: how many of them hold `check` back as well.
        number: the signal that came, or None.
        unheeded: whether it has still to be obeyed.
    """

    listening: bool = False
    deferrals: int = 0
    held: int = 0
    number: int | None = None
    unheeded: bool = False


_heard = _Heard()


@contextmanager
def signals_heard(
    numbers: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM),
) -> Iterator[None]:
    """Take signals as requests to stop until the block ends.

    Within another such block, and on other threads than the main one, which gets no signals, it
    does nothing.

    Args:
        numbers: the signals; those for which the process has a handler of its own are left to it.

    Raises:
        KeyboardInterrupt: as soon as a signal comes, or at the next boundary; see `deferred`.
    """
    if _heard.listening or not _on_main_thread():
        yield
        return
    taken = [number for number in numbers if signal.getsignal(number) == _USUAL[number]]
    _heard.listening, _heard.number, _heard.unheeded = True, None, False
    try:
        for number in taken:
            signal.signal(number, _hear)
        yield
    finally:
        for number in taken:
            signal.signal(number, _USUAL[number])
        _heard.listening = False


@contextmanager
def deferred(*, to_the_end: bool = False) -> Iterator[None]:
    """Let a signal wait for the next `check`, or for the end of the block.

    Where nobody hears signals yet, as in a notebook, Ctrl-C is heard for the block.

    Args:
        to_the_end: whether `check`, which a callback may call, lets it wait as well.

    Raises:
        KeyboardInterrupt: at the end, if a signal came and no `check` has obeyed it.
    """
    if not _on_main_thread():
        yield
        return
    with signals_heard((signal.SIGINT,)):
        _heard.deferrals += 1
        _heard.held += to_the_end
        try:
            yield
        finally:
            _heard.deferrals -= 1
            _heard.held -= to_the_end
        if not _heard.deferrals:
            check()


def check() -> None:
    """Obey a signal that came and was not obeyed yet; call it where work may stop.

    Raises:
        KeyboardInterrupt: if there is one; once for each.
    """
    if _heard.unheeded and not _heard.held and _on_main_thread():
        _heard.unheeded = False
        raise KeyboardInterrupt


def exit_code() -> int:
    """Return what a command ends with that was stopped: 130 by Ctrl-C, 143 by SIGTERM."""
    return _KILLED + (_heard.number or signal.SIGINT)


def _hear(number: int, frame: Any) -> None:
    for each in _USUAL:
        if signal.getsignal(each) == _hear:
            signal.signal(each, signal.SIG_DFL)
    _heard.number, _heard.unheeded = number, True
    if not _heard.deferrals:
        raise KeyboardInterrupt


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
