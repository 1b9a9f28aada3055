"""What a reader is told of tracks whose true settings are known, beside these settings.

    python benchmarks/known_words.py SONG RESULT [TRACK ...]

SONG holds a `truth.json`: for each track its bus, its pan and a chain of pedalboard processors.
RESULT is what `mixtrace fit` wrote. Without tracks all are told.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mixtrace import show


def done(track: Mapping[str, Any]) -> str:
    """Return what was done to a track, in order."""
    words = [word for one in track["chain"] for word in told(one)]
    pan = track["pan_constant_power"]
    if pan:
        words.append(f"panned {abs(pan):.0%} {'right' if pan > 0 else 'left'}".replace("%", " %"))
    return ", ".join([*words, f"bus {track['bus']}"]) + "."


def told(one: Mapping[str, Any]) -> Iterator[str]:
    """Yield what one processor of pedalboard was set to."""
    kind = one["type"]
    if "cutoff_frequency_hz" in one:
        hz = f"{one['cutoff_frequency_hz']:.0f} Hz"
    if kind == "HighpassFilter":
        yield f"high-pass at {hz} (6 dB/oct)"
    elif kind == "PeakFilter":
        yield f"{one['gain_db']:+.1f} dB at {hz} (Q {one['q']:.1f})"
    elif kind == "HighShelfFilter":
        yield f"{one['gain_db']:+.1f} dB above {hz}"
    elif kind == "Compressor":
        times = f"{one['attack_ms']:.0f} and {one['release_ms']:.0f} ms"
        yield f"compression at {one['ratio']:.1f}:1 above {one['threshold_db']:.0f} dB ({times})"
    elif kind == "NoiseGate":
        yield f"gate below {one['threshold_db']:.0f} dB"
    elif kind == "Gain":
        yield f"{one['gain_db']:+.1f} dB"
    elif kind == "Delay":
        time_ms, feedback, wet = (
            scale * one[name]
            for scale, name in ((1e3, "delay_seconds"), (100.0, "feedback"), (100.0, "mix"))
        )
        yield f"{time_ms:.0f} ms delay with {feedback:.0f} % feedback, {wet:.0f} % wet"
    elif kind == "Reverb":
        yield f"reverb (room {one['room_size']:.2f}, {one['wet_level']:.2f} wet)"


def main() -> None:
    """Print the truth and the words of each track as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("song", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("tracks", nargs="*")
    arguments = parser.parse_args()
    truth = json.loads((arguments.song / "truth.json").read_text())
    rows = {row.title: row for row in show(arguments.result).rows if row.sentence}
    for name in arguments.tracks or [name for name in truth if name in rows]:
        print(f"**{name}**\n")
        print(f"- done: {done(truth[name])}")
        for number, said in enumerate(rows[name].said):
            print(f"- {'read: ' if not number else ''}{said}")
        print()


if __name__ == "__main__":
    main()
