"""Adam on named tensors: a rate for each, and a memory that can be cut, stored and restored.

The arithmetic is torch's (`torch.optim.adam.adam`). Its class would do as well, but loads torch's
compiler, which nothing here uses, and that takes two seconds of every start.
"""

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

import torch
from torch import Tensor
from torch.optim.adam import adam

__all__ = ["Adam"]

_FIRST_MOMENT = 0.9

Name = TypeVar("Name", bound=Hashable)


class Adam(Generic[Name]):
    """Adam without weight decay.

    Attributes:
        memory: for each tensor that was moved, `step`, `exp_avg` and `exp_avg_sq`.
    """

    def __init__(
        self,
        values: Mapping[Name, Tensor],
        second_moment: float,
        first_moment: float = _FIRST_MOMENT,
    ) -> None:
        """Take the tensors to move, in place, by their gradients."""
        self.memory: dict[Name, dict[str, Tensor]] = {}
        self._values, self._second_moment = values, second_moment
        self._first_moment = first_moment

    @torch.no_grad()
    def step(self, rates: Mapping[Name, float]) -> None:
        """Move every tensor that has a gradient."""
        for key, value in self._values.items():
            if value.grad is None:
                continue
            if key not in self.memory:
                self.memory[key] = {
                    "step": torch.zeros((), device=value.device),
                    "exp_avg": torch.zeros_like(value),
                    "exp_avg_sq": torch.zeros_like(value),
                }
            known = self.memory[key]
            adam(
                [value],
                [value.grad],
                [known["exp_avg"]],
                [known["exp_avg_sq"]],
                [],
                [known["step"]],
                fused=True,
                amsgrad=False,
                beta1=self._first_moment,
                beta2=self._second_moment,
                lr=rates[key],
                weight_decay=0.0,
                eps=1e-8,
                maximize=False,
            )
