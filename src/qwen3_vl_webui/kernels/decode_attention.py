"""Attention of one new token a sequence over the paged cache: split over the past, grouped heads, nothing on the host.

    decode_attention(qkv [n, (heads + 2 * kv_heads) * d], ..., cache, block_table, lengths, workspace) -> [n, heads, d]

The whole of a layer's attention between two products: it norms and turns the queries and the key as `norm_rope_write`
does, writes key and value into the cache and attends, with the new token straight from registers.

cache: one layer's pair of [kv_heads, blocks, block_size, d]; block_table: int32 [n, max_blocks]; lengths: int32 [n],
the tokens that a row sees, its new one included. The grid follows from n alone and lengths are read on the device, so
a captured graph serves any lengths. A row of length 0 is padding: it touches no cache and its output is zero. Nothing
past a row's length is read, neither of its blocks nor of its table. Scale d ** -0.5; d is a power of two.

Method (flash decoding): a program takes one row, one KV head with its group of query heads, and a run of the past.
Runs are as even as the length allows. A row that needs several programs leaves their sums in the workspace, and the
one that finishes last adds them up in their order, so that results do not depend on timing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
import triton
import triton.language as tl
from torch import Tensor

from qwen3_vl_webui.kernels import dependent_launch
from qwen3_vl_webui.kernels.flash import LOG2_E, attend_tile
from qwen3_vl_webui.kernels.norm_rope_write import norm_rope_write_reference

_SPLITS_AT_ONCE = 16  # partial sums that are added up together


@dataclass(frozen=True)
class DecodeTiles:
    """How the past is cut: tokens a step, least steps a program, programs a multiprocessor, and the launch."""

    tokens: int = 32
    least_steps: int = 1
    programs: int = 4
    warps: int = 2
    stages: int = 3


TILES = DecodeTiles()  # within a few percent of the best for 1 to 256 rows and 512 to 128K tokens on an H200


@dataclass(frozen=True)
class DecodeWorkspace:
    """Partial sums and arrival counters for up to `rows` rows. One stream at a time may use it; all layers share it."""

    rows: int
    sums: Tensor  # float32 [programs, group, d]
    stats: Tensor  # float32 [programs, 2, group]: largest score and sum of weights
    arrived: Tensor  # int32 [rows * kv_heads], zero between calls

    @classmethod
    def allocate(
        cls, rows: int, heads: int, kv_heads: int, d: int, device: torch.device, tiles: DecodeTiles = TILES
    ) -> DecodeWorkspace:
        most = max(n * kv_heads * num_splits(n, kv_heads, device, tiles) for n in range(1, rows + 1))
        group = heads // kv_heads
        return cls(
            rows,
            torch.empty((most, group, d), dtype=torch.float32, device=device),
            torch.empty((most, 2, group), dtype=torch.float32, device=device),
            torch.zeros(rows * kv_heads, dtype=torch.int32, device=device),
        )


@lru_cache
def _multiprocessors(device: torch.device) -> int:
    return torch.cuda.get_device_properties(device).multi_processor_count if device.type == "cuda" else 4


def num_splits(rows: int, kv_heads: int, device: torch.device, tiles: DecodeTiles) -> int:
    """Programs that a row's past may be cut into: enough that all multiprocessors have work."""
    return min(max(1, tiles.programs * _multiprocessors(device) // (rows * kv_heads)), 128)


def decode_attention_reference(
    qkv: Tensor,
    q_weight: Tensor,
    k_weight: Tensor,
    eps: float,
    cos: Tensor,
    sin: Tensor,
    cache: tuple[Tensor, Tensor],
    block_table: Tensor,
    lengths: Tensor,
) -> Tensor:
    """The same with PyTorch's own operations, in float64, row by row."""
    size = cache[0].shape[2]
    last = (lengths - 1).clamp(min=0).long()
    slots = block_table.long().gather(1, (last // size)[:, None])[:, 0] * size + last % size
    slots = slots.where(lengths > 0, -1)
    q = norm_rope_write_reference(qkv, q_weight, k_weight, eps, cos, sin, cache, slots)
    rows = torch.zeros(q.shape, dtype=torch.float64, device=q.device)
    for row, length in enumerate(lengths.tolist()):
        if length:
            blocks = block_table[row, : -(-length // size)].long()
            keys, values = (pool[:, blocks].flatten(1, 2)[:, :length].double() for pool in cache)
            query = q[row].double().unflatten(0, (keys.shape[0], -1))
            weights = (query @ keys.mT * q.shape[-1] ** -0.5).softmax(-1)
            rows[row] = (weights @ values).flatten(0, 1)
    return rows


def decode_attention(
    qkv: Tensor,
    q_weight: Tensor,
    k_weight: Tensor,
    eps: float,
    cos: Tensor,
    sin: Tensor,
    cache: tuple[Tensor, Tensor],
    block_table: Tensor,
    lengths: Tensor,
    workspace: DecodeWorkspace,
    *,
    out: Tensor | None = None,
    tiles: DecodeTiles = TILES,
    dependent: bool = False,
) -> Tensor:
    """cos and sin: [n, d / 2] or [n, 1, d / 2] float32.

    `dependent`: part of a chain of dependent launches. All but qkv is read before the wait, so it must come from
    ordinary kernels or an earlier chain.
    """
    keys, values = cache
    kv_heads, _, block_size, d = keys.shape
    count, width = qkv.shape
    heads = width // d - 2 * kv_heads
    assert qkv.stride(1) == 1
    assert cos.is_contiguous()
    assert sin.is_contiguous()
    assert cos.numel() == sin.numel() == count * d // 2
    assert keys[0].is_contiguous()
    assert values[0].is_contiguous()
    assert keys.stride(0) == values.stride(0)
    assert block_table.dtype == lengths.dtype == torch.int32
    assert block_table.stride(1) == 1
    out = torch.empty((count, heads, d), dtype=qkv.dtype, device=qkv.device) if out is None else out
    assert out.is_contiguous()
    assert count <= workspace.rows
    if not count:
        return out
    splits = num_splits(count, kv_heads, qkv.device, tiles)
    assert count * kv_heads * splits <= workspace.sums.shape[0]
    group = heads // kv_heads
    _decode[(count * kv_heads, splits)](
        qkv,
        q_weight,
        k_weight,
        cos,
        sin,
        keys,
        values,
        block_table,
        lengths,
        workspace.sums,
        workspace.stats,
        workspace.arrived,
        out,
        eps,
        d**-0.5 * LOG2_E,
        qkv.stride(0),
        keys.stride(0),
        block_table.stride(0),
        splits,
        KV_HEADS=kv_heads,
        GROUP=group,
        ROWS=max(16, triton.next_power_of_2(group + 1)),
        D=d,
        BLOCK=block_size,
        TOKENS=tiles.tokens,
        LEAST=tiles.least_steps,
        AT_ONCE=_SPLITS_AT_ONCE,
        DEPENDENT=dependent,
        PRECISION="ieee" if qkv.dtype == torch.float32 else "tf32",
        num_warps=tiles.warps,
        num_stages=tiles.stages,
        **dependent_launch.launch_options(dependent),
    )
    return out


@triton.jit
def normed_and_turned(x, partner, weight, partner_weight, cos, sin, column, eps, D: tl.constexpr):  # type: ignore[no-untyped-def]
    """rotate(rms_norm(x)) of heads [m, D] in float32; `partner` is x with its halves swapped, likewise its weight."""
    scale = tl.rsqrt(tl.sum(x * x, axis=1) / D + eps)[:, None]
    sign = tl.where(column < D // 2, -1.0, 1.0)
    return scale * (x * weight * cos + partner * partner_weight * (sin * sign))


@triton.jit(do_not_specialize=["table_stride", "splits"])
def _decode(  # type: ignore[no-untyped-def]
    qkv,
    q_weight,
    k_weight,
    cos,
    sin,
    keys,
    values,
    block_table,
    lengths,
    sums,
    stats,
    arrived,
    out,
    eps,
    scale,  # d ** -0.5 * log2(e): weights are powers of two
    row_stride,
    cache_stride,
    table_stride,
    splits,
    KV_HEADS: tl.constexpr,
    GROUP: tl.constexpr,
    ROWS: tl.constexpr,  # GROUP and the new key, padded to what a tensor core takes
    D: tl.constexpr,
    BLOCK: tl.constexpr,
    TOKENS: tl.constexpr,
    LEAST: tl.constexpr,
    AT_ONCE: tl.constexpr,
    DEPENDENT: tl.constexpr,
    PRECISION: tl.constexpr,
):
    place = tl.program_id(0)
    split = tl.program_id(1)
    row = (place // KV_HEADS).to(tl.int64)
    kv_head = place % KV_HEADS
    kind = keys.dtype.element_ty
    member = tl.arange(0, ROWS)[:, None]
    column = tl.arange(0, D)[None, :]
    token = tl.arange(0, TOKENS)
    other = (column + D // 2) % D
    is_q = member < GROUP  # the row behind the queries is the new key
    weight = tl.where(is_q, tl.load(q_weight + column), tl.load(k_weight + column)).to(tl.float32)
    other_weight = tl.where(is_q, tl.load(q_weight + other), tl.load(k_weight + other)).to(tl.float32)
    c = tl.load(cos + row * (D // 2) + column % (D // 2))
    s = tl.load(sin + row * (D // 2) + column % (D // 2))
    length = tl.load(lengths + row)
    past = tl.maximum(length - 1, 0)  # tokens that are read from the cache
    steps = tl.cdiv(past, TOKENS)
    own_steps = tl.maximum(tl.cdiv(steps, splits), LEAST)
    active = tl.maximum(tl.cdiv(steps, own_steps), 1)  # programs of this row that have work
    if split < active:
        start = split * own_steps * TOKENS
        end = tl.minimum(start + own_steps * TOKENS, past)
        table = block_table + row * table_stride
        keys += kv_head.to(tl.int64) * cache_stride
        values += kv_head.to(tl.int64) * cache_stride
        # The first step's keys and values are on their way before the kernel ahead has ended.
        slot = _slots(table, start, end, BLOCK, TOKENS)
        k = tl.load(keys + slot[:, None] * D + column)
        v = tl.load(values + slot[:, None] * D + column)
        slot = _slots(table, start + TOKENS, end, BLOCK, TOKENS)
        largest = tl.full((ROWS,), float("-inf"), tl.float32)
        total = tl.zeros((ROWS,), tl.float32)
        summed = tl.zeros((ROWS, D), tl.float32)
        newest = tl.load(table + past // BLOCK, mask=length > 0, other=0).to(tl.int64) * BLOCK + past % BLOCK
        if DEPENDENT:
            dependent_launch.wait()
            if (own_steps <= 1) & (tl.num_programs(0) == KV_HEADS):  # one row, and all of its past is here
                dependent_launch.launch_dependents()
        head = tl.where(is_q, kv_head * GROUP + member, KV_HEADS * GROUP + kv_head)
        qkv += row * row_stride
        x = tl.load(qkv + head * D + column, mask=member <= GROUP, other=0.0).to(tl.float32)
        partner = tl.load(qkv + head * D + other, mask=member <= GROUP, other=0.0).to(tl.float32)
        value = tl.load(qkv + (KV_HEADS * (GROUP + 1) + kv_head) * D + column)
        query = normed_and_turned(x, partner, weight, other_weight, c, s, column, eps, D).to(kind)
        if (split == active - 1) & (length > 0):
            key = tl.sum(tl.where(member == GROUP, query.to(tl.float32), 0.0), axis=0)[None, :]
            tl.store(keys + newest * D + column, key.to(kind))
            tl.store(values + newest * D + column, value)
            largest = tl.sum(query.to(tl.float32) * key, axis=1) * scale
            total = tl.full((ROWS,), 1.0, tl.float32)
            summed += value.to(tl.float32)
        if start < end:
            mask = (start + token < end)[None, :]
            largest, total, summed = attend_tile(query, k, v, mask, largest, total, summed, scale, True, PRECISION)
        for at in tl.range(start + TOKENS, end, TOKENS):
            k = tl.load(keys + slot[:, None] * D + column)
            v = tl.load(values + slot[:, None] * D + column)
            slot = _slots(table, at + TOKENS, end, BLOCK, TOKENS)  # a step ahead, so that no load waits for another
            mask = (at + token < end)[None, :]
            largest, total, summed = attend_tile(query, k, v, mask, largest, total, summed, scale, True, PRECISION)

        if DEPENDENT:
            dependent_launch.launch_dependents()  # else only now, see there
        out_at = out + (row * KV_HEADS + kv_head) * (GROUP * D)
        inside = member < GROUP
        if active == 1:
            result = summed / tl.where(total > 0, total, 1.0)[:, None]
            tl.store(out_at + member * D + column, result.to(out.dtype.element_ty), mask=inside)
        else:
            part = place.to(tl.int64) * splits + split
            line = tl.arange(0, ROWS)
            tl.store(sums + part * (GROUP * D) + member * D + column, summed, mask=inside)
            tl.store(stats + part * (2 * GROUP) + line, largest, mask=line < GROUP)
            tl.store(stats + part * (2 * GROUP) + GROUP + line, total, mask=line < GROUP)
            tl.debug_barrier()  # all of this program's sums are out before its arrival is
            if tl.atomic_add(arrived + place, 1, sem="acq_rel") == active - 1:
                tl.debug_barrier()
                _combine(sums, stats, out_at, place.to(tl.int64) * splits, active, GROUP, D, AT_ONCE)
                tl.store(arrived + place, 0)


@triton.jit
def _slots(table, start, end, BLOCK: tl.constexpr, TOKENS: tl.constexpr):  # type: ignore[no-untyped-def]
    """[TOKENS] int64: where the tokens from `start` on lie; those past `end` are where the last one is.

    Without any token no entry of the table is read: the places are in block 0.
    """
    index = tl.maximum(tl.minimum(start + tl.arange(0, TOKENS), end - 1), 0)
    if BLOCK % TOKENS == 0:  # one block holds them all
        first = tl.minimum(start, end - 1)
        block = tl.load(table + first // BLOCK, mask=end > 0, other=0)
    else:
        block = tl.load(table + index // BLOCK, mask=index < end, other=0)
    return block.to(tl.int64) * BLOCK + index % BLOCK


@triton.jit
def _combine(sums, stats, out_at, first, active, GROUP: tl.constexpr, D: tl.constexpr, AT_ONCE: tl.constexpr):  # type: ignore[no-untyped-def]
    """Add the partial sums of one row and KV head, AT_ONCE programs at a time."""
    MEMBERS: tl.constexpr = triton.next_power_of_2(GROUP)
    member = tl.arange(0, MEMBERS)
    column = tl.arange(0, D)
    lowest = -1e30  # finite: what is not there takes part with weight 0
    largest = tl.full((MEMBERS,), lowest, tl.float32)
    total = tl.zeros((MEMBERS,), tl.float32)
    summed = tl.zeros((MEMBERS, D), tl.float32)
    for start in tl.range(0, active, AT_ONCE):
        split = start + tl.arange(0, AT_ONCE)
        there = (split < active)[:, None] & (member < GROUP)[None, :]
        at = first + split
        stat = stats + at[:, None] * (2 * GROUP) + member[None, :]
        high = tl.load(stat, mask=there, other=lowest, cache_modifier=".cg")
        weight = tl.load(stat + GROUP, mask=there, other=0.0, cache_modifier=".cg")
        part = tl.load(
            sums + at[:, None, None] * (GROUP * D) + member[None, :, None] * D + column[None, None, :],
            mask=there[:, :, None],
            other=0.0,
            cache_modifier=".cg",
        )
        new_largest = tl.maximum(largest, tl.max(high, axis=0))
        shrink = tl.exp2(largest - new_largest)
        factor = tl.exp2(high - new_largest[None, :])
        total = total * shrink + tl.sum(weight * factor, axis=0)
        summed = summed * shrink[:, None] + tl.sum(part * factor[:, :, None], axis=0)
        largest = new_largest
    result = summed / tl.where(total > 0, total, 1.0)[:, None]
    at = out_at + member[:, None] * D + column[None, :]
    tl.store(at, result.to(out_at.dtype.element_ty), mask=(member < GROUP)[:, None])
