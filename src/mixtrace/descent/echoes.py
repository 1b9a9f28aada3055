"""Echoes of the tracks in the mix, found by deconvolution.

A gradient finds the time of an echo only from nearby, but the time can be read from the mix. What
the static responses leave of the mix, divided by the spectrum of a track, is a spike at every delay
at which that track comes back:

    h(t) = inverse FFT of  E[conj(X) R] / (E[|X|^2] + e),  R = Y - sum_k H_k X_k,

with means over long blocks. A reverberation is a dense cloud of them, so a spike must also stand
out from what is beside it. The echoes of one track are noise to the others: what was found is taken
out of R, and what it hid is looked for again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Shaped

from mixtrace.dsp import fast_length
from mixtrace.parallel import side_by_side
from mixtrace.session import Session
from mixtrace.unseen import Range, ranges_between

__all__ = ["Echoes", "find_echoes"]

_BLOCK_S = 8.0
_MOST_BLOCKS = 12
_EARLIEST_S, _LATEST_S = 0.02, 2.0
_REGULARISED = 0.1
"""The share of a track's mean power that e is."""
_SIGMAS, _LEAST_SIGMAS = 10.0, 5.0
"""By how much a spike must exceed the noise, in both channels together and in its own; the largest
of 60,000 values of noise reaches 4.5."""
_PROMINENCE = 1.5
"""By how much it must exceed what lies around it, its own width left out."""
_WIDTH_S, _AROUND_S = 0.0015, 0.015
_LOUDEST = 4.0
_PASSES = 3


@dataclass(frozen=True)
class Echoes:
    """The loudest echo of every track in each slot of time.

    Attributes:
        time_s: when it comes.
        ratio: its amplitude over that of the direct sound in the same channel; 0 for none.
    """

    time_s: Float[np.ndarray, "track 2 slot"]
    ratio: Float[np.ndarray, "track 2 slot"]


def find_echoes(
    session: Session,
    responses: Shaped[np.ndarray, "track 2 bin"],
    slot_s: float,
    slots: int,
    held_out: Sequence[Range] = (),
) -> Echoes:
    """Look for one echo of every track in each channel and slot, from 20 ms to two seconds.

    Args:
        session: tracks and mix.
        responses: how each track reaches each channel directly; complex, evenly spaced from 0 Hz to
            half the sample rate.
        slot_s: length of a slot, in seconds; the first begins at 0 s.
        slots: how many.
        held_out: what of the mix is not read.
    """
    rate = session.sample_rate_hz
    blocks = _Blocks(session.mix.shape[-1], rate, held_out)
    rest = blocks.spectra(session.mix)
    every = range(len(responses))
    for direct in side_by_side(
        lambda k: blocks.response(responses[k])[:, None] * blocks.spectra(session.audio[k]), every
    ):
        rest -= direct
    edges = [round(slot * slot_s * rate) for slot in range(slots + 1)]
    early = responses.shape[-1] - 1  # The responses hold the echoes up to here.
    in_direct = np.interp(np.arange(blocks.size), (early, 2 * early), (1.0, 0.0))
    time_s, ratio = np.zeros((2, len(responses), 2, slots))
    for _ in range(_PASSES):
        new: list[tuple[int, int, int]] = []
        # Spectra are worked out again: those of all tracks would not fit into memory.
        found = side_by_side(
            lambda k: _look(blocks, session.audio[k], responses[k], rest, in_direct, edges), every
        )
        for track, spikes in enumerate(found):
            for side, place, level in spikes:
                slot = int(np.searchsorted(edges, place, side="right")) - 1
                if not ratio[track, side, slot]:
                    time_s[track, side, slot], ratio[track, side, slot] = place / rate, level
                    new.append((track, side, slot))
        if not new:
            break
        for track, side, slot in new:
            place = round(time_s[track, side, slot] * rate)
            late = blocks.spectra(session.audio[track], place)
            direct = blocks.response(responses[track])[side] * late[min(side, len(late) - 1)]
            rest[side] -= ratio[track, side, slot] * (1.0 - in_direct[place]) * direct
    return Echoes(time_s, ratio)


def _look(
    blocks: "_Blocks",
    audio: np.ndarray,
    response: np.ndarray,
    rest: np.ndarray,
    in_direct: np.ndarray,
    edges: list[int],
) -> list[tuple[int, int, float]]:
    """Return side, place and ratio of the echoes of a track in what the direct sounds leave.

    `in_direct` is the share of an echo that the direct response holds, place by place.
    """
    spectra = blocks.spectra(audio)
    power = np.square(np.abs(spectra)).mean(1)
    floor = _REGULARISED * power.mean(-1, keepdims=True)
    if not floor.all():
        return []
    direct = blocks.response_at(blocks.response(response) * power / (power + floor))
    spikes = blocks.response_at((spectra.conj() * rest).mean(1) / (power + floor))
    spikes += in_direct * direct
    near = round(_WIDTH_S * blocks.rate)
    sigmas = _above_noise(spikes, blocks.rate)
    found: list[tuple[int, int, float]] = []
    for side in range(2):
        loudness = max(direct[side, :near].max(), direct[side, -near:].max(), 1e-9)
        for place in _spikes(sigmas, side, edges, blocks.rate):
            echo = spikes[side, place] / blocks.overlap(place)
            found.append((side, place, float(min(echo / loudness, _LOUDEST))))
    return found


