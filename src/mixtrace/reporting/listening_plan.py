"""What of a song can be heard on its page: which tracks, which stretch, how finely coded.

The page may hold 15 MB, of which a tenth is kept for all but audio; base64 turns three bytes into
four. Target, estimate, residual and sum of the dry tracks are there in full length and take the
larger share. Tracks, dry and processed, get the rest: the whole song where that suffices, else the
stretch in which the most of them sound. Where that stretch would be too short to judge anything by,
the buses take the tracks' place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mixtrace.graph import Graph, passages

__all__ = ["PAGE_BYTES", "ListeningPlan", "Strip", "plan_listening"]

PAGE_BYTES = 15_000_000

_AUDIO_BITS = PAGE_BYTES * 0.9 * 3 / 4 * 8
_HELD = 0.92
"""Coders miss their rates: the share of the bits that is planned with."""
_MAIN_CHANNELS = 8
_MAIN_SHARE = 0.62
_MAIN_KBPS = (16.0, 64.0)
_STRIP_KBPS = (24.0, 48.0)
"""Lowest and highest rates of one channel; a song of ten minutes and more exceeds the page."""
_MOST_CHANNEL_SECONDS = 1_500.0
"""Decoded, a channel takes 0.19 MB a second: all strips together stay below 290 MB."""
_SHORTEST_S = 8.0
_FRAME_S = 0.25


@dataclass(frozen=True)
class Strip:
    """A track, or a bus in place of its tracks.

    Attributes:
        name: as its author wrote it.
        role: `track` or `bus`.
        inputs: the positions of the tracks whose sum is its dry sound.
        end: the node its processed sound leaves.
    """

    name: str
    role: str
    inputs: tuple[int, ...]
    end: int


@dataclass(frozen=True)
class ListeningPlan:
    """What is written.

    Attributes:
        strips: in the order of the graph's inputs or buses.
        span: the samples of the song, first and end, in which strips can be heard.
        main_kbps, strip_kbps: rates of one channel.
    """

    strips: tuple[Strip, ...]
    span: tuple[int, int]
    main_kbps: float
    strip_kbps: float


def plan_listening(
    graph: Graph,
    tracks: Sequence[Float[np.ndarray, "_channel time"]],
    sample_rate_hz: int,
) -> ListeningPlan:
    """Choose what fits a page.

    Args:
        graph: the result.
        tracks: the dry tracks, in the order of its inputs.
        sample_rate_hz: their rate.
    """
    time = tracks[0].shape[-1]
    duration_s = time / sample_rate_hz
    lowest, highest = _MAIN_KBPS
    main_kbps = _MAIN_SHARE * _bits() / 1000.0 / (_MAIN_CHANNELS * duration_s)
    main_kbps = min(max(main_kbps, lowest), highest)
    left = max(_bits() - 1000.0 * main_kbps * _MAIN_CHANNELS * duration_s, 0.0)
    strips, of_buses = _strips(graph)
    length_s, channels = _length_s(strips, tracks, left)
    if length_s < min(_SHORTEST_S, duration_s) and of_buses:
        strips = of_buses
        length_s, channels = _length_s(strips, tracks, left)
    length = min(time, round(max(length_s, _SHORTEST_S) * sample_rate_hz))
    strip_kbps = left / 1000.0 / (channels * length / sample_rate_hz)
    strip_kbps = min(max(strip_kbps, _STRIP_KBPS[0]), _STRIP_KBPS[1])
    first = _fullest(tracks, length, sample_rate_hz)
    return ListeningPlan(strips, (first, first + length), main_kbps, strip_kbps)


def _bits() -> float:
    return _HELD * _AUDIO_BITS


def _strips(graph: Graph) -> tuple[tuple[Strip, ...], tuple[Strip, ...]]:
    """Return a strip for every track, and one for every bus that tracks alone feed."""
    every = {passage.strip: passage for passage in passages(graph) if not passage.told}
    number = {i: n for n, i in enumerate(graph.inputs)}
    of_tracks: list[Strip] = []
    of_buses: list[Strip] = []
    for passage in every.values():
        feeds = [every[strip] for strip in passage.feeds]
        if passage.role == "track":
            inputs: tuple[int, ...] = (number[passage.head],)
            of_tracks.append(Strip(passage.name, "track", inputs, passage.end))
        elif passage.role == "bus" and all(feed.role == "track" for feed in feeds):
            inputs = tuple(sorted(number[feed.head] for feed in feeds))
            of_buses.append(Strip(passage.name, "bus", inputs, passage.end))
    of_tracks.sort(key=lambda strip: strip.inputs)
    return tuple(of_tracks), tuple(of_buses)


def _length_s(
    strips: Sequence[Strip], tracks: Sequence[np.ndarray], bits: float
) -> tuple[float, int]:
    """Return how long strips can be, and how many channels they have, dry and processed."""
    dry = sum(max(len(tracks[k]) for k in strip.inputs) for strip in strips)
    channels = dry + 2 * len(strips)
    return min(bits / (1000.0 * _STRIP_KBPS[0]), _MOST_CHANNEL_SECONDS) / channels, channels


def _fullest(tracks: Sequence[np.ndarray], length: int, sample_rate_hz: int) -> int:
    """Return the first sample of the stretch in which the most tracks sound.

    A track counts by its energy there against that of its own loudest stretch of this length.
    """
    frame = max(1, round(_FRAME_S * sample_rate_hz))
    time = tracks[0].shape[-1]
    frames, window = time // frame, max(1, length // frame)
    if length == time:
        return 0
    score = np.zeros(frames - window + 1)
    for track in tracks:
        power = np.square(track[:, : frames * frame]).reshape(-1, frames, frame)
        sums = np.concatenate([[0.0], np.cumsum(power.sum(axis=(0, 2), dtype=np.float64))])
        energy = sums[window:] - sums[:-window]
        score += np.sqrt(energy / max(float(energy.max()), 1e-12))
    return min(int(np.argmax(score)) * frame, time - length)
