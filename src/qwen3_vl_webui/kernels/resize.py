"""Bicubic resizing with antialias of uint8 pixels along one axis: bit for bit what PyTorch does on a CPU.

There, and in Pillow, whose arithmetic it is, weights are integers of 15 bits, and what one axis gives is rounded to
uint8 before the other axis begins. Interpolating in float on a GPU skips that rounding and is off by up to 25 of 255.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

from qwen3_vl_webui.kernels.transfer import to_device

BLOCK = 1024
_CACHED = 64


@lru_cache(maxsize=_CACHED)
def bicubic_taps(size: int, new_size: int) -> tuple[np.ndarray, np.ndarray, int]:
    """For each of `new_size` places: the first place it is made from, and integer weights [new_size, taps] from there
    on, zero past the end. The sums are to be divided by 2 ** the third number.
    """
    scale = size / new_size
    support = 2.0 * max(scale, 1.0)
    centre = scale * (np.arange(new_size) + 0.5)
    first = np.maximum((centre - support + 0.5).astype(np.int64), 0)
    count = np.minimum((centre + support + 0.5).astype(np.int64), size) - first
    place = np.arange(count.max())
    distance = np.abs((place + first[:, None] - centre[:, None] + 0.5) / max(scale, 1.0))
    near = (1.5 * distance - 2.5) * distance * distance + 1.0  # Keys' cubic, a = -0.5
    far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    weights = np.where(distance < 1.0, near, np.where(distance < 2.0, far, 0.0))
    weights[place >= count[:, None]] = 0.0
    weights /= weights.sum(1, keepdims=True)
    precision = 0
    while precision < 22 and int(0.5 + weights.max() * 2 ** (precision + 1)) < 1 << 15:
        precision += 1
    whole = np.trunc(weights * 2**precision + np.where(weights < 0, -0.5, 0.5)).astype(np.int32)
    return first.astype(np.int32), whole, precision


def resize_axis_reference(pixels: Tensor, axis: int, new_size: int) -> Tensor:
    """The same with PyTorch's own operations."""
    first, weights, precision = bicubic_taps(pixels.shape[axis], new_size)
    start = torch.from_numpy(first).long().to(pixels.device)
    columns = torch.from_numpy(weights).to(pixels.device)
    shape = [1] * pixels.dim()
    shape[axis] = new_size
    total = torch.full((), 1 << precision >> 1, dtype=torch.int32, device=pixels.device)
    for tap in range(columns.shape[1]):
        index = (start + tap).clamp(max=pixels.shape[axis] - 1)
        total = total + pixels.index_select(axis, index).int() * columns[:, tap].view(shape)
    return (total >> precision).clamp(0, 255).to(torch.uint8)


def resize_axis(pixels: Tensor, axis: int, new_size: int) -> Tensor:
    """uint8 pixels, contiguous, of any shape -> the same with `new_size` along `axis`."""
    assert pixels.dtype == torch.uint8
    assert pixels.is_contiguous()
    size = pixels.shape[axis]
    first, weights, precision = bicubic_taps(size, new_size)
    start, columns = (to_device(torch.from_numpy(array), pixels.device) for array in (first, weights))
    out = pixels.new_empty(*pixels.shape[:axis], new_size, *pixels.shape[axis + 1 :])
    inner = out[(0,) * (axis + 1)].numel()  # numbers behind one place of the axis
    outer = pixels.numel() // (size * inner)
    blocks = triton.cdiv(new_size * inner, BLOCK)
    _resize_axis[(blocks * outer,)](
        pixels, out, start, columns, size, new_size, inner, blocks, columns.shape[1], precision, BLOCK=BLOCK
    )
    return out


# Compiled once, not for every kind of size: it would be in the middle of a request.
@triton.jit(do_not_specialize=["size", "new_size", "inner", "blocks", "taps", "precision"])
def _resize_axis(pixels, out, first, weights, size, new_size, inner, blocks, taps, precision, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]
    outer = (tl.program_id(0) // blocks).to(tl.int64)
    number = tl.program_id(0) % blocks * BLOCK + tl.arange(0, BLOCK)
    inside = number < new_size * inner
    place = number // inner
    start = tl.load(first + place, mask=inside, other=0)
    source = pixels + outer * size * inner + number % inner
    total = tl.full((BLOCK,), 0, tl.int32) + (1 << (precision - 1))
    for tap in range(taps):
        weight = tl.load(weights + place * taps + tap, mask=inside, other=0)
        value = tl.load(source + (start + tap) * inner, mask=inside & (start + tap < size), other=0)
        total += value.to(tl.int32) * weight
    total = tl.minimum(tl.maximum(total >> precision, 0), 255)
    tl.store(out + outer * new_size * inner + number, total.to(tl.uint8), mask=inside)
