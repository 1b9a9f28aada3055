"""Comparisons of graphs that do the same in two ways, and of graphs that do not."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
import torch
from consoles import STUDIO

from mixtrace.examples import Mixed, compare, plant
from mixtrace.examples.effects import (
    Effect,
    PlantedEcho,
    bell,
    delay,
    equalizer,
    gain_panning,
    noise_reverb,
    one_pole_compressor,
)
from mixtrace.graph import build_console, remove_nodes
from mixtrace.processors import Settings
from mixtrace.session import Alignment, Session, Track

RATE_HZ = 30_000
TRACKS = [("kick", "drums"), ("snare", "drums"), ("voice", "vocals")]

Effects = Mapping[str, Sequence[Effect]]


@pytest.fixture(scope="module")
def song() -> Session:
    rng = np.random.default_rng(0)
    audio = 0.1 * rng.standard_normal((3, 1, 3 * RATE_HZ)).astype(np.float32)
    # Loud and soft half seconds: something for a compressor to do.
    audio[..., (np.arange(3 * RATE_HZ) // 15_000) % 2 == 1] *= 0.2
    tracks = [
        Track(name, group, one, Alignment(), False, None, 0)
        for (name, group), one in zip(TRACKS, audio, strict=True)
    ]
    return Session("noise", RATE_HZ, np.zeros((2, 3 * RATE_HZ), np.float32), tuple(tracks), ())


def mixed(tracks: Effects | None = None, buses: Effects | None = None) -> Mixed:
    return plant(TRACKS, tracks or {}, buses or {})


def test_a_graph_equals_itself(song: Session):
    one = mixed({"kick": [equalizer(bell(100.0, 4.0)), noise_reverb(0.5, -6.0)]})
    rows = compare(one, one, song)
    assert [(row.name, row.is_track) for row in rows] == [
        *((name, True) for name, _ in TRACKS),
        *((name, False) for name in ("drums", "vocals")),
    ]
    for row in rows:
        assert row.response_difference_db == 0.0 and not row.missing and not row.extra
        assert row.planted_facts == row.found_facts


def test_a_gain_counts_wherever_it_stands(song: Session):
    here = mixed({"kick": [gain_panning(-5.0)], "snare": [gain_panning(-5.0)]})
    there = mixed(
        {"kick": [equalizer(gain_db=-2.0)], "snare": [equalizer(gain_db=-2.0)]},
        {"drums": [gain_panning(-3.0)]},
    )
    kick, snare, voice, drums, _ = compare(here, there, song)
    assert kick.missing == ("gain_panning",) and kick.extra == ("equalizer",)
    assert drums.missing == () and drums.extra == ("gain_panning",)
    assert (voice.planted, voice.found) == ((), ())
    for row in (kick, snare, voice):
        # Filters against gains: float32 rounding and the cut at the song's ends.
        assert row.response_difference_db < 0.01
    assert kick.level_db == pytest.approx((-5.0, -5.0), abs=0.01)


def test_differences_of_level_and_pan_are_told(song: Session):
    first = mixed({"voice": [gain_panning(-4.0, 0.5)]})
    second = mixed({"voice": [gain_panning(2.0, 0.5)]})
    row = compare(first, second, song)[2]
    assert row.response_difference_db == pytest.approx(6.0, abs=1e-3)
    assert row.level_db == pytest.approx((-4.0, 2.0), abs=1e-3)
    # √2 sin and √2 cos of 67.5°: 20 log10 tan 67.5° = 7.66 dB.
    assert row.pan_db == pytest.approx((7.66, 7.66), abs=0.01)


def test_the_median_is_that_of_the_curve(song: Session):
    curve = bell(1000.0, 8.0, 0.5)
    row = compare(mixed(), mixed({"voice": [equalizer(curve)]}), song)[2]
    bands = torch.tensor([1000.0 * 2.0 ** (k / 3.0) for k in range(-11, 11)])
    # A band holds a stretch of the curve, and noise of finitely many bins.
    assert row.response_difference_db == pytest.approx(np.median(curve(bands)), abs=0.2)


def test_compressors_are_compared_by_what_they_do(song: Session):
    # The same sound: 6 dB up before a threshold 6 dB higher, 6 dB down after it.
    plain = mixed({"voice": [one_pole_compressor(-25.0, 4.0)]})
    lifted = mixed(
        {"voice": [equalizer(gain_db=6.0), one_pole_compressor(-19.0, 4.0), gain_panning(-6.0)]}
    )
    row = compare(plain, lifted, song)[2]
    ours, theirs = row.planted_facts, row.found_facts
    assert ours.ratio == pytest.approx(4.0) and theirs.ratio == pytest.approx(4.0)
    # The detector's floor of -50 dB does not move with the threshold; levels here are above -35.
    assert theirs.threshold_db == pytest.approx(ours.threshold_db, abs=0.01)
    assert theirs.reduction_db == pytest.approx(ours.reduction_db, abs=0.1)
    assert ours.reduction_db is not None and ours.reduction_db > 1.0
    assert row.response_difference_db < 0.1


def test_a_half_wet_compressor_has_a_lower_ratio(song: Session):
    graph, settings = mixed({"voice": [one_pole_compressor(-25.0, 4.0)]})
    settings.stack("one_pole_compressor").wet.fill_(0.5)
    row = compare((graph, settings), (graph, settings), song)[2]
    # 12 dB above the threshold: a gain of -9 dB, half of it dry: -3.5 dB, so 12 dB become 8.5.
    gain_db = 20.0 * np.log10(0.5 + 0.5 * 10.0 ** (-9.0 / 20.0))
    assert row.planted_facts.ratio == pytest.approx(12.0 / (12.0 + gain_db))


def test_tails_have_a_level_and_a_time(song: Session):
    echoes = delay([PlantedEcho(0.34, 0.0, 0.0)], -9.0, cutoff_hz=1e6)
    space = noise_reverb(0.6, -3.0, damping_hz=1e9, low_cut_hz=1.0)
    rows = compare(
        mixed({"voice": [echoes], "kick": [space]}), mixed({"voice": [gain_panning(1.0)]}), song
    )
    kick, _, voice, *_ = rows
    # White noise; what lies beyond the song's end is cut off: 0.34 of 3 s, 0.5 dB.
    assert voice.planted_facts.delay_db == pytest.approx(-9.0, abs=0.8)
    assert kick.planted_facts.reverb_db == pytest.approx(-3.0, abs=0.8)
    # The envelope of one noise: the fit over 20 dB of its integral is good to a few per cent.
    assert kick.planted_facts.reverb_s == pytest.approx(0.6, rel=0.1)
    assert voice.found_facts.delay_db is None and kick.found_facts.reverb_s is None


def test_a_master_that_was_only_found_is_told(song: Session):
    console = build_console(TRACKS, STUDIO)
    master = max(console.of_kind("equalizer"))
    graph = remove_nodes(console, set(console.processors) - {master})
    planted, given = plant([("voice", "vocals")], {"voice": [equalizer(gain_db=3.0)]}, {})
    settings = Settings.of({master: given[planted.processors[0]]})
    row = compare(mixed(), (graph, settings), song)[-1]
    assert (row.name, row.extra) == ("master", ("equalizer",))
    assert row.level_db == pytest.approx((0.0, 3.0), abs=0.01)
    voice = compare(mixed(), (graph, settings), song)[2]
    assert voice.level_db == pytest.approx((0.0, 3.0), abs=0.01)
