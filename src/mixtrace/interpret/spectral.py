"""Level, pan and EQ of a track whose phase is lost, from power spectra alone."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mixtrace.interpret.band_fit import fit_bands
from mixtrace.interpret.bands import shape_db
from mixtrace.interpret.direct import frequencies_hz
from mixtrace.interpret.nodes import equalizer_of, node_of, sides_of
from mixtrace.processors import NodeSettings

__all__ = ["Spectral", "read_spectral"]

_SIGMA_DB = 3.0
"""How well a spectrum of power tells a gain: others play in the same band."""

_WORTH = 4.0
_SOUNDS_DB = -35.0


@dataclass(frozen=True, eq=False)
class Spectral:
    """How loud a track reaches the mix, told without its phase.

    Attributes:
        hz: rising frequencies, from 0 on.
        gain_db: to left and right.
        energy: of the track there.
    """

    hz: Float[np.ndarray, " bin"]
    gain_db: Float[np.ndarray, "2 bin"]
    energy: Float[np.ndarray, " bin"]


def read_spectral(spectral: Spectral, sample_rate_hz: float) -> list[NodeSettings]:
    """Return an EQ, where the spectra ask for one, and a fader."""
    hz = frequencies_hz(sample_rate_hz)
    left_db, right_db = (np.interp(hz, spectral.hz, side) for side in spectral.gain_db)
    mean_db = 10.0 * np.log10(0.5 * (10.0 ** (left_db / 10.0) + 10.0 ** (right_db / 10.0)))
    energy = np.interp(hz, spectral.hz, spectral.energy)
    loud_db = 10.0 * np.log10(energy / energy.max() + 1e-12)
    sigma_db = _SIGMA_DB / 10.0 ** (np.minimum(loud_db - _SOUNDS_DB, 0.0) / 20.0)
    fit = fit_bands(hz, mean_db, sigma_db, _WORTH)
    shape = shape_db(fit.bands, hz)
    weights = sigma_db**-2.0
    sides = [10.0 ** (np.average(d - shape, weights=weights) / 20.0) for d in (left_db, right_db)]
    level_db, pan = sides_of(*sides)
    fader = node_of("fader", level_db=level_db, pan=pan)
    return [equalizer_of(fit.bands), fader] if fit.bands else [fader]
