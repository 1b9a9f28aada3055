"""Pure tensor functions of audio: filters, envelopes, transforms. No state, no default rates."""

from mixtrace.dsp.dynamics import detect_and_gain
from mixtrace.dsp.fft import adjoint_spectrum, fast_length, real_signal, real_spectrum
from mixtrace.dsp.fir import (
    convolve,
    resample_taps,
    resampled_grid,
    unit_energy,
    zero_phase_taps,
)
from mixtrace.dsp.noise import decaying_noise, shaped_noise, uniform_noise_stft
from mixtrace.dsp.taps import place_taps

__all__ = [
    "adjoint_spectrum",
    "convolve",
    "decaying_noise",
    "detect_and_gain",
    "fast_length",
    "place_taps",
    "real_signal",
    "real_spectrum",
    "resample_taps",
    "resampled_grid",
    "shaped_noise",
    "uniform_noise_stft",
    "unit_energy",
    "zero_phase_taps",
]
