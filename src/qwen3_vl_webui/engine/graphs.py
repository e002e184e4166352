"""A decoding step over buffers that stay where they are, so that an accelerator replays it as one CUDA graph.

Each of a few batch sizes has its buffers and its graph; a batch is padded to the next size with rows that use the
cache's scratch block. The first batch of a size is computed without a graph, which also compiles and warms up what it
needs; the second one captures it. Without `capture` every batch is computed directly, from the same buffers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from collections.abc import Sequence as List
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from qwen3_vl_webui.engine.block_tables import BlockTables
from qwen3_vl_webui.engine.kv_cache import KVCache
from qwen3_vl_webui.engine.sequence import Sequence
from qwen3_vl_webui.engine.transfer import to_device
from qwen3_vl_webui.kernels.paged_attention import write_kv
from qwen3_vl_webui.model.attention import Attention


def batch_sizes(max_running: int) -> list[int]:
    """1, 2, 4, then multiples of 8 up to 64, of 16 up to 128 and of 32 beyond, the last one enough for all."""
    steps = [1, 2, 4, *range(8, 64, 8), *range(64, 128, 16)]
    sizes = [size for size in steps if size < max_running]
    sizes += range(128, max_running, 32)
    return [*sizes, max_running]


class Decoder(Protocol):
    """`Qwen3VL`, or `model.fused` over its weights."""

    def forward(
        self,
        token_ids: Tensor,
        positions: Tensor,
        attend: Attention,
        visual: Tensor | None = None,
        visual_index: Tensor | None = None,
    ) -> Tensor: ...

    def logits(self, hidden: Tensor) -> Tensor: ...

    def greedy(self, logits: Tensor) -> tuple[Tensor, Tensor]: ...


# tables int32 [rows, max_blocks] and lengths int32 [rows] -> the attention of rows of one token each
MakeAttention = Callable[[Tensor, Tensor], Attention]


class TableAttention:
    """Attention of rows of one token each, by their block tables and lengths. PyTorch reference."""

    def __init__(self, cache: KVCache, tables: Tensor, lengths: Tensor) -> None:
        self.cache, self.tables = cache, tables
        last = lengths.long() - 1
        block = tables.gather(1, (last // cache.block_size)[:, None]).squeeze(1)
        self.slots = block * cache.block_size + last % cache.block_size
        seen = torch.arange(tables.shape[1] * cache.block_size, device=tables.device)
        self.unseen = (seen >= lengths[:, None])[None, :, None]  # [1, rows, 1, keys]

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        pair = self.cache.layers[layer]
        write_kv(pair, k, v, self.slots)
        rows, heads, d = q.shape
        # What a table holds past the length may be anything, NaN too.
        keys, values = (pool[:, self.tables].flatten(2, 3).masked_fill(self.unseen.transpose(2, 3), 0) for pool in pair)
        query = q.view(rows, keys.shape[0], -1, d).transpose(0, 1)
        out = F.scaled_dot_product_attention(query, keys, values, attn_mask=~self.unseen)
        return out.transpose(0, 1).reshape(rows, heads, d)


class _Step:
    """One batch size: what goes in, what comes out, and the graph between them."""

    def __init__(self, size: int, device: torch.device) -> None:
        # Row of the block tables, tokens of the sequence, position of the newest, its id, its place in `newest` or -1.
        self.inputs = torch.zeros(5, size, dtype=torch.int64, device=device)
        self.size = size
        self.uses = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.outputs: tuple[Tensor, Tensor, Tensor] | None = None


class DecodeGraphs:
    """Runs decoding steps of up to `max_running` sequences."""

    def __init__(
        self, decoder: Decoder, attention: MakeAttention, tables: BlockTables, *, max_running: int, capture: bool
    ) -> None:
        self.decoder = decoder
        self.attention = attention
        self.tables = tables
        self.device = tables.data.device
        self.capture = capture
        self._sizes = batch_sizes(max_running)
        self._steps: dict[int, _Step] = {}
        self._newest = torch.zeros(max_running, dtype=torch.int64, device=self.device)
        self._pool = torch.cuda.graph_pool_handle() if capture else None
        self._stream = torch.cuda.Stream(self.device) if capture else None

    def run(
        self, sequences: List[Sequence], newest: Tensor | None, places: Mapping[Sequence, int]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute the newest token of each sequence: logits [n, vocab], and of each row the largest and its token.

        `newest`: tokens of the step before, not yet known to the host, and whose they are. The results are
        overwritten by the next call.
        """
        count = len(sequences)
        size = self._sizes[bisect_left(self._sizes, count)]
        step = self._steps.get(size)
        if step is None:
            step = self._steps[size] = _Step(size, self.device)
        step.inputs.copy_(self._describe(sequences, places, size), non_blocking=True)
        if newest is not None:
            self._newest[: len(newest)].copy_(newest)
        step.uses += 1
        if self.capture and step.graph is None and step.uses > 1:
            self._capture(step)
        if step.graph is not None:
            step.graph.replay()
        else:
            step.outputs = self._compute(step)
        assert step.outputs is not None
        logits, best, tokens = step.outputs
        return logits[:count], (best[:count], tokens[:count])

    def _describe(self, sequences: List[Sequence], places: Mapping[Sequence, int], size: int) -> Tensor:
        host = np.zeros((5, size), dtype=np.int64)
        host[0], host[1], host[4] = self.tables.padding_row, 1, -1
        count = len(sequences)
        host[0, :count] = self.tables.rows(sequences)
        lengths = [len(one) for one in sequences]
        host[1, :count] = lengths
        host[2, :count] = [
            length - 1 + one.group.request.position_delta for length, one in zip(lengths, sequences, strict=True)
        ]
        host[3, :count] = [0 if one.unread else one.generated[-1] for one in sequences]
        host[4, :count] = [places[one] if one.unread else -1 for one in sequences]
        return to_device(host, self.device)

    def _compute(self, step: _Step) -> tuple[Tensor, Tensor, Tensor]:
        rows, lengths, position, known, place = step.inputs
        tokens = torch.where(place < 0, known, self._newest[place.clamp(min=0)]).clamp(min=0)
        tables = self.tables.data[rows]
        attend = self.attention(tables, lengths.int())
        logits = self.decoder.logits(self.decoder.forward(tokens, position.expand(3, -1), attend))
        return logits, *self.decoder.greedy(logits)

    def _capture(self, step: _Step) -> None:
        assert self._stream is not None
        current = torch.cuda.current_stream(self.device)
        self._stream.wait_stream(current)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.stream(self._stream):
            # Other threads may allocate meanwhile: another edition is being loaded.
            graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
            try:
                step.outputs = self._compute(step)
            finally:
                graph.capture_end()
        current.wait_stream(self._stream)
        step.graph = graph
