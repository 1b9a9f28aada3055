"""A result on other tracks: which is which, how much of each processor, at which levels."""

from mixtrace.reusing.amounts import Amount, parse_amounts, read_amounts
from mixtrace.reusing.carrying import Carried, carried
from mixtrace.reusing.levels import block_level_db, dynamics_of, entering_levels_db, stages
from mixtrace.reusing.matching import Matching, NewTrack, matched, parse_map
from mixtrace.reusing.thresholds import shifted
from mixtrace.reusing.turning import turned

__all__ = [
    "Amount",
    "Carried",
    "Matching",
    "NewTrack",
    "block_level_db",
    "carried",
    "dynamics_of",
    "entering_levels_db",
    "matched",
    "parse_amounts",
    "parse_map",
    "read_amounts",
    "shifted",
    "stages",
    "turned",
]
