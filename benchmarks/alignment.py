"""Found against true delays on real songs that are shifted, trimmed and made to drift.

    python benchmarks/alignment.py [SONGS] [--case NAME]

SONGS is the folder of the songs of docs/results.md. Their tracks lie where they are, but for the
singer of Reggae (-1.015 ms, raw against stem) and the synthesizer of Caesium (-3.797 ms, as found;
its truth is not known). For each case everything is planted on top of that, in memory, at the
song's rate:

- shifted: silence before the mix (later) or before all tracks (earlier);
- trimmed: the first 7.85 s of the mix are cut off;
- own starts: each track begins with its first sound (-50 dB under its peak);
- drift: the first track, or all of them, made 50 ppm shorter by the spectrum (scipy).

A track counts as found if it is within half a millisecond of the truth where the mix starts and
where it ends.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.signal import resample

from mixtrace.session import Alignment, estimate_alignments, find_song
from mixtrace.session.audio import read_recording

SONGS = Path(__file__).resolve().parents[2] / "shared" / "data"
TRIM_S = 7.85
DRIFT_PPM = 50.0
WITHIN_MS = 0.5
KNOWN_MS = {"S04 R01 male singer": -1.015, "MINILOGUE_SYNTH": -3.797}

Audio = np.ndarray


@dataclass(frozen=True)
class Planted:
    """A song with what was done to it.

    Attributes:
        names: of the tracks.
        tracks: [1 or 2, time] each.
        mix: [2, time].
        rate: their rate in Hz.
        truth: how each track has to be moved.
    """

    names: tuple[str, ...]
    tracks: list[Audio]
    mix: Audio
    rate: int
    truth: list[Alignment]


@dataclass(frozen=True)
class Result:
    """One track of one case: how far off at the worse end, and how sure."""

    name: str
    off_ms: float
    confidence: float

    @property
    def within(self) -> bool:
        """Whether it counts as found."""
        return self.off_ms <= WITHIN_MS


def read(folder: Path) -> Planted:
    """Return a song as it is."""
    song = find_song(folder)
    mix = read_recording(song.mix_path)
    rate = mix.file_rate_hz
    names = tuple(track.name for track in song.tracks)
    tracks = [read_recording(track.path, rate).audio for track in song.tracks]
    truth = [Alignment(1e-3 * KNOWN_MS.get(name, 0.0)) for name in names]
    return Planted(names, tracks, np.broadcast_to(mix.audio, (2, mix.audio.shape[1])), rate, truth)


def shifted(song: Planted, by_s: float) -> Planted:
    """Return the song with all tracks so much earlier in their files than in the mix."""
    by = round(abs(by_s) * song.rate)
    if by_s > 0.0:
        tracks, mix = song.tracks, padded(song.mix, by)
    else:
        tracks, mix = [padded(track, by) for track in song.tracks], song.mix
    offset = by / song.rate if by_s > 0.0 else -by / song.rate
    return Planted(song.names, tracks, mix, song.rate, moved(song.truth, [offset] * len(tracks)))


def trimmed(song: Planted) -> Planted:
    """Return the song with a mix that was cut at its start."""
    by = round(TRIM_S * song.rate)
    truth = moved(song.truth, [-by / song.rate] * len(song.tracks))
    return Planted(song.names, song.tracks, song.mix[:, by:], song.rate, truth)


def own_starts(song: Planted) -> Planted:
    """Return the song with each track from its first sound on."""
    firsts = [first_sound(track) for track in song.tracks]
    tracks = [track[:, first:] for track, first in zip(song.tracks, firsts, strict=True)]
    truth = moved(song.truth, [first / song.rate for first in firsts])
    return Planted(song.names, tracks, song.mix, song.rate, truth)


def drifted(song: Planted, most: int) -> Planted:
    """Return the song with its first tracks, so many at most, recorded by a fast clock."""
    tracks, truth = list(song.tracks), list(song.truth)
    for k, track in enumerate(song.tracks[:most]):
        time = track.shape[1]
        shorter = time - round(time * 1e-6 * DRIFT_PPM)
        tracks[k] = np.asarray(resample(track, shorter, axis=1), np.float32)
        truth[k] = Alignment(truth[k].delay_s, drift_ppm=1e6 * (time / shorter - 1.0))
    return Planted(song.names, tracks, song.mix, song.rate, truth)


def padded(audio: Audio, by: int) -> Audio:
    """Return the audio with so many samples of silence before it."""
    return np.pad(audio, ((0, 0), (by, 0)))


def moved(truth: Sequence[Alignment], by_s: Sequence[float]) -> list[Alignment]:
    """Return the alignments later."""
    return [Alignment(a.delay_s + by) for a, by in zip(truth, by_s, strict=True)]


def first_sound(track: Audio) -> int:
    """Return the first sample above -50 dB of the highest."""
    level = np.max(np.abs(track), axis=0)
    return int(np.argmax(level > 10 ** (-50 / 20) * level.max()))


CASES: dict[str, Callable[[Planted], Planted]] = {
    "as it is": lambda song: song,
    **{f"{by:+.3f} s": partial(shifted, by_s=by) for by in (-60.0, -20.0, 7.301, 20.0, 60.0)},
    "mix trimmed by 7.85 s": trimmed,
    "own starts": own_starts,
    "first track drifts by 50 ppm": partial(drifted, most=1),
    "all tracks drift by 50 ppm": partial(drifted, most=1000),
}


def compare(song: Planted, found: Sequence[Alignment]) -> list[Result]:
    """Return how far each track is from its truth, in the span of the mix."""
    end_s = song.mix.shape[1] / song.rate
    results = []
    for name, truth, alignment in zip(song.names, song.truth, found, strict=True):
        start = alignment.delay_s - truth.delay_s
        end = start + 1e-6 * (alignment.drift_ppm - truth.drift_ppm) * end_s
        off_ms = 1e3 * max(abs(start), abs(end))
        results.append(Result(name, off_ms, alignment.confidence))
    return results


def row(case: str, results: Sequence[Result], seconds: float) -> str:
    """Return one row of the table."""
    good = [r for r in results if r.within]
    wrong = [r for r in results if not r.within and r.confidence]
    unsure = [r for r in results if not r.within and not r.confidence]
    worst = max(wrong, key=lambda r: r.confidence, default=None)
    told = f"{worst.name}, {worst.off_ms:.3g} ms, {worst.confidence:.2f}" if worst else "none"
    precision = f"{max((r.off_ms for r in good), default=0.0):.3f}"
    left = ", ".join(r.name for r in unsure) or "none"
    return (
        f"| {case} | {len(good)} of {len(results)} | {precision} | {told} | {left} "
        f"| {seconds:.1f} |"
    )


def main() -> None:
    """Measure all cases and print one row each, then the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", type=Path, nargs="?", default=SONGS)
    parser.add_argument("--case", choices=sorted(CASES), help="this one alone")
    given = parser.parse_args()
    songs = [read(folder) for folder in sorted(given.songs.iterdir()) if folder.is_dir()]
    print("| case | within 0.5 ms | worst of these, ms | surest wrong | not moved, 0 | s |")
    print("| --- | --- | --- | --- | --- | --- |")
    everything: list[Result] = []
    for case in [given.case] if given.case else CASES:
        results: list[Result] = []
        seconds = 0.0
        for song in songs:
            planted = CASES[case](song)
            began = time.perf_counter()
            found = estimate_alignments(planted.tracks, planted.mix, planted.rate)
            seconds += time.perf_counter() - began
            results += compare(planted, found)
        print(row(case, results, seconds), flush=True)
        everything += results
    print(row("all", everything, 0.0))


if __name__ == "__main__":
    main()
