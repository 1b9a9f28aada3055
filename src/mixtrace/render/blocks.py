"""The compiled plan carried through a song block by block.

Every region transforms the blocks of its sources, multiplies each by its response to each end and
adds the result, with all that rings before and after the block, to the end's signal (overlap-add);
detectors keep their state from block to block. The result is that of one transform over the whole
song, the memory that of a few blocks a node.

Zero-phase filters ring before their input, so a node's signal is complete only up to its delay: the
sum of the leads on the way to it. At every step each node handles the block that ends so much
before the newest samples of the dry tracks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mixtrace.processors import Settings, TimeDomainProcessor, processor
from mixtrace.render.plan import Region, RenderPlan, Stage
from mixtrace.render.transfer import Transfers, region_transfers

__all__ = ["BlockRun"]

_LARGEST_GROUP = 8
"""Time-domain nodes run at once: enough for every core, and little beside the tracks in memory."""


class _Signal:
    """A stretch of audio from sample `origin` of the song on; silent where nothing was added."""

    def __init__(self, audio: Tensor, origin: int) -> None:
        self._audio = audio
        self._origin = origin

    def add(self, start: int, audio: Tensor) -> None:
        first = start - self._origin
        last = first + audio.shape[-1]
        missing = last - self._audio.shape[-1]
        if missing > 0:
            self._audio = torch.nn.functional.pad(self._audio, (0, missing))
        self._audio[:, first:last] += audio

    def read(self, start: int, stop: int) -> Tensor | None:
        """Return what there is from start to stop, shorter at its end, or None for silence."""
        piece = self._audio[:, start - self._origin : stop - self._origin]
        return piece if bool(piece.any()) else None

    def forget(self, before: int) -> None:
        rest = self._audio[:, before - self._origin :]
        # A view keeps the whole of what it was cut from: the next block that is added ends that.
        self._audio = rest if rest.shape[-1] else rest.clone()
        self._origin = before


@dataclass(frozen=True)
class _Dry:
    """A dry track, got anew for every block: a large session maps its tracks from disk."""

    tracks: Sequence[Tensor | None]
    number: int

    def read(self, start: int, stop: int) -> Tensor | None:
        """Return a view from start to stop, or None for silence."""
        track = self.tracks[self.number]
        assert track is not None
        piece = track[:, start:stop]
        return piece if bool(piece.any()) else None


@dataclass(frozen=True)
class _RunningRegion:
    region: Region
    delay: int
    fft_length: int
    transfers: Transfers


class BlockRun:
    """A song on its way through its plan.

    Attributes:
        lag: the largest delay of all: that of the output.
    """

    def __init__(
        self,
        plan: RenderPlan,
        settings: Settings,
        tracks: Sequence[Tensor | None],
        kept: dict[int, tuple[int, Tensor]],
        block: int,
        like: Tensor,
    ) -> None:
        """Compute the responses of every region.

        Args:
            plan: the plan.
            settings: the settings of its graph.
            tracks: dry audio [1 or 2 channels, time] in the order of the graph's inputs; those
                that the plan says are silent are not looked at.
            kept: where to write what leaves nodes: node -> a sample of the song, and [channel,
                time] of zeros for the audio from there on.
            block: samples of a block.
            like: a track, for the song's length, device and type.
        """
        self._plan, self._settings, self._kept, self._block = plan, settings, kept, block
        self._time = like.shape[-1]
        self._delays = _delays(plan)
        self.lag = self._delays[plan.graph.output]
        self._now = 0
        self._dry = {
            i: _Dry(tracks, number)
            for number, i in enumerate(plan.graph.inputs)
            if plan.channels[i]
        }
        self._regions = [[self._start(r, like) for r in stage.regions] for stage in plan.stages]
        flowing = {
            i: like.new_zeros((plan.channels[i], 0)) for i in plan.graph.order if i not in self._dry
        }
        self._audio = {i: _Signal(audio, -self.lag) for i, audio in flowing.items()}
        self._arriving = {i: _Signal(audio, -self.lag) for i, audio in flowing.items()}
        self._groups = [list(_groups(stage)) for stage in plan.stages]
        self._states = {i: like.new_zeros(()) for i in plan.graph.order}

    def _start(self, region: Region, like: Tensor) -> _RunningRegion:
        tapped = [i for i in region.nodes if i in self._kept and i not in region.outlets]
        length = region.fft_length(self._block)
        ends = (*region.ends, *tapped)
        transfers = region_transfers(self._plan, self._settings, region, ends, length, like)
        delay = max(self._delays[source] for source in region.sources)
        return _RunningRegion(region, delay, length, transfers)

    def advance(self, now: int) -> None:
        """Carry the block of dry audio that starts at sample `now` through the plan."""
        self._now = now
        for regions, groups in zip(self._regions, self._groups, strict=True):
            for running in regions:
                self._run_region(running)
            for kind, channels, members in groups:
                self._run_in_time(kind, channels, members)
        for i, (origin, total) in self._kept.items():
            start = now - self._delays[i]
            first, last = max(start, origin), min(start + self._block, origin + total.shape[-1])
            if first >= last:
                continue
            audio = self._arrived(i) if i == self._plan.graph.output else self._read(i, start)
            if audio is not None:
                total[:, first - origin : last - origin] = audio[:, first - start : last - start]
        for signal in (*self._audio.values(), *self._arriving.values()):
            signal.forget(now + self._block - self.lag)

    def _within(self, start: int) -> tuple[int, int]:
        """Return the bounds of the part of a block that lies within the song."""
        return max(start, 0), min(start + self._block, self._time)

    def _cut(self, signal: _Signal | _Dry, start: int) -> Tensor | None:
        """Return a block of a signal, zero outside the song; None for silence."""
        first, last = self._within(start)
        piece = signal.read(first, last) if first < last else None
        if piece is None:
            return None
        missing = self._block - piece.shape[-1]
        before = first - start
        return torch.nn.functional.pad(piece, (before, missing - before)) if missing else piece

    def _read(self, i: int, start: int) -> Tensor | None:
        return self._cut(self._dry[i] if i in self._dry else self._audio[i], start)

    def _arrived(self, i: int) -> Tensor | None:
        start = self._now - self._delays[i]
        direct = [self._read(p, start) for p in self._plan.feeds[i] if not self._plan.linear[p]]
        parts = [p for p in (self._cut(self._arriving[i], start), *direct) if p is not None]
        return sum(parts[1:], parts[0]) if parts else None

    def _run_region(self, running: _RunningRegion) -> None:
        start = self._now - running.delay
        totals: dict[int, Tensor] = {}
        for source, responses in running.transfers.items():
            block = self._read(source, start)
            if block is None:
                continue
            spectrum = torch.fft.rfft(block, n=running.fft_length)
            for end, response in responses.items():
                part = spectrum[0] * response[0]
                if len(spectrum) == 2:
                    part = torch.addcmul(part, spectrum[1], response[1])
                totals[end] = totals[end] + part if end in totals else part
        lead, tail = running.region.lead_samples, running.region.tail_samples
        for end, total in totals.items():
            signal = (self._audio if self._plan.linear[end] else self._arriving)[end]
            audio = torch.fft.irfft(total, n=running.fft_length)
            signal.add(start, audio[:, : self._block + tail])
            signal.add(start - lead, audio[:, running.fft_length - lead :])

    def _run_in_time(self, kind: str, channels: int, members: tuple[int, ...]) -> None:
        entry = processor(kind)
        assert isinstance(entry, TimeDomainProcessor)
        values, wet = self._settings.rows(kind, [self._plan.rows[i] for i in members])
        blocks = [self._arrived(i) for i in members]
        silence = wet.new_zeros((channels, self._block))
        stacked = torch.stack([silence if b is None else b.expand(channels, -1) for b in blocks])
        starts = [self._now - self._delays[i] for i in members]
        rate = self._plan.sample_rate_hz
        state = torch.stack([self._states[i] for i in members])
        output, state = entry.follow(
            stacked, values, wet, state, wet.new_tensor(starts) / rate, rate
        )
        self._states.update(zip(members, state, strict=True))
        for i, start, block, audio in zip(members, starts, blocks, output, strict=True):
            if block is not None:
                self._audio[i].add(start, audio)


def _groups(stage: Stage) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """Yield the time-domain nodes of a stage in groups that are run at once, none too large."""
    for kind, channels, members in stage.dynamics:
        for first in range(0, len(members), _LARGEST_GROUP):
            yield kind, channels, members[first : first + _LARGEST_GROUP]


def _delays(plan: RenderPlan) -> list[int]:
    """Return for each node how far before the newest dry samples its audio is complete."""
    delays = [0] * len(plan.graph.nodes)
    for stage in plan.stages:
        for region in stage.regions:
            delay = max(delays[source] for source in region.sources) + region.lead_samples
            for i in region.nodes:
                delays[i] = max(delays[i], delay)
        for _, _, members in stage.dynamics:
            for i in members:
                delays[i] = max(delays[p] for p in plan.feeds[i])
    out = plan.graph.output
    delays[out] = max((delays[p] for p in plan.feeds[out]), default=0)
    return delays
