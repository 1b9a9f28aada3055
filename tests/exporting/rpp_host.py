"""A host of REAPER's project files for tests: plays what their text says, read by PyPI's `rpp`.

It takes REAPER at its word: sends before effects, before the fader and behind it, folders, a pan
law of 0 dB with balance, envelopes by straight lines of amplitude over the fader, and every delay
of an effect made good, on its first two channels alone.
"""

from functools import cached_property
from pathlib import Path

import numpy as np
import rpp
from jsfx import Jsfx
from scipy.io import wavfile

_TAIL_SAMPLES = 2500


class RppHost:
    """A project that is played.

    Attributes:
        tracks: the elements of its tracks, in order.
    """

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.project = rpp.loads(path.read_text("utf-8"))
        assert self.project.tag == "REAPER_PROJECT"
        self.tracks = self.project.findall(".//TRACK")
        self.sample_rate_hz = int(lines(self.project, "SAMPLERATE")[0][0])
        self._parents = self._folders()
        self._played: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def names(self) -> list[str]:
        return [lines(track, "NAME")[0][0] for track in self.tracks]

    def mix(self) -> np.ndarray:
        heard = [i for i, parent in enumerate(self._parents) if parent is None]
        played = [self._track(i)[2] for i in heard if self._to_parent(i)]
        return np.sum(played, 0)[:, : self._length]

    @cached_property
    def _length(self) -> int:
        seconds = max(
            float(lines(item, "LENGTH")[0][0]) for item in self.project.findall(".//ITEM")
        )
        return round(seconds * self.sample_rate_hz)

    def _folders(self) -> list[int | None]:
        found, open_ = [], list[int]()
        for place, track in enumerate(self.tracks):
            found.append(open_[-1] if open_ else None)
            kind, change = map(int, lines(track, "ISBUS")[0])
            if kind == 1:
                open_.append(place)
            elif kind == 2:
                assert change < 0 and -change <= len(open_)
                del open_[change:]
        assert not open_
        return found

    def _to_parent(self, place: int) -> bool:
        return lines(self.tracks[place], "MAINSEND")[0][0] == "1"

    def _track(self, place: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what enters a track, what enters its fader, and what leaves it."""
        if place not in self._played:
            self._played[place] = self._play(place)
        return self._played[place]

    def _play(self, place: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        track = self.tracks[place]
        entering = np.zeros((4, self._length + _TAIL_SAMPLES))
        for item in track.findall("ITEM"):
            path = self.folder / lines(item.find("SOURCE"), "FILE")[0][0]
            _, samples = wavfile.read(path)
            entering[:2, : len(samples)] += samples.T
        for other, parent in enumerate(self._parents):
            if parent == place and self._to_parent(other):
                assert lines(self.tracks[other], "NCHAN") == [["2"]]
                entering[:2] += self._track(other)[2]
        for source, mode, gain, pan, mute, mono, phase, from_, into, *_ in lines(track, "AUXRECV"):
            assert (pan, mute, mono, phase, from_) == ("0",) * 5
            way = {"1": 0, "3": 1, "0": 2}[mode]
            entering[int(into) : int(into) + 2] += float(gain) * self._track(int(source))[way][:2]
        channels = int(lines(track, "NCHAN")[0][0])
        assert channels == 4 or not entering[2:].any()
        effects = self._effects(track, entering)
        return entering[:2], effects, self._fader(track, effects)

    def _effects(self, track: rpp.Element, audio: np.ndarray) -> np.ndarray:
        chain = track.find("FXCHAIN")
        for script in chain.findall("JS") if chain is not None else []:
            path = self.folder / "Effects" / script.attrib[0]
            made = Jsfx(path.read_text("utf-8"), self.folder / "Data")
            (told,) = script.children
            assert len(told) == 64
            values = {i: float(value) for i, value in enumerate(told, 1) if value != "-"}
            assert set(values) == set(made.sliders)
            played = made.play(audio[: made.channels], self.sample_rate_hz, values)
            late = made.late_samples
            audio = np.concatenate([np.pad(played[:, late:], ((0, 0), (0, late))), audio[2:]])
        return audio[:2]

    def _fader(self, track: rpp.Element, audio: np.ndarray) -> np.ndarray:
        volume, pan, law, *_ = map(float, lines(track, "VOLPAN")[0])
        assert law == 1.0 and lines(track, "PANMODE") == [["3"]]
        gains = volume * np.array([min(1.0, 1.0 - pan), min(1.0, 1.0 + pan)])
        audio = gains[:, None] * audio
        envelope = track.find("VOLENV2")
        if envelope is not None:
            points = np.array(lines(envelope, "PT"), float)
            assert np.all(points[:, 2] == 0.0) and np.all(np.diff(points[:, 0]) > 0.0)
            time_s = np.arange(audio.shape[1]) / self.sample_rate_hz
            audio = audio * np.interp(time_s, points[:, 0], points[:, 1])
        return audio


def lines(element: rpp.Element, name: str) -> list[list[str]]:
    """Return the words of an element's lines of a name, without the name."""
    return [line[1:] for line in element.children if isinstance(line, list) and line[0] == name]
