"""Features of two mixes together: what they depend on, and the toolkit's errors by other code."""

import json
from dataclasses import asdict

import librosa
import numpy as np
import pytest
from scipy import signal
from sklearn.metrics import mean_absolute_percentage_error

from mixtrace.metrics import FEATURES, Features, evaluate_match, mix_features

RATE_HZ = 44_100


def mix(seed: int, seconds: float = 3.0) -> np.ndarray:
    """Return noise that swells, wider in its highs."""
    rng = np.random.default_rng(seed)
    audio = rng.standard_normal((2, round(seconds * RATE_HZ)))
    audio += np.cumsum(rng.standard_normal(audio.shape[1])) * 0.02
    swell = 0.05 * (1.2 + np.sin(np.arange(audio.shape[1]) / 20_000.0))
    return (swell * audio).astype(np.float32)


def features_of(target: np.ndarray, estimate: np.ndarray, rate_hz: int = RATE_HZ) -> Features:
    found = mix_features(target=target, estimate=estimate, sample_rate_hz=rate_hz)
    assert found is not None
    return found


def test_a_mix_matches_itself():
    found = features_of(mix(0), mix(0))
    assert list(found.named) == [name for names in FEATURES.values() for name in names]
    assert all(each.error_percent == 0.0 for each in found.named.values())
    assert all(each.target == each.estimate for each in found.named.values())
    assert set(found.mean_error_percent.values()) == {0.0}


def test_only_loudness_tells_how_loud_a_mix_is():
    found = features_of(mix(1), 0.5 * mix(1))
    off = found.named["loudness_lufs"]
    assert off.estimate - off.target == pytest.approx(20.0 * np.log10(0.5), abs=1e-6)
    for group in ("spectrum", "panning", "dynamics"):
        # A half is exact; bringing both to one peak rounds anew.
        assert found.mean_error_percent[group] == pytest.approx(0.0, abs=1e-3)


def test_errors_are_those_of_the_toolkit():
    """The centroid and the crest factor, by librosa and scikit-learn as the toolkit has them."""
    target, estimate = mix(2), np.tanh(3.0 * mix(2)) * np.float32(0.5) + mix(3)
    found = features_of(target, estimate)
    window = np.sqrt(np.hanning(4097)[:-1])
    centroids, crests = [], []
    for each in (target, estimate):
        each = each * 10.0 ** (-1.0 / 20.0) / np.abs(each).max()
        spectrum = librosa.stft(each, n_fft=4096, hop_length=1024, window=window, center=False)
        series = librosa.feature.spectral_centroid(S=np.abs(spectrum), sr=RATE_HZ)[:, 0]
        centroids.append([np.convolve(x + 1.0, np.ones(40) / 40.0, "valid") for x in series])
        frames = librosa.util.frame(each, frame_length=4096, hop_length=1024)
        peaks_dbfs = 20.0 * np.log10(np.abs(frames).max(1))
        crest = peaks_dbfs / (10.0 * np.log10(np.square(frames).mean(1)))
        crests.append(np.convolve(crest.mean(0), np.ones(40) / 40.0, "valid"))
    errors = [mean_absolute_percentage_error(*pair) for pair in zip(*centroids, strict=True)]
    # Single precision in librosa.
    for name, expected in (
        ("centroid_hz", np.mean(errors)),
        ("crest_factor_db", mean_absolute_percentage_error(*crests)),
    ):
        assert found.named[name].error_percent == pytest.approx(100.0 * expected, rel=1e-3)


def test_the_quiet_ends_of_the_target_do_not_count():
    target, estimate = mix(4), mix(5)
    whole = features_of(target, estimate)
    quiet = np.zeros((2, 10 * 1024), np.float32)
    # What the estimate does there does not count either, but its frames must lie as before.
    padded = features_of(np.hstack([quiet, target]), np.hstack([quiet + 0.01, estimate]))
    for name in FEATURES["dynamics"]:
        # The range begins up to two frames before the target does.
        assert padded.named[name].target == pytest.approx(whole.named[name].target, rel=0.05)


def test_a_mono_target_has_no_panning_to_be_compared_with():
    mono = np.repeat(mix(6)[:1], 2, axis=0)
    found = features_of(mono, mix(7))
    assert found.mean_error_percent["panning"] is None
    assert found.named["panning_rms"].target == 0.0 < found.named["panning_rms"].estimate


def test_features_do_not_depend_on_the_rate_of_the_files():
    # Below 15 kHz: resampling there and back loses the top of the band.
    low_pass = signal.butter(10, 15_000.0, fs=RATE_HZ, output="sos")
    target, estimate = (
        np.asarray(signal.sosfilt(low_pass, mix(seed)), np.float32) for seed in (8, 9)
    )
    low = features_of(target, estimate)
    high = features_of(
        *(librosa.resample(x, orig_sr=RATE_HZ, target_sr=48_000) for x in (target, estimate)),
        rate_hz=48_000,
    )
    for name in ("loudness_lufs", "centroid_hz", "panning_rms", "rms_level_dbfs"):
        # Frames begin elsewhere by up to a sample, and peaks lie between the samples.
        assert high.named[name].target == pytest.approx(low.named[name].target, rel=0.01), name


def test_silence():
    silent = np.zeros((2, 2 * RATE_HZ), np.float32)
    assert mix_features(target=silent, estimate=mix(9, 2.0), sample_rate_hz=RATE_HZ) is None
    found = features_of(mix(10, 2.0), silent)
    assert found.named["loudness_lufs"].estimate == -70.0
    json.dumps(asdict(found), allow_nan=False)


def test_a_short_target_has_one_frame_of_each():
    target = np.zeros((2, 2 * RATE_HZ), np.float32)
    target[:, 50_000:51_000] = mix(11)[:, :1_000]
    found = features_of(target, target)
    assert all(each.error_percent in (0.0, None) for each in found.named.values())


def test_an_evaluation_holds_all_and_is_valid_json():
    found = evaluate_match(target=mix(12), estimate=mix(13)[:, :-500], sample_rate_hz=RATE_HZ)
    document = json.loads(json.dumps(asdict(found), allow_nan=False))
    assert document["published"]["l_a"] > 0.0
    assert document["features"]["named"]["rolloff_hz"]["target"] > 0.0
    assert document["perceptual"] is None and document["si_sdr_db"] < 0.0
