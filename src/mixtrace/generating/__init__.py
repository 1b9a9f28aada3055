"""Songs made by code and mixed by graphs that are drawn: a corpus whose truth is known."""

from mixtrace.generating.corpus import (
    CORPUS,
    CORPUS_SCHEMA,
    LONGEST_S,
    MOST_SEED,
    MOST_SONGS,
    SHORTEST_S,
    Common,
    make_corpus,
)
from mixtrace.generating.players import RATE_HZ
from mixtrace.generating.song import GeneratedSong, SongDraws, draw_song, generate_song
from mixtrace.generating.song_folder import write_generated

__all__ = [
    "CORPUS",
    "CORPUS_SCHEMA",
    "LONGEST_S",
    "MOST_SEED",
    "MOST_SONGS",
    "RATE_HZ",
    "SHORTEST_S",
    "Common",
    "GeneratedSong",
    "SongDraws",
    "draw_song",
    "generate_song",
    "make_corpus",
    "write_generated",
]
