"""What holds for every processor of the registry, stated once."""

import math

import pytest
import torch
from torch import Tensor

from mixtrace.dsp import saturation_reach_samples
from mixtrace.graph import INPUT, OUTPUT, Graph
from mixtrace.params import TapPosition
from mixtrace.processors import PROCESSORS, FilterProcessor, Processor, Settings
from mixtrace.processors.base import DESIGN_RATE_HZ
from mixtrace.rendering import render_walk

KINDS = list(PROCESSORS)
PARAMETERS = [(kind, spec.name) for kind in KINDS for spec in PROCESSORS[kind].params]
STEPPED = ("look_ahead_ms", "hold_ms")
"""Times that become whole samples: they have no gradient, nor have choices."""
MOVED = [
    (kind, name)
    for kind, name in PARAMETERS
    if name not in STEPPED
    and not PROCESSORS[kind].param(name).choices
    and not PROCESSORS[kind].param(name).fixed
]
NEUTRAL = [kind for kind in KINDS if any(s.neutral is not None for s in PROCESSORS[kind].params)]

STEPS = {
    "compressor": 1e-6,
    "compressor_expander": 1e-6,
    "gate": 1e-6,
    "one_pole_compressor": 1e-6,
    "one_pole_gate": 1e-6,
    "knot_s": 1e-7,
    "pre_delay_ms": 5e-6,
}
"""Steps of finite differences, of kinds and parameters for which 1e-5 is too far. Within it the
louder of two channels can change where peaks are heard, a level can pass the end of a knee, and a
line bends where a knot passes a sample; a pre-delay turns the highest frequencies fast."""

FEW = 16
"""Numbers of a parameter, of two nodes together, that are each moved alone."""

IDLE = ("gate", "limiter")
"""Kinds of which one of two nodes may stay open, or be at its ceiling whatever its gain."""


def spec_of(kind: str, name: str):
    return next(spec for spec in PROCESSORS[kind].params if spec.name == name)


def noise(nodes: int = 2, time: int = 3000, dtype=torch.float64, seed: int = 0) -> Tensor:
    """Return stereo noise around -20 dB, where the published dynamics act."""
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(nodes, 2, time, dtype=torch.float64, generator=generator).to(dtype)


def forward(kind: str, audio: Tensor, values: dict[str, Tensor], rate_hz=DESIGN_RATE_HZ) -> Tensor:
    return PROCESSORS[kind].forward(audio, values, rate_hz)


def test_the_registry_knows_processors_by_their_own_kind():
    for kind, entry in PROCESSORS.items():
        assert isinstance(entry, Processor)
        assert entry.kind == kind
    letters = "".join(entry.letter for entry in PROCESSORS.values())
    assert letters.startswith("ecnsgdr")  # the published chain
    assert len(set(letters)) == len(letters)
    for kind in KINDS:
        names = [spec.name for spec in PROCESSORS[kind].params]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_output_has_the_form_of_the_input(kind, dtype, draw_physical):
    audio = noise(dtype=dtype)
    output = forward(kind, audio, draw_physical(kind, dtype=dtype))
    assert output.shape == audio.shape
    assert output.dtype == dtype


