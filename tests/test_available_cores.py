"""Cores in containers: a quota of processor time counts where it is worth less than the cores, in both versions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qwen3_vl_webui import control_groups
from qwen3_vl_webui.available_cores import available_cores
from qwen3_vl_webui.hardware import probe


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine of 16 cores, without groups."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    monkeypatch.setattr(control_groups, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(control_groups, "GROUPS", tmp_path / "groups")


def group(tmp_path: Path, version: int, path: str, quota: str, period: int = 100_000) -> None:
    folder = tmp_path / "groups" / ("cpu" if version == 1 else "") / path
    folder.mkdir(parents=True, exist_ok=True)
    if version == 2:
        (folder / "cpu.max").write_text(f"{quota} {period}\n")
    else:
        (folder / "cpu.cfs_quota_us").write_text(f"{quota}\n")
        (folder / "cpu.cfs_period_us").write_text(f"{period}\n")


def member(tmp_path: Path, version: int, path: str) -> None:
    line = f"5:cpu,cpuacct:{path}\n0::/\n" if version == 1 else f"0::{path}\n"
    (tmp_path / "membership").write_text(f"9:name=systemd:/\n{line}")


def test_without_groups_they_are_the_machines() -> None:
    assert available_cores() == 16


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("quota", "period", "cores"), [("400000", 100_000, 4), ("75000", 50_000, 2), ("1000", 100_000, 1)]
)
def test_a_quota_counts_begun_cores_as_whole(version: int, quota: str, period: int, cores: int, tmp_path: Path) -> None:
    group(tmp_path, version, "a/b", quota, period)
    member(tmp_path, version, "/a/b")
    assert available_cores() == cores
    assert probe().cores == cores


@pytest.mark.parametrize(("version", "unlimited"), [(1, "-1"), (2, "max")])
def test_no_quota_and_one_above_the_cores_leave_the_machines(version: int, unlimited: str, tmp_path: Path) -> None:
    group(tmp_path, version, "a", unlimited)
    group(tmp_path, version, "a/b", "6400000")
    member(tmp_path, version, "/a/b")
    assert available_cores() == 16


@pytest.mark.parametrize("version", [1, 2])
def test_the_groups_above_count_too_and_so_does_a_containers_root(version: int, tmp_path: Path) -> None:
    group(tmp_path, version, "a/b", "1200000")
    group(tmp_path, version, "a", "800000")
    member(tmp_path, version, "/a/b")
    assert available_cores() == 8
    group(tmp_path, version, "", "300000")
    member(tmp_path, version, "/docker/a-path-of-the-host")
    assert available_cores() == 3


@pytest.mark.parametrize("text", ["", "soon 100000", "5", "100000 0"])
def test_what_cannot_be_understood_is_no_quota(text: str, tmp_path: Path) -> None:
    group(tmp_path, 2, "a", "max")
    (tmp_path / "groups" / "a" / "cpu.max").write_text(text)
    member(tmp_path, 2, "/a")
    assert available_cores() == 16
