"""Time on a GPU."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import torch


def timed(run: Callable[[], Any], rounds: int = 10) -> float:
    """Median seconds on the device."""
    run()
    seconds = []
    for _ in range(rounds):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        run()
        end.record()
        end.synchronize()
        seconds.append(begin.elapsed_time(end) / 1000)
    return statistics.median(seconds)
