"""The features by which automatic mixes are compared, of a target and an estimate.

Frames, moving averages and errors are those of the automix toolkit (C. Steinmetz, S. Vanka,
M. Martínez-Ramírez, G. Bromham, Deep learning for automatic mixing, 2022), whose evaluation is that
of FxNorm-automix (M. Martínez-Ramírez et al., 2022).
"""

from dataclasses import dataclass

import numpy as np
import soxr
from jaxtyping import Float
from numpy import ndarray

from mixtrace.metrics.frames import moving_average, percentage_error, sounding_range, spectra
from mixtrace.metrics.framewise import dynamics_db, loudness_and_peak, panning_rms
from mixtrace.metrics.spectral import (
    bandwidth_hz,
    centroid_hz,
    contrast_db,
    flatness_db,
    peaks_and_valleys,
    rolloff_hz,
)
from mixtrace.units import ratio_from_db

__all__ = ["FEATURES", "FEATURE_RATE_HZ", "Feature", "Features", "mix_features"]

FEATURE_RATE_HZ = 44_100
"""The rate at which features are taken, whatever the rate of the files."""

FEATURES = {
    "loudness": ("loudness_lufs", "peak_dbfs"),
    "spectrum": (
        "centroid_hz",
        "bandwidth_hz",
        "contrast_low_db",
        "contrast_mid_db",
        "contrast_high_db",
        "rolloff_hz",
        "flatness_db",
    ),
    "panning": ("panning_rms", "panning_rms_low", "panning_rms_mid", "panning_rms_high"),
    "dynamics": ("rms_level_dbfs", "dynamic_spread_db", "crest_factor_db"),
}
"""The features by what they tell of."""

_PEAK_DBFS = -1.0
_SHORTEST_SAMPLES = 17_640
_Series = dict[str, Float[ndarray, "_channel _frame"]]


@dataclass(frozen=True)
class Feature:
    """One feature of both mixes.

    Attributes:
        target, estimate: The mean of its moving averages over 40 frames.
        error_percent: The mean absolute percentage error of the estimate's moving averages against
            the target's; None where the target has none of it, as a mono one has no panning.
    """

    target: float
    estimate: float
    error_percent: float | None


@dataclass(frozen=True)
class Features:
    """All features of a target and an estimate.

    Attributes:
        named: The features by the names in `FEATURES`.
        mean_error_percent: The mean error of each group of `FEATURES`; None where none has one.
        range_s: From when to when they are taken: where the target sounds.
    """

    named: dict[str, Feature]
    mean_error_percent: dict[str, float | None]
    range_s: tuple[float, float]


def mix_features(
    *,
    target: Float[ndarray, "2 time"],
    estimate: Float[ndarray, "2 time"],
    sample_rate_hz: int,
) -> Features | None:
    """Return the features of two mixes of one length.

    Both are resampled to 44.1 kHz and cut to where the target is within 45 dB of its loudest frame.
    Loudness and peak are those of the mixes as they are. Everything else is taken after each mix
    was brought to a peak of -1 dBFS, so that it does not tell once more how loud they are.

    Errors are taken of what the automix toolkit compares: of frequencies plus 1 Hz, of 1 dB minus
    flatness and level, of 1 dB plus the spread, of peak level over RMS level as the crest factor,
    and without the frames in which the target lies wholly in the middle. Where we differ from the
    toolkit: the rate is 44.1 kHz for all files, silence at the ends is found otherwise (see
    `sounding_range`), the silence of samples is bounded (see `dynamics_db`), and flatness is taken
    in dB, as later evaluations with its code do, where it compares the ratio.

    Args:
        target: The mix to match, [2, time], full scale 1.
        estimate: As long as the target.
        sample_rate_hz: The rate of both.

    Returns:
        The features; None where the target is silent.
    """
    mixes = [_at_feature_rate(mix, sample_rate_hz) for mix in (target, estimate)]
    first, end = sounding_range(mixes[0])
    if first == end:
        return None
    ours, theirs = (_series(_least(mix[:, first:end])) for mix in mixes)
    wide = ours["panning_rms"][0] > 0.0
    named = {}
    for name in (name for group in FEATURES.values() for name in group):
        kept = wide if name in FEATURES["panning"] and wide.any() else slice(None)
        averages = [moving_average(series[name][:, kept]) for series in (ours, theirs)]
        compared = [moving_average(_compared(name, series)[:, kept]) for series in (ours, theirs)]
        errors = [
            percentage_error(target=one, estimate=other)
            for one, other in zip(*compared, strict=True)
        ]
        means = (float(each.mean()) for each in averages)
        named[name] = Feature(next(means), next(means), _mean(errors))
    groups = {
        group: _mean([named[name].error_percent for name in names])
        for group, names in FEATURES.items()
    }
    return Features(named, groups, (first / FEATURE_RATE_HZ, end / FEATURE_RATE_HZ))


