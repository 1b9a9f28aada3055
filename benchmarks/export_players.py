"""Plays an exported song: by the program itself where there is one, else by a host of the tests.

Each player takes the folder of an export and what mixtrace renders, and returns what it heard, by
the name of the way in which it played.
"""

import csv
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float

__all__ = ["PLAYERS", "PROGRAM", "ardour_mix", "null_db"]

PROGRAM = "ardour7-export"
_MOST_SHIFT = 32
_ATTEMPTS = 3
_NEAR_DB = -50.0
"""Ardour's export tool aborts now and then on a machine that is busy."""

Sound = Float[np.ndarray, "2 time"]


def null_db(*, target: Sound, estimate: Sound) -> float:
    """Return the energy of the difference relative to that of the target, in dB."""
    return float(10.0 * np.log10(np.mean((estimate - target) ** 2) / np.mean(target**2) + 1e-30))


def ardour_mix(folder: Path, target: Sound) -> Sound:
    """Return what Ardour makes of the session in a folder.

    Some of its exports begin 16 samples early, all channels alike (one run of three on a machine
    that is busy): what is common to all of them is taken back. Some abort, and 2 of 100 came out as
    noise: it is asked again until it is near, three times at most, and the nearest counts.
    """
    (session,) = folder.glob("*.ardour")
    out = folder / "export" / "mix.wav"
    out.parent.mkdir(exist_ok=True)
    command = [PROGRAM, "-b", "float", "-o", str(out), str(folder), session.stem]
    made = []
    for _ in range(_ATTEMPTS):
        if subprocess.run(command, capture_output=True).returncode == 0:
            made.append(_shifted(_read(out), target))
            if null_db(target=target, estimate=made[-1]) < _NEAR_DB:
                break
    if not made:
        raise RuntimeError(f"Expected {PROGRAM} to export {folder}; it aborted every time.")
    return min(made, key=lambda one: null_db(target=target, estimate=one))


def _shifted(estimate: Sound, target: Sound) -> Sound:
    """Return the estimate moved by whole samples to where it is most like the target."""
    shifts = range(-_MOST_SHIFT, _MOST_SHIFT + 1)
    middle = slice(_MOST_SHIFT, -_MOST_SHIFT)
    return max(
        (np.roll(estimate, shift, 1) for shift in shifts),
        key=lambda moved: float(np.sum(moved[:, middle] * target[:, middle])),
    )


def _ardour(folder: Path, target: Sound) -> dict[str, Sound]:
    return {"ardour7-export": ardour_mix(folder, target)}


def _dawproject(folder: Path, target: Sound) -> dict[str, Sound]:
    from dawproject_host import DawProjectHost

    (project,) = folder.glob("*.dawproject")
    return {"the tests' host": DawProjectHost(project).mix()}


def _pedalboard(folder: Path, target: Sound) -> dict[str, Sound]:
    heard = {}
    for way in ("", "--exact"):
        out = folder.parent / f"played{way}.wav"
        command = [sys.executable, str(folder / "mix.py"), "-o", str(out), *filter(None, [way])]
        subprocess.run(command, check=True, capture_output=True)
        heard[f"mix.py {way}".strip()] = _read(out)
    return heard


def _stems(folder: Path, target: Sound) -> dict[str, Sound]:
    heard: dict[str, Sound] = {}
    with (folder / "stems.csv").open(encoding="utf-8", newline="") as lines:
        files = [row["file"] for row in csv.DictReader(lines)]
    for name in files:
        kind, part = Path(name).parts[0], _read(folder / name)
        heard[kind] = heard[kind] + part if kind in heard else part
    return heard


def _read(path: Path) -> Sound:
    return soundfile.read(path, dtype="float64", always_2d=True)[0].T


PLAYERS: Mapping[str, Callable[[Path, Sound], dict[str, Sound]]] = {
    "ardour": _ardour,
    "dawproject": _dawproject,
    "pedalboard": _pedalboard,
    "stems": _stems,
}
"""Target -> what plays it."""
