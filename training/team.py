"""Several GPUs of one machine that train one network: `torchrun --nproc-per-node N -m training.train`.

Every member draws its own batches. Gradients are averaged before each update; what depends on a clock is said by the first member,
so that all take the same steps. Alone, everything here does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

_PATIENCE = timedelta(
    seconds=120
)  # that members wait for each other; the first graphs may be captured at different paces
_STEPS = 16  # between two words of the first member: so long a clock's value stays what it was


class Team:
    """The members, as the launcher describes them in the environment."""

    def __init__(self) -> None:
        self.rank, self.size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        self.first = self.rank == 0
        self.local = int(os.environ.get("LOCAL_RANK", "0"))  # number of this member's GPU
        self.steps = _STEPS if self.size > 1 else 1

    def meet(self, device: torch.device) -> None:
        """Waits for all. After the capture of graphs, which NCCL's threads would disturb."""
        if self.size > 1:
            dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
            self.told(0.0)

    def average(self, gradient: Tensor) -> None:
        """The mean of all members' tensors, in place."""
        if self.size > 1:
            dist.all_reduce(gradient)
            gradient.div_(self.size)

    def told(self, *values: float) -> list[float]:
        """What the first member says."""
        said = torch.tensor(values, dtype=torch.float64)
        if self.size > 1:
            dist.broadcast(said, 0)
        return said.tolist()

    @torch.no_grad()
    def copy(self, tensors: Iterable[Tensor]) -> None:
        """The first member's tensors for all: rounding may have led them apart."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor, 0)

    def part(self) -> None:
        if self.size > 1:
            dist.destroy_process_group()
