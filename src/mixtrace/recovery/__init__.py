"""The default way to invert a mix: capture, interpret, refine, confirm."""

from mixtrace.recovery.config import RecoveryConfig
from mixtrace.recovery.method import Recovery

__all__ = ["Recovery", "RecoveryConfig"]
