"""Decode attention equals its parts in float64 for any lengths, splits and block sizes, call after call."""

from __future__ import annotations

import pytest
import torch

from paged_cases import WHERE, Where, paged
from qwen3_vl_webui.kernels.decode_attention import (
    DecodeTiles,
    DecodeWorkspace,
    decode_attention,
    decode_attention_reference,
)

FEW, MANY = DecodeTiles(tokens=16, programs=1), DecodeTiles(tokens=32, least_steps=2, programs=20)
CASES = pytest.mark.parametrize(
    ("lengths", "block_size", "tiles"),
    [
        ([1], 16, FEW),
        ([0, 5, 0], 4, FEW),
        ([16, 17, 31, 32, 33], 16, FEW),
        ([16, 17, 31, 32, 33], 64, MANY),
        ([200, 1, 64, 65], 1, MANY),
        ([200, 1, 64, 65], 16, MANY),
        ([200, 1, 64, 65], 64, FEW),
        ([600], 32, MANY),
    ],
    ids=str,
)


@pytest.mark.parametrize("where", WHERE)
@CASES
@pytest.mark.parametrize(("heads", "kv_heads", "d"), [(6, 2, 32), (4, 1, 16)])
def test_norms_turns_writes_and_attends(
    where: Where, lengths: list[int], block_size: int, tiles: DecodeTiles, heads: int, kv_heads: int, d: int
) -> None:
    device, dtype, tolerance = where
    case = paged(lengths, kv_heads=kv_heads, d=d, block_size=block_size, dtype=dtype, device=device)
    count = len(lengths)
    qkv = torch.randn(count, (heads + 2 * kv_heads) * d, device=device).to(dtype)
    q_weight, k_weight = (torch.randn(d, device=device).to(dtype) for _ in range(2))
    angles = torch.rand(count, 1, d // 2, device=device) * 100
    arguments = (qkv, q_weight, k_weight, 1e-6, angles.cos(), angles.sin())
    expected = (case.cache[0].clone(), case.cache[1].clone())
    wanted = decode_attention_reference(*arguments, expected, case.block_table, case.lengths)
    workspace = DecodeWorkspace.allocate(8, heads, kv_heads, d, torch.device(device), tiles)
    workspace.sums.fill_(torch.nan)
    for _ in range(2):  # the first call leaves the workspace as it found it
        out = torch.full((count, heads, d), torch.nan, dtype=dtype, device=device)
        decode_attention(*arguments, case.cache, case.block_table, case.lengths, workspace, out=out, tiles=tiles)
        torch.testing.assert_close(out.double(), wanted, atol=2 * tolerance, rtol=tolerance)
        torch.testing.assert_close(case.cache[0], expected[0], atol=tolerance, rtol=tolerance, equal_nan=True)
        torch.testing.assert_close(case.cache[1], expected[1], atol=0, rtol=0, equal_nan=True)
