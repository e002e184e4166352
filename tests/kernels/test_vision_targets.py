"""The vision kernels compile for every kind of GPU, within its shared memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
COMPILE = """
import torch
from triton_targets import compiling
from qwen3_vl_webui.kernels.layer_norm import shifted_layer_norm
from qwen3_vl_webui.kernels.patches import cut_patches
from qwen3_vl_webui.kernels.resize import resize_axis
from qwen3_vl_webui.kernels.rotate_qk import rotate_qk

for capability in (80, 86, 89, 90, 120):
    with compiling(capability) as done:
        dependent = capability >= 90
        for dtype in (torch.bfloat16, torch.float16):
            for width in (4096, 4608):  # four patches, merged
                row = torch.zeros(width, dtype=dtype)
                shifted_layer_norm(torch.zeros(2, width, dtype=dtype), row.float(), row, row, 1e-6, dependent=dependent)
            for width, heads in ((1024, 16), (1152, 16)):  # the towers of 4B and 8B
                row = torch.zeros(width, dtype=dtype)
                shifted_layer_norm(torch.zeros(9, width, dtype=dtype), row.float(), row, row, 1e-6, dependent=dependent)
                half = width // heads // 2
                qkv, angles = torch.zeros(2, 3, heads, 2 * half, dtype=dtype), torch.zeros(2, half)
                rotate_qk(qkv, angles, angles, dependent=dependent)
            frames, channel = torch.zeros(1, 64, 32, 3, dtype=torch.uint8), torch.zeros(3)
            cut_patches(frames, channel, channel, patch=16, merge=2, temporal=2, dtype=dtype)
        resize_axis(torch.zeros(1, 40, 30, 3, dtype=torch.uint8), 1, 32)
    assert len(done) == 15
    assert all(one.shared <= 48 << 10 for one in done), done  # what every GPU gives without being asked
"""


def test_they_compile_for_every_target(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    environment |= {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])}
    environment |= {"TRITON_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", COMPILE], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
