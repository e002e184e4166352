"""Steps of a fixed shape over buffers that stay where they are, so that a GPU replays each as one CUDA graph.

Launching hundreds of kernels one by one takes the host longer than a small step takes the device. Decoding steps,
short prompts and both together are therefore padded to a few sizes, and everything that changes goes in through one
tensor, the features of pictures through another. How each is captured and replayed: `engine.replay`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from collections.abc import Sequence as List
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from qwen3_vl_webui.engine.attention.base import AttentionBackend, Mixed
from qwen3_vl_webui.engine.block_tables import BlockTables
from qwen3_vl_webui.engine.replay import Capture, Replayed, Result
from qwen3_vl_webui.engine.sampler import chosen
from qwen3_vl_webui.engine.scheduler import Chunk
from qwen3_vl_webui.engine.sequence import Array, Sequence
from qwen3_vl_webui.engine.transfer import to_device
from qwen3_vl_webui.model.attention import Attention

# Tokens. A prompt with a picture of 1024x1024 has 1,024 visual tokens and some text.
PROMPT_SIZES = [16, 32, 64, 128, 192, 256, 320, 384, 512, 640, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792]
COMMON_PROMPT = 512  # the size that is made ready first
COMMON_PICTURES = (1152, 320)  # and the first with pictures: of 1024x1024 and 512x512, each with a question
PROMPTS = 8  # that a replayed step of prompts has room for
# Beside decoding, or more prompts: rows of such a step, the first of them for sequences that decode.
MIXED_SIZES = [128, 192, 256, 320, 384, 512, 640, 768, 896, 1024, 1152, 1280]
MIXED_DECODES = 32  # at most: with more, launching takes the host no longer than the step takes the device
MIXED_PROMPTS = 16


class Decoder(Protocol):
    """`Qwen3VL`, or `model.fused` over its weights."""

    def forward(
        self,
        token_ids: Tensor,
        positions: Tensor,
        attend: Attention,
        visual: Tensor | None = None,
        visual_index: Tensor | None = None,
        wanted: Tensor | None = None,
    ) -> Tensor: ...

    def logits(self, hidden: Tensor) -> Tensor: ...

    def greedy(self, logits: Tensor) -> tuple[Tensor, Tensor]: ...


Flat = TypeVar("Flat", Array, Tensor)
Output = tuple[Tensor, Tensor]  # logits [n, vocab] and the most likely tokens [n], until the next step
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a replayed step of prompts has room for."""

    size: int  # rows
    pictured: bool  # some of them visual tokens
    decodes: int  # the first rows: sequences that decode
    prompts: int

    @property
    def segments(self) -> int:
        return self.decodes + self.prompts

    @property
    def fields(self) -> tuple[int, ...]:
        """How many numbers it takes of each kind: tokens, three position axes, slots, rows of the visual tokens; places
        of the decoding rows' tokens among those that the host does not know; and of each segment its row of the block
        tables, its start (and the end of all), its context, and the row after which a token is chosen.
        """
        size, segments = self.size, self.segments
        visual = size if self.pictured else 0
        return size, 3 * size, size, visual, self.decodes, segments, segments + 1, segments, segments


@dataclass(frozen=True, slots=True)
class Visual:
    """The visual tokens of a batch."""

    features: List[Tensor]  # each [1 + levels, m, hidden]
    rows: Array  # int64: the rows of the batch they belong to, one after the other


