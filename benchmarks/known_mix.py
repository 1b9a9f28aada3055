"""How near a stored fit comes to the settings of a song whose true mix is known.

    python benchmarks/known_mix.py SONG_FOLDER RESULT_FOLDER [--output FILE.md]

SONG_FOLDER holds a truth.json (see `known_truth`; needs pedalboard), RESULT_FOLDER is the output of
`mixtrace fit`. Prints a table in Markdown.

Both sides are treated alike. The static response of a track is the energy of what it contributes to
the mix over the energy of the dry track, in each third octave of each channel, over the whole song:
gain, pan and EQ, but also what compressors, reverbs and delays do to that energy. The true part is
the dry track through its pedalboard chain, pan included, times the gain that its bus's compressor
has in the rebuilt mix, times the mix gain. The found part is the track at the end of its own chain
in the full render, brought through its bus's chain and the master's: linear processors as they are,
the others by the gain they have in the full render (5 ms blocks). That the parts sum to the mix,
and that the rebuilt mix is the song's, is checked and printed.

How much a track is compressed is the standard deviation over time, in dB, of the gain of the
compressors that it passes alone, in 5 ms blocks within 40 dB of the dry track's loudest; what they
do to a wet share is in it, a constant gain is not.
"""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from known_found import found_parts
from known_measures import (
    THIRD_OCTAVES_HZ,
    area_under_curve,
    chance,
    null_db,
    ratio_db,
    third_octave_power,
)
from known_truth import Part, true_parts

from mixtrace.session import read_session
from mixtrace.store import GRAPH, read_graph

__all__ = ["Row", "compression_lines", "report", "row", "table"]

_HEARD = 1e-4  # bands in which a dry track is weaker than this, re its strongest, are not heard
_NULL_DB = -40.0  # above this, the mix was not made as we believe
_WITHIN_DB = 2.0
_TOLD_DB = 0.5  # a gain that moves less than this is not told as compression


@dataclass(frozen=True)
class Row:
    """One track; pairs are (true, found).

    Attributes:
        name: of the track.
        error_db: median |true - found| response over bands and channels.
        heard_error_db: the same over the bands in which the dry track sounds.
        gain_db: energy in the mix over dry energy, all bands and both channels.
        pan_db: right over left in the mix.
        compressors: how many the track passes alone.
        movement_db: how much they move its gain.
    """

    name: str
    error_db: float
    heard_error_db: float
    gain_db: tuple[float, float]
    pan_db: tuple[float, float]
    compressors: tuple[int, int]
    movement_db: tuple[float, float]


def row(
    name: str, dry: Float[np.ndarray, "_channel time"], true: Part, found: Part, rate: int
) -> Row:
    """Compare what one track contributes to the true and to the found mix."""
    dry_power = third_octave_power(dry, rate).mean(0)
    powers = [third_octave_power(part.audio, rate) for part in (true, found)]
    error_db = np.abs(ratio_db(powers[1], dry_power) - ratio_db(powers[0], dry_power))
    gain = [float(ratio_db(power.sum(), 2.0 * dry_power.sum())) for power in powers]
    pan = [float(ratio_db(power[1].sum(), power[0].sum())) for power in powers]
    return Row(
        name,
        float(np.median(error_db)),
        float(np.median(error_db[:, dry_power >= _HEARD * dry_power.max()])),
        (gain[0], gain[1]),
        (pan[0], pan[1]),
        (true.compressors, found.compressors),
        (true.movement_db, found.movement_db),
    )


def table(rows: Sequence[Row]) -> list[str]:
    """Return the tracks as Markdown."""
    lines = [
        "| track | error, dB | heard bands | gain, dB: true | found | right/left, dB: true | found "
        "| compressors: true | found | gain moves, dB: true | found |",
        "| --- |" + " ---: |" * 10,
    ]
    for r in rows:
        numbers = [r.error_db, r.heard_error_db, *r.gain_db, *r.pan_db]
        cells = [r.name, *(f"{number:.1f}" for number in numbers)]
        cells += [*map(str, r.compressors), *(f"{moved:.2f}" for moved in r.movement_db)]
        lines.append(f"| {' | '.join(cells)} |")
    errors = [r.error_db for r in rows]
    within = sum(error <= _WITHIN_DB for error in errors)
    bands_hz = f"{THIRD_OCTAVES_HZ[0]:.0f} Hz to {THIRD_OCTAVES_HZ[-1] / 1000.0:.1f} kHz"
    return [
        *lines,
        "",
        f"Error: median over the third octaves from {bands_hz} and both channels; in heard bands "
        f"the dry track is within 40 dB of its strongest. {within} of {len(rows)} tracks within "
        f"{_WITHIN_DB:g} dB; median {np.median(errors):.2f} dB, worst {max(errors):.2f} dB.",
    ]


