"""What the speed benchmarks run on: sessions of any size from real tracks, and both programs.

The tracks of MusicDelta_Reggae and Beatles_known are repeated under other names, each copy begun at
another moment, until there are enough; every bus gets as many of them as the next. Where the songs
are not at hand, noise takes their place: the tables say which it was.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from grafx_peer import GrafxPeer, PublishedLoss

from mixtrace.descent import Descent, Recipe, SongWindows, Variables
from mixtrace.graph import CONSOLES, ConsolePreset, build_console
from mixtrace.session import Alignment, Session, Track, read_session

__all__ = [
    "DATA",
    "RATE_HZ",
    "OursAtWork",
    "PeerAtWork",
    "audio_name",
    "buses_of",
    "make_session",
    "seconds_of",
]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RATE_HZ = 30_000
SECONDS = 30.0
_SONGS = ("MusicDelta_Reggae", "Beatles_known")
_SHIFT_S = 2.3


def buses_of(chains: int) -> int:
    """Return how many of some chains are buses: one in five, as 4 of 20."""
    return max(1, round(chains / 5))


def audio_name() -> str:
    """Return what the sessions are made of, in words."""
    return "real tracks, all mono" if (DATA / _SONGS[0]).is_dir() else "noise, all mono"


def make_session(tracks: int, buses: int, *, stereo: bool = False) -> Session:
    """Return a session of so many tracks and buses, 30 s long.

    Args:
        tracks: how many tracks.
        buses: how many buses they go to in turn.
        stereo: whether each track gets a right channel of its own, another moment of its audio.
    """
    sources, mix = _sources()
    length = round(SECONDS * RATE_HZ)
    made = []
    for number in range(tracks):
        source = sources[number % len(sources)]
        audio = np.resize(source, (1, length))
        audio = np.roll(audio, round(number * _SHIFT_S * RATE_HZ), axis=1)
        if stereo:
            audio = np.concatenate([audio, np.roll(audio, RATE_HZ, axis=1)])
        made.append(
            Track(
                f"track {number:03d}",
                f"bus {number % buses}",
                np.ascontiguousarray(audio),
                Alignment(),
                False,
                None,
                0,
            )
        )
    return Session("workload", RATE_HZ, np.resize(mix, (2, length)), tuple(made), ())


def _sources() -> tuple[list[np.ndarray], np.ndarray]:
    """Return mono tracks [time] and a mix [2, time]."""
    if not (DATA / _SONGS[0]).is_dir():
        rng = np.random.default_rng(0)
        noise = rng.normal(0.0, 0.1, (12, round(SECONDS * RATE_HZ))).astype(np.float32)
        return list(noise), noise[:2] + noise[2:4]
    sessions = [read_session(DATA / name, sample_rate_hz=RATE_HZ, align=False) for name in _SONGS]
    tracks = [track.audio[0] for session in sessions for track in session.tracks]
    longest = round(SECONDS * RATE_HZ)
    return [t[:longest] for t in tracks], sessions[-1].mix[:, :longest]


class OursAtWork:
    """Our descent on a console, `paper` where none is named, window after window."""

    def __init__(
        self, session: Session, device: str = "cpu", preset: ConsolePreset = CONSOLES["paper"]
    ) -> None:
        """Start from noise and compute the windows' dry spectra, which a fit does once."""
        names = [(track.name, track.group) for track in session.tracks]
        self.graph = build_console(names, preset)
        self.windows = SongWindows(session, device)
        start = Variables.random(self.graph, torch.Generator().manual_seed(0))
        recipe = Recipe()
        self.descent = Descent(self.graph, start, self.windows, recipe)
        self._objective, self._taken = recipe.objective, 0
        for _ in range(min(3, self.windows.count)):
            self.step()

    def step(self) -> None:
        """Take one step on the next of the first three windows, whose spectra are kept."""
        window = self.windows.window(self._taken % min(3, self.windows.count))
        self.descent.step([window], self._objective)
        self._taken += 1


class PeerAtWork:
    """GRAFX on the same session."""

    def __init__(self, session: Session, device: str = "cpu") -> None:
        """Build its console and take the first step, which is slower than all others."""
        groups: dict[str, list[int]] = {}
        for number, track in enumerate(session.tracks):
            groups.setdefault(track.group, []).append(number)
        tracks = [torch.from_numpy(track.audio) for track in session.tracks]
        mix = torch.from_numpy(session.mix)
        self._model = GrafxPeer(tracks, list(groups.values()), mix, seed=42, device=device)
        self._loss, self._mix = PublishedLoss().to(device), mix.to(device)
        self._model.step(0)

    def step(self) -> None:
        """Take one published step."""
        self._model.step(84_000)

    def evaluate(self) -> None:
        """Render one evaluation window and compare it with the mix."""
        estimate = self._model.render(84_000)
        target = self._mix[:, 84_000 : 84_000 + estimate.shape[1]]
        with torch.no_grad():
            self._loss(target=target, estimate=estimate)


def seconds_of(action: Callable[[], object]) -> float:
    """Return the wall time of one call, until all it asked of a GPU is done."""
    _await_gpu()
    began = time.perf_counter()
    action()
    _await_gpu()
    return time.perf_counter() - began


def _await_gpu() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
