"""Add a residual in place and normalise: the vision tower's step between two products, in one pass over memory.

    x += delta;  return layer_norm(x) * weight + bias

The sum is rounded to x's dtype before the statistics are taken in float32, as the separate operations would do.
Any width; x and delta are contiguous [n, width].
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor


def add_layer_norm_reference(x: Tensor, delta: Tensor | None, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """The same with PyTorch's own operations."""
    if delta is not None:
        x.add_(delta)
    return F.layer_norm(x, (x.shape[1],), weight, bias, eps)


def add_layer_norm(x: Tensor, delta: Tensor | None, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """x [n, width], changed in place where there is a `delta`; the normalised rows come back, of x's dtype."""
    assert x.is_contiguous()
    assert delta is None or (delta.is_contiguous() and delta.shape == x.shape)
    rows, width = x.shape
    out = torch.empty_like(x)
    block = triton.next_power_of_2(width)
    _add_layer_norm[(rows,)](
        x, x if delta is None else delta, weight, bias, out, eps, width, delta is not None, block,
        num_warps=min(max(block // 256, 1), 16),
    )  # fmt: skip
    return out


@triton.jit
def _add_layer_norm(x, delta, weight, bias, out, eps, width, HAS_DELTA: tl.constexpr, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]
    start = tl.program_id(0).to(tl.int64) * width
    column = tl.arange(0, BLOCK)
    inside = column < width
    value = tl.load(x + start + column, mask=inside, other=0.0).to(tl.float32)
    if HAS_DELTA:
        value += tl.load(delta + start + column, mask=inside, other=0.0).to(tl.float32)
        rounded = value.to(x.dtype.element_ty)
        tl.store(x + start + column, rounded, mask=inside)
        value = rounded.to(tl.float32)
    mean = tl.sum(value, 0) / width
    centred = tl.where(inside, value - mean, 0.0)
    scale = tl.rsqrt(tl.sum(centred * centred, 0) / width + eps)
    gain = tl.load(weight + column, mask=inside, other=0.0).to(tl.float32)
    offset = tl.load(bias + column, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + start + column, (centred * scale * gain + offset).to(out.dtype.element_ty), mask=inside)
