"""Objective measures of how well an estimated mix matches its target."""

from mixtrace.metrics.compared import Compared
from mixtrace.metrics.distances import (
    Distances,
    loudness_matched_distances,
    mean_absolute_error,
    multi_resolution_spectral_distance,
)
from mixtrace.metrics.features import FEATURES, Feature, Features, mix_features
from mixtrace.metrics.levels import (
    Levels,
    crest_factor_db,
    integrated_loudness_lufs,
    levels,
    stereo_width_db,
    true_peak_dbtp,
)
from mixtrace.metrics.measures import (
    Evaluation,
    HeldOut,
    Measures,
    PartLoss,
    at_loss_rate,
    evaluate_match,
    measure,
)
from mixtrace.metrics.perceptual import Perceptual, perceptual_scores
from mixtrace.metrics.si_sdr import si_sdr_db
from mixtrace.metrics.song_loss import LOSS_RATE_HZ, SongLoss, audio_loss

__all__ = [
    "FEATURES",
    "LOSS_RATE_HZ",
    "Compared",
    "Distances",
    "Evaluation",
    "Feature",
    "Features",
    "HeldOut",
    "Levels",
    "Measures",
    "PartLoss",
    "Perceptual",
    "SongLoss",
    "at_loss_rate",
    "audio_loss",
    "crest_factor_db",
    "evaluate_match",
    "integrated_loudness_lufs",
    "levels",
    "loudness_matched_distances",
    "mean_absolute_error",
    "measure",
    "mix_features",
    "multi_resolution_spectral_distance",
    "perceptual_scores",
    "si_sdr_db",
    "stereo_width_db",
    "true_peak_dbtp",
]
