"""Write docs/processors.md from the specifications in the code: `python docs/make_processors.py`.

Everything comes from the processors themselves.
"""

from pathlib import Path

from mixtrace.params import ParamSpec
from mixtrace.processors import PROCESSORS, Processor
from mixtrace.wording import listed

__all__ = ["PAGE", "processors_page"]

PAGE = Path(__file__).with_name("processors.md")

INTRODUCTION = """\
# Processors

Every processor a graph can contain, with its settings in physical units. This page is written by
`python docs/make_processors.py`; change the processors, not this one.

Settings do not depend on the sample rate: a graph found at 30 kHz sounds the same at 44.1 or
48 kHz (compressors and gates faster than 1 ms excepted: they follow waves rather than levels).
Each processor in a graph also has a dry/wet weight from 0 (bypassed) to 1 (processed sound alone).
*Neutral* is the value at which the processor changes nothing; delay and reverb have none, their
bypass is a weight of 0. The letter is the processor's place in chains such as `ecnsgdr`.
"""


def processors_page() -> str:
    """Return the page as Markdown."""
    return "\n".join([INTRODUCTION, *(_section(entry) for entry in PROCESSORS.values())])


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
