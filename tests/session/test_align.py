"""Delays and polarities planted in synthetic songs are found; where there is nothing, nothing is.

Songs of 10 s at 16 kHz, from bursts of filtered noise. Planted whole delays must come back exactly,
planted fractions to a tenth of a sample (what the estimate promises).
"""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt
from sounds import RATE, bursts, delayed, mixed, panned

from mixtrace.session import Alignment, apply_alignment, estimate_alignments
from mixtrace.session.place import find_places

TIME = 10 * RATE


def filtered(audio: np.ndarray, order: int, cutoff_hz: float, kind: str) -> np.ndarray:
    """Return the audio through a Butterworth filter, whose phase is that of an equaliser."""
    sections = butter(order, cutoff_hz, kind, fs=RATE, output="sos")
    return np.asarray(sosfilt(sections, audio), np.float32)


def lags(found: list[Alignment]) -> list[float]:
    return [a.delay_s * RATE for a in found]


PANS = ((1.0, 0.2), (0.3, 0.9), (0.7, 0.7), (0.0, 1.0), (0.6, -0.4))


def test_planted_delays_and_polarities_are_found():
    delays, polarities = [0, 37, -251, 3200, -800], [1, -1, 1, -1, 1]
    wet = [bursts(k, colour=0.2 * k) for k in range(5)]
    dry = [p * delayed(w, -d) for w, d, p in zip(wet, delays, polarities, strict=True)]
    mix = np.sum([panned(w, *pan) for w, pan in zip(wet, PANS, strict=True)], axis=0)
    found = estimate_alignments(dry, mix, RATE)
    assert lags(found) == delays
    assert [a.polarity for a in found] == polarities
    assert min(a.confidence for a in found) > 0.8


def test_a_fraction_of_a_sample_is_found():
    wet = [filtered(bursts(k), 4, 6400, "low") for k in range(3)]
    dry = [delayed(w, -d) for w, d in zip(wet, (12.3, -45.5, 0.0), strict=True)]
    found = estimate_alignments(dry, mixed(wet), RATE)
    np.testing.assert_allclose(lags(found), [12.3, -45.5, 0.0], atol=0.1)


@pytest.mark.parametrize("order", [1, 2])
def test_phase_of_equalisers_is_neither_delay_nor_polarity(order: int):
    """High-passes above the main energy of a bass turn its phase by 90 to 180 degrees."""
    bass = filtered(bursts(0, colour=0.9), 2, 150, "low") + 0.02 * bursts(0)
    dry = [4 * bass, bursts(1), bursts(2, colour=0.95)]
    found = estimate_alignments(dry, mixed([filtered(d, order, 130, "high") for d in dry]), RATE)
    assert [(a.delay_s, a.polarity) for a in found] == [(0.0, 1)] * 3
    assert min(a.confidence for a in found) > 0.4


def test_a_track_that_is_not_in_the_mix_stays():
    """Twenty of them: a confidence that chance can reach would show."""
    mix = mixed([bursts(k) for k in range(3)])
    dry = [bursts(k) for k in range(3)] + [bursts(100 + k, colour=0.04 * k) for k in range(20)]
    found = estimate_alignments(dry, mix, RATE)
    assert found[3:] == [Alignment(0.0, 1, 0.0)] * 20
    assert min(a.confidence for a in found[:3]) > 0.8


def test_bleed_into_a_louder_microphone_moves_nothing():
    """Overheads hear the snare 3 ms later and louder than the snare's own track is mixed."""
    snare, cymbals = bursts(0), bursts(1, colour=-0.5)
    overheads = cymbals + delayed(snare, 48)
    mix = panned(overheads, 1.0, 0.8) + panned(snare, 0.3, 0.3)
    found = estimate_alignments([snare, overheads], mix, RATE)
    assert [(a.delay_s, a.polarity) for a in found] == [(0.0, 1)] * 2


