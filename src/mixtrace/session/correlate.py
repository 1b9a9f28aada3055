"""How each track lies against the mix, measured: whitened cross-correlation of what others leave.

The mix is modelled as the sum of all tracks, each through one smooth filter (a complex gain per
band of 60 Hz, least squares over all windows together). For every track, that model of the
*other* tracks is subtracted from the mix; the cross-spectrum of the rest with the track is
whitened by both smoothed power spectra (the smoothed coherence transform), so that its inverse
transform is a peak at the track's delay whose height is the mean coherence.

Source: C. Knapp, G. Carter, "The generalized correlation method for estimation of time delay",
IEEE Trans. ASSP 24(4), 1976, table I (SCOT). We differ in two ways: the mix is
relieved of the other tracks first, and the weights fall with frequency by a half power, so that
a bass is not judged by the octaves in which it has nothing.

Shapes: a track is [1 or 2, time], the mix [2, time]; a mono track is compared with both channels
of the mix, a stereo track left with left and right with right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from jaxtyping import Complex64, Float, Int
from scipy.fft import irfft, rfft

from mixtrace.parallel import side_by_side

__all__ = [
    "MAX_LAG_S",
    "Grid",
    "ShiftEvidence",
    "choose_windows",
    "fit_jointly",
    "measure_lags",
    "squared",
    "window_length",
]

MAX_LAG_S = 0.25
"""The farthest a track is looked for, either way."""

_WINDOW_S = 3.0
_SHORTEST_WINDOW = 1024
_MOST_WINDOWS = 32
_WHITEN_HZ = 15.0
_CELLS_PER_BAND = 4  # a band of 60 Hz: the filter of a track may ring for about 8 ms either way
_LOWEST_HZ = 60.0
_HIGHEST_HZ = 14000.0
_TILT_HZ = 1000.0
_ACTIVE_SHARE = 0.01  # of the energy of the track's loudest window
_ROWS = 8  # transformed together: they take half as long a row as one
_AT_ONCE_BYTES = 100_000_000  # of spectra; what is made of them takes several times as much

_Audio = Float[np.ndarray, "channel time"]
_Track = Float[np.ndarray, "_channel _time"]
_Mix = Float[np.ndarray, "2 mix_time"]
_Weight = Float[np.ndarray, "bin 1"]
_Bands = Complex64[np.ndarray, "band band_bin channel"]
_AllBands = Complex64[np.ndarray, "band band_bin all_channels"]
_MixBands = Complex64[np.ndarray, "band band_bin 2"]
_Responses = Complex64[np.ndarray, "band 2 all_channels"]


@dataclass(frozen=True)
class Grid:
    """The windows and bands in which a song is compared with its tracks.

    Attributes:
        sample_rate_hz: rate of the audio the grid is for.
        length: samples in a window, a power of two.
        taper: the Hann window, float32.
        starts: first sample of every window.
        active: whether a track plays in a window, [track, window].
        bands: number of bands of the joint filters, from 0 Hz up.
        cell: bins that are whitened together; a band has four cells.
    """

    sample_rate_hz: int
    length: int
    taper: np.ndarray
    starts: tuple[int, ...]
    active: np.ndarray
    bands: int
    cell: int

    @property
    def max_lag(self) -> int:
        """The farthest lag looked at, in samples."""
        return min(int(MAX_LAG_S * self.sample_rate_hz), self.length // 4)

    @property
    def bins(self) -> int:
        """The number of bins compared, from 0 Hz up."""
        return self.bands * _CELLS_PER_BAND * self.cell


@dataclass(frozen=True)
class ShiftEvidence:
    """What was measured of one track.

    Attributes:
        correlation: signed mean coherence at the lags -max_lag .. max_lag (samples by which the
            track must be moved later, from where it was looked for).
        ripple: what a copy of the track at lag zero would show at the lags 0 .. 2 max_lag,
            relative to its peak: its own periodicity, not evidence of a second place.
        window_lags: where each window in which the track plays has its peak, in samples.
        window_times: where in the mix the middle of each of these windows is, in samples.
    """

    correlation: Float[np.ndarray, " lag"]
    ripple: Float[np.ndarray, " lag"]
    window_lags: Float[np.ndarray, " window"]
    window_times: Float[np.ndarray, " window"]


def choose_windows(
    tracks: Sequence[_Track],
    mix: _Mix,
    origins: Sequence[int],
    sample_rate_hz: int,
    fewest: int = 2,
) -> Grid:
    """Return the grid for a song: up to 32 windows that cover what every track plays.

    Args:
        tracks: K tracks.
        mix: the mix.
        origins: about how many samples later than in its file each track lies in the mix.
        sample_rate_hz: their rate.
        fewest: how many windows the song must hold side by side: shorter ones in a short song.
    """
    time = mix.shape[1]
    length = window_length(time, sample_rate_hz, fewest)
    every = np.unique(np.append(np.arange(0, time - length, length // 2), max(time - length, 0)))
    placed = zip(tracks, origins, strict=True)
    energy = np.array([_energy(t, every - origin, length) for t, origin in placed])
    chosen = _cover(energy, min(_MOST_WINDOWS, len(every)))
    energy = energy[:, chosen]
    cell = max(1, round(_WHITEN_HZ * length / sample_rate_hz))
    highest_hz = min(_HIGHEST_HZ, 0.45 * sample_rate_hz)
    bands = int(highest_hz * length / sample_rate_hz / (cell * _CELLS_PER_BAND))
    active = (energy > _ACTIVE_SHARE * energy.max(axis=1, keepdims=True)) & (energy > 0)
    taper = np.hanning(length).astype(np.float32)
    starts = tuple(int(s) for s in every[chosen])
    return Grid(sample_rate_hz, length, taper, starts, active, bands, cell)


def window_length(time: int, sample_rate_hz: int, fewest: int = 2) -> int:
    """Return how long a window is in a song of so many samples; see `choose_windows`."""
    longest = min(_WINDOW_S * sample_rate_hz, max(time / fewest, _SHORTEST_WINDOW))
    return 1 << int(np.log2(longest))


def fit_jointly(
    tracks: Sequence[_Track], mix: _Mix, shifts: Sequence[int], grid: Grid
) -> _Responses:
    """Return the least-squares filters of all tracks together, one complex gain a band.

    Args:
        tracks: K tracks.
        mix: the mix.
        shifts: the lag in samples at which each track is assumed to lie.
        grid: windows and bands.

    Returns:
        gains from the channels of all tracks, one after another, to the two of the mix.
    """
    channels = sum(len(t) for t in tracks)
    gram = np.zeros((grid.bands, channels, channels), np.complex64)
    cross = np.zeros((grid.bands, 2, channels), np.complex64)
    for start in grid.starts:
        dry, wet = _all_bands(tracks, shifts, start, grid), _to_bands(mix, start, grid)
        conjugate = dry.conj()
        gram += dry.transpose(0, 2, 1) @ conjugate
        cross += wet.transpose(0, 2, 1) @ conjugate
    power = np.einsum("bii->bi", gram).real
    ridge = 1e-3 * power + 1e-6 * power.max(axis=1, keepdims=True) + 1e-12
    gram[:, np.arange(channels), np.arange(channels)] += ridge
    solved = np.linalg.solve(gram.transpose(0, 2, 1), cross.transpose(0, 2, 1))
    return solved.transpose(0, 2, 1).astype(np.complex64)


def measure_lags(
    tracks: Sequence[_Track],
    mix: _Mix,
    shifts: Sequence[int],
    origins: Sequence[int],
    responses: _Responses,
    grid: Grid,
) -> list[ShiftEvidence | None]:
    """Return the evidence for every track, None for one that never plays.

    Args:
        tracks: K tracks.
        mix: the mix.
        shifts: the lags in samples for which `responses` were fitted.
        origins: the lag around which each track is looked for, no farther from its shift than
            the farthest lag.
        responses: from `fit_jointly`.
        grid: windows and bands.
    """
    weight = _weights(grid)
    ends = list(accumulate(len(t) for t in tracks))

    def see(w: int) -> list[tuple[int, _Seen]]:
        dry = _all_bands(tracks, shifts, grid.starts[w], grid)
        rest = _to_bands(mix, grid.starts[w], grid) - dry @ responses.transpose(0, 2, 1)
        seen: list[tuple[int, _Seen]] = []
        for k in np.flatnonzero(grid.active[:, w]).tolist():
            own = slice(ends[k] - len(tracks[k]), ends[k])
            share = dry[:, :, own] @ responses[:, :, own].transpose(0, 2, 1)
            seen.append(
                (k, _see(dry[:, :, own], rest + share, weight, shifts[k] - origins[k], grid))
            )
        return seen

    sums = [_Sums(grid) for _ in tracks]
    at_once = max(1, _AT_ONCE_BYTES // (grid.bins * ends[-1] * np.dtype(np.complex64).itemsize))
    windows = side_by_side(see, range(len(grid.starts)), at_once)
    for start, window in zip(grid.starts, windows, strict=True):
        for k, seen in window:
            sums[k].add(seen, start + grid.length / 2)
    return [s.evidence() if s.window_lags else None for s in sums]


def squared(spectra: np.ndarray) -> np.ndarray:
    """Return the squared magnitudes, in a third of the time that the magnitudes take."""
    return np.square(np.real(spectra)) + np.square(np.imag(spectra))


@dataclass(frozen=True)
class _Seen:
    """What one window shows of one track; `ShiftEvidence` is made of the means over windows."""

    correlation: Float[np.ndarray, "2 lag"]
    itself: Float[np.ndarray, " bin"]
    lag: float


def _see(dry: _Bands, wet: _MixBands, weight: _Weight, shift: int, grid: Grid) -> _Seen:
    """Compare a track's bands at its shift with the mix without the others."""
    lag = grid.max_lag
    dry_power, wet_power = _cell_power(dry, grid), _cell_power(wet, grid)
    dry, wet = dry.reshape(-1, dry.shape[2]), wet.reshape(-1, 2)
    cross = wet * dry.conj() * (weight / np.sqrt(dry_power * wet_power + 1e-30))
    correlation = _to_time(cross.T, grid)[:, np.arange(-lag, lag + 1) - shift]
    itself = np.mean(squared(dry) / (dry_power + 1e-30) * weight, axis=1)
    return _Seen(correlation, itself, _refined_peak(correlation) - lag)


