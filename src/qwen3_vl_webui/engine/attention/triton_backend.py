"""Our Triton kernels behind the backend interface: one kernel a layer for decoding, two for prompts.

They take the qkv product as it is (`fused`); the plain call is for decoders that norm and rotate themselves.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from qwen3_vl_webui.engine.attention.base import Mixed
from qwen3_vl_webui.engine.kv_cache import KVCache
from qwen3_vl_webui.kernels import dependent_launch
from qwen3_vl_webui.kernels.decode_attention import DecodeWorkspace, decode_attention
from qwen3_vl_webui.kernels.norm_rope_write import norm_rope_write
from qwen3_vl_webui.kernels.paged_attention import write_kv
from qwen3_vl_webui.kernels.prefill_attention import prefill_attention
from qwen3_vl_webui.model.attention import FusedAttention, HeadNorm


class TritonBackend:
    """Attention of batches of up to `max_running` decoding rows over one cache. One stream at a time may use it."""

    name = "triton"
    static = True

    def __init__(self, cache: KVCache, *, num_heads: int, max_running: int) -> None:
        self.cache = cache
        keys = cache.layers[0][0]
        self.num_heads, self.num_kv_heads, self.head_dim = num_heads, keys.shape[0], keys.shape[-1]
        self.workspace = DecodeWorkspace.allocate(max_running, num_heads, self.num_kv_heads, self.head_dim, keys.device)
        self.dependent = dependent_launch.supported(keys.device)

    def decode(self, tables: Tensor, lengths: Tensor) -> FusedAttention:
        return _Decode(self, tables, lengths)

    def mixed(self, batch: Mixed) -> FusedAttention:
        return _Mixed(self, batch)

    def prefill(self, q: Tensor, pair: tuple[Tensor, Tensor], batch: Mixed, out: Tensor) -> None:
        """Attention of the segments after the first `ones`: q [n, heads, d] of all segments, out likewise."""
        ones = batch.ones
        prefill_attention(
            q,
            pair,
            batch.tables[ones:],
            batch.starts[ones:],
            batch.context[ones:],
            batch.max_query,
            out=out,
            replayed=batch.replayed,
            dependent=self.dependent,
        )


class _Decode:
    def __init__(self, backend: TritonBackend, tables: Tensor, lengths: Tensor) -> None:
        self.backend, self.tables, self.lengths = backend, tables, lengths

    def fused(
        self,
        layer: int,
        qkv: Tensor,
        q_norm: HeadNorm,
        k_norm: HeadNorm,
        cos: Tensor,
        sin: Tensor,
        out: Tensor | None = None,
    ) -> Tensor:
        backend = self.backend
        out = decode_attention(
            qkv,
            q_norm.weight,
            k_norm.weight,
            q_norm.eps,
            cos,
            sin,
            backend.cache.layers[layer],
            self.tables,
            self.lengths,
            backend.workspace,
            out=out,
            dependent=backend.dependent,
        )
        return out.flatten(1)

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """As segments of one token: not the fastest, but no decoder that has a choice calls it."""
        cache, count = self.backend.cache, len(self.lengths)
        tables = self.tables.where((self.lengths > 0)[:, None], cache.scratch)
        context = (self.lengths - 1).clamp(min=0)
        block = tables.gather(1, (context // cache.block_size).long()[:, None])[:, 0]
        starts = torch.arange(count + 1, dtype=torch.int32, device=q.device)
        slots = block.long() * cache.block_size + context % cache.block_size
        batch = Mixed(tables=tables, starts=starts, context=context, slots=slots, max_query=1, ones=0)
        return self.backend.mixed(batch)(layer, q, k, v)


class _Mixed:
    def __init__(self, backend: TritonBackend, batch: Mixed) -> None:
        self.backend, self.batch = backend, batch
        self.decode = _Decode(backend, batch.tables[: batch.ones], batch.context[: batch.ones] + 1)

    def fused(self, layer: int, qkv: Tensor, q_norm: HeadNorm, k_norm: HeadNorm, cos: Tensor, sin: Tensor) -> Tensor:
        backend, batch = self.backend, self.batch
        pair = backend.cache.layers[layer]
        ones = batch.ones
        weights = (q_norm.weight, k_norm.weight, q_norm.eps)
        out = torch.empty((len(qkv), backend.num_heads, backend.head_dim), dtype=qkv.dtype, device=qkv.device)
        if ones:
            self.decode.fused(layer, qkv[:ones], q_norm, k_norm, cos[:ones], sin[:ones], out[:ones])
        if ones < len(batch.context):
            q = norm_rope_write(qkv, *weights, cos, sin, pair, batch.slots, dependent=backend.dependent)
            backend.prefill(q, pair, batch, out)
        return out.flatten(1)

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        cache, batch = self.backend.cache, self.batch
        pair = cache.layers[layer]
        write_kv(pair, k, v, torch.where(batch.slots < 0, cache.scratch * cache.block_size, batch.slots))
        q = q.contiguous()
        out = torch.empty_like(q)
        self.backend.prefill(q, pair, dataclasses.replace(batch, ones=0), out)
        return out
