"""Copies between the host and the device that nobody waits for.

On an accelerator a plain `.to(device)` of host memory waits until the device has done all its work before; here the
data goes through pinned memory, which PyTorch keeps until the copy has happened.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from qwen3_vl_webui.kernels import transfer


def to_device(array: NDArray[Any], device: torch.device) -> Tensor:
    """The array on the device, in stream order. On a CPU it shares the array's memory."""
    return transfer.to_device(torch.from_numpy(array), device)


def send(array: NDArray[Any], target: Tensor) -> None:
    """Overwrite a tensor on the device, in stream order."""
    source = torch.from_numpy(array)
    target.copy_(source if target.device.type == "cpu" else source.pin_memory(), non_blocking=True)


class Readback:
    """Tensors on their way to the host; `wait` blocks until they are there, and for no later work of the device."""

    def __init__(self, *tensors: Tensor) -> None:
        self._event: torch.cuda.Event | None = None
        if tensors[0].device.type == "cpu":
            self._host = list(tensors)
            return
        self._host = []
        for tensor in tensors:
            host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
            self._host.append(host.copy_(tensor, non_blocking=True))
        self._event = torch.cuda.Event()
        self._event.record()

    def wait(self) -> list[Tensor]:
        """The tensors on the host."""
        if self._event is not None:
            self._event.synchronize()
        return self._host
