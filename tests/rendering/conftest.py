"""Random songs, for renderers that have to agree on any."""

from random_songs import random_song

__all__ = ["random_song"]
