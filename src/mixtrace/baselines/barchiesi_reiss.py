"""Reverse engineering of a mix by least squares, as Barchiesi and Reiss published it.

Theirs, as their abstract tells: two techniques of least squares between known tracks and a mix. For
what is linear and does not move, an impulse response a track, all found together, of which gains,
delays, pans and filters are read; for dynamics, a gain envelope a track, found frame by frame. What
they did of it was a prototype in MATLAB, of which we have seen nothing; so these are ours:

- both channels of the mix by themselves, a filter from each channel of a track to each of the mix;
- 512 taps at 30 kHz (17 ms), causal. Their paper was not to be had; a filter of that order leaves
  8 to 10 dB less than the mix on real songs, static gains 2 to 5 dB;
- a ridge, for music has no sound in parts of the spectrum, and conjugate gradients, so that memory
  does not grow with the song (`fir_filters`);
- frames under a Hann window of 0.1 s, every 0.05 s, gains not below zero, lines in dB between them;
- how the readings are defined (`filter_readings`), and the graph: filters in a `captured_reverb`
  each, envelopes in a `fader_automation` for each track and side.

The two are not joined: their abstract tells of one or the other.

L_a on 15 s at 30 kHz, against that of the plain sum, in half a second:

    song                        sum    128 taps    512    2048    gains
    MusicDelta_Reggae         13.92        1.41   1.17     .84     1.29
    MusicDelta_Beatles, known 54.43         .42    .39     .30      .48

Longer filters hold more of a reverb, and learn more of a song by heart: of eight tracks, 2048 taps
are a number for every 27 samples of each side.

Source: Barchiesi and Reiss, Reverse engineering of a mix, JAES 58(7/8), 563-576, 2010.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from typing import Any, Literal

import numpy as np
import torch

from mixtrace.baselines.filter_readings import filter_readings, power_spectra
from mixtrace.baselines.fir_filters import channels_of_tracks, heard_of, joint_filters
from mixtrace.baselines.frame_gains import frame_gains, frame_moments_s
from mixtrace.baselines.least_squares_graphs import envelopes_graph, filters_graph
from mixtrace.descent import SongWindows, song_loss
from mixtrace.errors import MixtraceError
from mixtrace.graph import ConsolePreset, Graph, build_console
from mixtrace.methods import Inversion, Work
from mixtrace.processors import Settings
from mixtrace.progress import steps_of
from mixtrace.session import Session
from mixtrace.stopping import check
from mixtrace.units import db_from_ratio
from mixtrace.unseen import Range

__all__ = ["BarchiesiReiss", "BarchiesiReissConfig"]

_MODELS = ("filters", "gains")
_ORDERS = (2, 65_536)  # two seconds: what is longer is no filter of a channel strip
_HOPS_S = (0.001, 10.0)


@dataclass(frozen=True)
class BarchiesiReissConfig:
    """What a user chooses.

    Attributes:
        model: `filters` for what does not move, `gains` for what moves but has no filter.
        order: taps of each filter, even.
        hop_s: seconds from frame to frame of the gains.
    """

    model: Literal["filters", "gains"] = "filters"
    order: int = 512
    hop_s: float = 0.05

    def check(self) -> None:
        """Refuse what cannot be computed.

        Raises:
            MixtraceError: a model that there is not, or a number out of range.
        """
        if self.model not in _MODELS:
            raise MixtraceError(
                f"Expected a model among {', '.join(_MODELS)}; got '{self.model}'. Choose one."
            )
        low, high = _ORDERS
        if not low <= self.order <= high or self.order % 2:
            raise MixtraceError(
                f"Expected an even order from {low} to {high}; got {self.order}. Try 512."
            )
        shortest_s, longest_s = _HOPS_S
        if not shortest_s <= self.hop_s <= longest_s:
            raise MixtraceError(
                f"Expected a hop from {shortest_s:g} to {longest_s:g} s; got {self.hop_s:g}. "
                "Try 0.05."
            )


@dataclass(frozen=True)
class BarchiesiReiss:
    """Finds filters or gain envelopes of all tracks by joint least squares: a `Method`.

    Nothing in it is random.

    Attributes:
        config: what the user chose.
    """

    config: BarchiesiReissConfig = field(default_factory=BarchiesiReissConfig)

    def choices(self) -> Mapping[str, Any]:
        """Return the configuration.

        Raises:
            MixtraceError: it is not valid.
        """
        self.config.check()
        return {"recipe": "barchiesi-reiss", **asdict(self.config)}

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Find the graph of a mix.

        Args:
            session: tracks and mix, at any rate.
            held_out: what of the mix nothing in the result may depend on.
            work: how to carry it out; it takes seconds, so nothing of it is stored.

        Returns:
            The graph with its losses: of the plain `sum` of the tracks and of the `final` graph.
            The evidence is the `history` of a descent that there was not, and the `readings` of
            each track by its name: of filters those of `filter_readings`, of gains their median
            in dB and the share of frames that told them, left and right.

        Raises:
            MixtraceError: the configuration is not valid, or the song has no track.
            KeyboardInterrupt: the user stopped it; there is no part of a result.
        """
        began, work = time.monotonic(), work or Work()
        self.config.check()
        if not session.tracks:
            raise MixtraceError("Expected at least one track; got none. Add a dry track.")
        windows = SongWindows(session, work.device, held_out, work.memory_bytes)
        names = [(track.name, track.group) for track in session.tracks]
        bare = build_console(names, ConsolePreset((), ()))
        with _told(work):
            found = _filters if self.config.model == "filters" else _gains
            graph, settings, readings = found(session, held_out, self.config)
        on_device = settings.map(lambda value: value.to(windows.device))
        return Inversion(
            graph,
            settings,
            graph,
            {
                "sum": song_loss(bare, Settings(), windows),
                "final": song_loss(graph, on_device, windows),
            },
            {"history": {"loss": [], "seconds": []}, "readings": readings},
            asdict(self.config),
            why="The equations are solved.",
            seconds=time.monotonic() - began,
        )


