"""All measures of a match: L_a by windows, padding, resampling, silence, bad input, real songs."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch

from mixtrace.errors import AudioError
from mixtrace.losses import Convention, mix_loss
from mixtrace.metrics import measure
from mixtrace.unseen import Unseen

RATE_HZ = 30_000


def noise(seed: int, length_s: float = 5.0, sample_rate_hz: int = RATE_HZ) -> np.ndarray:
    """Return seeded stereo noise at -20 dB, its right channel quieter."""
    shape = (2, round(length_s * sample_rate_hz))
    audio = 0.1 * np.random.default_rng(seed).standard_normal(shape)
    return (audio * [[1.0], [0.7]]).astype(np.float32)


def test_loss_is_the_mean_over_windows_without_their_first_second() -> None:
    target, estimate = noise(0, 6.7), noise(1, 6.7)
    measures = measure(target=target, estimate=estimate, sample_rate_hz=RATE_HZ)
    # Counted: 1.0-3.8 s, 3.8-6.6 s, and 0.1 s of noise in 6.6-9.4 s.
    padded = torch.from_numpy(np.pad(np.stack((target, estimate)), ((0, 0), (0, 0), (0, 90_000))))
    windows = [padded[..., start : start + 84_000] for start in (30_000, 114_000, 198_000)]
    conventions: tuple[Convention, ...] = ("published", "eq4")
    for convention, found in zip(conventions, (measures.published, measures.eq4), strict=True):
        expected = [
            mix_loss(target=t, estimate=e, sample_rate_hz=RATE_HZ, convention=convention).item()
            for t, e in windows
        ]
        # Single precision, windows in a batch there and alone here.
        assert found.l_a == pytest.approx(np.mean(expected), rel=1e-5)
        weighted = 0.5 * found.l_lr + 0.25 * found.l_m + 0.25 * found.l_s
        assert found.l_a == pytest.approx(weighted, rel=1e-12)


def test_the_first_second_of_the_song_is_not_counted() -> None:
    target = noise(2)
    estimate = target.copy()
    estimate[:, :RATE_HZ] = 0.0
    measures = measure(target=target, estimate=estimate, sample_rate_hz=RATE_HZ)
    assert measures.published.l_a == measures.eq4.l_a == 0.0
    assert measures.mae > 0.0 and measures.mrsd > 0.0


@pytest.mark.parametrize("spelling", ["end:40", "blocks:40"])
@pytest.mark.parametrize("sample_rate_hz", [RATE_HZ, 44_100])
def test_both_parts_of_a_song_are_measured(spelling: str, sample_rate_hz: int) -> None:
    """An estimate that is half as loud in the held-out part alone is right in the other."""
    target, unseen = noise(2, 20.0, sample_rate_hz), Unseen.parse(spelling)
    estimate = target.copy()
    ranges = unseen.ranges(target.shape[-1], sample_rate_hz)
    for start, stop in ranges:
        estimate[:, start:stop] *= 0.5
    rates = {"sample_rate_hz": sample_rate_hz}
    measures = measure(target=target, estimate=estimate, unseen=unseen, **rates)
    held_out = measures.held_out
    assert held_out is not None and held_out.choice == spelling
    seconds = [edge / sample_rate_hz for held in ranges for edge in held]
    assert sum(held_out.ranges_s, ()) == pytest.approx(seconds, abs=1e-4)
    # At another rate the edge is as sharp as resampling leaves it.
    assert held_out.seen.published.l_a == pytest.approx(0.0, abs=1e-3)
    # Bins that are floored count less: those of the silence behind the end of the song.
    assert held_out.unseen.published.l_a == pytest.approx(np.log(2.0) + 1.0, rel=5e-2)
    assert held_out.unseen.eq4.l_a == pytest.approx(np.log(2.0) + 0.5, rel=5e-2)
    json.dumps(asdict(measures), allow_nan=False)


def test_the_windows_of_both_parts_are_those_of_the_song() -> None:
    """Blocks lose no window, so the whole song's loss is the mean of both parts by windows."""
    measures = measure(
        target=noise(3, 20.0),
        estimate=noise(4, 20.0),
        sample_rate_hz=RATE_HZ,
        unseen=Unseen.parse("blocks:40"),
    )
    assert measures.held_out is not None
    parts = (measures.held_out.seen, measures.held_out.unseen)
    windows = [part.windows for part in parts]
    assert windows == [5, 2]
    mean = np.average([part.published.l_a for part in parts], weights=windows)
    # Single precision, windows in other batches.
    assert measures.published.l_a == pytest.approx(mean, rel=1e-5)


