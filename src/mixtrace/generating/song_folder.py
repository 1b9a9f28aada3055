"""A generated song on disk: what a person would have of it, and the truth beside it.

NNNN/session.toml, mix.wav, tracks/*.wav     the song, as `read_session` takes it
NNNN/truth/graph.json, params.safetensors    the graph that mixed it, as `read_graph` takes it
"""

from pathlib import Path

from mixtrace.examples.song_files import MadeTrack, write_song
from mixtrace.generating.players import RATE_HZ
from mixtrace.generating.song import GeneratedSong
from mixtrace.session import Alignment
from mixtrace.store import GRAPH, PARAMS, TRUTH, StoredGraph, StoredTrack, stage, write_graph
from mixtrace.store.whole_folder import whole_folder

__all__ = ["write_generated"]


def write_generated(song: GeneratedSong, folder: Path) -> None:
    """Write a song and its truth: the folder appears as a whole, or not at all.

    Args:
        song: the song; it is called as its folder is.
        folder: where it is to be.

    Raises:
        StoreError: it cannot be written.
    """
    groups = {one.name: one.group for one in song.draws.band}
    tracks = [MadeTrack(name, groups[name], audio) for name, audio in song.tracks.items()]
    stored = tuple(StoredTrack(each.name, each.group, Alignment()) for each in tracks)
    truth = StoredGraph(folder.name, stored, song.graph, song.settings)
    with whole_folder(folder) as made, stage(made) as part_of:
        write_song(part_of, folder.name, tracks, song.mix, RATE_HZ)
        write_graph(truth, part_of(f"{TRUTH}/{GRAPH}"), part_of(f"{TRUTH}/{PARAMS}"))