@contextmanager
def _told(work: Work) -> Iterator[None]:
    """Tell that equations are being solved, and stop before and behind it where the user asks."""
    report = steps_of(work.on_progress)
    check()
    report("least squares", 0, 1)
    yield
    report("least squares", 1, 1)
    check()


Result = tuple[Graph, Settings, dict[str, Any]]
"""A graph, its settings, and the readings of each track."""


def _filters(session: Session, held_out: Sequence[Range], config: BarchiesiReissConfig) -> Result:
    rate, time_samples = session.sample_rate_hz, session.mix.shape[-1]
    mix = torch.from_numpy(session.mix)
    dry = channels_of_tracks(session.tracks)
    filters = joint_filters(dry, mix, config.order, heard_of(held_out, time_samples))
    counts = [len(audio) for audio in session.audio]
    own = torch.split(filters, counts, dim=1)
    spectra = torch.split(power_spectra(dry, config.order), counts)
    names = [(track.name, track.group) for track in session.tracks]
    graph, settings = filters_graph(names, own, rate)
    readings = {
        name: filter_readings(each, heard, rate)
        for (name, _), each, heard in zip(names, own, spectra, strict=True)
    }
    return graph, settings, readings


def _gains(session: Session, held_out: Sequence[Range], config: BarchiesiReissConfig) -> Result:
    rate, time_samples = session.sample_rate_hz, session.mix.shape[-1]
    heard, hop = heard_of(held_out, time_samples), max(1, round(config.hop_s * rate))
    dry = channels_of_tracks(session.tracks)
    counts = [len(audio) for audio in session.audio]
    first = [0, *accumulate(counts[:-1])]
    last = [row + count - 1 for row, count in zip(first, counts, strict=True)]
    sides = [
        frame_gains(dry, rows, torch.from_numpy(wet), hop, heard)
        for rows, wet in zip((first, last), session.mix, strict=True)
    ]
    gains, read = (np.stack(both) for both in zip(*sides, strict=True))
    names = [(track.name, track.group) for track in session.tracks]
    graph, settings = envelopes_graph(names, gains, frame_moments_s(time_samples, hop, rate))
    readings = {
        name: {
            "gain_db": [db_from_ratio(float(np.median(own))) for own in gains[:, k]],
            "read": [float(share) for share in read[:, k].mean(1)],
        }
        for k, (name, _) in enumerate(names)
    }
    return graph, settings, readings
