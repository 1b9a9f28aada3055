"""What is told of a processor in words, and what was measured of the sound for it to tell."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor

__all__ = ["Heard", "NodeSettings", "Reduction", "Said", "Turned", "mixed_gain_db"]

_HEARD_RANGE_DB = 40.0


@dataclass(frozen=True)
class NodeSettings:
    """The settings of one node.

    Attributes:
        kind: its kind.
        values: parameter name -> physical values [*shape], without a node axis.
        wet: its dry/wet weight.
        keyed: whether another sound feeds its key.
    """

    kind: str
    values: dict[str, Tensor]
    wet: float = 1.0
    keyed: bool = False

    def number(self, name: str) -> float:
        """Return a parameter that is one number."""
        return float(self.values[name])

    def array(self, name: str) -> Float[np.ndarray, "*shape"]:
        """Return a parameter as an array of doubles."""
        return self.values[name].detach().cpu().double().numpy()

    def mixed_db(self, name: str) -> Float[np.ndarray, "*shape"]:
        """Return a parameter in dB with the dry/wet weight worked in."""
        return mixed_gain_db(self.array(name), self.wet)


@dataclass(frozen=True)
class Reduction:
    """What a dynamics processor takes away.

    Attributes:
        most_db: in the tenth of the time when it takes most, while the sound is within 30 dB of
            its loud parts.
        least_db: in the tenth when it takes least.
        closed_share: how much of the time, silence left out, it takes 3 dB or more.
        closed_db: the most it takes then.
    """

    most_db: float
    least_db: float
    closed_share: float
    closed_db: float


@dataclass(frozen=True, eq=False)
class Heard:
    """What was measured of the sound at a node; what is None was not.

    Attributes:
        measured: whether the song was measured at all.
        reduction: of a dynamics processor; None where nothing sounds.
        gain_db: its gain, evenly spaced over the song.
        duration_s: length of the song.
        wet_level_db: how loud the wet part is against the dry one.
        centres_hz, spectrum_db: the spectrum of the track it stands on, in bands.
        level_told: whether the level of the whole strip is told elsewhere.
    """

    measured: bool = False
    reduction: Reduction | None = None
    gain_db: Float[np.ndarray, " curve"] | None = None
    duration_s: float = 0.0
    wet_level_db: float | None = None
    centres_hz: Float[np.ndarray, " band"] | None = None
    spectrum_db: Float[np.ndarray, " band"] | None = None
    level_told: bool = False

    def sounds_at(self, frequency_hz: float) -> bool:
        """Return whether the sound has anything near a frequency: within 40 dB of its most."""
        if self.centres_hz is None or self.spectrum_db is None:
            return True
        nearest = int(np.argmin(np.abs(np.log(self.centres_hz / frequency_hz))))
        around = self.spectrum_db[max(0, nearest - 2) : nearest + 3]
        return bool(around.max() > self.spectrum_db.max() - _HEARD_RANGE_DB)


@dataclass(frozen=True)
class Said:
    """What was done, as an engineer would say it, and what that is unsure of."""

    words: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turned:
    """Dials that are told together, such as frequency and gain of a band.

    Attributes:
        words: what they are, such as "threshold", or what is chosen, such as "detector".
        settings: name of the parameter, or `wet`, and which of its numbers, in order.
        choice: what was chosen, such as "RMS", where there are no numbers.
    """

    words: str
    settings: tuple[tuple[str, int], ...] = ()
    choice: str = ""


def mixed_gain_db(gain_db: Float[np.ndarray, "*shape"], wet: float) -> Float[np.ndarray, "*shape"]:
    """Return the gain of 1 - w + w g, for a processor that turns no phase."""
    return np.asarray(20.0 * np.log10(1.0 - wet + wet * 10.0 ** (gain_db / 20.0) + 1e-10))
