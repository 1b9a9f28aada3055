"""A song as the sum of its tracks' parts, each under gains that move: its own, its bus's, all's.

y = sum over k of h_k * (x_k prod_s g_s) + rest, with h_k the responses of track k and s the sets of
tracks that have a gain and k. Only the rest is kept; parts are made when they are asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured import Capture, Whitening, apply_responses, whitening_of
from mixtrace.interpret.framewise import FRAME_S, Framewise
from mixtrace.session import Session, Track
from mixtrace.unseen import Range

__all__ = ["Gain", "Members", "Mixed"]

Members = tuple[str, ...]
Gain = Float[np.ndarray, " frame"]
"""An amplitude every 5 ms."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What a gain of some tracks is asked to do.

    Attributes:
        frames: of what they give without it, and of what the mix has of them.
        target: the latter, whitened.
    """

    frames: Framewise
    target: Float[Tensor, "2 time"]


class Mixed:
    """The parts of a mix; gains may be taken up and changed."""

    def __init__(
        self,
        session: Session,
        capture: Capture,
        held_out: Sequence[Range],
        known: Mapping[Members, Gain] | None = None,
    ) -> None:
        """Begin with the gains that were captured.

        Args:
            session: the song.
            capture: of it, or of its tracks under the gains that are known.
            held_out: what may not count.
            known: gains that the captured ones come on top of.
        """
        self.rate = capture.sample_rate_hz
        self._lead = capture.lead
        self._dry = {track.name: track.audio for track in session.tracks}
        self._responses = {track.name: track.responses for track in capture.tracks}
        self._taps = max((track.responses.shape[-1] for track in capture.tracks), default=0)
        self.tracks = len(capture.tracks)
        self._time = session.mix.shape[-1]
        mix = torch.from_numpy(session.mix)
        self.heard: Bool[Tensor, " time"] = torch.ones(self._time, dtype=torch.bool)
        for start, stop in held_out:
            self.heard[start:stop] = False
        self.whitening: Whitening = whitening_of(mix[:, self.heard], self.rate)
        self.gains: dict[Members, Gain] = {}
        for every, gain in (*(known or {}).items(), *self._captured(capture).items()):
            members = tuple(name for name in every if name in self._responses)
            if members:  # a track that was captured before need not be captured again
                self.gains[members] = gain * self.gains.get(members, 1.0)
        self.rest = torch.where(self.heard, mix - capture.estimate, 0.0)
        """What no part explains; not whitened."""

    def part(self, members: Members, without: Sequence[Members] = ()) -> Float[Tensor, "2 time"]:
        """Return what some tracks give to the mix, under all gains but those of some sets."""
        total = torch.zeros(2, self._time)
        for name in members:
            total += self.through(name, self.gain(name, without))
        return total

    def gain(self, name: str, without: Sequence[Members] = ()) -> Gain:
        """Return the gain of a track, but for that of some sets."""
        gain = np.ones(self.frames)
        for members, value in self.gains.items():
            if name in members and members not in without:
                gain = gain * value
        return gain

    def moved(self, track: Track) -> Track:
        """Return a track under its gain."""
        audio = track.audio * self.over_time(self.gain(track.name))
        return replace(track, kept=audio.astype(np.float32))

    def through(self, name: str, gain: Gain) -> Float[Tensor, "2 time"]:
        """Return what a track gives to the mix under a gain."""
        dry = torch.from_numpy(self._dry[name] * self.over_time(gain))
        return apply_responses(self._responses[name], dry, self._lead)

    def taps_from(self, arrival: int) -> int:
        """Return how many taps of responses lie behind a direct sound that is so late."""
        return self._taps - self._lead - arrival

    def asked(self, members: Members) -> Asked:
        """Return what the gain of some tracks is asked to do."""
        target = self.whitening.apply(self.rest + self.part(members))
        still = self.whitening.apply(self.part(members, (members,)))
        return Asked(Framewise(still * self.heard, target * self.heard, self.rate), target)

    def take(self, members: Members, gain: Gain) -> None:
        """Give some tracks a gain, in the place of the one they have."""
        before = self.part(members)
        self.gains[members] = gain
        self.rest = torch.where(self.heard, self.rest + before - self.part(members), 0.0)

    def error(self) -> float:
        """Return the energy of what no part explains, whitened."""
        return float((self.whitening.apply(self.rest) * self.heard).square().sum())

    def dry(self, name: str) -> Float[Tensor, "channel time"]:
        """Return a track."""
        return torch.from_numpy(self._dry[name])

    @property
    def frames(self) -> int:
        """How many frames of 5 ms the song has."""
        return self._time // round(FRAME_S * self.rate)

    def over_time(self, gain: Gain) -> Float[np.ndarray, " time"]:
        """Return a gain over the samples of the song."""
        middles = (np.arange(len(gain)) + 0.5) * round(FRAME_S * self.rate)
        return np.interp(np.arange(self._time), middles, gain).astype(np.float32)

    def _captured(self, capture: Capture) -> dict[Members, Gain]:
        """Return the gains of sets that move: shared ones, and what is left of each track's."""
        moments_s = (np.arange(self.frames) + 0.5) * FRAME_S
        places_s = (np.arange(len(capture.tracks[0].gain_db)) + 0.5) * capture.frame_s

        def gain(db: Float[Tensor, " frame"]) -> Gain:
            return 10.0 ** (np.interp(moments_s, places_s, db.double().numpy()) / 20.0)

        found = {shared.tracks: gain(shared.gain_db) for shared in capture.shared}
        for track in capture.tracks:
            own = gain(track.gain_db)
            for members, value in found.items():
                if len(members) > 1 and track.name in members:
                    own = own / value
            if np.ptp(own) > 1e-6:
                found[track.name,] = own
        return found
