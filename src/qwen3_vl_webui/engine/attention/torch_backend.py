"""PyTorch's own operations behind the backend interface: the reference, and what runs where nothing faster can."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from qwen3_vl_webui.engine.attention.base import Mixed
from qwen3_vl_webui.engine.kv_cache import KVCache
from qwen3_vl_webui.kernels.paged_attention import Segment, paged_attention, plan, write_kv
from qwen3_vl_webui.model.attention import Attention


class TorchBackend:
    """Attention over one cache. A mixed batch is read back to the host, which decides what is computed together."""

    name = "torch"
    static = False

    def __init__(self, cache: KVCache) -> None:
        self.cache = cache

    def decode(self, tables: Tensor, lengths: Tensor) -> Attention:
        return _Decode(self.cache, tables, lengths)

    def mixed(self, batch: Mixed) -> Attention:
        tables = batch.tables.cpu().numpy().astype("int64", copy=False)
        contexts, lengths = batch.context.tolist(), batch.starts.diff().tolist()
        segments = [
            Segment(context, length, blocks)
            for context, length, blocks in zip(contexts, lengths, tables, strict=True)
            if length
        ]
        return SegmentAttention(self.cache, segments, len(batch.slots))


class _Decode:
    def __init__(self, cache: KVCache, tables: Tensor, lengths: Tensor) -> None:
        self.cache = cache
        size = cache.block_size
        # An entry that the length does not need may be anything.
        needed = torch.arange(tables.shape[1], device=tables.device) * size < lengths[:, None]
        self.tables = tables.where(needed, cache.scratch)
        last = lengths.long().clamp(min=1) - 1
        block = self.tables.gather(1, (last // size)[:, None]).squeeze(1)
        self.slots = block * size + last % size
        seen = torch.arange(tables.shape[1] * size, device=tables.device)
        self.unseen = (seen > last[:, None])[None, :, None]  # [1, rows, 1, keys]

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        pair = self.cache.layers[layer]
        write_kv(pair, k, v, self.slots)
        rows, heads, d = q.shape
        # So may what a block holds past the length, NaN too.
        keys, values = (pool[:, self.tables].flatten(2, 3).masked_fill(self.unseen.transpose(2, 3), 0) for pool in pair)
        query = q.view(rows, keys.shape[0], -1, d).transpose(0, 1)
        out = F.scaled_dot_product_attention(query, keys, values, attn_mask=~self.unseen)
        return out.transpose(0, 1).reshape(rows, heads, d)


class SegmentAttention:
    """The attention of a batch whose segments, those of one token first, the host knows: what a CPU uses."""

    def __init__(self, cache: KVCache, segments: Sequence[Segment], tokens: int) -> None:
        """`tokens` of the batch; what is more than the segments' is padding."""
        self.cache = cache
        self.batch = plan(segments, cache.block_size, dtype=cache.data.dtype, device=cache.data.device)
        self.padding = tokens - len(self.batch.slots)

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        pair, count = self.cache.layers[layer], len(self.batch.slots)
        q, k, v = q[:count], k[:count], v[:count]
        write_kv(pair, k, v, self.batch.slots)
        out = paged_attention(q, k, v, pair, self.batch)
        return out if not self.padding else torch.cat((out, out.new_zeros(self.padding, *out.shape[1:])))
