"""The published recipe run with GRAFX itself: the L_a and the sparsity to be compared with.

The console descends 6,000 steps on windows drawn anywhere, then comes a round of pruning (every
fourth by brute force, the others by dry/wet weight, each trial judged on all evaluation windows)
before every 500 of another 6,000 steps. Rules of pruning, windows and loss are mixtrace's own, so
that only what descends differs. Everything a run depends on is in its checkpoint: one that was
killed ends as if it had not been.

Source: Lee et al. 2025, arXiv 2509.15948, and its reference implementation.
"""

import json
import os
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from against_grafx import Peer
from grafx_peer import CHAIN
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from mixtrace.descent import SongWindows
from mixtrace.graph import CONSOLES, Graph, build_console, remove_nodes
from mixtrace.processors import Settings
from mixtrace.prune import PublishedRecipe, Round, brute_force, dry_wet
from mixtrace.session import Session

__all__ = ["TOLERANCE", "PeerTrials", "PublishedRun", "Stand"]

TOLERANCE = 0.01
"""How far above its console the result's L_a may lie; also the slack of a trial."""

_KINDS = CONSOLES["paper"].track_chain
_GRAFX_KIND = dict(zip(_KINDS, CHAIN, strict=True))
_BRUTE_FORCE_EVERY = 4
_SEED = 0
_SAVE_EVERY_S = 60.0


@dataclass
class Stand:
    """How far a run has come.

    Attributes:
        taken: steps in all.
        round: the latest round that has pruned; 0 is the console.
        step: steps since then.
        settled: the latest round whose steps are done and whose loss is known.
        whole: L_a of the song when it was last measured.
        lowest: the lowest of these.
        console: L_a of the console, once its steps are done.
        final: L_a of the last graph that was within the tolerance of the console.
        kept: processors of that graph.
        trials: pruning trials.
        seconds: spent, over all resumed parts.
    """

    taken: int = 0
    round: int = 0
    step: int = 0
    settled: int = 0
    whole: float | None = None
    lowest: float | None = None
    console: float | None = None
    final: float | None = None
    kept: int = 0
    trials: int = 0
    seconds: float = 0.0


class PeerTrials:
    """Judges removals from GRAFX's graph, as published: with their dry/wet weights at zero."""

    def __init__(self, peer: Peer, graph: Graph) -> None:
        """Take the peer, and the same graph as mixtrace writes it."""
        self._peer, self._graph = peer, graph

    def rows(self, removed: Collection[int]) -> dict[str, list[int]]:
        """Return the rows of some processors by GRAFX's name of their kind."""
        return {
            _GRAFX_KIND[kind]: [
                row for row, i in enumerate(self._graph.of_kind(kind)) if i in removed
            ]
            for kind in self._graph.kinds()
        }

    def loss(self, removed: Collection[int]) -> float:
        """Return the loss of the whole song without some processors."""
        return self._peer.loss(self.rows(removed))

    def keep(self, removed: Collection[int]) -> None:
        """Do nothing: nothing is remembered from one trial to the next."""


