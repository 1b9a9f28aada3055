"""Renders a drawn desk, and tells the truth of it: settings, curves, gains over time.

Processors stand before the fader and sends behind it; a fader in the centre leaves both sides as
they are and hard left is 3 dB up on the left. Mono tracks pass their chain as two equal channels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from known_chains import Desk, Strip
from known_curves import GRID_HZ, curve_db, decay_s, relative_db, spread_db, third_octaves_db
from known_engines import RATE_HZ, impulse_response, process
from known_facts import HEARD_DB, SCHEMA
from known_measures import BLOCK_S, gain_db, ratio_db, sounding
from known_sources import Dry

__all__ = ["BLOCK", "mixed"]

BLOCK = round(BLOCK_S * RATE_HZ)
Audio = Float[np.ndarray, "2 time"]
Truth = dict[str, Any]

_ROOM_DB = -20.0  # RMS of a track whose level is 0 dB
_PEAK_DB = -1.0  # of the mix
_RESPONSE_S = 6.0
_TURNS = 4  # to set a threshold by what the compressor then does
_TIGHT_DB = 0.2


def mixed(desk: Desk, tracks: Sequence[Dry]) -> tuple[Audio, Truth]:
    """Return the mix of a desk, and the truth about it without names of songs."""
    sums: dict[str, Audio] = {}
    ends: dict[str, Audio] = {}
    truths: list[Truth] = []

    def feed(name: str, audio: Audio) -> None:
        sums[name] = sums[name] + audio if name in sums else audio

    for strip, dry in zip(desk.of("track"), tracks, strict=True):
        entering = np.broadcast_to(dry.audio, (2, dry.audio.shape[-1]))
        ends[strip.name] = _through(strip, entering, truths)
        feed(strip.feeds, ends[strip.name])
    for strip in desk.of("return"):
        if strip.family != "parallel":
            for source in desk.of("track"):
                if strip.name in source.sends:
                    source.sends[strip.name] = _send_db(source, strip, ends[source.name], truths)
        for source in desk.of("track"):
            if strip.name in source.sends:
                feed(strip.name, _louder(ends[source.name], source.sends[strip.name]))
    for strip in (*desk.of("bus"), *desk.of("return")):
        feed(strip.feeds, _through(strip, sums[strip.name], truths))
    (master,) = desk.of("master")
    mix = _through(master, sums[master.name], truths)
    for truth, strip in zip(truths, desk.of("track"), strict=False):
        for name, level_db in strip.sends.items():
            truth["sends"].setdefault(name, {})["level_db"] = level_db
    return mix, {
        "schema": SCHEMA,
        "sample_rate_hz": RATE_HZ,
        "block_s": BLOCK_S,
        "grid_hz": _rounded(GRID_HZ, 3),
        "strips": truths,
    }


def _through(strip: Strip, entering: Audio, truths: list[Truth]) -> Audio:
    """Return what leaves a strip's fader; the truth of the strip is added to the others."""
    on = sounding(entering, BLOCK)
    level_db = _blocks_db(entering)
    spectrum_db = third_octaves_db(entering, RATE_HZ)
    truth: Truth = {
        "name": strip.name,
        "role": strip.role,
        "family": strip.family,
        "feeds": strip.feeds,
        "pan": strip.pan,
        "sends": {},
        "processors": [],
        "spectrum_db": _rounded(spectrum_db, 1),
        "blocks_db": _rounded(np.maximum(level_db, -150.0), 1),
    }
    audio = np.asarray(entering, np.float32)
    eq_db = np.zeros(len(GRID_HZ))
    for wish in strip.processors:
        effect = _settled(wish, audio)
        before, audio = audio, _applied(effect, audio)
        if effect["type"] == "eq":
            eq_db = eq_db + curve_db(impulse_response(effect, 1.0)[0], RATE_HZ)
            heard = spectrum_db >= spectrum_db.max() + HEARD_DB
            off_db = np.abs(eq_db - np.median(eq_db[heard]))[heard]
            truth["processors"].append(effect | {"effect_db": round(float(off_db.max()), 2)})
        else:
            truth["processors"].append(_told(effect, before, audio))
    truth["eq_db"] = _rounded(eq_db, 2)
    fader_db = strip.level_db
    if strip.role == "track":
        fader_db = strip.level_db + _ROOM_DB - _level_db(audio, on)
    elif strip.role == "master":
        fader_db = _PEAK_DB - 20.0 * np.log10(np.abs(audio).max())
        if any(effect["type"] == "limiter" for effect in strip.processors):
            fader_db = 0.0
    truth["level_db"] = round(float(fader_db), 2)
    truths.append(truth)
    angle = 0.25 * np.pi * (strip.pan + 1.0)
    sides = np.sqrt(2.0) * np.array([[np.cos(angle)], [np.sin(angle)]])
    return _louder(sides * audio, truth["level_db"])


