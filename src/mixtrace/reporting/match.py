"""How good the match is: measures, spectra of target and estimate, and where they differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from markupsafe import Markup

from mixtrace.losses import HOP_S, WARM_UP_S
from mixtrace.reporting.held_out import held_out_rows, held_out_sentence
from mixtrace.reporting.parts import Part
from mixtrace.reporting.png import difference_picture, level_picture
from mixtrace.reporting.rendered import band_centres_hz
from mixtrace.reporting.result import StoredResult, fixed
from mixtrace.reporting.svg import (
    Axis,
    Plot,
    clock_axis,
    figure,
    frequency_axis,
    level_axis,
    thinned,
)
from mixtrace.reporting.templating import filled
from mixtrace.store import Evidence
from mixtrace.wording import clock, hertz

__all__ = [
    "LEVELS",
    "LOSSES",
    "Failure",
    "error_curves",
    "error_figure",
    "level_rows",
    "loss_rows",
    "match_part",
    "over_time_figure",
    "worst",
]

_RANGE_DB = 70.0
_MOST_DIFFERENCE_DB = 18.0
_MOST_FRAMES = 1200
_LOWEST_HZ, _HIGHEST_HZ = 30.0, 15_000.0
_MOST_POINTS = 300
_CHANNELS = ("mid", "side")
LOSSES = (("L_a", "l_a"), ("left, right", "l_lr"), ("mid", "l_m"), ("side", "l_s"))
LEVELS = (
    ("loudness", "loudness_lufs", "LUFS"),
    ("true peak", "true_peak_dbtp", "dBTP"),
    ("crest factor", "crest_factor_db", "dB"),
    ("side over mid", "stereo_width_db", "dB"),
)


@dataclass(frozen=True)
class Failure:
    """Where the match is worst.

    Attributes:
        start_s, end_s: the counted part of the worst window.
        loss: its L_a.
        channel: `mid` or `side`, whichever differs more.
        frequency_hz: centre of the third of an octave that differs most there.
        difference_db: by how much, on average over the song.
    """

    start_s: float
    end_s: float
    loss: float
    channel: str
    frequency_hz: float
    difference_db: float

    def __str__(self) -> str:
        """Return it as a sentence."""
        return (
            f"It fits worst from {clock(self.start_s)} to {clock(self.end_s)} "
            f"(L_a {self.loss:.2f}) and, by frequency, in the {self.channel} near "
            f"{hertz(self.frequency_hz)}, which is {self.difference_db:.0f} dB off on average."
        )


def match_part(result: StoredResult) -> Part:
    """Return the section about the match."""
    evidence = result.evidence
    figures = [*_spectrograms(evidence), *_errors(evidence)]
    html = filled(
        "match.html",
        losses=loss_rows(result.measures) + held_out_rows(result.measures),
        held_out=held_out_sentence(result.measures),
        levels=level_rows(result.measures),
        failure=str(worst(evidence)),
        figures=figures,
    )
    return Part(html)


def loss_rows(measures: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (name, published, eq. (4)) of the loss and its parts."""

    def shown(by: str, key: str) -> str:
        return fixed(measures[by][key], 3)

    return [(name, shown("published", key), shown("eq4", key)) for name, key in LOSSES]


