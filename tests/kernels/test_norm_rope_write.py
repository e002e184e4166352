"""The fused norm, rotation and cache write equals its parts in float64 and touches no other slot."""

from __future__ import annotations

import pytest
import torch

from paged_cases import WHERE, Where
from qwen3_vl_webui.kernels.norm_rope_write import norm_rope_write, norm_rope_write_reference


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(("heads", "kv_heads", "d"), [(4, 1, 16), (6, 2, 32), (32, 8, 128)])
def test_equals_the_reference(where: Where, heads: int, kv_heads: int, d: int) -> None:
    device, dtype, tolerance = where
    count, blocks, size = 7, 5, 4
    width = (heads + 2 * kv_heads) * d
    qkv = (torch.randn(count, width + 8, device=device) * 3).to(dtype)[:, :width]  # rows may be strided
    q_weight, k_weight = (torch.randn(d, device=device).to(dtype) for _ in range(2))
    angles = torch.rand(count, 1, d // 2, device=device) * 100
    slots = torch.randperm(blocks * size, device=device)[:count]
    slots[3] = -1
    found, wanted = (
        tuple(torch.full((kv_heads, blocks, size, d), 7.0, dtype=dtype, device=device) for _ in range(2))
        for _ in range(2)
    )
    arguments = (qkv, q_weight, k_weight, 1e-6, angles.cos(), angles.sin())
    out = torch.full((count, heads, d), torch.nan, dtype=dtype, device=device)
    q = norm_rope_write(*arguments, (found[0], found[1]), slots, out=out)
    assert q is out
    expected = norm_rope_write_reference(*arguments, (wanted[0], wanted[1]), slots)
    torch.testing.assert_close(q.double(), expected.double(), atol=tolerance, rtol=tolerance)
    torch.testing.assert_close(found[0], wanted[0], atol=tolerance, rtol=tolerance)
    assert torch.equal(found[1], wanted[1])
