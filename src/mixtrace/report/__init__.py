"""Results in words, made from what is stored."""

from mixtrace.report.curves import CurveShape, Feature, curve_shape
from mixtrace.report.outline import Outline, Row, outline_graph, outline_session
from mixtrace.report.words import describe

__all__ = [
    "CurveShape",
    "Feature",
    "Outline",
    "Row",
    "curve_shape",
    "describe",
    "outline_graph",
    "outline_session",
]
