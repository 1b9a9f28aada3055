"""Signals: obeyed at once, or at the next boundary; the second one ends the process."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from mixtrace.stopping import check, deferred, exit_code, signals_heard

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@BOTH
def test_a_signal_is_obeyed_at_once_where_nothing_is_at_stake(number: signal.Signals):
    with pytest.raises(KeyboardInterrupt), signals_heard():
        signal.raise_signal(number)
        raise AssertionError("went on")


@BOTH
def test_a_signal_waits_for_the_next_boundary(number: signal.Signals):
    done = []
    with pytest.raises(KeyboardInterrupt), signals_heard(), deferred():
        check()
        signal.raise_signal(number)
        done.append("step")
        check()
        done.append("another step")
    assert done == ["step"]


def test_a_signal_that_no_check_has_obeyed_is_obeyed_at_the_end_of_the_outermost_block():
    done = []
    with pytest.raises(KeyboardInterrupt), signals_heard(), deferred():
        with deferred():
            signal.raise_signal(signal.SIGTERM)
        done.append("after the inner block")
    assert done == ["after the inner block"]


def test_a_signal_that_was_obeyed_is_not_obeyed_again():
    with signals_heard(), deferred():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check()
        check()
        assert exit_code() == 130


def test_an_exception_that_a_callback_swallowed_comes_again():
    with signals_heard():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            check()
        assert exit_code() == 143


def test_without_anyone_who_hears_ctrl_c_waits_and_sigterm_is_left_alone():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), deferred():
        assert signal.getsignal(signal.SIGTERM) == before
        signal.raise_signal(signal.SIGINT)
        done = True
    assert done
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    check()


def test_a_handler_that_the_process_has_of_its_own_stays():
    came = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        with signals_heard(), deferred():
            signal.raise_signal(signal.SIGINT)
            check()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert came == [signal.SIGINT]


def test_another_thread_neither_hears_nor_defers():
    seen = []

    def work() -> None:
        with signals_heard(), deferred():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


@BOTH
def test_the_second_signal_ends_the_process(number: signal.Signals):
    """Even one that never comes to a boundary."""
    program = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from mixtrace.stopping import deferred, signals_heard
with signals_heard(), deferred():
    print("ready", flush=True)
    while True:
        time.sleep(0.01)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    process.send_signal(number)
    assert process.wait(timeout=10) == -number
    process.stdout.close()
