"""RMSNorm of each row in one kernel, sums in float32: x [n, k] -> x / rms(x) * weight."""

from __future__ import annotations

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor

from qwen3_vl_webui.kernels import dependent_launch


def rms_norm_reference(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """What `rms_norm` computes, in plain PyTorch."""
    return F.rms_norm(x, weight.shape, weight, eps)


def rms_norm(x: Tensor, weight: Tensor, eps: float, *, dependent: bool = False) -> Tensor:
    """x [n, k] contiguous, weight [k] -> [n, k]. `dependent`: as in `skinny_linear.linear`."""
    rows, columns = x.shape
    assert x.is_contiguous()
    out = torch.empty_like(x)
    block = triton.next_power_of_2(columns)
    _rms_norm[(rows,)](
        x,
        weight,
        out,
        columns,
        eps,
        BLOCK=block,
        DEPENDENT=dependent,
        num_warps=max(1, min(8, block // 512)),
        **dependent_launch.launch_options(dependent),
    )
    return out


@triton.jit
def _rms_norm(x, weight, out, columns, eps, BLOCK: tl.constexpr, DEPENDENT: tl.constexpr):  # type: ignore[no-untyped-def]
    at = tl.arange(0, BLOCK)
    inside = at < columns
    scale = tl.load(weight + at, mask=inside, other=0.0).to(tl.float32)
    if DEPENDENT:
        dependent_launch.wait()
        dependent_launch.launch_dependents()  # late: it has few programs, and the next kernel many
    start = tl.program_id(0).to(tl.int64) * columns
    values = tl.load(x + start + at, mask=inside, other=0.0).to(tl.float32)
    factor = tl.rsqrt(tl.sum(values * values, axis=0) / columns + eps)
    tl.store(out + start + at, (values * factor * scale).to(out.dtype.element_ty), mask=inside)
