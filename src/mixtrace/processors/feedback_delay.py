"""Feedback delay: echoes of equal distance that grow softer and darker, or go from side to side."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import delay_taps
from mixtrace.params import Between, Logistic, ParamSpec
from mixtrace.processors.base import FilterProcessor, ImpulseResponse, Lengths, Values
from mixtrace.processors.kept_length import kept_length, kept_reach, kept_responses
from mixtrace.processors.picture import Glyph, Panel, Picture, Scale, Style, Trace
from mixtrace.processors.tails import tail_words
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import db_from_ratio
from mixtrace.wording import hertz, percent, signed_db

__all__ = ["FeedbackDelay"]

_SHORTEST_MS, _LONGEST_MS = 20.0, 2000.0
_LOWEST_HZ, _HIGHEST_HZ = 500.0, 20_000.0
_MOST_FEEDBACK = 0.9
_BOUNCES = 0.5
_SINGLE = 0.05
_SHOWN_DB, _SHOWN = 40.0, 60
_GLYPH_PLACES, _GLYPH_DB, _GLYPH_S = 16, 30.0, 2.0


class FeedbackDelay(FilterProcessor):
    """A delay line a side, each fed back to itself and, by the ping-pong p, to the other.

    The line of a side is fed (1 - p) of that side's sound; p of the mean of both sides goes into
    the left line. So at p = 1 a sound, wherever it stands, is repeated left, right, left. The
    first echo of a line is as loud as what feeds it: the dry/wet weight w tells its level against
    the dry sound, w / (1 - w). On a return the weight is 1 and the send tells it.

    The neutral setting is a weight of zero. Equations of the loop are in `dsp.feedback_delay`.
    """

    kind = "feedback_delay"
    letter = "o"
    label = "feedback delay"
    short = "Echo"
    family = "space"
    about = (
        "Echoes of equal distance, each softer and darker than the one before, that may bounce "
        "between left and right. The weight alone sets how loud the first echo is."
    )
    widens = True
    start_wet = 0.05
    params = (
        ParamSpec(
            name="time_ms",
            unit="ms",
            low=_SHORTEST_MS,
            high=_LONGEST_MS,
            neutral=None,
            init=0.0,
            warp=Between(_SHORTEST_MS, _LONGEST_MS),
            shape=(),
            label="time",
            meaning="Time from the sound to the first echo and from each echo to the next.",
            start=375.0,
            rate=0.0001,  # steps of some .02 ms: a descent that left the sample did not return
        ),
        ParamSpec(
            name="feedback",
            unit="",
            low=0.0,
            high=_MOST_FEEDBACK,
            neutral=None,
            init=0.0,
            warp=Logistic(_MOST_FEEDBACK),
            shape=(),
            label="feedback",
            meaning="Amplitude of each echo over that of the one before: 0 gives one echo, 0.5 "
            "lets each be 6 dB softer.",
            start=0.3,
            rate=0.2,
        ),
        ParamSpec(
            name="damping_hz",
            unit="Hz",
            low=_LOWEST_HZ,
            high=_HIGHEST_HZ,
            neutral=None,
            init=0.0,
            warp=Between(_LOWEST_HZ, _HIGHEST_HZ),
            shape=(),
            label="damping",
            meaning="Where the low-pass of the feedback is down 3 dB, 6 dB an octave. The first "
            "echo is as bright as the sound, each later one passes it once more.",
            start=6000.0,
            rate=0.2,
        ),
        ParamSpec(
            name="ping_pong",
            unit="",
            low=0.0,
            high=1.0,
            neutral=None,
            init=0.0,
            warp=Logistic(1.0),
            shape=(),
            label="ping-pong",
            meaning="How far echoes go from side to side: at 0 each side repeats itself, at 1 the "
            "mean of both sides is repeated left, right, left.",
            start=0.1,
            rate=0.2,
        ),
        kept_length(
            4.0,
            12.0,
            "How long echoes are kept: those that would start later are left out. At 375 ms and a "
            "feedback of 0.5 the first echo left out after 4 s is 60 dB softer than the first of "
            "all; at 2 s only one is heard within 4 s. It does not move.",
        ),
    )

    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return the echoes from each side to each."""

        def taps(some: Values, length: int) -> Float[Tensor, "some 4 time"]:
            return _echoes(some, length, sample_rate_hz)

        return ImpulseResponse(kept_responses(values, sample_rate_hz, taps), 0)

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return no lead and the time that echoes are kept."""
        return kept_reach(self.param("length_s"), sample_rate_hz, lengths)

    def describe(self, node: NodeSettings) -> str:
        """Return the dials, the first echo's level and the weight."""
        dialled = ", ".join(f"{name} {value}" for name, value in self.dials(node))
        level = signed_db(db_from_ratio(node.wet))
        return f"{dialled}, first echo {level}, wet {percent(node.wet)}"

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield what a delay has."""
        yield "time", _time(node)
        yield "feedback", percent(node.number("feedback"))
        yield "damping", hertz(node.number("damping_hz"))
        yield "ping-pong", percent(node.number("ping_pong"))

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return time, feedback and level."""
        bounces = "ping-pong " if node.number("ping_pong") >= _BOUNCES else ""
        feedback = node.number("feedback")
        repeats = f" with {percent(feedback)} feedback" if feedback >= _SINGLE else ""
        return tail_words(f"{_time(node)} {bounces}delay{repeats}", "the delay is", node, heard)

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the level over time of the echoes of a sound in the middle."""
        times_s, left_db, right_db = _levels(node)
        top_db = 10.0 * np.ceil(max(left_db.max(), right_db.max()) / 10.0)
        floor_db = top_db - _SHOWN_DB
        bouncing = bool(np.abs(left_db - right_db).max() > 0.1)
        sides: tuple[tuple[Style, Float[np.ndarray, " echo"]], ...] = (("stem", left_db),)
        if bouncing:
            sides = (("stem-left", left_db), ("stem-right", right_db))
        traces = []
        for style, levels_db in sides:
            shown = levels_db > floor_db
            traces.append(Trace(times_s[shown], levels_db[shown], style))
        end_s = float(np.ceil(2.0 * times_s[np.maximum(left_db, right_db) > floor_db].max()) / 2.0)
        panel = Panel(
            Scale(0.0, max(0.5, end_s), "s", step=0.5 if end_s <= 4.0 else 2.0),
            Scale(floor_db, top_db),
            tuple(trace for trace in traces if len(trace.x)),
            "dashed: left, dotted: right" if bouncing else "",
        )
        return Picture("level in dB over time of the echoes of a sound in the middle", (panel,))

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the echoes over 2 s, 30 dB high."""
        times_s, left_db, right_db = _levels(node)
        heights_db = np.full(_GLYPH_PLACES, -200.0)
        places = (_GLYPH_PLACES * times_s / _GLYPH_S).astype(int).clip(0, _GLYPH_PLACES - 1)
        inside = times_s <= _GLYPH_S
        np.maximum.at(heights_db, places[inside], np.maximum(left_db, right_db)[inside])
        return Glyph(heights_db, heights_db.max() - _GLYPH_DB, heights_db.max())


