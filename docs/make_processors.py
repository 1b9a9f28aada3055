"""Write docs/processors.md from the specifications in the code: `python docs/make_processors.py`.

Everything comes from the processors themselves, but for how alike they sound at several rates,
which tests/processors/test_rates.py measures; tests/docs holds this script to its limits.
"""

from pathlib import Path

from mixtrace.params import ParamSpec
from mixtrace.processors import PROCESSORS, Processor
from mixtrace.wording import listed

__all__ = ["PAGE", "RATES", "processors_page"]

PAGE = Path(__file__).with_name("processors.md")

INTRODUCTION = """\
# Processors

Every processor a graph can contain, with its settings in physical units. This page is written by
`python docs/make_processors.py`; change the processors, not this one.

Settings do not depend on the sample rate: a graph found at 30 kHz is rendered with the same
settings at 44.1 or 48 kHz. How nearly it then sounds the same is told [below](#sample-rates).
Each processor in a graph also has a dry/wet weight from 0 (bypassed) to 1 (processed sound alone).
*Neutral* is the value at which the processor changes nothing; delay and reverb have none, their
bypass is a weight of 0. The letter is the processor's place in chains such as `ecnsgdr`.
"""

SAMPLE_RATES = """\
## Sample rates

`tests/processors/test_rates.py` renders bursts from 60 Hz to 12 kHz through each processor, fully
wet, at 30, 44.1 and 48 kHz, with twelve random settings. The table gives the limit that the test
sets: the energy, below 14 kHz, of the difference between 44.1 or 48 kHz and 30 kHz, relative to
that of the sound at 30 kHz. At -20 dB the difference has a tenth of the amplitude, at -40 dB a
hundredth. Above 15 kHz a sound at 30 kHz has nothing to compare.

The test chooses smooth curves and places echoes on samples that all three rates have. Holds,
look-aheads and the time constants of `one_pole_compressor` and `one_pole_gate` are 10 ms: at
0.05 ms a detector follows waves rather than levels, and these two differ by up to -20 dB.
"""

RATES: dict[str, tuple[float, str]] = {
    "equalizer": (-70.0, "the curve is read between its points"),
    "one_pole_compressor": (-55.0, "a moving gain makes new frequencies, which alias differently"),
    "one_pole_gate": (-55.0, "the same"),
    "stereo_imager": (-95.0, ""),
    "gain_panning": (-95.0, ""),
    "twenty_tap_delay": (
        -23.0,
        "an echo at the very start or end of its slot is cut off there; others stay below -45 dB",
    ),
    "noise_reverb": (-38.0, "what rings before the first sample of the noise is cut off"),
    "gain_automation": (-88.0, "lines bend between samples"),
    "send": (-95.0, ""),
    "parametric_equalizer": (
        -8.0,
        "phase alone: a low-pass turns it otherwise at 30 kHz, the more the nearer to 15 kHz. One "
        "of 24 dB/oct at 9.4 kHz turns it by 20 degrees more or less at 5 kHz, 44 at 10 kHz and 91 "
        "at 14 kHz; without a low-pass it is 3 at most. Gains agree within 0.5 dB up to 14 kHz",
    ),
    "fader": (-95.0, ""),
    "fader_automation": (-93.0, "lines bend between samples"),
    "saturation": (-80.0, "it works at 176 kHz or above, whatever the rate"),
    "compressor": (
        -34.0,
        "a peak between two samples is lower at one rate than at another; with a detector of RMS "
        "it stays below -75 dB",
    ),
    "gate": (-15.0, "it opens and closes at whole samples, and follows peaks"),
    "limiter": (-22.0, "a wave that peaks between samples is lower at one rate than at another"),
    "feedback_delay": (
        -31.0,
        "the low-pass of the loop is right to half a dB at each rate, and echoes add that up",
    ),
    "parametric_reverb": (-38.0, "what rings before the first sample of the noise is cut off"),
    "captured_reverb": (-26.0, "what rings before the first sample of the response is cut off"),
    "fdn_reverb": (-90.0, "it is computed at frequencies, which all rates have in common"),
    "compressor_expander": (-42.0, "what averages for less than a wave hears other samples of it"),
}
"""Of each kind the limit in dB, and why it differs."""


def processors_page() -> str:
    """Return the page as Markdown."""
    sections = [_section(entry) for entry in PROCESSORS.values()]
    return "\n".join([INTRODUCTION, *sections, SAMPLE_RATES, *_rates()])


def main() -> None:
    """Write the page beside this file."""
    PAGE.write_text(processors_page(), encoding="utf-8")


def _section(entry: Processor) -> str:
    lines = [
        f"## {entry.label} (`{entry.kind}`, {entry.letter})",
        "",
        entry.about,
        "",
        "| parameter | values | unit | range | neutral | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(spec) for spec in entry.params),
        "",
    ]
    return "\n".join(lines)


def _rates() -> list[str]:
    rows = [
        f"| {PROCESSORS[kind].label} (`{kind}`) | {limit_db:g} | {why} |"
        for kind, (limit_db, why) in RATES.items()
    ]
    return ["| processor | at most, dB | what differs |", "| --- | ---: | --- |", *rows, ""]


def _row(spec: ParamSpec) -> str:
    values = " x ".join(map(str, spec.shape)) or "1"
    values += " or other" if spec.varies else ""
    neutral = "" if spec.neutral is None else f"{spec.neutral:g}"
    cells = (f"`{spec.name}`", values, spec.unit, _range(spec), neutral, spec.meaning)
    return f"| {' | '.join(cells)} |"


def _range(spec: ParamSpec) -> str:
    if spec.choices:
        return listed([f"{choice:g}" for choice in spec.choices])
    lows = spec.low if isinstance(spec.low, tuple) else (spec.low,)
    highs = spec.high if isinstance(spec.high, tuple) else (spec.high,)
    return ", ".join(f"{low:g} to {high:g}" for low, high in zip(lows, highs, strict=True))


if __name__ == "__main__":
    main()
