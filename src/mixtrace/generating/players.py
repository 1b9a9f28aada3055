"""What each track of a generated song plays: drums, bass, chords, melodies, voices.

A player takes a score and a source of draws and returns one take of the whole song.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from mixtrace.generating import timbres
from mixtrace.generating.grooves import DrumGroove, draw_rhythm
from mixtrace.generating.melodies import Range, draw_line, draw_long_line
from mixtrace.generating.score import Bar, Score
from mixtrace.instruments import Note, drums, humanise, overlay, percussion, synths, tonal, voice

__all__ = ["RATE_HZ", "Player", "Take", "players_of_drums", "players_of_others"]

RATE_HZ = 44_100
"""The rate at which songs are played, mixed and written."""

Take = Float[np.ndarray, "*channels time"]
Player = Callable[[Score, Generator], Take]

_BASS = (
    "9..7..8...6.7...",
    "9.6.7.6.8.6.7.7.",
    "9.......8.......",
    "9..8..7.9..8..7.",
    "..8...8...8...8.",
)
_CHORDS = (
    "7.....5...6.....",
    "8.......6.....5.",
    "6...............",
    "..7...7...7...7.",
    "8..7..8..7..6...",
)
_HELD = ("6...............", "7.......6.......")
_STRUMS = ("8...6.5...5.7.5.", "7.......5...6.5.", "8.5.7.5.8.5.7.5.", "..7...7...7...7.")
_ARPEGGIOS = ("7.5.6.5.7.5.6.5.", "7555655565556555", "7..5..6..5..6.5.")
_SHAKES = ("6454645464546454", "6.4.6.4.6.4.6.4.", "7..5..6.7..5..6.")
_CLAPS = ("....8.......8...", "....8......8.8..", "........8.......")
_FILL_STEPS = (8, 10, 11, 12, 13, 14, 15)


def players_of_drums(groove: DrumGroove, rng: Generator) -> dict[str, Player]:
    """Return who plays the drum kit: all share a beat and the cymbals."""
    cymbals = timbres.draw_cymbals(rng)
    return {
        "kick": partial(_kick, groove),
        "snare": partial(_snare, groove),
        "hihat": partial(_hihat, groove, cymbals),
        "toms": _toms,
        "crash": partial(_crash, cymbals),
        "percussion": _percussion,
    }


def players_of_others(high_voice: bool) -> dict[str, Player]:
    """Return who plays everything else.

    Args:
        high_voice: whether the singer's voice is a high one.
    """
    return {
        "bass": _bass,
        "epiano": _epiano,
        "organ": _organ,
        "pad": _pad,
        "arpeggio": _arpeggio,
        "guitar": _guitar,
        "guitar double": _guitar,
        "lead": _lead,
        "voice": partial(_voice, high_voice),
        "backing": partial(_backing, high_voice),
    }


def _play(
    score: Score, notes: Sequence[Note], rng: Generator, late_s: float, sound: Callable
) -> Take:
    """Return notes as a person plays them."""
    played = humanise(notes, rng, timing_s=late_s)
    return overlay(played, partial(sound, sample_rate_hz=RATE_HZ), score.seconds, RATE_HZ)


def _kick(groove: DrumGroove, score: Score, rng: Generator) -> Take:
    rhythms = dict(zip(("verse", "chorus"), groove.kick, strict=True)) | {"end": "9" + 15 * "."}
    notes = score.hits(lambda bar: rhythms.get(bar.section, ""))
    drum = timbres.draw_kick(rng)
    return _play(score, notes, rng, 0.003, partial(drums.kick, rng=rng, drum=drum))


def _snare(groove: DrumGroove, score: Score, rng: Generator) -> Take:
    verse, chorus = groove.snare

    def rhythm(bar: Bar) -> str:
        of_bar = {"verse": verse, "chorus": chorus, "end": "7" + 15 * "."}.get(bar.section, "")
        return of_bar[:12] + "5678" if bar.closes and of_bar else of_bar

    drum = timbres.draw_snare(rng)
    notes = score.hits(rhythm)
    return _play(score, notes, rng, 0.003, partial(drums.snare, rng=rng, drum=drum))


def _hihat(groove: DrumGroove, cymbals: drums.Cymbals, score: Score, rng: Generator) -> Take:
    verse, chorus = groove.hihat
    rhythms = {"intro": verse, "verse": verse, "chorus": chorus}
    notes = score.hits(lambda bar: rhythms.get(bar.section, ""))
    opened = score.hits(lambda bar: groove.opened if bar.section == "chorus" else "")
    long = [replace(note, duration_s=max(4.0 * score.step_s, 0.31)) for note in opened]
    sound = partial(drums.hihat, rng=rng, cymbals=cymbals)
    return _play(score, [*notes, *long], rng, 0.003, sound)


def _toms(score: Score, rng: Generator) -> Take:
    """Play fills at the end of sections, and a beat of the low tom where a song has few of them."""
    high = int(rng.integers(45, 52))
    steps = sorted(rng.choice(_FILL_STEPS, int(rng.integers(4, 7)), replace=False).tolist())
    pitches = {step: high - 5 * (i * 3 // len(steps)) for i, step in enumerate(steps)}
    fill = "".join("7" if step in steps else "." for step in range(16))

    def rhythm(bar: Bar) -> str:
        if bar.section in ("intro", "end"):
            return ""
        return fill if bar.closes or bar.number % 4 == 0 else "..........5....."

    notes = score.hits(rhythm, lambda bar, step: (pitches.get(step, high - 10),))
    drum = timbres.draw_tom(rng)
    return _play(score, notes, rng, 0.004, partial(drums.tom, rng=rng, drum=drum))


def _crash(cymbals: drums.Cymbals, score: Score, rng: Generator) -> Take:
    """Play a crash where a section begins; it is heard by the overheads alone."""
    begins = {bar.number + 1 for bar in score.bars if bar.closes} | {0}
    notes = score.hits(lambda bar: "8" + 15 * "." if bar.number in begins else "")
    return _play(score, notes, rng, 0.003, partial(drums.crash, rng=rng, cymbals=cymbals))


def _percussion(score: Score, rng: Generator) -> Take:
    """Play one of shaker, tambourine, claps and congas."""
    what = int(rng.integers(4))
    choices = (_SHAKES, _SHAKES, _CLAPS, _CHORDS)[what]
    rhythm = draw_rhythm(choices, rng)
    if what == 3:
        low = int(rng.integers(52, 60))
        notes = score.hits(rhythm, lambda bar, step: (low + (5 if step % 4 else 0),))
    else:
        notes = score.hits(rhythm)
    sound = (
        partial(percussion.shaker, low_hz=timbres.logarithmic(3000.0, 6000.0, rng)),
        partial(percussion.tambourine, ring_s=timbres.logarithmic(0.02, 0.05, rng)),
        partial(percussion.clap, ring_s=timbres.logarithmic(0.02, 0.07, rng)),
        partial(percussion.conga, ring_s=timbres.logarithmic(0.04, 0.1, rng)),
    )[what]
    return _play(score, notes, rng, 0.006, partial(sound, rng=rng))


def _bass(score: Score, rng: Generator) -> Take:
    """Play an electric bass or a synthesiser's: roots, and a fifth now and then."""
    fifths = set(rng.choice([6, 10, 12, 14], 2, replace=False).tolist())

    def pitch(bar: Bar, step: int) -> tuple[int]:
        return (bar.chord.bass_midi + (7 if step in fifths else 0),)

    rhythm = draw_rhythm(_BASS, rng, chance=0.03)
    notes = score.hits(rhythm, pitch, float(rng.uniform(1.6, 3.0)))
    if rng.random() < 0.55:
        sound = partial(tonal.fingered, rng=rng, strings=_bass_strings(rng))
    else:
        sound = partial(synths.pluck, patch=timbres.draw_synth_bass(rng))
    return _play(score, notes, rng, 0.005, sound)


