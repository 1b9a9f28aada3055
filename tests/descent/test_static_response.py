"""Static responses against what was planted."""

from dataclasses import replace

import numpy as np
import pytest

from mixtrace.descent import static_responses
from mixtrace.graph import Graph
from mixtrace.processors import Settings
from mixtrace.session import Session

Planted = tuple[Session, Graph, Settings]


def median_db(response: np.ndarray, frequency: np.ndarray, low_hz: float, high_hz: float) -> float:
    inside = (frequency >= low_hz) & (frequency <= high_hz)
    return float(np.median(response[inside]))


def test_static_responses_are_the_planted_ones(planted: Planted) -> None:
    found = static_responses(planted[0])
    low, high = found.coherent_db
    frequency = found.frequency_hz
    # The two tracks overlap only above 800 Hz and are independent noise: 0.5 dB covers the ridge.
    assert median_db(low[0], frequency, 150.0, 700.0) == pytest.approx(9.0, abs=0.5)
    assert median_db(low[1], frequency, 1_500.0, 2_500.0) == pytest.approx(0.0, abs=0.5)
    assert median_db(high[0], frequency, 4_000.0, 10_000.0) == pytest.approx(0.0, abs=0.5)
    assert median_db(high[1], frequency, 4_000.0, 10_000.0) == pytest.approx(-12.0, abs=0.5)


def test_the_power_fit_does_not_need_the_phase(planted: Planted) -> None:
    session = planted[0]
    rolled = tuple(replace(t, kept=np.roll(t.audio, 40, axis=-1)) for t in session.tracks)
    found = static_responses(replace(session, tracks=rolled))
    # Powers of short frames fluctuate: 2 dB.
    assert median_db(found.power_db[1, 1], found.frequency_hz, 4_000.0, 10_000.0) == pytest.approx(
        -12.0, abs=2.0
    )