def test_a_loop_is_not_taken_for_its_own_repetition():
    """An exact repetition every 200 ms gives nearly equal peaks 200 ms apart."""
    hit = bursts(0, time=3200)
    hit[:, :50] += 0.3
    loop = np.tile(hit, TIME // 3200)
    others = [bursts(1), bursts(2)]
    found = estimate_alignments([delayed(loop, -30), *others], mixed([loop, *others]), RATE)
    assert lags(found) == [30, 0, 0]
    assert found[0].confidence > 0.8


def test_two_places_equally_good_are_no_evidence():
    """The mix holds the track and, 20 ms later, an echo as loud as the track itself."""
    dry = bursts(0)
    wet = dry + delayed(dry, 320)
    assert estimate_alignments([delayed(dry, -100)], mixed([wet]), RATE) == [Alignment()]


def test_a_track_with_nothing_of_its_own_moves_with_the_others():
    """A mix that starts late as a whole: the hum gives no evidence, the others all agree."""
    dry = [bursts(k) for k in range(4)]
    hum = (1e-3 * np.sin(2 * np.pi * 50 * np.arange(TIME) / RATE))[None].astype(np.float32)
    mix = mixed([delayed(d, 500) for d in [*dry, hum]])
    found = estimate_alignments([*dry, hum], mix, RATE)
    assert lags(found) == [500] * 5
    assert found[4].confidence == 0.0


def test_stereo_tracks_are_compared_side_by_side():
    wet = np.concatenate([bursts(0), bursts(1)])
    found = estimate_alignments([delayed(wet, -77), bursts(2)], wet + bursts(2), RATE)
    assert lags(found) == [77, 0]


@pytest.mark.parametrize("time", [1, 100, 1024])
def test_songs_too_short_to_tell_stay_as_they_are(time: int):
    dry = [bursts(0)[:, :time], np.zeros((1, time), np.float32)]
    assert estimate_alignments(dry, mixed(dry), RATE) == [Alignment()] * 2


def test_a_song_of_two_seconds_is_enough():
    wet = [bursts(k, time=2 * RATE) for k in range(3)]
    dry = [delayed(w, -d) for w, d in zip(wet, (0, 80, -80), strict=True)]
    assert lags(estimate_alignments(dry, mixed(wet), RATE)) == [0, 80, -80]


def test_progress_counts_passes():
    calls = []
    estimate_alignments(
        [bursts(0)], mixed([bursts(0)]), RATE, lambda done, most: calls.append((done, most))
    )
    assert calls == [(1, 4)]


def test_whole_delays_are_applied_exactly():
    ramp = np.arange(1.0, 6.0, dtype=np.float32)[None]
    at = [Alignment(d / RATE) for d in (0, 2, -2, 9, -9)]
    moved = [apply_alignment(ramp, a, 6, RATE)[0].tolist() for a in at]
    assert moved[:3] == [[1, 2, 3, 4, 5, 0], [0, 0, 1, 2, 3, 4], [3, 4, 5, 0, 0, 0]]
    assert moved[3:] == [[0] * 6] * 2
    turned = apply_alignment(ramp, Alignment(0.0, -1), 3, RATE)
    assert turned.tolist() == [[-1, -2, -3]]


@pytest.mark.parametrize("delay", [-30.6122, 0.25, 7.5])
def test_the_response_of_a_fraction_of_a_sample_is_a_pure_delay(delay: float):
    """Up to 0.9 of half the rate, to -59 dB, as documented."""
    impulse = np.zeros((1, 401), np.float32)
    impulse[0, 200] = 1.0
    moved = apply_alignment(impulse, Alignment(delay / RATE), 401, RATE)[0]
    frequency = np.linspace(0.0, 0.45, 100)[:, None]
    response = np.sum(moved * np.exp(-2j * np.pi * frequency * np.arange(401)), axis=1)
    exact = np.exp(-2j * np.pi * frequency[:, 0] * (200 + delay))
    assert np.max(np.abs(response - exact)) < 10 ** (-59 / 20)


def test_a_stem_that_begins_with_its_first_sound_is_found():
    wet = [bursts(k) for k in range(3)]
    found = estimate_alignments([wet[0][:, 40_000:], *wet[1:]], mixed(wet), RATE)
    assert lags(found) == [40_000, 0, 0]
    assert found[0].confidence > 0.8


@pytest.mark.parametrize("shift_s", [-1.3, 20.0, 45.0])
def test_a_mix_that_starts_elsewhere_moves_all_its_tracks(shift_s: float):
    """A trimmed master, and stems that begin long before their mix."""
    wet, by = [bursts(k) for k in range(4)], round(shift_s * RATE)
    dry = [np.pad(w, ((0, 0), (max(by, 0), 0))) for w in wet]
    mix = mixed(wet)[:, max(-by, 0) :]
    found = estimate_alignments(dry, mix, RATE)
    assert lags(found) == [-abs(by)] * 4
    assert min(a.confidence for a in found) > 0.8


def test_tracks_far_from_one_another_are_each_found():
    wet = [bursts(k) for k in range(4)]
    dry = [np.pad(w, ((0, 0), (by, 0))) for w, by in zip(wet, (0, 20_000, 90_000, 0), strict=True)]
    assert lags(estimate_alignments(dry, mixed(wet), RATE)) == [0, -20_000, -90_000, 0]


def test_a_loop_that_fits_at_every_bar_is_not_moved():
    """One bar of a loop; the mix repeats it every second from 3 s on."""
    bar = bursts(0, time=RATE)
    loop = np.tile(bar, 7)
    mix = mixed([np.pad(loop, ((0, 0), (3 * RATE, 0))), bursts(1), bursts(2)])
    found = estimate_alignments([bar, bursts(1), bursts(2)], mix, RATE)
    assert found[0] == Alignment(0.0, 1, 0.0)


def test_two_tracks_far_from_home_take_along_one_with_nothing_of_its_own():
    """A third of three found is a millisecond off: an editor's hand, no other trim."""
    time = 20 * RATE
    wet = [bursts(seed, time=time) for seed in range(3)]
    hum = 0.02 * np.sin(2 * np.pi * 50.0 / RATE * np.arange(time))[None].astype(np.float32)
    trim = int(1.3 * RATE)
    mix = mixed([*wet[:2], delayed(wet[2], -16), hum])[:, trim:]
    found = estimate_alignments([*wet, hum], mix, RATE)
    assert lags(found) == [-trim, -trim, -trim - 16, -trim]
    assert [a.confidence > 0 for a in found] == [True, True, True, False]


def test_delays_that_differ_are_not_taken_for_a_common_one():
    """As of a track of another clock, which lies a little off everywhere."""
    wet = [bursts(seed) for seed in range(3)]
    hum = 0.02 * np.sin(2 * np.pi * 50.0 / RATE * np.arange(TIME))[None].astype(np.float32)
    mix = mixed([wet[0], delayed(wet[1], -5), delayed(wet[2], -16), hum])
    assert lags(estimate_alignments([*wet, hum], mix, RATE)) == [0, -5, -16, 0]


@pytest.mark.parametrize("stereo", [False, True])
def test_a_track_in_the_sides_alone_is_found_over_the_whole_song(stereo: bool):
    """Its channels are opposite: their sum shows nothing, in the mix or in its file too."""
    wet = [bursts(k, time=30 * RATE) for k in range(3)]
    mix = mixed(wet[1:]) + panned(wet[0], 0.6, -0.6)
    late = panned(wet[0], 1.0, -1.0) if stereo else wet[0]
    found = estimate_alignments([late[:, 5 * RATE :], *wet[1:]], mix, RATE)
    assert lags(found) == [5 * RATE, 0, 0]
    assert found[0].confidence > 0.4


def test_many_tracks_are_found_where_a_few_of_them_are(monkeypatch: pytest.MonkeyPatch):
    """A trimmed mix of nine tracks: four are looked for over the whole song, and a stray."""
    wet, trim = [bursts(k, colour=0.1 * k, time=20 * RATE) for k in range(9)], 5 * RATE
    looked: list[int] = []

    def counted(tracks: list, mix: np.ndarray, rate: int, wanted: list[int]) -> object:
        looked.append(len(wanted))
        return find_places(tracks, mix, rate, wanted)

    monkeypatch.setattr("mixtrace.session.align.find_places", counted)
    dry = [*wet[:8], wet[8][:, 12 * RATE :]]
    found = estimate_alignments(dry, mixed(wet)[:, trim:], RATE)
    assert lags(found) == [-trim] * 8 + [7 * RATE]
    assert looked == [4, 1]
    assert min(a.confidence for a in found) > 0.4