def _bass_strings(rng: Generator) -> tonal.Strings:
    return tonal.Strings(timbres.logarithmic(0.5, 1.2, rng), rng.uniform(0.0, 0.35))


def _epiano(score: Score, rng: Generator) -> Take:
    centre, count = int(rng.integers(58, 65)), int(rng.integers(3, 5))
    rhythm = draw_rhythm(_CHORDS, rng, "intro", 0.02)
    notes = score.hits(rhythm, lambda bar, _: bar.chord.around(centre, count), 4.0)
    sound = partial(tonal.electric_piano, piano=timbres.draw_piano(rng))
    return _play(score, notes, rng, 0.006, sound)


def _organ(score: Score, rng: Generator) -> Take:
    centre = int(rng.integers(58, 66))
    long = float(rng.choice([3.0, 7.5, 15.0]))
    rhythm = draw_rhythm(_HELD if long > 4.0 else _CHORDS, rng, "verse", 0.0)
    notes = score.hits(rhythm, lambda bar, _: bar.chord.around(centre), long)
    sound = partial(synths.organ, rng=rng, patch=timbres.draw_organ(rng))
    return _play(score, notes, rng, 0.006, sound)


def _pad(score: Score, rng: Generator) -> Take:
    centre = int(rng.integers(55, 68))
    held = draw_rhythm(_HELD[:1], rng, str(rng.choice(["intro", "chorus"])), 0.0)
    notes = score.hits(held, lambda bar, _: bar.chord.around(centre), 15.5)
    sound = partial(synths.pad, rng=rng, patch=timbres.draw_pad(rng))
    return _play(score, notes, rng, 0.004, sound)


