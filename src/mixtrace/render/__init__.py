"""From a graph to audio: plans, and the strategies that carry them out."""

from mixtrace.render.compiled import DryAudio, prepare_operators, render_compiled
from mixtrace.render.incremental import Incremental, Prepared
from mixtrace.render.order import Order, TypeSchedule, type_schedule
from mixtrace.render.plan import Region, RenderPlan, compile_plan
from mixtrace.render.propagation import Monitor, propagate, propagate_reference
from mixtrace.render.response import KeptOperators, Operators, linear_operators, own_sides
from mixtrace.render.schedule import Observer, render_scheduled
from mixtrace.render.song import render_song, render_taps
from mixtrace.render.walk import render_walk
from mixtrace.render.work import check_work

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
    "check_work",
    "compile_plan",
    "linear_operators",
    "own_sides",
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
