"""A transfer: every feature nearer than of the equal sum, the same again after a stop, refusals."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from mixtrace.errors import AudioError, MixtraceError, StoreError
from mixtrace.methods import Work
from mixtrace.metrics.levels import integrated_loudness_lufs
from mixtrace.progress import Progress
from mixtrace.rendering import render_song
from mixtrace.transferring import TransferConfig, Transferred, equal_loudness, transfer_features
from mixtrace.transferring.start import start_console

RATE_HZ = 22_050
TRACKS = (("drums", "rhythm"), ("bass", "rhythm"), ("keys", "harmony"))


def music(seed: int, seconds: float = 2.5) -> list[np.ndarray]:
    """Return a beat of noise, a low tone and a chord, all mono."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    beat = np.exp(-20.0 * (time_s % 0.5)) * rng.standard_normal(len(time_s))
    bass = np.sin(2 * np.pi * 82.0 * time_s) + 0.3 * np.sin(2 * np.pi * 246.0 * time_s)
    notes = [np.sign(np.sin(2 * np.pi * f * time_s)) for f in (330.0, 415.0, 494.0)]
    parts = (0.3 * beat, 0.02 * bass, 0.2 * np.sum(notes, 0))
    return [part[None].astype(np.float32) for part in parts]


def reference(seed: int = 7) -> np.ndarray:
    """Return a darker, wider mix of other music, louder on the right."""
    beat, bass, chord = music(seed)
    dark = np.convolve(chord[0], np.ones(24) / 24, "same")
    centre = 0.5 * beat[0] + 3.0 * bass[0]
    return np.stack([centre + 0.5 * dark, centre + 1.5 * dark]).astype(np.float32)


def found(steps: int = 30, work: Work | None = None, seed: int = 0) -> Transferred:
    config = TransferConfig(steps=steps, seed=seed)
    return transfer_features(TRACKS, music(1), reference(), RATE_HZ, config=config, work=work)


@pytest.fixture(scope="module")
def whole() -> Transferred:
    return found()


def test_every_feature_is_nearer_than_that_of_the_equally_loud_sum(whole: Transferred) -> None:
    before, after = whole.likeness.loss_before, whole.likeness.loss_after
    assert all(after[name] < before[name] for name in before), (before, after)
    assert sum(after.values()) < 0.2 * sum(before.values())  # a fifth: far from by chance


def test_what_is_told_is_what_the_graph_renders(whole: Transferred) -> None:
    tracks = [torch.from_numpy(track) for track in music(1)]
    mix = render_song(whole.graph, whole.settings, tracks, RATE_HZ)
    rms = mix.square().mean(1).sqrt()
    # The whole song is one segment here; both renderers agree to 1e-5 of full scale.
    np.testing.assert_allclose(rms, whole.likeness.after.rms, atol=1e-4)


def test_what_nothing_misses_has_left_and_faders_stay(whole: Transferred) -> None:
    kinds = [whole.graph.nodes[i].kind for i in whole.graph.processors]
    assert kinds.count("fader") == len(TRACKS) + 1
    assert len(kinds) < 3 * (len(TRACKS) + 1)
    whole.settings.check({i: whole.graph.nodes[i].kind for i in whole.graph.processors})


def test_start_makes_tracks_equally_loud() -> None:
    audio = [*music(1), np.zeros_like(music(1)[0])]
    names = [*TRACKS, ("nothing", "rhythm")]
    graph, start = start_console(names, audio, RATE_HZ, seed=0)
    plain = equal_loudness(graph, start)
    for number, track in enumerate(audio[:3]):
        alone = [torch.from_numpy(t) if k == number else None for k, t in enumerate(audio)]
        heard = render_song(graph, plain, alone, RATE_HZ).numpy()
        own = integrated_loudness_lufs(heard, RATE_HZ)
        assert own == pytest.approx(-24.0, abs=0.01), track.shape  # the meter's own digits


class Kept:
    """A keeper in memory that stops the work after so many steps."""

    def __init__(self) -> None:
        self.stored: tuple[dict, dict] | None = None
        self.warning = ""

    def load(self) -> tuple[dict, dict] | None:
        return self.stored

    def save(self, tensors: dict, facts: dict) -> None:
        self.stored = {name: value.clone() for name, value in tensors.items()}, facts


def stopping_at(step: int) -> Iterator[Progress]:
    """Raise as Ctrl-C does once so many steps are told."""

    def told(progress: Progress) -> None:
        if progress.stage == "matching" and progress.done >= step:
            raise KeyboardInterrupt

    return told  # type: ignore[return-value]


def test_stopped_and_gone_on_it_ends_as_one_that_was_not(whole: Transferred) -> None:
    keeper = Kept()
    first = found(work=Work(keeper=keeper, on_progress=stopping_at(10)))  # type: ignore[arg-type]
    assert first.ended == "stopped" and keeper.stored is not None
    again = found(work=Work(keeper=keeper))  # type: ignore[arg-type]
    assert again.graph == whole.graph and again.ended == "finished"
    for own, other in zip(again.settings.tensors(), whole.settings.tensors(), strict=True):
        assert torch.equal(own, other)


def test_stored_state_of_another_transfer_is_refused() -> None:
    keeper = Kept()
    keeper.save({"fader/level_db/value": torch.zeros(2)}, {"seconds": 1.0, "history": {}})
    with pytest.raises(StoreError, match="Expected the stored state of this descent"):
        found(work=Work(keeper=keeper))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (TransferConfig(steps=-1), "Expected a number of steps from 0"),
        (TransferConfig(loudness_lufs=3.0), "Expected a loudness from -60 to 0 LUFS; got 3"),
        (TransferConfig(loudness_lufs=float("nan")), "Expected a loudness"),
        (TransferConfig(restraint=-1.0), "Expected a restraint"),
    ],
)
def test_choices_out_of_range_are_refused(config: TransferConfig, said: str) -> None:
    with pytest.raises(MixtraceError, match=said):
        transfer_features(TRACKS, music(1), reference(), RATE_HZ, config=config)


def test_silent_or_short_audio_is_refused() -> None:
    with pytest.raises(AudioError, match="Expected the reference to sound"):
        transfer_features(TRACKS, music(1), np.zeros((2, 60_000), np.float32), RATE_HZ)
    with pytest.raises(AudioError, match=r"Expected at least 2 s of the reference; got 1\.0 s"):
        transfer_features(TRACKS, music(1), reference()[:, :RATE_HZ], RATE_HZ)
    silent = [np.zeros_like(track) for track in music(1)]
    with pytest.raises(AudioError, match="Expected the tracks to sound"):
        transfer_features(TRACKS, silent, reference(), RATE_HZ)
