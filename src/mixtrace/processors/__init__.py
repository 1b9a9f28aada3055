"""The audio processors: one file each, all stateless, and the registry that lists them."""

from mixtrace.processors.base import (
    AutomationProcessor,
    DynamicsProcessor,
    FilterProcessor,
    ImpulseResponse,
    MatrixProcessor,
    Processor,
    TimeDomainProcessor,
    Values,
)
from mixtrace.processors.registry import PROCESSORS, processor
from mixtrace.processors.settings import Settings

__all__ = [
    "PROCESSORS",
    "AutomationProcessor",
    "DynamicsProcessor",
    "FilterProcessor",
    "ImpulseResponse",
    "MatrixProcessor",
    "Processor",
    "Settings",
    "TimeDomainProcessor",
    "Values",
    "processor",
]
