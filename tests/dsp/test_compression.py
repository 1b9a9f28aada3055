"""The compressor: against tensor operations, the paper's recursion, closed forms and pedalboard."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.dsp import compress
from mixtrace.dsp.compression import compress_reference
from mixtrace.dsp.detection import blocks_of
from mixtrace.errors import AudioError

ROWS = 4
SCALARS = {
    "threshold_db": (-20.0, -30.0, -10.0, -15.0),
    "knee_db": (0.0, 6.0, 12.0, 3.0),
    "slope": (-0.5, -0.75, -1.0, -0.9),
    "attack_samples": (0.0, 10.0, 90.0, 30.0),
    "release_samples": (100.0, 50.0, 400.0, 0.0),
    "wet": (1.0, 0.5, 0.8, 1.0),
    "make_up_db": (0.0, 6.0, 3.0, 12.0),
}
AVERAGES = (0.0, 5.0, 50.0, 300.0)
EARLY = (0.0, 3.4, 25.0, 7.0)


def values(dtype: torch.dtype) -> dict[str, Tensor]:
    return {name: torch.tensor(value, dtype=dtype) for name, value in SCALARS.items()}


def bursts(channels: int, time: int, seed: int) -> Tensor:
    """Return noise that rises and falls through thresholds and knees."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(ROWS, channels, time, dtype=torch.float64, generator=generator)
    return noise * torch.tensor([0.05, 1.0, 1e-3]).repeat_interleave(-(-time // 3))[:time]


def one(**changes: Any) -> dict[str, Any]:
    """Return settings of one row that detects peaks and acts at once, with changes."""
    plain = {"threshold_db": -20.0, "knee_db": 0.0, "slope": -0.75, "attack_samples": 0.0}
    plain |= {"release_samples": 0.0, "wet": 1.0, "average_samples": None} | changes
    given: dict[str, Any] = {"state": torch.zeros(1, 2).double()}
    return given | {k: v if v is None else torch.tensor([v]).double() for k, v in plain.items()}


def gain_db(audio: Tensor, **settings: Any) -> np.ndarray:
    """Return the gain over time of one row."""
    output, _ = compress(audio[None, None], **one(**settings))
    return 20.0 * torch.log10(output[0, 0] / audio).numpy()


@pytest.mark.parametrize("averages", [None, AVERAGES], ids=["peak", "rms"])
@pytest.mark.parametrize(("sides", "beyond"), [(0, 0), (0, 25), (1, 0), (2, 25)])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("smooths_level", [False, True], ids=["gain", "level"])
@pytest.mark.parametrize(
    # float32: recursions of some hundred samples in another order; gradients add more of them.
    ("dtype", "near", "near_gradient"),
    [(torch.float64, 1e-10, 1e-10), (torch.float32, 2e-5, 2e-4)],
)
def test_compiled_is_the_reference(
    dtype, near: float, near_gradient: float, channels, sides, beyond, averages, smooths_level
):
    results = []
    for function, precision in ((compress, dtype), (compress_reference, torch.float64)):
        leaves = {"audio": bursts(channels, 330, 0), "key": bursts(sides or 1, 330, 1)}
        leaves |= values(dtype) | {"average_samples": torch.tensor(averages or AVERAGES)}
        leaves = {k: v.to(dtype).to(precision).requires_grad_() for k, v in leaves.items()}
        given: dict[str, Any] = {**leaves, "smooths_level": smooths_level}
        if not sides:
            del given["key"], leaves["key"]
        if averages is None:
            del leaves["average_samples"]
            given["average_samples"] = None
        state = torch.tensor([[0.01, 3.0]] * ROWS, dtype=precision)
        early = torch.tensor(EARLY) if beyond else None
        output, after = function(**given, state=state, early_samples=early, beyond=beyond)
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


@pytest.mark.parametrize("averages", [None, (3.0, 5.0, 20.0, 30.0)], ids=["peak", "rms"])
@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("smooths_level", [False, True], ids=["gain", "level"])
def test_gradients_against_finite_differences(averages, linked: bool, smooths_level: bool):
    audio, key = bursts(2, 40, 0), bursts(2, 40, 1)
    leaves = {**values(torch.float64)}
    # Away from corners: a time constant or a knee of nothing has differences on one side only.
    leaves = {k: v.clamp_min(2.0) if "a" in k[-7:] or "knee" in k else v for k, v in leaves.items()}
    if averages is not None:
        leaves["average_samples"] = torch.tensor(averages).double()
    names = list(leaves)

    def function(audio: Tensor, key: Tensor, *scalars: Tensor) -> Tensor:
        given: dict[str, Any] = {"average_samples": None, **dict(zip(names, scalars, strict=True))}
        state = torch.full((ROWS, 2 if linked else 4), 0.01).double()
        early = torch.tensor([0.0, 2.0, 4.0, 1.0])
        given |= {"linked": linked, "smooths_level": smooths_level, "early_samples": early}
        return compress(audio, **given, key=key, state=state, beyond=4)[0]

    inputs = [v.requires_grad_() for v in (audio, key, *leaves.values())]
    assert torch.autograd.gradcheck(function, inputs, eps=1e-7, atol=1e-5, rtol=1e-4)


def paper(level_db: np.ndarray, threshold: float, ratio: float, knee: float, poles) -> np.ndarray:
    """Return the gain in dB of Giannoulis et al. 2012: eq. (4), then the branching detector."""
    attack, release = poles
    gain, state = [], 0.0
    for x in level_db:
        if 2.0 * (x - threshold) < -knee:
            y = x
        elif 2.0 * abs(x - threshold) <= knee:
            y = x + (1.0 / ratio - 1.0) * (x - threshold + knee / 2.0) ** 2 / (2.0 * knee)
        else:
            y = threshold + (x - threshold) / ratio
        wanted = x - y
        pole = attack if wanted > state else release
        state = pole * state + (1.0 - pole) * wanted
        gain.append(-state)
    return np.array(gain)


def test_the_recursion_of_the_paper():
    audio = bursts(1, 3000, 5)[0, 0]
    found = gain_db(
        audio, threshold_db=-25.0, knee_db=8.0, slope=1.0 / 4.0 - 1.0, attack_samples=20.0,
        release_samples=200.0,
    )  # fmt: skip
    level_db = 20.0 * np.log10(np.abs(audio.numpy()))
    expected = paper(level_db, -25.0, 4.0, 8.0, (np.exp(-1.0 / 20.0), np.exp(-1.0 / 200.0)))
    # The floor of -120 dB is in ours alone, and is 2e-4 dB of the softest sample that counts.
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert expected.min() < -10.0


@pytest.mark.parametrize("average", [None, 300.0], ids=["peak", "rms"])
@pytest.mark.parametrize("level_db", [-50.0, -26.0, -22.0, -20.0, -17.0, -6.0, 0.0])
def test_static_curve_after_settling(level_db: float, average: float | None):
    audio = torch.full((8000,), 10.0 ** (level_db / 20.0), dtype=torch.float64)
    found = gain_db(
        audio, knee_db=10.0, average_samples=average, attack_samples=200.0, release_samples=500.0
    )
    expected = paper(np.array([level_db]), -20.0, 4.0, 10.0, (0.0, 0.0))
    # 20 time constants leave 2e-9 of it; the floor of -120 dB counts for 4e-7 dB at -50 dB.
    np.testing.assert_allclose(found[-1], expected[0], atol=1e-6)


def test_a_sine_is_at_0_db_of_peak_and_at_3_db_less_of_mean():
    sine = torch.sin(torch.arange(44_100).double() * (2.0 * np.pi * 1000.0 / 44_100.0))
    given = one(attack_samples=0.0, release_samples=1e9, slope=-1.0)
    peaks, _ = compress(sine[None, None], **given)
    mean = one(average_samples=2000.0, slope=-1.0, threshold_db=-10.0)
    means, _ = compress(sine[None, None], **mean)
    assert peaks[0, 0, -44:].abs().max().log10() * 20.0 == pytest.approx(-20.0, abs=0.01)
    assert means[0, 0, -44:].abs().max().log10() * 20.0 == pytest.approx(-10.0 + 3.01, abs=0.02)


@pytest.mark.parametrize("samples", [10, 441, 4410])
def test_attack_and_release_reach_63_percent_in_db_after_their_time(samples: int):
    quiet, loud = (
        torch.full((n,), v).double() for n, v in ((20 * samples, 0.01), (20 * samples, 1.0))
    )
    found = gain_db(
        torch.cat([loud, quiet]), attack_samples=float(samples), release_samples=2.0 * samples
    )
    reduction = 0.75 * 20.0
    assert found[samples - 1] == pytest.approx(-reduction * (1.0 - np.exp(-1.0)), rel=1e-6)
    start = found[20 * samples - 1]
    assert found[22 * samples - 1] == pytest.approx(start * np.exp(-1.0), rel=1e-6)


def under_key(key: Tensor, **settings: Any) -> np.ndarray:
    """Return the gain in dB over time of a level smoothed, 4:1 above -60 dB, for a key."""
    output, _ = compress(
        torch.ones_like(key)[None, None],
        **one(threshold_db=-60.0, **settings),
        key=key[None, None],
        smooths_level=True,
    )
    return 20.0 * torch.log10(output[0, 0]).numpy()


@pytest.mark.parametrize("samples", [10, 441, 4410])
def test_a_smoothed_level_reaches_63_percent_of_a_step_and_falls_in_a_line_in_db(samples: int):
    key = torch.cat([torch.full((20 * samples,), 0.5), torch.zeros(6 * samples)]).double()
    found = under_key(key, attack_samples=float(samples), release_samples=2.0 * samples)
    level_db = -60.0 - found / 0.75
    half_db = 20.0 * np.log10(0.5)
    # The floor of -120 dB is 4e-6 dB of the softest level that is looked at.
    reached = 20.0 * np.log10(1.0 - np.exp(-1.0))
    assert level_db[samples - 1] == pytest.approx(half_db + reached, abs=1e-4)
    falling = level_db[20 * samples - 1 :: 2 * samples]
    np.testing.assert_allclose(np.diff(falling), -20.0 / np.log(10.0), atol=1e-4)
    np.testing.assert_allclose(np.diff(level_db[20 * samples :], 2), 0.0, atol=1e-6)


def test_of_a_smoothed_level_nothing_else_is_smoothed():
    """The envelope by hand, then a compressor that acts at once on it as its key."""
    audio, key = bursts(1, 3000, 7)[:1], bursts(1, 3000, 8)[:1]
    poles = np.exp(-1.0 / 20.0), np.exp(-1.0 / 300.0)
    envelope, level = [], 0.0
    for v in key[0, 0].abs().tolist():
        pole = poles[0] if v > level else poles[1]
        level = pole * level + (1.0 - pole) * v
        envelope.append(level)
    times = {"attack_samples": 20.0, "release_samples": 300.0}
    smoothed, _ = compress(audio, **one(knee_db=6.0, **times), key=key, smooths_level=True)
    heard = torch.tensor(envelope, dtype=torch.float64)[None, None]
    at_once, _ = compress(audio, **one(knee_db=6.0), key=heard)
    # Rounding over 300 samples.
    torch.testing.assert_close(smoothed, at_once, rtol=1e-11, atol=0.0)
    plain, _ = compress(audio, **one(knee_db=6.0, **times), key=key)
    assert not torch.allclose(plain, smoothed, rtol=0.05, atol=0.0)


def blocks(function, audio: Tensor, state: Tensor, beyond: int, steps: list[int]):
    outputs, at, time = [], 0, audio.shape[-1] - beyond
    for step in [*steps, time]:
        step = min(step, time - at)
        if step > 0:
            output, state = function(audio[..., at : at + step + beyond], state=state)
            outputs.append(output)
            at += step
    return torch.cat(outputs, -1), state


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("averages", [None, AVERAGES], ids=["peak", "rms"])
@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("graded", [True, False])
@pytest.mark.parametrize("smooths_level", [False, True], ids=["gain", "level"])
def test_blocks_are_the_whole_to_the_last_bit(dtype, averages, linked, graded, smooths_level):
    average = None if averages is None else torch.tensor(averages, dtype=dtype)
    early = torch.tensor(EARLY)
    function = partial(
        compress, **values(dtype), average_samples=average, early_samples=early, beyond=25,
        linked=linked, smooths_level=smooths_level,
    )  # fmt: skip
    audio = bursts(2, 5025, 0).to(dtype)
    rest = torch.zeros(ROWS, 2 if linked else 4, dtype=dtype)
    whole, after = function(audio, state=rest)
    audio.requires_grad_(graded)
    for steps in ([1, 2, 3, 500, 511, 1000], [13] * 400, [2048, 2048]):
        joined, last = blocks(function, audio, rest, 25, steps)
        assert torch.equal(joined, whole)
        assert torch.equal(last, after)


def test_the_gain_comes_early_by_the_look_ahead():
    audio = bursts(1, 900, 3)[0, 0]
    settings = {"attack_samples": 15.0, "release_samples": 60.0}
    plain = gain_db(audio, **settings)
    output, _ = compress(
        audio[None, None], **one(**settings), early_samples=torch.tensor([39.6]), beyond=100
    )
    early = 20.0 * torch.log10(output[0, 0] / audio[:800]).numpy()
    np.testing.assert_allclose(early, plain[40:840], atol=1e-9)


def test_a_key_is_heard_instead_of_the_audio():
    audio = torch.full((1, 2, 500), 0.9, dtype=torch.float64)
    silent, _ = compress(audio, **one(), key=torch.zeros(1, 1, 500).double())
    loud, _ = compress(0.01 * audio, **one(), key=torch.ones(1, 1, 500).double())
    assert torch.equal(silent, audio)
    torch.testing.assert_close(loud, 0.01 * audio * 10.0 ** (-15.0 / 20.0))


@pytest.mark.parametrize("average", [None, 20.0], ids=["peak", "rms"])
@pytest.mark.parametrize("smooths_level", [False, True], ids=["gain", "level"])
def test_unlinked_channels_are_two_mono_tracks(average: float | None, smooths_level: bool):
    audio = bursts(2, 700, 2)[:1]
    given = one(attack_samples=10.0, release_samples=90.0, average_samples=average)
    given["smooths_level"] = smooths_level
    both: dict[str, Any] = given | {"state": torch.zeros(1, 4).double()}
    apart, after = compress(audio, **both, linked=False)
    together, _ = compress(audio, **given)
    for side in range(2):
        alone, state = compress(audio[:, side : side + 1], **given)
        assert torch.equal(apart[:, side : side + 1], alone)
        assert torch.equal(after[:, 2 * side : 2 * side + 2], state)
        assert not torch.allclose(apart[:, side], together[:, side])


def test_equal_channels_share_the_gradient_of_their_maximum():
    side = bursts(1, 300, 4)[:1]
    audio = side.repeat(1, 2, 1).requires_grad_()
    output, _ = compress(audio, **one(attack_samples=5.0, release_samples=50.0))
    (gradient,) = torch.autograd.grad(output.sum(), audio)
    torch.testing.assert_close(gradient[:, 0], gradient[:, 1])


@pytest.mark.parametrize("averages", [None, AVERAGES], ids=["peak", "rms"])
@pytest.mark.parametrize("smooths_level", [False, True], ids=["gain", "level"])
def test_silence_is_silence_with_finite_gradients(averages: tuple | None, smooths_level: bool):
    given = values(torch.float32)
    made_up = given.pop("make_up_db")
    leaves = [torch.zeros(ROWS, 2, 100), *given.values()]
    average = None if averages is None else torch.tensor(averages).requires_grad_()
    for leaf in leaves:
        leaf.requires_grad_()
    output, after = compress(
        *leaves, make_up_db=made_up, average_samples=average, state=torch.zeros(ROWS, 2),
        smooths_level=smooths_level,
    )  # fmt: skip
    assert not output.any()
    assert after.isfinite().all()
    leaves += [] if average is None else [average]
    for gradient in torch.autograd.grad(output.sum(), leaves):
        assert gradient.isfinite().all()


@pytest.mark.parametrize("average", [None, 5.0], ids=["peak", "rms"])
def test_gradients_are_finite_where_the_amplitude_fades_out_of_range(average: float | None):
    """The slope of a square root grows without limit towards silence."""
    fading = 10.0 ** torch.linspace(0.0, -42.0, 2000)
    audio = torch.cat([torch.zeros(20), fading, torch.zeros(2000)])[None, None].requires_grad_()
    given = one(attack_samples=3.0, release_samples=1e4, average_samples=average)
    single: dict[str, Any] = {k: v if v is None else v.float() for k, v in given.items()}
    output, _ = compress(audio, **single, smooths_level=True)
    (gradient,) = torch.autograd.grad(output.sum(), audio)
    assert gradient.isfinite().all()
    # As much as what is heard, 0 dB, has: no sample out of hearing counts for more.
    assert gradient.abs().max() < 100.0


def test_strided_audio_is_read_in_place():
    audio = bursts(2, 300, 6)
    wide = torch.stack([audio, -audio], -1)[..., 0]
    given: dict[str, Any] = {**values(torch.float64), "average_samples": None}
    plain, _ = compress(audio, **given, state=torch.zeros(ROWS, 2).double())
    read, _ = compress(wide, **given, state=torch.zeros(2, ROWS).double().T)
    assert torch.equal(plain, read)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"audio": torch.zeros(1, 2, 50, device="meta")}, "on the CPU.*it is on meta"),
        ({"early_samples": torch.tensor([9.0]), "beyond": 8}, "look-ahead to be 0 to 8.*9 to 9"),
        ({"beyond": 50}, "0 to 49 samples of look-ahead"),
    ],
)
def test_what_does_not_fit_is_told(changes: dict[str, Any], message: str):
    given: dict[str, Any] = {k: v if v is None else v.float() for k, v in one().items()}
    given |= {"audio": torch.zeros(1, 2, 50)} | changes
    with pytest.raises(AudioError, match=message):
        compress(**given)


