"""The host's memory as this process may use it: the machine's, or what a container leaves of it.

What a control group holds of files is given back on demand, so it counts as free, as the kernel itself reckons for the
whole machine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from qwen3_vl_webui.control_groups import own_groups

_NAMES = {1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_"), 2: ("memory.max", "memory.current", "")}


@dataclass(frozen=True, kw_only=True)
class AvailableMemory:
    total: int  # bytes
    free: int  # bytes that can be had without swapping
    limited: bool  # a container's limit is below what the machine has


def available_memory() -> AvailableMemory:
    """Looks now. Never raises: a limit that cannot be read is none."""
    machine = psutil.virtual_memory()
    total, free = machine.total, machine.available
    for limit, used in _limits():
        total, free = min(total, limit), min(free, max(limit - used, 0))
    return AvailableMemory(total=total, free=free, limited=total < machine.total)


def _limits() -> Iterator[tuple[int, int]]:
    """Limit and use, in bytes, of each group that this process is in."""
    for version, group in own_groups("memory"):
        with contextlib.suppress(OSError, ValueError):  # no such group, or "max"
            yield _limit_and_use(group, *_NAMES[version])


def _limit_and_use(group: Path, limit: str, usage: str, prefix: str) -> tuple[int, int]:
    stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    files = sum(int(stat[prefix + name]) for name in ("active_file", "inactive_file"))
    return int((group / limit).read_text()), int((group / usage).read_text()) - files
