"""The compiled plan carried through a song block by block.

Regions convolve the blocks of their sources with their responses, or weigh them where they have no
filter; detectors keep their state from block to block. The result is that of one transform over the
whole song, the memory that of a few blocks a node.

Zero-phase filters ring before their input, and regions take what others made in the step before: a
node's signal is complete only up to its delay, the sum of these on the way to it. At every step
each node handles the block that ends so much before the newest samples of the dry tracks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mixtrace.parallel import on_threads, side_by_side
from mixtrace.processors import Settings, TimeDomainProcessor, processor
from mixtrace.render.block_regions import BlockRegions
from mixtrace.render.plan import Region, RenderPlan, Stage

__all__ = ["BlockRun"]

_LARGEST_GROUP = 4
"""Time-domain nodes that a core runs at once: little beside the tracks in memory."""
_GLANCE = 200
"""Samples that mostly show that a block is not silent; if not, all of it is looked at."""

_Group = tuple[str, int, tuple[int, ...]]
"""Time-domain nodes of one kind and number of channels."""


class _Signal:
    """A stretch of audio from sample `origin` of the song on; silent where nothing was added."""

    def __init__(self, audio: Tensor, origin: int) -> None:
        self._audio = audio
        self._origin = origin

    def add(self, start: int, audio: Tensor) -> None:
        first, time = start - self._origin, audio.shape[-1]
        rows, known = self._audio.shape
        over = min(max(known - first, 0), time)
        if over:
            self._audio[:, first : first + over] += audio[:, :over]
        if over < time:
            silence = audio.new_zeros((rows, max(first - known, 0)))
            self._audio = torch.cat([self._audio, silence, audio[:, over:].expand(rows, -1)], -1)

    def read(self, start: int, stop: int) -> Tensor | None:
        """Return what there is from start to stop, shorter at its end, or None for silence."""
        piece = self._audio[:, start - self._origin : stop - self._origin]
        return piece if _sounds(piece) else None

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
        return piece if _sounds(piece) else None


def _sounds(audio: Tensor) -> bool:
    return bool(audio[:, :: audio.shape[-1] // _GLANCE + 1].any()) or bool(audio.any())


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
        self._delays = _delays(plan, block)
        self.lag = self._delays[plan.graph.output]
        self._now = 0
        self._dry = {
            i: _Dry(tracks, number)
            for number, i in enumerate(plan.graph.inputs)
            if plan.channels[i]
        }

        def late(region: Region) -> int:
            return _late(plan, region, self._delays, block)

        self._regions = BlockRegions(plan, settings, late, kept, block, like)
        self._held = _held(plan, self._delays, late)
        silence = {i: like.new_zeros((plan.channels[i], 0)) for i in self._held}
        self._audio = {i: _Signal(audio, -self._held[i]) for i, audio in silence.items()}
        self._arriving = {i: _Signal(audio, -self._held[i]) for i, audio in silence.items()}
        self._groups = [list(_groups(stage)) for stage in plan.stages]
        self._threads = torch.get_num_threads()
        self._states = {i: like.new_zeros(()) for i in plan.graph.order}

    def advance(self, now: int) -> None:
        """Carry the block of dry audio that starts at sample `now` through the plan."""
        self._now = now
        for i, start, audio in self._regions.advance(now, self._read):
            (self._audio if self._plan.linear[i] else self._arriving)[i].add(start, audio)
        for groups in self._groups:
            with on_threads(self._threads):
                list(side_by_side(self._run_in_time, groups))
        for i, (origin, total) in self._kept.items():
            start = now - self._delays[i]
            first, last = max(start, origin), min(start + self._block, origin + total.shape[-1])
            if first >= last:
                continue
            audio = self._arrived(i) if i == self._plan.graph.output else self._read(i, start)
            if audio is not None:
                total[:, first - origin : last - origin] = audio[:, first - start : last - start]
        for i, held in self._held.items():
            self._audio[i].forget(now + self._block - held)
            self._arriving[i].forget(now + self._block - held)

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
        if not self._plan.channels[i]:
            return None
        return self._cut(self._dry[i] if i in self._dry else self._audio[i], start)

    def _arrived(self, i: int) -> Tensor | None:
        start = self._now - self._delays[i]
        direct = [self._read(p, start) for p in self._plan.feeds[i] if not self._plan.linear[p]]
        parts = [p for p in (self._cut(self._arriving[i], start), *direct) if p is not None]
        return sum(parts[1:], parts[0]) if parts else None

    @torch.no_grad()  # which holds for a thread, not for those it starts
    def _run_in_time(self, group: _Group) -> None:
        kind, channels, members = group
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


def _groups(stage: Stage) -> Iterator[_Group]:
    """Yield the time-domain nodes of a stage in groups that a core runs at once."""
    for kind, channels, members in stage.dynamics:
        for first in range(0, len(members), _LARGEST_GROUP):
            yield kind, channels, members[first : first + _LARGEST_GROUP]


def _delays(plan: RenderPlan, block: int) -> list[int]:
    """Return for each node how far before the newest dry samples its audio is complete."""
    delays = [0] * len(plan.graph.nodes)
    for stage in plan.stages:
        for region in stage.regions:
            delay = _late(plan, region, delays, block) + region.lead_samples
            for i in region.nodes:
                delays[i] = max(delays[i], delay)
        for _, _, members in stage.dynamics:
            for i in members:
                delays[i] = max(delays[p] for p in plan.feeds[i])
    out = plan.graph.output
    delays[out] = max((delays[p] for p in plan.feeds[out]), default=0)
    return delays


def _late(plan: RenderPlan, region: Region, delays: Sequence[int], block: int) -> int:
    """Return how far before the newest dry samples a region takes the blocks of its sources."""
    return max(delays[i] + (0 if i in plan.graph.inputs else block) for i in region.sources)


def _held(plan: RenderPlan, delays: Sequence[int], late: Callable[[Region], int]) -> dict[int, int]:
    """Return for each node but the inputs how far back its audio is read."""
    held = {i: delays[i] for i in plan.graph.order if i not in plan.graph.inputs}
    for region in (region for stage in plan.stages for region in stage.regions):
        held.update((i, max(held[i], late(region))) for i in region.sources if i in held)
    for i in plan.graph.order:
        held.update((p, max(held[p], delays[i])) for p in plan.feeds[i] if p in held)
    return held
