"""What was published of corpora like ours: facts as data, each with its source."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "FIVE_SONGS",
    "FIVE_SONGS_SOURCE",
    "MEANS",
    "MEANS_SOURCE",
    "FewSongs",
    "PublishedMean",
]


@dataclass(frozen=True)
class PublishedMean:
    """Means over the songs of a data set.

    Attributes:
        corpus: the data set.
        l_a_sum: L_a of the plain sum of the dry tracks.
        l_a_console: of the full console.
        l_a: of the pruned graph.
        removed: share of the console's processors that were removed.
    """

    corpus: str
    l_a_sum: float
    l_a_console: float
    l_a: float
    removed: float


@dataclass(frozen=True)
class FewSongs:
    """What of the console some published songs kept.

    Attributes:
        what: which songs.
        kept, console: processors by kind.
    """

    what: str
    kept: Mapping[str, int]
    console: Mapping[str, int]


MEANS_SOURCE = (
    "S. Lee et al., Searching for music mixing graphs: a pruning approach (DAFx 2024; extended "
    "in JAES 2025): means over 24 songs, hybrid pruning, tolerance 0.01."
)

MEANS = (
    PublishedMean("MedleyDB", 50.7, 0.296, 0.302, 0.61),
    PublishedMean("MixingSecrets", 7.30, 0.545, 0.563, 0.62),
    PublishedMean("internal", 1.12, 0.385, 0.400, 0.77),
)

FIVE_SONGS_SOURCE = (
    "Counted in the graphs of five MedleyDB songs that the authors show, tolerance 0.01 "
    "(sh-lee97/grafx-prune, docs/samples): 122 tracks and 48 groups; tracks have no imager."
)

FIVE_SONGS = FewSongs(
    "five songs of MedleyDB",
    kept={
        "equalizer": 105,
        "one_pole_compressor": 83,
        "one_pole_gate": 48,
        "stereo_imager": 19,
        "gain_panning": 90,
        "twenty_tap_delay": 88,
        "noise_reverb": 31,
    },
    console={
        "equalizer": 170,
        "one_pole_compressor": 170,
        "one_pole_gate": 170,
        "stereo_imager": 48,
        "gain_panning": 170,
        "twenty_tap_delay": 170,
        "noise_reverb": 170,
    },
)
