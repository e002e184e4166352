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


def shifted_layer_norm_reference(x: Tensor, shift: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """The same with PyTorch's own operations, in float64."""
    return F.layer_norm(x.double() + shift.double(), shift.shape, weight.double(), bias.double(), eps)


def shifted_layer_norm(x: Tensor, shift: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Of x's dtype."""
    assert x.is_contiguous()
    rows, width = x.shape
    out = torch.empty_like(x)
    block = triton.next_power_of_2(width)
    warps = min(max(block // 256, 1), 16)
    _layer_norm[(rows,)](x, shift, weight, bias, out, eps, width, BLOCK=block, num_warps=warps)
    return out


@triton.jit
def _layer_norm(x, shift, weight, bias, out, eps, width, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]
    start = tl.program_id(0).to(tl.int64) * width
    column = tl.arange(0, BLOCK)
    inside = column < width
    value = tl.load(x + start + column, mask=inside, other=0.0).to(tl.float32)
    value += tl.load(shift + column, mask=inside, other=0.0)
    mean = tl.sum(value, 0) / width
    centred = tl.where(inside, value - mean, 0.0)
    scale = tl.rsqrt(tl.sum(centred * centred, 0) / width + eps)
    gain = tl.load(weight + column, mask=inside, other=0.0).to(tl.float32)
    offset = tl.load(bias + column, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + start + column, (centred * scale * gain + offset).to(out.dtype.element_ty), mask=inside)