def test_an_error_in_one_channel_only() -> None:
    target = noise(3, 3.8)  # one window, no padding
    estimate = target.copy()
    estimate[1] *= 0.5
    measures = measure(target=target, estimate=estimate, sample_rate_hz=RATE_HZ)
    # Left matches and right is half as loud: log 2 + 1/2 in one of the two, up to floored bins.
    assert measures.eq4.l_lr == pytest.approx(0.5 * (np.log(2.0) + 0.5), rel=1e-2)
    assert measures.published.l_lr == pytest.approx(0.5 * (np.log(2.0) + 1.0), rel=1e-2)


def test_the_shorter_one_is_padded() -> None:
    target = noise(4)
    estimate = target[:, : 4 * RATE_HZ]
    cut = measure(target=target, estimate=estimate, sample_rate_hz=RATE_HZ)
    padded = np.pad(estimate, ((0, 0), (0, RATE_HZ)))
    assert cut == measure(target=target, estimate=padded, sample_rate_hz=RATE_HZ)
    swapped = measure(target=estimate, estimate=target, sample_rate_hz=RATE_HZ)
    assert swapped.mae == cut.mae > 0.0


def test_loss_does_not_depend_on_the_rate_of_the_files() -> None:
    target, estimate = noise(5), noise(6)
    low = measure(target=target, estimate=estimate, sample_rate_hz=RATE_HZ)
    target, estimate = (soxr.resample(x.T, RATE_HZ, 44_100).T for x in (target, estimate))
    high = measure(target=target, estimate=estimate, sample_rate_hz=44_100)
    # There and back through two resamplers loses the top 5 % of the band, which mel bands
    # near half the rate notice.
    assert high.published.l_a == pytest.approx(low.published.l_a, rel=0.05)


def test_tensors_equal_arrays_and_loudness_is_a_difference() -> None:
    target = noise(7)
    measures = measure(
        target=torch.from_numpy(target),
        estimate=torch.from_numpy(0.5 * target).requires_grad_(),
        sample_rate_hz=RATE_HZ,
    )
    assert measures == measure(target=target, estimate=0.5 * target, sample_rate_hz=RATE_HZ)
    # Half the amplitude; no block crosses a gate.
    assert measures.loudness_difference_lu == pytest.approx(20.0 * np.log10(0.5), abs=1e-6)


def test_silence_gives_valid_json() -> None:
    silence = np.zeros((2, 2 * RATE_HZ), np.float32)
    measures = measure(target=noise(8, 2.0), estimate=silence, sample_rate_hz=RATE_HZ)
    assert measures.loudness_difference_lu is None
    text = json.dumps(asdict(measures), allow_nan=False)
    assert json.loads(text) == asdict(measures)


@pytest.mark.parametrize(
    ("estimate", "message"),
    (
        (np.zeros(60_000, np.float32), "stereo estimate"),
        (np.zeros((1, 60_000), np.float32), "stereo estimate"),
        (np.full((2, 60_000), np.nan, np.float32), "estimate holds NaN"),
    ),
)
def test_bad_input_is_named(estimate: np.ndarray, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        measure(target=noise(9), estimate=estimate, sample_rate_hz=RATE_HZ)


def test_nothing_after_the_first_second_is_refused() -> None:
    with pytest.raises(AudioError, match=r"more than 1\.0 s"):
        measure(target=noise(10, 0.9), estimate=noise(11, 0.9), sample_rate_hz=RATE_HZ)


def test_the_stems_of_reggae_sum_to_its_mix(shared_data: Path) -> None:
    folder = shared_data / "MusicDelta_Reggae"
    target, sample_rate_hz = soundfile.read(folder / "MusicDelta_Reggae_MIX.wav", dtype="float32")
    stems, raw_tracks = (
        sum(
            soundfile.read(path, dtype="float32", always_2d=True)[0] * np.ones((1, 2), np.float32)
            for path in sorted((folder / f"MusicDelta_Reggae_{kind}").glob("*.wav"))
        )
        for kind in ("STEMS", "RAW")
    )
    wet = measure(target=target.T, estimate=np.transpose(stems), sample_rate_hz=sample_rate_hz)
    dry = measure(target=target.T, estimate=np.transpose(raw_tracks), sample_rate_hz=sample_rate_hz)
    # The stems sum to the mix but for their 16 bits; the mono sum of dry tracks has no side, which
    # the published convention punishes (19.7 and L_s = 74 on the whole corpus).
    assert wet.published.l_a < 0.05 and wet.eq4.l_a < 0.05 and wet.mae < 1e-3
    assert dry.published.l_a > 5.0 > dry.eq4.l_a > 0.5
    assert dry.published.l_s > 20.0
    assert wet.mrsd < 0.25 * dry.mrsd
