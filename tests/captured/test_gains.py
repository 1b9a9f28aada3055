"""Detectors against a plain recursion, gains against what made a mix: curves, rides, buses."""

import numpy as np
import pytest
import torch

from mixtrace.captured.ballistics import BALLISTICS, Ballistics, levels_db
from mixtrace.captured.factors import Factor
from mixtrace.captured.frames import frames_of
from mixtrace.captured.gains import read_gains, total_gain
from mixtrace.captured.shared import sets_of

RATE_HZ = 8_000
FRAME = 40  # 5 ms
TIME = 24 * RATE_HZ
DETECTOR = Ballistics(8.0, 160.0)


def phrases(seed: int) -> torch.Tensor:
    """Noise bursts whose peaks lie up to 30 dB apart, stereo, [2, time]."""
    rng = np.random.default_rng(seed)
    envelope, t = np.zeros(TIME), 0
    while t < TIME:
        length = int(rng.uniform(0.2, 0.8) * RATE_HZ)
        fall = np.exp(-np.arange(length) / (0.15 * RATE_HZ))
        envelope[t : t + length] = (10 ** (rng.uniform(-30, 0) / 20) * fall)[: TIME - t]
        t += length
    return torch.tensor(0.5 * envelope * rng.standard_normal((2, TIME))).float()


def read(tracks: list[torch.Tensor], mix: torch.Tensor, groups: str) -> list[Factor]:
    """Return the gains read of a mix; tracks with the same letter make a group."""
    parts = torch.stack(tracks)
    frames = frames_of(lambda a, b: parts[..., a:b], len(parts), mix, None, FRAME, RATE_HZ)
    return read_gains(
        frames,
        tuple(sets_of(list(groups))),
        lambda some, d: levels_db(parts[list(some)].sum(0), d, FRAME, RATE_HZ),
    )


def compressor_db(audio: torch.Tensor, detector: Ballistics = DETECTOR) -> torch.Tensor:
    """The gain of 4 to 1 above -30 dB, in dB, a value each frame."""
    level_db = levels_db(audio, (detector,), FRAME, RATE_HZ)[0]
    return -0.75 * (level_db + 30.0).clamp(min=0)


def under(audio: torch.Tensor, gain_db: torch.Tensor) -> torch.Tensor:
    return audio * (10 ** (gain_db / 20)).repeat_interleave(FRAME)[:TIME]


