"""Frames of uint8 pixels cut into the vision tower's patches, normalised, by one kernel instead of ten operations.

Launching ten takes the host a millisecond, which a single picture waits for. Bit for bit what PyTorch's operations in
`model.pixels` give: the product is rounded before the difference.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor


def cut_patches(
    frames: Tensor, scale: Tensor, shift: Tensor, *, patch: int, merge: int, temporal: int, dtype: torch.dtype
) -> Tensor:
    """uint8 frames [t, h, w, c], contiguous, to patches [groups * rows * columns, c * temporal * patch * patch].

    A pixel becomes pixel * scale - shift of its channel, float32 [c], and then `dtype`. Patches are in merge-block
    order; the last frame is repeated to fill the last group of `temporal` frames.
    """
    count, height, width, channels = frames.shape
    assert frames.dtype == torch.uint8
    assert frames.is_contiguous()
    groups, rows, columns = triton.cdiv(count, temporal), height // patch, width // patch
    size = channels * temporal * patch * patch
    out = torch.empty(groups * rows * columns, size, dtype=dtype, device=frames.device)
    _cut_patches[(len(out),)](
        frames,
        scale,
        shift,
        out,
        count,
        rows,
        columns,
        CHANNELS=channels,
        TEMPORAL=temporal,
        PATCH=patch,
        MERGE=merge,
        SIZE=size,
        enable_fp_fusion=False,
    )
    return out


@triton.jit(do_not_specialize=["count", "rows", "columns"])
def _cut_patches(  # type: ignore[no-untyped-def]
    frames,
    scale,
    shift,
    out,
    count,
    rows,
    columns,
    CHANNELS: tl.constexpr,
    TEMPORAL: tl.constexpr,
    PATCH: tl.constexpr,
    MERGE: tl.constexpr,
    SIZE: tl.constexpr,
):
    number = tl.program_id(0)
    group, place = number // (rows * columns), number % (rows * columns)
    block, inner = place // (MERGE * MERGE), place % (MERGE * MERGE)
    blocks = columns // MERGE
    row = block // blocks * MERGE + inner // MERGE
    column = block % blocks * MERGE + inner % MERGE
    element = tl.arange(0, triton.next_power_of_2(SIZE))
    inside = element < SIZE
    channel, pixel = element // (TEMPORAL * PATCH * PATCH), element % (PATCH * PATCH)
    frame = tl.minimum(group * TEMPORAL + element // (PATCH * PATCH) % TEMPORAL, count - 1)
    line = frame.to(tl.int64) * (rows * PATCH) + row * PATCH + pixel // PATCH
    at = (line * (columns * PATCH) + column * PATCH + pixel % PATCH) * CHANNELS + channel
    value = tl.load(frames + at, mask=inside, other=0).to(tl.float32)
    factor = tl.load(scale + channel, mask=inside, other=0.0)
    value = value * factor - tl.load(shift + channel, mask=inside, other=0.0)
    tl.store(out + number.to(tl.int64) * SIZE + element, value.to(out.dtype.element_ty), mask=inside)
