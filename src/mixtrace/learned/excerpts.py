"""What a network is shown of a song: windows of its mix, or of mixes that an engine makes of it.

The windows are those in which L_a is measured: 3.8 s, of which the first second is rendered and not
looked at, so that tails and detectors have settled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from mixtrace.descent import SongWindows
from mixtrace.learned.engine import Engine
from mixtrace.learned.features import LogMel
from mixtrace.session import Session

__all__ = ["Batch", "Example", "Excerpts", "batch_of"]

_SILENT = 1e-5  # peak, -100 dB: as in the windows of L_a


@dataclass(frozen=True)
class Example:
    """A window as a network sees it.

    Attributes:
        mix: spectra of the mix.
        tracks: of its dry tracks, those that sound in the window.
        rows: which tracks of the song these are.
        frames: how many frames lie within the song.
        numbers: what made the mix, where that is known.
    """

    mix: Float[Tensor, "2 frame 80"]
    tracks: Float[Tensor, "track 2 frame 80"]
    rows: tuple[int, ...]
    frames: int
    numbers: Float[Tensor, "track 16"] | None = None


@dataclass(frozen=True)
class Batch:
    """Several examples as one; see `InferenceNetwork.forward`."""

    mixes: Float[Tensor, "mix 2 frame 80"]
    tracks: Float[Tensor, "track 2 frame 80"]
    owners: Int64[Tensor, " track"]
    frames: Int64[Tensor, " mix"]


class Excerpts:
    """The windows of a song.

    Attributes:
        starts: first samples of those in which the mix may be looked at.
        tracks: how many the song has.
    """

    def __init__(self, session: Session, windows: SongWindows) -> None:
        """Take the audio of a session and its windows; nothing is computed yet."""
        self.starts, self.tracks = windows.starts, len(session.tracks)
        self._session, self._windows = session, windows
        self._mel = LogMel(session.sample_rate_hz)

    def drawn_start(self, rng: np.random.Generator) -> int:
        """Return where a window begins that may lie anywhere in what is not held out."""
        ranges = self._windows.anywhere or [(start, start + 1) for start in self.starts]
        sizes = np.array([stop - start for start, stop in ranges])
        start, stop = ranges[rng.choice(len(ranges), p=sizes / sizes.sum())]
        return int(rng.integers(start, stop))

    def sounding(self, start: int) -> tuple[int, ...]:
        """Return the tracks that sound in a window."""
        audio, end = self._session.audio, start + self._windows.time
        return tuple(
            k for k in range(self.tracks) if np.abs(audio[k][:, start:end]).max(initial=0) > _SILENT
        )

    def real(self, start: int) -> Example:
        """Return a window of the song's own mix."""
        mix = self._cut(self._session.mix, start)
        return self._example(mix, self._dry(self.sounding(start), start), start)

    def made(
        self,
        start: int,
        numbers: Float[Tensor, "track 16"],
        engine: Engine,
        rows: tuple[int, ...] | None = None,
    ) -> Example:
        """Return a window of a mix that an engine makes.

        Args:
            start: where it begins.
            numbers: of all tracks of the song.
            engine: makes the mix.
            rows: the tracks that are mixed; None for all that sound in the window.
        """
        dry = self._dry(self.sounding(start) if rows is None else rows, start)
        own = numbers[list(dry)]
        mix = engine.mix(own, list(dry.values()), self._session.sample_rate_hz)
        return self._example(mix, dry, start, own)

    def _dry(self, rows: Sequence[int], start: int) -> dict[int, Float[Tensor, "_channel time"]]:
        audio = self._session.audio
        return {k: self._cut(audio[k], start) for k in rows}

    def _example(
        self,
        mix: Float[Tensor, "2 time"],
        dry: dict[int, Tensor],
        start: int,
        numbers: Float[Tensor, "track 16"] | None = None,
    ) -> Example:
        within = min(self._windows.time, self._windows.length - start) - self._windows.warm_up
        seen = [track[:, self._windows.warm_up :].expand(2, -1) for track in dry.values()]
        spectra = self._mel(torch.stack([mix[:, self._windows.warm_up :], *seen]))
        frames = max(1, self._mel.frames(within))
        return Example(spectra[0], spectra[1:], tuple(dry), frames, numbers)

    def _cut(self, audio: np.ndarray, start: int) -> Float[Tensor, "_channel time"]:
        piece = torch.from_numpy(np.array(audio[:, start : start + self._windows.time]))
        return functional.pad(piece, (0, self._windows.time - piece.shape[-1]))


def batch_of(examples: Sequence[Example], device: torch.device) -> Batch:
    """Return examples as one batch; each has a track."""
    counts = torch.tensor([len(example.rows) for example in examples])
    return Batch(
        torch.stack([example.mix for example in examples]).to(device),
        torch.cat([example.tracks for example in examples]).to(device),
        torch.arange(len(examples)).repeat_interleave(counts).to(device),
        torch.tensor([example.frames for example in examples]).to(device),
    )
