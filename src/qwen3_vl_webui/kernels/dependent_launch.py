"""Programmatic dependent launch: a kernel may start while the one before it ends, and waits only for its results.

A kernel that takes part says `wait()` before it touches anything that an earlier kernel writes or reads (weights never
change and may be requested before), and `launch_dependents()` when the next one may start. Programs that start while
others run are put wherever there is room and may then crowd on few multiprocessors: a kernel whose successor suffers
from that says it late.
Every kernel of such a chain must wait, else "the kernel before me is done" would not mean that all before it are. Both
are Triton functions to be called under a `tl.constexpr` flag, and the kernel is then launched with
`**launch_options(flag)`. Compute capability 9.0 on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import triton
import triton.language as tl


@lru_cache
def supported(device: torch.device) -> bool:
    """Whether kernels on this device can be launched before their predecessor ends."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (9, 0)


def launch_options(enabled: bool) -> dict[str, Any]:
    """What a launch needs beside its arguments; nothing where it is off, so that any Triton accepts it."""
    return {"launch_pdl": True} if enabled else {}


@triton.jit
def launch_dependents() -> None:
    """Let the next kernel start as soon as all programs of this one have."""
    tl.extra.cuda.gdc_launch_dependents()


@triton.jit
def wait() -> None:
    """Return when all kernels before this one are done and what they wrote can be read."""
    tl.extra.cuda.gdc_wait()