def _arpeggio(score: Score, rng: Generator) -> Take:
    centre, order = int(rng.integers(64, 74)), rng.permutation(6)

    def pitch(bar: Bar, step: int) -> tuple[int]:
        return (bar.chord.around(centre, 6)[order[step % 6]],)

    rhythm = draw_rhythm(_ARPEGGIOS, rng, str(rng.choice(["verse", "chorus"])))
    notes = score.hits(rhythm, pitch, 1.2)
    sound = partial(synths.pluck, patch=timbres.draw_arpeggio(rng))
    return _play(score, notes, rng, 0.002, sound)


def _guitar(score: Score, rng: Generator) -> Take:
    rhythm = draw_rhythm(_STRUMS, rng, str(rng.choice(["intro", "verse"])), 0.03)
    notes = score.hits(rhythm, lambda bar, _: bar.chord.guitar_midi, float(rng.uniform(2.0, 5.0)))
    sound = partial(tonal.strum, rng=rng, strings=timbres.draw_strings(rng))
    return _play(score, notes, rng, 0.006, sound)


def _lead(score: Score, rng: Generator) -> Take:
    """Play a melody in the introduction and in every other bar of what follows."""

    def plays(bar: Bar) -> bool:
        return bar.section in ("intro", "end") or bar.number % 2 == 1

    low = int(rng.integers(62, 70))
    notes = draw_line(score, Range(low, low + 16), rng, plays)
    sound = partial(synths.lead, patch=timbres.draw_lead(rng))
    return _play(score, notes, rng, 0.006, sound)


def _voice(high: bool, score: Score, rng: Generator) -> Take:
    """Sing in all bars but the introduction; in some songs every fourth bar is a rest."""
    rests = bool(rng.random() < 0.6)

    def sings(bar: Bar) -> bool:
        return bar.section != "intro" and not (
            rests and bar.number % 4 == 3 and bar.section != "end"
        )

    low = int(rng.integers(59, 64) if high else rng.integers(47, 53))
    notes = draw_line(score, Range(low, low + 15), rng, sings)
    return _sung(notes, score, rng, high)


def _backing(high: bool, score: Score, rng: Generator) -> Take:
    """Sing long notes in the chorus: one singer, or two on either side."""
    low = int(rng.integers(59, 65) if high else rng.integers(50, 57))

    def take() -> Take:
        line = draw_long_line(
            score, Range(low, low + 12), rng, lambda bar: bar.section in ("chorus", "end")
        )
        return _sung(line, score, rng, high)

    if rng.random() < 0.6:
        return take()
    one, two = take(), take()
    return np.stack([0.8 * one + 0.3 * two, 0.3 * one + 0.8 * two])


def _sung(notes: Sequence[Note], score: Score, rng: Generator, high: bool) -> Take:
    singer = timbres.draw_singer(rng, high)
    sung = sorted(humanise(notes, rng, timing_s=0.012), key=lambda note: note.start_s)
    return voice.sing(sung, score.seconds, RATE_HZ, rng, singer)