class Graphs:
    """The steps that can be replayed, by size. Without `capture` they are computed directly, from the same inputs."""

    def __init__(
        self,
        decoder: Decoder,
        backend: AttentionBackend,
        tables: BlockTables,
        *,
        block_size: int,
        max_running: int,
        features: Tensor,
        capture: Capture | None,
    ) -> None:
        """`features`: [1 + levels, PROMPT_SIZES[-1], hidden], where those of pictures are put."""
        self.decoder = decoder
        self.backend = backend
        self.tables = tables
        self.block_size = block_size
        self.device = tables.data.device
        self.capture = capture
        self._decode_sizes = decode_sizes(max_running)
        self._mixed_decodes = min(max_running, MIXED_DECODES)
        # Rows of hidden states that the output layer is ready for.
        self._choices = sorted({1, PROMPTS, self._mixed_decodes, self._mixed_decodes + MIXED_PROMPTS})
        self._features = features
        self._decodes: dict[int, Replayed[Output]] = {}
        self._prompts: dict[Shape, Replayed[Tensor]] = {}
        self._gather = gather_inputs
        if backend.name != "torch":
            from qwen3_vl_webui.kernels.step_inputs import step_inputs  # needs Triton

            self._gather = step_inputs
        self._newest = torch.zeros(max_running, dtype=torch.int64, device=self.device)

    def decode(self, sequences: List[Sequence], newest: Tensor | None, places: Mapping[Sequence, int]) -> Output:
        """Compute the newest token of each sequence.

        `newest`: tokens of the step before that the host does not know yet, and the place of each one's among them.
        """
        count = len(sequences)
        size = self._decode_sizes[bisect_left(self._decode_sizes, count)]
        # Row of the block tables, tokens of the sequence, position of the newest, its id, its place in `newest` or -1.
        host = np.zeros((5, size), dtype=np.int64)
        host[0, count:] = self.tables.padding_row
        lengths = [len(one) for one in sequences]
        host[0, :count] = self.tables.rows(sequences)
        host[1, :count] = lengths
        host[2, :count] = [
            length - 1 + one.group.request.position_delta for length, one in zip(lengths, sequences, strict=True)
        ]
        host[3, :count] = [0 if one.unread else one.generated[-1] for one in sequences]
        host[4, count:] = -1
        host[4, :count] = [places[one] if one.unread else -1 for one in sequences]
        self._take_newest(newest)
        logits, tokens = self._run(self._decodes, size, host.reshape(-1), self._compute_decode)
        return logits[:count], tokens[:count]

    def shape_for(self, chunks: List[Chunk], rows: int) -> Shape | None:
        """Which shape `prompts` can compute these in: few short chunks that end in so many tokens to choose."""
        if self.capture is not None and not self.backend.static:
            return None
        decodes = _leading(chunks)
        tokens, prompts = sum(chunk.length for chunk in chunks) - decodes, len(chunks) - decodes
        most = max(prompts, rows - decodes)
        if not decodes and most <= PROMPTS and tokens < PROMPT_SIZES[-1]:
            pictured = any(chunk.sequence.spans(chunk.start, chunk.end) for chunk in chunks)
            return self._plain(tokens, pictured)
        if decodes <= self._mixed_decodes and most <= MIXED_PROMPTS:
            size = self._mixed_decodes + tokens + 1
            return self._mixed(size) if size <= MIXED_SIZES[-1] else None
        return None

    def prompts(
        self,
        shape: Shape,
        chunks: List[Chunk],
        last: List[int],
        visual: Visual | None,
        newest: Tensor | None,
        places: Mapping[Sequence, int],
    ) -> Output:
        """Compute chunks, those that decode first; `last`: the rows of the batch after which a token is to be chosen.

        `newest` and `places` as `decode` takes them, for those that decode.
        """
        decodes = _leading(chunks)
        idle = shape.decodes - decodes  # rows between those that decode and the prompts
        host = _flat(shape)
        tokens, positions, slots, visual_rows, unread, rows, starts, context, ends = _split(host, shape)

        def place(into: Array, values: Array) -> None:
            """Put what there is of each token or each chunk where its row is."""
            into[..., :decodes] = values[..., :decodes]
            into[..., shape.decodes : values.shape[-1] + idle] = values[..., decodes:]

        ids = [
            np.zeros(1, dtype=np.int64) if one.sequence.unread else one.sequence.tokens(one.start, one.end)
            for one in chunks
        ]
        place(tokens, np.concatenate(ids))
        where = [chunk.sequence.positions(chunk.start, chunk.end) for chunk in chunks]
        place(positions.reshape(3, -1), np.concatenate(where, axis=1))
        slots[:] = -1
        place(slots, token_slots(chunks, self.block_size))
        unread[:] = -1
        unread[:decodes] = [places[one.sequence] if one.sequence.unread else -1 for one in chunks[:decodes]]
        rows[:] = self.tables.padding_row
        place(rows, np.array(self.tables.rows([chunk.sequence for chunk in chunks])))
        bounds = shape.decodes + np.cumsum([0, *(chunk.length for chunk in chunks[decodes:])])
        starts[:] = bounds[-1]
        starts[: shape.decodes] = range(shape.decodes)
        starts[shape.decodes : shape.decodes + len(bounds)] = bounds
        place(context, np.array([chunk.start for chunk in chunks]))
        ends[: len(last)] = [row if row < decodes else row + idle for row in last]
        # What lies in the buffer behind the features goes to the last row, which no token has.
        visual_rows[:] = shape.size - 1
        if visual is not None:
            visual_rows[: len(visual.rows)] = visual.rows + idle
            torch.cat(list(visual.features), dim=1, out=self._features[:, : len(visual.rows)])
        self._take_newest(newest)
        return self._choose_after(self._run_prompts(shape, host), len(last))

    def warm_up(self) -> bool:
        """Compute or capture the next size that was not yet, with nothing but padding; False when there is none."""
        if self.capture is None:
            return False
        one, *more = self._decode_sizes
        if self._warm_decode(one):
            return True
        if self.backend.static:
            common = [self._plain(COMMON_PROMPT, False), *(self._plain(size - 1, True) for size in COMMON_PICTURES)]
            if any(map(self._warm_prompts, (*common, *(self._plain(size, False) for size in PROMPT_SIZES)))):
                return True
        if any(map(self._warm_decode, more)):
            return True
        pictured = (self._plain(size - 1, True) for size in PROMPT_SIZES)
        return self.backend.static and any(map(self._warm_prompts, (*map(self._mixed, MIXED_SIZES), *pictured)))

    def pad_decode(self, size: int) -> None:
        """Compute a decoding step of padding alone."""
        host = np.zeros((5, size), dtype=np.int64)
        host[0], host[4] = self.tables.padding_row, -1
        self._run(self._decodes, size, host.reshape(-1), self._compute_decode)

    def pad_prompts(self, shape: Shape) -> None:
        """Compute a step of prompts of padding alone, with the output layer."""
        host = _flat(shape)
        _, _, slots, visual_rows, unread, rows, starts, *_ = _split(host, shape)
        slots[:], visual_rows[:], unread[:], rows[:] = -1, shape.size - 1, -1, self.tables.padding_row
        starts[:] = np.minimum(np.arange(len(starts)), shape.decodes)
        hidden = self._run_prompts(shape, host)
        for count in self._choices:
            if count <= len(hidden):
                self._choose_after(hidden, count)

    def _plain(self, tokens: int, pictured: bool) -> Shape:
        """The shape for so many tokens of prompts alone, with a row for what pads the visual ones."""
        return Shape(PROMPT_SIZES[bisect_left(PROMPT_SIZES, tokens + pictured)], pictured, 0, PROMPTS)

    def _mixed(self, rows: int) -> Shape:
        """The shape for so many rows beside decoding, with pictures or without."""
        return Shape(MIXED_SIZES[bisect_left(MIXED_SIZES, rows)], True, self._mixed_decodes, MIXED_PROMPTS)

    def _warm_decode(self, size: int) -> bool:
        if (step := self._decodes.get(size)) is not None and not step.unready:
            return False
        self.pad_decode(size)
        return True

    def _warm_prompts(self, shape: Shape) -> bool:
        if (step := self._prompts.get(shape)) is not None and not step.unready:
            return False
        self.pad_prompts(shape)
        return True

    def _take_newest(self, newest: Tensor | None) -> None:
        if newest is not None:
            self._newest[: len(newest)].copy_(newest)

    def _run_prompts(self, shape: Shape, host: Array) -> Tensor:
        return self._run(self._prompts, shape, host, partial(self._compute_prompts, shape=shape))

    def _run(
        self, steps: dict[Key, Replayed[Result]], key: Key, host: Array, compute: Callable[[Tensor], Result]
    ) -> Result:
        step = steps.get(key)
        if step is None:
            step = steps[key] = Replayed(to_device(host, self.device), compute, self.capture)
        return step.run(host)

    def _compute_decode(self, inputs: Tensor) -> Output:
        rows, lengths, position, known, place = inputs.view(5, -1)
        tokens, lengths, tables = self._gather(
            rows, lengths, known, place, self._newest, self.tables.data, self.block_size
        )
        attend = self.backend.decode(tables, lengths)
        return self._choose(self.decoder.forward(tokens, position.expand(3, -1), attend))

    def _compute_prompts(self, inputs: Tensor, shape: Shape) -> Tensor:
        """The hidden states after which tokens are chosen, [segments, hidden]."""
        tokens, positions, slots, visual_rows, unread, rows, starts, context, ends = _split(inputs, shape)
        if shape.decodes:
            newest = self._newest[unread.clamp(min=0)].clamp(min=0)
            tokens = torch.cat((torch.where(unread < 0, tokens[: shape.decodes], newest), tokens[shape.decodes :]))
        batch = Mixed(
            tables=self.tables.data[rows],
            starts=starts.int(),
            context=context.int(),
            slots=slots,
            max_query=shape.size,
            ones=shape.decodes,
            replayed=True,
        )
        attend = self.backend.mixed(batch)
        features, index = (self._features[:, : shape.size], visual_rows) if shape.pictured else (None, None)
        return self.decoder.forward(tokens, positions.view(3, -1), attend, features, index, ends)

    def _choose_after(self, hidden: Tensor, count: int) -> Output:
        """Choose after the first `count` of the hidden states that a step of prompts gave.

        Launched apart from its graph: the device is far behind, and the logits of every graph would take memory.
        """
        if not count:
            return hidden[:0], hidden[:0].long()
        logits, tokens = self._choose(hidden[: self._choices[bisect_left(self._choices, count)]])
        return logits[:count], tokens[:count]

    def _choose(self, hidden: Tensor) -> Output:
        logits = self.decoder.logits(hidden)
        return logits, chosen(*self.decoder.greedy(logits))


