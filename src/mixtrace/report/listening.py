"""The page's player: what `listen/` holds, embedded, with the controls to hear it."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from mixtrace.errors import StoreError
from mixtrace.report.listening_writer import (
    LISTENING,
    LISTENING_SCHEMA,
    SIGNALS,
    VERSIONS,
    strip_file,
)
from mixtrace.report.parts import Part
from mixtrace.report.templating import filled, web_text
from mixtrace.store import (
    JSON,
    LISTEN,
    StoredGraph,
    is_plain_file,
    is_plain_folder,
    read_bytes,
    read_document,
)
from mixtrace.units import ratio_from_db

__all__ = ["listen_part"]

_WAVEFORM_STEPS = 255.0
_MOST_STRIPS = 150
_SHOWN_MATCH_DB = 0.05

_WORDS = {
    "target": ("Target", "The mix that was to be matched"),
    "estimate": ("Estimate", "What the graph makes of the dry tracks"),
    "residual": ("Residual", "Target minus estimate: what the graph does not explain"),
    "sum": ("Dry sum", "All dry tracks added up, nothing done to them"),
}


@dataclass(frozen=True)
class _Shown:
    """A sound as the template needs it."""

    key: str
    label: str
    about: str
    peaks: str
    levels: str


def listen_part(folder: Path, stored: StoredGraph) -> Part:
    """Return the player of a result; where its audio was not kept, a sentence that says so.

    Args:
        folder: the folder of the fit.
        stored: its graph, for the groups of the tracks.

    Raises:
        StoreError: what lies in `listen/` is damaged or of another version.
    """
    path = folder / LISTEN / LISTENING
    if not (is_plain_folder(path.parent) and is_plain_file(path)):
        text = "This result was stored without audio. Fit the song again to hear it here."
        return Part(Markup("<p>{}</p>").format(text))
    document = read_document(path, LISTENING_SCHEMA, root=folder)
    try:
        return _part(folder, document, stored)
    except (KeyError, TypeError, ValueError, OSError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"Expected the audio that a fit wrote; {folder / LISTEN} cannot be used "
            f"({type(error).__name__}: {error}). Fit the song again."
        ) from error


def _part(folder: Path, document: Mapping[str, JSON], stored: StoredGraph) -> Part:
    duration_s = float(document["duration_s"])
    first_s, end_s = (float(second) for second in document["span_s"])
    tables, strips = document["signals"], document["strips"][:_MOST_STRIPS]
    audio = {name: _encoded(folder, f"{name}.opus") for name in SIGNALS}
    gains = {name: ratio_from_db(float(tables[name]["gain_db"])) for name in SIGNALS}
    for number, strip in enumerate(strips, 1):
        for version in VERSIONS:
            if strip[version] is not None:
                key = f"{version}-{number}"
                audio[key] = _encoded(folder, strip_file(number, version))
                gains[key] = ratio_from_db(float(strip[version]["gain_db"]))
    groups = {track.name: track.group for track in stored.tracks}
    facts = {"duration": duration_s, "span": [first_s, end_s], "gains": gains}
    html = filled(
        "listen.html",
        duration_s=duration_s,
        length=_clock(duration_s),
        signals=[_signal(name, tables[name]) for name in SIGNALS],
        strips=[_strip(number, strip, groups) for number, strip in enumerate(strips, 1)],
        whole=end_s - first_s >= duration_s - 0.01,
        buses=any(strip["role"] == "bus" for strip in strips),
        span=(_clock(first_s), _clock(end_s)),
        facts=Markup(json.dumps(facts)),
        audio={key: Markup(text) for key, text in audio.items()},
    )
    return Part(html, web_text("player.css"), _script())


def _script() -> str:
    """Return the player's files in a closure of their own."""
    files = "\n".join(web_text(f"player{name}.js") for name in ("_deck", "", "_view", "_hands"))
    return f'(() => {{\n"use strict";\n{files}}})();\n'


def _encoded(folder: Path, name: str) -> str:
    content = read_bytes(folder / LISTEN / name, root=folder)
    return base64.b64encode(content).decode("ascii")


def _signal(name: str, table: Mapping[str, JSON]) -> _Shown:
    label, about = _WORDS[name]
    lufs, match_db = table["loudness_lufs"], float(table["match_db"])
    facts = [] if lufs is None else [f"{float(lufs):.1f} LUFS"]
    if name == "residual":
        facts.append("played with the estimate's gain, so as loud as it is in the song")
    elif abs(match_db) >= _SHOWN_MATCH_DB:
        facts.append(f"played {match_db:+.1f} dB to match the others")
    about = ", ".join([about, *facts]).replace("-", "−") if facts else about
    return _Shown(name, label, f"{about}.", *_paths(table))


def _strip(number: int, strip: Mapping[str, JSON], groups: Mapping[str, str]) -> dict[str, object]:
    name = str(strip["name"])
    count = int(strip["tracks"])
    note = groups.get(name, "") if strip["role"] == "track" else f"{count} tracks"
    shapes = {v: _paths(strip[v])[0] if strip[v] is not None else "" for v in VERSIONS}
    return {"number": number, "name": name, "note": note, "shapes": shapes}


def _paths(table: Mapping[str, JSON]) -> tuple[str, str]:
    return _outline(table["peaks"]), _outline(table["levels"])


def _outline(steps: Sequence[JSON]) -> str:
    """Return a waveform as an SVG path, a unit a column, mirrored at the height of 50.

    >>> _outline([0, 255])
    'M0,50L0,50L1,0L1,100L0,50Z'
    """
    heights = [50.0 * min(max(float(step) / _WAVEFORM_STEPS, 0.0), 1.0) for step in steps]
    above = [f"L{x},{50.0 - height:.3g}" for x, height in enumerate(heights)]
    below = [f"L{x},{50.0 + height:.3g}" for x, height in reversed(list(enumerate(heights)))]
    return f"M0,50{''.join(above)}{''.join(below)}Z"


def _clock(time_s: float) -> str:
    """Return a moment of a song.

    >>> _clock(217.3)
    '3:37'
    """
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"
