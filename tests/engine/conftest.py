"""The engine's test bench over the tiny checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine_bench import Bench


@pytest.fixture(scope="session", params=["step by step", "overlapped"])
def bench(request: pytest.FixtureRequest, tiny_checkpoint: Path) -> Bench:
    """Engines as they run on a CPU, and as they run on a GPU but for the capture of graphs."""
    overlapped = request.param == "overlapped"
    return Bench(tiny_checkpoint, graphs=overlapped, overlap=overlapped)