def gather_inputs(
    rows: Tensor, lengths: Tensor, known: Tensor, places: Tensor, newest: Tensor, tables: Tensor, block_size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """`kernels.step_inputs` in PyTorch, with whole tables."""
    tokens = torch.where(places < 0, known, newest[places.clamp(min=0)]).clamp(min=0)
    return tokens, lengths.int(), tables[rows]


def decode_sizes(max_running: int) -> list[int]:
    """Few enough that their logits, which each graph keeps, do not matter; the last one is enough for all."""
    steps = [1, 2, 4, 8, 16, 24, 32, 48, 64, 96, *range(128, max_running, 64)]
    return [*(size for size in steps if size < max_running), max_running]


def token_slots(chunks: List[Chunk], block_size: int) -> Array:
    """Where the keys and values of the chunks' tokens go: block * block_size + offset."""
    parts = []
    for chunk in chunks:
        index = np.arange(chunk.start, chunk.end)
        parts.append(chunk.sequence.block_table[index // block_size] * block_size + index % block_size)
    return np.concatenate(parts)


def _leading(chunks: List[Chunk]) -> int:
    """How many decode before the first that does not. One behind it was preempted: the host knows its tokens."""
    return sum(1 for _ in takewhile(lambda chunk: chunk.decodes, chunks))


def _flat(shape: Shape) -> Array:
    """Room for what `_split` tells apart."""
    return np.zeros(sum(shape.fields), dtype=np.int64)


def _split(flat: Flat, shape: Shape) -> tuple[Flat, ...]:
    """The kinds of `Shape.fields`."""
    parts = []
    at = 0
    for length in shape.fields:
        parts.append(flat[at : at + length])
        at += length
    return tuple(parts)
