"""Compile what Triton kernels would launch for a GPU that is not there: a stand-in for the driver, and no launch.

A caller enters `compiling(capability)` in a process without TRITON_INTERPRET and calls the kernels' Python functions on
CPU tensors; each launch is compiled for the target as it stands, with the real tiles and arguments, and recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.runtime.jit import JITFunction


@dataclass(frozen=True)
class Compiled:
    name: str
    shared: int  # bytes


class _Driver:
    """As much of Triton's driver as compiling needs."""

    def __init__(self, capability: int) -> None:
        self.target = GPUTarget("cuda", capability, 32)

    def get_current_target(self) -> GPUTarget:
        return self.target

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0

    def get_active_torch_device(self) -> torch.device:
        return torch.device("cpu")


@contextmanager
def compiling(capability: int) -> Iterator[list[Compiled]]:
    """Launches within are compiled for "8.0" as 80, and so on; yields what was compiled so far."""
    done: list[Compiled] = []
    run = JITFunction.run

    def compile_only(self: JITFunction[Any], *args: Any, grid: Any, warmup: bool, **kwargs: Any) -> Any:
        self.device_caches.clear()  # they know the device by its number, not by its target
        kernel = run(self, *args, grid=grid, warmup=True, **kwargs)
        kernel = getattr(kernel, "result", lambda: kernel)()
        done.append(Compiled(self.fn.__name__, kernel.metadata.shared))
        return kernel

    before = triton.runtime.driver._active
    triton.runtime.driver.set_active(_Driver(capability))
    try:
        with patch.object(JITFunction, "run", compile_only):
            yield done
    finally:
        triton.runtime.driver._active = before