@pytest.mark.parametrize("kind", NEUTRAL)
def test_neutral_parameters_are_the_identity(kind, neutral_values):
    audio = noise()
    # The middle of the equalizer's periodic window is 1 - 6e-7; everything else is exact.
    torch.testing.assert_close(
        forward(kind, audio, neutral_values(kind)), audio, rtol=1e-6, atol=1e-14
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_of_zero_is_the_identity_and_of_one_the_processor(kind, draw_physical):
    audio, values = noise(nodes=1), draw_physical(kind, 1)
    graph = Graph.of(((INPUT, "a"), (kind, "a"), (OUTPUT, "mix")), ((0, 1), (1, 2)))
    for wet, expected in ((0.0, audio), (1.0, forward(kind, audio, values))):
        weight = {kind: torch.tensor([wet], dtype=torch.float64)}
        settings = Settings.by_kind(graph.by_kind(), {kind: values}, weight)
        settings.check({1: kind})
        rendered = render_walk(graph, settings, [audio[0]], DESIGN_RATE_HZ)
        torch.testing.assert_close(rendered, expected[0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_equals_one_by_one(kind, draw_physical):
    audio, values = noise(3), draw_physical(kind, 3)
    together = forward(kind, audio, values)
    for i in range(3):
        alone = forward(kind, audio[i : i + 1], {n: v[i : i + 1] for n, v in values.items()})
        # Batched transforms may sum in another order.
        torch.testing.assert_close(together[i], alone[0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_a_processor_widens_only_if_it_says_so(kind, draw_physical):
    audio = noise()[:, :1].expand(-1, 2, -1)
    left, right = forward(kind, audio, draw_physical(kind)).unbind(1)
    same = torch.allclose(left, right, rtol=1e-12, atol=1e-14)
    assert same != PROCESSORS[kind].widens


def loss_of(kind: str, audio: Tensor, z: dict[str, Tensor]) -> Tensor:
    """Return a smooth scalar of the output of unconstrained values."""
    values = {spec.name: spec.physical(z[spec.name]) for spec in PROCESSORS[kind].params}
    output = forward(kind, audio, values)
    return (output * noise(output.shape[0], output.shape[2], seed=9)).sum() + output.square().sum()


def directions(shape: torch.Size) -> Tensor:
    """Return where to move: every number alone where they are few, else five ways at random."""
    if shape.numel() <= FEW:
        return torch.eye(shape.numel(), dtype=torch.float64).reshape(-1, *shape)
    generator = torch.Generator().manual_seed(7)
    return torch.randn((5, *shape), dtype=torch.float64, generator=generator)


@pytest.mark.parametrize(("kind", "name"), [*MOVED, *((kind, "audio") for kind in KINDS)])
def test_gradients_against_finite_differences(kind, name, draw):
    if name != "audio" and isinstance(spec_of(kind, name).warp, TapPosition):
        pytest.skip("its gradient is a stand-in: see tests/dsp/test_taps.py, tests/test_params.py")
    leaves = {"audio": noise(), **draw(kind)}

    def loss(change: Tensor | float) -> Tensor:
        moved = {**leaves, name: leaves[name] + change}
        return loss_of(kind, moved.pop("audio"), moved)

    def difference(change: Tensor) -> Tensor:
        return (loss(change) - loss(-change)) / 2.0

    leaves[name].requires_grad_()
    (gradient,) = torch.autograd.grad(loss(0.0), leaves[name])
    step = STEPS.get(kind, STEPS.get(name, 1e-5))
    exact, slopes = [], []
    for direction in directions(gradient.shape):
        with torch.no_grad():
            near, far = difference(step * direction), difference(2.0 * step * direction)
        slopes.append((4.0 * near - 0.5 * far) / (3.0 * step))
        exact.append((gradient * direction).sum())
    # Rounding of a loss of some hundreds leaves 3e-8; samples that pass the end of a knee within a
    # step add 1e-7.
    torch.testing.assert_close(torch.stack(exact), torch.stack(slopes), rtol=1e-6, atol=5e-8)
    moves = torch.stack(exact).abs()
    assert (moves.max() if kind in IDLE else moves.min()) > 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [0.0, 1.0, 8.0], ids=["silence", "full-scale", "beyond"])
@pytest.mark.parametrize("position", ["start", "low", "high"])
def test_gradients_are_finite_at_every_level_and_range_end(kind, level, position):
    z = {}
    for spec in PROCESSORS[kind].params:
        z[spec.name] = torch.full((2, *spec.shape), spec.init)
        if position != "start":
            end = torch.tensor(spec.low if position == "low" else spec.high)
            z[spec.name] = spec.unconstrained(end.expand(2, *spec.shape).clone())
    audio = level * noise(dtype=torch.float32).sign()
    leaves = {"audio": audio, **z}
    for leaf in leaves.values():
        leaf.requires_grad_()
    values = {spec.name: spec.physical(leaves[spec.name]) for spec in PROCESSORS[kind].params}
    output = forward(kind, audio, values)
    assert output.isfinite().all()
    # What is switched off has no gradient, and what never moves needs none.
    moved = {n: leaf for n, leaf in leaves.items() if n == "audio" or (kind, n) in MOVED}
    gradients = torch.autograd.grad(
        output.square().sum(), list(moved.values()), materialize_grads=True
    )
    for name, gradient in zip(moved, gradients, strict=True):
        assert gradient.isfinite().all(), name


@pytest.mark.parametrize(("kind", "name"), sorted({*PARAMETERS} - {*MOVED}))
def test_no_search_moves_what_has_no_gradient(kind, name):
    assert spec_of(kind, name).rate == 0.0


@pytest.mark.parametrize(("kind", "name"), PARAMETERS)
def test_every_parameter_changes_the_output(kind, name, draw_physical):
    audio = noise(time=9000)
    values = draw_physical(kind, seed=1)
    others = draw_physical(kind, seed=2)
    if PROCESSORS[kind].param(name).fixed and not PROCESSORS[kind].param(name).shape:
        # Far from what suits a song: 0.1 s and 0.2 s are kept of a sound of 0.3 s.
        values[name] = torch.full_like(values[name], {"length_s": 0.1}.get(name, 30_000.0))
        others[name] = 2.0 * values[name]
    before = forward(kind, audio, values)
    after = forward(kind, audio, {**values, name: others[name]})
    assert (after - before).norm() > 1e-3 * before.norm()


def test_sharpness_shapes_gradients_only(draw_physical):
    audio, values = noise(), draw_physical("twenty_tap_delay")
    blunt = values["taps"] * torch.tensor([1.0, 0.1])
    before = forward("twenty_tap_delay", audio, values)
    assert torch.equal(before, forward("twenty_tap_delay", audio, {**values, "taps": blunt}))


@pytest.mark.parametrize(("kind", "name"), PARAMETERS)
def test_physical_values_survive_the_round_trip(kind, name):
    spec = spec_of(kind, name)
    low = torch.as_tensor(spec.low, dtype=torch.float64).expand(spec.shape)
    high = torch.as_tensor(spec.high, dtype=torch.float64).expand(spec.shape)
    for fraction in torch.linspace(0.0, 1.0, 21, dtype=torch.float64).tolist():
        value = (low + fraction * (high - low))[None]
        if spec.choices:
            value = spec.clip(value)
        if isinstance(spec.warp, TapPosition) and fraction == 1.0:
            value[..., 0] = 0.0  # the end of a slot is its start
        if spec.choices:
            value = spec.clip(value)
        back = spec.physical(spec.unconstrained(value))
        # Inverse warps stay 1e-6 inside a range whose end is at infinity; where they move by a
        # ratio, that is 1e-6 of its logarithm.
        torch.testing.assert_close(back, value, rtol=1e-5, atol=3e-6)


@pytest.mark.parametrize(("kind", "name"), PARAMETERS)
def test_each_choice_has_a_word_of_its_own(kind, name):
    """Without what ends a name in a list of REAPER's sliders."""
    spec = PROCESSORS[kind].param(name)
    words = [spec.choice_word(choice) for choice in spec.choices]
    assert len(set(words)) == len(words)
    assert not set("".join(words)) & set(",{}<>|")
    if spec.choices == (0.0, 1.0):
        assert not any(word.isdigit() for word in words)


@pytest.mark.parametrize(("kind", "name"), PARAMETERS)
def test_the_published_start_and_the_neutral_value_lie_in_range(kind, name):
    spec = spec_of(kind, name)
    start = torch.full((1, *spec.shape), spec.init, dtype=torch.float64)
    torch.testing.assert_close(spec.physical(start), spec.warp.physical(start))
    assert (spec.rate == 0.0) or not spec.choices
    if spec.start is not None:
        start = torch.as_tensor(spec.start, dtype=torch.float32).expand((1, *spec.shape)).clone()
        assert torch.equal(spec.clip(start), start)
    if spec.neutral is not None:
        neutral = torch.full((1, *spec.shape), spec.neutral)
        assert torch.equal(spec.clip(neutral), neutral)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("one_pole_compressor", "threshold_db", -60.0 / math.log(10.0)),  # log energy -6
        (
            "one_pole_compressor",
            "knee_db",
            10.0 / math.log(10.0),
        ),  # one neper of energy, full width
        ("one_pole_compressor", "time_ms", 1.0 / (30.0 * math.log(2.0))),  # pole 1/2 at 30 kHz
        ("one_pole_compressor", "slope", -1.0),  # ratio 2 of energies: a limiter
        ("one_pole_gate", "slope", -2.0),  # ratio 2 of energies
        ("noise_reverb", "initial_db", 0.0),
        ("noise_reverb", "rt60_s", 0.0064 * math.log(1000.0) * 8.0 / math.log(2.0)),
    ],
)
def test_the_published_start_in_physical_units(kind, name, expected):
    spec = spec_of(kind, name)
    start = spec.physical(torch.full((1, *spec.shape), spec.init, dtype=torch.float64))
    torch.testing.assert_close(start, torch.full_like(start, expected))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate_hz", [30_000.0, 44_100.0])
def test_nothing_sounds_before_its_cause(kind, rate_hz, draw_physical):
    values, entry = draw_physical(kind), PROCESSORS[kind]
    start = 2000
    audio = torch.cat([torch.zeros(2, 2, start, dtype=torch.float64), noise()], -1)
    output = forward(kind, audio, values, rate_hz)
    # The equalizer is zero-phase: half its taps act early. Saturation works at a higher rate, whose
    # filters are symmetric. A look-ahead hears 10 ms early, or 15.
    ahead = math.ceil(0.01 * rate_hz)
    leads = {
        "equalizer": round(1023 * rate_hz / 30_000.0),
        "saturation": saturation_reach_samples(rate_hz),
    }
    leads |= dict.fromkeys(("compressor", "gate", "limiter"), ahead)
    leads["compressor_expander"] = math.ceil(0.015 * rate_hz) + 1  # between samples, so one more
    lead, _ = entry.reach(rate_hz, {})
    assert lead == leads.get(kind, 0)
    peak = output.abs().max()
    # A transform leaves 1e-15 of the loudest sample everywhere.
    assert output[..., : start - lead].abs().max() <= 1e-13 * peak
    # The first tap of a window is 0; the one after it acts. Of filters in series the first ones do
    # next to nothing.
    edge = output[..., : start - lead + 2].abs().max()
    assert edge > 1e-12 * peak or kind != "equalizer"


@pytest.mark.parametrize("kind", [k for k in KINDS if isinstance(PROCESSORS[k], FilterProcessor)])
@pytest.mark.parametrize("rate_hz", [22_050.0, 30_000.0, 44_100.0, 48_000.0])
def test_responses_stay_within_the_stated_extent(kind, rate_hz, draw_physical):
    entry = PROCESSORS[kind]
    assert isinstance(entry, FilterProcessor)
    values = draw_physical(kind)
    response = entry.impulse_response(values, rate_hz)
    weights = torch.ones(2, dtype=torch.float64)
    lengths = dict(Settings.by_kind({kind: (0, 1)}, {kind: values}, {kind: weights}).lengths)
    reaches = [entry.reach(rate_hz, dict(lengths.get(i, ()))) for i in range(2)]
    lead, tail = max(reaches)
    for taps, (_, own) in zip(response.taps, reaches, strict=True):
        assert not taps[:, lead + own + 1 :].any()
    assert response.lead_samples == lead
    assert tail - 1 <= response.taps.shape[-1] - 1 - lead <= tail
