"""Whether a term on loudness dynamics helps the descent: results refined with and without it.

    python benchmarks/dynamics_term.py SONGS RESULTS [--weights 0 0.25 1] [--steps 100]

SONGS is a folder that `known_songs.py` wrote, RESULTS has a folder for each song with what
`mixtrace fit` wrote. Each result of the development half is refined for some steps more on L_a plus
so many times the term, and scored against the truth. The term is the mean of |d(estimate) -
d(mix)|, d = log of short over log of long loudness: energies averaged by one pole over 50 ms and 1
s, and over 100 ms and 2 s, the long one half their difference later (Yu et al. 2025, arXiv
2504.14735); left, right, mid and side count alike.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from known_facts import TRUTH, read_truth
from known_facts_found import found_facts
from known_score import tables
from known_scores import Scores, score
from torch import Tensor

from mixtrace.descent import Descent, Recipe, SongWindows, Variables, song_loss
from mixtrace.descent.windows import Target
from mixtrace.losses import LossParts
from mixtrace.metrics import LOSS_RATE_HZ
from mixtrace.rendering import DryAudio
from mixtrace.session import Session, read_session
from mixtrace.store import GRAPH, StoredGraph, read_graph

FRAME_S = 0.005
SPANS_S = ((0.05, 1.0), (0.1, 2.0))
FLOOR = 1e-8


def dynamics(audio: Float[Tensor, "window 2 time"], rate: float) -> Float[Tensor, "window 8 frame"]:
    """Return log short over log long loudness of left, right, mid and side, every 5 ms."""
    left, right = audio.unbind(1)
    sides = torch.stack([left, right, left + right, left - right], 1)
    samples = round(FRAME_S * rate)
    frames = audio.shape[-1] // samples
    energy = sides[..., : frames * samples].unflatten(-1, (frames, samples)).square().mean(-1)
    energy = energy.clamp(min=FLOOR)
    found = []
    for short_s, long_s in SPANS_S:
        late = round(0.5 * (long_s - short_s) / FRAME_S)
        short = torch.log(averaged(energy, short_s))[..., : frames - late]
        found.append(short - torch.log(averaged(energy, long_s))[..., late:])
    shortest = min(f.shape[-1] for f in found)
    return torch.cat([f[..., :shortest] for f in found], 1)


def averaged(
    energy: Float[Tensor, "window side frame"], time_s: float
) -> Float[Tensor, "window side frame"]:
    """Return the average by one pole of a time constant, begun with the first value."""
    frames = energy.shape[-1]
    keep = float(np.exp(-FRAME_S / time_s))
    lag = torch.arange(frames)[:, None] - torch.arange(frames)
    weight = torch.where(lag >= 0, (1.0 - keep) * keep ** lag.clamp(min=0), 0.0)
    weight[:, 0] += keep ** (torch.arange(frames) + 1.0)
    return energy @ weight.T.to(energy.dtype)


class Moved(SongWindows):
    """The windows of a song whose loss has a term on dynamics."""

    def __init__(self, session: Session, weight: float) -> None:
        """Take the audio of a session, and the weight of the term."""
        super().__init__(session)
        self._weight, self._audio = weight, torch.from_numpy(session.mix)
        self._wanted: dict[int, Tensor] = {}
        self.at_once = 1

    def window(self, number: int) -> tuple[DryAudio, Target]:
        """Return a window, and remember how the mix moves in it."""
        dry, target = super().window(number)
        first = self.starts[number] + self.warm_up
        mix = self._audio[:, first : first + self.time - self.warm_up]
        mix = torch.nn.functional.pad(mix, (0, self.time - self.warm_up - mix.shape[-1]))
        self._wanted[id(target.features)] = dynamics(mix[None], self.sample_rate_hz)
        return dry, target

    def compare(self, estimate: Float[Tensor, "window 2 time"] | None, target: Target) -> LossParts:
        """Return the loss in parts; the term is added to each logarithmic distance."""
        parts = super().compare(estimate, target)
        wanted = self._wanted.get(id(target.features))
        if wanted is None or estimate is None or not estimate.requires_grad:
            return parts
        moved = dynamics(estimate[..., self.warm_up :], self.sample_rate_hz)
        term = self._weight * (moved - wanted).abs().mean()
        return replace(parts, log_distance=parts.log_distance + term)


def refined(stored: StoredGraph, windows: Moved, steps: int) -> StoredGraph:
    """Return a result whose settings have taken some steps more."""
    recipe = Recipe(pace=0.3)
    descent = Descent(stored.graph, Variables.from_settings(stored.settings), windows, recipe)
    order = np.random.default_rng(0)
    for step in range(steps):
        chosen = order.choice(windows.count, min(recipe.batch, windows.count), replace=False)
        batch = [windows.window(int(number)) for number in chosen]
        descent.step(batch, recipe.objective, rate=1.0 - 0.9 * step / steps)
    return replace(stored, settings=descent.variables.settings().map(Tensor.detach))


def main() -> None:
    """Refine and score, and print a table for each weight."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 0.25, 1.0])
    parser.add_argument("--steps", type=int, default=100)
    arguments = parser.parse_args()
    totals = {weight: Scores() for weight in arguments.weights}
    losses: dict[float, list[float]] = {weight: [] for weight in arguments.weights}
    for folder in sorted(p for p in arguments.songs.iterdir() if (p / TRUTH).is_file()):
        result = arguments.results / folder.name / GRAPH
        true = read_truth(folder / TRUTH)
        if true.half != "development" or not result.is_file():
            continue
        stored = read_graph(result)
        alignments = {track.name: track.alignment for track in stored.tracks}
        session = read_session(folder, sample_rate_hz=LOSS_RATE_HZ, alignments=alignments)
        audio = {track.name: track.audio for track in session.tracks}
        dry = [audio[stored.graph.name(i)] for i in stored.graph.inputs]
        plain = SongWindows(session)
        for weight in arguments.weights:
            ended = refined(stored, Moved(session, weight), arguments.steps)
            losses[weight].append(song_loss(ended.graph, ended.settings, plain)["published"])
            totals[weight].add(score(true, found_facts(ended, dry, session.sample_rate_hz)))
            print(f"{folder.name} weight {weight}: L_a {losses[weight][-1]:.4f}", flush=True)
    for weight, total in totals.items():
        count = len(losses[weight])
        print(f"\nWeight {weight}: mean L_a {np.mean(losses[weight]):.4f}\n")
        scored = {"development": total, "unseen": Scores()}
        print("\n".join(tables(scored, {"development": count, "unseen": 0})))


if __name__ == "__main__":
    main()
