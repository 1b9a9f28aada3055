"""The compiled plan carried through a song block by block.

Regions convolve the blocks of their sources with their responses, or weigh them where they have no
filter; detectors keep their state from block to block. The result is that of one transform over the
whole song, the memory that of a few blocks a node.

Zero-phase filters ring before their input, and regions take what others made in the step before: a
node's signal is complete only up to its delay, the sum of these on the way to it. At every step
each node handles the block that ends so much before the newest samples of the dry tracks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mixtrace.parallel import on_threads, side_by_side
from mixtrace.processors import Passing, Settings, Stack, TimeDomainProcessor, processor
from mixtrace.rendering.block_regions import BlockRegions
from mixtrace.rendering.plan import Region, RenderPlan, Stage, TimeGroup

__all__ = ["BlockRun"]

_LARGEST_GROUP = 4
"""Time-domain nodes that a core runs at once: little beside the tracks in memory."""
_GLANCE = 200
"""Samples that mostly show that a block is not silent; if not, all of it is looked at."""


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
        lag: the largest delay of all: that of an output.
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
        self.lag = max(self._delays[out] for out in plan.graph.outputs)
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
        self._groups = [list(_groups(stage, settings)) for stage in plan.stages]
        self._threads = torch.get_num_threads()
        self._states: dict[int, Tensor] = {}

    def advance(self, now: int) -> None:
        """Carry the block of dry audio that starts at sample `now` through the plan."""
        self._now = now
        for i, start, audio in self._regions.advance(now, self._read):
            (self._audio if self._plan.linear[i] else self._arriving)[i].add(start, audio)
        for groups in self._groups:
            with on_threads(self._threads):
                list(side_by_side(self._run_in_time, self._sounding(groups)))
        for i, (origin, total) in self._kept.items():
            start = now - self._delays[i]
            first, last = max(start, origin), min(start + self._block, origin + total.shape[-1])
            if first >= last:
                continue
            given_out = i in self._plan.graph.outputs
            audio = self._arrived(i, start) if given_out else self._read(i, start)
            if audio is not None:
                total[:, first - origin : last - origin] = audio[:, first - start : last - start]
        for i, held in self._held.items():
            self._audio[i].forget(now + self._block - held)
            self._arriving[i].forget(now + self._block - held)

    def _sounding(self, groups: Sequence[tuple[TimeGroup, Stack]]) -> list[tuple[TimeGroup, Stack]]:
        """Return the nodes that are within the song now.

        Where many regions follow one another, each is a block later than the one before, and most
        of them have their blocks before the song or behind it.
        """
        now = [
            (group, [i for i in stack.nodes if self._is_within(i)], stack)
            for group, stack in groups
        ]
        return [(group, stack.rows(nodes)) for group, nodes, stack in now if nodes]

    def _is_within(self, i: int) -> bool:
        start = self._now - self._delays[i]
        return max(start, 0) < min(start + self._block, self._time)

    def _cut(self, signal: _Signal | _Dry, start: int, ahead: int = 0) -> Tensor | None:
        """Return a block of a signal and some samples more, zero outside the song; or None."""
        first, last = max(start, 0), min(start + self._block + ahead, self._time)
        piece = signal.read(first, last) if first < last else None
        if piece is None:
            return None
        missing = self._block + ahead - piece.shape[-1]
        before = first - start
        return torch.nn.functional.pad(piece, (before, missing - before)) if missing else piece

    def _read(self, i: int, start: int, ahead: int = 0) -> Tensor | None:
        if not self._plan.channels[i]:
            return None
        return self._cut(self._dry[i] if i in self._dry else self._audio[i], start, ahead)

    def _arrived(self, i: int, start: int, ahead: int = 0) -> Tensor | None:
        feeds = [p for p in self._plan.feeds[i] if not self._plan.linear[p]]
        direct = [self._read(p, start, ahead) for p in feeds]
        whole = (self._cut(self._arriving[i], start, ahead), *direct)
        parts = [part for part in whole if part is not None]
        return sum(parts[1:], parts[0]) if parts else None

    @torch.no_grad()  # which holds for a thread, not for those it starts
    def _run_in_time(self, group: tuple[TimeGroup, Stack]) -> None:
        (_, channels, keyed, _), stack = group
        entry, members = processor(stack.kind), stack.nodes
        assert isinstance(entry, TimeDomainProcessor)
        rate, ahead = self._plan.sample_rate_hz, self._plan.reach[members[0]][0]
        starts = [self._now - self._delays[i] for i in members]
        blocks = [self._arrived(i, s, ahead) for i, s in zip(members, starts, strict=True)]
        stacked = self._stacked(blocks, channels, ahead, stack.wet)
        key = self._keys(members, starts, ahead, stack.wet) if keyed else None
        passing = Passing(stacked, key, stack.wet.new_tensor(starts) / rate, rate)
        if not self._states.keys() >= set(members):
            for i, rest in zip(members, entry.rest(passing, stack.values), strict=True):
                self._states.setdefault(i, rest)
        state = torch.stack([self._states[i] for i in members])
        output, state = entry.follow(passing, stack.values, stack.wet, state)
        self._states.update(zip(members, state, strict=True))
        for i, start, audio in zip(members, starts, output, strict=True):
            if bool(audio.any()):
                self._audio[i].add(start, audio)

    def _keys(
        self, members: Sequence[int], starts: Sequence[int], ahead: int, like: Tensor
    ) -> Tensor:
        """Return what some nodes listen to."""
        keys = [self._plan.wiring.keys[i] for i in members]
        widest = max(1, *(self._plan.channels[key] for key in keys))
        heard = [self._arrived(k, s, ahead) for k, s in zip(keys, starts, strict=True)]
        return self._stacked(heard, widest, ahead, like)

    def _stacked(
        self, blocks: Sequence[Tensor | None], channels: int, ahead: int, like: Tensor
    ) -> Tensor:
        silence = like.new_zeros((channels, self._block + ahead))
        return torch.stack([silence if b is None else b.expand(channels, -1) for b in blocks])


def _groups(stage: Stage, settings: Settings) -> Iterator[tuple[TimeGroup, Stack]]:
    """Yield the time-domain nodes of a stage with their settings, as many as run at once."""
    for group in stage.dynamics:
        for stack in settings.groups(group.nodes):
            for first in range(0, len(stack.nodes), _LARGEST_GROUP):
                yield group, stack.rows(stack.nodes[first : first + _LARGEST_GROUP])


def _delays(plan: RenderPlan, block: int) -> dict[int, int]:
    """Return for each node how far before the newest dry samples its audio is complete."""
    delays = dict.fromkeys(plan.wiring.kinds, 0)
    for stage in plan.stages:
        for region in stage.regions:
            delay = _late(plan, region, delays, block) + region.lead_samples
            for i in region.nodes:
                delays[i] = max(delays[i], delay)
        for group in stage.dynamics:
            for i in group.nodes:
                key = plan.wiring.keys.get(i)
                heard = plan.feeds[i] if key is None else (*plan.feeds[i], *plan.feeds[key])
                delays[i] = max(delays[p] for p in heard) + plan.reach[i][0]
                if key is not None:
                    delays[key] = delays[i]
    for i, key in plan.wiring.keys.items():
        if not plan.channels[i]:  # in silence nobody listens, yet a region may send there
            delays[key] = max((delays[p] for p in plan.feeds[key]), default=0)
    for out in plan.graph.outputs:
        delays[out] = max((delays[p] for p in plan.feeds[out]), default=0)
    return delays


def _late(plan: RenderPlan, region: Region, delays: Mapping[int, int], block: int) -> int:
    """Return how far before the newest dry samples a region takes the blocks of its sources."""
    return max(delays[i] + (0 if i in plan.graph.inputs else block) for i in region.sources)


def _held(
    plan: RenderPlan, delays: Mapping[int, int], late: Callable[[Region], int]
) -> dict[int, int]:
    """Return for each node but the inputs how far back its audio is read."""
    held = {i: delays[i] for i in plan.wiring.order if i not in plan.graph.inputs}
    for region in (region for stage in plan.stages for region in stage.regions):
        held.update((i, max(held[i], late(region))) for i in region.sources if i in held)
    for i in plan.wiring.order:
        held.update((p, max(held[p], delays[i])) for p in plan.feeds[i] if p in held)
    return held
