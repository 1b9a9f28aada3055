"""The page of a listening test: one file that plays, takes ratings and hands them out."""

import base64
import hashlib
import io
import json
from collections.abc import Sequence

import numpy as np
import soundfile
from markupsafe import Markup

from mixtrace.errors import AudioError
from mixtrace.listening.stimuli import Item, Stimulus
from mixtrace.reporting.page import joined
from mixtrace.reporting.parts import Part
from mixtrace.reporting.templating import filled, web_text
from mixtrace.wording import counted

__all__ = ["listening_page"]

_TITLE = "Listening test"
_MOST_AUDIO_BYTES = 300_000_000


def listening_page(items: Sequence[Item], seed: int) -> str:
    """Return the page of a test.

    The audio is FLAC of 16 bit. It lies in an order drawn by the seed, under numbers. What each
    number is lies there too, for the ratings must name it, but scrambled: each byte combined with
    one of the test's identity, and in base64. It keeps a listener from reading it by accident and
    is no secret from one who wants to find out. The order in which items and versions are shown is
    drawn in the page, from the seed and the listener's name.

    Args:
        items: What is heard, all at one rate.
        seed: Another one gives other orders.

    Raises:
        AudioError: The items have several rates, or are too long for a page.
    """
    rates = {item.sample_rate_hz for item in items}
    if len(rates) > 1:
        raise AudioError(
            "Expected songs of one sample rate, for a page plays at one; they have "
            f"{' and '.join(map(str, sorted(rates)))} Hz. Make a test for each."
        )
    coded = [(item, stimulus, _flac(item, stimulus)) for item in items for stimulus in item.stimuli]
    if sum(len(data) for _, _, data in coded) > _MOST_AUDIO_BYTES:
        raise AudioError(
            f"Expected a page of at most {_MOST_AUDIO_BYTES // 1_000_000} MB; these "
            f"{len(coded)} versions take more. Give fewer songs, or a shorter --length."
        )
    places = np.random.default_rng(seed).permutation(len(coded)).tolist()
    blocks = [f"a{place:03d}" for place in places]
    audio = sorted(zip(blocks, (data for _, _, data in coded), strict=True))
    test = _identity(items, seed, audio)
    facts = {"test": test, "seed": seed, "rate": rates.pop()}
    html = filled(
        "mushra.html",
        items=counted(len(items), "excerpt"),
        facts=Markup(json.dumps(facts)),
        key=_scrambled(_key(coded, blocks), test),
        audio=[(name, base64.b64encode(data).decode()) for name, data in audio],
    )
    part = Part(html, web_text("mushra.css"), _script())
    return joined(_TITLE, "MUSHRA", Markup(), [("test", "Rate what you hear", part)])


def _flac(item: Item, stimulus: Stimulus) -> bytes:
    file = io.BytesIO()
    audio = stimulus.audio.T
    soundfile.write(file, audio, item.sample_rate_hz, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _identity(items: Sequence[Item], seed: int, audio: Sequence[tuple[str, bytes]]) -> str:
    """Return what tells this test from others, so that their ratings are not mixed."""
    names = [[item.song, *(each.system for each in item.stimuli)] for item in items]
    digest = hashlib.sha256(json.dumps([seed, names]).encode())
    for _, data in audio:
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()[:12]


def _key(coded: Sequence[tuple[Item, Stimulus, bytes]], blocks: Sequence[str]) -> bytes:
    """Return as JSON what each block of audio is."""
    items: dict[str, dict[str, object]] = {}
    for (item, stimulus, _), block in zip(coded, blocks, strict=True):
        if stimulus.role == "reference":
            items[item.song] = {"song": item.song, "reference": block, "stimuli": []}
        told = {"block": block, "system": stimulus.system, "role": stimulus.role}
        stimuli = items[item.song]["stimuli"]
        assert isinstance(stimuli, list)
        stimuli.append(told)
    return json.dumps({"items": list(items.values())}).encode()


def _scrambled(plain: bytes, test: str) -> str:
    pad = test.encode()
    mixed = bytes(byte ^ pad[n % len(pad)] for n, byte in enumerate(plain))
    return base64.b64encode(mixed).decode()


def _script() -> str:
    """Return the page's script in a closure of its own."""
    files = "\n".join(web_text(f"mushra{name}.js") for name in ("_player", ""))
    return f'(() => {{\n"use strict";\n{files}}})();\n'
