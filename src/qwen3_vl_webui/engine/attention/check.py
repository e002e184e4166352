"""Runs a backend over a small random cache and compares with float64, on the device itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from qwen3_vl_webui.engine.attention.base import Mixed
from qwen3_vl_webui.engine.attention.triton_backend import TritonBackend
from qwen3_vl_webui.engine.kv_cache import KVCache
from qwen3_vl_webui.kernels.norm_rope_write import norm_rope_write_reference
from qwen3_vl_webui.kernels.prefill_attention import prefill_attention_reference

Make = Callable[..., TritonBackend]

_CONTEXTS, _LENGTHS = (70, 0, 300, 77), (1, 1, 150, 300)  # two sequences decode, two bring several tokens
_EPS = 1e-6


@dataclass(frozen=True)
class _Norm:
    weight: Tensor
    eps: float = _EPS


@torch.inference_mode()
def measure(make: Make, like: KVCache, num_heads: int) -> tuple[float, float]:
    """(Largest distance over the largest value, seconds for prompts) of a backend for caches like this one."""
    data, size = like.data, like.block_size
    kv_heads, d = data.shape[2], data.shape[-1]
    totals = [context + length for context, length in zip(_CONTEXTS, _LENGTHS, strict=True)]
    widths = [-(-total // size) for total in totals]
    cache = KVCache(
        num_layers=1,
        num_blocks=sum(widths),
        block_size=size,
        num_kv_heads=kv_heads,
        head_dim=d,
        dtype=data.dtype,
        device=data.device,
    )
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(data.device, data.dtype)

    cache.data.copy_(random(*cache.data.shape))
    tables = torch.zeros(len(widths), max(widths), dtype=torch.int32)
    slots = []
    order = torch.randperm(sum(widths), generator=generator)
    for row, (blocks, context, total) in enumerate(zip(order.split(widths), _CONTEXTS, totals, strict=True)):
        tables[row, : len(blocks)] = blocks
        at = torch.arange(context, total)
        slots.append(blocks[at // size] * size + at % size)
    batch = Mixed(
        tables=tables.to(data.device),
        starts=torch.tensor([0, *_LENGTHS]).cumsum(0).int().to(data.device),
        context=torch.tensor(_CONTEXTS, dtype=torch.int32).to(data.device),
        slots=torch.cat(slots).to(data.device),
        max_query=max(_LENGTHS),
        ones=_LENGTHS.count(1),
    )
    count, ones = sum(_LENGTHS), slice(batch.ones)
    qkv, q_norm, k_norm = random(count, (num_heads + 2 * kv_heads) * d), _Norm(random(d)), _Norm(random(d))
    angles = torch.rand(count, 1, d // 2, generator=generator).to(data.device) * 10
    cos, sin = angles.cos(), angles.sin()

    keys, values = cache.layers[0]
    after = (keys.clone(), values.clone())
    q = norm_rope_write_reference(qkv, q_norm.weight, k_norm.weight, _EPS, cos, sin, after, batch.slots)
    wanted = prefill_attention_reference(q, after, batch.tables, batch.starts, batch.context).flatten(1)

    backend = make(cache, num_heads=num_heads, max_running=batch.ones)
    decode = backend.decode(batch.tables[ones], batch.context[ones] + 1)
    decoded = decode.fused(0, qkv[ones], q_norm, k_norm, cos[ones], sin[ones])
    mixed = backend.mixed(batch)
    found = mixed.fused(0, qkv, q_norm, k_norm, cos, sin)
    pairs = ((decoded, wanted[ones]), (found, wanted), (keys, after[0]), (values, after[1]))
    off = max(_distance(one, other) for one, other in pairs)
    _wait(data.device)
    begin = time.perf_counter()
    for _ in range(3):
        mixed.fused(0, qkv, q_norm, k_norm, cos, sin)
    _wait(data.device)
    return off, time.perf_counter() - begin


def _distance(found: Tensor, wanted: Tensor) -> float:
    off = (found.double() - wanted.double()).abs().max() / wanted.double().abs().max()
    return float(off.nan_to_num(nan=torch.inf))


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
