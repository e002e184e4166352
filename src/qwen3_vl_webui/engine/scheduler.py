"""Decide what the next step computes: a token for every decoding sequence, then chunks of prompts, under one budget.

A sequence is admitted with room for all its tokens; while decoding it grows block by block, and when no block is left
the youngest running sequence gives its blocks back and waits to be computed again. The oldest always fits alone
(`Engine.add` refuses what could not), so every step makes progress. Nothing about a sequence's progress changes here:
`Engine` advances sequences after the batch has really been computed, so that a failed step can simply be scheduled
again.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from dataclasses import dataclass, field

from qwen3_vl_webui.engine.kv_cache import BlockPool
from qwen3_vl_webui.engine.sequence import FeatureKey, Sequence, VisualSpan
from qwen3_vl_webui.engine.vision_cache import VisionCache
from qwen3_vl_webui.model.config import TextConfig

ATTENTION_RATE = 0.7  # operations a second of attention over a long context, relative to the products': on an H200


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens [start, start + length) of a sequence, to be computed in one step."""

    sequence: Sequence
    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.length

    @property
    def samples(self) -> bool:
        """Whether the chunk ends where the next token is to be chosen."""
        return self.end == len(self.sequence)

    @property
    def decodes(self) -> bool:
        """Whether it is one token of the answer, computed to choose the next."""
        return self.length == 1 and self.start >= self.sequence.prompt_len and self.samples


@dataclass(slots=True)
class Schedule:
    """One step: blocks to copy, spans to encode, chunks to run (those of one token first)."""

    copies: list[tuple[int, int]] = field(default_factory=list)
    encodes: dict[FeatureKey, tuple[VisualSpan, Sequence]] = field(default_factory=dict)  # with whose pixels to use
    ahead: dict[FeatureKey, tuple[VisualSpan, Sequence]] = field(default_factory=dict)  # for later steps, in slices
    decoding: bool = False  # some wait for their next token: pictures are encoded ahead, beside them
    chunks: list[Chunk] = field(default_factory=list)


def even_context(text: TextConfig) -> int:
    """With so many tokens before it, a token's attention takes as long as all else that the decoder does for it."""
    heads = text.num_heads * text.head_dim
    products = text.hidden_size * (2 * heads + 2 * text.num_kv_heads * text.head_dim + 3 * text.intermediate_size)
    return max(int(ATTENTION_RATE * products / (2 * heads)), 1)