def level_rows(measures: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return (name, target, estimate, difference) of the levels, with their units."""
    rows = []
    for name, key, unit in LEVELS:
        target, estimate = (measures[of][key] for of in ("target", "estimate"))
        off = None if target is None or estimate is None else estimate - target
        rows.append(
            (f"{name}, {unit}", fixed(target, 1), fixed(estimate, 1), fixed(off, 1, sign=True))
        )
    return rows


def worst(evidence: Evidence) -> Failure:
    """Return where the match is worst, in time and in frequency."""
    window = int(np.argmax(evidence.window_losses))
    start_s = WARM_UP_S + HOP_S * window
    off_db = np.abs(differences_db(evidence)).mean(-1) * _is_compared(evidence)
    channel, band = np.unravel_index(int(np.argmax(off_db)), off_db.shape)
    return Failure(
        start_s,
        min(start_s + HOP_S, evidence.frame_s * evidence.spectra_db.shape[-1]),
        float(evidence.window_losses[window]),
        _CHANNELS[int(channel)],
        float(band_centres_hz(evidence)[band]),
        float(off_db[channel, band]),
    )


def differences_db(evidence: Evidence) -> Float[np.ndarray, "2 band frame"]:
    """Return the level of the estimate less that of the target, by (mid, side).

    What lies 70 dB below the loudest moment of the target counts as silence in both.
    """
    floor_db = evidence.spectra_db[0].max() - _RANGE_DB
    heard_db = np.maximum(evidence.spectra_db, floor_db)
    return heard_db[1] - heard_db[0]


def _is_compared(evidence: Evidence) -> Bool[np.ndarray, " band"]:
    """Return which bands lie where the loss hears: 30 Hz to 15 kHz."""
    edges_hz = evidence.bands_hz
    return (edges_hz[1:] > _LOWEST_HZ) & (edges_hz[1:] <= _HIGHEST_HZ)


def _spectrograms(evidence: Evidence) -> list[tuple[str, Markup]]:
    """Return (caption, figure) of target, estimate and error, for mid and side."""
    top_db = float(evidence.spectra_db.max())
    captioned = []
    for row, channel in enumerate(_CHANNELS):
        for column, name in enumerate(("Target", "Estimate")):
            levels_db = _fewer(evidence.spectra_db[column, row])
            png = level_picture(levels_db, top_db - _RANGE_DB, top_db)
            caption = f"{name}, {channel}: {top_db - _RANGE_DB:.0f} (clear) to {top_db:.0f} dB"
            captioned.append((caption, _over_time(evidence, f"{name}, {channel}", png)))
        off_db = _fewer(differences_db(evidence)[row])
        png = difference_picture(off_db, _MOST_DIFFERENCE_DB)
        caption = f"Error, {channel}: orange too loud, blue too soft, full at 18 dB"
        captioned.append((caption, _over_time(evidence, f"Error, {channel}", png)))
    return captioned


def _fewer(matrix: Float[np.ndarray, "band frame"]) -> Float[np.ndarray, "band fewer"]:
    """Return at most 1200 frames, the means of neighbours."""
    if matrix.shape[1] <= _MOST_FRAMES:
        return matrix
    return np.stack([part.mean(1) for part in np.array_split(matrix, _MOST_FRAMES, axis=1)], 1)


def _over_time(evidence: Evidence, label: str, png: bytes) -> Markup:
    """Return a picture of bands over the song with its axes."""
    duration_s = evidence.frame_s * evidence.spectra_db.shape[-1]
    low_hz, high_hz = float(evidence.bands_hz[0]), float(evidence.bands_hz[-1])
    plot = Plot(clock_axis(duration_s), _unnamed(frequency_axis(low_hz, high_hz)))
    return figure(f"{label}: spectrum over time", [plot.axes(), plot.picture(png)], 186.0)


def _unnamed(axis: Axis) -> Axis:
    """Return an axis of frequencies for the side of a figure, without its name."""
    return Axis(axis.low, axis.high, axis.ticks, "", axis.logarithmic)


def _errors(evidence: Evidence) -> list[tuple[str, Markup]]:
    """Return (caption, figure) of the error over time and by band, and of the mean spectra."""
    centres_hz, (mid_db, side_db) = error_curves(evidence)
    errors = [("second", centres_hz, side_db), ("", centres_hz, mid_db)]
    return [
        ("L_a of each stretch of 2.8 s", over_time_figure([("", evidence)])),
        ("Mean spectrum of mid: target grey, estimate coloured", _balance(evidence)),
        ("Mean error by band: mid solid, side dashed", error_figure(errors, "mid and side")),
    ]


def over_time_figure(curves: Sequence[tuple[str, Evidence]]) -> Markup:
    """Return L_a over the song; several results differ in the class of their line."""
    duration_s = max(e.frame_s * e.spectra_db.shape[-1] for _, e in curves)
    highest = max(float(e.window_losses.max()) for _, e in curves)
    most = float(np.ceil(max(0.2, 1.1 * highest) * 5.0) / 5.0)
    plot = Plot(clock_axis(duration_s), level_axis(0.0, most, most / 4.0, "L_a"))
    drawn = [plot.axes()]
    for look, evidence in curves:
        losses = thinned(evidence.window_losses, _MOST_POINTS)
        step_s = HOP_S * len(evidence.window_losses) / len(losses)
        starts_s = WARM_UP_S + step_s * np.arange(len(losses) + 1)
        xs, ys = np.repeat(starts_s, 2)[1:-1], np.repeat(losses, 2)
        drawn += [plot.area(xs, ys)] if len(curves) == 1 else []
        drawn.append(plot.line(xs, ys, f"line {look}"))
    return figure("L_a over the song", drawn, 186.0)


def error_curves(
    evidence: Evidence,
) -> tuple[Float[np.ndarray, " compared"], Float[np.ndarray, "2 compared"]]:
    """Return the bands the loss hears well and the mean error there in dB, by (mid, side)."""
    compared = _is_compared(evidence)
    off_db = np.abs(differences_db(evidence)).mean(-1)[:, compared]
    return band_centres_hz(evidence)[compared], off_db


def error_figure(curves: Sequence[tuple[str, np.ndarray, np.ndarray]], what: str) -> Markup:
    """Return mean errors in dB by frequency.

    Args:
        curves: (class of the line, frequencies in Hz, errors in dB).
        what: they are errors of.
    """
    highest = max(float(off_db.max()) for _, _, off_db in curves)
    most = max(6.0, 3.0 * np.ceil(highest / 3.0))
    plot = Plot(frequency_axis(_LOWEST_HZ, _HIGHEST_HZ), level_axis(0.0, most, most / 3.0))
    drawn = [plot.line(xs, off_db, f"line {look}") for look, xs, off_db in curves]
    return figure(f"Mean difference in dB by frequency, {what}", [plot.axes(), *drawn], 196.0)


def _balance(evidence: Evidence) -> Markup:
    means_db = 10.0 * np.log10((10.0 ** (evidence.spectra_db[:, 0] / 10.0)).mean(-1))
    top_db = 10.0 * np.ceil(float(means_db.max()) / 10.0)
    plot = Plot(frequency_axis(_LOWEST_HZ, _HIGHEST_HZ), level_axis(top_db - 60.0, top_db, 20.0))
    compared = _is_compared(evidence)
    xs, (target, estimate) = band_centres_hz(evidence)[compared], means_db[:, compared]
    drawn = [plot.axes(), plot.line(xs, target, "line plain"), plot.line(xs, estimate)]
    return figure("Mean spectrum of target and estimate, mid", drawn, 196.0)
