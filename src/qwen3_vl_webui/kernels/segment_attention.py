"""Full attention within segments of any lengths in one launch: the vision tower's, each frame of each picture.

    segment_attention(q, k, v [n, heads, d], starts, max_length) -> [n, heads, d]

Segment i is the rows [starts[i], starts[i + 1]); starts: int32 [segments + 1]; max_length: the longest of them, which
the host knows. Rows of q, k and v may be strided alike (parts of one qkv product), a row's heads are contiguous. Scale
d ** -0.5; d is a power of two.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import triton
import triton.language as tl
from torch import Tensor

from qwen3_vl_webui.kernels.flash import LOG2_E, FlashTiles, attend_tile


def segment_attention_reference(q: Tensor, k: Tensor, v: Tensor, starts: Tensor) -> Tensor:
    """The same with PyTorch's own operations, in float64, segment by segment."""
    parts = []
    for start, end in pairwise(starts.tolist()):
        query, key, value = (x[start:end].double().transpose(0, 1) for x in (q, k, v))
        weights = (query @ key.mT * q.shape[-1] ** -0.5).softmax(-1)
        parts.append((weights @ value).transpose(0, 1))
    return torch.cat(parts)


# Fits into 99 KiB for heads of up to 64. Descriptors are 10% faster on Hopper, but making them takes the host 0.15 ms a
# launch, and what is launched one by one waits for the host.
TILES = FlashTiles(queries=128, keys=64, warps=4, stages=3)


def segment_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    starts: Tensor,
    max_length: int,
    *,
    out: Tensor | None = None,
    tiles: FlashTiles = TILES,
) -> Tensor:
    count, heads, d = q.shape
    assert q.shape == k.shape == v.shape
    assert q.stride() == k.stride() == v.stride()
    assert q.stride()[1:] == (d, 1)
    assert starts.dtype == torch.int32
    out = torch.empty((count, heads, d), dtype=q.dtype, device=q.device) if out is None else out
    assert out.is_contiguous()
    segments = starts.shape[0] - 1
    if not count:
        return out
    assert not tiles.descriptors
    _segment[(triton.cdiv(max_length, tiles.queries), heads, segments)](
        q,
        k,
        v,
        starts,
        out,
        d**-0.5 * LOG2_E,
        q.stride(0),
        HEADS=heads,
        D=d,
        QUERIES=tiles.queries,
        KEYS=tiles.keys,
        PRECISION="ieee" if q.dtype == torch.float32 else "tf32",
        num_warps=tiles.warps,
        num_stages=tiles.stages,
    )
    return out


@triton.jit
def _segment(  # type: ignore[no-untyped-def]
    q,
    k,
    v,
    starts,
    out,
    scale,
    row_stride,
    HEADS: tl.constexpr,
    D: tl.constexpr,
    QUERIES: tl.constexpr,
    KEYS: tl.constexpr,
    PRECISION: tl.constexpr,
):
    tile = tl.program_id(0)
    head = tl.program_id(1)
    segment = tl.program_id(2)
    first = tl.load(starts + segment)
    count = tl.load(starts + segment + 1) - first
    if tile * QUERIES < count:
        row = tile * QUERIES + tl.arange(0, QUERIES)
        column = tl.arange(0, D)
        inside = (row < count)[:, None]
        place = (first + row).to(tl.int64)[:, None]
        query = tl.load(q + place * row_stride + head * D + column[None, :], mask=inside, other=0.0)
        state = (
            tl.full((QUERIES,), float("-inf"), tl.float32),
            tl.zeros((QUERIES,), tl.float32),
            tl.zeros((QUERIES, D), tl.float32),
        )
        whole = count // KEYS * KEYS
        state = _over_keys(
            query, k, v, first, 0, whole, count, state, scale, row_stride, head, D, KEYS, False, PRECISION
        )
        state = _over_keys(
            query, k, v, first, whole, count, count, state, scale, row_stride, head, D, KEYS, True, PRECISION
        )
        _, total, summed = state
        at = place * (HEADS * D) + head * D + column[None, :]
        tl.store(out + at, (summed / total[:, None]).to(out.dtype.element_ty), mask=inside)


@triton.jit
def _over_keys(  # type: ignore[no-untyped-def]
    query,
    keys,
    values,
    first,
    start,
    end,
    count,
    state,
    scale,
    row_stride,
    head,
    D: tl.constexpr,
    KEYS: tl.constexpr,
    MASKED: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Take the keys [start, end) of a segment that begins in row `first` into the state."""
    largest, total, summed = state
    column = tl.arange(0, D)[None, :]
    for at in tl.range(start, end, KEYS):
        index = at + tl.arange(0, KEYS)
        place = (first + index).to(tl.int64)[:, None] * row_stride + head * D + column
        if MASKED:
            k = tl.load(keys + place, mask=(index < count)[:, None], other=0.0)
            v = tl.load(values + place, mask=(index < count)[:, None], other=0.0)
        else:
            k = tl.load(keys + place)
            v = tl.load(values + place)
        mask = (index < count)[None, :]
        largest, total, summed = attend_tile(
            query, k, v, mask, largest, total, summed, scale, MASKED=MASKED, PRECISION=PRECISION
        )
    return largest, total, summed
