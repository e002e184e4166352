"""Attention as the network calls it, and its plain form over whole sequences (the engine brings its paged one).

Tokens of all sequences lie flat in one dimension n; a sequence is a run of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor, cat


class Attention(Protocol):
    """Called once a layer by the decoder; whoever implements it keeps keys and values if they are needed later."""

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """q [n, heads, d], k and v [n, kv_heads, d], after norm and rotary -> [n, heads, d]. Scale is d ** -0.5."""
        ...


class HeadNorm(Protocol):
    """An RMSNorm over each head's numbers."""

    @property
    def weight(self) -> Tensor: ...

    @property
    def eps(self) -> float: ...


class FusedAttention(Attention, Protocol):
    """An attention that can also take what comes out of the qkv product."""

    def fused(self, layer: int, qkv: Tensor, q_norm: HeadNorm, k_norm: HeadNorm, cos: Tensor, sin: Tensor) -> Tensor:
        """qkv [n, (heads + 2 * kv_heads) * d] before norm and rotary; cos and sin [n, 1, d / 2] -> [n, heads * d]."""
        ...


class DenseAttention:
    """Causal attention within each of several whole sequences that lie one after the other. Differentiable."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self.lengths = tuple(lengths)

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return segment_attention(q, k, v, self.lengths, causal=True)


def segment_attention(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int], *, causal: bool) -> Tensor:
    """Attention that never leaves its segment: q [n, heads, d], k and v [n, kv_heads, d], lengths that sum to n.

    Neighbouring segments of one length (the frames of a video, a padded batch) go in one call.
    """
    assert sum(lengths) == q.shape[0], "the segments must cover the tokens"
    grouped = q.shape[1] != k.shape[1]
    outputs = []
    for start, count, length in _runs(lengths):
        end = start + count * length
        query, key, value = (x[start:end].unflatten(0, (count, length)).transpose(1, 2) for x in (q, k, v))
        out = F.scaled_dot_product_attention(query, key, value, is_causal=causal, enable_gqa=grouped)
        outputs.append(out.transpose(1, 2).flatten(0, 1))
    return outputs[0] if len(outputs) == 1 else cat(outputs)


def _runs(lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(first token, number of segments, length) of each run of equal lengths; empty segments are skipped."""
    start = 0
    for length, group in groupby(lengths):
        count = sum(1 for _ in group)
        if length:
            yield start, count, length
        start += count * length
