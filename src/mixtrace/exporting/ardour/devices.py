"""What stands in Ardour for a processor: Lua of our own, a response, or a line of gains.

How loud a channel is and where it stands are its own fader and pan pot, where the processor that
says so comes last; see `routes`.
"""

from mixtrace.exporting.ardour.plugins import Convolver, Knob, LuaPlugin, Plugin
from mixtrace.exporting.project import Project
from mixtrace.exporting.rides import Line, line_of
from mixtrace.params import ParamSpec
from mixtrace.processors import (
    AutomationProcessor,
    FilterProcessor,
    MatrixProcessor,
    NodeSettings,
    processor,
)

__all__ = ["SIDES", "device", "expressible"]

_SCRIPTS = {
    "parametric_equalizer": ("parametric_equalizer",),
    "compressor": ("compressor",),
    "gate": ("gate",),
    "limiter": ("limiter",),
    "one_pole_compressor": ("one_pole_compressor", "one_pole"),
    "one_pole_gate": ("one_pole_gate", "one_pole"),
    "saturation": ("saturation",),
    "feedback_delay": ("feedback_delay",),
    "fader": ("fader",),
    "gain_panning": ("gain_panning",),
    "stereo_imager": ("stereo_imager",),
}
"""The kinds whose equations are written in Lua, and where."""

_MOST_DB = 120.0
SIDES = ("left_from_left", "left_from_right", "right_from_left", "right_from_right")


def expressible(kind: str) -> bool:
    """Return whether Ardour can be given a processor; else its sound has to be rendered."""
    known = (FilterProcessor, MatrixProcessor, AutomationProcessor)
    return kind in _SCRIPTS or isinstance(processor(kind), known)


def device(project: Project, node: int) -> Plugin | Line:
    """Return what stands for a processor that is `expressible`."""
    entry, settings = processor(project.graph.nodes[node].kind), project.node(node)
    if entry.kind in _SCRIPTS:
        scripts = _SCRIPTS[entry.kind]
        late = _latency_samples(settings, project.sample_rate_hz)
        knobs = _knobs(settings)
        return LuaPlugin(entry.label, entry.about, scripts, knobs, settings.keyed, late)
    if isinstance(entry, FilterProcessor):
        return Convolver(entry.label, project.response(node))
    if isinstance(entry, MatrixProcessor):
        cells = zip(SIDES, project.matrix(node).ravel().tolist(), strict=True)
        most = 10.0 ** (_MOST_DB / 20.0)
        knobs = [Knob(name, name.replace("_", " "), value, -most, most) for name, value in cells]
        return LuaPlugin(entry.label, entry.about, ("matrix",), tuple(knobs))
    assert isinstance(entry, AutomationProcessor), entry.kind
    return line_of(project, node)


def _knobs(settings: NodeSettings) -> tuple[Knob, ...]:
    """Return a knob for every number of a processor, and its dry/wet weight."""
    found = []
    for spec in processor(settings.kind).params:
        values = settings.values[spec.name].reshape(-1).tolist()
        found += [_knob(spec, place, value) for place, value in enumerate(values, 1)]
    return (*found, Knob("wet", "wet", settings.wet, 0.0, 1.0))


def _latency_samples(settings: NodeSettings, sample_rate_hz: int) -> int:
    if settings.kind == "saturation":
        return processor(settings.kind).reach(sample_rate_hz, {})[0]
    if "look_ahead_ms" in settings.values:
        return round(settings.number("look_ahead_ms") * sample_rate_hz / 1000.0)
    return 0


def _knob(spec: ParamSpec, place: int, value: float) -> Knob:
    assert isinstance(spec.low, float) and isinstance(spec.high, float)
    ends, several = (spec.low, spec.high), bool(spec.shape)
    choices = {spec.choice_word(choice): choice for choice in spec.choices}
    unit = "" if choices else spec.unit  # the words of choices tell theirs
    return Knob(spec.name, spec.label_of(place), value, *ends, unit, choices, several)
