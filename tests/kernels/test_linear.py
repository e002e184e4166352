"""The packed product equals `F.linear`, and packing is only done where it can be."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from qwen3_vl_webui.kernels.linear import Linear, can_pack, pack_weight, packed_linear

needs_packing = pytest.mark.skipif(
    not can_pack(torch.empty(1, 1, dtype=torch.bfloat16)), reason="this CPU has no bfloat16 products"
)


def linear(inputs: int, outputs: int, *, bias: bool, dtype: torch.dtype = torch.bfloat16) -> Linear:
    generator = torch.Generator().manual_seed(0)
    layer = Linear(inputs, outputs, bias=bias)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(generator=generator)
    return layer.to(dtype)


@needs_packing
@pytest.mark.parametrize("rows", [1, 2, 8, 33])
@pytest.mark.parametrize(("inputs", "outputs"), [(64, 96), (63, 17), (1, 5), (288, 64)])
@pytest.mark.parametrize("bias", [False, True])
def test_packed_equals_plain(rows: int, inputs: int, outputs: int, bias: bool) -> None:
    layer = linear(inputs, outputs, bias=bias)
    x = torch.randn(rows, inputs, generator=torch.Generator().manual_seed(1)).bfloat16()
    with torch.inference_mode():
        plain = layer(x)
        exact = F.linear(x.double(), layer.weight.double(), None if layer.bias is None else layer.bias.double())
        layer.pack()
        assert layer.packed is not None
        assert not hasattr(layer, "weight")
        packed = layer(x)
    assert packed.dtype == torch.bfloat16
    assert packed.shape == plain.shape
    rounding = exact.abs().max() * 2**-8
    assert (packed.double() - exact).abs().max() <= rounding
    assert (plain.double() - exact).abs().max() <= rounding


@needs_packing
def test_packing_leaves_a_shared_weight_to_its_owner() -> None:
    layer = linear(32, 48, bias=False)
    embedding = torch.nn.Embedding(48, 32, _weight=layer.weight.data)
    layer.weight = embedding.weight
    x = torch.ones(3, 32, dtype=torch.bfloat16)
    expected = F.linear(x, embedding.weight)
    layer.requires_grad_(False).pack()
    torch.testing.assert_close(layer(x), expected)
    assert embedding.weight.shape == (48, 32)


@needs_packing
def test_packing_twice_is_once() -> None:
    layer = linear(32, 48, bias=False)
    layer.pack()
    packed = layer.packed
    layer.pack()
    assert layer.packed is packed


@needs_packing
def test_leading_dimensions() -> None:
    weight = torch.randn(7, 16, generator=torch.Generator().manual_seed(2)).bfloat16()
    x = torch.ones(2, 3, 16, dtype=torch.bfloat16)
    torch.testing.assert_close(packed_linear(x, pack_weight(weight), None), F.linear(x, weight))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_other_dtypes_stay_plain(dtype: torch.dtype) -> None:
    layer = linear(8, 8, bias=True, dtype=dtype)
    layer.pack()
    assert layer.packed is None
    assert layer.weight.dtype == dtype


def test_trainable_until_packed() -> None:
    layer = linear(8, 4, bias=True, dtype=torch.float32)
    layer(torch.ones(2, 8)).sum().backward()
    assert layer.weight.grad is not None
    assert layer.bias is not None
    assert layer.bias.grad is not None