def _at_feature_rate(mix: Float[ndarray, "2 time"], rate: int) -> Float[ndarray, "2 _time"]:
    return mix if rate == FEATURE_RATE_HZ else soxr.resample(mix.T, rate, FEATURE_RATE_HZ).T


def _least(mix: Float[ndarray, "2 time"]) -> Float[ndarray, "2 _time"]:
    """Return a mix that has one frame of everything at least."""
    return np.pad(mix, ((0, 0), (0, max(0, _SHORTEST_SAMPLES - mix.shape[-1]))))


def _series(mix: Float[ndarray, "2 time"]) -> _Series:
    """Return every feature of a mix over time, [channel, frame]; some have both channels in one."""
    loudness_lufs, peak_dbfs = loudness_and_peak(mix, FEATURE_RATE_HZ)
    peak = float(np.abs(mix).max())
    level = (ratio_from_db(_PEAK_DBFS) / peak * mix if peak > 0.0 else mix).astype(np.float32)
    series: _Series = {"loudness_lufs": loudness_lufs[None], "peak_dbfs": peak_dbfs[None]}
    series |= _spectral_series(level)
    rms_dbfs, spread_db, crest_db = dynamics_db(level)
    series["rms_level_dbfs"], series["dynamic_spread_db"] = (
        each.mean(0, keepdims=True) for each in (rms_dbfs, spread_db)
    )
    series["crest_factor_db"] = crest_db.mean(0, keepdims=True)
    series["peak over RMS"] = (1.0 + crest_db / rms_dbfs).mean(0, keepdims=True)
    return series


def _spectral_series(mix: Float[ndarray, "2 time"]) -> _Series:
    blocks: list[_Series] = []
    bands = []
    for magnitudes in spectra(mix):
        blocks.append(
            {
                "centroid_hz": centroid_hz(magnitudes, FEATURE_RATE_HZ),
                "bandwidth_hz": bandwidth_hz(magnitudes, FEATURE_RATE_HZ),
                "rolloff_hz": rolloff_hz(magnitudes, FEATURE_RATE_HZ),
                "flatness_db": flatness_db(magnitudes),
            }
        )
        off = panning_rms(magnitudes, FEATURE_RATE_HZ)
        blocks[-1] |= {name: off[i, None] for i, name in enumerate(FEATURES["panning"])}
        bands.append(peaks_and_valleys(magnitudes, FEATURE_RATE_HZ))
    series = {name: np.concatenate([block[name] for block in blocks], -1) for name in blocks[0]}
    contrasts_db = contrast_db(np.concatenate(bands, -1))
    names = ("contrast_low_db", "contrast_mid_db", "contrast_high_db")
    return series | dict(zip(names, contrasts_db, strict=True))


def _compared(name: str, series: _Series) -> Float[ndarray, "_channel _frame"]:
    """Return what errors are taken of; see `mix_features`."""
    if name in ("centroid_hz", "bandwidth_hz", "rolloff_hz", "dynamic_spread_db"):
        return series[name] + 1.0
    if name in ("flatness_db", "rms_level_dbfs"):
        return 1.0 - series[name]
    return series["peak over RMS" if name == "crest_factor_db" else name]


def _mean(errors: list[float | None]) -> float | None:
    known = [error for error in errors if error is not None]
    return float(np.mean(known)) if known else None