class Scheduler:
    """The queue and the running sequences. `running` is ordered by arrival: earlier ones are served first."""

    def __init__(
        self,
        blocks: BlockPool,
        vision: VisionCache,
        *,
        max_running: int,
        max_batch_tokens: int,
        max_prompt_tokens: int,
        max_encode_tokens: int,
        even_context: int,
    ) -> None:
        self.blocks = blocks
        self.vision = vision
        self.max_running = max_running
        self.max_batch_tokens = max_batch_tokens
        self.max_prompt_tokens = max_prompt_tokens  # while nobody decodes
        self.max_encode_tokens = max_encode_tokens  # visual tokens that one step encodes; a larger picture goes alone
        self.even_context = even_context  # as `even_context` says
        self.waiting: deque[Sequence] = deque()
        self.running: list[Sequence] = []
        self.preemptions = 0
        self.hit_tokens = 0
        self.query_tokens = 0

    def add(self, sequence: Sequence) -> None:
        self.waiting.append(sequence)

    def num_queued(self, *newcomers: int) -> int:
        """How many wait for a place, `newcomers` who want so many places included. Who will be let in does not wait."""
        free = self.max_running - sum(sequence.group.slots for sequence in self.running)
        wanted = [*(sequence.group.slots for sequence in self.waiting), *newcomers]
        for at, slots in enumerate(wanted):
            free -= slots
            if free < 0:
                return len(wanted) - at
        return 0

    def add_fork(self, sequence: Sequence) -> None:
        """Let a sibling run that was forked from a running sequence; its place was kept when the group was admitted."""
        insort(self.running, sequence, key=_age)

    def remove(self, sequence: Sequence) -> None:
        """Forget a sequence, wherever it is, and free what it holds."""
        self._release(sequence)
        queue: list[Sequence] | deque[Sequence] = self.running if sequence in self.running else self.waiting
        queue.remove(sequence)

    @property
    def must_preempt(self) -> bool:
        """The decoding sequences want more blocks than are free."""
        free = self.blocks.num_free
        return free < len(self.running) and free < sum(
            self.blocks.needs_block(one) for one in self.running if one.num_pending == 1 and not one.is_complete
        )

    def schedule(self, now: float) -> Schedule:
        """Choose the next step's work."""
        schedule = Schedule()
        budget = self._grow(schedule)
        schedule.decoding = bool(schedule.chunks)
        if not schedule.decoding:
            budget = self.max_prompt_tokens
        for sequence in self.running:  # prompts under way
            if sequence.num_pending > 1 and budget > 0:
                budget -= self._chunk(schedule, sequence, budget)
        self._admit(schedule, budget, now)
        schedule.chunks.sort(key=lambda chunk: chunk.length > 1)
        return schedule

    def _grow(self, schedule: Schedule) -> int:
        """Give each decoding sequence a slot for its token, preempting the youngest; return what is left to spend."""
        budget = self.max_batch_tokens
        at = 0
        while at < len(self.running):
            sequence = self.running[at]
            if sequence.num_pending > 1 or sequence.is_complete:
                at += 1
                continue
            done, copy = self.blocks.make_room(sequence)
            if not done:
                self._preempt(self.running[-1])
                continue  # the sequence tries again, unless it was the youngest itself
            if copy is not None:
                schedule.copies.append(copy)
            schedule.chunks.append(Chunk(sequence, sequence.num_computed, 1))
            budget -= 1
            at += 1
        return budget

    def _admit(self, schedule: Schedule, budget: int, now: float) -> None:
        slots = self.max_running - sum(sequence.group.slots for sequence in self.running)
        at = 0
        while at < len(self.waiting) and budget > 0:
            sequence = self.waiting[at]
            group = sequence.group
            if group.grammar is not None and sequence.grammar is None:
                at += 1  # still compiling: others may pass
                continue
            # A block each for those who decode, lest admitting one preempts another at once.
            if group.slots > slots or not self.blocks.admit(sequence, self.blocks.match(sequence), len(self.running)):
                return
            del self.waiting[at]
            insort(self.running, sequence, key=_age)
            slots -= group.slots
            if group.scheduled is None:
                group.scheduled = now
                group.cached_tokens = sequence.num_computed
                self.hit_tokens += sequence.num_computed
                self.query_tokens += len(sequence)
            budget -= self._chunk(schedule, sequence, budget)

    def _chunk(self, schedule: Schedule, sequence: Sequence, budget: int) -> int:
        """Schedule as much of a prompt as the budgets for tokens and for encoding allow; return what it takes of the
        first. What is encoded ahead counts too, up to a half: a visual token costs about as much in either network.

        While others wait for their next tokens, a token counts for more the more tokens are before it.
        """
        start = sequence.num_computed
        end = start + min(sequence.num_pending, self._affordable(start, budget) if schedule.decoding else budget)
        ahead = 0
        for span in sequence.spans(start, end):
            if not self._provide(schedule, span, sequence):
                end = min(end, max(span.start, start))
                if span.key not in schedule.ahead:
                    break
                ahead += span.length
        if end > start:
            schedule.chunks.append(Chunk(sequence, start, end - start))
        cost = end - start
        if schedule.decoding:
            cost = math.ceil(cost * (1 + (start + cost / 2) / self.even_context))
        return cost + min(ahead, self.max_batch_tokens // 2)

    def _affordable(self, start: int, budget: int) -> int:
        """How many tokens with `start` before the first cost as much as `budget` tokens without a past; at least one.

        n (1 + (start + n / 2) / even_context) = budget, solved for n.
        """
        slope = 1 + start / self.even_context
        return max(int(self.even_context * (math.sqrt(slope**2 + 2 * budget / self.even_context) - slope)), 1)

    def _provide(self, schedule: Schedule, span: VisualSpan, sequence: Sequence) -> bool:
        """See to it that the span's features are there now, or soon, if the budget allows; say whether they are."""
        present = span.key in self.vision or span.key in schedule.encodes
        if not present:
            planned = schedule.ahead if schedule.decoding else schedule.encodes
            spent = sum(one.length for one, _ in planned.values())
            if spent and span.key not in planned and spent + span.length > self.max_encode_tokens:
                return False
            planned[span.key] = (span, sequence)
        if span.key not in sequence.pinned:
            sequence.pinned.add(span.key)
            self.vision.pin(span.key)
            self.vision.hits += present
            self.vision.misses += not present
        return present or not schedule.decoding

    def unpin_passed(self, sequence: Sequence) -> None:
        """Let go of features that the sequence's computed tokens have consumed."""
        if sequence.pinned:
            needed = {span.key for span in sequence.spans(sequence.num_computed, sequence.prompt_len)}
            for key in sequence.pinned - needed:
                self.vision.unpin(key)
            sequence.pinned &= needed

    def _preempt(self, sequence: Sequence) -> None:
        self.preemptions += 1
        self._release(sequence)
        self.running.remove(sequence)
        self.waiting.appendleft(sequence)

    def _release(self, sequence: Sequence) -> None:
        self.blocks.release(sequence)
        for key in sequence.pinned:
            self.vision.unpin(key)
        sequence.pinned.clear()


def _age(sequence: Sequence) -> tuple[float, int]:
    return sequence.group.arrived, sequence.index
