"""The feedback delay network, against lines that run sample by sample, and its decay."""

import numpy as np
import pytest
import torch

from mixtrace.dsp import feedback_network_taps

RATE_HZ = 44_100
LINES = (997, 1153, 1327, 1559, 1801, 2099)
HIGHEST_HZ = 22_050.0


def by_lines(feeds: np.ndarray, picks: np.ndarray, rt60_s: float, length: int) -> np.ndarray:
    """Return what six delay lines put out after an impulse left, then right: [output, input, n]."""
    mixing = np.eye(6) - np.ones((6, 6)) / 3.0
    gains = 10.0 ** (-3.0 * np.array(LINES) / (RATE_HZ * rt60_s))
    result = np.zeros((2, 2, length))
    for side in range(2):
        lines = np.zeros((6, length + max(LINES)))
        for n in range(length):
            leaving = gains * [lines[k, n] for k in range(6)]
            result[:, side, n] = picks @ leaving
            entering = mixing @ leaving + (feeds[side] if n == 0 else 0.0)
            for k, delay in enumerate(LINES):
                lines[k, n + delay] = entering[k]
    return result


def taps_of(rt60_s: np.ndarray, feeds: np.ndarray, picks: np.ndarray, length: int) -> np.ndarray:
    given = [torch.from_numpy(v)[None] for v in (rt60_s, feeds, picks)]
    found = feedback_network_taps(
        *given, length=length, highest_hz=HIGHEST_HZ, sample_rate_hz=float(RATE_HZ)
    )
    return found[0].numpy().reshape(2, 2, length)


def low_passed(audio: np.ndarray) -> np.ndarray:
    """Return audio without what is above 19 kHz, where the network fades."""
    spectrum = np.fft.rfft(audio, 2 * audio.shape[-1])
    spectrum[..., round(19_000.0 / HIGHEST_HZ * spectrum.shape[-1]) :] = 0.0
    return np.fft.irfft(spectrum)[..., : audio.shape[-1]]


def test_it_is_six_delay_lines():
    rng = np.random.default_rng(0)
    feeds, picks = rng.uniform(-1, 1, (2, 2, 6))
    expected = by_lines(feeds, picks, 0.4, 15_000)
    found = taps_of(np.full(49, 0.4), feeds, picks, 15_000)
    # What wraps around the transform is 80 dB weaker than it was, and has fallen by 80 dB before.
    error = low_passed(found - expected)[..., :14_000]
    assert np.abs(error).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize(("centre_hz", "asked_s"), [(500.0, 2.0), (4000.0, 0.8), (12_000.0, 0.3)])
def test_each_band_decays_as_asked(centre_hz: float, asked_s: float):
    """Schroeder's backward integral falls from -5 dB to -35 dB in half the RT60."""
    knots_hz = np.linspace(0.0, HIGHEST_HZ, 49)
    rt60_s = np.interp(
        np.log2(knots_hz + 1.0), np.log2([1000, 2000, 6000, 9000]), [2, 0.8, 0.8, 0.3]
    )
    feeds, picks = np.random.default_rng(1).uniform(-1, 1, (2, 2, 6))
    length = 3 * RATE_HZ
    response = taps_of(rt60_s, feeds, picks, length)[0, 0]
    spectrum = np.fft.rfft(response, 2 * length)
    frequencies_hz = np.linspace(0.0, HIGHEST_HZ, len(spectrum))
    # A bell without edges: those of a steeper filter ring longer than the reverb.
    spectrum *= np.exp(-0.5 * (np.log2((frequencies_hz + 1e-3) / centre_hz) / 0.1) ** 2)
    energy = np.fft.irfft(spectrum)[:length] ** 2
    left_db = 10.0 * np.log10(np.cumsum(energy[::-1])[::-1] / energy.sum())
    first, last = (int(np.argmax(left_db < level_db)) for level_db in (-5.0, -35.0))
    # Few modes share a band: their beating bends the line by some hundredths. Measured: 4 %.
    assert 2.0 * (last - first) / RATE_HZ == pytest.approx(asked_s, rel=0.06)


def test_lines_of_broken_samples_are_as_good():
    """At 30 kHz the lines are 678.2 samples long, and so on: the same response, below 12 kHz."""
    feeds, picks = (
        torch.from_numpy(v)[None] for v in np.random.default_rng(2).uniform(-1, 1, (2, 2, 6))
    )
    rt60_s = torch.full((1, 49), 0.8, dtype=torch.float64)
    spectra = []
    for rate_hz in (44_100, 30_000):
        taps = feedback_network_taps(
            rt60_s, feeds, picks, length=rate_hz, highest_hz=HIGHEST_HZ, sample_rate_hz=rate_hz
        )
        # A second has a bin at each whole number of Hz, whatever the rate.
        spectra.append(np.fft.rfft(taps[0, 1].numpy())[200:12_000])
    # After a second the response, 75 dB down, is cut off where a sample lies.
    assert np.abs(spectra[1] - spectra[0]).max() < 1e-3 * np.abs(spectra[0]).max()