def _settled(wish: Truth, audio: Audio) -> Truth:
    """Return an effect with the settings that do to this audio what was wished for."""
    effect = dict(wish)
    loud_db = np.percentile(_peaks_db(audio)[sounding(audio, BLOCK)], 90.0)
    if effect["type"] == "compressor":
        return _compressing(effect, audio, float(loud_db))
    if effect["type"] == "gate":
        effect["threshold_db"] = round(float(loud_db) - effect.pop("below_db"), 1)
    elif effect["type"] == "saturation":
        effect["drive_db"] = round(effect.pop("peak_db") - float(loud_db), 1)
    elif effect["type"] == "limiter":
        highest_db = np.percentile(_peaks_db(audio), 99.0)
        over_db = effect["ceiling_db"] + effect.pop("reduction_db")
        effect["gain_db"] = round(float(over_db - highest_db), 1)
    elif effect["type"] == "ride":
        duration_s = audio.shape[-1] / RATE_HZ
        effect["knots"] = [[round(place * duration_s, 3), db] for place, db in effect["knots"]]
    elif effect["type"] == "reverb":
        effect["rt60_s"] = round(decay_s(impulse_response(effect, _RESPONSE_S), RATE_HZ), 3)
    return effect


def _compressing(effect: Truth, audio: Audio, loud_db: float) -> Truth:
    """Return a compressor whose reduction is as wished, in the twentieth of the time of most."""
    wanted_db = effect.pop("reduction_db")
    steepness = 1.0 - 1.0 / effect["ratio"]
    effect["threshold_db"] = round(loud_db - wanted_db / steepness, 1)
    on = sounding(audio, BLOCK)
    for _ in range(_TURNS):
        reduction_db = -gain_db(audio, process(effect, audio), BLOCK)[on]
        over_db = float(np.percentile(reduction_db, 95.0)) - wanted_db
        if abs(over_db) < _TIGHT_DB:
            break
        lower = effect["threshold_db"] + over_db / steepness
        effect["threshold_db"] = round(float(np.clip(lower, -58.0, 0.0)), 1)
    return effect


def _applied(effect: Truth, audio: Audio) -> Audio:
    """Return the audio behind an effect; what a delay or a reverb makes is added to it."""
    if effect["type"] == "ride":
        return (audio * 10.0 ** (_ride_db(effect, audio.shape[-1], 1) / 20.0)).astype(np.float32)
    wet = process(effect, audio)
    if effect["type"] not in ("delay", "reverb") or "wet_db" not in effect:
        return wet
    own_db = relative_db(_energy(wet), _energy(audio))
    return audio + _louder(wet, effect["wet_db"] - own_db)


def _told(effect: Truth, before: Audio, after: Audio) -> Truth:
    """Return an effect with its gain over time and by how much it changes the sound."""
    kind = effect["type"]
    if kind in ("delay", "reverb"):
        return effect
    on = sounding(before, BLOCK)
    if kind == "saturation":
        scale = float(np.sum(before * after, dtype=np.float64) / _energy(before))
        bent = relative_db(_energy(after - scale * before), _energy(after))
        return effect | {"effect_db": round(20.0 * np.log10(1.0 + 10.0 ** (bent / 20.0)), 2)}
    if kind == "ride":
        moved_db = _ride_db(effect, before.shape[-1], BLOCK)[: len(on)]
    else:
        constant_db = effect.get("make_up_db", 0.0) + effect.get("gain_db", 0.0)
        entering_db = round(_level_db(before, on), 2)
        effect |= {"constant_db": constant_db, "entering_db": entering_db}
        moved_db = gain_db(before, after, BLOCK) - constant_db
    effect_db = round(spread_db(moved_db[on]), 2)
    return effect | {"effect_db": effect_db, "curve_db": _rounded(moved_db, 2)}


def _ride_db(effect: Truth, time: int, step: int) -> Float[np.ndarray, " point"]:
    moment_s = (np.arange(0, time, step) + 0.5 * (step - 1)) / RATE_HZ
    knots = np.array(effect["knots"])
    return np.interp(moment_s, knots[:, 0], knots[:, 1])


def _send_db(source: Strip, target: Strip, end: Audio, truths: list[Truth]) -> float:
    """Return the level of a send that brings the return to the wanted level; it is told."""
    wanted_db = source.sends[target.name]
    own_db = relative_db(_energy(process(target.processors[0], end)), _energy(end))
    truth = next(t for t in truths if t["name"] == source.name)
    truth["sends"][target.name] = {"wet_db": wanted_db}
    return round(wanted_db - own_db, 2)


def _louder(audio: Audio, level_db: float) -> Audio:
    return (10.0 ** (level_db / 20.0) * audio).astype(np.float32)


def _energy(audio: Audio) -> float:
    return float(np.square(audio, dtype=np.float64).sum())


def _level_db(audio: Audio, on: Bool[np.ndarray, " block"]) -> float:
    """Return the RMS level over the blocks that sound."""
    sounds = audio[:, np.repeat(on, BLOCK)[: audio.shape[-1]]].astype(np.float64)
    return relative_db(np.square(sounds).mean())


def _blocks_db(audio: Audio) -> Float[np.ndarray, " block"]:
    squares = np.square(audio, dtype=np.float64).mean(0)
    starts = np.arange(0, len(squares), BLOCK)
    means = np.add.reduceat(squares, starts) / np.diff(np.append(starts, len(squares)))
    return ratio_db(means, np.ones(len(means)))


def _peaks_db(audio: Audio) -> Float[np.ndarray, " block"]:
    peaks = np.maximum.reduceat(np.abs(audio).max(0), np.arange(0, audio.shape[-1], BLOCK))
    return 20.0 * np.log10(peaks + 1e-9)


def _rounded(values: Float[np.ndarray, " value"], digits: int) -> list[float]:
    return (np.round(values, digits) + 0.0).tolist()
