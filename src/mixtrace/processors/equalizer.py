"""Equalizer: a zero-phase filter drawn as a curve, the same on both channels."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.dsp import resampled_grid, zero_phase_taps
from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import (
    DESIGN_RATE_HZ,
    FilterProcessor,
    ImpulseResponse,
    Lengths,
    Values,
)
from mixtrace.processors.curve_shape import (
    CurveShape,
    curve_shape,
    shape_words,
    third_octaves,
)
from mixtrace.processors.picture import Glyph, Panel, Picture, Scale, Trace, symmetric_db
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import DB_PER_NEPER
from mixtrace.wording import hertz, rounded_db, signed_db

__all__ = ["Equalizer", "equalizer_frequencies", "tone_picture", "tone_words"]

_BINS = 1024
_FREQUENCY_STEP_HZ = DESIGN_RATE_HZ / (2 * _BINS - 1)
_LEVEL_DB = 0.75
_SHOWN_RANGE_DB = 60.0
_MOST_DB = 24.0
_GLYPH_DB = 9.0


def equalizer_frequencies() -> torch.Tensor:
    """Return the frequencies in Hz of the equalizer's curve, [bin]."""
    return torch.arange(_BINS) * _FREQUENCY_STEP_HZ


class Equalizer(FilterProcessor):
    """A 2047-tap zero-phase filter from 1024 magnitudes (at 30 kHz; the same curve at any rate).

    Source: Lee et al. 2025, arXiv 2509.15948. Above 15 kHz the last magnitude is held.
    """

    kind = "equalizer"
    letter = "e"
    label = "EQ"
    short = "EQ"
    family = "tone"
    about = (
        "A linear-phase (zero-phase) equalizer drawn as a free curve, the same for left and right. "
        "It adds no delay but rings up to 34 ms ahead of a sound where the curve is steep."
    )
    widens = False
    start_wet = 0.98
    gains = "magnitude_db"
    levelled = True
    params = (
        ParamSpec(
            name="magnitude_db",
            unit="dB",
            low=-80.0,
            high=40.0,
            neutral=0.0,
            init=0.0,
            warp=Affine(DB_PER_NEPER),
            shape=(_BINS,),
            label="curve",
            meaning="Gain at 1024 frequencies, evenly spaced by 14.7 Hz from 0 to 15 kHz. Above "
            "15 kHz the last gain holds.",
            start=0.0,
            rate=0.18,
        ),
    )

    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return the filter of every node, one response for both channels."""
        log_magnitude = resampled_grid(
            values["magnitude_db"] / DB_PER_NEPER, DESIGN_RATE_HZ, sample_rate_hz
        )
        taps = zero_phase_taps(log_magnitude)
        return ImpulseResponse(taps[:, None], taps.shape[-1] // 2)

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return half the taps on each side."""
        half = round((2 * _BINS - 1) * sample_rate_hz / DESIGN_RATE_HZ / 2 + 0.5) - 1
        return half, half

    def describe(self, node: NodeSettings) -> str:
        """Return level, cuts, boosts and dips of the curve."""
        return ", ".join(shape_words(self._shape(node))) or "flat"

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield level, cuts, boosts and dips of the curve."""
        shape = self._shape(node)
        yield "level", signed_db(shape.level_db)
        if shape.low_cut_hz:
            yield "low cut", hertz(shape.low_cut_hz)
        for feature in shape.features:
            yield f"{feature.side} {hertz(feature.frequency_hz)}", signed_db(feature.gain_db)
        if shape.high_cut_hz:
            yield "high cut", hertz(shape.high_cut_hz)

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return the shape of the curve where there is sound."""
        return tone_words(self._shape(node), heard)

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the curve over the spectrum that enters."""
        grid_hz = np.geomspace(30.0, 15_000.0, 90)
        return tone_picture(grid_hz, self._smooth_db(node, grid_hz), heard)

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the curve from 40 Hz to 13 kHz, +-9 dB."""
        return Glyph(self._smooth_db(node, np.geomspace(40.0, 13_000.0, 16)), -_GLYPH_DB, _GLYPH_DB)

    def _smooth_db(
        self, node: NodeSettings, grid_hz: Float[np.ndarray, " point"]
    ) -> Float[np.ndarray, " point"]:
        frequencies_hz = equalizer_frequencies().double().numpy()
        return third_octaves(grid_hz, frequencies_hz, node.mixed_db("magnitude_db"))

    def _shape(self, node: NodeSettings) -> CurveShape:
        frequencies_hz = equalizer_frequencies().double().numpy()
        return curve_shape(frequencies_hz, node.mixed_db("magnitude_db"))


def tone_words(shape: CurveShape, heard: Heard) -> Said:
    """Return cuts, boosts and dips where there is sound, and the level where nothing else tells."""
    said, unheard = [], []

    def place(words: str, frequency_hz: float) -> None:
        (said if heard.sounds_at(frequency_hz) else unheard).append(words)

    if shape.low_cut_hz is not None:
        place(f"high-pass near {hertz(shape.low_cut_hz)}", 0.7 * shape.low_cut_hz)
    for feature in shape.features:
        # A shelf is heard most half an octave beyond its corner.
        shift = {"below": 0.7, "at": 1.0, "above": 1.4}[feature.side]
        words = f"{rounded_db(feature.gain_db)} {feature.side} {hertz(feature.frequency_hz)}"
        place(words, shift * feature.frequency_hz)
    if shape.high_cut_hz is not None:
        place(f"low-pass near {hertz(shape.high_cut_hz)}", 1.4 * shape.high_cut_hz)
    if not heard.level_told and abs(shape.level_db) >= _LEVEL_DB:
        said.append(f"{rounded_db(shape.level_db)} through the EQ")
    doubts = [f"EQ where the sound has next to nothing: {', '.join(unheard)}"] if unheard else []
    return Said(tuple(said), tuple(doubts))


def tone_picture(
    grid_hz: Float[np.ndarray, " point"], curve_db: Float[np.ndarray, " point"], heard: Heard
) -> Picture:
    """Return a gain over frequency, in front of the spectrum that enters."""
    scale = symmetric_db(curve_db, _MOST_DB)
    drawn = []
    if heard.centres_hz is not None and heard.spectrum_db is not None:
        below_db = heard.spectrum_db - heard.spectrum_db.max()
        share = np.clip(1.0 + below_db / _SHOWN_RANGE_DB, 0.0, 1.0)
        drawn.append(Trace(heard.centres_hz, scale.high * (2.0 * share - 1.0), "sound"))
    drawn += [Trace(grid_hz[[0, -1]], np.zeros(2), "zero"), Trace(grid_hz, curve_db)]
    across = Scale(grid_hz[0], grid_hz[-1], "Hz", "frequency")
    return Picture("gain in dB over frequency", (Panel(across, scale, tuple(drawn)),))