def _echoes(values: Values, length: int, sample_rate_hz: float) -> Float[Tensor, "node 4 time"]:
    """Return the loop's response times what feeds its lines, [1 - p / 2, p / 2], [0, 1 - p]."""
    ping_pong = values["ping_pong"]
    taps = delay_taps(
        values["time_ms"] / 1000.0,
        values["feedback"],
        values["damping_hz"],
        ping_pong,
        length=length,
        sample_rate_hz=sample_rate_hz,
        least=(_SHORTEST_MS / 1000.0, _LOWEST_HZ),
    )
    same, cross = taps[:, 0, 0], taps[:, 0, 1]
    mean, own = ping_pong[:, None] / 2.0, 1.0 - ping_pong[:, None]
    left, right = same * mean + cross * own, cross * mean + same * own
    return torch.stack([same * (1.0 - mean), left, cross * (1.0 - mean), right], 1)


def _time(node: NodeSettings) -> str:
    """Return the time to the millisecond, as a delay shows it: notes are that far apart."""
    return f"{node.number('time_ms'):.0f} ms"


def _levels(node: NodeSettings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return when a sound in the middle echoes, and how loud left and right, below the damping."""
    time_s, feedback = node.number("time_ms") / 1000.0, node.number("feedback")
    ping_pong = node.number("ping_pong")
    count = max(1, min(_SHOWN, int(np.ceil(node.number("length_s") / time_s)) - 1))
    numbers = np.arange(count)
    total = (1.0 - ping_pong / 2.0) * feedback**numbers
    difference = ping_pong / 2.0 * (feedback * (1.0 - 2.0 * ping_pong)) ** numbers
    sides = node.wet * np.abs(np.stack([total + difference, total - difference]))
    left_db, right_db = 20.0 * np.log10(np.maximum(sides, 1e-10))
    return time_s * (1.0 + numbers), left_db, right_db
