"""One track's strip: from its captured responses and gain to processors in order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.captured import CapturedTrack, anatomy, sounding_at
from mixtrace.interpret.band_fit import BandFit, fit_bands
from mixtrace.interpret.bands import shape_db
from mixtrace.interpret.direct import Direct, direct_part, smoothed
from mixtrace.interpret.nodes import equalizer_of, response_of, sides_of
from mixtrace.interpret.returns import Late
from mixtrace.interpret.space import (
    Repeats,
    Tail,
    after_direct,
    read_echoes,
    read_tail,
    spike_of,
    through,
    without_direct,
)
from mixtrace.processors import NodeSettings

__all__ = ["Fixed", "StripReading"]

_WORTH = 4.0
_MODEL_DB = 0.25
"""By how much an engine's curve may differ from ours: other designs do in the treble."""

_TOGETHER = 4.0
"""Neighbouring points of a direct part tell the same: so many of them count as one."""

_SMOOTHED = 9  # points; a third of an octave
_SOUNDS_DB = -45.0
_LEAST_SPACE_DB = -30.0
_ABOVE_NOISE = 5.0
"""Energy over that of noise from which on what follows the direct sound is a reverb."""


@dataclass(frozen=True, eq=False)
class Fixed:
    """What does not move on a strip.

    Attributes:
        equalizer: its EQ; None where it has none.
        level_db, pan: of its fader.
        sides: the same as gains to left and right.
        arrival: samples by which the direct sound comes late.
        echoes: of a delay, over the direct sound; None where there is none.
        reverb: the response of a reverb behind the fader; None where there is none.
        tail_db: its level re the direct sound.
        late: all that follows the direct sound.
        misfit_db: median of what the EQ leaves of the direct part's curve, where the track sounds.
    """

    equalizer: NodeSettings | None
    level_db: float
    pan: float
    sides: tuple[float, float]
    arrival: int
    echoes: Repeats | None
    reverb: Tail | None
    tail_db: float
    late: Late
    misfit_db: float

    def placed(
        self, sound: Float[torch.Tensor, "channel time"], late: int = 0
    ) -> Float[torch.Tensor, "2 time"]:
        """Return a sound where the direct sound lies and as loud, so many samples later."""
        shift = self.arrival + late
        moved = torch.nn.functional.pad(sound, (shift, -shift))
        return torch.stack([self.sides[side] * moved[min(side, len(moved) - 1)] for side in (0, 1)])


class StripReading:
    """What does not move on the strip of a track; its direct sound is read once."""

    def __init__(
        self,
        track: CapturedTrack,
        unsure: Float[np.ndarray, " line"],
        lead: int,
        sample_rate_hz: int,
    ) -> None:
        """Read the direct sound.

        Args:
            track: as it was captured.
            unsure: the variance of a tap of its responses as a spectrum, from 0 to half the rate.
            lead: taps before time zero.
            sample_rate_hz: the rate.
        """
        responses = track.responses.double().numpy()
        parts = anatomy(track.responses, track.sounding, lead, sample_rate_hz)
        direct = direct_part(responses, unsure, lead, parts.arrival_s, sample_rate_hz)
        fit, sigma_db, sounds_db = _tone(direct, track, sample_rate_hz)
        self._sides = _sides(direct, fit, sigma_db)
        self._equalizer = equalizer_of(fit.bands) if fit.bands else None
        misfit_db = np.abs(fit.curve_db(direct.hz) - _power_db(direct))[sounds_db > -40.0]
        self._misfit_db = float(np.median(misfit_db)) if len(misfit_db) else 0.0
        arrival = lead + round(parts.arrival_s * sample_rate_hz)
        self._arrival = arrival - lead
        sound = np.ones(1)
        if self._equalizer is not None:
            sound = response_of(self._equalizer, sample_rate_hz).numpy()
        power = track.sounding.double().numpy()
        self._space = _Space(responses, sound, self._sides, arrival, power, unsure, sample_rate_hz)

    def fixed(self, known_s: Sequence[float] = ()) -> Fixed:
        """Return it all.

        Args:
            known_s: times of delays that other tracks have, to ask for one of these alone.
        """
        echoes, reverb, tail_db, late = self._space.read(known_s)
        level_db, pan = sides_of(*self._sides)
        return Fixed(
            self._equalizer,
            level_db,
            pan,
            self._sides,
            self._arrival,
            echoes,
            reverb,
            tail_db,
            late,
            self._misfit_db,
        )


