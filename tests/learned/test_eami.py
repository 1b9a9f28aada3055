"""The method: it learns a song, a stop changes nothing, and what is held out stays unknown."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from learned_song import RATE_HZ, TINY, Memory, plucks, session_of
from torch import Tensor

from mixtrace.errors import MixtraceError, StoreError
from mixtrace.learned import (
    START,
    Eami,
    EamiConfig,
    InferenceNetwork,
    OwnEngine,
    Sampling,
    Training,
    numbers_of,
    write_network,
)
from mixtrace.methods import Inversion, Method, Repeatable, Work
from mixtrace.progress import Progress
from mixtrace.session import Session
from mixtrace.store import Checkpoint

SHORT = Training(pairs=4, epochs=6)
CONFIG = EamiConfig(turns=2, training=SHORT, shape=TINY)
LEAST = EamiConfig(turns=1, training=Training(pairs=2, epochs=1), shape=TINY)


def same(first: Inversion, second: Inversion) -> bool:
    pairs = zip(first.settings.tensors(), second.settings.tensors(), strict=True)
    return first.losses == second.losses and all(torch.equal(a, b) for a, b in pairs)


def placed(found: Inversion) -> Tensor:
    """Return gain and pan, which are all that the planted song has."""
    return numbers_of(found.settings)[:, :2]


@pytest.fixture(scope="module")
def whole(planted: tuple[Session, Tensor]) -> Inversion:
    return Eami(CONFIG).invert(planted[0])


def test_it_is_a_method_that_can_be_repeated() -> None:
    method = Eami(CONFIG)
    assert isinstance(method, Method) and isinstance(method, Repeatable)
    assert method.reseeded(3).seed == 3
    assert method.choices()["recipe"] == "eami"


def test_a_tiny_network_adapts_to_a_song(planted: tuple[Session, Tensor]) -> None:
    session, numbers = planted
    training = Training(pairs=12, epochs=10, rate=1e-2)
    config = EamiConfig(
        turns=3, training=training, shape=TINY, sampling=Sampling(width=0.5, shrinking=0.85)
    )
    found = Eami(config).invert(session)
    wanted, start = numbers[:, :2], torch.tensor(START)[:2]
    error = float((placed(found) - wanted).square().mean())
    # It falls to a third; at three of four seeds to less than half.
    assert error < 0.6 * float((start - wanted).square().mean())
    losses = {name: loss["published"] for name, loss in found.losses.items()}
    assert losses["final"] < 0.5 * losses["start"]


def test_each_turn_is_told(whole: Inversion) -> None:
    turns = whole.evidence["turns"]
    assert [turn["turn"] for turn in turns] == [1, 2]
    assert [turn["width"] for turn in turns] == pytest.approx([0.4, 0.38])
    losses = [whole.losses["start"]["published"], *(turn["loss"] for turn in turns)]
    assert min(losses) == whole.losses["final"]["published"]
    history = whole.evidence["history"]
    assert len(history["loss"]) == len(history["seconds"]) == 2 * SHORT.steps
    assert whole.ended == "finished" and whole.why == "All 2 turns are done."


@pytest.mark.parametrize("stop", [1, 4, 8], ids=["mixing", "between steps", "the second turn"])
def test_what_is_stopped_anywhere_ends_the_same(
    planted: tuple[Session, Tensor], whole: Inversion, stop: int, tmp_path: Path
) -> None:
    keeper, told = Checkpoint(tmp_path / "checkpoint.safetensors", "0" * 64), iter(range(100))

    def interrupt(progress: Progress) -> None:
        if next(told) == stop:
            raise KeyboardInterrupt

    stopped = Eami(CONFIG).invert(planted[0], (), Work(keeper=keeper, on_progress=interrupt))
    assert stopped.ended == "stopped" and stopped.why.startswith("The user stopped it in turn")
    assert keeper.exists
    assert same(Eami(CONFIG).invert(planted[0], (), Work(keeper=keeper)), whole)


@pytest.mark.parametrize("kind", ["none", "random", "fixed"])
def test_each_way_to_sample_ends(planted: tuple[Session, Tensor], kind: str) -> None:
    found = Eami(replace(LEAST, sampling=Sampling(kind))).invert(planted[0])
    assert found.losses["final"]["published"] <= found.losses["start"]["published"]
    assert found.recipe["sampling"]["kind"] == kind


def test_what_is_held_out_of_the_mix_changes_nothing() -> None:
    dry = [plucks(0, high_hz=800.0, seconds=9.0), plucks(1, low_hz=1500.0, seconds=9.0)]
    numbers = 0.3 * torch.ones((2, 16))
    mix = OwnEngine().mix(numbers, [torch.from_numpy(a) for a in dry], RATE_HZ).numpy()
    other = mix.copy()
    other[:, 5 * RATE_HZ :] = 0.1
    held_out = [(5 * RATE_HZ, 9 * RATE_HZ)]
    first, second = (Eami(LEAST).invert(session_of(dry, audio), held_out) for audio in (mix, other))
    assert same(first, second)
    assert not same(first, Eami(LEAST).invert(session_of(dry, other)))


def test_trained_weights_look_once_or_adapt_on(
    planted: tuple[Session, Tensor], tmp_path: Path
) -> None:
    write_network(InferenceNetwork(TINY, seed=5), tmp_path, "0" * 64, {})
    once = Eami(EamiConfig(weights=tmp_path)).invert(planted[0])
    assert once.losses["final"] == once.losses["start"]
    assert once.why == "The network has looked at the song once."
    method = Eami(replace(LEAST, weights=tmp_path, adapt=True))
    assert method.choices()["weights"] == method.invert(planted[0]).recipe["weights"]
    assert method.invert(planted[0]).losses["start"] == once.losses["start"]


def test_a_silent_track_keeps_what_nothing_is_known_of(planted: tuple[Session, Tensor]) -> None:
    silence = np.zeros((1, 3 * RATE_HZ), np.float32)
    session = session_of([planted[0].tracks[0].audio, silence], planted[0].mix)
    numbers = numbers_of(Eami(LEAST).invert(session).settings)
    # Neither gain nor pan of it is moved; a round trip in single precision.
    torch.testing.assert_close(numbers[1, :2], torch.zeros(2), atol=1e-5, rtol=0.0)


@pytest.fixture(scope="module")
def stored(planted: tuple[Session, Tensor]) -> Memory:
    memory = Memory()
    Eami(LEAST).invert(planted[0], (), Work(keeper=memory))
    return memory


def _without_best(tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    del tensors["best"]


def _of_other_tracks(tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    tensors["centre"] = torch.zeros((3, 16))


def _of_another_network(tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    tensors["network.leaving.bias"] = torch.zeros(15)


def _with_a_negative_step(tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    facts["step"] = -1


@pytest.mark.parametrize(
    "spoil", [_without_best, _of_other_tracks, _of_another_network, _with_a_negative_step]
)
def test_a_state_of_something_else_is_refused(
    planted: tuple[Session, Tensor], stored: Memory, spoil: Any
) -> None:
    memory = Memory()
    memory.save(*stored.kept[-1])
    spoil(*memory.kept[-1])
    with pytest.raises(StoreError, match="Expected the stored state of this training"):
        Eami(LEAST).invert(planted[0], (), Work(keeper=memory))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"turns": 0}, "turns of 1 to"),
        ({"adapt": False}, "got neither"),
        ({"engine": "tape"}, "got 'tape'"),
        ({"seed": -1}, "a seed of 0 to"),
        ({"training": Training(pairs=0)}, "pairs a turn of 1 to"),
        ({"training": Training(rate=0.0)}, "a rate above 0"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(changes: Mapping[str, Any], words: str) -> None:
    with pytest.raises(MixtraceError, match=words):
        Eami(replace(CONFIG, **changes)).choices()
