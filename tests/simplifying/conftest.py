"""Random songs, for what has to sound alike on any."""

from random_songs import random_song

__all__ = ["random_song"]
