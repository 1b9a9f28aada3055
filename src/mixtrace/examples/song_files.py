"""A song that was made by code, as files for a user: tracks, mix and manifest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float

from mixtrace.session.manifest import MANIFEST_NAME
from mixtrace.store import naming, put

__all__ = ["MadeTrack", "write_song"]


@dataclass(frozen=True, eq=False)
class MadeTrack:
    """A track.

    Attributes:
        name: of the track and of its file, plain words.
        group: of its bus.
        audio: what is written, below full scale.
    """

    name: str
    group: str
    audio: Float[np.ndarray, "_channel time"]


def write_song(
    part_of: Callable[[str], Path],
    name: str,
    tracks: Sequence[MadeTrack],
    mix: Float[np.ndarray, "2 time"],
    sample_rate_hz: int,
) -> None:
    """Write `tracks/*.wav`, `mix.wav` (24 bit) and `session.toml`.

    Args:
        part_of: returns where to write a file of the song's folder; see `stage`.
        name: of the song, a plain word.
        tracks: in the order of the song.
        mix: of the tracks.
        sample_rate_hz: of all audio.

    Raises:
        OSError: a file cannot be written.
    """
    lines = [f'name = "{name}"', 'mix = "mix.wav"']
    for track in tracks:
        path = f"tracks/{track.name}.wav"
        _write(part_of(path), track.audio, sample_rate_hz)
        lines += ["", "[[tracks]]", f'path = "{path}"', f'group = "{track.group}"']
    _write(part_of("mix.wav"), mix, sample_rate_hz)
    put(part_of(MANIFEST_NAME), ("\n".join(lines) + "\n").encode())


def _write(path: Path, audio: Float[np.ndarray, "channel time"], sample_rate_hz: int) -> None:
    with naming(path), path.open("wb") as file:
        form = {"format": "WAV", "subtype": "PCM_24", "closefd": False}
        soundfile.write(file.fileno(), audio.T, sample_rate_hz, **form)
