"""The audio processors: one file each, all stateless, and the registry that lists them."""

from mixtrace.processors.base import (
    AutomationProcessor,
    DynamicsProcessor,
    Family,
    FilterProcessor,
    ImpulseResponse,
    Lengths,
    MatrixProcessor,
    Passing,
    Processor,
    TimeDomainProcessor,
    Values,
)
from mixtrace.processors.curve_shape import CurveShape, Feature, curve_shape, shape_words
from mixtrace.processors.families import FAMILIES
from mixtrace.processors.picture import Glyph, Panel, Picture, Scale, Trace
from mixtrace.processors.registry import PROCESSORS, processor
from mixtrace.processors.settings import WET, Settings, Stack, stack_key
from mixtrace.processors.told import Heard, NodeSettings, Reduction, Said, Turned

__all__ = [
    "FAMILIES",
    "PROCESSORS",
    "WET",
    "AutomationProcessor",
    "CurveShape",
    "DynamicsProcessor",
    "Family",
    "Feature",
    "FilterProcessor",
    "Glyph",
    "Heard",
    "ImpulseResponse",
    "Lengths",
    "MatrixProcessor",
    "NodeSettings",
    "Panel",
    "Passing",
    "Picture",
    "Processor",
    "Reduction",
    "Said",
    "Scale",
    "Settings",
    "Stack",
    "TimeDomainProcessor",
    "Trace",
    "Turned",
    "Values",
    "curve_shape",
    "processor",
    "shape_words",
    "stack_key",
]
