"""How loud every track reaches each channel of the mix, by frequency, from spectra in seconds.

Two fits of the mix on the tracks, per channel and frequency:

- complex ridge regression of the mix's STFT on the tracks' STFTs, min |Y - sum_k H_k X_k|^2, exact
  for what reached the mix coherently (D. Barchiesi, J. Reiss, JAES 58, 2010), but it shrinks a
  track that is late, retuned or heavily processed;
- a non-negative fit of the mix's power spectrogram on the tracks', min |P_Y - sum_k G_k P_k|^2 per
  band, blind to phase.

The first is smoothed over a sixth of an octave.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import nnls
from torch import Tensor

from mixtrace.session import Session
from mixtrace.unseen import Range, touches

__all__ = ["StaticResponse", "static_responses"]

_FFT = 4096
_HOP = 1024
_RIDGE = 1e-3
_BANDS = 48
_MAX_FRAMES = 4000
_FRAME_BYTES = 50_000_000
"""Spectra of all tracks that are held at a time."""
_BINS_AT_ONCE = 128
"""Systems of the ridge regression that are copied at a time; of 130 tracks each takes 0.1 MB."""
_GAIN_RANGE_DB = (-40.0, 24.0)


@dataclass(frozen=True)
class StaticResponse:
    """The magnitude, in dB, with which every track reaches each channel of the mix.

    Attributes:
        frequency_hz: [bin].
        coherent_db, power_db: of the two fits, [track, 2, bin].
        energy: the power of each track per bin, [track, bin].
    """

    frequency_hz: Float[np.ndarray, " bin"]
    coherent_db: Float[np.ndarray, "track 2 bin"]
    power_db: Float[np.ndarray, "track 2 bin"]
    energy: Float[np.ndarray, "track bin"]


def static_responses(session: Session, held_out: Sequence[Range] = ()) -> StaticResponse:
    """Fit every track's static response by least squares, on what is not held out of the song."""
    frequency = np.fft.rfftfreq(_FFT, 1.0 / session.sample_rate_hz)
    moments = _moments(session, frequency, held_out)
    coherent = np.stack([_complex_ridge(*pair) for pair in moments.products], 1)
    power = np.stack(
        [_power_fit(*pair, moments.centres_hz, frequency) for pair in moments.powers], 1
    )
    energy = moments.energy
    weight = energy + 1e-12 * energy.max()
    smooth = _octave_smoother(frequency, 1.0 / 6.0)
    coherent_power = (np.abs(coherent) ** 2 * weight[:, None]) @ smooth / (weight[:, None] @ smooth)
    return StaticResponse(frequency, _db(coherent_power), _db(power), energy)


def _db(power: np.ndarray) -> np.ndarray:
    return np.clip(10.0 * np.log10(power + 1e-20), *_GAIN_RANGE_DB)


@dataclass(frozen=True)
class _Moments:
    """What the fits need to know of a song; everything else is forgotten frame by frame.

    Attributes:
        products: per channel the tracks' Gram matrix [bin, track, track] and their products with
            the mix [bin, track].
        powers: per channel the band powers of the tracks [band, frame, track] and the mix
            [band, frame].
        centres_hz: of the bands that hold a bin.
        energy: mean power [track, bin].
    """

    products: tuple[tuple[Tensor, Tensor], ...]
    powers: tuple[tuple[np.ndarray, np.ndarray], ...]
    centres_hz: Float[np.ndarray, " band"]
    energy: Float[np.ndarray, "track bin"]


