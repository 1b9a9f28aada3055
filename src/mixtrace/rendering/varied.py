"""Mixes of a window under other settings of one node, or with two neighbours in the other order.

Only what lies downstream of the node is rendered anew, for all settings at once: they lie where
`Incremental` has several windows.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from mixtrace.processors import MatrixProcessor, Stack, TimeDomainProcessor, processor
from mixtrace.rendering.incremental import Incremental, Sound
from mixtrace.rendering.response import stack_operators

__all__ = ["Varied"]


@dataclass
class Varied(Incremental):
    """Renders one window under varied settings; what the unvaried graph gives is kept."""

    _stack: Stack | None = field(default=None, repr=False)
    _earlier: int | None = field(default=None, repr=False)

    def mix(self) -> Tensor | None:
        """Return the mix [1, 2, time] under the settings as they are; None is silence."""
        return self.render(())

    @torch.no_grad()
    def under(self, node: int, stack: Stack) -> Tensor | None:
        """Return the mix [variant, 2, time] under each row of some settings of one node."""
        self._stack, self._earlier = stack, None
        return self._once(node)

    @torch.no_grad()
    def swapped(self, first: int, second: int) -> Tensor | None:
        """Return the mix [1, 2, time] with a node and the only one that it feeds exchanged."""
        self._stack, self._earlier = None, first
        return self._once(second)

    def _once(self, node: int) -> Tensor | None:
        """Render one variation, and forget it."""
        self.render(())
        rendered = self.render((node,))
        for memory in (self._sums, self._parts):
            for known in memory.values():
                for key in [key for key in known if node in key]:
                    del known[key]
        return rendered

    def _instead(self, i: int, signal: Sound | None, gone: frozenset[int]) -> Sound | None:
        if self._stack is None:
            assert self._earlier is not None
            before = self._arriving(self._earlier, gone)
            return self._through(self._earlier, self._through(i, before, gone), gone)
        if signal is None:
            return None
        return self._varied(i, self._stack, signal, gone)

    def _varied(self, i: int, stack: Stack, signal: Sound, gone: frozenset[int]) -> Sound:
        """Return what a node makes of a signal under each row of a stack."""
        entry, prepared = processor(stack.kind), self.prepared
        if isinstance(entry, TimeDomainProcessor):
            audio = self._follow(i, entry, stack, signal.audio, gone)
            return Sound(prepared, samples=audio)
        operators = stack_operators(prepared.plan, stack, prepared.fft_length)
        if isinstance(entry, MatrixProcessor):
            return Sound(prepared, bins=_channels(signal.spectrum, operators[..., None]))
        if operators.shape[1] < 4:
            return Sound(prepared, bins=signal.spectrum * operators)
        return Sound(prepared, bins=_channels(signal.spectrum, operators.unflatten(1, (2, 2))))


def _channels(spectrum: Tensor, paths: Tensor) -> Tensor:
    """Return a spectrum [1, channel, bin] through paths [variant, 2, 2, 1 or bin]."""
    if spectrum.shape[1] == 1:
        return spectrum * paths.sum(2)
    return spectrum[:, :1] * paths[:, :, 0] + spectrum[:, 1:] * paths[:, :, 1]
