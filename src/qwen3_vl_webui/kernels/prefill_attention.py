"""Causal attention of many new tokens a sequence over the paged cache, sequences of any lengths in one launch.

    prefill_attention(q [n, heads, d], cache, block_table, starts, context, max_query) -> [n, heads, d]

Segment i is the rows [starts[i], starts[i + 1]) of q, the newest tokens of a sequence that has `context[i]` tokens
before them; keys and values of all of them are in the cache already, a pair of [kv_heads, blocks, block_size, d].
block_table: int32 [segments, max_blocks]; starts: int32 [segments + 1]; context: int32 [segments]; max_query: the most
rows of a segment, or more: the choice of tiles goes by it. Nothing past a sequence's end is used; with descriptors the
rest of its last block is read and must be finite. Scale d ** -0.5; d is a power of two.

A program takes a tile of one head's queries through the keys they see: first tiles of keys that all of them see, then
those that the causal mask cuts. How many tiles the segments have is known on the device only; there are as many
programs as they can have at most, each finds its tile, and those of the longest rows start first.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import triton
import triton.language as tl
from torch import Tensor
from triton.tools.tensor_descriptor import TensorDescriptor

from qwen3_vl_webui.kernels import dependent_launch
from qwen3_vl_webui.kernels.flash import LOG2_E, FlashTiles, attend_tile, capability

MANY_TOKENS = 2048  # from so many on the device takes longer for a layer than the host, whatever the context


def prefill_attention_reference(
    q: Tensor, cache: tuple[Tensor, Tensor], block_table: Tensor, starts: Tensor, context: Tensor
) -> Tensor:
    """The same with PyTorch's own operations, in float64, segment by segment."""
    out = torch.zeros(q.shape, dtype=torch.float64, device=q.device)
    for row, ((start, end), before) in enumerate(zip(pairwise(starts.tolist()), context.tolist(), strict=True)):
        if start == end:
            continue
        length = before + end - start
        blocks = block_table[row, : -(-length // cache[0].shape[2])].long()
        keys, values = (pool[:, blocks].flatten(1, 2)[:, :length].double() for pool in cache)
        query = q[start:end].double().unflatten(1, (keys.shape[0], -1)).permute(1, 2, 0, 3)  # [kv_heads, group, m, d]
        scores = query @ keys[:, None].mT * q.shape[-1] ** -0.5
        late = torch.ones(end - start, length, dtype=torch.bool, device=q.device).triu(before + 1)
        out[start:end] = (
            (scores.masked_fill(late, -torch.inf).softmax(-1) @ values[:, None]).permute(2, 0, 1, 3).flatten(1, 2)
        )
    return out


def prefill_tiles(
    capability: tuple[int, int], block_size: int, tokens: int, max_query: int, *, replayed: bool = False
) -> FlashTiles:
    """Tiles for heads of up to 128 that fit into a device's shared memory; figures in `benchmarks/log.md`.

    Descriptors cost the host 0.15 ms a launch, which few tokens do not outweigh, unless the launch is `replayed`.
    """
    if capability[0] == 9:
        if block_size % 128 == 0 and (replayed or tokens >= MANY_TOKENS):
            short = replayed or max_query <= 1024
            tiles = FlashTiles(queries=64, keys=64, warps=4, stages=3, descriptors=True)
            return tiles if short else FlashTiles(queries=128, keys=128, warps=8, stages=3, descriptors=True)
        return FlashTiles(queries=128, keys=128, warps=8, stages=2)
    if capability == (8, 0):
        return FlashTiles(queries=128, keys=64, warps=8, stages=3)
    return FlashTiles(queries=128, keys=32, warps=4, stages=3)


def prefill_attention(
    q: Tensor,
    cache: tuple[Tensor, Tensor],
    block_table: Tensor,
    starts: Tensor,
    context: Tensor,
    max_query: int,
    *,
    out: Tensor | None = None,
    tiles: FlashTiles | None = None,
    replayed: bool = False,
    dependent: bool = False,
) -> Tensor:
    """`out`: of q's shape; rows outside all segments are left as they are. `replayed`: as part of a CUDA graph, which
    makes it cheap for the host. `dependent`: part of a chain of dependent launches, before which `starts` was written.
    """
    keys, values = cache
    kv_heads, blocks, block_size, d = keys.shape
    count, heads, _ = q.shape
    assert q.is_contiguous()
    assert keys[0].is_contiguous()
    assert values[0].is_contiguous()
    assert keys.stride(0) == values.stride(0)
    assert block_table.dtype == starts.dtype == context.dtype == torch.int32
    assert block_table.stride(1) == 1
    out = torch.empty_like(q) if out is None else out
    assert out.is_contiguous()
    tiles = tiles or prefill_tiles(capability(q.device), block_size, count, max_query, replayed=replayed)
    segments = context.shape[0]
    if not count:
        return out
    whole = block_size % tiles.keys == 0  # one block holds a tile of keys
    assert whole or not tiles.descriptors
    pools: tuple[object, object] = (keys, values)
    if tiles.descriptors:
        shape, strides, tile = [kv_heads, blocks * block_size, d], [keys.stride(0), d, 1], [1, tiles.keys, d]
        pools = (TensorDescriptor(keys, shape, strides, tile), TensorDescriptor(values, shape, strides, tile))
    _prefill[(heads, triton.cdiv(count, tiles.queries) + segments)](
        q,
        *pools,
        block_table,
        starts,
        context,
        out,
        d**-0.5 * LOG2_E,
        keys.stride(0),
        block_table.stride(0),
        segments,
        SEGMENTS=max(16, triton.next_power_of_2(segments)),
        HEADS=heads,
        GROUP=heads // kv_heads,
        D=d,
        BLOCK=block_size,
        QUERIES=tiles.queries,
        KEYS=tiles.keys,
        DESCRIPTORS=tiles.descriptors,
        PRECISION="ieee" if q.dtype == torch.float32 else "tf32",
        DEPENDENT=dependent,
        num_warps=tiles.warps,
        num_stages=tiles.stages,
        **dependent_launch.launch_options(dependent),
    )
    return out


@triton.jit(do_not_specialize=["table_stride", "segments"])
def _prefill(  # type: ignore[no-untyped-def]
    q,
    keys,
    values,
    block_table,
    starts,
    context,
    out,
    scale,
    cache_stride,
    table_stride,
    segments,
    SEGMENTS: tl.constexpr,
    HEADS: tl.constexpr,
    GROUP: tl.constexpr,
    D: tl.constexpr,
    BLOCK: tl.constexpr,
    QUERIES: tl.constexpr,
    KEYS: tl.constexpr,
    DESCRIPTORS: tl.constexpr,
    PRECISION: tl.constexpr,
    DEPENDENT: tl.constexpr,
):
    head = tl.program_id(0)
    tile = tl.num_programs(1) - 1 - tl.program_id(1)  # among those of all segments
    number = tl.arange(0, SEGMENTS)
    bounds = tl.load(starts + number, mask=number < segments, other=0)
    tiles = tl.cdiv(tl.load(starts + number + 1, mask=number < segments, other=0) - bounds, QUERIES)
    segment = tl.sum((tl.cumsum(tiles, 0) <= tile).to(tl.int32), 0)
    if DEPENDENT:
        dependent_launch.wait()
    if segment < segments:
        tile -= tl.sum(tl.where(number < segment, tiles, 0), 0)
        first = tl.load(starts + segment)
        count = tl.load(starts + segment + 1) - first
        before = tl.load(context + segment)
        table = block_table + segment * table_stride
        row = tile * QUERIES + tl.arange(0, QUERIES)
        column = tl.arange(0, D)
        at = (first + row).to(tl.int64)[:, None] * (HEADS * D) + head * D + column[None, :]
        query = tl.load(q + at, mask=(row < count)[:, None], other=0.0)
        largest = tl.full((QUERIES,), float("-inf"), tl.float32)
        total = tl.zeros((QUERIES,), tl.float32)
        summed = tl.zeros((QUERIES, D), tl.float32)
        seen_by_all = (before + tile * QUERIES + 1) // KEYS * KEYS
        seen_by_any = before + tl.minimum(tile * QUERIES + QUERIES, count)
        state = (largest, total, summed)
        state = _over_keys(
            query, keys, values, table, 0, seen_by_all, seen_by_any, before + row, state, scale, cache_stride,
            head // GROUP, D, BLOCK, KEYS, DESCRIPTORS, False, PRECISION,
        )  # fmt: skip
        state = _over_keys(
            query, keys, values, table, seen_by_all, seen_by_any, seen_by_any, before + row, state, scale, cache_stride,
            head // GROUP, D, BLOCK, KEYS, DESCRIPTORS, True, PRECISION,
        )  # fmt: skip
        _, total, summed = state
        tl.store(out + at, (summed / total[:, None]).to(out.dtype.element_ty), mask=(row < count)[:, None])


@triton.jit
def _over_keys(  # type: ignore[no-untyped-def]
    query,
    keys,
    values,
    table,
    start,
    end,
    length,
    last,  # of the keys that each query sees
    state,
    scale,
    cache_stride,
    kv_head,
    D: tl.constexpr,
    BLOCK: tl.constexpr,
    KEYS: tl.constexpr,
    DESCRIPTORS: tl.constexpr,
    MASKED: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Take the keys [start, end) into the state; `start` is a multiple of KEYS."""
    largest, total, summed = state
    column = tl.arange(0, D)[None, :]
    for at in tl.range(start, end, KEYS):
        index = at + tl.arange(0, KEYS)
        if DESCRIPTORS:
            slot = tl.load(table + at // BLOCK) * BLOCK + at % BLOCK
            k = keys.load([kv_head, slot, 0]).reshape(KEYS, D)
            v = values.load([kv_head, slot, 0]).reshape(KEYS, D)
        else:
            if MASKED:  # past the end the last key once more: what lies there may be anything
                index = tl.minimum(index, length - 1)
            block = tl.load(table + at // BLOCK) if BLOCK % KEYS == 0 else tl.load(table + index // BLOCK)
            slots = block.to(tl.int64) * BLOCK + index % BLOCK
            place = kv_head.to(tl.int64) * cache_stride + slots[:, None] * D + column
            k = tl.load(keys + place)
            v = tl.load(values + place)
        mask = (at + tl.arange(0, KEYS))[None, :] <= last[:, None]
        largest, total, summed = attend_tile(
            query, k, v, mask, largest, total, summed, scale, MASKED=MASKED, PRECISION=PRECISION
        )
    return largest, total, summed
