"""Published figures to read beside ours: facts as data, each with its source."""

from collections.abc import Sequence

__all__ = ["DISTANCES", "DISTANCES_SOURCE", "LOSSES", "LOSSES_SOURCE"]

LOSSES_SOURCE = (
    "L_a of the outputs that the authors of the published search show (sh-lee97/grafx-prune, "
    "docs/samples: 4 s from second 22 of songs of MedleyDB at 30 kHz), measured by mixtrace in the "
    "published convention. The plain sums have an exactly silent side, which makes that convention "
    "explode. Hybrid pruning, tolerance .01."
)

LOSSES: Sequence[tuple[str, float, float, float]] = (
    ("AClassicEducation_NightOwl", 99.3, 0.274, 0.280),
    ("AlexanderRoss_VelvetCurtain", 30.6, 0.244, 0.232),
    ("Cayetana_MissThing", 42.1, 0.201, 0.220),
    ("MusicDelta_Britpop", 54.2, 0.502, 0.528),
    ("Torres_NewSkin", 24.3, 0.370, 0.369),
    ("mean of the five", 50.1, 0.318, 0.326),
)
"""Song, and L_a of the plain sum, the full console and the pruned graph."""

DISTANCES_SOURCE = (
    "H. Zhou, F. Yu, X. Wu, Audio Mixing Inversion via Embodied Self-supervised Learning, Machine "
    "Intelligence Research 21(1), 2024: MAE / MRSD, means over songs. We have not seen the "
    "equations behind these figures, see mixtrace.metrics: their scale may be another than ours."
)

DISTANCES: Sequence[tuple[str, float, float, float, float]] = (
    ("random settings", 0.323, 5.124, 0.381, 11.127),
    ("sum", 0.158, 3.458, 0.226, 7.577),
    ("Barchiesi and Reiss 2010", 0.063, 2.838, 0.122, 5.723),
    ("Colonel and Reiss", 0.041, 2.435, 0.091, 4.281),
    ("EAMI", 0.033, 2.274, 0.082, 3.423),
)
"""Method, MAE and MRSD on ENST-Drums, MAE and MRSD on MedleyDB."""
