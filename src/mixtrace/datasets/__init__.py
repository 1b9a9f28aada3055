"""Data sets of multitrack songs on disk: song by song, with what is known of each."""

from mixtrace.datasets.base import Dataset, Flaw, Inspected, SongFacts
from mixtrace.datasets.identities import identities
from mixtrace.datasets.registry import DATASETS, open_dataset
from mixtrace.datasets.sizes import SongSize, size_of
from mixtrace.datasets.tree import Tree

__all__ = [
    "DATASETS",
    "Dataset",
    "Flaw",
    "Inspected",
    "SongFacts",
    "SongSize",
    "Tree",
    "identities",
    "open_dataset",
    "size_of",
]
