"""The engine that plays equalizers, compressors and gates by LV2 plug-ins of LSP, off-line.

Each is run by `lv2apply` of lilv, as a process of its own, on a file.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from jaxtyping import Float32

from mixtrace.errors import MixtraceError
from mixtrace.exporting import Project
from mixtrace.exporting.pedalboard.devices import Device
from mixtrace.processors import Settings
from mixtrace.progress import Steps
from mixtrace.refining.engine import PedalboardEngine, Span
from mixtrace.refining.lsp import NEEDED_PLUG_INS, PLUG_IN, lsp_device
from mixtrace.store import PlugIn
from mixtrace.store.audio_files import write_float_audio

__all__ = ["Lv2Engine"]

_HOST, _LIST = "lv2apply", "lv2ls"
_LIST_LIMIT_S = 60.0
_PRE_ROLL_S = 0.5
"""Silence played before the sound: dials of plug-ins glide to where they stand."""

_LIMIT_S, _LIMIT_PER_S = 60.0, 20.0
"""When a plug-in is taken to hang: so long, and so much for each second of sound."""

Audio = Float32[np.ndarray, "2 time"]


class Lv2Engine(PedalboardEngine):
    """LSP's plug-ins for what they do, and for all else what `PedalboardEngine` plays."""

    def __init__(self, project: Project, scratch: Path, report: Steps) -> None:
        """See `PedalboardEngine`.

        Raises:
            MixtraceError: the host, a plug-in or pedalboard is not installed.
        """
        _check_installed()
        super().__init__(project, scratch, report)
        self._rate_hz, self._scratch = project.sample_rate_hz, scratch

    def render(self, settings: Settings, spans: Sequence[Span]) -> list[Audio]:
        """Return parts of the mix; parts that touch are played as one, for that is faster."""
        runs = _joined(spans)
        played = dict(zip(runs, super().render(settings, runs), strict=True))
        found = []
        for start, stop in spans:
            run = next(each for each in runs if each[0] <= start and stop <= each[1])
            found.append(played[run][:, start - run[0] : stop - run[0]])
        return found

    def plug_ins(self, settings: Settings) -> tuple[PlugIn, ...]:
        """Return every plug-in with its dials, in the order of the graph."""
        project = replace(self._project, settings=settings.only(self._project.graph.processors))
        return tuple(
            PlugIn(project.graph.name(node), **plug_in.settings)
            for node in project.graph.processors
            for plug_in in _plug_ins_in(lsp_device(project.node(node)))
        )

    def _device(self, project: Project, node: int, response: Callable[[int], str]) -> Device:
        theirs = lsp_device(project.node(node))
        return super()._device(project, node, response) if theirs is None else theirs

    def _made(self, told: Device, start_s: float) -> Any:
        if told.name == PLUG_IN:
            return _PlugIn(**told.settings, rate_hz=self._rate_hz, scratch=self._scratch)
        return super()._made(told, start_s)


@dataclass(frozen=True)
class _PlugIn:
    """A plug-in with its dials, as the player takes a device."""

    uri: str
    dials: Mapping[str, float]
    rate_hz: int
    scratch: Path

    def __call__(self, audio: np.ndarray, key: np.ndarray | None) -> np.ndarray:
        """Return what it makes of the audio, as much as came.

        Raises:
            MixtraceError: it breaks down or hangs.
        """
        before = round(_PRE_ROLL_S * self.rate_hz)
        entering, leaving = self.scratch / "entering.wav", self.scratch / "leaving.wav"
        leaving.unlink(missing_ok=True)
        write_float_audio(entering, np.pad(audio, ((0, 0), (before, 0))), self.rate_hz)
        dials = [word for name, v in self.dials.items() for word in ("-c", name, repr(v))]
        command = [_HOST, *dials, "-i", str(entering), "-o", str(leaving), self.uri]
        wanted = audio.shape[1] + before
        limit_s = _LIMIT_S + _LIMIT_PER_S * wanted / self.rate_hz
        try:
            _run(command, limit_s)
            played, _ = soundfile.read(leaving, dtype="float32", always_2d=True)
        except (OSError, soundfile.SoundFileError) as error:
            raise self._broken() from error
        if played.shape != (wanted, 2):
            raise self._broken()
        return np.ascontiguousarray(played[before:].T)

    def _broken(self) -> MixtraceError:
        return MixtraceError(
            f"Expected {self.uri} to play to its end; it broke down. Install lsp-plugins-lv2 and "
            "lilv-utils anew, or choose --engine pedalboard."
        )


def _plug_ins_in(made: Device | None) -> Iterator[Device]:
    """Yield the plug-ins among the devices that a device consists of."""
    if made is not None and made.name == PLUG_IN:
        yield made
    elif made is not None:
        for inside in made.inside or ():
            yield from _plug_ins_in(inside)


def _run(command: Sequence[str], limit_s: float) -> str:
    """Return what a command prints; a Ctrl-C that is meant for us does not reach it.

    Raises:
        OSError: it cannot be begun, or takes longer than it may.
    """
    try:
        ended = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=limit_s,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(limit_s) from error
    return ended.stdout.decode("utf-8", "replace")


def _check_installed() -> None:
    """Refuse where the host or one of the plug-ins is missing."""
    lacking = [name for name in (_HOST, _LIST) if shutil.which(name) is None]
    if not lacking:
        try:
            known = _run([_LIST], _LIST_LIMIT_S).split()
        except OSError:
            known = []
        lacking = [uri for uri in NEEDED_PLUG_INS if uri not in known]
    if lacking:
        raise MixtraceError(
            f"Expected LV2 plug-ins of LSP and lilv's {_HOST}, which the result is carried to; "
            f"{lacking[0]} is not installed. Install lsp-plugins-lv2 and lilv-utils, or choose "
            "--engine pedalboard."
        )


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Return spans, of which those that touch are one.

    >>> _joined([(5, 9), (0, 3), (2, 5), (20, 30)])
    [(0, 9), (20, 30)]
    """
    found: list[Span] = []
    for start, stop in sorted(spans):
        if found and start <= found[-1][1]:
            start, stop = found[-1][0], max(stop, found.pop()[1])
        found.append((start, stop))
    return found
