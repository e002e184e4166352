"""What the engine knows of a request under way: the group (one prompt) and its sequences (one per sample).

Data owns its arithmetic here; deciding is the scheduler's part. A sequence is described by its tokens alone:
everything it holds on the device (blocks, features, penalty counts) can be dropped and computed again from them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from qwen3_vl_webui.engine.repetition import RepetitionDetector
from qwen3_vl_webui.engine.request import EngineRequest, FinishReason

if TYPE_CHECKING:
    from qwen3_vl_webui.engine.grammar import GrammarState, PendingGrammar

Array = NDArray[np.int64]
FeatureKey = tuple[str, int]  # media key, temporal group
_span_start, _span_end = attrgetter("start"), attrgetter("end")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisualSpan:
    """The visual tokens of one picture or one temporal group: the unit that the tower encodes and the cache keeps.

    Attention in the tower never crosses temporal groups, so a video is encoded group by group as its chunks come up.
    """

    start: int  # index of the first visual token in the prompt
    length: int
    key: FeatureKey
    grid: tuple[int, int]  # patch rows and columns of the group

    @property
    def end(self) -> int:
        return self.start + self.length


@dataclass(slots=True, eq=False, kw_only=True)
class Group:
    """One request: its prompt, its media and its samples."""

    request: EngineRequest
    prompt: Array  # [n] token ids
    positions: Array  # [3, n]
    spans: list[VisualSpan]  # by start, apart from each other
    pixels: Mapping[str, Tensor]  # by media key, kept until the end: a preempted prompt may need them again
    max_tokens: int  # clipped to the context
    stop_ids: frozenset[int]
    seed: int
    arrived: float  # monotonic seconds, as all times here
    grammar: PendingGrammar | None = None
    sequences: list[Sequence] = field(default_factory=list)
    forked: bool = False  # all samples exist
    cancelled: bool = False
    scheduled: float | None = None
    first_token: float | None = None
    cached_tokens: int = 0
    finished_tokens: int = 0  # tokens of the samples that ended
    finished: int = 0  # samples that ended

    @property
    def slots(self) -> int:
        """Places among the running sequences that admitting the first sequence takes."""
        return 1 if self.forked else self.request.sampling.n

    @property
    def visual_tokens(self) -> int:
        return sum(span.length for span in self.spans)


class Sequence:
    """One sample: prompt and generated tokens, how many are computed, and the blocks of their keys and values."""

    __slots__ = (
        "block_table",
        "detector",
        "ended",
        "generated",
        "grammar",
        "group",
        "hashes",
        "index",
        "num_blocks",
        "num_computed",
        "penalty_slot",
        "pinned",
        "prompt_len",
        "table_sent",
        "unread",
    )

    def __init__(self, group: Group, index: int, max_blocks: int) -> None:
        self.group = group
        self.index = index
        self.prompt_len = len(group.prompt)
        self.generated: list[int] = []
        self.unread = 0  # tokens after those, chosen on the device but not yet known to the host
        self.ended = False  # what a step under way still computes for it is of no use
        self.num_computed = 0
        # Past its own blocks it repeats the last: padding then reads nothing that another sequence may have poisoned.
        self.block_table: Array = np.zeros(max_blocks, dtype=np.int64)
        self.num_blocks = 0
        self.table_sent = 0  # leading entries of the block table that the device has (`engine.block_tables`)
        self.hashes: list[bytes] = []  # of the full blocks, as far as known
        self.pinned: set[FeatureKey] = set()
        self.grammar: GrammarState | None = None  # set once compiled, when the request has one
        sampling = group.request.sampling
        self.detector = RepetitionDetector() if sampling.stop_repetition else None
        self.penalty_slot: int | None = None

    def __len__(self) -> int:
        return self.prompt_len + len(self.generated) + self.unread

    @property
    def num_pending(self) -> int:
        """Tokens whose keys and values are still to be computed; 1 while decoding."""
        return self.prompt_len + len(self.generated) + self.unread - self.num_computed

    @property
    def num_chosen(self) -> int:
        """Tokens of the answer so far, those included that the host does not know yet."""
        return len(self.generated) + self.unread

    @property
    def is_complete(self) -> bool:
        """The answer has all the tokens it may have, known or not."""
        return len(self.generated) + self.unread >= self.group.max_tokens

    def tokens(self, start: int, end: int) -> Array:
        """Token ids [start, end), all known to the host."""
        assert end <= self.prompt_len + len(self.generated)
        if end <= self.prompt_len:
            return self.group.prompt[start:end]
        tail = np.array(self.generated[max(start - self.prompt_len, 0) : end - self.prompt_len], dtype=np.int64)
        return tail if start >= self.prompt_len else np.concatenate([self.group.prompt[start:], tail])

    def positions(self, start: int, end: int) -> Array:
        """MRoPE positions [3, end - start]; past the prompt all three axes are index + delta."""
        if end <= self.prompt_len:
            return self.group.positions[:, start:end]
        first = max(start, self.prompt_len)
        delta = self.group.request.position_delta
        tail = np.broadcast_to(np.arange(first + delta, end + delta, dtype=np.int64), (3, end - first))
        return tail if start >= self.prompt_len else np.concatenate([self.group.positions[:, start:], tail], axis=1)

    def spans(self, start: int, end: int) -> list[VisualSpan]:
        """The visual spans that overlap [start, end)."""
        spans = self.group.spans
        first = bisect_right(spans, start, key=_span_end)
        return spans[first : bisect_left(spans, end, lo=first, key=_span_start)]

    def fork(self, index: int) -> Sequence:
        """A sibling sample with the same computed tokens. The caller shares the blocks (`KVCache.share`)."""
        other = Sequence(self.group, index, len(self.block_table))
        other.num_computed = self.num_computed
        other.num_blocks = self.num_blocks
        other.block_table[:] = self.block_table
        other.hashes = list(self.hashes)
        other.grammar = None if self.grammar is None else self.grammar.fork()
        return other

    def finish_reason(self, token: int) -> FinishReason | None:
        """Why the sequence ends with this newest token, already appended unless it is a stop token."""
        if token in self.group.stop_ids:
            return "stop"
        if self.grammar is not None and self.grammar.ended:
            return "stop"
        if self.detector is not None and self.detector.looping:
            return "repetition"
        return "length" if len(self.generated) >= self.group.max_tokens else None
