"""The gate: against tensor operations, what opens and closes it and when, and pedalboard."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.dsp import gate
from mixtrace.dsp.gating import gate_reference
from mixtrace.dsp.running_kernels import running_maximum, running_maximum_gradient
from mixtrace.errors import AudioError
from mixtrace.loops import compiled

ROWS = 4
EARLY = (0.0, 3.4, 25.0, 7.0)
HOLDS = (0.0, 3.0, 17.0, 40.0)
AVERAGES = (0.0, 5.0, 50.0, 100.0)
SCALARS = {
    "threshold_db": (-25.0, -40.0, -15.0, -30.0),
    "range_db": (6.0, 20.0, 40.0, 80.0),
    "attack_samples": (0.0, 10.0, 44.0, 3.0),
    "release_samples": (0.0, 50.0, 100.0, 1000.0),
    "wet": (1.0, 0.5, 0.8, 1.0),
}


def values(dtype: torch.dtype) -> dict[str, Tensor]:
    return {name: torch.tensor(value, dtype=dtype) for name, value in SCALARS.items()}


def bursts(channels: int, time: int, seed: int) -> Tensor:
    """Return noise that swells and dies away, through all thresholds."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(ROWS, channels, time, dtype=torch.float64, generator=generator)
    return noise * 10.0 ** (-1.5 + 1.5 * torch.sin(torch.arange(time).double() * (12.0 / time)))


def resting(past: int, dtype: torch.dtype = torch.float64, rows: int = 1) -> Tensor:
    return torch.zeros(rows, 3 + past, dtype=dtype)


def gain_db(level_db: np.ndarray, *, hold: int = 0, **changes: float) -> np.ndarray:
    """Return the gain in dB of one row that is a level in dB at each sample."""
    audio = torch.from_numpy(10.0 ** (level_db / 20.0))[None, None]
    plain = {"threshold_db": -30.0, "range_db": 60.0, "attack_samples": 0.0}
    plain |= {"release_samples": 0.0, "wet": 1.0} | changes
    given: dict[str, Any] = {k: torch.tensor([v]).double() for k, v in plain.items()}
    output, _ = gate(
        audio, **given, hold_samples=torch.tensor([float(hold)]), average_samples=None,
        state=resting(hold),
    )  # fmt: skip
    return 20.0 * torch.log10(output / audio)[0, 0].numpy()


@pytest.mark.parametrize("averages", [None, AVERAGES], ids=["peak", "rms"])
@pytest.mark.parametrize(("sides", "beyond"), [(0, 0), (0, 25), (1, 0), (2, 25)])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    # float32: a slope of 1 dB makes 1e-6 dB of a level 1e-6 of an opening; what is nearly open is
    # told from what is open by little, of which the gradients of attack and release are made.
    ("dtype", "near", "near_gradient"),
    [(torch.float64, 1e-10, 1e-9), (torch.float32, 1e-4, 2e-2)],
)
def test_compiled_is_the_reference(
    dtype: torch.dtype, near: float, near_gradient: float, channels, sides, beyond, averages
):
    results = []
    for function, precision in ((gate, dtype), (gate_reference, torch.float64)):
        leaves = {"audio": bursts(channels, 330, 0), "key": bursts(sides or 1, 330, 1)}
        leaves |= values(dtype) | {"average_samples": torch.tensor(averages or AVERAGES)}
        leaves = {k: v.to(dtype).to(precision).requires_grad_() for k, v in leaves.items()}
        given: dict[str, Any] = dict(leaves)
        if not sides:
            del given["key"], leaves["key"]
        if averages is None:
            del leaves["average_samples"]
            given["average_samples"] = None
        state = torch.linspace(0.3, 0.0, 43, dtype=precision).repeat(ROWS, 1)
        early = torch.tensor(EARLY) if beyond else None
        output, after = function(
            **given, hold_samples=torch.tensor(HOLDS), state=state, early_samples=early,
            beyond=beyond,
        )  # fmt: skip
        weight = torch.linspace(-1.0, 1.0, output.shape[-1], dtype=precision)
        gradients = torch.autograd.grad((output * weight).sum(), list(leaves.values()))
        results.append((output, after, dict(zip(leaves, gradients, strict=True))))
    (output, after, gradients), (expected, expected_after, expected_gradients) = results
    torch.testing.assert_close(output.double(), expected, rtol=near, atol=near)
    torch.testing.assert_close(after.double(), expected_after, rtol=near, atol=near)
    for name, gradient in gradients.items():
        scale = expected_gradients[name].abs().max()
        assert scale > 0.0, name
        error = (gradient - expected_gradients[name]).abs().max() / scale
        assert error <= near_gradient, (name, error)


