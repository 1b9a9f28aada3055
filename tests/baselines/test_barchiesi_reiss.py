"""Least squares on songs whose filters, gains, delays and pans are known, mixed by scipy."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.signal import bilinear, fftconvolve, lfilter

from mixtrace.baselines.barchiesi_reiss import BarchiesiReiss, BarchiesiReissConfig
from mixtrace.baselines.fir_filters import joint_filters
from mixtrace.baselines.frame_gains import frame_gains
from mixtrace.captured.channels import Channels
from mixtrace.errors import MixtraceError
from mixtrace.methods import Method
from mixtrace.session import Alignment, Session, Track

RATE_HZ = 30_000
TIME = 5 * RATE_HZ


def noises(count: int, channels: int = 1, seed: int = 0) -> list[np.ndarray]:
    """Return tracks of pink-like noise that end in silence, so that nothing rings beyond the end.

    Their spectra fall by 26 dB, and each has something of the one before it: a filter found for one
    track by itself would be wrong.
    """
    rng = np.random.default_rng(seed)
    tracks: list[np.ndarray] = []
    for _ in range(count):
        white = rng.standard_normal((channels, TIME))
        noise = np.array([lfilter([0.1], [1.0, -0.9], channel) for channel in white])
        if tracks:
            noise = noise + 0.4 * tracks[-1]
        noise[:, -RATE_HZ // 10 :] = 0.0
        tracks.append(noise.astype(np.float32))
    return tracks


def song(tracks: list[np.ndarray], mix: np.ndarray) -> Session:
    """Return a session of these tracks."""
    names = [f"track {number}" for number in range(len(tracks))]
    known = tuple(
        Track(name, "all", audio, Alignment(), False, None, 0)
        for name, audio in zip(names, tracks, strict=True)
    )
    return Session("known", RATE_HZ, mix.astype(np.float32), known, ())


def mixed(tracks: list[np.ndarray], filters: np.ndarray) -> np.ndarray:
    """Return the mix of mono tracks under filters [2, track, tap]."""
    pairs = [[fftconvolve(t[0].astype(float), h)[:TIME] for t, h in zip(tracks, side, strict=True)]
             for side in filters]  # fmt: skip
    return np.array(pairs).sum(1)


def test_it_is_a_method() -> None:
    assert isinstance(BarchiesiReiss(), Method)
    json.dumps(BarchiesiReiss().choices())


@pytest.mark.parametrize("order", [64, 512])
def test_known_filters_are_recovered(order: int) -> None:
    """To 1e-4 of filters whose largest taps are about one; measured: 1e-5."""
    tracks = noises(3)
    rng = np.random.default_rng(1)
    known = np.zeros((2, 3, order))
    known[..., :64] = rng.standard_normal((2, 3, 64)) * np.exp(-np.arange(64) / 12.0)
    mix = mixed(tracks, known).astype(np.float32)
    dry = torch.from_numpy(np.concatenate(tracks))
    found = joint_filters(dry, torch.from_numpy(mix), order)
    assert np.abs(found.numpy() - known).max() < 1e-4


def test_stereo_tracks_have_four_filters_and_the_graph_renders_them() -> None:
    """The graph that holds the filters has to sound as the mix, of which nothing else is known."""
    tracks = [*noises(1, channels=2, seed=2), *noises(1, seed=3)]
    left = fftconvolve(tracks[0][0], [0.5, 0.2])[:TIME] + 0.3 * np.roll(tracks[0][1], 5)
    mix = np.stack([left, 0.7 * tracks[0][1]]) + np.array([[0.9], [0.1]]) * tracks[1]
    found = BarchiesiReiss(BarchiesiReissConfig(order=64)).invert(song(tracks, mix))
    # Filters are exact to 1e-5, and so are spectra, but for rounding; measured: 1e-6.
    assert found.losses["final"]["eq4"] < 1e-4 < found.losses["sum"]["eq4"]
    found.settings.check({i: found.graph.nodes[i].kind for i in found.graph.processors})


def test_gain_delay_pan_and_polarity_are_read_off() -> None:
    tracks = noises(2)
    filters = np.zeros((2, 2, 200))
    level, pan = 10.0 ** (-6.0 / 20.0), 0.25
    angle = (1.0 + pan) * math.pi / 4.0
    filters[0, 0, 90] = level * math.sqrt(2.0) * math.cos(angle)
    filters[1, 0, 90] = level * math.sqrt(2.0) * math.sin(angle)
    filters[:, 1, 30] = -1.0
    found = BarchiesiReiss().invert(song(tracks, mixed(tracks, filters)))
    first, second = found.evidence["readings"].values()
    assert first["level_db"] == pytest.approx(-6.0, abs=0.01)  # filters are exact to 1e-4
    assert first["pan"] == pytest.approx(pan, abs=0.001)
    assert first["left"]["delay_ms"] == first["right"]["delay_ms"] == pytest.approx(3.0)
    assert second["left"]["delay_ms"] == pytest.approx(1.0)
    assert (first["left"]["polarity"], second["left"]["polarity"]) == (1, -1)
    assert all(abs(gain_db) < 0.05 for gain_db in first["eq_db"].values())
    json.dumps(found.evidence)


def test_a_low_pass_is_read_as_eq() -> None:
    """One pole at 1 kHz: -3 dB there, and 6 dB an octave lower far above, by its closed form."""
    tracks = noises(2)
    corner = 2.0 * math.pi * 1000.0
    b, a = bilinear([corner], [1.0, corner], RATE_HZ)
    passed = [lfilter(b, a, tracks[0][0].astype(float)), 0.5 * tracks[1][0]]
    found = BarchiesiReiss().invert(song(tracks, np.stack([sum(passed)] * 2)))
    eq_db = found.evidence["readings"]["track 0"]["eq_db"]
    response = 1.0 / np.sqrt(1.0 + (np.array([125.0, 4000.0]) / 1000.0) ** 2)
    expected_db = 20.0 * np.log10(response[1] / response[0])
    # Measured: .1 dB; means over octaves of a track that falls.
    assert eq_db["4000"] - eq_db["125"] == pytest.approx(expected_db, abs=0.3)
    assert found.evidence["readings"]["track 1"]["level_db"] == pytest.approx(-6.02, abs=0.02)


def test_known_ramps_are_recovered() -> None:
    """Two ramps at once, apart left and right; a frame's gain is that of its middle."""
    tracks = noises(2)
    time_s = np.arange(TIME) / RATE_HZ
    ramps_db = np.array(
        [[-12.0 + 2.4 * time_s, 0.0 * time_s], [-3.0 - 1.0 * time_s, -6.0 * time_s]]
    )
    gains = 10.0 ** (ramps_db / 20.0)
    mix = np.array([sum(g * t[0] for g, t in zip(side, tracks, strict=True)) for side in gains])
    hop = RATE_HZ // 20
    dry = Channels(tracks, [1, 1])
    for side in (0, 1):
        wet = torch.from_numpy(mix[side].astype(np.float32))
        found, read = frame_gains(dry, [0, 1], wet, hop)
        known_db = ramps_db[side][:, ::hop]
        inner = slice(1, known_db.shape[1] - 4)  # half a frame, and the silence at the end
        assert read[:, inner].all()
        error_db = 20.0 * np.log10(found[:, inner]) - known_db[:, inner]
        # Measured: .04 dB; frames are short, and tracks of noise are never quite apart in one.
        assert np.abs(error_db).max() < 0.1


