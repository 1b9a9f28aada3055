"""A host of DAWproject for tests: plays what a file says, with devices as textbooks have them.

The format names devices and leaves open what they do, so this is one program among those that
could read it: an equalizer of the "Audio EQ Cookbook", a compressor and a gate that hear peaks and
have a corner for a knee, whose gain is smoothed in dB, a limiter at once, balance by straight
lines. A ratio is 1 / (1 - percent / 100).
"""

import io
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import numpy as np
from numba import njit
from scipy.io import wavfile
from scipy.signal import butter, sosfilt

_FLOOR = 1e-6


class DawProjectHost:
    """A project that is played.

    Attributes:
        project: its root.
        metadata: that of what it is called.
        files: what the archive holds.
        sample_rate_hz: of its audio.
    """

    def __init__(self, path: Path) -> None:
        self._archive = ZipFile(path)
        self.files = self._archive.namelist()
        self.project = ElementTree.fromstring(self._archive.read("project.xml"))
        self.metadata = ElementTree.fromstring(self._archive.read("metadata.xml"))
        self.sample_rate_hz = int(next(self.project.iter("Audio")).get("sampleRate", ""))
        self.tracks = list(only(self.project, "Structure").iter("Track"))
        self._channels = {fact(only(t, "Channel"), "id"): t for t in self.tracks}
        self._played: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def mix(self) -> np.ndarray:
        (master,) = (
            fact(only(t, "Channel"), "id") for t in self.tracks
            if fact(only(t, "Channel"), "role") == "master"
        )  # fmt: skip
        return self._channel(master)[1]

    @cached_property
    def _length(self) -> int:
        seconds = max(float(fact(audio, "duration")) for audio in self.project.iter("Audio"))
        return round(seconds * self.sample_rate_hz)

    def _channel(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return what enters a channel's fader, and what leaves it."""
        if name not in self._played:
            self._played[name] = self._play(name)
        return self._played[name]

    def _play(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        track = self._channels[name]
        channel = only(track, "Channel")
        audio = self._clips(fact(track, "id"))
        for other, source in self._channels.items():
            own = only(source, "Channel")
            if fact(only(own, "Mute"), "value") == "true":
                continue
            if own.get("destination") == name:
                audio = audio + self._channel(other)[1]
            for send in own.iterfind("Sends/Send"):
                if send.get("destination") == name:
                    way = 0 if send.get("type") == "pre" else 1
                    audio = audio + value(send, "Volume") * self._channel(other)[way]
        devices = channel.find("Devices")
        for device in [] if devices is None else devices:
            audio = played(device, audio, self.sample_rate_hz)
        pan = value(channel, "Pan")
        sides = np.array([min(1.0, 2.0 * (1.0 - pan)), min(1.0, 2.0 * pan)])
        return audio, self._volume(channel) * sides[:, None] * audio

    def _volume(self, channel: ElementTree.Element) -> np.ndarray:
        identity = fact(only(channel, "Volume"), "id")
        for points in self.project.iter("Points"):
            if fact(only(points, "Target"), "parameter") == identity:
                found = [
                    (float(fact(p, "time")), float(fact(p, "value")))
                    for p in points.iter("RealPoint")
                ]
                times, values = zip(*found, strict=True)
                return np.interp(np.arange(self._length) / self.sample_rate_hz, times, values)
        return np.full(self._length, value(channel, "Volume"))

    def _clips(self, track: str) -> np.ndarray:
        audio = np.zeros((2, self._length))
        (lanes,) = (e for e in self.project.iter("Lanes") if e.get("track") == track)
        for clip in lanes.iter("Clip"):
            assert float(fact(clip, "time")) == 0.0
            content = self._archive.read(fact(only(clip, "Audio/File"), "path"))
            rate, samples = wavfile.read(io.BytesIO(content))
            assert rate == self.sample_rate_hz
            audio[:, : len(samples)] += samples.T
        return audio


def only(element: ElementTree.Element, path: str) -> ElementTree.Element:
    """Return the one element at a path."""
    found = element.find(path)
    assert found is not None, path
    return found


def fact(element: ElementTree.Element, name: str) -> str:
    """Return an attribute that has to be there."""
    found = element.get(name)
    assert found is not None, name
    return found


def value(element: ElementTree.Element, name: str, default: float = 0.0) -> float:
    """Return a number that an element holds."""
    found = element.find(name)
    return default if found is None else float(fact(found, "value"))


def played(device: ElementTree.Element, audio: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return what a device makes of audio."""
    if device.tag == "Equalizer":
        for band in device.iter("Band"):
            audio = np.asarray(sosfilt(sections(band, rate_hz), audio))
        return audio * 10.0 ** (value(device, "OutputGain") / 20.0)
    poles = [np.exp(-1.0 / max(rate_hz * value(device, n), 1e-9)) for n in ("Attack", "Release")]
    audio = audio * 10.0 ** (value(device, "InputGain") / 20.0)
    level_db = 20.0 * np.log10(np.maximum(np.abs(audio).max(0), _FLOOR))
    over_db = level_db - value(device, "Threshold")
    if device.tag == "Limiter":
        gain_db = -smoothed(np.maximum(over_db, 0.0), 0.0, poles[1])
    elif device.tag == "Compressor":
        share = value(device, "Ratio") / 100.0
        gain_db = -smoothed(share * np.maximum(over_db, 0.0), *poles)
    else:
        # It closes in its release, and opens in its attack.
        closed = smoothed((over_db < 0.0).astype(float), poles[1], poles[0])
        gain_db = value(device, "Range") * closed
    return audio * 10.0 ** ((gain_db + value(device, "OutputGain")) / 20.0)


@njit
def smoothed(wanted, rising, falling):
    """Return what moves towards what is wanted, by one pole up and by another down."""
    found, y = np.empty_like(wanted), 0.0
    for n in range(len(wanted)):
        pole = rising if wanted[n] > y else falling
        y = pole * y + (1.0 - pole) * wanted[n]
        found[n] = y
    return found


def sections(band: ElementTree.Element, rate_hz: int) -> np.ndarray:
    """Return a band as second-order sections; Butterworth passes, else the cookbook's."""
    kind, hz = fact(band, "type"), value(band, "Freq")
    if kind in ("highPass", "lowPass"):
        side = {"highPass": "high", "lowPass": "low"}[kind]
        found = butter(int(fact(band, "order")), hz, side, fs=rate_hz, output="sos")
        return np.asarray(found)
    a = 10.0 ** (value(band, "Gain") / 40.0)
    w = 2.0 * np.pi * hz / rate_hz
    c, alpha = np.cos(w), np.sin(w) / (2.0 * value(band, "Q"))
    if kind == "bell":
        return _section(
            [1 + alpha * a, -2 * c, 1 - alpha * a, 1 + alpha / a, -2 * c, 1 - alpha / a]
        )
    root = 2.0 * np.sqrt(a) * alpha
    s = 1.0 if kind == "lowShelf" else -1.0
    return _section([
        a * ((a + 1) - s * (a - 1) * c + root), s * 2 * a * ((a - 1) - s * (a + 1) * c),
        a * ((a + 1) - s * (a - 1) * c - root), (a + 1) + s * (a - 1) * c + root,
        -s * 2 * ((a - 1) + s * (a + 1) * c), (a + 1) + s * (a - 1) * c - root,
    ])  # fmt: skip


def _section(numbers: list[float]) -> np.ndarray:
    return np.array([numbers]) / numbers[3]
