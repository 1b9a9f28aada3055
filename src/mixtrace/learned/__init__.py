"""Inversion by a network that says settings, and learns from mixes that an engine makes."""

from mixtrace.learned.config import EamiConfig
from mixtrace.learned.dials import CHAIN, DIALS, START, Dial, numbers_of, settings_of, values_of
from mixtrace.learned.eami import Eami
from mixtrace.learned.engine import ENGINES, Engine, OwnEngine, engine_of
from mixtrace.learned.network import InferenceNetwork, NetworkShape
from mixtrace.learned.network_files import NETWORKS, StoredNetwork, read_network, write_network
from mixtrace.learned.pretraining import Pretrained, PretrainingConfig, pretrain
from mixtrace.learned.sampling import SAMPLINGS, Sampling
from mixtrace.learned.trainer import Training

__all__ = [
    "CHAIN",
    "DIALS",
    "ENGINES",
    "NETWORKS",
    "SAMPLINGS",
    "START",
    "Dial",
    "Eami",
    "EamiConfig",
    "Engine",
    "InferenceNetwork",
    "NetworkShape",
    "OwnEngine",
    "Pretrained",
    "PretrainingConfig",
    "Sampling",
    "StoredNetwork",
    "Training",
    "engine_of",
    "numbers_of",
    "pretrain",
    "read_network",
    "settings_of",
    "values_of",
    "write_network",
]
