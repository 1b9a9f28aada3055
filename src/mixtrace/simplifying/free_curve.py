"""A free curve as bands: passes, shelves and bells that a person can turn, and a level."""

import numpy as np
from jaxtyping import Float

from mixtrace.interpret import node_of
from mixtrace.interpret.band_fit import fit_bands
from mixtrace.interpret.nodes import equalizer_of, response_of
from mixtrace.interpret.tidy import sounding
from mixtrace.processors import NodeSettings
from mixtrace.processors.curve_shape import third_octaves
from mixtrace.processors.equalizer import equalizer_frequencies
from mixtrace.simplifying.nearest import Nearest, Place

__all__ = ["bands_of", "grid_hz", "levelled", "nearest_bands"]

MOST_OFF_DB = 0.5
_MOST_BANDS = 8
_LOW_HZ, _HIGH_HZ, _HIGHEST = 30.0, 15_000.0, 0.48  # of the rate
_POINTS = 40  # less than a quarter of an octave apart: finer than the thirds that are compared
_LEEWAYS_DB = (0.5, 0.1)
"""How far bands may be off where there is sound, tried in turn: the first takes a second and is
enough for every other curve, with fewer bands; the second takes ten."""

_HOPEFUL_DB = 1.2  # a curve that the first says worse is none of eight bands: minutes do not help
_UNHEARD_DB = 5.0  # and where there is none
_WORTH = 4.0
_LEVEL_DB = 0.05

Curve = Float[np.ndarray, " hz"]


def nearest_bands(place: Place) -> Nearest:
    """Return bands and a level for a free curve.

    The curve is drawn as means over a third of an octave, as an analyser draws it. How far bands
    are off is the root mean square over these, where what enters is within 40 dB of its loudest
    band; elsewhere anything goes.
    """
    hz = grid_hz(place.sample_rate_hz)
    frequencies_hz = equalizer_frequencies().double().numpy()
    curve_db = third_octaves(hz, frequencies_hz, place.node.mixed_db("magnitude_db"))
    sounds = sounding(place.entering.numpy(), hz, place.sample_rate_hz)
    return bands_of(hz, curve_db, sounds, place.sample_rate_hz)


def bands_of(
    hz: Curve, curve_db: Curve, sounds: np.ndarray, sample_rate_hz: int, most: int = _MOST_BANDS
) -> Nearest:
    """Return at most eight bands and a level that come nearest to a curve where there is sound.

    Args:
        hz: points evenly spaced in octaves.
        curve_db: means over a third of an octave around them.
        sounds: where there is sound.
        sample_rate_hz: of the audio.
        most: how many bands there may be.
    """
    found = []
    for leeway_db in _LEEWAYS_DB:
        sigma_db = np.where(sounds, leeway_db, _UNHEARD_DB)
        fit = fit_bands(hz, curve_db, sigma_db, _WORTH, most)
        bands = equalizer_of(fit.bands)
        said_db = fit.level_db + tone_db(bands, hz, sample_rate_hz)
        chain = levelled((bands,) if fit.bands else (), fit.level_db)
        off_db = rms_db((said_db - curve_db)[sounds])
        found.append(Nearest(chain, off_db, MOST_OFF_DB, "in the tone"))
        if found[-1].near or off_db > _HOPEFUL_DB:
            break
    return min(found, key=lambda one: one.off_db)


def rms_db(off_db: Float[np.ndarray, " point"]) -> float:
    """Return the root mean square of differences in dB; 0 of none."""
    return float(np.sqrt(np.mean(off_db**2))) if len(off_db) else 0.0


def levelled(chain: tuple[NodeSettings, ...], level_db: float) -> tuple[NodeSettings, ...]:
    """Return processors with a fader behind them, where there is a level to be turned."""
    if abs(level_db) < _LEVEL_DB:
        return chain
    return (*chain, node_of("fader", level_db=level_db))


def tone_db(node: NodeSettings, hz: Curve, sample_rate_hz: int) -> Curve:
    """Return the curve of a filter that treats both channels alike, in thirds of an octave."""
    taps = response_of(node, sample_rate_hz).double().numpy()
    gains = np.abs(1.0 - node.wet + node.wet * np.fft.rfft(taps, 2 * len(taps)))
    own_hz = np.linspace(0.0, 0.5 * sample_rate_hz, len(gains))
    return third_octaves(hz, own_hz, 20.0 * np.log10(gains + 1e-6))


def grid_hz(sample_rate_hz: int) -> Curve:
    """Return the frequencies at which tones are compared."""
    return np.geomspace(_LOW_HZ, min(_HIGH_HZ, _HIGHEST * sample_rate_hz), _POINTS)
