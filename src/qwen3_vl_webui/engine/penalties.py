"""Presence, frequency and repetition penalties over counts that stay on the device.

A sequence that asks for a penalty holds a slot: how often each token of the vocabulary was generated and, for the
repetition penalty, which ones its prompt holds. The counts follow the sampled tokens on the device; a
forked sequence gets its slot from its tokens.
"""

from __future__ import annotations

from collections.abc import Sequence as List
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from qwen3_vl_webui.engine.request import SamplingParams
from qwen3_vl_webui.engine.sequence import Sequence
from qwen3_vl_webui.engine.transfer import to_device

if TYPE_CHECKING:
    from qwen3_vl_webui.engine.sampler import Row


def penalised(params: SamplingParams) -> bool:
    return params.presence_penalty != 0 or params.frequency_penalty != 0 or params.repetition_penalty != 1


class Penalties:
    """Slots of counts, [max_running, vocab], made when the first request needs them."""

    def __init__(self, vocab_size: int, max_running: int, device: torch.device) -> None:
        self.vocab_size = vocab_size
        self.device = device
        self._free = list(range(max_running))
        self._counts = torch.empty(0)  # generated, float32: they are multiplied by a penalty
        self._prompt = torch.empty(0)  # bool

    def apply(self, logits: Tensor, rows: List[Row], chosen: List[int]) -> None:
        """Penalise the `chosen` rows of `logits`, which ask for it, in place."""
        slots = to_device(np.array([self._slot(rows[at].sequence) for at in chosen]), self.device)
        params = [rows[at].sequence.group.request.sampling for at in chosen]
        where = to_device(np.array(chosen), self.device)
        values, counts = logits[where], self._counts[slots]
        generated = counts > 0
        if any(p.repetition_penalty != 1 for p in params):
            factor = self._column([p.repetition_penalty for p in params])
            seen = generated | self._prompt[slots]
            values = torch.where(seen, torch.where(values > 0, values / factor, values * factor), values)
        values -= counts * self._column([p.frequency_penalty for p in params])
        values -= generated * self._column([p.presence_penalty for p in params])
        logits[where] = values

    def count(self, rows: List[Row], chosen: List[int], tokens: Tensor) -> None:
        """Count the sampled tokens of the `chosen` rows for their sequences (a sample yet to be forked has no slot)."""
        own = [at for at in chosen if rows[at].sequence.index == rows[at].index]
        if own:
            slots = to_device(np.array([rows[at].sequence.penalty_slot for at in own]), self.device)
            where = to_device(np.array(own), self.device)
            flat = slots * self.vocab_size + tokens[where].clamp(min=0)
            self._counts.view(-1).index_add_(0, flat, torch.ones_like(flat, dtype=torch.float32))

    def release(self, sequence: Sequence) -> None:
        if sequence.penalty_slot is not None:
            self._free.append(sequence.penalty_slot)
            sequence.penalty_slot = None

    @property
    def num_free(self) -> int:
        return len(self._free)

    def _column(self, values: list[float]) -> Tensor:
        return to_device(np.array(values, dtype=np.float32), self.device)[:, None]

    def _slot(self, sequence: Sequence) -> int:
        if sequence.penalty_slot is None:
            if not self._counts.numel():
                shape = (len(self._free), self.vocab_size)
                self._counts = torch.zeros(shape, dtype=torch.float32, device=self.device)
                self._prompt = torch.zeros(shape, dtype=torch.bool, device=self.device)
            assert not sequence.unread, "its tokens must be known before they can be counted"
            slot = sequence.penalty_slot = self._free.pop()
            generated = np.bincount(np.array(sequence.generated, dtype=np.int64), minlength=self.vocab_size)
            self._counts[slot] = to_device(generated.astype(np.float32), self.device)
            self._prompt[slot] = False
            self._prompt[slot].index_fill_(0, to_device(np.unique(sequence.group.prompt), self.device), True)
        return sequence.penalty_slot
