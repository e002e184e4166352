"""Run one scheduled step on the device: encode what pictures it needs, compute its tokens, choose the next ones.

Nothing here waits for the device: the chosen tokens are on their way to the host when a step has been launched, and the
next step takes them as its input from where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as List
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from qwen3_vl_webui.engine.attention.base import Mixed
from qwen3_vl_webui.engine.attention.torch_backend import SegmentAttention
from qwen3_vl_webui.engine.encoder import Encoder, fastest_tower
from qwen3_vl_webui.engine.graphs import Decoder, Graphs, Output, Visual, token_slots
from qwen3_vl_webui.engine.kv_cache import KVCache
from qwen3_vl_webui.engine.sampler import Choice, Row, Sampler
from qwen3_vl_webui.engine.scheduler import Chunk, Schedule
from qwen3_vl_webui.engine.sequence import Array, Sequence
from qwen3_vl_webui.engine.transfer import to_device
from qwen3_vl_webui.engine.vision_cache import VisionCache
from qwen3_vl_webui.kernels.paged_attention import Segment
from qwen3_vl_webui.model.attention import Attention
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL

# On a CPU, a model with fewer multiply-adds a token than this computes steps of less work than that on one thread. The
# threads of its many small operations would wait for each other longer than they compute, and five to thirty times as
# long when other processes want the cores (measured on 2 cores).
SMALL_MODEL = 5e7
SERIAL_WORK = 1e10


@dataclass(frozen=True, slots=True)
class Unread:
    """Tokens that a step under way chooses, still on the device, and the sequences that they continue, by place."""

    tokens: Tensor
    places: Mapping[Sequence, int]


class Runner:
    """The model, its KV cache, its vision cache and its sampler."""

    def __init__(
        self,
        model: Qwen3VL,
        decoder: Decoder,
        cache: KVCache,
        vision: VisionCache,
        sampler: Sampler,
        graphs: Graphs | None,
    ) -> None:
        """`decoder`: the model itself or a faster form of its decoder.

        `graphs`: for steps that can be replayed, and with the attention of all others; None: PyTorch's alone.
        """
        self.model = model
        self.decoder = decoder
        self.cache = cache
        self.vision = vision
        tower_dtype = model.visual.pos_embed.weight.dtype
        self.encoder = Encoder(fastest_tower(model), vision, dtype=tower_dtype, device=cache.data.device)
        self.sampler = sampler
        self.graphs = graphs
        self.device = cache.data.device
        text = model.config.text
        attention = 2 * (text.num_heads + text.num_kv_heads) * text.head_dim
        layer = text.hidden_size * (attention + 3 * text.intermediate_size)
        self._work_per_token = text.num_layers * layer
        self._work_per_row = text.vocab_size * text.hidden_size
        tower = model.config.vision
        width = 4 * tower.hidden_size + 2 * tower.intermediate_size
        self._work_per_visual = tower.spatial_merge_size**2 * tower.depth * tower.hidden_size * width

    @torch.inference_mode()
    def run(self, schedule: Schedule, rows: List[Row], unread: Unread | None = None) -> Choice:
        """Compute the schedule's chunks and choose a token for each of `rows`, which belong to chunks that sample.

        `unread`: what the step before has chosen, if the host has not read it: inputs of this step.
        """
        with self._threads_for(schedule, len(rows)):
            choice = self._run(schedule, rows, unread)
            self.encoder.advance(list(schedule.ahead.values()))  # behind the tokens that others wait for
            return choice

    def _run(self, schedule: Schedule, rows: List[Row], unread: Unread | None) -> Choice:
        self.cache.copy(schedule.copies)
        self.encoder.encode(list(schedule.encodes.values()))
        chunks = schedule.chunks
        if self.graphs is not None and all(chunk.decodes for chunk in chunks):
            logits, tokens = self._decode(self.graphs, chunks, unread)
            return self.sampler.sample(logits, rows, tokens)
        last = _last_rows(chunks, rows)
        if self.graphs is not None and (shape := self.graphs.shape_for(chunks, len(rows))) is not None:
            newest, places = _newest(unread)
            logits, tokens = self.graphs.prompts(shape, chunks, last, self._visual(chunks), newest, places)
            return self.sampler.sample(logits, rows, tokens) if rows else Choice.nothing(self.device)
        hidden = self._forward(chunks, unread, last)
        return self.sampler.sample(self.decoder.logits(hidden), rows) if rows else Choice.nothing(self.device)

    @torch.inference_mode()
    def clear(self, blocks: list[int]) -> None:
        """Overwrite blocks whose content must not meet another sequence's padding."""
        self.cache.clear(blocks)

    @torch.inference_mode()
    def warm_up(self) -> bool:
        """Make one more kind of step quick for when it is first needed; whether there was one."""
        return (self.graphs is not None and self.graphs.warm_up()) or self.encoder.warm_up()

    def check(self) -> None:
        """Raise when the device does not compute any more."""
        torch.zeros(1, device=self.device).add_(1).item()

    @contextmanager
    def _threads_for(self, schedule: Schedule, rows: int) -> Iterator[None]:
        threads = torch.get_num_threads()
        work = rows * self._work_per_row + sum(chunk.length for chunk in schedule.chunks) * self._work_per_token
        encodes = (*schedule.encodes.values(), *schedule.ahead.values())
        work += sum(span.length for span, _ in encodes) * self._work_per_visual
        small = self._work_per_token < SMALL_MODEL and work < SERIAL_WORK
        if self.device.type != "cpu" or threads == 1 or not small:
            yield
            return
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)

    def _decode(self, graphs: Graphs, chunks: List[Chunk], unread: Unread | None) -> Output:
        return graphs.decode([chunk.sequence for chunk in chunks], *_newest(unread))

    def _forward(self, chunks: List[Chunk], unread: Unread | None, last: List[int]) -> Tensor:
        """The hidden states of the rows `last`; of the first one where that is empty, for no kernel takes no rows."""
        tokens = self._tokens(chunks, unread)
        positions = np.concatenate([chunk.sequence.positions(chunk.start, chunk.end) for chunk in chunks], axis=1)
        features = rows = None
        if (visual := self._visual(chunks)) is not None:
            features, rows = torch.cat(list(visual.features), dim=1), self._put(visual.rows)
        wanted = None if last == list(range(len(tokens))) else self._put(np.array(last or [0]))
        return self.decoder.forward(tokens, self._put(positions), self._attention(chunks), features, rows, wanted)

    def _attention(self, chunks: List[Chunk]) -> Attention:
        """The attention of any batch."""
        if self.graphs is None:
            segments = [Segment(chunk.start, chunk.length, chunk.sequence.block_table) for chunk in chunks]
            return SegmentAttention(self.cache, segments, sum(chunk.length for chunk in chunks))
        rows = self.graphs.tables.rows([chunk.sequence for chunk in chunks])
        lengths = [chunk.length for chunk in chunks]
        parts = [np.array(rows), np.cumsum([0, *lengths]), np.array([chunk.start for chunk in chunks])]
        parts.append(token_slots(chunks, self.cache.block_size))
        row, starts, context, slots = self._put(np.concatenate(parts)).split([len(part) for part in parts])
        mixed = Mixed(
            tables=self.graphs.tables.data[row],
            starts=starts.int(),
            context=context.int(),
            slots=slots,
            max_query=max(lengths),
            ones=lengths.count(1),
        )
        return self.graphs.backend.mixed(mixed)

    def _tokens(self, chunks: List[Chunk], unread: Unread | None) -> Tensor:
        """The token ids of the chunks; those that the host does not know are taken from where they are."""
        parts: list[Array] = []
        into: list[int] = []  # rows of the batch
        source: list[int] = []  # places among the unread
        row = 0
        for chunk in chunks:
            if chunk.sequence.unread:
                assert unread is not None
                assert chunk.length == 1
                into.append(row)
                source.append(unread.places[chunk.sequence])
                parts.append(np.zeros(1, dtype=np.int64))
            else:
                parts.append(chunk.sequence.tokens(chunk.start, chunk.end))
            row += chunk.length
        tokens = self._put(np.concatenate(parts))
        if unread is None or not into:
            return tokens
        newest = unread.tokens[self._put(np.array(source))].clamp(min=0)  # a row without a choice runs along once more
        return tokens.index_copy(0, self._put(np.array(into)), newest)

    def _visual(self, chunks: List[Chunk]) -> Visual | None:
        """The visual tokens among the chunks."""
        features: list[Tensor] = []
        rows: list[Array] = []
        row = 0
        for chunk in chunks:
            for span in chunk.sequence.spans(chunk.start, chunk.end):
                first, last = max(span.start, chunk.start), min(span.end, chunk.end)
                features.append(self.vision[span.key][:, first - span.start : last - span.start])
                rows.append(np.arange(row + first - chunk.start, row + last - chunk.start))
            row += chunk.length
        return Visual(features, np.concatenate(rows)) if features else None

    def _put(self, array: Array) -> Tensor:
        return to_device(np.ascontiguousarray(array), self.device)


def _newest(unread: Unread | None) -> tuple[Tensor | None, Mapping[Sequence, int]]:
    return (None, {}) if unread is None else (unread.tokens, unread.places)


def rows_to_sample(chunks: List[Chunk]) -> list[Row]:
    """The tokens to choose: one for each chunk that ends its sequence, `n` where samples are still to be forked."""
    rows = []
    for chunk in chunks:
        if chunk.samples:
            group = chunk.sequence.group
            count = 1 if group.forked else group.request.sampling.n
            rows += [Row(chunk.sequence, index) for index in (range(count) if count > 1 else (chunk.sequence.index,))]
    return rows


def _last_rows(chunks: List[Chunk], rows: List[Row]) -> list[int]:
    """Where in the batch the chunks end after which the tokens are chosen."""
    ends: dict[Sequence, int] = {}
    at = -1
    for chunk in chunks:
        at += chunk.length
        ends[chunk.sequence] = at
    return [ends[row.sequence] for row in rows]
