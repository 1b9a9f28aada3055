"""`collect` of truths: the graphs that are stored beside songs, as a data set; no audio is read."""

from pathlib import Path

from mixtrace.corpus import CollectedSong, Common, HereCrew, Job, write_song
from mixtrace.datasets import Dataset, open_dataset, size_of
from mixtrace.errors import SessionError, StoreError
from mixtrace.progress import OnProgress, ignored
from mixtrace.session import Song
from mixtrace.session.song import listed
from mixtrace.store import (
    GRAPH,
    PARAMS,
    StoredGraph,
    is_plain_file,
    mixtrace_version,
    read_graph,
    stage,
    write_graph,
)
from mixtrace.store.temporary import remove_temporaries
from mixtrace.verbs.collection_run import Aim, Collected, Shard, common_of, run_collection
from mixtrace.verbs.outputs import named

__all__ = ["collect_truths"]


def collect_truths(
    corpus: Path | str,
    output: Path | str,
    *,
    dataset: str | None = None,
    shard: Shard | None = None,
    retry: bool = False,
    mix_versions: bool = False,
    on_progress: OnProgress = ignored,
) -> Collected:
    """Write the graphs that mixed the songs of a corpus as a data set.

    They are stored beside the songs, as `generate` does it. Nothing is searched for, and of audio
    only headers are read, so what only a search or a rendering tells is null in the tables.

    Args:
        corpus: a folder of songs that have such graphs.
        output: the folder of the data set.
        dataset: which data set the corpus is; None for what it looks like.
        shard: which songs are done here; all shards together make one data set.
        retry: whether to do failed songs once more.
        mix_versions: whether songs that another version of mixtrace collected may stay.
        on_progress: called often.

    Raises:
        MixtraceError: a corpus or a folder that cannot be used.
        OSError: the folder cannot be made.
    """
    songs = open_dataset(named(corpus), dataset)
    common = common_of(songs, {"recipe": "truth"}, audio=False)

    def job(song: str, place: Path) -> Job:
        return Job(song, lambda: 0, (songs, common, song, place))

    return run_collection(
        songs,
        named(output),
        common,
        Aim(_one_truth, job, HereCrew, found=False),
        shard=shard or Shard(),
        retry=retry,
        mix_versions=mix_versions,
        on_progress=on_progress,
    )


def _one_truth(songs: Dataset, common: Common, song: str, place: Path) -> None:
    """Put the graph that mixed a song into the data set."""
    files = songs.files(song)
    stored, size = _truth_of(songs.truth(song), files), size_of(files)
    known = CollectedSong(
        song,
        common.dataset,
        common.licence,
        mixtrace_version(),
        size.seconds,
        size.sample_rate_hz,
        songs.facts(song),
        without=(),
        gains_sha256=None,
        found=False,
    )
    place.mkdir(exist_ok=True)
    remove_temporaries(place)  # of a run that was killed
    with stage(place) as part_of:
        write_graph(stored, part_of(GRAPH), part_of(PARAMS))
    write_song(place, known)


def _truth_of(path: Path, song: Song) -> StoredGraph:
    """Return the graph that mixed a song.

    Raises:
        MixtraceError: there is none, or it is damaged, or that of other tracks.
    """
    if not is_plain_file(path):
        raise SessionError(
            f"Expected the graph that mixed {song.name} in {path}; there is none. "
            "Collect the corpus without --truth to find graphs from the audio."
        )
    try:
        stored = read_graph(path)
    except StoreError as error:
        raise SessionError(
            f"Expected the graph that mixed {song.name} in {path}; it is damaged, or another "
            "version of mixtrace wrote it. Make the song anew."
        ) from error
    names = {track.name for track in song.tracks}
    missing = [track.name for track in stored.tracks if track.name not in names]
    if missing:
        raise SessionError(
            f"Expected the graph in {path} to be of the tracks of {song.name}, which has no "
            f"{listed(missing)}. Put the graph of this song there."
        )
    return stored
