"""The FlashAttention package for prompts, where it is installed (`--flash-attn`); decoding stays with our kernel.

Its paged form takes blocks of a multiple of 256 tokens (`choose.FLASH_ATTN_BLOCK`).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from qwen3_vl_webui.engine.attention.base import Mixed
from qwen3_vl_webui.engine.attention.triton_backend import TritonBackend
from qwen3_vl_webui.engine.kv_cache import KVCache


class FlashAttnBackend(TritonBackend):
    """As `TritonBackend`, with `flash_attn_varlen_func` over the paged cache for segments of several tokens."""

    name = "flash-attn"

    def __init__(self, cache: KVCache, *, num_heads: int, max_running: int) -> None:
        super().__init__(cache, num_heads=num_heads, max_running=max_running)
        self._attend: Any = import_module("flash_attn").flash_attn_varlen_func

    def prefill(self, q: Tensor, pair: tuple[Tensor, Tensor], batch: Mixed, out: Tensor) -> None:
        ones = batch.ones
        starts, tables = batch.starts[ones:] - ones, batch.tables[ones:]
        seen = batch.context[ones:] + starts.diff()
        keys, values = (pool.permute(1, 2, 0, 3) for pool in pair)  # [blocks, block_size, kv_heads, d]
        out[ones:] = self._attend(
            q[ones:],
            keys,
            values,
            cu_seqlens_q=starts,
            cu_seqlens_k=torch.nn.functional.pad(seen.cumsum(0, dtype=torch.int32), (1, 0)),
            max_seqlen_q=batch.max_query,
            max_seqlen_k=tables.shape[1] * self.cache.block_size,
            causal=True,
            block_table=tables,
        )
