"""What a network sees of audio: levels in dB, bands as librosa has them, two channels."""

import librosa
import numpy as np
import torch

from mixtrace.learned.features import BANDS, LogMel
from mixtrace.losses import mel_filters

RATE_HZ = 30_000


def test_bands_between_two_frequencies_are_those_of_librosa() -> None:
    found = mel_filters(RATE_HZ, 1500, BANDS, low_hz=20.0, high_hz=15_000.0)
    reference = librosa.filters.mel(
        sr=RATE_HZ, n_fft=1500, n_mels=BANDS, fmin=20.0, fmax=15_000.0, dtype=np.float64
    )
    # Both in double precision; weights are below 0.03 per Hz.
    np.testing.assert_allclose(found, reference, atol=1e-13)


def test_a_tenth_of_the_amplitude_lies_20_db_lower() -> None:
    sine = torch.sin(2.0 * torch.pi * 3000.0 / RATE_HZ * torch.arange(RATE_HZ))
    mel = LogMel(RATE_HZ)
    loud, soft = mel(torch.stack([sine, 0.1 * sine])[:, None])
    band = int(loud[0].mean(0).argmax())
    # 30 dB are one; the floor of -100 dB adds less than 0.001 dB to what lies at -40 dB.
    step = float((loud - soft)[0, :, band].mean())
    np.testing.assert_allclose(step, 20.0 / 30.0, atol=1e-3)


def test_a_mono_track_is_seen_on_both_sides_and_silence_on_one() -> None:
    mel = LogMel(RATE_HZ)
    noise = torch.randn((1, 1, 6000), generator=torch.Generator().manual_seed(0))
    mono = mel(noise)
    assert torch.equal(mono[:, 0], mono[:, 1])
    stereo = mel(torch.cat([noise, torch.zeros_like(noise)], 1))
    # -100 dB is 40 dB, or 4/3, below the middle; as an offset it is exact to single precision.
    torch.testing.assert_close(stereo[:, 1], torch.full_like(stereo[:, 1], -4.0 / 3.0))


def test_frames_are_whole_and_a_fortieth_of_a_second_apart() -> None:
    mel = LogMel(RATE_HZ)
    for samples in (1499, 1500, 2249, 2250, RATE_HZ):
        frames = mel.frames(samples)
        assert frames == (0 if samples < 1500 else 1 + (samples - 1500) // 750)
        if frames:
            assert mel(torch.zeros((1, 1, samples))).shape == (1, 2, frames, BANDS)
