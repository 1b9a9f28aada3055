"""What is held out of a song: how much, where, and which windows belong to which part."""

from itertools import pairwise

import pytest

from mixtrace.errors import MixtraceError
from mixtrace.unseen import Unseen, divided_windows, ranges_between, touches

RATE_HZ = 30_000


def ranges_s(spelling: str, length_s: float, rate: int = RATE_HZ) -> list[tuple[float, float]]:
    found = Unseen.parse(spelling).ranges(round(length_s * rate), rate)
    return [(start / rate, stop / rate) for start, stop in found]


@pytest.mark.parametrize("spelling", ["end:40", "blocks:12.5", "end:90"])
def test_what_is_printed_can_be_read(spelling: str) -> None:
    assert str(Unseen.parse(spelling)) == spelling


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "end:40"),
        ("40", "a colon and a percentage"),
        ("end", "a colon and a percentage"),
        ("end:some", "'end:some'"),
        ("end:40%", "'end:40%'"),
        ("start:40", "'start:40'"),
        ("end:0", "got 0"),
        ("end:-40", "got -40"),
        ("blocks:90.1", "got 90.1"),
        ("end:nan", "got nan"),
        ("end:inf", "got inf"),
    ],
)
def test_what_cannot_be_held_out_is_refused_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(MixtraceError, match="Expected") as refused:
        Unseen.parse(text)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_end_is_the_last_share_of_the_song() -> None:
    assert ranges_s("end:40", 20.0) == [(12.0, 20.0)]
    assert ranges_s("end:25", 20.0, 44_100) == [(15.0, 20.0)]


def test_blocks_are_spread_evenly_over_the_song() -> None:
    blocks = ranges_s("blocks:40", 120.0)
    assert len(blocks) == 9  # of 5.6 s, 42 %
    assert all(stop - start == pytest.approx(5.6) for start, stop in blocks)
    gaps = [b - a for (_, a), (b, _) in pairwise(blocks)]
    # Blocks begin where windows do, 2.8 s apart, so gaps differ by at most that.
    assert max(gaps) - min(gaps) < 2.9
    assert blocks[0][0] > 1.0 and blocks[-1][1] < 120.0
    at_another_rate = ranges_s("blocks:40", 120.0, 44_100)
    assert sum(at_another_rate, ()) == pytest.approx(sum(blocks, ()))


@pytest.mark.parametrize("length_s", [9.5, 12.0, 17.5, 36.0, 217.0, 3_600.0])
@pytest.mark.parametrize("percent", [1, 10, 40, 75, 90])
def test_blocks_lie_apart_and_leave_windows_on_both_sides(length_s: float, percent: int) -> None:
    length = round(length_s * RATE_HZ)
    held_out = Unseen(percent / 100.0, "blocks").ranges(length, RATE_HZ)
    edges = [edge for held in held_out for edge in held]
    assert edges == sorted(set(edges))
    assert 0 < edges[0] and edges[-1] <= length
    seen, unseen = divided_windows(length, RATE_HZ, held_out)
    assert seen and unseen
    # No window lies on an edge.
    assert sorted(seen + unseen) == divided_windows(length, RATE_HZ, [])[0]


@pytest.mark.parametrize(
    ("spelling", "length_s"),
    [("end:90", 17.5), ("end:40", 5.0), ("end:1", 17.5), ("blocks:9", 6.0)],
)
def test_a_song_too_short_for_two_parts_is_refused(spelling: str, length_s: float) -> None:
    with pytest.raises(MixtraceError, match=f"of which {spelling} leaves"):
        ranges_s(spelling, length_s)


def test_a_window_belongs_to_the_part_in_which_it_is_counted() -> None:
    held_out = [(10 * RATE_HZ, 20 * RATE_HZ)]
    seen, unseen = divided_windows(30 * RATE_HZ, RATE_HZ, held_out)
    counted = [(s / RATE_HZ + 1.0, s / RATE_HZ + 3.8) for s in seen]
    assert all(stop <= 10.0 or start >= 20.0 for start, stop in counted)
    assert all(10.0 <= s / RATE_HZ + 1.0 and s / RATE_HZ + 3.8 <= 20.0 for s in unseen)
    assert (len(seen), len(unseen)) == (7, 2)  # two of eleven lie on an edge


def test_ranges_and_what_is_between_them() -> None:
    assert ranges_between(10, []) == [(0, 10)]
    assert ranges_between(10, [(0, 4), (6, 8)]) == [(4, 6), (8, 10)]
    assert touches(3, 5, [(4, 6)]) and touches(5, 9, [(4, 6)])
    assert not touches(2, 4, [(4, 6)]) and not touches(6, 8, [(4, 6)])
