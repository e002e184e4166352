"""RMSNorm, the MLP's gate, the greedy choice and the rotary tables equal their references."""

from __future__ import annotations

import pytest
import torch

from paged_cases import WHERE, Where
from qwen3_vl_webui.kernels.argmax import BLOCK, argmax, argmax_reference
from qwen3_vl_webui.kernels.gated import gated, gated_reference
from qwen3_vl_webui.kernels.rms_norm import rms_norm, rms_norm_reference
from qwen3_vl_webui.kernels.rope_tables import rope_tables
from qwen3_vl_webui.model import rope


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(("rows", "columns"), [(1, 64), (5, 100), (3, 2560)])
def test_norm(where: Where, rows: int, columns: int) -> None:
    device, dtype, tolerance = where
    x = (torch.randn(rows, columns, device=device) * 30).to(dtype)
    weight = torch.randn(columns, device=device).to(dtype)
    expected = rms_norm_reference(x.double(), weight.double(), 1e-6)
    torch.testing.assert_close(rms_norm(x, weight, 1e-6).double(), expected, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(("rows", "columns"), [(1, 16), (3, 1100)])
def test_gate(where: Where, rows: int, columns: int) -> None:
    device, dtype, tolerance = where
    gate_up = (torch.randn(rows, 2 * columns, device=device) * 4).to(dtype)
    expected = gated_reference(gate_up.double())
    torch.testing.assert_close(gated(gate_up).double(), expected, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("columns", [1, 288, BLOCK, 3 * BLOCK + 5])
def test_greedy_choice_takes_the_first_of_the_largest(where: Where, columns: int) -> None:
    device = where[0]
    x = torch.randn(4, columns, device=device)
    x[1, columns // 2 :] = 9.0
    x[2, :] = -torch.inf
    x[3, columns - 1] = torch.inf
    found, expected = argmax(x), argmax_reference(x)
    assert torch.equal(found[0], expected[0])
    assert found[1].tolist() == expected[1].tolist()
    assert found[1].tolist()[1:] == [columns // 2, 0, columns - 1]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("section", [(24, 20, 20), (2, 1, 1)])
def test_rotary_tables(where: Where, section: tuple[int, int, int]) -> None:
    device = where[0]
    positions = torch.randint(262144, (7, 3), device=device).t()
    frequencies = rope.inverse_frequencies(2 * sum(section), 5e6).to(device)
    axes = rope.mrope_axes(section).to(device)
    expected = rope.mrope(positions, frequencies, axes, 1.25)
    for found, wanted in zip(rope_tables(positions, frequencies, axes, 1.25), expected, strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-6)
