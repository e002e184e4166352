"""cos and sin of the decoder's rotary positions in one kernel (`model.rope.mrope` is the reference)."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor


def rope_tables(positions: Tensor, frequencies: Tensor, axes: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """positions int64 [3, n], frequencies float32 [d / 2], axes int64 [d / 2] -> cos and sin, float32 [n, 1, d / 2]."""
    count, half = positions.shape[1], len(frequencies)
    cos = torch.empty(count, 1, half, dtype=torch.float32, device=positions.device)
    sin = torch.empty_like(cos)
    block = triton.next_power_of_2(half)
    arguments = (positions, frequencies, axes, cos, sin, *positions.stride(), scale, half)
    _rope_tables[(count,)](*arguments, BLOCK=block, num_warps=max(1, block // 32))
    return cos, sin


@triton.jit
def _rope_tables(  # type: ignore[no-untyped-def]
    positions, frequencies, axes, cos, sin, axis_stride, row_stride, scale, half, BLOCK: tl.constexpr
):
    row = tl.program_id(0).to(tl.int64)
    at = tl.arange(0, BLOCK)
    inside = at < half
    axis = tl.load(axes + at, mask=inside, other=0)
    position = tl.load(positions + axis * axis_stride + row * row_stride).to(tl.float32)
    angle = position * tl.load(frequencies + at, mask=inside, other=0.0)
    tl.store(cos + row * half + at, tl.cos(angle) * scale, mask=inside)
    tl.store(sin + row * half + at, tl.sin(angle) * scale, mask=inside)
