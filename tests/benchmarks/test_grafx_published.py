"""GRAFX pruned as published: its graph without some processors, and a run that was interrupted."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from mixtrace.prune import SearchConfig
from mixtrace.session import Alignment, Session, Track

RATE_HZ = 30_000
GROUPS = [[0, 2], [1]]

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("grafx") is None,
        reason="GRAFX is absent: see benchmarks/README.md for its installation",
    ),
    pytest.mark.filterwarnings("ignore"),  # GRAFX and what it imports warn of their own code
]


@pytest.fixture(scope="module")
def published(benchmark_module: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_module("grafx_published")


@pytest.fixture(scope="module")
def console(published: ModuleType):
    """Return the console of three tracks and two buses, a step from its start, and its memory."""
    noise = torch.Generator().manual_seed(0)
    tracks = [0.1 * torch.randn((1, RATE_HZ), generator=noise) for _ in range(3)]
    made = sys.modules["grafx_peer"].GrafxPeer(tracks, GROUPS, sum(tracks), seed=0)
    made.step(0)
    return made, made.chains, made.memory()


@pytest.fixture
def peer(console):
    """Return that console as it was at first."""
    made, chains, memory = console
    made.restore(chains, memory)
    return made


def noise_session() -> Session:
    """Return a song of one window, one track and one bus."""
    rng = np.random.default_rng(0)
    audio = (0.1 * rng.standard_normal((1, 3 * RATE_HZ))).astype(np.float32)
    track = Track("kick", "drums", audio, Alignment(), False, None, 0)
    return Session("noise", RATE_HZ, 0.5 * np.repeat(audio, 2, 0), (track,), ())


EVERYTHING = "eq compressor noisegate stereo_imager gain_panning delay reverb".split()
REMOVALS = {
    "a few, and a kind on all tracks": {"eq": [0, 3], "compressor": [4], "delay": [0, 1, 2]},
    "chains and a kind altogether": {
        **{kind: [1, 3] for kind in EVERYTHING},
        "reverb": range(5),
    },
}


@pytest.mark.parametrize("removed", REMOVALS.values(), ids=REMOVALS)
def test_what_is_removed_sounds_as_with_weights_of_zero(peer, removed):
    whole, expected = peer.render(0), peer.render(0, removed=removed)
    weights = peer.weights()
    peer.prune(removed)
    # Sums and transforms of other batches round otherwise; removing changes far more.
    torch.testing.assert_close(peer.render(0), expected, rtol=0.0, atol=1e-5)
    assert float((whole - expected).abs().max()) > 1e-3
    for kind, rows in removed.items():
        kept = [row for row in range(5) if row not in rows]
        assert peer.holders[kind] == kept
        assert peer.weights().get(kind, torch.zeros(0)).tolist() == weights[kind][kept].tolist()


def test_a_stored_peer_steps_on_as_if_it_had_not_been(peer):
    peer.prune({"eq": [0], "reverb": range(5)})
    peer.step(0)
    chains, memory = peer.chains, peer.memory()
    expected = [peer.step(0, sparsity=1e-2) for _ in range(2)]
    peer.restore(chains, memory)
    assert [peer.step(0, sparsity=1e-2) for _ in range(2)] == expected


def test_an_interrupted_run_ends_as_one_that_was_not(
    published: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(published, "_BRUTE_FORCE_EVERY", 1)
    monkeypatch.setattr(published, "_SAVE_EVERY_S", 0.0)
    config = SearchConfig("paper", "hybrid", console_steps=1, rounds=1, round_steps=2)
    session, recipe, seen = noise_session(), config.resolve(), []

    def interrupt(line: str) -> None:
        seen.append(line)
        # The second step's message comes before it is stored: it is taken again.
        if line.startswith("round 1, step 2") or len(seen) == 4:
            raise KeyboardInterrupt

    whole = published.PublishedRun(session, recipe, tmp_path / "whole.pt").run()
    parts = tmp_path / "parts.pt"
    for on_progress in (interrupt, interrupt, lambda line: None):
        run = published.PublishedRun(session, recipe, parts, on_progress=on_progress)
        try:
            ended = run.run()
        except KeyboardInterrupt:
            continue
    assert seen[3].startswith("pruning 1") and seen[-1].startswith("round 1, step 2")
    assert {**asdict(ended), "seconds": 0} == {**asdict(whole), "seconds": 0}
    assert (ended.taken, ended.settled, ended.trials) == (3, 1, 14)
    assert ended.final <= ended.console + published.TOLERANCE