@pytest.mark.parametrize("averages", [None, (1.0, 2.0, 4.0, 6.0)], ids=["peak", "rms"])
def test_gradients_against_finite_differences(averages: tuple | None):
    # Away from corners: a time constant of nothing has differences on one side only.
    leaves = values(torch.float64)
    for name in ("attack_samples", "release_samples"):
        leaves[name] = leaves[name].clamp_min(2.0)
    if averages is not None:
        leaves["average_samples"] = torch.tensor(averages).double()
    names = list(leaves)
    # A key that goes through its threshold in steps of .3 dB: there are samples on the slopes.
    level_db = leaves["threshold_db"][:, None] + 7.0 * torch.sin(torch.arange(70).double() * 0.13)
    key = 10.0 ** (torch.stack([level_db, level_db - 1.1], 1) / 20.0)

    def function(audio: Tensor, key: Tensor, *scalars: Tensor) -> Tensor:
        given: dict[str, Any] = {"average_samples": None, **dict(zip(names, scalars, strict=True))}
        return gate(
            audio, **given, hold_samples=torch.tensor([0.0, 1.0, 3.0, 5.0]), key=key,
            state=resting(5, rows=ROWS), early_samples=torch.tensor([0.0, 2.0, 4.0, 1.0]), beyond=4,
        )[0]  # fmt: skip

    inputs = [v.requires_grad_() for v in (bursts(2, 70, 0), key, *leaves.values())]
    (gradient,) = torch.autograd.grad(function(*inputs).sum(), inputs[2])
    assert gradient.all()  # every threshold is passed through
    assert torch.autograd.gradcheck(function, inputs, eps=1e-7, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("level_db", "expected"), [(-29.49, 0.0), (-30.51, -60.0), (-70.0, -60.0)])
def test_a_steady_level_finds_the_gate_open_or_closed(level_db: float, expected: float):
    found = gain_db(np.full(4000, level_db), attack_samples=100.0, release_samples=300.0)
    # 40 time constants; the floor of -120 dB is nothing beside a slope of 1 dB.
    np.testing.assert_allclose(found[-1], expected, atol=1e-6)


@pytest.mark.parametrize(("level_db", "expected"), [(-32.49, 0.0), (-33.51, -60.0)])
def test_an_open_gate_closes_3_db_lower(level_db: float, expected: float):
    found = gain_db(np.repeat([-20.0, level_db], 50))
    np.testing.assert_allclose(found[:50], 0.0, atol=1e-9)
    np.testing.assert_allclose(found[50:], expected, atol=1e-6)


def test_a_level_on_the_threshold_is_half_open():
    assert gain_db(np.full(5, -30.0))[-1] == pytest.approx(-30.0, abs=1e-6)


@pytest.mark.parametrize("samples", [10, 441])
def test_attack_and_release_reach_63_percent_in_db_after_their_time(samples: int):
    level_db = np.repeat([-60.0, 0.0, -60.0], 25 * samples)
    found = gain_db(level_db, attack_samples=float(samples), release_samples=2.0 * samples)
    opened, closed = found[26 * samples - 1], found[52 * samples - 1]
    assert opened == pytest.approx(-60.0 * np.exp(-1.0), rel=1e-6)
    assert closed == pytest.approx(-60.0 * (1.0 - np.exp(-1.0)), rel=1e-6)


@pytest.mark.parametrize("hold", [0, 1, 7, 300])
def test_the_gate_stays_open_for_the_hold(hold: int):
    found = gain_db(np.repeat([-10.0, -50.0], [20, 1000]), hold=hold)
    np.testing.assert_allclose(found[: 20 + hold], 0.0, atol=1e-9)
    np.testing.assert_allclose(found[20 + hold :], -60.0, atol=1e-6)


def test_a_hold_bridges_the_zeros_of_a_wave():
    wave = torch.sin(torch.arange(4000.0) * 0.1).double()[None, None]
    one = torch.ones(1).double()

    def closed(hold: float) -> float:
        output, _ = gate(
            wave, -10 * one, 60 * one, 0 * one, 0 * one, one, hold_samples=hold * one,
            average_samples=None, state=resting(40),
        )  # fmt: skip
        return float((output != wave)[..., 100:].double().mean())

    assert closed(0.0) > 0.1
    assert closed(32.0) == 0.0  # half a period


@compiled
def held(values, hold, ends, result):
    running_maximum(values, hold, ends, result)


@compiled
def held_gradient(values, hold, result, of_result, of_values):
    running_maximum_gradient(values, hold, result, of_result, of_values)


