"""Segment attention equals dense attention in float64 and never leaves its segment."""

from __future__ import annotations

import pytest
import torch

from paged_cases import WHERE, Where
from qwen3_vl_webui.kernels.flash import FlashTiles
from qwen3_vl_webui.kernels.segment_attention import segment_attention, segment_attention_reference


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("lengths", [[1], [16], [40, 3, 0, 17], [64, 64]], ids=str)
@pytest.mark.parametrize("tiles", [FlashTiles(16, 16, 4, 2), FlashTiles(32, 64, 4, 2)], ids=str)
def test_equals_dense_attention(where: Where, lengths: list[int], tiles: FlashTiles) -> None:
    device, dtype, tolerance = where
    heads, d = 3, 16
    q, k, v = torch.randn(sum(lengths), 3, heads, d, device=device).to(dtype).unbind(1)
    starts = torch.tensor([0, *lengths], device=device).cumsum(0).int()
    out = torch.full(q.shape, torch.nan, dtype=dtype, device=device)
    found = segment_attention(q, k, v, starts, max(lengths), out=out, tiles=tiles)
    wanted = segment_attention_reference(q, k, v, starts)
    torch.testing.assert_close(found.double(), wanted, atol=tolerance, rtol=tolerance)
