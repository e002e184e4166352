"""The vision tower's fused kernels against float64: any width, untouched neighbours, every dtype of the device."""

from __future__ import annotations

import pytest
import torch

from paged_cases import WHERE, Where
from qwen3_vl_webui.kernels.layer_norm import add_layer_norm, add_layer_norm_reference
from qwen3_vl_webui.kernels.rotate_qk import rotate_qk, rotate_qk_reference


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(("rows", "width"), [(1, 1024), (5, 1152), (3, 32)])
@pytest.mark.parametrize("with_delta", [False, True])
def test_the_residual_is_added_and_normed(where: Where, rows: int, width: int, with_delta: bool) -> None:
    device, dtype, tolerance = where
    x = (torch.randn(rows, width, device=device) * 3 + 1).to(dtype)
    delta = torch.randn(rows, width, device=device).to(dtype) if with_delta else None
    weight, bias = (torch.randn(width, device=device).to(dtype) for _ in range(2))
    summed = x if delta is None else x + delta
    expected = add_layer_norm_reference(summed.double(), None, weight.double(), bias.double(), 1e-6)
    found = add_layer_norm(x, delta, weight, bias, 1e-6)
    assert torch.equal(x, summed)
    assert found.dtype == dtype
    torch.testing.assert_close(found.double(), expected, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(("heads", "width"), [(16, 64), (16, 72), (2, 16), (3, 8)])
def test_queries_and_keys_turn_and_values_stay(where: Where, heads: int, width: int) -> None:
    device, dtype, tolerance = where
    qkv = torch.randn(5, 3, heads, width, device=device).to(dtype)
    angles = torch.rand(5, width // 2, device=device) * 60
    expected = qkv.double()
    rotate_qk_reference(expected, angles.cos(), angles.sin())
    found = qkv.clone()
    rotate_qk(found, angles.cos(), angles.sin())
    torch.testing.assert_close(found.double(), expected, atol=tolerance, rtol=tolerance)
    assert torch.equal(found[:, 2], qkv[:, 2])
    other = qkv.clone()
    rotate_qk_reference(other, angles.cos(), angles.sin())
    torch.testing.assert_close(found, other, atol=tolerance, rtol=tolerance)
