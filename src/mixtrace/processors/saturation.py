"""Saturation: a soft curve that bends loud samples more than soft ones."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import saturate, saturation_reach_samples
from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import Lengths, Passing, TimeDomainProcessor, Values
from mixtrace.processors.picture import Glyph, Panel, Picture, Scale, Trace
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.wording import percent, signed_db

__all__ = ["Saturation"]

_SINE_DB = -12.0
"""Peak of the sine whose distortion is told: about what the waves of a recorded track reach."""

_POINTS = 4096
"""Of the sine's period: at the hardest drive, harmonics above these are below -100 dB."""

_CLEAN = 1e-3
_EVEN = 0.5


class Saturation(TimeDomainProcessor):
    """A hyperbolic tangent with drive and bias, its level taken back (see `dsp.saturation`)."""

    kind = "saturation"
    letter = "t"
    label = "saturation"
    short = "Sat"
    family = "colour"
    about = (
        "A soft curve, tanh, that rounds what is loud and so adds harmonics: odd ones, and with a "
        "bias even ones too. Soft sounds keep their level at any drive, for the drive is taken "
        "back behind the curve. It works at 176 kHz or above, so that little folds back; the "
        "dry/wet weight mixes the clean sound back in."
    )
    start_wet = 0.2
    params = (
        ParamSpec(
            name="drive_db",
            unit="dB",
            low=0.0,
            high=36.0,
            neutral=None,
            init=0.0,
            warp=Affine(6.0, 12.0),
            shape=(),
            label="drive",
            meaning="Gain into the curve, taken back behind it. The peaks of a full-scale "
            "sine come out at -2.4 dB with a drive of 0 dB, at -12 dB with 12 dB.",
            start=6.0,
            rate=0.1,
        ),
        ParamSpec(
            name="bias",
            unit="",
            low=-1.0,
            high=1.0,
            neutral=None,
            init=0.0,
            warp=Affine(0.3),
            shape=(),
            label="bias",
            meaning="Offset into the curve: 0 bends both half waves alike; towards 1 it bends the "
            "upper ones earlier, towards -1 the lower ones.",
            start=0.0,
            rate=0.1,
        ),
    )

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return how far the filters of the higher rate reach, as far on either side."""
        reach = saturation_reach_samples(sample_rate_hz)
        return reach, reach

    def rest(self, passing: Passing, values: Values) -> Float[Tensor, "node channel past"]:
        """Return silence, as long as the reach."""
        past, _ = self.reach(passing.sample_rate_hz, {})
        return passing.audio.new_zeros((*passing.audio.shape[:2], past))

    def follow(
        self,
        passing: Passing,
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, "node channel past"],
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, "node channel past"]]:
        """Return the audio mixed with the bent audio; the state is the newest past audio."""
        known = torch.cat([state, passing.audio], -1)
        past = state.shape[-1]
        here = slice(past, known.shape[-1] - past)
        rate_hz = passing.sample_rate_hz
        bent = saturate(known, values["drive_db"], values["bias"], rate_hz)[..., here]
        mixed = torch.lerp(known[..., here], bent, wet[:, None, None])
        return mixed, known[..., here.stop - past : here.stop]

    def describe(self, node: NodeSettings) -> str:
        """Return drive, bias, weight, and the distortion of a sine."""
        drive = f"drive {node.number('drive_db'):.0f} dB, bias {node.number('bias'):.2f}"
        return f"{drive}, {self._distorts(node)}, wet {percent(node.wet)}"

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield drive and bias, and what they do to a sine."""
        yield "drive", signed_db(node.number("drive_db"))
        yield "bias", f"{node.number('bias'):.2f}"
        yield f"THD of a {_SINE_DB:.0f} dB sine", percent(_distortion(node)[0])

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return how much of a sine becomes harmonics, and which."""
        total, even = _distortion(node)
        if total < _CLEAN:
            return Said(doubts=(f"the saturation leaves a {_SINE_DB:.0f} dB sine clean",))
        kind = "even" if even > _EVEN else "odd"
        return Said((f"saturation, {self._distorts(node)} (mostly {kind} harmonics)",))

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return what leaves over what enters, full scale."""
        entering = np.linspace(-1.0, 1.0, 121)
        across = Scale(-1.0, 1.0, "in", step=0.5)
        most = max(1.0, 0.5 * float(np.ceil(2.0 * np.abs(_curve(node, entering)).max())))
        up = Scale(-most, most, "out", step=most / 2.0)
        ends = entering[[0, -1]]
        drawn = (Trace(ends, ends, "zero"), Trace(entering, _curve(node, entering)))
        return Picture("samples out over samples in", (Panel(across, up, drawn),))

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the curve from -1 to 1."""
        return Glyph(_curve(node, np.linspace(-1.0, 1.0, 16)), -1.0, 1.0)

    def _distorts(self, node: NodeSettings) -> str:
        return f"{percent(_distortion(node)[0])} THD at {_SINE_DB:.0f} dB"


def _curve(
    node: NodeSettings, entering: Float[np.ndarray, " point"]
) -> Float[np.ndarray, " point"]:
    """Return the samples that leave, dry/wet weight included, where filters do nothing."""
    gain, tilt = 10.0 ** (node.number("drive_db") / 20.0), np.tanh(node.number("bias"))
    bent = np.tanh(gain * entering)
    leaving = bent / (gain * (1.0 + tilt * bent))
    return (1.0 - node.wet) * entering + node.wet * leaving


def _distortion(node: NodeSettings) -> tuple[float, float]:
    """Return the total harmonic distortion of a sine, and the share of even ones in its power."""
    phase = 2.0 * np.pi * np.arange(_POINTS) / _POINTS
    sine = 10.0 ** (_SINE_DB / 20.0) * np.sin(phase)
    power = np.abs(np.fft.rfft(_curve(node, sine))) ** 2
    harmonics = power[2:].sum()
    return float(np.sqrt(harmonics / power[1])), float(power[2::2].sum() / max(harmonics, 1e-30))
