"""The products compile for every GPU they are made for, within its shared memory. No device is needed.

Run as a script in a process of its own, for the interpreter is chosen when a kernel is defined: `capability` and bytes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHARED_MEMORY = {80: 163 << 10, 86: 99 << 10, 89: 99 << 10, 90: 227 << 10, 120: 99 << 10}  # bytes of one program, most


@pytest.mark.parametrize("capability", SHARED_MEMORY)
def test_kernels_fit_the_target(capability: int) -> None:
    tests = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "TRITON_INTERPRET": "0", "PYTHONPATH": os.pathsep.join([str(tests), *sys.path])}
    command = [sys.executable, __file__, str(capability), str(SHARED_MEMORY[capability])]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=280, check=False)
    assert done.returncode == 0, done.stderr


def compile_all(capability: int, shared_memory: int) -> None:
    """What a decoding step launches there: one row, a few, and many with and without the gate."""
    import torch

    from qwen3_vl_webui.kernels.gated import gated as gated_columns
    from qwen3_vl_webui.kernels.skinny_linear import Scratch, linear
    from qwen3_vl_webui.kernels.skinny_tiles import choose
    from triton_targets import compiling

    scratch = Scratch.on(torch.device("cpu"))
    dtype = torch.float16 if capability == 86 else torch.bfloat16
    with compiling(capability) as done:
        for m, n, k, gated in (
            (1, 1216, 2560, True),
            (1, 160, 9728, False),
            (8, 320, 9728, False),
            (32, 1216, 2560, True),
        ):
            weight = torch.empty(n * (1 + gated), k, dtype=dtype)
            x = torch.empty(m, k, dtype=dtype)
            tiles = choose(m, n, k, gated=gated, shared_memory=shared_memory)
            assert tiles is not None
            linear(
                x,
                weight,
                tiles,
                scratch,
                norm=x[0] if m == 1 else None,
                gated=gated,
                dependent=capability >= 90,
                late=m == 1,
            )
        gated_columns(torch.empty(3, 2432, dtype=dtype), dependent=capability >= 90)
    assert len(done) == 5, done
    assert all(kernel.shared <= shared_memory for kernel in done), done


def compile_turned(shared_memory: int) -> None:
    """What several rows launch on Hopper instead: in both ways, and what only one of them has."""
    import torch

    from qwen3_vl_webui.kernels.skinny_linear import Scratch
    from qwen3_vl_webui.kernels.skinny_tiles import choose
    from qwen3_vl_webui.kernels.turned_linear import Turned, TurnedTiles, turned_add, turned_linear
    from triton_targets import compiling

    scratch = Scratch.on(torch.device("cpu"))
    with compiling(90) as done:
        for way, m in ((Turned.PLAIN, 8), (Turned.PLAIN, 32), (Turned.EARLY, 8)):
            x, mixed, down, up = (
                torch.empty(size, dtype=torch.bfloat16) for size in ((m, 2560), (m, 9728), (2560, 9728), (2432, 2560))
            )
            adding = choose(m, 2560, 9728, gated=False, shared_memory=shared_memory, turned=way)
            gating = choose(m, 1216, 2560, gated=True, shared_memory=shared_memory, turned=way)
            assert isinstance(adding, TurnedTiles)
            assert isinstance(gating, TurnedTiles)
            normed = turned_add(mixed, down, adding, scratch, x, x[0], 1e-6, dependent=True)
            assert normed
            turned_linear(normed, up, gating, scratch, gated=True, dependent=True)
        for m, n, gated in ((64, 1216, True), (128, 32768, False)):
            x, weight = (torch.empty(rows, 256, dtype=torch.bfloat16) for rows in (m, n * (1 + gated)))
            tiles = choose(m, n, 256, gated=gated, shared_memory=shared_memory, turned=Turned.EARLY)
            assert isinstance(tiles, TurnedTiles)
            turned_linear(x, weight, tiles, scratch, gated=gated, dependent=True)
    assert [kernel.name for kernel in done] == ["_turned"] * 4 + ["_early"] * 4, done
    assert all(kernel.shared <= shared_memory for kernel in done), done


if __name__ == "__main__":
    compile_all(int(sys.argv[1]), int(sys.argv[2]))
    if sys.argv[1] == "90":
        compile_turned(int(sys.argv[2]))