def ride_db() -> torch.Tensor:
    """A fader that goes up by 5 dB, then down by 9, in ramps of 3 s."""
    time_s = np.arange(TIME // FRAME) * FRAME / RATE_HZ
    return torch.tensor(np.interp(time_s, (6, 9, 17, 20), (0, 5, 5, -4))).float()


def gain_of(found: list[Factor], track: int, tracks: int) -> torch.Tensor:
    gains = total_gain(found, TIME // FRAME, tracks, FRAME / RATE_HZ)
    return 20 * torch.log10(gains[track])


def assert_alike(found_db: torch.Tensor, true_db: torch.Tensor, track: torch.Tensor, off_db: float):
    """Both move alike where a track sounds; their means belong to the responses."""
    loud = track.square().mean(0).reshape(-1, FRAME).mean(1) > 1e-6
    both = torch.stack((found_db[loud], true_db[loud]))
    assert float(torch.corrcoef(both)[0, 1]) > 0.98
    off = both[0] - both[1]
    assert float((off - off.median()).abs().quantile(0.95)) < off_db


def kinds(found: list[Factor]) -> dict[tuple[int, ...], str]:
    """Say for each set of tracks what of its gain moves."""
    return {
        factor.tracks: " and ".join(
            ["curve"] * (factor.shape.ballistics is not None) + ["ride"] * (len(factor.ride) > 1)
        )
        for factor in found
    }


def test_a_detector_is_the_recursion_of_its_equation():
    rng = np.random.default_rng(0)
    audio = rng.standard_normal((2, 1_000)) * np.repeat([0.01, 1.0, 0.001, 0.3], 250)
    found = levels_db(torch.tensor(audio).float(), (Ballistics(2.0, 40.0),), FRAME, RATE_HZ)
    rise, fall = np.exp(-1_000.0 / (np.array([2.0, 40.0]) * RATE_HZ))
    followed, s = [], 0.0
    for u in np.sqrt(np.mean(audio**2, 0)):
        s = u + (rise if u > s else fall) * (s - u)
        followed.append(s)
    true = 20 * np.log10(np.mean(np.reshape(followed, (-1, FRAME)), 1) + 1e-6)
    np.testing.assert_allclose(found[0], true, atol=1e-3)  # dB, single precision


# Lines of nine knots bend around a compressor's corner; lines of 4 s around a ramp's.
CORNER_DB, RAMP_DB = 1.0, 1.5
BUS_DB = 2.5  # its members also sound where it is quiet and little energy tells of its gain


def test_the_curve_of_a_compressor_is_read_and_others_stay_flat():
    tracks = [phrases(seed) for seed in range(3)]
    true = compressor_db(tracks[0])
    rng = np.random.default_rng(9)
    noise = torch.tensor(0.002 * rng.standard_normal((2, TIME))).float()
    found = read(tracks, under(tracks[0], true) + tracks[1] + tracks[2] + noise, "aab")
    assert kinds(found) == {(0,): "curve"}
    assert found[0].shape.ballistics in BALLISTICS
    loud = tracks[0].square().mean(0).reshape(-1, FRAME).mean(1) > 1e-6
    assert float(true[loud].max() - true[loud].min()) > 10
    assert_alike(gain_of(found, 0, 3), true, tracks[0], CORNER_DB)


def test_a_ride_is_read_as_such_also_on_a_compressed_track():
    tracks = [phrases(0), phrases(1)]
    found = read(tracks, under(tracks[0], ride_db()) + tracks[1], "ab")
    assert kinds(found) == {(0,): "ride"}
    assert_alike(gain_of(found, 0, 2), ride_db(), tracks[0], RAMP_DB)
    true = compressor_db(tracks[0]) + ride_db()
    found = read(tracks, under(tracks[0], true) + tracks[1], "ab")
    assert kinds(found) == {(0,): "curve and ride"}
    assert_alike(gain_of(found, 0, 2), true, tracks[0], CORNER_DB + RAMP_DB)


@pytest.mark.parametrize(("groups", "members"), [("aabb", (0, 1)), ("aaab", (0, 1, 2))])
def test_the_compressor_of_a_bus_is_told_from_those_of_its_tracks(groups, members):
    tracks = [phrases(seed) for seed in range(4)]
    own = compressor_db(tracks[3], Ballistics(2.0, 40.0))
    bus = torch.stack([tracks[k] for k in members]).sum(0)
    true = compressor_db(bus)
    others = [tracks[k] for k in range(3) if k not in members]
    mix = under(bus, true) + under(tracks[3], own) + sum(others)
    found = read(tracks, mix, groups)
    assert kinds(found) == {members: "curve", (3,): "curve"}
    assert_alike(gain_of(found, 0, 4), true, tracks[0], BUS_DB)
    assert_alike(gain_of(found, 3, 4), own, tracks[3], CORNER_DB)


def test_a_fade_and_a_compressor_of_the_mix_are_shared_by_all():
    tracks = [phrases(seed) for seed in range(3)]
    mix = sum(tracks[1:], tracks[0])
    true = compressor_db(mix) + torch.linspace(0, 1, TIME // FRAME).sub(0.6).clamp(min=0) * -30
    found = read(tracks, under(mix, true), "aab")
    assert kinds(found) == {(0, 1, 2): "curve and ride"}
    assert_alike(gain_of(found, 0, 3), true, tracks[0], CORNER_DB + RAMP_DB)


def test_nothing_moves_where_the_mix_is_a_sum():
    tracks = [phrases(seed) for seed in range(4)]
    rng = np.random.default_rng(9)
    noise = torch.tensor(0.01 * rng.standard_normal((2, TIME))).float()
    assert read(tracks, sum(tracks, noise), "aabb") == []


def test_the_mean_gain_is_one():
    track = phrases(0)
    found = read([track], under(track, compressor_db(track)), "a")
    assert kinds(found) == {(0,): "curve"}
    gain = total_gain(found, TIME // FRAME, 1, FRAME / RATE_HZ)[0]
    power = track.square().sum(0).reshape(-1, FRAME).sum(1)
    assert abs(float((power * gain).sum() / power.sum()) - 1) < 1e-3


def test_frames_held_out_count_for_nothing():
    track, heard = phrases(0), torch.ones(TIME, dtype=torch.bool)
    heard[10 * RATE_HZ + 7 : 20 * RATE_HZ] = False
    parts = track[None]
    frames = frames_of(lambda a, b: parts[..., a:b], len(parts), track, heard, FRAME, RATE_HZ)
    held = slice(10 * RATE_HZ // FRAME, 20 * RATE_HZ // FRAME)
    assert not frames.gram[..., held].any() and not frames.cross[:, held].any()
    power = track.square().sum(0).reshape(-1, FRAME).sum(1)
    counted = torch.ones(len(power), dtype=torch.bool)
    counted[held] = False
    torch.testing.assert_close(frames.gram[0, 0, counted], power[counted], atol=1e-5, rtol=1e-4)
