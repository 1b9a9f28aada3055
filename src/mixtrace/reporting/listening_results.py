"""The player of several results of one song: the mix and all estimates, equally loud."""

import json
from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from mixtrace.reporting.listening import Shown, clock, encoded, outline, player_script
from mixtrace.reporting.listening_file import Heard, read_listening
from mixtrace.reporting.listening_writer import LISTENING
from mixtrace.reporting.parts import Part
from mixtrace.reporting.templating import filled, web_text
from mixtrace.store import LISTEN, is_plain_file, is_plain_folder
from mixtrace.units import ratio_from_db

__all__ = ["results_part"]

_SHOWN_MATCH_DB = 0.05


def results_part(folders: Mapping[str, Path]) -> Part:
    """Return a player of what results of one song let hear; a sentence where that is nothing.

    Args:
        folders: of the results, by what they are called.

    Raises:
        StoreError: what lies in a `listen/` is damaged, too large or of another version.
    """
    heard = {name: read_listening(path) for name, path in folders.items() if _is_heard(path)}
    if not heard:
        return Part(Markup("<p>{}</p>").format("No result was stored with audio to listen to."))
    first = next(iter(heard))
    lowest_db = min(each.signals.target.match_db for each in heard.values())
    sounds = {"mix": heard[first].signals.target}
    files = {"mix": folders[first] / LISTEN / "target.opus"}
    lowered_db = {"mix": heard[first].signals.target.match_db}
    for number, (name, each) in enumerate(heard.items(), 1):
        key = f"estimate-{number}"
        sounds[key] = each.signals.estimate
        files[key] = folders[name] / LISTEN / "estimate.opus"
        lowered_db[key] = each.signals.target.match_db  # with it all of a result is made softer
    labels = dict(zip(sounds, ["Mix", *heard], strict=True))
    gains = {
        key: ratio_from_db(sound.gain_db - lowered_db[key] + lowest_db)
        for key, sound in sounds.items()
    }
    duration_s = heard[first].duration_s
    audio: dict[str, str] = {}
    for key, path in files.items():
        audio |= encoded(path.parents[1], {key: path})
    html = filled(
        "listen_results.html",
        duration_s=duration_s,
        length=clock(duration_s),
        signals=[_shown(k, labels[k], s, s.match_db - lowered_db[k]) for k, s in sounds.items()],
        facts=Markup(json.dumps({"duration": duration_s, "span": [0, duration_s], "gains": gains})),
        audio={key: Markup(text) for key, text in audio.items()},
    )
    return Part(html, web_text("player.css"), player_script())


def _is_heard(folder: Path) -> bool:
    path = folder / LISTEN / LISTENING
    return is_plain_folder(path.parent) and is_plain_file(path)


def _shown(key: str, label: str, sound: Heard, match_db: float) -> Shown:
    facts = [] if sound.loudness_lufs is None else [f"{sound.loudness_lufs:.1f} LUFS"]
    if abs(match_db) >= _SHOWN_MATCH_DB:
        facts.append(f"played {match_db:+.1f} dB to match the mix")
    about = ", ".join([label, *(fact.replace("-", "−") for fact in facts)])
    return Shown(key, label, f"{about}.", outline(sound.peaks), outline(sound.levels))