def compression_lines(rows: Sequence[Row]) -> list[str]:
    """Return how well compressed tracks are told from the others, as Markdown."""
    found = [r.movement_db[1] for r in rows]
    told = np.array(found) >= _TOLD_DB
    truths = {
        "has a compressor": np.array([r.compressors[0] > 0 for r in rows]),
        f"has one that moves its gain by {_TOLD_DB:g} dB": np.array(
            [r.movement_db[0] >= _TOLD_DB for r in rows]
        ),
    }

    def area(labels: Bool[np.ndarray, " item"]) -> float:
        return area_under_curve(found, labels)

    def right(labels: Bool[np.ndarray, " item"]) -> float:
        return float(np.mean(told == labels))

    lines = [
        "| compressed is a track that in truth | tracks | AUC | p | told right | p | always "
        "the commoner |",
        "| --- |" + " ---: |" * 6,
    ]
    for words, labels in truths.items():
        share = float(labels.mean())
        cells = [f"{labels.sum()} of {len(labels)}"]
        cells += [f"{area(labels):.2f}", f"{chance(area, labels):.3f}"]
        cells += [f"{right(labels):.2f}", f"{chance(right, labels):.3f}"]
        lines.append(f"| {words} | {' | '.join(cells)} | {max(share, 1.0 - share):.2f} |")
    return [
        *lines,
        "",
        "AUC: of how much the found gain moves (chance: 0.50). Told: compressed where it moves by "
        f"at least {_TOLD_DB:g} dB. p: the share of all ways to call as many tracks compressed "
        "that come out at least as well (exact).",
    ]


def report(song: Path, result: Path, command: str) -> str:
    """Return the comparison of a stored result with the truth, as Markdown."""
    stored = read_graph(result / GRAPH)
    alignments = {track.name: track.alignment for track in stored.tracks}
    files = read_session(song, align=False)
    true = true_parts(song, files)
    rebuilt_db = null_db(true.mix, files.mix)
    if rebuilt_db > _NULL_DB:
        raise SystemExit(
            f"Expected the rebuilt mix within {_NULL_DB:g} dB of the song's; it is {rebuilt_db:.1f}"
            " dB off. Was it made otherwise?"
        )
    found = found_parts(stored, read_session(song, alignments=alignments))
    rate = files.sample_rate_hz
    rows = [row(t.name, t.audio, true.of[t.name], found.of[t.name], rate) for t in files.tracks]
    return "\n".join(
        [
            f"# {stored.song}: found against true settings",
            "",
            f"Made by `{command}`, at {rate} Hz.",
            "",
            *table(rows),
            "",
            *compression_lines(rows),
            "",
            f"Checks: rebuilt from its truth, the mix is {rebuilt_db:.1f} dB from the song's; the "
            f"true parts sum to it within {true.sum_null_db:.1f} dB, the found parts to the "
            f"rendered mix within {found.sum_null_db:.1f} dB. The rendered mix is "
            f"{null_db(found.mix, files.mix):.1f} dB from the song's.",
            "",
        ]
    )


def main() -> None:
    """Read the arguments, compare, print."""
    parser = argparse.ArgumentParser(description="Compare a stored fit with the truth of a song.")
    parser.add_argument("song", type=Path, help="folder of the song, with its truth.json")
    parser.add_argument("result", type=Path, help="output folder of mixtrace fit")
    parser.add_argument("--output", type=Path, help="Markdown file to write as well")
    given = parser.parse_args()
    # Where the files lie on this machine is nobody's business.
    words = [given.song.name, given.result.name]
    text = report(
        given.song, given.result, shlex.join(["python", "benchmarks/known_mix.py", *words])
    )
    print(text)
    if given.output is not None:
        given.output.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