def _sides(direct: Direct, fit: BandFit, sigma_db: Float[np.ndarray, " hz"]) -> tuple[float, float]:
    """Return the gains to left and right of what bands leave of a direct part."""
    shape = 10.0 ** (shape_db(fit.bands, direct.hz) / 20.0)
    weights, channels = sigma_db**-2.0, direct.response.shape[1]
    own = [direct.response[side, min(side, channels - 1)] for side in (0, 1)]
    left, right = (
        10.0 ** (np.average(20.0 * np.log10(np.abs(r) / shape + 1e-9), weights=weights) / 20.0)
        for r in own
    )
    return left, right


def _tone(
    direct: Direct,
    track: CapturedTrack,
    sample_rate_hz: int,
) -> tuple[BandFit, Float[np.ndarray, " hz"], Float[np.ndarray, " hz"]]:
    """Return bands, how sure each point was in dB, and how loud the track is there."""
    hz = direct.hz
    sounding = sounding_at(track.sounding, torch.tensor(hz), sample_rate_hz)
    sounds_db = 10.0 * np.log10(smoothed(sounding.double().numpy(), _SMOOTHED) + 1e-9)
    power = (np.abs(direct.response) ** 2).sum((0, 1))
    share = direct.variance / (power + 1e-20)
    sigma_db = np.sqrt(_TOGETHER * (0.5 * (20.0 / math.log(10.0)) ** 2 * share + _MODEL_DB**2))
    sigma_db /= 10.0 ** (np.minimum(sounds_db - _SOUNDS_DB, 0.0) / 20.0)
    return fit_bands(hz, _power_db(direct), sigma_db, _WORTH), sigma_db, sounds_db


def _power_db(direct: Direct) -> Float[np.ndarray, " hz"]:
    """Return the mean power of a direct part over the channels of its track, in dB."""
    power = (np.abs(direct.response) ** 2).sum((0, 1)) / direct.response.shape[1]
    return 10.0 * np.log10(power + 1e-20)


@dataclass(frozen=True, eq=False)
class _Space:
    """A response and its direct part: what is left is a delay or a reverb."""

    responses: Float[np.ndarray, "side channel taps"]
    sound: Float[np.ndarray, " short"]
    sides: tuple[float, float]
    arrival: int
    power: Float[np.ndarray, " bin"]
    unsure: Float[np.ndarray, " line"]
    rate: int

    def read(self, known_s: Sequence[float]) -> tuple[Repeats | None, Tail | None, float, Late]:
        """Return echoes, a reverb and its level re the direct sound, and all that follows."""
        channels = self.responses.shape[1]
        length = self.responses.shape[-1] - self.arrival
        direct = np.zeros(length)
        direct[: len(self.sound)] = self.sound[:length]
        rests, after, sounds = [], [], []
        for channel in range(channels):
            gains = (
                np.array(self.sides) if channels == 1 else self.sides[channel] * np.eye(2)[channel]
            )
            rest = self.responses[:, channel, self.arrival :] - gains[:, None] * direct
            heard = gains.sum() * direct
            rests.append(without_direct(rest, self.rate))
            after.append(after_direct(rest, heard, self.power, self.rate))
            sounds.append(heard)
        follows = np.stack(after)
        spike = spike_of(sounds[0], self.power)
        echoes, clean = read_echoes(follows, spike, self.rate, known_s)
        alone = [
            rest - through(one, heard)
            for rest, one, heard in zip(rests, follows - clean, sounds, strict=True)
        ]
        late = Late(np.stack(alone), np.stack(sounds), self.unsure)
        # What a channel gives to both sides, of all it was divided by, re the direct sound.
        loudness = sum(self.sides) ** 2 / max(sum(s * s for s in self.sides), 1e-12)
        if channels > 1:
            loudness = 0.5
        if echoes is not None:
            echoes = replace(echoes, amplitude=math.sqrt(loudness) * echoes.amplitude)
        tail = read_tail(clean.swapaxes(0, 1), self.power, self.rate)
        tail_db = tail.level_db + 10.0 * math.log10(loudness)
        if late.over_noise < _ABOVE_NOISE or tail_db < _LEAST_SPACE_DB:
            return echoes, None, -math.inf, late
        return echoes, tail, tail_db, late
