"""Memory in containers: a control group's limit counts where it is below the machine's, in both versions."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from qwen3_vl_webui import control_groups
from qwen3_vl_webui.available_memory import AvailableMemory, available_memory
from qwen3_vl_webui.engine.residency import free_memory
from qwen3_vl_webui.hardware import GB, probe

NAMES = {1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_"), 2: ("memory.max", "memory.current", "")}
UNLIMITED = {1: str(2**63 - 4096), 2: "max"}


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine of 64 GB, 40 of them free, without groups."""
    memory = psutil.virtual_memory()._replace(total=64 * GB, available=40 * GB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(control_groups, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(control_groups, "GROUPS", tmp_path / "groups")


def group(tmp_path: Path, version: int, path: str, limit: str, used: float = 0, files: float = 0) -> None:
    folder = tmp_path / "groups" / ("memory" if version == 1 else "") / path
    folder.mkdir(parents=True, exist_ok=True)
    limit_name, usage_name, prefix = NAMES[version]
    (folder / limit_name).write_text(f"{limit}\n")
    (folder / usage_name).write_text(f"{int(used * GB)}\n")
    half = int(files * GB / 2)
    (folder / "memory.stat").write_text(f"anon 5\n{prefix}active_file {half}\n{prefix}inactive_file {half}\n")


def member(tmp_path: Path, version: int, path: str) -> None:
    line = f"4:memory:{path}\n0::/\n" if version == 1 else f"0::{path}\n"
    (tmp_path / "membership").write_text(f"9:name=systemd:/\n{line}")


def test_without_groups_it_is_the_machines() -> None:
    assert available_memory() == AvailableMemory(total=64 * GB, free=40 * GB, limited=False)


@pytest.mark.parametrize("version", [1, 2])
def test_a_limit_counts_less_what_is_used_and_not_given_back_on_demand(version: int, tmp_path: Path) -> None:
    group(tmp_path, version, "a/b", str(8 * GB), used=5, files=3)
    member(tmp_path, version, "/a/b")
    assert available_memory() == AvailableMemory(total=8 * GB, free=6 * GB, limited=True)
    found = probe()
    assert (found.memory_total, found.memory_free, found.memory_limited) == (8 * GB, 6 * GB, True)
    assert free_memory("cpu") == 6 * GB


@pytest.mark.parametrize("version", [1, 2])
def test_no_limit_leaves_the_machines(version: int, tmp_path: Path) -> None:
    group(tmp_path, version, "a", UNLIMITED[version], used=5)
    member(tmp_path, version, "/a")
    assert available_memory() == AvailableMemory(total=64 * GB, free=40 * GB, limited=False)


@pytest.mark.parametrize("version", [1, 2])
def test_the_groups_above_count_too_and_so_does_a_containers_root(version: int, tmp_path: Path) -> None:
    group(tmp_path, version, "a/b", str(30 * GB))
    group(tmp_path, version, "a", str(16 * GB), used=10)
    member(tmp_path, version, "/a/b")
    assert available_memory() == AvailableMemory(total=16 * GB, free=6 * GB, limited=True)
    group(tmp_path, version, "", str(12 * GB), used=13)
    member(tmp_path, version, "/docker/a-path-of-the-host")
    assert available_memory() == AvailableMemory(total=12 * GB, free=0, limited=True)


def test_a_machine_that_is_fuller_than_the_container_counts(tmp_path: Path) -> None:
    group(tmp_path, 2, "a", str(60 * GB))
    member(tmp_path, 2, "/a")
    assert available_memory() == AvailableMemory(total=60 * GB, free=40 * GB, limited=True)
