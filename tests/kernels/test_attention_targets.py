"""The attention kernels compile for every GPU they are made for, within its shared memory. No device is needed.

Run as a script in a process of its own, for the interpreter is chosen when a kernel is defined: `capability` -> JSON.
"""

from __future__ import annotations

import json
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
    done = subprocess.run(
        [sys.executable, __file__, str(capability)], capture_output=True, text=True, env=environment, timeout=280
    )
    assert done.returncode == 0, done.stderr
    shared = json.loads(done.stdout.splitlines()[-1])
    assert {name for name, _ in shared} == {"_norm_rope_write", "_decode", "_prefill", "_segment"}
    for name, used in shared:
        assert used <= SHARED_MEMORY[capability], name


def compile_all(capability: int) -> list[tuple[str, int]]:
    """What the production calls launch on such a GPU: heads of 128, blocks of 128 and of 16."""
    import torch

    from qwen3_vl_webui.kernels import decode_attention as decode
    from qwen3_vl_webui.kernels.norm_rope_write import norm_rope_write
    from qwen3_vl_webui.kernels.prefill_attention import prefill_attention, prefill_tiles
    from qwen3_vl_webui.kernels.segment_attention import segment_attention
    from triton_targets import compiling

    heads, kv_heads, d, rows = 32, 8, 128, 2
    version = divmod(capability, 10)
    dtype = torch.float16 if capability == 86 else torch.bfloat16
    weight, angles = torch.ones(d, dtype=dtype), torch.zeros(rows, d // 2)
    qkv = torch.zeros(rows, (heads + 2 * kv_heads) * d, dtype=dtype)
    numbers = torch.zeros(rows, dtype=torch.int32)
    workspace = decode.DecodeWorkspace.allocate(rows, heads, kv_heads, d, torch.device("cpu"))
    with compiling(capability) as done:
        for block_size in (128, 16):
            pair = (
                torch.zeros(kv_heads, 2, block_size, d, dtype=dtype),
                torch.zeros(kv_heads, 2, block_size, d, dtype=dtype),
            )
            table = torch.zeros(rows, 16, dtype=torch.int32)
            fresh = (qkv, weight, weight, 1e-6, angles, angles, pair)
            dependent = capability >= 90
            decode.decode_attention(*fresh, table, numbers, workspace, dependent=dependent)
            q = torch.zeros(rows, heads, d, dtype=dtype)
            sizes = ((512, 512), (2048, 512), (2048, 2048))
            kinds = {prefill_tiles(version, block_size, *size) for size in sizes}
            for tiles in kinds | {prefill_tiles(version, block_size, 512, 512, replayed=True)}:
                prefill_attention(q, pair, table[:1], numbers, numbers[:1], rows, tiles=tiles, dependent=dependent)
        norm_rope_write(*fresh, numbers.long(), dependent=dependent)
        q, k, v = torch.zeros(rows, 3, 16, 64, dtype=dtype).unbind(1)
        segment_attention(q, k, v, numbers, rows)
    return [(one.name, one.shared) for one in done]


if __name__ == "__main__":
    print(json.dumps(compile_all(int(sys.argv[1]))))