class PublishedRun:
    """One song through the published recipe, with GRAFX."""

    def __init__(
        self,
        session: Session,
        recipe: PublishedRecipe,
        checkpoint: Path,
        *,
        device: str = "cpu",
        on_progress: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Begin, or go on from the checkpoint where there is one.

        Args:
            session: tracks and mix at 30 kHz.
            recipe: numbers of steps and rounds, and the sparsity's weight and ramp.
            checkpoint: the file that keeps the run; it must be of the same song and recipe.
            device: where to compute.
            on_progress: called with a line to show after each step and trial.
        """
        self.stand = Stand()
        self._recipe, self._checkpoint, self._on_progress = recipe, checkpoint, on_progress
        self._windows = SongWindows(session, device)
        self._peer = Peer(session, self._windows)
        names = [(track.name, track.group) for track in session.tracks]
        self.console = build_console(names, CONSOLES["paper"])
        self._chains = [name for name, _ in names] + list(dict.fromkeys(g for _, g in names))
        if checkpoint.exists():
            with safe_open(checkpoint, "pt") as file:
                facts = {name: json.loads(text) for name, text in file.metadata().items()}
            self.stand = Stand(**facts["stand"])
            self._peer.model.restore(facts["chains"], load_file(checkpoint))
        self._clock, self._saved = time.monotonic() - self.stand.seconds, time.monotonic()

    def run(self) -> Stand:
        """Go to the end and return what was found."""
        stand, recipe = self.stand, self._recipe
        while stand.round == 0 and stand.step < recipe.console_steps:
            self._step("console", recipe.console_steps, 0.0)
        if stand.console is None:
            stand.console = stand.whole = stand.lowest = stand.final = self._peer.loss()
            stand.kept = len(self.console.processors)
            self.save()
        for number in range(stand.settled + 1, recipe.rounds + 1):
            if stand.round < number:
                self._prune(number)
            while stand.step < recipe.round_steps:
                ramp = min(1.0, (self._steps_after_console() + 1) / recipe.sparsity_ramp_steps)
                sparsity = ramp * recipe.descent.objective.sparsity
                self._step(f"round {number}", recipe.round_steps, sparsity)
            self._settle(number)
        return stand

    def graph(self) -> Graph:
        """Return what is left as mixtrace writes it, its rows those of GRAFX."""
        model = self._peer.model
        gone = [
            i
            for kind in _KINDS
            for chain, i in enumerate(self.console.of_kind(kind))
            if _GRAFX_KIND[kind] not in model.chains[chain]
        ]
        graph = remove_nodes(self.console, gone)
        for kind in _KINDS:
            ours = [graph.name(i) for i in graph.of_kind(kind)]
            theirs = [self._chains[chain] for chain in model.holders[_GRAFX_KIND[kind]]]
            assert ours == theirs, f"rows of {kind} must stand in one order in both programs"
        return graph

    def save(self) -> None:
        """Store the run: a file that was written whole takes the place of the one before."""
        self.stand.seconds = time.monotonic() - self._clock
        model = self._peer.model
        facts = {"stand": asdict(self.stand), "chains": model.chains}
        partial = self._checkpoint.with_suffix(".partial")
        save_file(model.memory(), partial, {name: json.dumps(f) for name, f in facts.items()})
        os.replace(partial, self._checkpoint)
        self._saved = time.monotonic()

    def _step(self, stage: str, total: int, sparsity: float) -> None:
        stand, windows = self.stand, self._windows
        rng = np.random.default_rng((_SEED, 1, stand.taken))
        start = int(rng.integers(max(1, windows.length - windows.time)))
        loss = self._peer.model.step(start, sparsity=sparsity)
        stand.taken, stand.step = stand.taken + 1, stand.step + 1
        self._report(f"{stage}, step {stand.step} of {total}", loss)
        if time.monotonic() - self._saved > _SAVE_EVERY_S:
            self.save()

    def _steps_after_console(self) -> int:
        return self.stand.taken - self._recipe.console_steps

    def _prune(self, number: int) -> None:
        """Remove what a round removes, under the bar of the lowest loss so far."""
        stand, model = self.stand, self._peer.model
        assert stand.lowest is not None, "a console is judged before it is pruned"
        graph = self.graph()
        trials = PeerTrials(self._peer, graph)
        weights = model.weights()
        wet = {kind: weights[_GRAFX_KIND[kind]] for kind in graph.kinds()}

        def tried(loss: float) -> None:
            stand.trials += 1
            self._report(f"pruning {number}, trial {stand.trials}", loss)

        bar = stand.lowest + TOLERANCE
        current = Round(
            graph,
            Settings.by_kind(graph.by_kind(), {kind: {} for kind in wet}, wet),
            trials,
            bar,
            TOLERANCE,
            tried,
        )
        policy = brute_force if number % _BRUTE_FORCE_EVERY == 0 else dry_wet
        removed = policy(current, np.random.default_rng((_SEED, number)))
        model.prune(trials.rows(removed))
        stand.round, stand.step = number, 0
        self.save()

    def _settle(self, number: int) -> None:
        """Measure the song after a round, and take the graph for the result if it holds."""
        stand = self.stand
        assert stand.console is not None and stand.lowest is not None
        stand.whole = self._peer.loss()
        stand.lowest = min(stand.lowest, stand.whole)
        if stand.whole <= stand.console + TOLERANCE:
            stand.final, stand.kept = stand.whole, len(self.graph().processors)
        stand.settled = number
        self.save()

    def _report(self, stage: str, loss: float) -> None:
        spent, recipe = time.monotonic() - self._clock, self._recipe
        steps = recipe.console_steps + recipe.rounds * recipe.round_steps
        left_s = spent / max(1, self.stand.taken) * (steps - self.stand.taken)
        self._on_progress(f"{stage}, loss {loss:.3f}, about {left_s / 60.0:.0f} min left")
