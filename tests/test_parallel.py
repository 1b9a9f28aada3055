"""Work side by side against the same work one after the other."""

import threading
import time

import pytest
import torch

from mixtrace.parallel import on_threads, side_by_side


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(side_by_side(lambda n: n * n, range(20))) == [n * n for n in range(20)]
    assert list(side_by_side(lambda n: n, [])) == []


@pytest.mark.usefixtures("two_threads")
def test_work_runs_at_the_same_time_on_cores_of_its_own() -> None:
    both = threading.Barrier(2, timeout=30.0)

    def work(_: int) -> int:
        both.wait()  # nobody passes alone
        return torch.get_num_threads()

    assert list(side_by_side(work, range(2))) == [1, 1]
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_work_within_work_stays_where_it_is() -> None:
    def inner(_: int) -> int:
        return threading.get_ident()

    def outer(_: int) -> int:
        return len({threading.get_ident(), *side_by_side(inner, [1, 2])})

    assert list(side_by_side(outer, [1, 2])) == [1, 1]


@pytest.mark.usefixtures("two_threads")
def test_what_is_made_does_not_pile_up() -> None:
    made: list[int] = []
    found = side_by_side(made.append, range(100))
    next(found)
    time.sleep(0.1)
    assert len(made) <= 6  # the one taken, two a worker, the one that made room
    assert len(list(found)) == 99
    assert sorted(made) == list(range(100))


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("at_once", [1, 2])
def test_each_item_is_prepared_on_the_callers_thread_before_its_work(at_once: int) -> None:
    prepared: list[int] = []
    threads: set[int] = set()

    def before(item: int) -> None:
        threads.add(threading.get_ident())
        prepared.append(item)

    assert all(side_by_side(lambda item: item in prepared, range(20), at_once, before))
    assert prepared == list(range(20))
    assert threads == {threading.get_ident()}


def test_one_at_once_stays_on_the_callers_thread() -> None:
    callers = {threading.get_ident()}
    assert set(side_by_side(lambda _: threading.get_ident(), range(4), 1)) == callers


def test_what_work_raises_is_raised() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    with pytest.raises(ValueError, match="three"):
        list(side_by_side(work, range(6)))


@pytest.mark.usefixtures("two_threads")
def test_threads_are_as_many_as_before_whatever_happened() -> None:
    with on_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with pytest.raises(ValueError, match="stop"), on_threads(1):
        raise ValueError("stop")
    assert torch.get_num_threads() == 2
