"""The compressor-expander against a loop in numpy, its gradient, and its static curve."""

from typing import Any

import numpy as np
import pytest
import torch

from mixtrace.dsp import compand
from mixtrace.dsp.smoothing import smoothed

BEYOND = 40
DIALS: dict[str, Any] = {
    "above": (-22.0, 3.0),
    "below": (-30.0, 2.5),
    "average_samples": 5.0,
    "attack_samples": 90.0,
    "release_samples": 300.0,
    "early_samples": 12.3,
    "wet": 0.8,
}


def given(**changed: Any) -> dict[str, Any]:
    """Return the dials as tensors of one row."""

    def row(value: float) -> torch.Tensor:
        return torch.tensor([value], dtype=torch.float64)

    return {
        name: tuple(map(row, value)) if isinstance(value, tuple) else row(value)
        for name, value in {**DIALS, **changed}.items()
    }


def swelling(time: int) -> np.ndarray:
    """Return two channels of noise that swell between -50 dB and -10 dB."""
    rng = np.random.default_rng(0)
    swell_db = -30.0 + 20.0 * np.sin(np.arange(time) / 250.0)
    return 10.0 ** (swell_db / 20.0) * rng.standard_normal((2, time))


def by_loop(audio: np.ndarray) -> np.ndarray:
    """Return the output, sample after sample; the gain between samples by np.interp."""
    (threshold, ratio), (floor, expansion) = DIALS["above"], DIALS["below"]
    average, attack, release = (
        np.exp(-1.0 / DIALS[f"{name}_samples"]) for name in ("average", "attack", "release")
    )
    energy, reduction, line = 0.0, 0.0, []
    for n in range(audio.shape[1]):
        energy = average * energy + (1.0 - average) * np.mean(audio[:, n] ** 2)
        level = 10.0 * np.log10(energy + 1e-12)
        gain = min(0.0, (1 - 1 / ratio) * (threshold - level), (1 - expansion) * (floor - level))
        pole = attack if -gain > reduction else release
        reduction = pole * reduction - (1.0 - pole) * gain
        line.append(reduction)
    time = audio.shape[1] - BEYOND
    early = np.interp(np.arange(time) + DIALS["early_samples"], np.arange(len(line)), line)
    return audio[:, :time] * (1.0 - DIALS["wet"] + DIALS["wet"] * 10.0 ** (-early / 20.0))


def test_it_is_one_loop():
    audio = swelling(4000)
    state = torch.zeros(1, 2, dtype=torch.float64)
    output, _ = compand(torch.from_numpy(audio)[None], **given(), state=state, beyond=BEYOND)
    np.testing.assert_allclose(output[0].numpy(), by_loop(audio), rtol=1e-10, atol=1e-13)


def test_blocks_joined_are_the_whole():
    audio = torch.from_numpy(swelling(4000))[None]
    state = torch.zeros(1, 2, dtype=torch.float64)
    whole, last = compand(audio, **given(), state=state, beyond=BEYOND)
    parts, known = [], state
    for first in range(0, 4000 - BEYOND, 990):
        block = audio[..., first : first + 990 + BEYOND]
        part, known = compand(block, **given(), state=known, beyond=BEYOND)
        parts.append(part)
    # Vectors of samples are rounded otherwise than those left over at a block's end.
    torch.testing.assert_close(torch.cat(parts, -1), whole, rtol=1e-12, atol=1e-15)
    torch.testing.assert_close(known, last, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("level_db", "gain_db"),
    [(-10.0, -8.0), (-26.0, 0.0), (-40.0, -15.0)],  # 2/3 of 12 dB over, between, 1.5 times 10 under
)
def test_a_steady_sound_gets_the_gain_of_the_curve(level_db: float, gain_db: float):
    audio = torch.full((1, 2, 6000), 10.0 ** (level_db / 20.0), dtype=torch.float64)
    state = torch.zeros(1, 2, dtype=torch.float64)
    output, _ = compand(audio, **given(wet=1.0), state=state, beyond=BEYOND)
    # After twenty releases 1e-8 of the way is left; 1e-12 is added to energies.
    assert 20.0 * torch.log10(output[0, 0, -1] / audio[0, 0, -1]) == pytest.approx(
        gain_db, abs=1e-4
    )


def test_silence_leaves_the_gain_where_it_is():
    audio = torch.zeros(1, 2, 500, dtype=torch.float64)
    _, state = compand(audio, **given(), state=torch.zeros(1, 2).double(), beyond=BEYOND)
    assert not state.any()


def test_the_smoother_has_the_gradient_of_finite_differences():
    rng = np.random.default_rng(4)
    signal = torch.from_numpy(rng.standard_normal((2, 200))).requires_grad_()
    rows = [torch.tensor(v, dtype=torch.float64) for v in ([0.9, 0.5], [0.7, 0.95], [0.1, -0.2])]
    assert torch.autograd.gradcheck(smoothed, (signal, *(row.requires_grad_() for row in rows)))
