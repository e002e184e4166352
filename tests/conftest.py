"""Fixtures for all tests: tiny checkpoints, sample media, a steady PyTorch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from checkpoints import write_checkpoint

if not torch.cuda.is_available():
    # Triton's kernels run in its interpreter; the switch must be set before they are defined.
    os.environ.setdefault("TRITON_INTERPRET", "1")


@pytest.fixture(scope="session", autouse=True)
def _steady_torch() -> None:
    """One thread: the networks are tiny, and the order of sums stays the same."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete Instruct checkpoint folder with random weights."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny-instruct")


@pytest.fixture(scope="session")
def tiny_thinking_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its Thinking sibling: other weights, and a generation prompt that ends in `<think>` and a line break."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny-thinking", edition="thinking", seed=1)


@pytest.fixture(scope="session")
def samples() -> Path:
    """A folder of real pictures and a video: QWEN3VL_SAMPLES, or `samples` in a `shared` folder beside the project."""
    if configured := os.environ.get("QWEN3VL_SAMPLES"):
        return Path(configured)
    for parent in Path(__file__).resolve().parents:
        candidate = parent / "shared" / "samples"
        if candidate.is_dir():
            return candidate
    pytest.skip("no sample media here (set QWEN3VL_SAMPLES)")


# What starts processes (engines, servers, browsers) and waits for them: side by side they would be late for each other.
_TALKING = ("cli", "engine/test_client.py", "engine/test_failures.py", "engine/test_process.py", "server", "ui")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With two workers (`scripts/test`) one takes all that talks to processes, the other file by file what computes."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    here = Path(__file__).parent
    for item in items:
        file = item.path.relative_to(here).as_posix()
        item.add_marker(pytest.mark.xdist_group("talking" if file.startswith(_TALKING) else file))
