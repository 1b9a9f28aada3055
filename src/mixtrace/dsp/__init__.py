"""Pure tensor functions of audio: filters, envelopes, transforms. No state, no default rates."""

from mixtrace.dsp.dynamics import detect_and_gain
from mixtrace.dsp.fft import fast_length
from mixtrace.dsp.fir import (
    convolve,
    resample_taps,
    resampled_grid,
    zero_phase_taps,
)
from mixtrace.dsp.noise import shaped_noise, uniform_noise_stft
from mixtrace.dsp.taps import place_taps

__all__ = [
    "convolve",
    "detect_and_gain",
    "fast_length",
    "place_taps",
    "resample_taps",
    "resampled_grid",
    "shaped_noise",
    "uniform_noise_stft",
    "zero_phase_taps",
]
