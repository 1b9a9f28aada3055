"""The windows of a song: dry audio and target features, ready for rendering and comparing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TypeVar

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.losses import (
    HOP_S,
    WARM_UP_S,
    WINDOW_S,
    LossFeatures,
    LossParts,
    MixLoss,
)
from mixtrace.parallel import side_by_side, workers
from mixtrace.processors.equalizer import Equalizer, equalizer_frequencies
from mixtrace.rendering import DryAudio
from mixtrace.session import Session, Views
from mixtrace.unseen import Range, divided_windows, ranges_between

__all__ = ["SILENCE", "SongWindows", "Target"]

SILENCE = 1e-5
"""Peak amplitude (-100 dB) below which a track counts as silent in a window."""

_CACHE_BYTES = 1_500_000_000
_FEW_KEPT = 8  # of a session so large that two windows at once would not fit
_HEARD_WINDOWS = 16
_HEARD_SHARE = 1e-4

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Target:
    """What rendered windows are compared with.

    Attributes:
        features: of the mix in the counted part of the windows.
        within: there 1 up to the end of the song and 0 behind it; None where no window passes it.
    """

    features: LossFeatures
    within: Float[Tensor, "window 1 counted"] | None = None

    def window(self, number: int) -> "Target":
        """Return that of one of the windows."""
        chosen = slice(number, number + 1)
        within = None if self.within is None else self.within[chosen]
        return Target(self.features[chosen], within)


class SongWindows:
    """A song cut into windows of 3.8 s whose first second is warm-up.

    The evaluation windows are numbered 0 to `count` - 1; their dry spectra and target features are
    kept while they fit into 1.5 GB, so that time and memory do not grow with the song's length.
    Windows in which a held-out sample of the mix would be compared are left out.

    Attributes:
        sample_rate_hz: the rate of the session.
        starts: first sample of every evaluation window.
        time: samples in a window.
        warm_up: samples that are not counted.
        loss: the distance at this rate.
        capacity: how many windows may be kept in memory.
        at_once: how many windows may be worked on at the same time.
    """

    def __init__(
        self,
        session: Session,
        device: torch.device | str = "cpu",
        held_out: Sequence[Range] = (),
        memory_bytes: int | None = None,
    ) -> None:
        """Take the audio of a session; nothing is copied beyond the padding of its last window.

        Args:
            session: the song.
            device: where windows are rendered and compared.
            held_out: what of the mix no window may show; see `mixtrace.unseen`.
            memory_bytes: how much of it may be kept in spectra and features; None for 1.5 GB.
        """
        self.sample_rate_hz = session.sample_rate_hz
        self.starts, _ = divided_windows(session.mix.shape[-1], session.sample_rate_hz, held_out)
        self.time = round(WINDOW_S * session.sample_rate_hz)
        self.warm_up = round(WARM_UP_S * session.sample_rate_hz)
        self.hop = round(HOP_S * session.sample_rate_hz)
        self.device = torch.device(device)
        self.loss = MixLoss(session.sample_rate_hz, device=self.device)
        self._tracks = Views(torch.from_numpy, session.audio)
        self._mix = torch.from_numpy(session.mix)
        self._held_out = held_out
        self._kept: dict[tuple[int, ...], tuple[DryAudio, Target]] = {}
        self._heard: tuple[Graph, Tensor] | None = None
        self._nearest: tuple[Graph, Tensor] | None = None
        per_window = self.time * 4 * (4 + 4 * sum(t.shape[0] for t in self._tracks))
        self.capacity = max(2, (memory_bytes or _CACHE_BYTES) // per_window)
        beside = self.device.type == "cpu" and self.capacity > _FEW_KEPT
        self.at_once = workers() if beside else 1
        self._lock = Lock()

    @property
    def count(self) -> int:
        """The number of evaluation windows."""
        return len(self.starts)

    @property
    def length(self) -> int:
        """Samples in the mix."""
        return self._mix.shape[-1]

    @property
    def anywhere(self) -> list[Range]:
        """Where windows may start that need not be evaluation windows: ranges of first samples."""
        found = []
        for start, stop in ranges_between(self.length, self._held_out):
            first, last = max(0, start - self.warm_up), stop - self.time
            # Behind the end of the song there is silence, which a window may show.
            if last >= first or stop == self.length > first + self.warm_up:
                found.append((first, max(first + 1, last)))
        return found

    def heard(self, graph: Graph) -> Float[Tensor, "equalizer bin"]:
        """Return, for each equalizer of a graph, 1 where what it stands on sounds, else 0.

        A track sounds at a frequency where its power times the frequency, over up to 16 windows
        spread over the song, is within 40 dB of the most; a bus where one of its tracks does.
        """
        if self._heard is None or self._heard[0] != graph:
            rows = [
                self._track_heard[list(graph.tracks[i])].amax(0)
                for i in graph.of_kind(Equalizer.kind)
            ]
            bins = len(equalizer_frequencies())
            heard = torch.stack(rows) if rows else torch.zeros((0, bins))
            self._heard = graph, heard.to(self.device)
        return self._heard[1]

    def nearest_heard(self, graph: Graph) -> Int64[Tensor, "equalizer bin"]:
        """Return, for each bin of each equalizer, the nearest one at which `heard` is 1.

        Where nothing sounds at all every bin is its own.
        """
        if self._nearest is None or self._nearest[0] != graph:
            bins = torch.arange(len(equalizer_frequencies()))
            rows = []
            for heard in self.heard(graph).cpu():
                sounding = bins[heard.bool()] if bool(heard.any()) else bins
                rows.append(sounding[(bins[:, None] - sounding).abs().argmin(1)])
            nearest = torch.stack(rows) if rows else bins.new_zeros((0, len(bins)))
            self._nearest = graph, nearest.to(self.device)
        return self._nearest[1]

    @cached_property
    def _track_heard(self) -> Float[Tensor, "track bin"]:
        frequency_hz = equalizer_frequencies()
        spread = torch.linspace(0, self.count - 1, min(self.count, _HEARD_WINDOWS)).round().int()
        starts = [self.starts[number] for number in spread.tolist()]
        samples = 2 * len(frequency_hz) - 1
        rows = []
        for track in self._tracks:
            power = torch.zeros(len(frequency_hz))
            for start in starts:
                # Frames that end before the song: a cut without a fade would sound everywhere.
                audio = track[:, start : start + self.time]
                if audio.shape[-1] < samples:
                    continue
                frames = audio.unfold(-1, samples, samples)
                taper = torch.hann_window(samples)
                power += torch.fft.rfft(frames * taper).abs().square().sum((0, 1))
            loudness = power * frequency_hz
            rows.append((loudness > _HEARD_SHARE * loudness.max()).float())
        return torch.stack(rows)

    def window(self, number: int) -> tuple[DryAudio, Target]:
        """Return dry audio and target of one evaluation window."""
        return self._keep((number,), lambda: self._alone(number))

    def group(self, numbers: tuple[int, ...]) -> tuple[DryAudio, Target]:
        """Return dry audio and target of one of `groups`, as one batch."""
        if len(numbers) == 1:
            return self.window(numbers[0])
        return self._keep(numbers, lambda: self.at([self.starts[number] for number in numbers]))

    def groups(self, numbers: Sequence[int]) -> list[tuple[int, ...]]:
        """Return windows in their order, those that are rendered in one go together.

        Transforms of two windows take about as long as those of one. Where all windows are kept,
        neighbours are kept in pairs, and a single one is a view of its pair.
        """
        found: list[tuple[int, ...]] = []
        for number in numbers:
            pair = self._pair(number)
            if found and (*found[-1], number) == pair:
                found[-1] = pair
            else:
                found.append((number,))
        return found

    def _pair(self, number: int) -> tuple[int, ...]:
        """Return a window and the one it is kept with, or the window alone."""
        first = number - number % 2
        return (first, first + 1) if self._all_fit and first + 1 < self.count else (number,)

    @property
    def _all_fit(self) -> bool:
        return self.capacity >= self.count

    def _alone(self, number: int) -> tuple[DryAudio, Target]:
        pair = self._pair(number)
        if len(pair) == 1:
            return self.at([self.starts[number]])
        dry, target = self.group(pair)
        return dry.window(number - pair[0], SILENCE), target.window(number - pair[0])

    def _keep(
        self, numbers: tuple[int, ...], make: Callable[[], tuple[DryAudio, Target]]
    ) -> tuple[DryAudio, Target]:
        with self._lock:
            known = self._kept.get(numbers)
        if known is None:
            known = make()
            with self._lock:
                while not self._all_fit and len(self._kept) >= self.capacity:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[numbers] = known
        return known

    def each(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        before: Callable[[Item], None] = lambda item: None,
    ) -> list[Result]:
        """Return what `work` makes of each window or group; see `side_by_side`."""
        return list(side_by_side(work, items, self.at_once, before))

    def at(self, starts: Sequence[int]) -> tuple[DryAudio, Target]:
        """Return dry audio and target of windows that start anywhere, as one batch."""
        tracks = []
        for track in self._tracks:
            audio = self._cut(track, starts)
            tracks.append(audio if bool(audio.abs().max() > SILENCE) else None)
        features = self.loss.features(self._cut(self._mix, starts)[..., self.warm_up :])
        start_s = torch.tensor(starts, device=self.device) / self.sample_rate_hz
        return DryAudio(tracks, start_s), Target(features, self._within(starts))

    def compare(self, estimate: Float[Tensor, "window 2 time"] | None, target: Target) -> LossParts:
        """Return the loss of rendered windows in parts; None is silence.

        The warm-up is left out, and what rings on behind the end of the song is cut off as the mix
        was there.
        """
        if estimate is None:
            batch = target.features.norm[0].shape[0]
            estimate = torch.zeros((batch, 2, self.time), device=self.device)
        counted = estimate[..., self.warm_up :]
        if target.within is not None:
            counted = counted * target.within
        return self.loss.parts(counted, target.features)

    def _within(self, starts: Sequence[int]) -> Float[Tensor, "window 1 counted"] | None:
        if max(starts) + self.time <= self.length:
            return None
        counted = torch.arange(self.warm_up, self.time)
        within = torch.stack([counted < self.length - start for start in starts])
        return within[:, None].to(self.device, torch.float32)

    def _cut(self, audio: Tensor, starts: Sequence[int]) -> Float[Tensor, "window channel time"]:
        pieces = []
        for start in starts:
            piece = audio[:, start : start + self.time]
            pieces.append(torch.nn.functional.pad(piece, (0, self.time - piece.shape[-1])))
        return torch.stack(pieces).to(self.device)
