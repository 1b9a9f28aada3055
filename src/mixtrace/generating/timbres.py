"""How instruments are tuned and set in one song: drawn, so that no two songs sound alike."""

import numpy as np
from numpy.random import Generator

from mixtrace.instruments.drums import Cymbals, Kick, Snare, Tom
from mixtrace.instruments.synths import Lead, Organ, Pad, Pluck
from mixtrace.instruments.tonal import Piano, Strings
from mixtrace.instruments.voice import Singer

__all__ = [
    "draw_arpeggio",
    "draw_cymbals",
    "draw_kick",
    "draw_lead",
    "draw_organ",
    "draw_pad",
    "draw_piano",
    "draw_singer",
    "draw_snare",
    "draw_strings",
    "draw_synth_bass",
    "draw_tom",
    "logarithmic",
]

_FORMANTS_EVERY = 64  # samples, 1.5 ms: vowels glide within 70 ms


def logarithmic(low: float, high: float, rng: Generator) -> float:
    """Return a number between two, every octave as likely as another, with three digits."""
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.3g}")


def draw_kick(rng: Generator) -> Kick:
    """Return a bass drum."""
    return Kick(
        pitch_hz=logarithmic(40.0, 62.0, rng),
        drop_hz=logarithmic(60.0, 200.0, rng),
        ring_s=logarithmic(0.045, 0.12, rng),
        click=logarithmic(0.06, 0.3, rng),
    )


def draw_snare(rng: Generator) -> Snare:
    """Return a snare drum; its upper mode lies 1.6 to 1.85 times as high as the lower one."""
    low_hz = logarithmic(155.0, 240.0, rng)
    return Snare(
        head_hz=(low_hz, low_hz * rng.uniform(1.6, 1.85)),
        ring_s=logarithmic(0.02, 0.055, rng),
        wires_hz=(logarithmic(900.0, 1800.0, rng), logarithmic(7000.0, 12000.0, rng)),
        wires=rng.uniform(0.2, 0.5),
    )


def draw_cymbals(rng: Generator) -> Cymbals:
    """Return cymbals: five partials, no two of them alike."""
    partials_hz = np.sort([logarithmic(3500.0, 10000.0, rng) for _ in range(5)])
    return Cymbals(
        partials_hz=tuple(partials_hz.tolist()),
        closed_s=logarithmic(0.012, 0.03, rng),
        open_s=logarithmic(0.1, 0.22, rng),
        metal=rng.uniform(0.06, 0.2),
    )


def draw_tom(rng: Generator) -> Tom:
    """Return toms."""
    return Tom(ring_s=logarithmic(0.07, 0.17, rng), skin=rng.uniform(0.05, 0.2))


def draw_synth_bass(rng: Generator) -> Pluck:
    """Return a bass of a synthesiser."""
    return Pluck(
        square=rng.uniform(0.0, 1.0),
        cutoff_hz=logarithmic(600.0, 2500.0, rng),
        closed_hz=logarithmic(150.0, 400.0, rng),
        closing_s=logarithmic(0.05, 0.2, rng),
        ring_s=logarithmic(0.3, 1.5, rng),
    )


def draw_arpeggio(rng: Generator) -> Pluck:
    """Return a plucked synthesiser."""
    return Pluck(
        square=rng.uniform(0.0, 1.0),
        cutoff_hz=logarithmic(2500.0, 9000.0, rng),
        closed_hz=logarithmic(400.0, 1500.0, rng),
        closing_s=logarithmic(0.04, 0.15, rng),
        ring_s=logarithmic(0.08, 0.3, rng),
    )


def draw_pad(rng: Generator) -> Pad:
    """Return a pad."""
    return Pad(
        detune_cents=rng.uniform(4.0, 15.0),
        cutoff_hz=logarithmic(700.0, 4000.0, rng),
        attack_s=logarithmic(0.1, 0.5, rng),
        release_s=logarithmic(0.2, 0.7, rng),
    )


def draw_organ(rng: Generator) -> Organ:
    """Return an organ: low drawbars out, high ones as it comes, its loudspeaker slow or fast."""
    low = rng.integers(5, 9, 3)
    high = rng.integers(0, 7, 6)
    turns_hz = rng.uniform(0.7, 1.1) if rng.random() < 0.5 else rng.uniform(5.5, 7.0)
    return Organ(
        drawbars=tuple(int(out) for out in (*low, *high)),
        turns_hz=turns_hz,
        depth=rng.uniform(0.2, 0.8),
        click=rng.uniform(0.02, 0.15),
    )


def draw_lead(rng: Generator) -> Lead:
    """Return a lead synthesiser."""
    return Lead(
        square=rng.uniform(0.0, 1.0),
        cutoff_hz=logarithmic(1500.0, 6000.0, rng),
        vibrato_hz=rng.uniform(4.5, 6.2),
        vibrato_semitones=rng.uniform(0.1, 0.4),
        attack_s=logarithmic(0.008, 0.05, rng),
    )


def draw_piano(rng: Generator) -> Piano:
    """Return an electric piano."""
    return Piano(
        bark=rng.uniform(1.2, 3.2),
        tine=rng.uniform(0.05, 0.3),
        ring_s=logarithmic(0.6, 1.5, rng),
        tremolo_hz=rng.uniform(3.5, 6.0),
        tremolo=rng.uniform(0.05, 0.35),
    )


def draw_strings(rng: Generator) -> Strings:
    """Return strings of a guitar or bass."""
    return Strings(ring_s=logarithmic(0.35, 1.1, rng), brightness=rng.uniform(0.4, 1.3))


def draw_singer(rng: Generator, high: bool) -> Singer:
    """Return a singer of a high or a low voice."""
    return Singer(
        tract=rng.uniform(0.94, 1.06) if high else rng.uniform(0.8, 0.9),
        vibrato_hz=rng.uniform(4.8, 6.2),
        vibrato_semitones=rng.uniform(0.1, 0.45),
        breath=rng.uniform(0.01, 0.04),
        shaped_every=_FORMANTS_EVERY,
    )