def _moments(session: Session, frequency: np.ndarray, held_out: Sequence[Range]) -> _Moments:
    """Return the moments of all frames, of a long song of every n-th; a few frames at a time.

    Frames that reach into what is held out are left out.
    """
    count, bins = len(session.tracks), len(frequency)
    hop = _HOP * max(1, round(session.mix.shape[-1] // _HOP / _MAX_FRAMES))
    runs = _frames_seen(1 + session.mix.shape[-1] // hop, hop, held_out)
    frames = sum(last - first for first, last in runs)
    bands, centres_hz = _bands(frequency)
    grams = [torch.zeros((bins, count, count), dtype=torch.complex64) for _ in range(2)]
    crosses = [torch.zeros((bins, count), dtype=torch.complex64) for _ in range(2)]
    powers = np.zeros((2, len(bands), frames, count + 1), np.float32)
    energy = torch.zeros((count, bins), dtype=torch.float64)
    at_once = max(8, _FRAME_BYTES // (16 * bins * (count + 1)))
    done = 0
    for first, last in _at_most(at_once, runs):
        taken = slice(done, done + last - first)
        done = taken.stop
        audio = chain(session.audio, (session.mix,))
        spectra = [_stft(channels, hop, first, last) for channels in audio]
        for number, spectrum in enumerate(spectra[:-1]):
            energy[number] += spectrum.abs().square().mean(0).sum(-1)
        for side in range(2):
            x = torch.stack([s[min(side, len(s) - 1)] for s in spectra], -1)
            tracks, mix = x[..., :-1], x[..., -1:]
            grams[side] += tracks.mH @ tracks
            crosses[side] += (tracks.mH @ mix)[..., 0]
            power = torch.view_as_real(x).square().sum(-1)
            for band, (low, high) in enumerate(bands):
                powers[side, band, taken] = power[low:high].sum(0).numpy()
    return _Moments(
        tuple(zip(grams, crosses, strict=True)),
        tuple((power[..., :-1], power[..., -1]) for power in powers),
        centres_hz,
        (energy / frames).float().numpy(),
    )


def _frames_seen(frames: int, hop: int, held_out: Sequence[Range]) -> list[Range]:
    """Return the runs of frames that reach into nothing that is held out.

    At the end of the song mirroring reaches one sample farther back than a frame's own half.
    """
    half, runs = _FFT // 2, [(0, 0)]
    for frame in range(frames):
        centre, (first, last) = frame * hop, runs[-1]
        if touches(max(0, centre - half - 1), centre + half, held_out):
            continue
        runs[-1:] = [(first, frame + 1)] if frame == last else [(first, last), (frame, frame + 1)]
    return runs


def _at_most(size: int, runs: Sequence[Range]) -> Iterator[Range]:
    """Yield runs in pieces of at most a size."""
    for start, stop in runs:
        for first in range(start, stop, size):
            yield first, min(stop, first + size)


def _stft(audio: np.ndarray, hop: int, first: int, last: int) -> Tensor:
    """Return frames first to last of the centred, mirrored STFT, [channel, bin, frame]."""
    half, time = _FFT // 2, audio.shape[-1]
    start, stop = first * hop - half, (last - 1) * hop + half
    begin = max(0, min(start, time - _FFT))  # mirroring needs more audio than it adds
    piece = torch.from_numpy(audio[:, begin : min(stop, time)])
    before, after = max(0, -start), max(0, stop - time)
    mirrored = torch.nn.functional.pad(piece[None], (before, after), mode="reflect")[0]
    frames = mirrored[:, max(0, start) - begin :].unfold(-1, _FFT, hop)
    return torch.fft.rfft(frames * torch.hann_window(_FFT)).transpose(1, 2)


def _bands(frequency: np.ndarray) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Return the first and last bin of each of 48 bands that holds one, and their centres in Hz."""
    edges = np.geomspace(40.0, frequency[-1], _BANDS + 1)
    bounds = [tuple(np.searchsorted(frequency, pair).tolist()) for pair in pairwise(edges)]
    held = [(low, high) for low, high in bounds if high > low]
    centres = [
        np.sqrt(a * b)
        for (a, b), (low, high) in zip(pairwise(edges), bounds, strict=True)
        if high > low
    ]
    return held, np.array(centres)


def _complex_ridge(gram: Tensor, cross: Tensor) -> np.ndarray:
    """Return H [track, bin] of one channel."""
    diagonal = torch.diagonal(gram, dim1=-2, dim2=-1).real
    ridge = _RIDGE * diagonal + 1e-6 * diagonal.mean() + 1e-12
    solved = []
    for first in range(0, len(gram), _BINS_AT_ONCE):
        part = slice(first, first + _BINS_AT_ONCE)
        regular = gram[part] + torch.diag_embed(ridge[part]).to(gram.dtype)
        solved.append(torch.linalg.solve(regular, cross[part, :, None])[..., 0])
    return torch.cat(solved).T.numpy()


def _power_fit(
    powers: np.ndarray, target: np.ndarray, centres_hz: np.ndarray, frequency: np.ndarray
) -> np.ndarray:
    """Return power gains [track, bin] of one channel, constant within each of 48 bands."""
    gains = [
        _non_negative(tracks.astype(np.float64), mix.astype(np.float64))
        for tracks, mix in zip(powers, target, strict=True)
    ]
    table = np.stack(gains, 1)
    position = np.log(np.maximum(frequency, 1.0))
    return np.stack([np.interp(position, np.log(centres_hz), row) for row in table])


def _non_negative(power: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Solve the band's fit with every frame weighted by the inverse of its level.

    The weight makes quiet frames count: levels are heard in dB.
    """
    weight = 1.0 / (target + 1e-3 * target.mean() + 1e-12)
    scale = np.sqrt((power * weight[:, None]).mean(0) + 1e-20)
    solution, _ = nnls(power * weight[:, None] / scale, target * weight)
    return solution / scale


def _octave_smoother(frequency: np.ndarray, width_octaves: float) -> np.ndarray:
    """Return a matrix [bin, bin] whose column averages over a fraction of an octave."""
    octave = np.log2(np.maximum(frequency, frequency[1] / 2.0))
    distance = np.abs(octave[:, None] - octave[None, :]) / (width_octaves / 2.0)
    matrix = np.maximum(1.0 - distance, 0.0).astype(np.float32)
    return matrix / matrix.sum(0, keepdims=True)
