"""The plain sum: every track as it is, at unity."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mixtrace.baselines.concluding import concluded, plain_sum
from mixtrace.descent import SongWindows
from mixtrace.methods import Inversion, Work
from mixtrace.processors import Settings
from mixtrace.session import Session
from mixtrace.unseen import Range

__all__ = ["Sum"]


@dataclass(frozen=True)
class Sum:
    """Adds up all tracks and does nothing to them: a `Method`."""

    def choices(self) -> Mapping[str, Any]:
        """Return the method's name: there is nothing to choose."""
        return {"recipe": "sum"}

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Return the graph that adds up all tracks; it has no processor.

        Args:
            session: tracks and mix, at the rate of L_a, 30 kHz.
            held_out: what of the mix is not counted in the losses.
            work: how to carry it out.
        """
        began, work = time.monotonic(), work or Work()
        windows = SongWindows(session, work.device, held_out, work.memory_bytes)
        why = "All tracks are added up as they are."
        graph = plain_sum(session)
        return concluded((graph, Settings()), session, windows, recipe={}, why=why, began=began)