@pytest.mark.parametrize("hold", [0, 1, 2, 10, 99, 299])
@pytest.mark.parametrize("shape", ["noise", "rising", "falling", "steps", "waves"])
def test_the_running_maximum_and_where_its_gradient_goes(shape: str, hold: int):
    rng = np.random.default_rng(hold)
    line = {
        "noise": rng.random(300),
        "rising": np.arange(300.0),
        "falling": np.arange(300.0)[::-1].copy(),
        "steps": rng.integers(0, 4, 300).astype(float),
        "waves": 1.0 + np.sin(0.2 * np.arange(300.0)) * np.linspace(1.0, 0.2, 300),
    }[shape]
    windows = np.lib.stride_tricks.sliding_window_view(line, hold + 1)
    result, gradient = np.empty(len(windows)), np.zeros(300)
    held(line, hold, np.empty(hold + 2), result)
    assert (result == windows.max(1)).all()
    given = rng.standard_normal(len(windows))
    held_gradient(line, hold, result, given, gradient)
    # Where no two are equal there is one place for each; where some are, it is one of theirs.
    for level in np.unique(line):
        total = given[result == level].sum()
        assert gradient[line == level].sum() == pytest.approx(total, abs=1e-12)
    if shape in ("noise", "rising", "falling"):
        expected = np.zeros(300)
        np.add.at(expected, np.arange(len(windows)) + windows.argmax(1), given)
        np.testing.assert_allclose(gradient, expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("averages", [None, AVERAGES], ids=["peak", "rms"])
@pytest.mark.parametrize("graded", [True, False])
def test_blocks_are_the_whole_to_the_last_bit(dtype, averages, graded):
    audio, beyond = bursts(2, 5025, 0).to(dtype), 25
    given: dict[str, Any] = {"early_samples": torch.tensor(EARLY), "beyond": beyond}
    given |= {"hold_samples": torch.tensor([0.0, 3.0, 170.0, 900.0])}
    given["average_samples"] = None if averages is None else torch.tensor(averages, dtype=dtype)
    rest = resting(900, dtype, ROWS)
    whole, after = gate(audio, **values(dtype), **given, state=rest)
    audio.requires_grad_(graded)
    for steps in ([1, 2, 3, 500, 511, 3983], [13] * 384 + [8], [2048, 2048, 904]):
        state, at, outputs = rest, 0, []
        for step in steps:
            heard = audio[..., at : at + step + beyond]
            output, state = gate(heard, **values(dtype), **given, state=state)
            outputs.append(output)
            at += step
        assert torch.equal(torch.cat(outputs, -1), whole)
        assert torch.equal(state, after)


@pytest.mark.parametrize("averages", [None, AVERAGES], ids=["peak", "rms"])
def test_silence_is_silence_with_finite_gradients(averages: tuple | None):
    leaves = [torch.zeros(ROWS, 2, 100), *values(torch.float32).values()]
    average = None if averages is None else torch.tensor(averages).requires_grad_()
    for leaf in leaves:
        leaf.requires_grad_()
    output, after = gate(
        *leaves, hold_samples=torch.tensor(HOLDS), average_samples=average,
        state=resting(40, torch.float32, ROWS),
    )  # fmt: skip
    assert not output.any()
    assert not after.any()
    leaves += [] if average is None else [average]
    for gradient in torch.autograd.grad(output.sum(), leaves):
        assert gradient.isfinite().all()


def test_a_hold_for_which_the_state_has_no_room_is_told():
    one = torch.ones(1)
    with pytest.raises(AudioError, match=r"every hold to be 0 to 4 samples.*they are 5 to 5"):
        gate(
            torch.zeros(1, 1, 50), one, one, one, one, one, hold_samples=5 * one,
            average_samples=None, state=resting(4, torch.float32),
        )  # fmt: skip


@pytest.mark.parametrize("level_db", [-60.0, -45.0, -38.0, -36.0, -31.2, -28.8, -24.0, -6.0])
def test_pedalboard_opens_and_closes_at_the_same_levels(level_db: float):
    """Its gate is an expander whose gain goes down by 99 dB for each dB, ours goes down by a range.

    So they agree on what is open, and on what is down by 60 dB, from 1 dB off the threshold on.
    """
    pedalboard = pytest.importorskip("pedalboard")
    audio = np.full((1, 22_050), 10.0 ** (level_db / 20.0), np.float32)
    board = pedalboard.NoiseGate(threshold_db=-30.0, ratio=100.0, attack_ms=1.0, release_ms=10.0)
    theirs = float(np.abs(board(audio, 44_100.0)[0, -1]) / audio[0, -1])
    ours = gain_db(np.full(22_050, level_db), attack_samples=7.0, release_samples=70.0)[-1]
    assert (theirs > 0.999) == (ours > -0.01)
    assert (theirs < 1e-3) == (ours < -59.9)
