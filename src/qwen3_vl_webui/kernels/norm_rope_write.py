"""Queries and keys normed and turned, keys and values put into the paged cache: one kernel after the qkv product.

    norm_rope_write(qkv [n, (heads + 2 * kv_heads) * d], ...) -> q [n, heads, d]

A head of q or k becomes rotate(x / rms(x) * weight), computed in float32 and rounded once; number i of a head turns
together with number i + d / 2 by the angle whose cos and sin [n, d / 2] (or [n, 1, d / 2]) float32 are given. Values
are copied. Token i goes to slot block * block_size + offset = slots[i] of the layer's cache, a pair of
[kv_heads, blocks, block_size, d]; a negative slot is not written. d is a power of two.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from qwen3_vl_webui.kernels import dependent_launch

_HEADS_AT_ONCE = 16


def norm_rope_write_reference(
    qkv: Tensor,
    q_weight: Tensor,
    k_weight: Tensor,
    eps: float,
    cos: Tensor,
    sin: Tensor,
    cache: tuple[Tensor, Tensor],
    slots: Tensor,
) -> Tensor:
    """The same with PyTorch's own operations, in float64."""
    kv_heads, d = cache[0].shape[0], cache[0].shape[-1]
    heads = qkv.unflatten(-1, (-1, d)).double()
    qk, v = heads[:, :-kv_heads], heads[:, -kv_heads:]
    weight = torch.cat((q_weight.expand(qk.shape[1] - kv_heads, -1), k_weight.expand(kv_heads, -1))).double()
    qk = qk * (qk.square().mean(-1, keepdim=True) + eps).rsqrt() * weight
    cos, sin = cos.double().view(-1, 1, d // 2), sin.double().view(-1, 1, d // 2)
    first, second = qk.chunk(2, dim=-1)
    qk = torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1).to(qkv.dtype)
    kept = slots >= 0
    for pool, fresh in zip(cache, (qk[:, -kv_heads:], v.to(qkv.dtype)), strict=True):
        pool.flatten(1, 2)[:, slots[kept]] = fresh[kept].transpose(0, 1)
    return qk[:, :-kv_heads]


def norm_rope_write(
    qkv: Tensor,
    q_weight: Tensor,
    k_weight: Tensor,
    eps: float,
    cos: Tensor,
    sin: Tensor,
    cache: tuple[Tensor, Tensor],
    slots: Tensor,
    *,
    out: Tensor | None = None,
    dependent: bool = False,
) -> Tensor:
    """`dependent`: part of a chain of dependent launches."""
    keys, values = cache
    kv_heads, _, _, d = keys.shape
    count, width = qkv.shape
    heads = width // d - 2 * kv_heads
    assert qkv.stride(1) == 1
    assert keys[0].is_contiguous()
    assert values[0].is_contiguous()
    assert keys.stride(0) == values.stride(0)
    assert cos.is_contiguous()
    assert sin.is_contiguous()
    assert cos.numel() == sin.numel() == count * d // 2
    assert slots.dtype == torch.int64
    q = torch.empty((count, heads, d), dtype=qkv.dtype, device=qkv.device) if out is None else out
    total = heads + 2 * kv_heads
    at_once = min(triton.next_power_of_2(total), _HEADS_AT_ONCE)
    if count:
        _norm_rope_write[(count, triton.cdiv(total, at_once))](
            qkv,
            q_weight,
            k_weight,
            cos,
            sin,
            keys,
            values,
            slots,
            q,
            eps,
            qkv.stride(0),
            keys.stride(0),
            HEADS=heads,
            KV_HEADS=kv_heads,
            D=d,
            AT_ONCE=at_once,
            DEPENDENT=dependent,
            num_warps=4,
            **dependent_launch.launch_options(dependent),
        )
    return q


@triton.jit
def _norm_rope_write(  # type: ignore[no-untyped-def]
    qkv,
    q_weight,
    k_weight,
    cos,
    sin,
    keys,
    values,
    slots,
    q,
    eps,
    row_stride,
    cache_stride,
    HEADS: tl.constexpr,
    KV_HEADS: tl.constexpr,
    D: tl.constexpr,
    AT_ONCE: tl.constexpr,
    DEPENDENT: tl.constexpr,
):
    if DEPENDENT:
        dependent_launch.launch_dependents()
    row = tl.program_id(0).to(tl.int64)
    head = tl.program_id(1) * AT_ONCE + tl.arange(0, AT_ONCE)[:, None]
    column = tl.arange(0, D // 2)[None, :]  # of the first half, beside which the second is kept
    is_q = head < HEADS
    is_k = (head >= HEADS) & (head < HEADS + KV_HEADS)
    is_v = (head >= HEADS + KV_HEADS) & (head < HEADS + 2 * KV_HEADS)
    low_weight = tl.where(is_q, tl.load(q_weight + column), tl.load(k_weight + column)).to(tl.float32)
    high_weight = tl.where(is_q, tl.load(q_weight + column + D // 2), tl.load(k_weight + column + D // 2))
    if DEPENDENT:
        dependent_launch.wait()
    c = tl.load(cos + row * (D // 2) + column)
    s = tl.load(sin + row * (D // 2) + column)
    slot = tl.load(slots + row)
    at = qkv + row * row_stride + head * D + column
    low = tl.load(at, mask=is_q | is_k | is_v, other=0.0)
    high = tl.load(at + D // 2, mask=is_q | is_k | is_v, other=0.0)
    first, second = low.to(tl.float32), high.to(tl.float32)
    scale = tl.rsqrt(tl.sum(first * first + second * second, axis=1) / D + eps)[:, None]
    first *= scale * low_weight
    second *= scale * high_weight.to(tl.float32)
    turned_low = (first * c - second * s).to(q.dtype.element_ty)
    turned_high = (second * c + first * s).to(q.dtype.element_ty)
    mine = q + row * (HEADS * D) + head * D + column
    tl.store(mine, turned_low, mask=is_q)
    tl.store(mine + D // 2, turned_high, mask=is_q)
    place = slot * D + column
    if slot >= 0:
        key = keys + (head - HEADS).to(tl.int64) * cache_stride + place
        tl.store(key, turned_low, mask=is_k)
        tl.store(key + D // 2, turned_high, mask=is_k)
        value = values + (head - HEADS - KV_HEADS).to(tl.int64) * cache_stride + place
        tl.store(value, low, mask=is_v)
        tl.store(value + D // 2, high, mask=is_v)
