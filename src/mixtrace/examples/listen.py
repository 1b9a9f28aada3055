"""What the processors of one mix do, measured on the audio that enters and leaves them."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.examples.planting import Mixed, Place, chains
from mixtrace.graph import OUTPUT
from mixtrace.processors.base import DESIGN_RATE_HZ
from mixtrace.processors.noise_reverb import NoiseReverb
from mixtrace.processors.one_pole_compressor import OnePoleCompressor
from mixtrace.processors.twenty_tap_delay import TwentyTapDelay
from mixtrace.rendering import render_taps
from mixtrace.session import Session

__all__ = ["THIRD_OCTAVES_HZ", "Facts", "Listener", "level_db"]

THIRD_OCTAVES_HZ = 1000.0 * 2.0 ** (np.arange(-11, 11) / 3.0)
"""Centres of the bands of a response: 79 Hz to 10.1 kHz."""

_MEASURED = (OnePoleCompressor.kind, TwentyTapDelay.kind, NoiseReverb.kind)
_RATIO_SPAN_DB = 12.0
_STEEPEST = 100.0
_TINY = 1e-20


@dataclass(frozen=True)
class Facts:
    """What some processors of a chain do; None where there is no such processor.

    Attributes:
        ratio: compressor: 12 dB above its threshold over what becomes of them, dry part included.
        threshold_db: compressor: threshold over the mean level of what enters it.
        reduction_db: compressor: by how much it lowers the mean level.
        reverb_db: energy of the reverb's wet part over its dry part.
        reverb_s: time in which the reverb falls by 60 dB, from -5 to -25 dB of its energy decay,
            with the spectrum of what enters it.
        delay_db: energy of the delay's wet part over its dry part.
    """

    ratio: float | None = None
    threshold_db: float | None = None
    reduction_db: float | None = None
    reverb_db: float | None = None
    reverb_s: float | None = None
    delay_db: float | None = None


class Listener:
    """One mix, rendered, with the audio at the nodes where something is measured.

    Attributes:
        chains: the chains of its graph, by place.
    """

    def __init__(self, mixed: Mixed, session: Session) -> None:
        """Render the session's tracks.

        Raises:
            GraphError: when the graph is not a console, whole or pruned.
        """
        self._graph, self._settings = mixed
        self._rate = session.sample_rate_hz
        self.chains = chains(self._graph)
        ends = {i for chain in self.chains.values() for i in (chain.head, chain.end)}
        measured = [i for kind in _MEASURED for i in self._graph.of_kind(kind)]
        around = {p for i in measured for p in (i, *self._graph.predecessors[i])}
        by_name = {track.name: torch.from_numpy(track.audio) for track in session.tracks}
        dry = [by_name[self._graph.name(i)] for i in self._graph.inputs]
        _, audio = render_taps(self._graph, self._settings, dry, self._rate, ends | around)
        self._audio = {i: signal.expand(2, -1) for i, signal in audio.items()}
        self._bands = {i: _band_power(self._audio[i], self._rate) for i in ends}

    def kinds(self, place: Place) -> tuple[str, ...]:
        """Return the kinds of a chain's processors, in order; none where there is no chain."""
        return tuple(self._graph.nodes[i].kind for i in self._processors(place))

    def entering(self, place: Place) -> Float[np.ndarray, "2 band"]:
        """Return the power of what enters a chain, in third octaves of both channels."""
        return self._bands[self.chains[place].head]

    def response_db(self, place: Place) -> Float[np.ndarray, "2 band"]:
        """Return levels after a chain and all that follow it over those before them."""
        if place not in self.chains:
            return np.zeros((2, len(THIRD_OCTAVES_HZ)))
        chain = self.chains[place]
        own = _levels_db(self._bands[chain.end], self._bands[chain.head])
        after = self._graph.nodes[chain.following]
        if after.kind == OUTPUT:
            return own
        return own + self.response_db((after.kind, self._graph.name(chain.following)))

    def facts(self, place: Place) -> Facts:
        """Return what the compressor, the reverb and the delay of a chain do."""
        known: dict[str, float] = {}
        for i in self._processors(place):
            kind = self._graph.nodes[i].kind
            if kind == OnePoleCompressor.kind:
                known |= self._compression(i)
            elif kind == NoiseReverb.kind:
                known |= {"reverb_db": self._wetness_db(i), "reverb_s": self._decay_s(i)}
            elif kind == TwentyTapDelay.kind:
                known |= {"delay_db": self._wetness_db(i)}
        return Facts(**known)

    def _processors(self, place: Place) -> tuple[int, ...]:
        return self.chains[place].processors if place in self.chains else ()

    def _compression(self, node: int) -> dict[str, float]:
        values, wet = self._settings[node].values, self._settings[node].wet
        knee_db, slope = float(values["knee_db"]), float(values["slope"])
        half_knee_db = 0.5 * knee_db
        excess_db = _RATIO_SPAN_DB
        if excess_db < half_knee_db:
            excess_db = (excess_db + half_knee_db) ** 2 / (2.0 * knee_db)
        gain = 1.0 - wet + wet * 10.0 ** (slope * excess_db / 20.0)
        rise_db = max(_RATIO_SPAN_DB + 20.0 * math.log10(gain), _RATIO_SPAN_DB / _STEEPEST)
        before = _power(self._audio[self._graph.predecessors[node][0]])
        after = _power(self._audio[node])
        return {
            "ratio": _RATIO_SPAN_DB / rise_db,
            "threshold_db": float(values["threshold_db"]) - level_db(before, 1.0),
            "reduction_db": level_db(before, after),
        }

    def _wetness_db(self, node: int) -> float:
        """Return the energy of w f(u) over that of (1 - w) u."""
        wet = self._settings[node].wet
        dry = (1.0 - wet) * self._audio[self._graph.predecessors[node][0]]
        return level_db(_power(self._audio[node] - dry), _power(dry))

    def _decay_s(self, node: int) -> float:
        """Return three times the time from -5 to -25 dB of the backward integral of the energy.

        Source: M. Schroeder, "New method of measuring reverberation time", JASA 37, 1965, eq. (1).
        """
        entry = NoiseReverb()
        one = {name: value[None] for name, value in self._settings[node].values.items()}
        taps = entry.impulse_response(one, DESIGN_RATE_HZ).taps[0]
        power = _band_power(self._audio[self._graph.predecessors[node][0]], self._rate).mean(0)
        # The colour has no phase and spreads a little both ways: twice the length keeps it apart.
        length = 2 * taps.shape[-1]
        frequency_hz = np.fft.rfftfreq(length, 1.0 / DESIGN_RATE_HZ)
        position = np.log(np.maximum(frequency_hz, 1.0))
        density = np.interp(position, np.log(THIRD_OCTAVES_HZ), power / THIRD_OCTAVES_HZ)
        coloured = np.fft.irfft(np.fft.rfft(taps.numpy(), n=length) * np.sqrt(density), n=length)
        energy = np.square(coloured[:, : taps.shape[-1]]).sum(0)
        remaining = np.cumsum(energy[::-1])[::-1]
        decay_db = _levels_db(remaining, np.broadcast_to(remaining[0], remaining.shape))
        return 3.0 * float(np.sum((decay_db < -5.0) & (decay_db > -25.0))) / DESIGN_RATE_HZ


