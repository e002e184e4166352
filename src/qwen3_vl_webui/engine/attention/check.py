"""Runs a backend on random keys and values and compares with float64, on the device and the cache themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

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
def measure(make: Make, cache: KVCache, num_heads: int) -> tuple[float, float]:
    """(Largest distance over the largest value, seconds for prompts) of a backend over a cache that is not in use yet.

    Its last layer and last blocks serve, where addresses are the highest; they are cleared afterwards.
    """
    data, size, layer = cache.data, cache.block_size, len(cache.layers) - 1
    kv_heads, d = data.shape[2], data.shape[-1]
    totals = [context + length for context, length in zip(_CONTEXTS, _LENGTHS, strict=True)]
    widths = [-(-total // size) for total in totals]
    first = cache.scratch - sum(widths)
    if first < 0:
        cache = KVCache(
            num_layers=1,
            num_blocks=sum(widths),
            block_size=size,
            num_kv_heads=kv_heads,
            head_dim=d,
            dtype=data.dtype,
            device=data.device,
        )
        first = layer = 0
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(data.device, data.dtype)

    tables = torch.zeros(len(widths), max(widths), dtype=torch.int32)  # as if the first block were block 0
    slots = []
    for row, (blocks, context, total) in enumerate(
        zip(torch.randperm(sum(widths), generator=generator).split(widths), _CONTEXTS, totals, strict=True)
    ):
        tables[row, : len(blocks)] = blocks
        at = torch.arange(context, total)
        slots.append(blocks[at // size] * size + at % size)
    tables, place = tables.to(data.device), torch.cat(slots).to(data.device)
    batch = Mixed(
        tables=tables + first,
        starts=torch.tensor([0, *_LENGTHS]).cumsum(0).int().to(data.device),
        context=torch.tensor(_CONTEXTS, dtype=torch.int32).to(data.device),
        slots=place + first * size,
        max_query=max(_LENGTHS),
        ones=_LENGTHS.count(1),
    )
    count, ones = sum(_LENGTHS), slice(batch.ones)
    qkv, q_norm, k_norm = random(count, (num_heads + 2 * kv_heads) * d), _Norm(random(d)), _Norm(random(d))
    angles = torch.rand(count, 1, d // 2, generator=generator).to(data.device) * 10
    cos, sin = angles.cos(), angles.sin()

    keys, values = (pool[:, first : cache.scratch] for pool in cache.layers[layer])
    keys.copy_(random(*keys.shape))
    values.copy_(random(*keys.shape))
    after = (keys.clone(), values.clone())
    q = norm_rope_write_reference(qkv, q_norm.weight, k_norm.weight, _EPS, cos, sin, after, place)
    wanted = prefill_attention_reference(q, after, tables, batch.starts, batch.context).flatten(1)

    try:
        backend = make(cache, num_heads=num_heads, max_running=batch.ones)
        decode = backend.decode(batch.tables[ones], batch.context[ones] + 1)
        decoded = decode.fused(layer, qkv[ones], q_norm, k_norm, cos[ones], sin[ones])
        mixed = backend.mixed(batch)
        found = mixed.fused(layer, qkv, q_norm, k_norm, cos, sin)
        replayed = backend.mixed(replace(batch, replayed=True)).fused(layer, qkv, q_norm, k_norm, cos, sin)
        pairs = (
            (decoded, wanted[ones]), (found, wanted), (replayed, wanted), (keys, after[0]), (values, after[1]),
        )  # fmt: skip
        off = max(_distance(one, other) for one, other in pairs)
        _wait(data.device)
        begin = time.perf_counter()
        for _ in range(3):
            mixed.fused(layer, qkv, q_norm, k_norm, cos, sin)
        _wait(data.device)
        return off, time.perf_counter() - begin
    finally:
        keys.zero_()
        values.zero_()


def _distance(found: Tensor, wanted: Tensor) -> float:
    off = (found.double() - wanted.double()).abs().max() / wanted.double().abs().max()
    return float(off.nan_to_num(nan=torch.inf))


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
