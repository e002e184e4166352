"""Products of few rows equal their float64 reference, whatever the shape, the tiles and the other rows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from paged_cases import WHERE, Where
from qwen3_vl_webui.kernels.skinny_linear import (
    MAX_BLOCKS,
    MAX_ROWS,
    RowsTiles,
    Scratch,
    Tiles,
    VectorTiles,
    linear,
    linear_reference,
)
from qwen3_vl_webui.kernels.skinny_tiles import choose
from qwen3_vl_webui.kernels.turned_linear import Turned, TurnedTiles

EPS = 1e-6
VECTORS = [VectorTiles(rows=4, warps=1), VectorTiles(rows=16, warps=2)]
WHOLE = RowsTiles(rows=16, columns=64, split=1, warps=2, stages=3)
SPLIT = RowsTiles(rows=16, columns=64, split=3, warps=2, stages=3)
CASES: list[tuple[int, Tiles]] = [(1, VECTORS[0]), (1, VECTORS[1]), (2, WHOLE), (3, SPLIT), (20, WHOLE), (64, SPLIT)]


def close(found: Tensor, wanted: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(found.double(), wanted, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(("m", "tiles"), CASES)
@pytest.mark.parametrize("k", [192, 300])
@pytest.mark.parametrize("variant", ["plain", "norm", "gated", "residual", "norm and gated"])
def test_equals_the_reference(where: Where, m: int, tiles: Tiles, k: int, variant: str) -> None:
    device, dtype, tolerance = where
    gated = "gated" in variant
    normed = "norm" in variant and isinstance(tiles, VectorTiles)
    n = 40
    x = torch.randn(m, k, device=device).to(dtype)
    weight = (torch.randn(n * (2 if gated else 1), k, device=device) * k**-0.5).to(dtype)
    norm = (torch.rand(k, device=device) + 0.5).to(dtype) if normed else None
    residual = torch.randn(m, n, device=device).to(dtype) if variant == "residual" else None
    exact = linear_reference(
        x.double(),
        weight.double(),
        norm=None if norm is None else norm.double(),
        eps=EPS,
        residual=None if residual is None else residual.double(),
        gated=gated,
    )
    scratch = Scratch.on(torch.device(device))
    options = {"norm": norm, "eps": EPS, "residual": residual, "gated": gated}
    for _ in range(2):  # the second call finds the counters as the first one did
        out = torch.full((m, n), torch.nan, dtype=dtype, device=device)
        found = linear(x, weight, tiles, scratch, out=out, **options)  # type: ignore[arg-type]
        assert found is out
        close(found, exact, tolerance)
    assert not scratch.arrived.any()


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("tiles", [VECTORS[0], WHOLE, SPLIT])
def test_adds_in_place_and_writes_float32(where: Where, tiles: Tiles) -> None:
    device, dtype, tolerance = where
    m = 1 if isinstance(tiles, VectorTiles) else 5
    x = torch.randn(m, 96, device=device).to(dtype)
    weight = (torch.randn(48, 96, device=device) * 0.1).to(dtype)
    stream = torch.randn(m, 48, device=device).to(dtype)
    scratch = Scratch.on(torch.device(device))
    exact = linear_reference(x.double(), weight.double())
    expected = stream.double() + exact
    assert linear(x, weight, tiles, scratch, residual=stream, out=stream) is stream
    close(stream, expected, tolerance)
    logits = torch.full((m, 48), torch.nan, device=device)
    close(linear(x, weight, tiles, scratch, out=logits), exact, 1e-5)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("tiles", [WHOLE, SPLIT])
def test_a_row_does_not_see_the_others(where: Where, tiles: RowsTiles) -> None:
    device, dtype, _ = where
    x = torch.randn(8, 96, device=device).to(dtype)
    weight = torch.randn(48, 96, device=device).to(dtype)
    scratch = Scratch.on(torch.device(device))
    together = linear(x, weight, tiles, scratch)
    for rows in (1, 2, 7):
        assert torch.equal(linear(x[:rows], weight, tiles, scratch), together[:rows])
    x[1:] = torch.nan
    assert torch.equal(linear(x, weight, tiles, scratch)[:1], together[:1])


@pytest.mark.parametrize("m", [1, 2, 8, 16, 17, 32, 33, 64, 65, 4096])
@pytest.mark.parametrize(("n", "k"), [(6144, 2560), (2560, 4096), (2560, 9728), (151936, 2560), (96, 64), (48, 40)])
@pytest.mark.parametrize("gated", [False, True])
def test_every_shape_has_tiles_that_fit_it(m: int, n: int, k: int, gated: bool) -> None:
    tiles = choose(m, n, k, gated=gated, shared_memory=99 << 10)
    if tiles is not None:
        assert m <= MAX_ROWS
    if isinstance(tiles, RowsTiles):
        assert tiles.split == 1 or -(-n // tiles.rows) <= MAX_BLOCKS
    for way in (Turned.PLAIN, Turned.EARLY):
        turned = choose(m, n, k, gated=gated, shared_memory=227 << 10, turned=way)
        assert isinstance(turned, TurnedTiles) or not 1 < m <= 32
        if isinstance(turned, TurnedTiles):
            assert m <= (128 if turned.early else 32)
            assert turned.split == 1 or (not gated and -(-n // turned.rows) <= MAX_BLOCKS)
            assert not turned.early or (n % turned.rows == 0 and k % (turned.columns * turned.split) == 0)
