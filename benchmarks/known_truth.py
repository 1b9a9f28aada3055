"""The true parts of a mix that pedalboard made from the settings in a song's truth.json.

How such a mix was made was found out by rebuilding it: every track, its channels averaged, is
panned by the constant-power law (cos and sin of (pan + 1) pi / 4), goes through its chain in stereo
(so that a compressor hears the panned channels, each on its own), is summed into its bus, and the
buses, after their chains, times the mix gain are the mix.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pedalboard
from jaxtyping import Float
from known_measures import BLOCK_S, block_gain, gain_db, movement_db, null_db, under_gain

from mixtrace.session import Session, Track

__all__ = ["TRUTH", "Part", "Parts", "true_parts"]

Audio = Float[np.ndarray, "2 time"]
Settings = Mapping[str, Any]

TRUTH = "truth.json"

COMPRESSOR = "Compressor"
_IN_TIME = (COMPRESSOR, "NoiseGate")
_STATIC = (
    "PeakFilter",
    "LowShelfFilter",
    "HighShelfFilter",
    "HighpassFilter",
    "LowpassFilter",
    "Gain",
    "Delay",
    "Reverb",
)


@dataclass(frozen=True, eq=False)
class Part:
    """What one track contributes to a mix.

    Attributes:
        audio: its share, [2, time].
        movement_db: by how much the compressors that it alone passes move its gain.
        compressors: how many those are.
        gain_db: gain of all compressors and gates that it passes, its bus's included, in blocks
            of 5 ms.
    """

    audio: Float[np.ndarray, "2 time"]
    movement_db: float
    compressors: int
    gain_db: Float[np.ndarray, " block"]


@dataclass(frozen=True, eq=False)
class Parts:
    """A mix in parts.

    Attributes:
        of: the part of each track, by name.
        mix: what was rendered as a whole, [2, time].
    """

    of: dict[str, Part]
    mix: Float[np.ndarray, "2 time"]

    @property
    def sum_null_db(self) -> float:
        """The energy of the sum of the parts minus the mix, over that of the mix."""
        return null_db(np.sum([part.audio for part in self.of.values()], 0), self.mix)


def true_parts(song: Path, session: Session) -> Parts:
    """Rebuild a mix, and tell what each track contributes to it.

    Args:
        song: the folder with the truth.json.
        session: its tracks, where their files start, at the mix's own rate.
    """
    truth = json.loads((song / TRUTH).read_text("utf-8"))
    rate = session.sample_rate_hz
    buses: dict[str, dict[str, Part]] = {}
    for track in session.tracks:
        settings = truth[track.name]
        buses.setdefault(settings["bus"], {})[track.name] = _own_part(track, settings, rate)
    parts: dict[str, Part] = {}
    mix = np.zeros_like(session.mix)
    for bus, members in buses.items():
        shares, total = _through_bus(members, truth[f"bus {bus}"]["chain"], rate)
        parts |= shares
        mix += total
    gain = np.float32(truth["mix gain"])
    loud = {
        t.name: replace(parts[t.name], audio=gain * parts[t.name].audio) for t in session.tracks
    }
    return Parts(loud, gain * mix)


def _own_part(track: Track, settings: Settings, rate: int) -> Part:
    """Return what a track sends to its bus."""
    angle = 0.25 * np.pi * (settings["pan_constant_power"] + 1.0)
    pan = np.array([[np.cos(angle)], [np.sin(angle)]], np.float32)
    stages = _stages(pan * track.audio.mean(0), settings["chain"], rate)
    steps = zip(settings["chain"], pairwise(stages), strict=True)
    moving = [(effect, step) for effect, step in steps if effect["type"] in _IN_TIME]
    around = [step for effect, step in moving if effect["type"] == COMPRESSOR]
    block = round(BLOCK_S * rate)
    gains = sum(
        (gain_db(*step, block) for _, step in moving), np.zeros(-(-track.audio.shape[-1] // block))
    )
    return Part(stages[-1], movement_db(track.audio, around, block), len(around), gains)


def _through_bus(
    members: Mapping[str, Part], chain: Sequence[Settings], rate: int
) -> tuple[dict[str, Part], Audio]:
    """Return what a bus makes of each of its tracks, and of their sum."""
    block = round(BLOCK_S * rate)
    audio = {name: part.audio for name, part in members.items()}
    gains = {name: part.gain_db for name, part in members.items()}
    stages = _stages(np.sum(list(audio.values()), 0), chain, rate)
    for settings, (before, after) in zip(chain, pairwise(stages), strict=True):
        if settings["type"] in _IN_TIME:
            gain = block_gain(before, after, block)
            under = {name: under_gain(one, gain, block) for name, one in audio.items()}
            gains = {n: gains[n] + gain_db(audio[n], under[n], block) for n in audio}
            audio = under
        else:
            effect = _effect(settings)
            audio = {name: effect(one, rate) for name, one in audio.items()}
    shares = {
        name: replace(part, audio=audio[name], gain_db=gains[name])
        for name, part in members.items()
    }
    return shares, stages[-1]


def _stages(audio: Audio, chain: Sequence[Settings], rate: int) -> list[Audio]:
    """Return the audio before the first effect and after each."""
    stages = [audio]
    for settings in chain:
        stages.append(_effect(settings)(stages[-1], rate))
    return stages


def _effect(settings: Settings) -> pedalboard.Plugin:
    kind = settings["type"]
    if kind not in (*_IN_TIME, *_STATIC):
        raise SystemExit(
            f"Expected effects among {', '.join((*_IN_TIME, *_STATIC))}; got {kind!r}."
        )
    return getattr(pedalboard, kind)(**{k: v for k, v in settings.items() if k != "type"})