def _to_time(spectrum: np.ndarray, grid: Grid) -> np.ndarray:
    return np.asarray(irfft(spectrum, grid.length)) * np.float32(grid.length / 2)


class _Sums:
    """Running sums over the windows of one track."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.correlation = np.zeros((2, 2 * grid.max_lag + 1), np.float32)
        self.itself = np.zeros(grid.bins, np.float32)
        self.window_lags: list[float] = []
        self.window_times: list[float] = []

    def add(self, seen: _Seen, time: float) -> None:
        """Add one window whose middle lies at this time."""
        self.correlation += seen.correlation
        self.itself += seen.itself
        self.window_lags.append(seen.lag)
        self.window_times.append(time)

    def evidence(self) -> ShiftEvidence:
        """Return the means over the windows added."""
        correlation = _signed(self.correlation) / len(self.window_lags)
        ripple = _to_time(self.itself, self.grid)[: len(correlation)]
        ripple /= max(float(ripple[0]), 1e-20)
        lags, times = np.array(self.window_lags), np.array(self.window_times)
        return ShiftEvidence(correlation, ripple, lags, times)


def _refined_peak(pair: Float[np.ndarray, "2 lag"]) -> float:
    """Return the index of the highest peak, to a sixteenth of a sample.

    The correlation with either channel is limited to a band, so that its values between samples
    follow from sinc interpolation; the channel that is higher at the peak is taken.
    """
    top = int(np.argmax(np.sum(pair**2, axis=0)))
    channel = pair[np.argmax(np.abs(pair[:, top]))]
    reach = np.arange(max(top - 32, 0), min(top + 33, len(channel)))
    between = top + np.arange(-15, 16) / 16.0
    near = np.sinc(between[:, None] - reach) @ channel[reach]
    return float(between[np.argmax(np.abs(near))])


def _signed(pair: Float[np.ndarray, "channel lag"]) -> Float[np.ndarray, " lag"]:
    """Return the root mean square of both channels with the sign of their sum.

    A track panned hard to one side, or present in the difference alone, keeps its height.
    """
    total = pair.sum(axis=0)
    height = np.sqrt(np.mean(pair**2, axis=0))
    return np.where(total < 0, -height, height)


def _weights(grid: Grid) -> _Weight:
    """Return the weight of each bin; they sum to one."""
    frequency_hz = np.arange(grid.bins) * (grid.sample_rate_hz / grid.length)
    weight = np.where(frequency_hz < _LOWEST_HZ, 0.0, 1.0 / np.sqrt(1.0 + frequency_hz / _TILT_HZ))
    return (weight / weight.sum()).astype(np.float32)[:, None]


def _cell_power(bands: _Bands, grid: Grid) -> Float[np.ndarray, "bin channel"]:
    """Return the mean power of each bin's cell."""
    power = np.mean(squared(bands.reshape(-1, grid.cell, bands.shape[2])), axis=1)
    return np.repeat(power, grid.cell, axis=0)


