"""What the tracks of a song explain of its mix, judged where it was not fitted.

The mix is modelled as in `correlate`: the sum of all tracks, each through one complex gain per band
of 60 Hz. Here the filters are fitted on one half of the windows and judged on the other, so that
what a track explains by chance is not counted for it.

Shapes: spectra are [window, band, bin, channel], Hann-windowed; a track has 1 or 2 channels, the
mix 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from jaxtyping import Bool, Complex64, Float, Int
from scipy.fft import irfft, rfft

from mixtrace.session.correlate import Grid, choose_windows, fit_jointly, squared

__all__ = ["Explained", "Frames", "explain"]

_PARTS = 4  # of each window of the alignment, some 0.5 s: even a short song has a dozen
_FEWEST_WINDOWS = 8
_KEPT_BYTES = 500_000_000
_ROWS = 8  # windows transformed together: they take half as long each as one alone
_FRAME_S = 0.07
_OCTAVES_HZ = (60.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 13000.0)

_Track = Float[np.ndarray, "_channel _time"]
_Spectra = Complex64[np.ndarray, "window band bin _channel"]
_Responses = Complex64[np.ndarray, "band 2 all_channels"]


@dataclass(frozen=True, eq=False)
class Explained:
    """A mix, and what its tracks leave of it.

    Attributes:
        grid: the windows and bands.
        tracks: K tracks, where the mix has them.
        mix: its spectra.
        halves: which half of the song each window belongs to, 0 or 1.
        responses: the filters that hold for the windows of each half, fitted on the other.
        kept: the spectra of the first tracks, as many as fit into half a gigabyte.
    """

    grid: Grid
    tracks: Sequence[_Track]
    mix: _Spectra
    halves: Int[np.ndarray, " window"]
    responses: tuple[_Responses, _Responses]
    kept: tuple[_Spectra, ...]

    def rest(self) -> _Spectra:
        """Return the mix without what all tracks explain, in windows where they were not fitted."""
        rest = self.mix.copy()
        for track in range(len(self.tracks)):
            rest -= self.share(track, self.spectra(track))
        return rest

    def fitted_rest(self) -> _Spectra:
        """Return the mix without what all tracks explain where they were fitted.

        This is for what no track can explain: what a filter learned of a few notes in one half of
        a song may be wrong for those of the other.
        """
        return replace(self, responses=self.responses[::-1]).rest()

    def spectra(self, track: int) -> _Spectra:
        """Return the spectra of a track."""
        if track < len(self.kept):
            return self.kept[track]
        return _spectra(self.tracks[track], self.grid)

    def share(self, track: int, spectra: _Spectra) -> _Spectra:
        """Return what a track with these spectra is taken to add to the mix."""
        first = sum(len(self.tracks[k]) for k in range(track))
        own = slice(first, first + spectra.shape[3])
        share = np.empty((*spectra.shape[:3], 2), np.complex64)
        for half, responses in enumerate(self.responses):
            chosen = self.halves == half
            share[chosen] = spectra[chosen] @ responses[:, :, own].transpose(0, 2, 1)
        return share


def explain(
    tracks: Sequence[_Track], mix: Float[np.ndarray, "2 time"], sample_rate_hz: int
) -> Explained | None:
    """Return what the tracks explain of their mix; None of a song too short to be judged.

    Args:
        tracks: K tracks, where the mix has them.
        mix: the mix.
        sample_rate_hz: their rate.
    """
    here = [0] * len(tracks)
    grid = _divided(choose_windows(tracks, mix, here, sample_rate_hz), mix.shape[1])
    if len(grid.starts) < _FEWEST_WINDOWS or not grid.bands:
        return None
    halves = np.arange(len(grid.starts)) // _PARTS % 2
    first, second = (_fitted(tracks, mix, grid, halves != half) for half in (0, 1))
    size = len(grid.starts) * grid.bins * np.dtype(np.complex64).itemsize
    sizes = accumulate(size * len(track) for track in tracks)
    few = sum(size <= _KEPT_BYTES for size in sizes)
    kept = tuple(_spectra(tracks[k], grid) for k in range(few))
    return Explained(grid, tracks, _spectra(mix, grid), halves, (first, second), kept)


class Frames:
    """Powers in short frames and wide bands: when and where something sounds, not how exactly.

    Attributes:
        edges_hz: the edges of the bands, one more than bands.
    """

    def __init__(self, grid: Grid, edges_hz: Sequence[float] = _OCTAVES_HZ) -> None:
        """Lay frames of some 70 ms into the windows, one over half of the next."""
        rate = grid.sample_rate_hz
        self._grid = grid
        self._length = 1 << int(np.log2(max(4.0, min(_FRAME_S * rate, grid.length / 4))))
        self._starts = range(0, grid.length - self._length + 1, self._length // 2)
        highest_hz = grid.bins * rate / grid.length
        bins = np.round(np.minimum(edges_hz, highest_hz) / rate * self._length).astype(int)
        self._bins = np.unique(bins)
        self.edges_hz = self._bins * rate / self._length

    def of_audio(self, audio: _Track) -> Float[np.ndarray, "window frame range"]:
        """Return the powers of a track or mix, summed over its channels."""
        length = self._grid.length
        windows = np.zeros((len(self._grid.starts), len(audio), length), np.float32)
        for window, start in zip(windows, self._grid.starts, strict=True):
            inside = audio[:, start : start + length]
            window[:, : inside.shape[1]] = inside
        return self._powers(windows * self._grid.taper)

    def of_spectra(self, spectra: _Spectra) -> Float[np.ndarray, "window frame range"]:
        """Return the powers of what has these spectra."""
        flat = spectra.reshape(len(spectra), -1, spectra.shape[3]).transpose(0, 2, 1)
        return self._powers(np.asarray(irfft(flat, self._grid.length)))

    def _powers(
        self, windows: Float[np.ndarray, "window channel time"]
    ) -> Float[np.ndarray, "window frame range"]:
        taper = np.hanning(self._length).astype(np.float32)
        powers = []
        for start in self._starts:
            frame = np.asarray(rfft(windows[:, :, start : start + self._length] * taper))
            power = np.sum(squared(frame), axis=1)
            powers.append(np.add.reduceat(power, self._bins, axis=1)[:, :-1])
        return np.stack(powers, axis=1)


def _fitted(
    tracks: Sequence[_Track],
    mix: Float[np.ndarray, "2 time"],
    grid: Grid,
    chosen: Bool[np.ndarray, " window"],
) -> _Responses:
    """Return the filters of all tracks together, fitted on the windows chosen."""
    starts = tuple(start for start, own in zip(grid.starts, chosen, strict=True) if own)
    return fit_jointly(tracks, mix, [0] * len(tracks), replace(grid, starts=starts))


def _divided(grid: Grid, time: int) -> Grid:
    """Return a grid with each window cut into shorter ones, none of them twice."""
    length = grid.length // _PARTS
    every = {start + part * length for start in grid.starts for part in range(_PARTS)}
    starts = tuple(sorted(start for start in every if start + length <= time))
    cell = max(1, grid.cell // _PARTS)
    bands = grid.bins // _PARTS // (cell * (grid.bins // grid.bands // grid.cell))
    active = np.ones((len(grid.active), len(starts)), bool)
    taper = np.hanning(length).astype(np.float32)
    return Grid(grid.sample_rate_hz, length, taper, starts, active, bands, cell)


def _spectra(audio: _Track, grid: Grid) -> _Spectra:
    """Return the spectra of all windows, silent beyond the end."""
    spectra = np.empty((len(grid.starts), grid.bins, len(audio)), np.complex64)
    for first in range(0, len(spectra), _ROWS):
        own = slice(first, first + _ROWS)
        inside = np.zeros((len(spectra[own]), len(audio), grid.length), np.float32)
        for window, start in zip(inside, grid.starts[own], strict=True):
            piece = audio[:, start : start + grid.length]
            window[:, : piece.shape[1]] = piece
        made = np.asarray(rfft(inside * grid.taper))[..., : grid.bins]
        spectra[own] = made.transpose(0, 2, 1)
    return spectra.reshape(len(spectra), grid.bands, -1, len(audio))
