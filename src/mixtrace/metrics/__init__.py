"""Objective measures of how well an estimated mix matches its target."""

from mixtrace.metrics.distances import (
    Distances,
    loudness_matched_distances,
    mean_absolute_error,
    multi_resolution_spectral_distance,
)
from mixtrace.metrics.levels import (
    Levels,
    crest_factor_db,
    integrated_loudness_lufs,
    levels,
    stereo_width_db,
    true_peak_dbtp,
)
from mixtrace.metrics.measures import HeldOut, Measures, PartLoss, measure
from mixtrace.metrics.song_loss import LOSS_RATE_HZ, SongLoss, audio_loss

__all__ = [
    "LOSS_RATE_HZ",
    "Distances",
    "HeldOut",
    "Levels",
    "Measures",
    "PartLoss",
    "SongLoss",
    "audio_loss",
    "crest_factor_db",
    "integrated_loudness_lufs",
    "levels",
    "loudness_matched_distances",
    "mean_absolute_error",
    "measure",
    "multi_resolution_spectral_distance",
    "stereo_width_db",
    "true_peak_dbtp",
]
