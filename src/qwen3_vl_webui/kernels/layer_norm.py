"""LayerNorm of rows that lack a constant: the vision tower's norms, whose residual keeps its biases apart.

    layer_norm(x + shift) * weight + bias

Statistics in float32, in one pass over memory. x is contiguous [n, width] of any width, shift [width] float32.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor

from qwen3_vl_webui.kernels import dependent_launch

ROWS = 4  # of up to 1024 numbers a program: its weights, bias and shift are four times as many bytes as a row


def shifted_layer_norm_reference(x: Tensor, shift: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """The same with PyTorch's own operations, in float64."""
    return F.layer_norm(x.double() + shift.double(), shift.shape, weight.double(), bias.double(), eps)


def shifted_layer_norm(
    x: Tensor, shift: Tensor, weight: Tensor, bias: Tensor, eps: float, *, dependent: bool = False
) -> Tensor:
    """Of x's dtype. `dependent`: launched before the kernel ahead has ended, which gives only `x`."""
    assert x.is_contiguous()
    rows, width = x.shape
    out = torch.empty_like(x)
    block = triton.next_power_of_2(width)
    at_once = max(ROWS * 1024 // max(block, 1024), 1)
    _layer_norm[(triton.cdiv(rows, at_once),)](
        x, shift, weight, bias, out, eps, rows, width, ROWS=at_once, BLOCK=block, DEPENDENT=dependent,
        num_warps=min(max(block // 256, 1), 16), **dependent_launch.launch_options(dependent),
    )  # fmt: skip
    return out


@triton.jit(do_not_specialize=["rows"])
def _layer_norm(  # type: ignore[no-untyped-def]
    x,
    shift,
    weight,
    bias,
    out,
    eps,
    rows,
    width,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    DEPENDENT: tl.constexpr,
):
    if DEPENDENT:
        dependent_launch.launch_dependents()
    row = (tl.program_id(0) * ROWS + tl.arange(0, ROWS))[:, None]
    column = tl.arange(0, BLOCK)[None, :]
    given = column < width
    inside = (row < rows) & given
    at = row.to(tl.int64) * width + column
    offset = tl.load(bias + column, mask=given, other=0.0).to(tl.float32)
    gain = tl.load(weight + column, mask=given, other=0.0).to(tl.float32)
    lacking = tl.load(shift + column, mask=given, other=0.0)
    if DEPENDENT:
        dependent_launch.wait()
    value = tl.load(x + at, mask=inside, other=0.0).to(tl.float32) + lacking
    mean = tl.sum(value, 1)[:, None] / width
    centred = tl.where(given, value - mean, 0.0)
    scale = tl.rsqrt(tl.sum(centred * centred, 1)[:, None] / width + eps)
    tl.store(out + at, (centred * scale * gain + offset).to(out.dtype.element_ty), mask=inside)
