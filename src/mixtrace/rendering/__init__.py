"""From a graph to audio: plans, and the strategies that carry them out."""

from mixtrace.rendering.compiled import DryAudio, prepare_operators, render_compiled
from mixtrace.rendering.incremental import Incremental, Prepared
from mixtrace.rendering.order import Order, TypeSchedule, type_schedule
from mixtrace.rendering.plan import Region, RenderPlan, compile_plan
from mixtrace.rendering.propagation import Monitor, propagate, propagate_reference
from mixtrace.rendering.response import KeptOperators, Operators, linear_operators
from mixtrace.rendering.schedule import Observer, render_scheduled
from mixtrace.rendering.song import render_song, render_taps
from mixtrace.rendering.varied import Varied
from mixtrace.rendering.walk import render_walk
from mixtrace.rendering.work import check_work

__all__ = [
    "DryAudio",
    "Incremental",
    "KeptOperators",
    "Monitor",
    "Observer",
    "Operators",
    "Order",
    "Prepared",
    "Region",
    "RenderPlan",
    "TypeSchedule",
    "Varied",
    "check_work",
    "compile_plan",
    "linear_operators",
    "prepare_operators",
    "propagate",
    "propagate_reference",
    "render_compiled",
    "render_scheduled",
    "render_song",
    "render_taps",
    "render_walk",
    "type_schedule",
]
