"""The MLP's gate in one kernel: gate columns beside up columns, [n, 2 i] -> silu(gate) * up, [n, i]; float32 inside."""

from __future__ import annotations

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor

from qwen3_vl_webui.kernels import dependent_launch

BLOCK = 1024


def gated_reference(gate_up: Tensor) -> Tensor:
    """What `gated` computes, in plain PyTorch."""
    gate, up = gate_up.chunk(2, dim=-1)
    return F.silu(gate) * up


def gated(gate_up: Tensor, *, dependent: bool = False) -> Tensor:
    """gate_up [n, 2 i] contiguous -> [n, i]. `dependent`: launched before the kernel ahead has ended."""
    rows, columns = gate_up.shape[0], gate_up.shape[1] // 2
    assert gate_up.is_contiguous()
    out = torch.empty(rows, columns, dtype=gate_up.dtype, device=gate_up.device)
    _gated[(rows, triton.cdiv(columns, BLOCK))](
        gate_up,
        out,
        columns,
        BLOCK=BLOCK,
        DEPENDENT=dependent,
        num_warps=4,
        **dependent_launch.launch_options(dependent),
    )
    return out


@triton.jit
def _gated(gate_up, out, columns, BLOCK: tl.constexpr, DEPENDENT: tl.constexpr):  # type: ignore[no-untyped-def]
    if DEPENDENT:
        dependent_launch.launch_dependents()
        dependent_launch.wait()
    row = tl.program_id(0).to(tl.int64)
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = at < columns
    gate = tl.load(gate_up + row * 2 * columns + at, mask=inside, other=0.0).to(tl.float32)
    up = tl.load(gate_up + row * 2 * columns + columns + at, mask=inside, other=0.0).to(tl.float32)
    result = gate / (1 + tl.exp(-gate)) * up
    tl.store(out + row * columns + at, result.to(out.dtype.element_ty), mask=inside)
