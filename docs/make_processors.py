"""Write docs/processors.md from the specifications in the code: `python docs/make_processors.py`.

Kinds, units, ranges and neutral values come from the registry; this file adds only the sentences.
"""

from pathlib import Path

from mixtrace.params import ParamSpec
from mixtrace.processors import PROCESSORS, Processor

__all__ = ["PAGE", "processors_page"]

PAGE = Path(__file__).with_name("processors.md")

INTRODUCTION = """\
# Processors

Every processor a graph can contain, with its settings in physical units. This page is written by
`python docs/make_processors.py`; change the code or that file, not this one.

Settings do not depend on the sample rate: a graph found at 30 kHz sounds the same at 44.1 or
48 kHz (compressors and gates faster than 1 ms excepted: they follow waves rather than levels).
Each processor in a graph also has a dry/wet weight from 0 (bypassed) to 1 (processed sound alone).
*Neutral* is the value at which the processor changes nothing; delay and reverb have none, their
bypass is a weight of 0. The letter is the processor's place in chains such as `ecnsgdr`.
"""

DETECTOR = {
    "threshold_db": "The level where the gain starts to change, in dB of mean square over both "
    "channels: a full-scale sine has -3 dB, -6 dB where the other channel is silent. "
    "Below -50 dB the detector hears nothing more.",
    "knee_db": "Width of the bend around the threshold, half of it on either side.",
    "time_ms": "Time constant of the level detector, attack and release alike: after a step it has "
    "gone 63 % of the way.",
}

WORDS: dict[str, tuple[str, dict[str, str]]] = {
    "equalizer": (
        "A linear-phase (zero-phase) equalizer drawn as a free curve, the same for left and right. "
        "It adds no delay but rings up to 34 ms ahead of a sound where the curve is steep.",
        {
            "magnitude_db": "Gain at 1024 frequencies, evenly spaced by 14.7 Hz from 0 to 15 kHz. "
            "Above 15 kHz the last gain holds."
        },
    ),
    "compressor": (
        "A feed-forward compressor without make-up gain: it turns the sound down while its level "
        "is above the threshold, left and right by the same amount.",
        {
            **DETECTOR,
            "slope": "Change of gain in dB for each dB above the threshold, 1/ratio - 1: "
            "-0.5 is 2:1, -0.75 is 4:1, -1 a limiter; below -1 louder comes out softer.",
        },
    ),
    "noise_gate": (
        "A gate, or downward expander: it turns the sound down while its level is below the "
        "threshold, left and right by the same amount.",
        {
            **DETECTOR,
            "slope": "Change of gain in dB for each dB below the threshold, 1 - ratio: "
            "-1 is 1:2, -3 is 1:4, -40 a hard gate.",
        },
    ),
    "stereo_imager": (
        "Widens or narrows: the difference between left and right gets louder or softer, "
        "their sum stays. A mono track passes unchanged.",
        {"side_gain_db": "Gain of left minus right; -80 dB is mono, 6 dB twice as wide."},
    ),
    "gain_panning": (
        "Fader and balance in one: a gain for the left channel and one for the right. "
        "Equal gains are a fader, unequal ones pan.",
        {"gain_db": "Gain of left and of right. Polarity is kept."},
    ),
    "multitap_delay": (
        "Forty echoes over two seconds: on either side one in each slot of 100 ms, each with a "
        "tone of its own. The response has unit energy, so the weight alone sets how loud it is.",
        {
            "taps": "For each side and slot, where in the slot its echo stands, and the sharpness "
            "of its search: the first is heard, the second guides the fit only.",
            "color_db": "Tone of each echo: gain at 20 frequencies, evenly spaced by 769 Hz from 0 "
            "to 14.6 kHz. Only differences matter, between echoes and within one.",
        },
    ),
    "reverb": (
        "Two seconds of decaying noise, one for mid and one for side, with a level and a decay "
        "time in every band up to 15 kHz. The response has unit energy, so the weight alone sets "
        "how loud it is; there is no pre-delay.",
        {
            "initial_db": "Level at the start at 193 frequencies, evenly spaced by 78 Hz from 0 to "
            "15 kHz, for mid and for side. Only differences matter.",
            "rt60_s": "Time to fall by 60 dB at the same frequencies, for mid and for side.",
        },
    ),
    "gain_automation": (
        "Fades and rides: a gain that moves along straight lines in dB between 64 points, evenly "
        "spaced over the song.",
        {
            "ride_db": "Gain at each point; after the last one it holds.",
            "duration_s": "Length of the song, from the first point to the last.",
        },
    ),
}


def processors_page() -> str:
    """Return the page as Markdown.

    Raises:
        KeyError: when a processor or a parameter has no words here.
    """
    return "\n".join([INTRODUCTION, *(_section(entry) for entry in PROCESSORS.values())])


def main() -> None:
    """Write the page beside this file."""
    PAGE.write_text(processors_page(), encoding="utf-8")


def _section(entry: Processor) -> str:
    about, meanings = WORDS[entry.kind]
    lines = [
        f"## {entry.label} (`{entry.kind}`, {entry.letter})",
        "",
        about,
        "",
        "| parameter | values | unit | range | neutral | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(spec, meanings[spec.name]) for spec in entry.params),
        "",
    ]
    return "\n".join(lines)


def _row(spec: ParamSpec, meaning: str) -> str:
    values = " x ".join(map(str, spec.shape)) or "1"
    neutral = "" if spec.neutral is None else f"{spec.neutral:g}"
    cells = (f"`{spec.name}`", values, spec.unit, _range(spec), neutral, meaning)
    return f"| {' | '.join(cells)} |"


def _range(spec: ParamSpec) -> str:
    lows = spec.low if isinstance(spec.low, tuple) else (spec.low,)
    highs = spec.high if isinstance(spec.high, tuple) else (spec.high,)
    return ", ".join(f"{low:g} to {high:g}" for low, high in zip(lows, highs, strict=True))


if __name__ == "__main__":
    main()