def _all_bands(
    tracks: Sequence[_Track], shifts: Sequence[int], start: int, grid: Grid
) -> _AllBands:
    """Return the spectra of one window, split into bands, each track moved later by its shift.

    Under a Hann window, one channel after the other; silence beyond the ends.
    """
    ends = list(accumulate(len(t) for t in tracks))
    spectra = np.empty((ends[-1], grid.bins), np.complex64)
    windows: list[np.ndarray] = []
    for end, track, shift in zip(ends, tracks, shifts, strict=True):
        windows.extend(_window(track, start - shift, grid))
        if len(windows) >= _ROWS or end == ends[-1]:
            together = np.stack(windows) * grid.taper
            spectra[end - len(windows) : end] = np.asarray(rfft(together))[:, : grid.bins]
            windows.clear()
    return spectra.T.reshape(grid.bands, -1, ends[-1])


def _to_bands(audio: _Audio, start: int, grid: Grid) -> _Bands:
    """Return the same of one signal, not moved."""
    return _all_bands([audio], [0], start, grid)


def _window(audio: _Audio, start: int, grid: Grid) -> Float[np.ndarray, "channel length"]:
    """Return one window, silent beyond the ends."""
    window = np.zeros((len(audio), grid.length), np.float32)
    first, last = max(start, 0), min(start + grid.length, audio.shape[1])
    if last > first:
        window[:, first - start : last - start] = audio[:, first:last]
    return window


def _energy(
    track: _Track, starts: Int[np.ndarray, " window"], length: int
) -> Float[np.ndarray, " window"]:
    """Return the energy in every window; silence beyond the ends."""
    return np.array([np.sum(track[:, max(s, 0) : max(s + length, 0)] ** 2) for s in starts])


def _cover(energy: Float[np.ndarray, "track window"], count: int) -> Int[np.ndarray, " chosen"]:
    """Return, in order, the windows that greedily cover most of what every track plays."""
    share = energy / np.maximum(energy.sum(axis=1, keepdims=True), 1e-20)
    covered = np.zeros((len(energy), 1))
    chosen: list[int] = []
    for _ in range(count):
        gain = (np.sqrt(covered + share) - np.sqrt(covered)).sum(axis=0)
        gain[chosen] = -1.0
        chosen.append(int(np.argmax(gain)))
        covered += share[:, chosen[-1:]]
    return np.array(sorted(chosen))
