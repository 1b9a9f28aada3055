"""What is heard in a listening test: excerpts, equally loud, a hidden reference and anchors.

Source: Recommendation ITU-R BS.1534-3 (10/2015), MUSHRA.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.signal import firwin, kaiser_beta, oaconvolve

from mixtrace.errors import AudioError
from mixtrace.metrics import integrated_loudness_lufs
from mixtrace.units import ratio_from_db

__all__ = ["LONGEST_S", "MOST_SYSTEMS", "Item", "Role", "Stimulus", "anchor", "make_item"]

LONGEST_S, SHORTEST_S = 12.0, 2.0
MOST_SYSTEMS = 9
"""With the hidden reference and two anchors there are 12 stimuli, as many as are recommended."""

Role = Literal["reference", "low anchor", "mid anchor", "system"]
ANCHORS_HZ: dict[Role, float] = {"low anchor": 3_500.0, "mid anchor": 7_000.0}

_TRANSITION = 1.0 / 7.0  # of the cut-off: 3.5 kHz passes, 4 kHz does not
_STOPPED_DB = 60.0
_FADE_S = 0.005
_LARGEST_PEAK = 0.99
_STEP_S = 0.1

Stereo = Float[ndarray, "2 _time"]


@dataclass(frozen=True, eq=False)
class Stimulus:
    """One version of an excerpt.

    Attributes:
        role: What it is in the test.
        system: Its name in the results: that of a system under test, or of its role.
        audio: What is played, [2, time].
        gain_db: What it was amplified by, so that all are equally loud.
    """

    role: Role
    system: str
    audio: Stereo
    gain_db: float


@dataclass(frozen=True, eq=False)
class Item:
    """An excerpt of a song in all its versions.

    Attributes:
        song: Its name.
        sample_rate_hz: The rate of all.
        start_s: Where the excerpt begins in the song.
        stimuli: The hidden reference first, then the anchors, then the systems.
    """

    song: str
    sample_rate_hz: int
    start_s: float
    stimuli: tuple[Stimulus, ...]


def make_item(
    song: str,
    reference: Stereo,
    systems: Mapping[str, Stereo],
    sample_rate_hz: int,
    *,
    start_s: float | None,
    length_s: float,
) -> Item:
    """Return an excerpt in all its versions, equally loud, none above full scale.

    The versions are brought to the loudness of the reference's excerpt, then all are lowered
    together where one would exceed full scale. They begin and end with 5 ms of a cosine.

    Args:
        song: The song's name.
        reference: The mix, [2, time].
        systems: What is to be rated, by name; from the same first sample on, padded where shorter.
        sample_rate_hz: The rate of all.
        start_s: Where the excerpt begins; None for the loudest stretch.
        length_s: How long it is, 2 to 12 s.

    Raises:
        AudioError: An excerpt that is too short, too long, beyond the song or silent.
    """
    length = _length(song, reference, sample_rate_hz, start_s, length_s)
    if start_s is None:
        first = _loudest(reference, length, sample_rate_hz)
    else:
        first = round(start_s * sample_rate_hz)
    versions: list[tuple[Role, str, Stereo]] = [("reference", "reference", reference)]
    for role, cutoff_hz in ANCHORS_HZ.items():
        versions.append((role, role, anchor(reference, cutoff_hz, sample_rate_hz)))
    for name, audio in systems.items():
        versions.append(("system", name, audio))
    cut = [_excerpt(audio, first, length) for _, _, audio in versions]
    gains_db = _gains_db(song, [name for _, name, _ in versions], cut, sample_rate_hz)
    fade = _fade(length, sample_rate_hz)
    stimuli = tuple(
        Stimulus(role, name, ratio_from_db(gain_db) * audio * fade, gain_db)
        for (role, name, _), audio, gain_db in zip(versions, cut, gains_db, strict=True)
    )
    return Item(song, sample_rate_hz, first / sample_rate_hz, stimuli)


def anchor(audio: Stereo, cutoff_hz: float, sample_rate_hz: int) -> Stereo:
    """Return audio without what lies above a frequency; nothing is delayed.

    Source: BS.1534-3, section 5.1: a ripple of 0.1 dB at most up to 3.5 kHz, 25 dB less at 4 kHz
    and 50 dB at 4.5 kHz; ours has 60 dB from 4 kHz on. For 7 kHz all frequencies are twice as high.

    Args:
        audio: The reference, [2, time].
        cutoff_hz: Up to where it passes.
        sample_rate_hz: Its rate.

    Raises:
        AudioError: The rate is too low for the anchor to differ.
    """
    stopped_hz = (1.0 + _TRANSITION) * cutoff_hz
    if stopped_hz >= sample_rate_hz / 2.0:
        raise AudioError(
            f"Expected audio of {2.0 * stopped_hz / 1000.0:.0f} kHz at least, so that an anchor of "
            f"{cutoff_hz / 1000.0:g} kHz differs from it; it has {sample_rate_hz} Hz. Give the "
            "original recording."
        )
    taps = _anchor_taps(cutoff_hz, sample_rate_hz)
    return oaconvolve(audio, taps[None], mode="same", axes=-1)


def _anchor_taps(cutoff_hz: float, sample_rate_hz: int) -> Float[ndarray, " tap"]:
    width_hz = _TRANSITION * cutoff_hz
    half = int(
        np.ceil((_STOPPED_DB - 7.95) / (2.285 * 2.0 * np.pi * width_hz / sample_rate_hz) / 2)
    )
    window: Any = ("kaiser", kaiser_beta(_STOPPED_DB))
    cut_hz = cutoff_hz + width_hz / 2.0
    return np.asarray(firwin(2 * half + 1, cut_hz, window=window, fs=sample_rate_hz))


def _length(song: str, reference: Stereo, rate: int, start_s: float | None, length_s: float) -> int:
    """Return how many samples an excerpt has, or refuse it."""
    if not SHORTEST_S <= length_s <= LONGEST_S:
        raise AudioError(
            f"Expected excerpts of {SHORTEST_S:g} to {LONGEST_S:g} s, longer ones tire listeners; "
            f"got {length_s:g}. Choose another --length."
        )
    duration_s = reference.shape[-1] / rate
    begins_s = 0.0 if start_s is None else start_s
    if begins_s < 0.0 or begins_s + length_s > duration_s:
        raise AudioError(
            f"Expected an excerpt within {song}, which lasts {duration_s:.1f} s; {length_s:g} s "
            f"from {begins_s:g} s on are not. Choose another --start or --length."
        )
    return round(length_s * rate)


def _loudest(reference: Stereo, length: int, rate: int) -> int:
    """Return the first sample of the stretch with the most energy, in steps of 0.1 s."""
    step = round(_STEP_S * rate)
    energy = np.concatenate([[0.0], np.cumsum(np.square(reference, dtype=np.float64).sum(0))])
    starts = np.arange(0, reference.shape[-1] - length + 1, step)
    return int(starts[np.argmax(energy[starts + length] - energy[starts])])


def _excerpt(audio: Stereo, first: int, length: int) -> Stereo:
    cut = audio[:, first : first + length].astype(np.float64)
    return np.pad(cut, ((0, 0), (0, length - cut.shape[-1])))


def _gains_db(song: str, names: list[str], cut: list[Stereo], rate: int) -> list[float]:
    """Return what makes all as loud as the first, lowered together to stay below full scale."""
    loudness_lufs = [integrated_loudness_lufs(audio, rate) for audio in cut]
    matched_db = []
    for name, level_lufs in zip(names, loudness_lufs, strict=True):
        if level_lufs is None or loudness_lufs[0] is None:
            raise AudioError(
                f"Expected sound in the excerpt of {song}; of {name} it is silent. "
                "Choose another --start, or leave that one out."
            )
        matched_db.append(loudness_lufs[0] - level_lufs)
    peaks = [
        ratio_from_db(gain_db) * float(np.abs(audio).max())
        for gain_db, audio in zip(matched_db, cut, strict=True)
    ]
    lower_db = min(0.0, 20.0 * float(np.log10(_LARGEST_PEAK / max(peaks))))
    return [gain_db + lower_db for gain_db in matched_db]


def _fade(length: int, rate: int) -> Float[ndarray, " time"]:
    """Return ones, with 5 ms of a raised cosine at both ends."""
    rising = 0.5 - 0.5 * np.cos(np.pi * np.arange(round(_FADE_S * rate)) / round(_FADE_S * rate))
    fade = np.ones(length)
    fade[: len(rising)], fade[length - len(rising) :] = rising, rising[::-1]
    return fade