def level_db(power: float, reference: float) -> float:
    """Return a power over another in dB; two powers of nothing are equal."""
    return 10.0 * math.log10((power + _TINY) / (reference + _TINY))


def _levels_db(
    power: Float[np.ndarray, "*shape"], reference: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    return 10.0 * np.log10((power + _TINY) / (reference + _TINY))


def _power(audio: Float[Tensor, "2 time"]) -> float:
    """Return the mean square over both channels."""
    return float(audio.double().square().mean())


def _band_power(
    audio: Float[Tensor, "2 time"], sample_rate_hz: float
) -> Float[np.ndarray, "2 band"]:
    """Return the power in third octaves."""
    spectrum = torch.fft.rfft(audio).abs().square().double().numpy()
    frequency_hz = np.fft.rfftfreq(audio.shape[-1], 1.0 / sample_rate_hz)
    edges_hz = [THIRD_OCTAVES_HZ[0] * 2.0 ** (-1.0 / 6.0), *THIRD_OCTAVES_HZ * 2.0 ** (1.0 / 6.0)]
    first = np.searchsorted(frequency_hz, edges_hz)
    running = np.concatenate([np.zeros((2, 1)), np.cumsum(spectrum, -1)], -1)
    return np.diff(running[:, first]) / audio.shape[-1] ** 2
