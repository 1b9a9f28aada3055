"""Faders alone: every track as loud as every other, and their sum as loud as the mix."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from mixtrace.baselines.concluding import concluded
from mixtrace.descent import SongWindows
from mixtrace.errors import AudioError
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.methods import Inversion, Work
from mixtrace.metrics import integrated_loudness_lufs
from mixtrace.session import Session
from mixtrace.units import ratio_from_db
from mixtrace.unseen import Range, ranges_between

__all__ = ["EqualLoudness"]

_TRACK_LUFS = -30.0
"""What tracks are brought to before their sum is brought to the mix's loudness; it cancels."""


@dataclass(frozen=True)
class EqualLoudness:
    """Brings all tracks to one loudness, then their sum to that of the mix: a `Method`.

    Loudness is that of ITU-R BS.1770. It is the start from which many engineers and automatic
    mixers go on; no track is panned or treated otherwise.
    """

    def choices(self) -> Mapping[str, Any]:
        """Return the method's name: there is nothing to choose."""
        return {"recipe": "equal-loudness"}

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Return a graph with a fader on each track that is heard at all.

        Args:
            session: tracks and mix, at the rate of L_a, 30 kHz.
            held_out: what of the mix nothing in the result may depend on: the loudness of mix and
                sum is measured on the rest, that of the tracks on the whole song.
            work: how to carry it out.

        Raises:
            AudioError: the mix, or every track, has no loudness that could be measured.
        """
        began, work = time.monotonic(), work or Work()
        seen = ranges_between(session.mix.shape[-1], held_out)
        levels_db = _levels_db(session, seen)
        strips = [
            TrackStrip(
                track.name,
                track.group,
                [] if level_db is None else [node_of("fader", level_db=level_db)],
            )
            for track, level_db in zip(session.tracks, levels_db, strict=True)
        ]
        windows = SongWindows(session, work.device, held_out, work.memory_bytes)
        why = "All tracks were brought to one loudness, and their sum to that of the mix."
        found = Desk(strips).built()
        return concluded(found, session, windows, recipe={}, why=why, began=began)


def _levels_db(session: Session, seen: Sequence[Range]) -> list[float | None]:
    """Return the gain of each track; None for one without a loudness."""
    rate = session.sample_rate_hz
    loudness = [integrated_loudness_lufs(audio, rate) for audio in session.audio]
    own_db = [None if lufs is None else _TRACK_LUFS - lufs for lufs in loudness]
    total = np.zeros_like(session.mix)
    for audio, gain_db in zip(session.audio, own_db, strict=True):
        if gain_db is not None:
            total += np.float32(ratio_from_db(gain_db)) * audio
    mix_lufs = integrated_loudness_lufs(_joined(session.mix, seen), rate)
    sum_lufs = integrated_loudness_lufs(_joined(total, seen), rate)
    if mix_lufs is None or sum_lufs is None:
        what = "mix" if mix_lufs is None else "sum of all tracks"
        raise AudioError(
            f"Expected a song loud enough to measure its loudness; the {what} of {session.name} "
            "nowhere exceeds -70 LUFS. Leave the method equal-loudness out."
        )
    return [None if gain_db is None else gain_db + mix_lufs - sum_lufs for gain_db in own_db]


def _joined(
    audio: Float[np.ndarray, "2 time"], ranges: Sequence[Range]
) -> Float[np.ndarray, "2 part"]:
    return np.concatenate([audio[:, start:stop] for start, stop in ranges], axis=-1)
