"""A host of JSFX for tests: reads an effect's text, and plays audio through it."""

import re
from pathlib import Path

import numpy as np
from eel import Program
from scipy.io import wavfile

_SLIDER = re.compile(r"slider(\d+):(-?[\d.]+)<(-?[\d.]+),(-?[\d.]+),([\d.]+)(?:\{(.*)\})?>(.+)")
_BLOCK = 512


class Jsfx:
    """An effect.

    Attributes:
        sliders: number -> default, lowest and highest value, and label.
        channels: how many it hears.
        late_samples: by how much what leaves the first two is late, once it has run.
    """

    def __init__(self, text: str, data: Path | None = None, memory_words: int = 400_000) -> None:
        self.sliders: dict[int, tuple[float, float, float, str]] = {}
        self._data, self._files, self._open = data, list[str](), list[np.ndarray]()
        self.late_samples, self.channels, outputs = 0, 0, 0
        head, *parts = re.split(r"^(@\w+)\n", text, flags=re.M)
        for line in head.splitlines():
            key, _, value = line.partition(":")
            if match := _SLIDER.fullmatch(line):
                number, *ends, _, names, label = match.groups()
                start, low, high = map(float, ends)
                assert low <= start <= high, line
                assert names is None or len(names.split(",")) == high + 1, line
                self.sliders[int(number)] = (start, low, high, label)
            elif key == "filename":
                number, _, path = value.partition(",")
                assert int(number) == len(self._files)
                self._files.append(path)
            elif key in ("in_pin", "out_pin"):
                self.channels += key == "in_pin"
                outputs += key == "out_pin"
            else:
                assert not line or line.startswith("//") or key in ("desc", "options"), line
        assert outputs == 2 and list(self.sliders) == list(range(1, len(self.sliders) + 1))
        self.sections = dict(zip(parts[::2], parts[1::2], strict=True))
        self._memory_words = memory_words

    def play(
        self, audio: np.ndarray, sample_rate_hz: int, values: dict[int, float] | None = None
    ) -> np.ndarray:
        """Return the first two channels, as late as `late_samples` then says."""
        program = Program(self._memory_words)
        program.space |= {
            "file_open": self._file_open,
            "file_mem": lambda *told: self._file_mem(program, *told),
            "file_riff": lambda handle: (float(self._open[int(handle)].shape[1]), 0.0),
            "file_close": lambda handle: 0.0,
        }
        program.put("srate", sample_rate_hz)
        for number, (start, low, high, label) in self.sliders.items():
            value = (values or {}).get(number, start)
            assert low <= value <= high, (label, value)
            program.put(f"slider{number}", value)
        run = {name: program.compile(name[1:], text) for name, text in self.sections.items()}
        for name in ("@init", "@slider"):
            if name in run:
                run[name]()
        self.late_samples = int(program.get("pdc_delay"))
        return self._played(program, run, audio, sample_rate_hz)

    def _played(self, program: Program, run: dict, audio: np.ndarray, rate_hz: int) -> np.ndarray:
        space, sample = program.space, run["@sample"]
        heard = np.zeros((4, audio.shape[1]))
        heard[: len(audio)] = audio
        rows, left, right = heard.T.tolist(), [], []
        for begin in range(0, len(rows), _BLOCK):
            program.put("play_position", begin / rate_hz)
            if "@block" in run:
                run["@block"]()
            for row in rows[begin : begin + _BLOCK]:
                space["v_spl0"], space["v_spl1"], space["v_spl2"], space["v_spl3"] = row
                sample()
                left.append(space["v_spl0"])
                right.append(space["v_spl1"])
        return np.array([left, right])

    def _file_open(self, number: float) -> float:
        assert self._data is not None
        _, samples = wavfile.read(self._data / self._files[int(number)])
        self._open.append(samples.reshape(len(samples), -1))
        return float(len(self._open) - 1)

    def _file_mem(self, program: Program, handle: float, at: float, count: float) -> float:
        values = self._open[int(handle)].reshape(-1)[: int(count)].astype(np.float64).tolist()
        program.memory[int(at) : int(at) + len(values)] = values
        return float(len(values))