@pytest.mark.parametrize("key", [torch.zeros(1, 1, 49), torch.zeros(2, 1, 50)])
def test_a_key_of_another_length_is_told(key: Tensor):
    with pytest.raises(AudioError, match="Expected a key of 1 rows of 50 samples"):
        blocks_of(torch.zeros(1, 2, 50), key, 0)


def by_pedalboard(audio: np.ndarray, **settings: float) -> np.ndarray:
    pedalboard = pytest.importorskip("pedalboard")
    return pedalboard.Compressor(**settings)(audio.astype(np.float32)[None], 44_100.0)[0]


@pytest.mark.parametrize("ratio", [2.0, 8.0])
@pytest.mark.parametrize("level_db", [-40.0, -21.0, -19.0, -10.0, 0.0])
def test_the_static_curve_of_pedalboard(level_db: float, ratio: float):
    audio = np.full(44_100, 10.0 ** (level_db / 20.0))
    theirs = by_pedalboard(audio, threshold_db=-20.0, ratio=ratio, attack_ms=1.0, release_ms=50.0)
    ours = gain_db(torch.from_numpy(audio), slope=1.0 / ratio - 1.0)
    # float32 in theirs.
    assert 20.0 * np.log10(theirs[-1] / audio[-1]) == pytest.approx(ours[-1], abs=1e-4)


