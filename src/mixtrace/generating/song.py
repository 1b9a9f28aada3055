"""A generated song: dry tracks, a graph that mixes them, and the mix."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32

from mixtrace.generating.band import Instrument, draw_band
from mixtrace.generating.plan import MixPlan, draw_mix
from mixtrace.generating.players import RATE_HZ
from mixtrace.generating.score import Score, draw_score
from mixtrace.generating.settling import settle
from mixtrace.generating.takes import draw_takes, rounded_audio
from mixtrace.graph import Graph
from mixtrace.parallel import on_threads
from mixtrace.processors import Settings
from mixtrace.rendering import render_song

__all__ = ["GeneratedSong", "SongDraws", "draw_song", "generate_song"]


@dataclass(frozen=True, eq=False)
class SongDraws:
    """What is drawn of a song before a sound is made.

    Attributes:
        score: tempo, key and bars.
        band: who plays.
        mix: how it is mixed.
        rng: source of what the players draw.
    """

    score: Score
    band: tuple[Instrument, ...]
    mix: MixPlan
    rng: np.random.Generator


@dataclass(frozen=True, eq=False)
class GeneratedSong:
    """A generated song, at 44.1 kHz.

    Attributes:
        draws: what was drawn of it.
        tracks: dry audio by name; 24 bits hold it exactly.
        graph: what mixes the tracks, its inputs in their order.
        settings: those of the graph.
        mix: the graph's rendering, rounded to 24 bits.
    """

    draws: SongDraws
    tracks: dict[str, Float32[np.ndarray, "_channel time"]]
    graph: Graph
    settings: Settings
    mix: Float32[np.ndarray, "2 time"]


def draw_song(seed: int, number: int, seconds: float) -> SongDraws:
    """Return what is drawn of a song; no sound is made.

    Args:
        seed: of the corpus, 0 or more.
        number: of the song in it; both together always give the same song.
        seconds: how long the song is.
    """
    score_rng, band_rng, mix_rng, play_rng = np.random.default_rng([seed, number]).spawn(4)
    score = draw_score(seconds, score_rng)
    band = draw_band(band_rng)
    mix = draw_mix(band, seconds, score.beat_s, mix_rng)
    return SongDraws(score, tuple(band), mix, play_rng)


def generate_song(seed: int, number: int, seconds: float) -> GeneratedSong:
    """Return a song, the same to the bit whenever it is asked for; see `draw_song`."""
    draws = draw_song(seed, number, seconds)
    with on_threads(1):  # sums come out the same, whatever the machine has to spare
        tracks = draw_takes(draws.score, draws.band, draws.rng)
        graph, settings = settle(draws.mix, tracks).built()
        dry = [torch.from_numpy(track) for track in tracks.values()]
        mix = render_song(graph, settings, dry, RATE_HZ).numpy()
    return GeneratedSong(draws, tracks, graph, settings, rounded_audio(mix))
