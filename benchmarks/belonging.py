"""Which files belong to a song: foreign tracks refused, true ones kept, missing ones told.

    python benchmarks/belonging.py [--songs MusicDelta_Reggae Beatles_known ...]

Tables in Markdown. Foreign: 64 tracks, each laid alone beside a song it does not belong to, at an
offset drawn at random: 44 of other songs, 12 of the demo song, and 8 of another take of the demo
song beside the demo song itself (one key, one tempo, one score; each 4.37 s late). True: every
track of every song and of the demo song; whether anything is called missing there; and of which
tracks that is told when they are left out in turn. benchmarks/README.md says
where songs are looked for.
"""

import argparse
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mixtrace.examples import demo_session, synthesise_tracks
from mixtrace.session import Session, read_session
from mixtrace.session.contents import examine

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RATE_HZ = 30_000
SONGS = (
    "MusicDelta_Reggae",
    "MusicDelta_Zeppelin",
    "EIF_Caesium_ex195",
    "Beatles_known",
    "DaisyDaisy_known",
)
OTHER_SONGS, DEMO, OTHER_TAKE = 44, 12, 8
TAKE_LATE_S = 4.37
SEED = 7


def cut(audio: np.ndarray, time: int, generator: np.random.Generator) -> np.ndarray:
    """Return a stretch of so many samples that begins anywhere, padded where the track is short."""
    spare = audio.shape[1] - time
    first = int(generator.integers(0, spare)) if spare > 0 else 0
    late = int(generator.integers(0, -spare)) if spare < 0 else 0
    piece = audio[:, first : first + time]
    return np.pad(piece, ((0, 0), (late, time - late - piece.shape[1])))


def foreign_tracks(songs: Sequence[Session]) -> Iterator[tuple[str, Session, str, np.ndarray]]:
    """Yield the kind, the song, the foreign track's name and its audio."""
    generator = np.random.default_rng(SEED)
    every = [(other, track) for other in songs for track in other.tracks]
    demo, take = demo_session(RATE_HZ), synthesise_tracks(RATE_HZ, seed=1)
    count = 0
    while count < OTHER_SONGS:
        song = songs[count % len(songs)]
        other, track = every[generator.integers(len(every))]
        audio = cut(track.audio, song.mix.shape[1], generator)
        if other is not song and np.max(np.abs(audio)) > 0.01:
            count += 1
            yield "another song's", song, f"{other.name}: {track.name}", audio
    for number, (name, audio) in zip(range(DEMO), [*take.items()] * 2, strict=False):
        song = songs[number % len(songs)]
        yield "made by code", song, f"demo: {name}", cut(audio, song.mix.shape[1], generator)
    late = math.ceil(TAKE_LATE_S * RATE_HZ)
    for name, audio in [*take.items()][:OTHER_TAKE]:
        yield "another take's", demo, f"demo, late: {name}", np.roll(audio, late, axis=1)


def print_foreign(songs: Sequence[Session]) -> None:
    """Print how the foreign tracks were judged, and the true ones beside them."""
    print("| foreign track | beside | coherence, times chance | would be heard at | verdict |")
    print("| --- | --- | --- | --- | --- |")
    verdicts: dict[str, Counter[str]] = {}
    spoilt: Counter[str] = Counter()
    for kind, song, name, audio in foreign_tracks(songs):
        hearings = examine([*song.audio, audio.astype(np.float32)], song.mix, RATE_HZ).hearings
        own = hearings[-1]
        verdicts.setdefault(kind, Counter())[own.belongs] += 1
        spoilt.update(h.belongs for h in hearings[:-1])
        print(
            f"| {name} | {song.name} | {own.times_chance:.2f} | {own.audible_db:.0f} dB "
            f"| {own.belongs} |",
            flush=True,
        )
    print("\n| foreign tracks | not heard | not certain | heard |")
    print("| --- | --- | --- | --- |")
    for kind, count in verdicts.items():
        words = (count["not heard"], count["not certain"], count["heard"])
        print(f"| {kind} | {' | '.join(map(str, words))} |")
    print(f"\nTrue tracks beside them: {dict(spoilt)}")


def print_true(songs: Sequence[Session]) -> None:
    """Print how each song's own tracks were judged, and what is told of each track left out."""
    print(
        "\n| song | own tracks | lowest coherence, times chance | false alarm | left out and told |"
    )
    print("| --- | --- | --- | --- | --- |")
    for song in songs:
        contents = examine(song.audio, song.mix, RATE_HZ)
        counts = Counter(h.belongs for h in contents.hearings)
        told = []
        for track in song.tracks:
            others = [t.audio for t in song.tracks if t is not track]
            found = examine(others, song.mix, RATE_HZ).missing
            told += [f"{track.name} ({found.share_db:.1f} dB)"] if found else []
        print(
            f"| {song.name} | {', '.join(f'{n} {word}' for word, n in counts.items())} "
            f"| {min(h.times_chance for h in contents.hearings):.1f} "
            f"| {'yes' if contents.missing else 'none'} "
            f"| {len(told)} of {len(song.tracks)}: {', '.join(told)} |",
            flush=True,
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", nargs="+", default=SONGS)
    options = parser.parse_args()
    songs = [read_session(DATA / name, sample_rate_hz=RATE_HZ) for name in options.songs]
    print_foreign(songs)
    print_true([*songs, demo_session(RATE_HZ)])


if __name__ == "__main__":
    main()
