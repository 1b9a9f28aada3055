"""Our processors against those of GRAFX 0.6.0, the authors' library, at the same settings.

Both get the same unconstrained values. Skipped where GRAFX is not installed; benchmarks/README.md
says how to install it.
"""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.processors import PROCESSORS, FilterProcessor, noise_reverb

PEER = Path(__file__).resolve().parents[2] / "benchmarks" / "grafx_peer.py"
RATE_HZ = 30_000.0
NODES = 3

# GRAFX keeps windows and noise in float32; the arithmetic here is float64.
CLOSE = 1e-6


@pytest.fixture(scope="module")
def grafx() -> Any:
    """Return GRAFX's processors, imported with the stand-ins of the benchmark."""
    if importlib.util.find_spec("grafx") is None:
        pytest.skip("GRAFX is not installed: see benchmarks/README.md")
    spec = importlib.util.spec_from_file_location("grafx_peer", PEER)
    assert spec is not None and spec.loader is not None
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    return peer._import_grafx().processors


def audio(time: int) -> Tensor:
    """Return stereo noise whose level falls by 60 dB, through every knee."""
    noise = torch.randn(
        NODES, 2, time, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    return noise * torch.logspace(0.0, -3.0, time, dtype=torch.float64)


def ours(kind: str, z: dict[str, Tensor], sound: Tensor) -> Tensor:
    values = {spec.name: spec.physical(z[spec.name]) for spec in PROCESSORS[kind].params}
    return PROCESSORS[kind].forward(sound, values, RATE_HZ)


def our_taps(kind: str, z: dict[str, Tensor]) -> Tensor:
    entry = PROCESSORS[kind]
    assert isinstance(entry, FilterProcessor)
    values = {spec.name: spec.physical(z[spec.name]) for spec in entry.params}
    return entry.impulse_response(values, RATE_HZ).taps


def assert_same(result: Tensor, expected: Tensor, tolerance: float = CLOSE) -> None:
    assert result.shape == expected.shape
    assert (result - expected).abs().max() <= tolerance * expected.abs().max()


def test_equalizer(grafx, draw):
    z, sound = draw("equalizer", NODES), audio(8000)
    expected = grafx.ZeroPhaseFIREqualizer()(sound, log_magnitude=z["magnitude_db"])
    assert_same(ours("equalizer", z, sound), expected)


@pytest.mark.parametrize(
    ("kind", "name"), [("one_pole_compressor", "Compressor"), ("one_pole_gate", "NoiseGate")]
)
# From 1.4 samples to 4 ms. Beyond about 50 ms GRAFX's response of 16384 taps is cut off.
@pytest.mark.parametrize("pole_logit", [0.0, 2.0, 4.8])
def test_dynamics(grafx, draw, kind, name, pole_logit):
    z = draw(kind, NODES)
    z["time_ms"] = z["time_ms"] + pole_logit
    # Odd, so that time + 16384 - 1 is even: see benchmarks/README.md on odd transforms.
    sound = audio(30_001)
    expected = getattr(grafx, name)(flashfftconv=False)(
        sound,
        log_threshold=z["threshold_db"][:, None],
        log_ratio=z["slope"][:, None],
        log_knee=z["knee_db"][:, None],
        z_alpha_pre=z["time_ms"][:, None],
    )
    gain, expected_gain = ours(kind, z, sound) / sound, expected / sound
    torch.testing.assert_close(gain, expected_gain, rtol=1e-6, atol=1e-9)
    assert expected_gain.min() < 0.7


def test_stereo(grafx, draw):
    sound = audio(1000)
    z = draw("gain_panning", NODES)
    expected = grafx.StereoGain()(sound, log_gain=z["gain_db"])
    assert_same(ours("gain_panning", z, sound), expected)
    z = draw("stereo_imager", NODES)
    expected = grafx.SideGainImager()(sound, log_gain=z["side_gain_db"][:, None])
    assert_same(ours("stereo_imager", z, sound), expected)


def test_delay_and_its_gradients(grafx, draw):
    z = draw("twenty_tap_delay", NODES, dtype=torch.float32)  # GRAFX takes no other here
    weight = torch.randn(NODES, 2, 60_000, generator=torch.Generator().manual_seed(2))
    leaves = [z["taps"].requires_grad_(), z["color_db"].requires_grad_()]
    taps = our_taps("twenty_tap_delay", z)
    gradients = torch.autograd.grad((taps * weight).sum(), leaves)

    # Our slots by channel are theirs in one row, left before right.
    theirs = [leaf.detach().flatten(1, 2).clone().requires_grad_() for leaf in leaves]
    expected, _ = grafx.MultitapDelay(flashfftconv=False).get_ir(*theirs)
    expected_gradients = torch.autograd.grad((expected * weight).sum(), theirs)

    assert_same(taps, expected)
    for mine, other in zip(gradients, expected_gradients, strict=True):
        # Sums of 1501 powers of z in float32; they add 1e-7 to z and to its norm.
        assert_same(mine.flatten(1, 2), other, 2e-3)


def test_reverb_on_their_noise(grafx, draw, monkeypatch):
    z, sound = draw("noise_reverb", NODES), audio(4001)
    theirs = grafx.STFTMaskedNoiseReverb(ir_len=60_000, flashfftconv=False)
    monkeypatch.setattr(noise_reverb, "_noise", lambda device: theirs.noise_stft[0])
    expected = theirs(sound, init_log_magnitude=z["initial_db"], delta_log_magnitude=z["rt60_s"])
    assert_same(ours("noise_reverb", z, sound), expected)


def test_reverb_on_our_noise_has_the_same_energy_over_time(grafx, draw):
    # One level and one decay for all bins: a few slow bins would outlast the others.
    z = {n: v.mean(-1, keepdim=True).expand_as(v) for n, v in draw("noise_reverb", NODES).items()}
    impulse = torch.zeros(NODES, 2, 30_001, dtype=torch.float64)
    impulse[..., 0] = 1.0
    expected = grafx.STFTMaskedNoiseReverb(flashfftconv=False)(
        impulse, init_log_magnitude=z["initial_db"], delta_log_magnitude=z["rt60_s"]
    )
    result = our_taps("noise_reverb", z)[..., :30_001]
    mine_db, theirs_db = (
        10.0 * np.log10(t[..., :30_000].unflatten(-1, (10, 3000)).square().sum(-1).numpy())
        for t in (result, expected)
    )
    # 100 ms hold 3000 samples of each noise, of which 700 count at a decay of 12 dB: 4 sigma of
    # their ratio are 4 * sqrt(2 * 2 / 700) = 30 %.
    np.testing.assert_allclose(mine_db, theirs_db, atol=1.2)
