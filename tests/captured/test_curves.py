"""Detectors against a plain recursion, level curves against the compressors that made a mix."""

import numpy as np
import torch

from mixtrace.captured.ballistics import BALLISTICS, Ballistics, levels_db
from mixtrace.captured.curves import LevelCurve, frames_of, read_curves

RATE_HZ = 8_000
FRAME = 40  # 5 ms
TIME = 30 * RATE_HZ


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


def read(tracks: list[torch.Tensor], mix: torch.Tensor) -> list[LevelCurve | None]:
    parts = torch.stack(tracks)
    frames = frames_of(lambda a, b: parts[..., a:b], mix, None, FRAME, RATE_HZ)
    return read_curves(frames, lambda k, d: levels_db(tracks[k], tuple(d), FRAME, RATE_HZ))


def gain_of(level_db: torch.Tensor) -> torch.Tensor:
    """A compressor of 4 to 1 above -30 dB, in dB of gain."""
    return -0.75 * (level_db + 30.0).clamp(min=0)


def under(track: torch.Tensor, gain_db: torch.Tensor) -> torch.Tensor:
    return track * (10 ** (gain_db / 20)).repeat_interleave(FRAME)[:TIME]


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


def test_the_curve_of_a_compressor_is_read_and_others_stay_flat():
    tracks = [phrases(seed) for seed in range(3)]
    detector = Ballistics(8.0, 160.0)
    true = gain_of(levels_db(tracks[0], (detector,), FRAME, RATE_HZ)[0])
    rng = np.random.default_rng(9)
    noise = torch.tensor(0.002 * rng.standard_normal((2, TIME))).float()
    curves = read(tracks, under(tracks[0], true) + tracks[1] + tracks[2] + noise)
    assert curves[1] is None and curves[2] is None
    curve = curves[0]
    assert curve is not None and curve.ballistics in BALLISTICS
    found = 20 * torch.log10(
        curve.gain(levels_db(tracks[0], (curve.ballistics,), FRAME, RATE_HZ)[0])
    )
    loud = tracks[0].square().mean(0).reshape(-1, FRAME).mean(1) > 1e-6
    assert float(true[loud].max() - true[loud].min()) > 10
    both = torch.stack((found[loud], true[loud]))
    assert float(torch.corrcoef(both)[0, 1]) > 0.98
    # But for its mean, which belongs to the responses: lines of nine knots bend around a corner.
    off = found[loud] - true[loud]
    assert float((off - off.median()).abs().quantile(0.95)) < 1.0


def test_a_gain_that_does_not_follow_the_level_is_no_curve():
    track = phrases(0)
    frames = torch.arange(TIME // FRAME)
    ride = 6 * torch.sin(2 * torch.pi * frames / (7.0 * RATE_HZ / FRAME))
    assert read([track, phrases(1)], under(track, ride) + phrases(1)) == [None, None]


def test_the_mean_gain_of_a_curve_is_one():
    track = phrases(0)
    level = levels_db(track, (Ballistics(2.0, 40.0),), FRAME, RATE_HZ)[0]
    (curve,) = read([track], under(track, gain_of(level)))
    assert curve is not None
    gain = curve.gain(levels_db(track, (curve.ballistics,), FRAME, RATE_HZ)[0])
    power = track.square().sum(0).reshape(-1, FRAME).sum(1)
    assert abs(float((power * gain).sum() / power.sum()) - 1) < 1e-3


def test_frames_held_out_count_for_nothing():
    track, heard = phrases(0), torch.ones(TIME, dtype=torch.bool)
    heard[10 * RATE_HZ + 7 : 20 * RATE_HZ] = False
    parts = track[None]
    frames = frames_of(lambda a, b: parts[..., a:b], track, heard, FRAME, RATE_HZ)
    held = slice(10 * RATE_HZ // FRAME, 20 * RATE_HZ // FRAME)
    assert not frames.gram[held].any() and not frames.cross[held].any()
    power = track.square().sum(0).reshape(-1, FRAME).sum(1)
    counted = torch.ones(len(power), dtype=torch.bool)
    counted[held] = False
    torch.testing.assert_close(frames.gram[counted, 0, 0], power[counted], atol=1e-5, rtol=1e-4)
