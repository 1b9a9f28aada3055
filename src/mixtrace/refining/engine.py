"""An engine: what renders a graph of ours with plug-ins of others; that of pedalboard."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from mixtrace.errors import MixtraceError
from mixtrace.exporting import Channel, Project
from mixtrace.exporting.freezing import frozen
from mixtrace.exporting.pedalboard import devices
from mixtrace.exporting.pedalboard.devices import Device, device, expressible
from mixtrace.exporting.pedalboard.wiring import feeds_of, in_order
from mixtrace.processors import Settings
from mixtrace.progress import Steps
from mixtrace.store import PlugIn
from mixtrace.store.audio_files import write_float_audio

__all__ = ["Engine", "PedalboardEngine", "Span"]

_PLAYER = Path(devices.__file__).with_name("player.py")
_THEIRS = "pedalboard."

Span = tuple[int, int]
"""First sample and the one behind the last, at the project's rate."""


@runtime_checkable
class Engine(Protocol):
    """What turns settings into audio by plug-ins."""

    def told(self, settings: Settings) -> object:
        """Return what the plug-ins are told; equal for settings that sound the same there."""
        ...

    def render(
        self, settings: Settings, spans: Sequence[Span]
    ) -> list[Float32[np.ndarray, "2 span"]]:
        """Return parts of the mix, each rendered from silence before it."""
        ...


class PedalboardEngine:
    """Spotify's pedalboard: the chain that `mix.py` of an export has, played in this process."""

    def __init__(self, project: Project, scratch: Path, report: Steps) -> None:
        """Render what nothing stands for, once; it is played as audio from then on.

        Args:
            project: the mix.
            scratch: an empty folder for impulse responses, which is the caller's to remove.
            report: see `Steps`.

        Raises:
            MixtraceError: pedalboard is not installed.
        """
        if find_spec("pedalboard") is None:
            raise MixtraceError(
                "Expected pedalboard, whose plug-ins the result is carried to; it is not "
                "installed. Install it with: pip install 'mixtrace[refine]'"
            )
        graph = project.graph
        strange = [i for i in graph.processors if not expressible(graph.nodes[i].kind)]
        self._project = frozen(project, strange, report)
        self._player = _player(project.sample_rate_hz, scratch)
        self._responses = _Responses(scratch)

    def told(self, settings: Settings) -> object:
        """Return the tables of all devices as they are heard, and what feeds what."""
        channels, chains = self._chains(settings)
        heard = [[_heard(made).table() for made in chain] for chain in chains]
        return heard, [feeds_of(channels, channel) for channel in channels]

    def render(
        self, settings: Settings, spans: Sequence[Span]
    ) -> list[Float32[np.ndarray, "2 span"]]:
        """Return parts of the mix; see `Engine`."""
        channels, chains = self._chains(settings)
        tracks = [
            np.broadcast_to(audio, (2, audio.shape[-1]))
            for channel in channels
            if channel.input is not None
            for audio in [self._project.track(channel.input)]
        ]
        found = []
        for start, stop in spans:
            self._player.CHANNELS = self._channels(channels, chains, start)
            parts = [_part(track, start, stop) for track in tracks]
            found.append(np.ascontiguousarray(self._player.mix(parts), np.float32))
        return found

    def plug_ins(self, settings: Settings) -> tuple[PlugIn, ...]:
        """Return the dials of those plug-ins that no export is written for: none here."""
        return ()

    def _chains(self, settings: Settings) -> tuple[list[Channel], list[list[Device]]]:
        """Return the channels in the order in which they are played, and their devices."""
        graph = self._project.graph
        project = replace(self._project, settings=settings.only(graph.processors))
        response = self._responses.of(project)
        channels = in_order(project.channels)
        chains = [[self._device(project, i, response) for i in c.processors] for c in channels]
        return channels, chains

    def _device(self, project: Project, node: int, response: Callable[[int], str]) -> Device:
        """Return what stands for a processor; see `device`."""
        return device(project, node, response)

    def _channels(
        self, channels: Sequence[Channel], chains: Sequence[Sequence[Device]], start: int
    ) -> list[Any]:
        """Return the player's channels for a part of the song that begins at a sample."""
        start_s = start / self._project.sample_rate_hz
        return [
            self._player.Channel(
                channel.name,
                [self._made(_heard(each), start_s) for each in chain],
                [self._player.Feed(**feed) for feed in feeds_of(channels, channel)],
                None if channel.input is None else "a track",
            )
            for channel, chain in zip(channels, chains, strict=True)
        ]

    def _made(self, told: Device, start_s: float) -> Any:
        """Return the device that a call tells of, as Python would make it of its code."""
        settings = dict(told.settings)
        if told.name == "Ride":
            settings["times_s"] = [time_s - start_s for time_s in settings["times_s"]]
        inside = [self._made(each, start_s) for each in told.inside or ()]
        rooms = (self._player.pedalboard, self._player)
        kind = getattr(rooms[not told.name.startswith(_THEIRS)], told.name.removeprefix(_THEIRS))
        return kind(**settings) if told.inside is None else kind(inside, **settings)


class _Responses:
    """Impulse responses in a folder, each written anew only where its settings have changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[int, tuple[str, str]] = {}

    def of(self, project: Project) -> Callable[[int], str]:
        """Return what writes the response of a filter and returns the name of its file."""

        def named(node: int) -> str:
            settings = project.node(node)
            digest = hashlib.sha256(repr(settings.wet).encode())
            for name, value in sorted(settings.values.items()):
                digest.update(f"\n{name}\n".encode() + value.numpy().tobytes())
            key = digest.hexdigest()
            if self._known.get(node, ("", ""))[0] != key:
                self._known[node] = (key, self._written(project, node))
            return self._known[node][1]

        return named

    def _written(self, project: Project, node: int) -> str:
        """Write a response in the place of the last one of the node.

        The name tells the sound, so that what sounds the same has one name.
        """
        taps = project.response(node).taps
        name = f"{node}-{hashlib.sha256(taps.astype(np.float32).tobytes()).hexdigest()}.wav"
        if node in self._known:
            (self._folder / self._known[node][1]).unlink(missing_ok=True)
        write_float_audio(self._folder / name, taps, project.sample_rate_hz)
        return name


def _player(rate_hz: int, folder: Path) -> Any:
    """Return a player of its own, at a rate, whose responses lie in a folder.

    Each engine has one: what a module holds for all would be another engine's, too.
    """
    spec = spec_from_file_location("player", _PLAYER)
    assert spec is not None and spec.loader is not None
    player: Any = module_from_spec(spec)
    spec.loader.exec_module(player)
    player.RATE_HZ, player.HERE = rate_hz, folder
    return player


def _heard(told: Device) -> Device:
    """Return a device with pedalboard's alone where there is either that or our own."""
    if told.name == "Either" and told.inside is not None:
        return _heard(told.inside[0])
    inside = None if told.inside is None else tuple(map(_heard, told.inside))
    return replace(told, inside=inside)


def _part(track: np.ndarray, start: int, stop: int) -> Float32[np.ndarray, "2 span"]:
    """Return a part of a track, with silence behind its end."""
    part = np.asarray(track[:, start:stop], np.float32)
    return np.pad(part, ((0, 0), (0, stop - start - part.shape[1])))
