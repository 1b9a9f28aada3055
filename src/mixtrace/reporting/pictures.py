"""Pictures of processors as SVG: what they want drawn, over axes of the page."""

import numpy as np
from markupsafe import Markup

from mixtrace.processors import Heard, NodeSettings, processor
from mixtrace.processors.picture import Panel, Scale, Trace
from mixtrace.reporting.svg import WIDTH, Axis, Plot, clock_axis, figure, frequency_axis, level_axis

__all__ = ["picture"]

_LEFT, _RIGHT, _BETWEEN = 36.0, 10.0, 36.0
_TOP, _BELOW = 16.0, 30.0
_TALL, _SEVERAL_TALL, _ROW_TALL = 150.0, 128.0, 32.0
_NARROW = 200.0  # where every mark of a frequency axis would touch the next
_LOOKS = {
    "line": "line",
    "second": "line second",
    "zero": "zero",
    "bar": "bar",
    "sound": "sound",
    "taken": "area taken",
    "stem": "stem",
    "stem-left": "stem left",
    "stem-right": "stem right",
}


def picture(title: str, node: NodeSettings, heard: Heard) -> str:
    """Return an SVG of what a processor does; empty for one that has no picture.

    Args:
        title: what the processor is called.
        node: its settings.
        heard: what was measured.
    """
    wanted = processor(node.kind).picture(node, heard)
    if wanted is None:
        return ""
    room = WIDTH - _LEFT - _RIGHT - _BETWEEN * (len(wanted.panels) - 1)
    total = sum(panel.share for panel in wanted.panels)
    left, drawn, bottom = _LEFT, [], 0.0
    for panel in wanted.panels:
        width = room * panel.share / total
        plot = _plot(panel, left, width, len(wanted.panels))
        drawn += [plot.axes(), *(_drawn(plot, panel, trace) for trace in panel.traces)]
        drawn += [plot.note(panel.note)] if panel.note else []
        left, bottom = left + width + _BETWEEN, max(bottom, plot.top + plot.height)
    return figure(f"{title}: {wanted.what}", drawn, bottom + _BELOW)


def _plot(panel: Panel, left: float, width: float, panels: int) -> Plot:
    tall = _TALL if panels == 1 else _SEVERAL_TALL
    if panel.up.kind == "names":
        tall = _ROW_TALL * len(panel.up.names)
        left, width = left + 8.0, width - 8.0
    return Plot(_axis(panel.across, width), _axis(panel.up, tall), left, _TOP, width, tall)


def _axis(scale: Scale, room: float) -> Axis:
    if scale.kind == "frequency":
        return frequency_axis(scale.low, scale.high, decades=room < _NARROW)
    if scale.kind == "clock":
        return clock_axis(scale.high, scale.unit)
    if scale.kind == "names":
        ticks = tuple((float(place), name) for place, name in enumerate(scale.names, 1))
        return Axis(scale.low, scale.high, ticks, scale.unit)
    return level_axis(scale.low, scale.high, scale.step, scale.unit)


def _drawn(plot: Plot, panel: Panel, trace: Trace) -> Markup:
    look = _LOOKS[trace.style]
    x, y = np.asarray(trace.x, np.float64), np.asarray(trace.y, np.float64)
    if trace.style in ("sound", "taken"):
        return plot.area(x, y, trace.base, look)
    if trace.style.startswith("stem"):
        return plot.stems(x, y, panel.up.low if trace.base is None else trace.base, look)
    return plot.line(x, y, look)