def test_gain_envelopes_stand_in_the_graph() -> None:
    tracks = noises(2)
    time_s = np.arange(TIME) / RATE_HZ
    ride = 10.0 ** ((-12.0 + 2.4 * time_s) / 20.0)
    mix = np.stack([ride * tracks[0][0], 0.5 * tracks[1][0]])
    method = BarchiesiReiss(BarchiesiReissConfig(model="gains"))
    found = method.invert(song(tracks, mix))
    # Lines in dB bend as the ramp does; -80 dB, the least of a fader, is next to nothing.
    assert found.losses["final"]["eq4"] < 5e-3 < found.losses["sum"]["eq4"]
    assert set(found.graph.kinds()) == {"fader", "fader_automation"}
    found.settings.check({i: found.graph.nodes[i].kind for i in found.graph.processors})


def test_no_gain_is_below_zero() -> None:
    tracks = noises(2)
    wet = torch.from_numpy((tracks[0][0] - 0.5 * tracks[1][0]).astype(np.float32))
    found, _ = frame_gains(Channels(tracks, [1, 1]), [0, 1], wet, RATE_HZ // 20)
    # Without the bound the second would be -0.5 throughout, and the first 1.
    assert found.min() >= 0.0
    assert np.median(found[1]) < 1e-6
    assert np.median(found[0]) < 0.95


@pytest.mark.parametrize("model", ["filters", "gains"])
def test_nothing_depends_on_what_is_held_out(model: Any) -> None:
    tracks = noises(2)
    mix = np.stack([tracks[0][0], 0.5 * tracks[1][0]])
    held_out = [(40_000, 80_000)]
    other = mix.copy()
    other[:, 40_000:80_000] = np.random.default_rng(5).standard_normal((2, 40_000))
    method = BarchiesiReiss(BarchiesiReissConfig(model=model, order=64))
    first, second = (method.invert(song(tracks, each), held_out) for each in (mix, other))
    assert all(map(torch.equal, first.settings.tensors(), second.settings.tensors()))


@pytest.mark.parametrize("model", ["filters", "gains"])
def test_silent_tracks_do_no_harm(model: Any) -> None:
    tracks = [*noises(1), np.zeros((1, TIME), np.float32)]
    method = BarchiesiReiss(BarchiesiReissConfig(model=model, order=64))
    found = method.invert(song(tracks, np.stack([tracks[0][0]] * 2)))
    assert found.losses["final"]["eq4"] < 1e-4  # as exact as with one track
    found.settings.check({i: found.graph.nodes[i].kind for i in found.graph.processors})
    json.dumps(found.evidence, allow_nan=False)


@pytest.mark.parametrize(
    "wrong", [{"model": "all"}, {"order": 7}, {"order": 0}, {"hop_s": math.nan}]
)
def test_a_wrong_choice_is_one_sentence(wrong: dict[str, Any]) -> None:
    config = replace(BarchiesiReissConfig())
    for name, value in wrong.items():
        object.__setattr__(config, name, value)  # the tests' type checks would refuse it earlier
    with pytest.raises(MixtraceError, match=r"Expected .* got .*\. (Choose|Try) "):
        BarchiesiReiss(config).choices()
