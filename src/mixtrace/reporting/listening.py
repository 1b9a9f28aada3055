"""The page's player: what `listen/` holds, embedded, with the controls to hear it."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from mixtrace.errors import StoreError
from mixtrace.reporting.listening_file import Heard, HeardStrip, read_listening
from mixtrace.reporting.listening_writer import LISTENING, strip_file
from mixtrace.reporting.parts import Part
from mixtrace.reporting.templating import filled, web_text
from mixtrace.store import LISTEN, StoredGraph, is_plain_file, is_plain_folder, read_bytes
from mixtrace.units import ratio_from_db
from mixtrace.wording import counted

__all__ = ["Shown", "clock", "encoded", "listen_part", "outline", "player_script"]

_WAVEFORM_STEPS = 255.0
_MOST_STRIPS = 150
_MOST_AUDIO_BYTES = 400_000_000
"""Six hours at the lowest rate take 350; a page of most songs has 10."""
_SHOWN_MATCH_DB = 0.05

WORDS = {
    "target": ("Target", "The mix that was to be matched"),
    "estimate": ("Estimate", "What the graph makes of the dry tracks"),
    "residual": ("Residual", "Target minus estimate: what the graph does not explain"),
    "sum": ("Dry sum", "All dry tracks added up, nothing done to them"),
}
"""Label of each sound in full length, and what it is."""


@dataclass(frozen=True)
class Shown:
    """A sound as the template needs it."""

    key: str
    label: str
    about: str
    peaks: str
    levels: str


def listen_part(
    folder: Path, stored: StoredGraph, words: Mapping[str, tuple[str, str]] = WORDS
) -> Part:
    """Return the player of a result; where its audio was not kept, a sentence that says so.

    Args:
        folder: the folder of the fit.
        stored: its graph, for the groups of the tracks.
        words: for each sound in full length that is to be heard, its label and what it is.

    Raises:
        StoreError: what lies in `listen/` is damaged, too large or of another version.
    """
    path = folder / LISTEN / LISTENING
    if not (is_plain_folder(path.parent) and is_plain_file(path)):
        text = "This result was stored without audio. Fit the song again to hear it here."
        return Part(Markup("<p>{}</p>").format(text))
    heard = read_listening(folder)
    strips = heard.strips[:_MOST_STRIPS]
    sounds = {name: (f"{name}.opus", getattr(heard.signals, name)) for name in words}
    for number, strip in enumerate(strips, 1):
        for version, sound in strip.versions.items():
            if sound is not None:
                sounds[f"{version}-{number}"] = (strip_file(number, version), sound)
    groups = {track.name: track.group for track in stored.tracks}
    (first_s, end_s), duration_s = heard.span_s, heard.duration_s
    gains = {key: ratio_from_db(sound.gain_db) for key, (_, sound) in sounds.items()}
    facts = {"duration": duration_s, "span": [first_s, end_s], "gains": gains}
    files = {key: folder / LISTEN / name for key, (name, _) in sounds.items()}
    html = filled(
        "listen.html",
        duration_s=duration_s,
        length=clock(duration_s),
        residual="residual" in words,
        signals=[_signal(name, words[name], sounds[name][1]) for name in words],
        strips=[_strip(number, strip, groups) for number, strip in enumerate(strips, 1)],
        whole=end_s - first_s >= duration_s - 0.01,
        buses=any(strip.role == "bus" for strip in strips),
        span=(clock(first_s), clock(end_s)),
        facts=Markup(json.dumps(facts)),
        audio={key: Markup(text) for key, text in encoded(folder, files).items()},
    )
    return Part(html, web_text("player.css"), player_script())


def player_script() -> str:
    """Return the player's files in a closure of their own."""
    files = "\n".join(web_text(f"player{name}.js") for name in ("_deck", "", "_view", "_hands"))
    return f'(() => {{\n"use strict";\n{files}}})();\n'


def encoded(folder: Path, files: Mapping[str, Path]) -> dict[str, str]:
    """Return the files as text of base64, by their keys."""
    left, texts = _MOST_AUDIO_BYTES, {}
    try:
        for key, path in files.items():
            content = read_bytes(path, left, root=folder)
            left -= len(content)
            texts[key] = base64.b64encode(content).decode()
    except OSError as error:
        raise StoreError(
            f"Expected the audio that a fit wrote; what lies beside {LISTENING} cannot be used "
            f"({error}). Fit the song again."
        ) from error
    return texts


def _signal(name: str, words: tuple[str, str], sound: Heard) -> Shown:
    label, about = words
    lufs, match_db = sound.loudness_lufs, sound.match_db
    facts = [] if lufs is None else [f"{lufs:.1f} LUFS"]
    if name == "residual":
        facts.append("played with the estimate's gain, so as loud as it is in the song")
    elif abs(match_db) >= _SHOWN_MATCH_DB:
        facts.append(f"played {match_db:+.1f} dB to match the others")
    about = ", ".join([about, *facts]).replace("-", "−") if facts else about
    return Shown(name, label, f"{about}.", outline(sound.peaks), outline(sound.levels))


def _strip(number: int, strip: HeardStrip, groups: Mapping[str, str]) -> dict[str, object]:
    note = groups.get(strip.name, "") if strip.role == "track" else counted(strip.tracks, "track")
    shapes = {name: outline(heard.peaks) if heard else "" for name, heard in strip.versions.items()}
    return {"number": number, "name": strip.name, "note": note, "shapes": shapes}


def outline(steps: Sequence[int]) -> str:
    """Return a waveform as an SVG path, a unit a column, mirrored at the height of 50.

    >>> outline([0, 255])
    'M0,50L0,50L1,0L1,100L0,50Z'
    """
    heights = [50.0 * step / _WAVEFORM_STEPS for step in steps]
    above = [f"L{x},{50.0 - height:.3g}" for x, height in enumerate(heights)]
    below = [f"L{x},{50.0 + height:.3g}" for x, height in reversed(list(enumerate(heights)))]
    return f"M0,50{''.join(above)}{''.join(below)}Z"


def clock(time_s: float) -> str:
    """Return a moment of a song.

    >>> clock(217.3)
    '3:37'
    """
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"
