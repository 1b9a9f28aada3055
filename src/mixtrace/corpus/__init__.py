"""Many songs: collected one by one by processes that may die, and handed over as a data set."""

from mixtrace.corpus.collection import Collection, Common
from mixtrace.corpus.crew import Crew, Job, LocalCrew, Task
from mixtrace.corpus.driver import TRIES, work_through
from mixtrace.corpus.gain_file import GAIN_STEP_S, GAINS, GainCurves, read_gains, write_gains
from mixtrace.corpus.here_crew import HereCrew
from mixtrace.corpus.hetero import feature_names, hetero_data
from mixtrace.corpus.ledger import Ended, How, Ledger, Standing
from mixtrace.corpus.loading import GraphDataset, load
from mixtrace.corpus.memory import needed_bytes
from mixtrace.corpus.ray_crew import RayCrew
from mixtrace.corpus.schema import DATASET_SCHEMA, TABLES
from mixtrace.corpus.song_file import CollectedSong, read_song, write_song
from mixtrace.corpus.writing import write_tables

__all__ = [
    "DATASET_SCHEMA",
    "GAINS",
    "GAIN_STEP_S",
    "TABLES",
    "TRIES",
    "CollectedSong",
    "Collection",
    "Common",
    "Crew",
    "Ended",
    "GainCurves",
    "GraphDataset",
    "HereCrew",
    "How",
    "Job",
    "Ledger",
    "LocalCrew",
    "RayCrew",
    "Standing",
    "Task",
    "feature_names",
    "hetero_data",
    "load",
    "needed_bytes",
    "read_gains",
    "read_song",
    "work_through",
    "write_gains",
    "write_song",
    "write_tables",
]
