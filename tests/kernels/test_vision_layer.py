"""The vision tower's fused kernels against float64: any width, untouched neighbours, every dtype of the device."""

from __future__ import annotations

import pytest
import torch

from paged_cases import WHERE, Where
from qwen3_vl_webui.kernels.layer_norm import shifted_layer_norm, shifted_layer_norm_reference
from qwen3_vl_webui.kernels.rotate_qk import rotate_qk, rotate_qk_reference


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(("rows", "width"), [(1, 1024), (5, 1152), (3, 32)])
def test_rows_are_shifted_and_normed(where: Where, rows: int, width: int) -> None:
    device, dtype, tolerance = where
    x = (torch.randn(rows, width, device=device) * 3 + 1).to(dtype)
    shift = torch.randn(width, device=device)
    weight, bias = (torch.randn(width, device=device).to(dtype) for _ in range(2))
    before = x.clone()
    found = shifted_layer_norm(x, shift, weight, bias, 1e-6)
    expected = shifted_layer_norm_reference(x, shift, weight, bias, 1e-6)
    assert torch.equal(x, before)
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
