"""Imports point one way, and importing does no work."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "qwen3_vl_webui"
# What each part may import of the others; the single modules at the top may be imported by all above the engine.
LOW = {"errors", "texts"}
EDGE = LOW | {"config", "plan", "hardware", "hub"}
ALLOWED: dict[str, set[str]] = {
    "errors": {"texts"},
    "texts": set(),
    "hardware": {"available_memory", "available_cores"},
    "available_memory": {"control_groups"},
    "available_cores": {"control_groups"},
    "control_groups": set(),
    "config": LOW,
    "hub": LOW | {"config"},
    "plan": LOW | {"config", "hardware", "hub", "engine.config", "engine.footprint", "engine.request"},
    "kernels": LOW,
    "model": LOW | {"kernels"},
    "engine": LOW | {"model", "kernels", "available_memory", "available_cores"},
    "processing": LOW | {"engine.request", "model.pixels", "model.config", "available_cores"},
    "history": LOW | {"processing.source"},
    "server": EDGE
    | {"engine.client", "engine.request", "engine.config", "engine.status", "processing", "history", "ui"},
    "ui": EDGE | {"server", "engine.client", "engine.request", "engine.status", "processing", "history"},
    "cli": EDGE | {"server", "engine.client", "engine.request", "processing", "history"},
    "__main__": {"cli"},
    "__init__": set(),
}


def part(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """The modules of ours that a file imports, without the package's name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("qwen3_vl_webui.") for name in found if name.startswith("qwen3_vl_webui.")}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_one_way(path: Path) -> None:
    own = part(path)
    allowed = ALLOWED[own] | {own}
    for name in imports(path):
        if name == "__version__":
            continue
        assert any(name == one or name.startswith(f"{one}.") for one in allowed), f"{own} imports {name}"


@pytest.mark.parametrize("lower", ["model", "kernels", "engine", "processing"])
def test_nothing_below_the_server_knows_the_web(lower: str) -> None:
    for path in (SOURCE / lower).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for name in ("fastapi", "starlette", "gradio", "playwright", "transformers"):
            assert f"import {name}" not in text, path
            assert f"from {name}" not in text, path


def test_importing_the_package_does_no_work(tmp_path: Path) -> None:
    script = (
        "import logging, os, sys, threading; before = set(os.environ), logging.root.level, logging.root.handlers[:]\n"
        "import qwen3_vl_webui, qwen3_vl_webui.cli, qwen3_vl_webui.config, qwen3_vl_webui.plan\n"
        "import qwen3_vl_webui.history.store, qwen3_vl_webui.cli.app\n"
        "assert (set(os.environ), logging.root.level, logging.root.handlers[:]) == before\n"
        "assert threading.active_count() == 1\n"
        "heavy = {'torch', 'gradio', 'fastapi', 'uvicorn', 'modelscope_hub', 'huggingface_hub'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = {"HOME": str(tmp_path), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