class _Blocks:
    """Spectra of long blocks under Hann windows, spread over what is not held out of the song.

    Where a stretch of it is shorter than a block, the window is, too.
    """

    def __init__(self, length: int, rate: float, held_out: Sequence[Range]) -> None:
        self.rate, self.size = rate, fast_length(round(_BLOCK_S * rate))
        placed = [
            (start, min(self.size, last - first))
            for first, last in self._stretches(length, held_out)
            for start in self._spread(first, last)
        ]
        if len(placed) > _MOST_BLOCKS:
            chosen = np.linspace(0, len(placed) - 1, _MOST_BLOCKS).round().astype(int)
            placed = [placed[number] for number in chosen]
        self._placed = placed
        self._windows = np.stack([self._window(width) for _, width in placed])
        # Each width once: where all are the same, no sum is rounded.
        widths = Counter(width for _, width in placed)
        energy = np.zeros(self.size // 2 + 1, np.float32)
        for width, times in widths.items():
            energy += times / len(placed) * np.square(np.abs(_spectrum(self._window(width))))
        self._overlaps = self.response_at(energy)

    def _stretches(self, length: int, held_out: Sequence[Range]) -> Iterator[Range]:
        """Yield the stretches that can hold a sound and its echo; silence follows the song."""
        for first, last in ranges_between(length, held_out):
            if last == length:
                last = max(last, first + self.size)
            if last - first > round(_LATEST_S * self.rate):
                yield first, last

    def _spread(self, first: int, last: int) -> list[int]:
        """Return where the blocks of a stretch start."""
        spare = max(0, last - first - self.size)
        count = min(_MOST_BLOCKS, 1 + -(-spare // (self.size // 2)))
        return np.linspace(first, first + spare, count).astype(int).tolist()

    def _window(self, width: int) -> np.ndarray:
        return np.pad(np.hanning(width), (0, self.size - width)).astype(np.float32)

    def spectra(self, audio: Float[np.ndarray, "channel time"], late: int = 0) -> np.ndarray:
        """Return the blocks of a signal that comes some samples late, [channel, block, bin]."""
        blocks = np.zeros((len(audio), len(self._placed), self.size), np.float32)
        for number, (place, width) in enumerate(self._placed):
            start = place - late
            piece = audio[:, max(0, start) : max(0, start + width)]
            before = max(0, -start)
            blocks[:, number, before : before + piece.shape[1]] = piece
        return _spectrum(blocks * self._windows)

    def response(self, response: np.ndarray) -> np.ndarray:
        """Return a frequency response [channel, bin], which may lead and lag, at these blocks."""
        short = _signal(response, 2 * response.shape[-1] - 2)
        half = short.shape[-1] // 2
        long = np.zeros((len(short), self.size), np.float32)
        long[:, :half], long[:, -half:] = short[:, :half], short[:, -half:]
        return _spectrum(long)

    def response_at(self, spectrum: np.ndarray) -> np.ndarray:
        """Return a response in time."""
        return _signal(spectrum, self.size)

    def overlap(self, delay: int) -> float:
        """Return the share of a signal that is in a block together with its echo."""
        return float(self._overlaps[delay] / self._overlaps[0])


def _spectrum(audio: np.ndarray) -> np.ndarray:
    return torch.fft.rfft(torch.from_numpy(audio)).numpy()


def _signal(spectrum: np.ndarray, time: int) -> np.ndarray:
    return torch.fft.irfft(torch.from_numpy(spectrum), time).numpy()


def _above_noise(responses: np.ndarray, rate: float) -> np.ndarray:
    """Return responses [channel, time] over the deviation of their noise."""
    searched = np.abs(responses[:, round(_EARLIEST_S * rate) : round(_LATEST_S * rate)])
    noise = np.median(searched, axis=1, keepdims=True) / 0.6745
    return responses / np.maximum(noise, 1e-12)


def _spikes(sigmas: np.ndarray, side: int, edges: list[int], rate: float) -> Iterator[int]:
    """Yield where the highest spike of a side is in each slot, if it is no noise and no cloud.

    What the other side holds there counts as well: most echoes are in both.
    """
    earliest, latest = round(_EARLIEST_S * rate), round(_LATEST_S * rate)
    width, around = round(_WIDTH_S * rate), round(_AROUND_S * rate)

    def highest(first: int, last: int) -> float:
        return float(np.linalg.norm(np.abs(sigmas[:, first:last]).max(1)))

    for first, last in pairwise(edges):
        first, last = max(first, earliest), min(last, latest)
        if first >= last:
            continue
        place = first + int(sigmas[side, first:last].argmax())
        if sigmas[side, place - width : place + width + 1].max() > sigmas[side, place]:
            continue  # the slope of one in the next slot
        there = sigmas[:, place - width : place + width + 1].max(1).clip(min=0.0)
        there[side] = sigmas[side, place]
        height = float(np.linalg.norm(there))
        before, after = (place - around, place - width), (place + width, place + around)
        beside = max(highest(*before), highest(*after))
        if there[side] > _LEAST_SIGMAS and height > max(_SIGMAS, _PROMINENCE * beside):
            yield place
