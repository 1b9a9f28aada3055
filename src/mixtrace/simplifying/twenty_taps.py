"""Twenty taps a side as a delay with feedback, where they are its echoes."""

import math
from collections.abc import Iterator
from itertools import product

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize
from torch import Tensor

from mixtrace.interpret import node_of
from mixtrace.processors import NodeSettings
from mixtrace.processors.base import DESIGN_RATE_HZ
from mixtrace.processors.twenty_tap_delay import SLOT_S
from mixtrace.simplifying.free_curve import levelled
from mixtrace.simplifying.nearest import Nearest, Place, response
from mixtrace.units import db_from_ratio, ratio_from_db

__all__ = ["nearest_delay"]

MOST_OFF_DB = -10.0
_FRAME, _HOP = 512, 128
_MEASURE = "in the echoes"
_TRIED = 3  # loud taps from which the time is guessed
_NUMBERS = (1, 2, 3)  # which echo of a delay each may be
_WITHIN_S = 0.005
"""Of a multiple of the time: as near as two clicks are heard as one."""

_SHORTEST_S, _LONGEST_S = 0.02, 2.0
_TRIES = 60

_Spectra = Float[Tensor, "side frame bin"]


def nearest_delay(place: Place) -> Nearest:
    """Return the feedback delay whose echoes differ least from those of the taps.

    How far it is off is the energy of what differs between the magnitudes of both responses, in
    frames of 17 ms, weighed by the spectrum of what enters, over that of the taps.
    """
    regular = dict(_times(place.node))
    time_s, apart = min(regular.items(), key=lambda found: found[1])
    if apart > ratio_from_db(MOST_OFF_DB) ** 2:
        return Nearest((), 10.0 * math.log10(apart), MOST_OFF_DB, _MEASURE)
    wanted = _Wanted(place)
    share, dials = wanted.tried(time_s)
    node, amplitude = wanted.delay(*dials), wanted.amplitude(*dials)
    dry = 1.0 - place.node.wet
    level = dry + amplitude
    settings = NodeSettings(node.kind, node.values, amplitude / level)
    chain = levelled((settings,), db_from_ratio(level))
    return Nearest(chain, 10.0 * math.log10(share + 1e-9), MOST_OFF_DB, _MEASURE)


def _times(node: NodeSettings) -> Iterator[tuple[float, float]]:
    """Yield times that the delay may have, and the share of energy that lies between its echoes.

    A loud tap is its first, second or third echo.
    """
    times_s, energy = _taps(node)
    loudest = np.argsort(-energy, kind="stable")[:_TRIED]
    for time_s, number in product(times_s[loudest], _NUMBERS):
        candidate_s = time_s / number
        if _SHORTEST_S <= candidate_s <= _LONGEST_S:
            numbers = np.maximum(np.round(times_s / candidate_s), 1.0)
            apart = np.abs(times_s - numbers * candidate_s) > _WITHIN_S
            yield float(candidate_s), float(energy[apart].sum() / energy.sum())


def _taps(node: NodeSettings) -> tuple[Float[np.ndarray, " tap"], Float[np.ndarray, " tap"]]:
    """Return moments and energies of the taps, both sides."""
    slots = round(SLOT_S * DESIGN_RATE_HZ)
    taps = response(node, DESIGN_RATE_HZ).unflatten(-1, (-1, slots))
    energy = taps.square().sum(-1).flatten().double().numpy()
    times_s = (node.array("taps")[..., 0] + SLOT_S * np.arange(taps.shape[1])).flatten()
    return times_s, energy


class _Wanted:
    """The echoes that are to be met, as magnitudes of frames."""

    def __init__(self, place: Place) -> None:
        self._rate = place.sample_rate_hz
        taps = response(place.node, self._rate)
        self._length_s = taps.shape[-1] / self._rate
        spectrum = torch.stft(
            place.entering.mean(0), _FRAME, _HOP, window=torch.hann_window(_FRAME),
            return_complex=True,
        )  # fmt: skip
        power = spectrum.abs().square().mean(-1)
        self._weight = (power / power.max().clamp(min=1e-20)).sqrt()
        self._wanted = self._magnitudes(place.node.wet * taps)

    def tried(self, time_s: float) -> tuple[float, tuple[float, ...]]:
        """Return the share that the best delay of a time leaves, and its dials."""

        def left(dials: Float[np.ndarray, " dial"]) -> float:
            return self._left(time_s, *map(float, dials))

        start = np.array([0.4, math.log(6000.0), 0.1])
        simplex = np.vstack([start, start + np.diag([0.25, -1.0, 0.7])])
        options = {"maxfev": _TRIES, "initial_simplex": simplex, "fatol": 1e-4, "xatol": 0.01}
        best = minimize(left, start, method="Nelder-Mead", options=options)
        return float(best.fun), (time_s, *map(float, best.x))

    def delay(
        self, time_s: float, feedback: float, damping: float, ping_pong: float
    ) -> NodeSettings:
        """Return a delay of some dials, fully wet."""
        return node_of(
            "feedback_delay",
            time_ms=1000.0 * time_s,
            feedback=min(max(feedback, 0.0), 0.9),
            damping_hz=math.exp(min(damping, 11.0)),
            ping_pong=ping_pong,
            length_s=self._length_s,
        )

    def amplitude(self, *dials: float) -> float:
        """Return by how much the echoes of a delay have to be taken."""
        found = self._found(*dials)
        return float((found * self._wanted).sum() / found.square().sum().clamp(min=1e-20))

    def _left(self, *dials: float) -> float:
        found = self._found(*dials)
        rest = self._wanted - self.amplitude(*dials) * found
        return float(rest.square().sum() / self._wanted.square().sum().clamp(min=1e-20))

    def _found(self, *dials: float) -> _Spectra:
        taps = response(self.delay(*dials), self._rate)
        rows = taps if len(taps) == 2 else torch.stack([taps[0] + taps[1], taps[2] + taps[3]])
        return self._magnitudes(rows)

    def _magnitudes(self, taps: Float[Tensor, "side time"]) -> _Spectra:
        length = round(self._length_s * self._rate)
        taps = torch.nn.functional.pad(taps[:, :length], (0, max(0, length - taps.shape[1])))
        window = torch.hann_window(_FRAME)
        spectra = torch.stft(taps, _FRAME, _HOP, window=window, return_complex=True)
        return spectra.abs() * self._weight[:, None]
