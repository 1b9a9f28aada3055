"""DiffVox's loss of a song: cut into pieces, each rendered with what comes before it.

    loss = MRSTFT of left and right + MRSTFT of sum and difference / 2
           + MLDR of left and right / 2 + MLDR of sum and difference / 4

Source: Yu et al. 2025, arXiv 2504.14735. Terms are told in `losses.linear_spectra` and
`losses.dynamic_range`. Their term (1 - damping)² is one on delays whose time is that of a damped
sinusoid; ours are not.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.baselines.diffvox_config import DiffVoxRecipe
from mixtrace.errors import MixtraceError
from mixtrace.graph import Graph
from mixtrace.losses.dynamic_range import dynamic_range_distance
from mixtrace.losses.linear_spectra import linear_spectral_distance
from mixtrace.metrics import integrated_loudness_lufs
from mixtrace.processors import Settings
from mixtrace.rendering import DryAudio, render_compiled
from mixtrace.session import Session
from mixtrace.stopping import check
from mixtrace.units import ratio_from_db
from mixtrace.unseen import Range, ranges_between

__all__ = ["WEIGHTS", "VocalPieces", "weighted"]

WEIGHTS = {"mrstft_lr": 1.0, "mrstft_sd": 0.5, "mldr_lr": 0.5, "mldr_sd": 0.25}
"""Of each term in the loss."""

_SHORTEST_S = 1.5  # the longest shift of a dynamic range is .95 s


class VocalPieces:
    """The pieces of a song of one track that are heard, and how far a chain is from its mix.

    Attributes:
        count: of pieces.
        gain_in_db: what brings the track to the recipe's loudness.
        gain_out_db: what brings that loudness back to the mix's own.
    """

    def __init__(self, session: Session, held_out: Sequence[Range], recipe: DiffVoxRecipe) -> None:
        """Cut the song.

        Args:
            session: one track and its mix, at any rate.
            held_out: what of the mix is not looked at.
            recipe: loudness and lengths.

        Raises:
            MixtraceError: nothing of the mix, or of the track, is long and loud enough.
        """
        self._rate = rate = session.sample_rate_hz
        (self._track,) = session.audio
        seen = ranges_between(session.mix.shape[-1], held_out)
        whole = np.concatenate([session.mix[:, first:stop] for first, stop in seen], -1)
        self.gain_in_db = recipe.loudness_lufs - _loudness_lufs(self._track, rate, "track")
        gain_db = recipe.loudness_lufs - _loudness_lufs(whole, rate, "mix")
        self.gain_out_db, self._gain = -gain_db, ratio_from_db(gain_db)
        self._mix, self._warm_up = session.mix, round(recipe.warm_up_s * rate)
        least = ratio_from_db(recipe.least_db)
        self._pieces = [
            (first, stop)
            for first, stop in _pieces(seen, recipe.piece_s * rate, _SHORTEST_S * rate)
            if self._gain * np.sqrt(np.square(self._mix[:, first:stop]).mean()) >= least
        ]
        if not self._pieces:
            raise MixtraceError(
                f"Expected at least {_SHORTEST_S:g} s of the mix at a stretch louder than "
                f"{recipe.least_db:g} dB; got none. Hold less out, or give a longer song."
            )

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return len(self._pieces)

    def terms(self, graph: Graph, settings: Settings, number: int) -> dict[str, Float[Tensor, ""]]:
        """Return the terms of the loss of one piece, differentiable, before their weights."""
        first, stop = self._pieces[number]
        begin = max(0, first - self._warm_up)
        dry = torch.from_numpy(np.ascontiguousarray(self._track[:, begin:stop]))[None]
        rendered = render_compiled(
            graph,
            settings,
            DryAudio([dry], torch.tensor([begin / self._rate])),
            self._rate,
            time=stop - begin,
            uncounted=first - begin,
        )
        assert rendered is not None  # the track has a spectrum, be it of silence
        estimate = self._gain * rendered[0, :, first - begin :]
        target = self._gain * torch.from_numpy(self._mix[:, first:stop].copy())
        found = {}
        for name, own, wanted in (
            ("lr", estimate, target),
            ("sd", _sum_and_difference(estimate), _sum_and_difference(target)),
        ):
            both = {"target": wanted, "estimate": own, "sample_rate_hz": self._rate}
            found[f"mrstft_{name}"] = linear_spectral_distance(**both)
            found[f"mldr_{name}"] = dynamic_range_distance(**both)
        return found

    @torch.no_grad()
    def all_terms(self, graph: Graph, settings: Settings) -> dict[str, float]:
        """Return the mean of each term over all pieces, and their weighted sum as `loss`."""
        each = []
        for number in range(self.count):
            check()
            each.append(self.terms(graph, settings, number))
        found = {name: float(np.mean([float(own[name]) for own in each])) for name in WEIGHTS}
        return {**found, "loss": sum(weight * found[name] for name, weight in WEIGHTS.items())}


def weighted(terms: Mapping[str, Float[Tensor, ""]]) -> Float[Tensor, ""]:
    """Return the loss of its terms."""
    return torch.stack([weight * terms[name] for name, weight in WEIGHTS.items()]).sum()


def _sum_and_difference(stereo: Float[Tensor, "2 time"]) -> Float[Tensor, "2 time"]:
    return torch.stack([stereo[0] + stereo[1], stereo[0] - stereo[1]])


def _pieces(seen: Sequence[Range], length: float, shortest: float) -> list[Range]:
    """Return each range in equal pieces, about as long as asked; ranges too short are left out."""
    found = []
    for first, stop in seen:
        if stop - first >= shortest:
            edges = np.linspace(first, stop, max(1, round((stop - first) / length)) + 1).round()
            found += [(int(a), int(b)) for a, b in pairwise(edges)]
    return found


def _loudness_lufs(audio: Float[np.ndarray, "_channel time"], rate: int, name: str) -> float:
    found = integrated_loudness_lufs(audio, rate)
    if found is None:
        raise MixtraceError(
            f"Expected a {name} with a loudness; this one is silent or shorter than 0.4 s. "
            "Give another."
        )
    return found
