"""The processor cores that this process may use: those it is bound to, or as many as a container's quota is worth."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

from qwen3_vl_webui.control_groups import own_groups


def available_cores() -> int:
    """At least 1. More threads than these would be stopped for most of every tenth of a second. Never raises."""
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    for version, group in own_groups("cpu"):
        with contextlib.suppress(OSError, ValueError):  # no such group, or "max"
            cores = min(cores, _quota(version, group))
    return max(math.ceil(cores), 1)


def _quota(version: int, group: Path) -> float:
    """Seconds of processor time a second; infinite without a limit."""
    if version == 2:
        quota, period = map(int, (group / "cpu.max").read_text().split())
    else:
        quota, period = (int((group / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
    return quota / period if quota > 0 and period > 0 else math.inf
