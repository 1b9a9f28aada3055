"""The dry tracks of known songs: excerpts of recorded songs, and tracks made by code."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float
from known_engines import RATE_HZ
from known_measures import BLOCK_S, sounding
from numpy.random import Generator

from mixtrace.examples import synthesise_tracks

__all__ = ["Dry", "dry_tracks"]

_CODE = "code"
_ORDER = (
    *("DaisyDaisy_known", "Beatles_known", _CODE, "DaisyDaisy_known", "MusicDelta_Zeppelin"),
    *("Beatles_known", "DaisyDaisy_known", _CODE, "MusicDelta_Reggae", "DaisyDaisy_known"),
    "Beatles_known",
)
"""Where songs 1, 2, 3, ... come from, over and over: eleven, so that every source meets odd and
even numbers and all engines."""

_INSTRUMENTS = {
    "DaisyDaisy_known": (
        *("Kick", "Snare", "Overheads", "Tom1", "Tom2", "BassDI", "BassAmp"),
        *("ElecGtr1", "ElecGtr2", "ElecGtr3", "LeadVox1", "LeadVox2"),
    ),
    "Beatles_known": (
        *("Drums", "Bass", "ElecGtr1", "LeadGtr", "AcousticGtr", "ElecGtr2"),
        *("LeadVox", "BackingVox"),
    ),
    "MusicDelta_Reggae": ("Drums", "Bass", "ElecGtr", "LeadVox"),
    "MusicDelta_Zeppelin": ("Bass", "Drums", "ElecGtr1", "ElecGtr2"),
    _CODE: ("Kick", "Snare", "HiHat", "Bass", "Keys", "AcousticGtr", "Synth", "LeadVox", "BackVox"),
}
"""What the tracks of a source are, in the order of their files."""

_FAMILIES = (
    *(("kick", "kick"), ("snare", "snare"), ("overhead", "overheads"), ("hihat", "overheads")),
    *(("tom", "toms"), ("drums", "drums"), ("bass", "bass"), ("gtr", "guitar"), ("keys", "keys")),
    *(("synth", "keys"), ("back", "backing"), ("vox", "vocal")),
)
_SHORTEST_S, _LONGEST_S = 18.0, 34.0
_SOUNDS = 0.2  # a track that sounds for less of the excerpt is left out
_SOFTEST = 10.0 ** (-26.0 / 20.0)  # peak; softer ones hold what their microphone heard of others
_LOOKS = 6  # excerpts of a song, of which the one with the most tracks is taken
_LEFT_OUT = 0.15  # chance of each track of a large song
_FEWEST = 5


@dataclass(frozen=True, eq=False)
class Dry:
    """A dry track.

    Attributes:
        name: what is played, after a number.
        family: whose habits its chain follows.
        audio: one or two channels.
    """

    name: str
    family: str
    audio: Float[np.ndarray, "_channel time"]


def dry_tracks(number: int, raws: Path, rng: Generator) -> tuple[str, list[Dry]]:
    """Return where the tracks of a song come from, and the tracks: an excerpt, some left out."""
    source = _ORDER[(number - 1) % len(_ORDER)]
    instruments = _INSTRUMENTS[source]
    duration_s = rng.uniform(_SHORTEST_S, _LONGEST_S)
    if source == _CODE:
        takes = _cut(list(synthesise_tracks(RATE_HZ, number).values()), duration_s, rng)
    else:
        takes = _excerpt(_files(raws / source), duration_s, rng)
    wanted = rng.random(len(takes)) >= (_LEFT_OUT if len(takes) > _FEWEST else 0.0)
    kept = [
        (name, audio)
        for name, audio, want in zip(instruments, takes, wanted, strict=True)
        if want and _sounds(audio)
    ]
    return source, [
        Dry(f"{place:02d}_{name}", _family(name), audio.astype(np.float32))
        for place, (name, audio) in enumerate(kept, 1)
    ]


def _files(folder: Path) -> list[Path]:
    found = sorted(
        file
        for inner in (folder / "tracks", folder / f"{folder.name}_RAW")
        if inner.is_dir()
        for file in inner.iterdir()
    )
    if not found:
        raise SystemExit(f"Expected raw tracks in {folder.name}; found none. Give --raws.")
    return found


def _excerpt(
    files: list[Path], duration_s: float, rng: Generator
) -> list[Float[np.ndarray, "_channel time"]]:
    shortest = min(soundfile.info(file).frames for file in files)
    time = min(round(duration_s * RATE_HZ), shortest)
    looks = []
    for first in rng.integers(0, shortest - time + 1, _LOOKS if shortest > 2 * time else 1):
        takes = [_read(file, int(first), time) for file in files]
        looks.append((sum(map(_sounds, takes)), takes))
    return max(looks, key=lambda look: look[0])[1]


def _read(file: Path, first: int, time: int) -> Float[np.ndarray, "_channel time"]:
    audio, rate = soundfile.read(file, time, first, dtype="float32", always_2d=True)
    if rate != RATE_HZ:
        raise SystemExit(f"Expected {file.name} at {RATE_HZ} Hz; it has {rate} Hz.")
    return np.ascontiguousarray(audio.T)


def _cut(
    takes: list[Float[np.ndarray, "_channel time"]], duration_s: float, rng: Generator
) -> list[Float[np.ndarray, "_channel time"]]:
    whole = takes[0].shape[-1]
    time = min(round(duration_s * RATE_HZ), whole)
    first = int(rng.integers(0, whole - time + 1))
    return [audio[:, first : first + time] for audio in takes]


def _sounds(audio: Float[np.ndarray, "_channel time"]) -> bool:
    on = sounding(audio, round(BLOCK_S * RATE_HZ))
    return bool(np.abs(audio).max() > _SOFTEST and on.mean() >= _SOUNDS)


def _family(name: str) -> str:
    return next(family for part, family in _FAMILIES if part in name.lower())
