"""Pure tensor functions of audio: filters, envelopes, transforms. No state, no default rates."""

from mixtrace.dsp.cascade import cascade_response, cascade_taps, ringing_s
from mixtrace.dsp.companding import compand, companding_reduction_db
from mixtrace.dsp.compression import compress
from mixtrace.dsp.decay import LONGEST_DECAY_S, decay_time_s, measured_rt60_s, mid_rt60_s
from mixtrace.dsp.dynamics import detect_and_gain
from mixtrace.dsp.feedback_delay import (
    delay_response,
    delay_taps,
    delay_taps_each_side,
    repeating_s,
)
from mixtrace.dsp.feedback_network import feedback_network_taps, network_decay
from mixtrace.dsp.fft import adjoint_spectrum, fast_length, real_signal, real_spectrum
from mixtrace.dsp.fir import (
    convolve,
    resample_taps,
    resampled_grid,
    unit_energy,
    zero_phase_taps,
)
from mixtrace.dsp.gating import TRANSITION_DB, gate
from mixtrace.dsp.limiting import limit
from mixtrace.dsp.noise import decaying_noise, shaped_noise, uniform_noise_stft
from mixtrace.dsp.reverberation import (
    BAND_EDGES_HZ,
    PreparedResponse,
    prepared_response,
    reverberation_taps,
    turned,
    turned_response,
)
from mixtrace.dsp.saturation import saturate, saturation_reach_samples, saturation_share
from mixtrace.dsp.sections import (
    bell_sections,
    high_pass_sections,
    high_shelf_sections,
    low_pass_sections,
    low_shelf_sections,
    switched,
)
from mixtrace.dsp.taps import place_taps

__all__ = [
    "BAND_EDGES_HZ",
    "LONGEST_DECAY_S",
    "TRANSITION_DB",
    "PreparedResponse",
    "adjoint_spectrum",
    "bell_sections",
    "cascade_response",
    "cascade_taps",
    "compand",
    "companding_reduction_db",
    "compress",
    "convolve",
    "decay_time_s",
    "decaying_noise",
    "delay_response",
    "delay_taps",
    "delay_taps_each_side",
    "detect_and_gain",
    "fast_length",
    "feedback_network_taps",
    "gate",
    "high_pass_sections",
    "high_shelf_sections",
    "limit",
    "low_pass_sections",
    "low_shelf_sections",
    "measured_rt60_s",
    "mid_rt60_s",
    "network_decay",
    "place_taps",
    "prepared_response",
    "real_signal",
    "real_spectrum",
    "repeating_s",
    "resample_taps",
    "resampled_grid",
    "reverberation_taps",
    "ringing_s",
    "saturate",
    "saturation_reach_samples",
    "saturation_share",
    "shaped_noise",
    "switched",
    "turned",
    "turned_response",
    "uniform_noise_stft",
    "unit_energy",
    "zero_phase_taps",
]
