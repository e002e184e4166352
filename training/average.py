"""The mean of a model's weights over its last steps: better than the last ones while the learning rate is high."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

_EVERY = 8  # steps
_LONGEST = 1000  # steps that the mean is about
_SHARE = 0.1  # of the steps so far, while they are few


class Average:
    """An exponential moving average; `restart` when the weights are changed from outside."""

    def __init__(self, model: nn.Module) -> None:
        self._weights = list(model.parameters())
        self._mean = [weight.detach().clone() for weight in self._weights]
        self._steps = 0

    @torch.no_grad()
    def restart(self) -> None:
        self._steps = 0
        for mean, weight in zip(self._mean, self._weights, strict=True):
            mean.copy_(weight)

    @torch.no_grad()
    def update(self) -> None:
        """After every step of the training."""
        self._steps += 1
        if self._steps % _EVERY == 0:
            horizon = max(_EVERY, min(_LONGEST, _SHARE * self._steps))
            torch._foreach_lerp_(self._mean, self._weights, _EVERY / horizon)

    @contextmanager
    def used(self) -> Iterator[None]:
        """The model has the mean as its weights within the block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for mean, weight in zip(self._mean, self._weights, strict=True):
            kept = weight.clone()
            weight.copy_(mean)
            mean.copy_(kept)
