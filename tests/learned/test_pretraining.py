"""Training on many songs: it learns, goes on where it stopped, and leaves out what is broken."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from learned_song import RATE_HZ, TINY, Memory, plucks, session_of

from mixtrace.errors import AudioError, MixtraceError
from mixtrace.learned import Pretrained, PretrainingConfig, Training, pretrain
from mixtrace.methods import Work
from mixtrace.progress import Progress
from mixtrace.session import Session

CONFIG = PretrainingConfig(turns=2, training=Training(pairs=5, epochs=3, rate=3e-3), shape=TINY)


def song(number: int) -> Session:
    dry = [plucks(10 * number + k, low_hz=300.0 * k) for k in range(2)]
    return session_of(dry, np.zeros((2, 3 * RATE_HZ), np.float32))


def broken_second(number: int) -> Session:
    if number == 1:
        raise AudioError("Expected a file; song 2 has none. Fetch it again.")
    return song(number)


def trained(config: PretrainingConfig = CONFIG, work: Work | None = None) -> Pretrained:
    return pretrain(song, 3, config, work or Work())


def weights(found: Pretrained) -> list[torch.Tensor]:
    return list(found.network.state_dict().values())


def test_the_error_falls() -> None:
    config = replace(CONFIG, training=Training(pairs=8, epochs=20, rate=1e-2))
    found = trained(config)
    errors = found.history["loss"]
    assert np.mean(errors[-10:]) < 0.9 * np.mean(errors[:5])
    assert len(errors) == 2 * config.training.steps and not found.stopped


@pytest.fixture(scope="module")
def whole() -> list[torch.Tensor]:
    return weights(trained())


@pytest.mark.parametrize("stop", [2, 6, 14], ids=["mixing", "between steps", "the second turn"])
def test_what_is_stopped_anywhere_ends_with_the_same_weights(
    whole: list[torch.Tensor], stop: int
) -> None:
    memory, told = Memory(), iter(range(100))

    def interrupt(progress: Progress) -> None:
        if next(told) == stop:
            raise KeyboardInterrupt

    assert trained(work=Work(keeper=memory, on_progress=interrupt)).stopped
    found = weights(trained(work=Work(keeper=memory)))
    assert all(torch.equal(a, b) for a, b in zip(found, whole, strict=True))


def test_another_seed_ends_with_other_weights(whole: list[torch.Tensor]) -> None:
    found = weights(trained(replace(CONFIG, seed=1)))
    assert not all(torch.equal(a, b) for a, b in zip(found, whole, strict=True))


def test_a_song_that_cannot_be_read_is_left_out_and_told_once() -> None:
    found = pretrain(broken_second, 3, CONFIG, Work())
    assert found.skipped == ("Expected a file; song 2 has none. Fetch it again.",)
    assert len(found.history["loss"]) == 2 * CONFIG.training.steps


def test_a_corpus_of_broken_songs_is_refused() -> None:
    with pytest.raises(MixtraceError, match=r"none can\. Expected a file; song 2 has none"):
        pretrain(lambda number: broken_second(1), 3, CONFIG, Work())


def test_one_song_is_enough() -> None:
    found = pretrain(song, 1, replace(CONFIG, turns=1), Work())
    assert len(found.history["loss"]) == CONFIG.training.steps


def test_the_error_of_numbers_is_not_told_as_a_loss_of_audio() -> None:
    told: list[Progress] = []
    trained(replace(CONFIG, turns=1), Work(on_progress=told.append))
    assert told and all(progress.loss is None for progress in told)
    assert {progress.stage for progress in told} == {"turn 1 of 1", "turn 1 of 1, mixing"}
