"""The direct part of a response, told where its track sounds."""

import numpy as np
import pytest
import scipy.signal

from mixtrace.interpret.direct import direct_part, frequencies_hz

RATE, TAPS, LEAD, ARRIVAL = 30_000, 7_500, 900, 30
LINES = 4097


def bell(time: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the response of a bell of 6 dB at 2 kHz, Q 1, and a high-pass, and its curve."""
    gain, w = 10 ** (6 / 40), 2 * np.pi * 2000 / RATE
    alpha = np.sin(w) / 2
    peak = [1 + alpha * gain, -2 * np.cos(w), 1 - alpha * gain]
    peak += [1 + alpha / gain, -2 * np.cos(w), 1 - alpha / gain]
    low = np.asarray(scipy.signal.butter(2, 150.0, "high", fs=RATE, output="sos"))
    sections = np.vstack([np.array(peak) / peak[3], low])
    spike = np.zeros(time)
    spike[0] = 1.0
    taps = np.asarray(scipy.signal.sosfilt(sections, spike))
    hz = frequencies_hz(RATE)
    z = np.exp(2j * np.pi * hz[:, None] / RATE * -np.arange(3))
    curve = np.abs(np.prod([(z @ row[:3]) / (z @ row[3:]) for row in sections], 0))
    return taps, hz, 20 * np.log10(curve)


def late(taps: np.ndarray) -> np.ndarray:
    """Return a response to both sides whose direct sound comes a little late."""
    response = np.zeros((2, 1, TAPS))
    response[:, 0, LEAD + ARRIVAL :] = taps[: TAPS - LEAD - ARRIVAL]
    return response


def read_db(response: np.ndarray, unsure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the curve that is read, and its standard deviation, in dB."""
    direct = direct_part(response, unsure, LEAD, ARRIVAL / RATE, RATE)
    power = (np.abs(direct.response) ** 2).sum((0, 1))
    return 10 * np.log10(power / 2), 20 / np.log(10) * np.sqrt(direct.variance / power / 2)


def test_where_all_is_told_alike_it_is_the_response():
    taps, hz, curve_db = bell(TAPS)
    found_db, sigma_db = read_db(late(taps), np.full(LINES, 1e-12))
    # A fifth of an octave is seen at once: a bend is told a little rounder than it is.
    assert np.abs(found_db - curve_db)[hz > 150.0].max() < 0.3
    assert np.abs(found_db - curve_db)[hz > 60.0].max() < 2.0
    assert sigma_db[hz > 150.0].max() < 1.0


def comb(spacing_hz: float) -> np.ndarray:
    """Return what is known of lines: much of the partials of a tone, nothing in between."""
    lines_hz = np.linspace(0.0, RATE / 2, LINES)
    apart_hz = np.abs(lines_hz - spacing_hz * np.maximum(np.round(lines_hz / spacing_hz), 1))
    return np.where(apart_hz < 6.0, 1e-9, 1e3)


@pytest.mark.parametrize("spacing_hz", [220.0, 600.0])
def test_a_tone_tells_of_its_partials_alone(spacing_hz: float):
    taps, hz, curve_db = bell(TAPS)
    unsure = comb(spacing_hz)
    # What was captured between partials is nothing, as a ridge leaves it.
    lines = np.fft.rfft(late(taps), 2 * TAPS)
    known = np.interp(np.fft.rfftfreq(2 * TAPS, 1 / RATE), np.linspace(0, RATE / 2, LINES), unsure)
    captured = np.fft.irfft(lines * (known < 1.0), 2 * TAPS)[..., :TAPS]
    found_db, sigma_db = read_db(captured, unsure)
    partials = np.arange(1, int(0.4 * RATE / spacing_hz)) * spacing_hz
    at = [int(np.argmin(np.abs(hz - f))) for f in partials]
    # The edges of partials are captured in part, and partials lie between two points.
    offset_db = np.median((found_db - curve_db)[at])
    off_db = np.abs(found_db - curve_db - offset_db)[at]
    assert np.median(off_db) < 0.6
    assert off_db.max() < 2.0
    plain_db = 10 * np.log10((np.abs(np.fft.rfft(captured, 16 * TAPS)) ** 2).sum((0, 1)) / 2 + 1e-9)
    between = [int(np.argmin(np.abs(hz - f - 0.5 * spacing_hz))) for f in partials[:2]]
    at_hz = [np.interp(hz[k], np.fft.rfftfreq(16 * TAPS, 1 / RATE), plain_db) for k in between]
    assert max(at_hz - curve_db[between]) < -6.0  # the response itself is no guide there
    # Low partials leave gaps that are wider than what is seen at once: there it is unsure.
    assert sigma_db[between[0]] > 10.0 * sigma_db[at[0]]


def test_a_room_makes_it_unsure_and_hardly_moves_it():
    taps, hz, curve_db = bell(TAPS)
    rng = np.random.default_rng(3)
    time_s = np.arange(TAPS - LEAD - ARRIVAL) / RATE
    room = 0.02 * rng.standard_normal((2, len(time_s))) * np.exp(-time_s / 0.05) * (time_s > 0.01)
    wet = late(taps)
    wet[:, 0, LEAD + ARRIVAL :] += room
    unsure = np.full(LINES, 1e-12)
    dry_sigma_db = read_db(late(taps), unsure)[1]
    found_db, sigma_db = read_db(wet, unsure)
    seen = hz > 300.0
    assert np.median(sigma_db[seen]) > 3.0 * np.median(dry_sigma_db[seen])
    off = np.abs(found_db - curve_db)[seen] / np.hypot(sigma_db, 0.1)[seen]
    assert np.mean(off < 2.0) > 0.9
