"""Segments see themselves, causally or wholly, and nothing else."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen3_vl_webui.model.attention import segment_attention


def plain(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, causal: bool) -> torch.Tensor:
    """Softmax attention of one segment, written out."""
    k, v = (x.repeat_interleave(q.shape[1] // k.shape[1], dim=1) for x in (k, v))
    scores = torch.einsum("qhd,khd->hqk", q, k) * q.shape[-1] ** -0.5
    if causal:
        scores = scores.masked_fill(torch.ones(scores.shape[1:], dtype=torch.bool).triu(1), -torch.inf)
    return torch.einsum("hqk,khd->qhd", scores.softmax(-1), v)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.booleans(), st.sampled_from([1, 2, 4]))
def test_equals_plain_attention_per_segment(lengths: list[int], causal: bool, kv_heads: int) -> None:
    total = sum(lengths)
    if not total:
        return
    generator = torch.Generator().manual_seed(total)
    q = torch.randn(total, 4, 8, generator=generator)
    k, v = torch.randn(2, total, kv_heads, 8, generator=generator)
    out = segment_attention(q, k, v, lengths, causal=causal)
    expected = [
        plain(*parts, causal=causal)
        for parts in zip(q.split(lengths), k.split(lengths), v.split(lengths), strict=True)
        if len(parts[0])
    ]
    torch.testing.assert_close(out, torch.cat(expected), atol=1e-5, rtol=1e-5)


def test_lengths_must_cover_the_tokens() -> None:
    x = torch.zeros(3, 1, 4)
    with pytest.raises(AssertionError, match="cover"):
        segment_attention(x, x, x, [2], causal=True)
