"""The engine's test bench over the tiny checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine_bench import Bench


@pytest.fixture(scope="session")
def bench(tiny_checkpoint: Path) -> Bench:
    return Bench(tiny_checkpoint)