@pytest.mark.parametrize(("before_db", "after_db"), [(-10.0, -9.5), (-9.5, -10.0)])
def test_the_time_constants_of_pedalboard(before_db: float, after_db: float):
    """Its times are periods, 2 pi time constants, and it smooths the level, not the gain in dB.

    On a step as small as this one both are the same but for a part of the step's own size: 3 % of
    half a dB, squared, at most.
    """
    level_db = np.repeat([before_db, after_db], 44_100)
    audio = 10.0 ** (level_db / 20.0)
    theirs = by_pedalboard(audio, threshold_db=-20.0, ratio=4.0, attack_ms=100.0, release_ms=400.0)
    scale = 44.1 / (2.0 * np.pi)
    ours = gain_db(
        torch.from_numpy(audio), attack_samples=100.0 * scale, release_samples=400.0 * scale
    )
    difference = 20.0 * np.log10(theirs / audio) - ours
    assert np.abs(difference[43_000:]).max() < 0.03 * 0.75 * 0.5
    assert np.ptp(ours[43_000:]) == pytest.approx(0.75 * 0.5, rel=1e-3)


def noise_bursts() -> np.ndarray:
    """Return two seconds of noise that six times a second rises by 30 dB and falls again."""
    clock_s = np.arange(2 * 44_100) / 44_100.0
    noise = np.random.default_rng(0).standard_normal(len(clock_s))
    swell_db = 15.0 * np.sign(np.sin(2.0 * np.pi * 6.0 * clock_s)) - 20.0
    return (10.0 ** (swell_db / 20.0) * noise).astype(np.float32)


@pytest.mark.parametrize(("attack_ms", "release_ms"), [(1.0, 50.0), (20.0, 200.0)])
def test_a_smoothed_level_is_that_of_pedalboard(attack_ms: float, release_ms: float):
    """Its times are periods, 2 pi time constants."""
    audio = noise_bursts()
    theirs = by_pedalboard(
        audio, threshold_db=-20.0, ratio=4.0, attack_ms=attack_ms, release_ms=release_ms
    )
    theirs_db = 20.0 * np.log10(theirs.astype(float) / audio)
    scale = 44.1 / (2.0 * np.pi)
    times = {"attack_samples": attack_ms * scale, "release_samples": release_ms * scale}
    sound = torch.from_numpy(audio).double()[None, None]
    output, _ = compress(sound, **one(**times), smooths_level=True)
    ours_db = 20.0 * torch.log10(output / sound)[0, 0].numpy()
    # float32 in theirs: a pole next to one is rounded, which shifts a time constant by 1e-4.
    np.testing.assert_allclose(ours_db, theirs_db, atol=1e-3)
    assert theirs_db.min() < -8.0
    assert theirs_db.max() > -1.0
