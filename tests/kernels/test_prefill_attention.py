"""Prefill attention equals dense causal attention in float64 for any mix of contexts and lengths."""

from __future__ import annotations

import pytest
import torch

from paged_cases import LARGE, WHERE, Where, paged
from qwen3_vl_webui.kernels.flash import FlashTiles
from qwen3_vl_webui.kernels.prefill_attention import prefill_attention, prefill_attention_reference


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(
    ("contexts", "lengths"),
    [
        ([0], [1]),
        ([0], [40]),
        ([37], [40]),
        ([16], [130]),
        ([0, 33, 0, 64], [7, 1, 0, 20]),
        ([80, 0], [1, 31]),
        ([2] * 20, [3] * 20),
    ],
    ids=str,
)
@pytest.mark.parametrize("block_size", [4, 64])
@pytest.mark.parametrize(
    "tiles", [FlashTiles(16, 16, 4, 2), FlashTiles(32, 16, 4, 2, descriptors=True), FlashTiles(16, 64, 4, 2)], ids=str
)
def test_equals_dense_attention(
    where: Where, contexts: list[int], lengths: list[int], block_size: int, tiles: FlashTiles
) -> None:
    if tiles.descriptors and block_size % tiles.keys:
        pytest.skip("a descriptor's tile lies in one block")
    device, dtype, tolerance = where
    heads, kv_heads, d = 6, 2, 16
    totals = [context + length for context, length in zip(contexts, lengths, strict=True)]
    junk = LARGE if tiles.descriptors else torch.nan
    case = paged(totals, kv_heads=kv_heads, d=d, block_size=block_size, dtype=dtype, device=device, junk=junk)
    starts = torch.tensor([0, *lengths], device=device).cumsum(0).int()
    context = torch.tensor(contexts, device=device).int()
    q = torch.randn(sum(lengths), heads, d, device=device).to(dtype)
    out = torch.full(q.shape, torch.nan, dtype=dtype, device=device)
    found = prefill_attention(q, case.cache, case.block_table, starts, context, max(lengths), out=out, tiles=tiles)
    wanted = prefill_attention_reference(q, case.cache, case.block_table, starts, context)
    torch.testing.assert_close(found.double(), wanted, atol=tolerance, rtol=tolerance)
