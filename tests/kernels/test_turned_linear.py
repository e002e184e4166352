"""Products with the matrix on the left equal their float64 reference, and so does a norm between two of them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from paged_cases import WHERE, Where
from qwen3_vl_webui.kernels.skinny_linear import Scratch, linear_reference
from qwen3_vl_webui.kernels.turned_linear import Normed, Turned, TurnedTiles, supported, turned_add, turned_linear

EPS = 1e-6
WHOLE = TurnedTiles(columns=64, split=1)
SPLIT = TurnedTiles(columns=64, split=3)


def close(found: torch.Tensor, wanted: torch.Tensor, tolerance: float) -> None:
    torch.testing.assert_close(found.double(), wanted, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("m", [1, 2, 16, 17, 32])
@pytest.mark.parametrize(("tiles", "gated"), [(WHOLE, False), (SPLIT, False), (WHOLE, True)])
@pytest.mark.parametrize(("n", "k"), [(128, 192), (72, 328)])
def test_equals_the_reference(where: Where, m: int, tiles: TurnedTiles, gated: bool, n: int, k: int) -> None:
    device, dtype, tolerance = where
    x = torch.randn(m, k, device=device).to(dtype)
    weight = (torch.randn(n * (1 + gated), k, device=device) * k**-0.5).to(dtype)
    scratch = Scratch.on(torch.device(device))
    exact = linear_reference(x.double(), weight.double(), gated=gated)
    for kind in (dtype, torch.float32):  # the second call finds the counters as the first one did
        out = torch.full((m, n), torch.nan, dtype=kind, device=device)
        assert turned_linear(x, weight, tiles, scratch, gated=gated, out=out) is out
        close(out, exact, tolerance)
    assert not scratch.arrived.any()


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("m", [2, 17])
@pytest.mark.parametrize("tiles", [WHOLE, SPLIT])
@pytest.mark.parametrize("gated", [False, True])
def test_a_norm_between_two_products_equals_the_reference(
    where: Where, m: int, tiles: TurnedTiles, gated: bool
) -> None:
    device, dtype, tolerance = where
    n, k, last = 136, 192, 48
    x = torch.randn(m, k, device=device).to(dtype)
    weight = (torch.randn(n, k, device=device) * k**-0.5).to(dtype)
    norm = (torch.rand(n, device=device) + 0.5).to(dtype)
    behind = (torch.randn(last * (1 + gated), n, device=device) * n**-0.5).to(dtype)
    stream = torch.randn(m, n, device=device).to(dtype)
    exact = linear_reference(x.double(), weight.double(), residual=stream.double())
    wanted = linear_reference(F.rms_norm(exact, (n,), norm.double(), EPS), behind.double(), gated=gated)
    scratch = Scratch.on(torch.device(device))
    normed = turned_add(x, weight, tiles, scratch, stream, norm, EPS)
    assert isinstance(normed, Normed)
    close(stream, exact, tolerance)
    close(turned_linear(normed, behind, WHOLE, scratch, gated=gated), wanted, 2 * tolerance)
    before = stream.double()
    assert turned_add(x, weight, tiles, scratch, stream) is None
    close(stream, before + linear_reference(x.double(), weight.double()), tolerance)
    assert not scratch.arrived.any()


@pytest.mark.parametrize("where", WHERE)
def test_a_row_does_not_see_the_others(where: Where) -> None:
    device, dtype, _ = where
    x = torch.randn(8, 96, device=device).to(dtype)
    weight, behind = (torch.randn(*size, device=device).to(dtype) for size in ((48, 96), (64, 48)))
    norm = torch.ones(48, device=device, dtype=dtype)
    scratch = Scratch.on(torch.device(device))

    def both(x: torch.Tensor) -> torch.Tensor:
        normed = turned_add(x, weight, SPLIT, scratch, torch.ones(len(x), 48, device=device, dtype=dtype), norm, EPS)
        assert normed
        return turned_linear(normed, behind, WHOLE, scratch)

    together = both(x)
    for rows in (1, 2, 7):
        assert torch.equal(both(x[:rows]), together[:rows])
    x[1:] = torch.nan
    assert torch.equal(both(x)[:1], together[:1])


EARLY = [
    TurnedTiles(64, 1, early=True),
    TurnedTiles(128, 2, stages=4, early=True),
    TurnedTiles(64, 4, stages=8, early=True),
]
hopper = pytest.mark.skipif(
    not torch.cuda.is_available() or supported(torch.device("cuda")) != Turned.EARLY,
    reason="needs compute capability 9.x",
)


@pytest.mark.gpu
@hopper
@pytest.mark.parametrize("m", [2, 8, 17, 33, 128])
@pytest.mark.parametrize("tiles", EARLY)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("dependent", [False, True])
def test_early_products_and_a_norm_between_them_equal_the_reference(
    m: int, tiles: TurnedTiles, dtype: torch.dtype, dependent: bool
) -> None:
    n, k, last = 512, 2560, 192
    x = torch.randn(m, k, device="cuda").to(dtype)
    weight = (torch.randn(n, k, device="cuda") * k**-0.5).to(dtype)
    norm = (torch.rand(n, device="cuda") + 0.5).to(dtype)
    behind = (torch.randn(2 * last, n, device="cuda") * n**-0.5).to(dtype)
    stream = torch.randn(m, n, device="cuda").to(dtype)
    exact = linear_reference(x.double(), weight.double(), residual=stream.double())
    between = F.rms_norm(exact, (n,), norm.double(), EPS)
    scratch = Scratch.on(torch.device("cuda"))
    normed = turned_add(x, weight, tiles, scratch, stream, norm, EPS, dependent=dependent)
    assert normed
    for gated in (False, True):
        out = torch.full((m, last * (2 - gated)), torch.nan, dtype=torch.float32, device="cuda")
        turned_linear(normed, behind, EARLY[0], scratch, gated=gated, out=out, dependent=dependent)
        close(out, linear_reference(between, behind.double(), gated=gated), 3e-2)
    close(stream, exact, 2e-2)
    assert not scratch.arrived.any()
    if m <= 16:  # one row has the same tiles
        alone = turned_linear(x[:1].contiguous(), weight, tiles, scratch, dependent=dependent)
        x[1:] = torch.nan
        assert torch.equal(turned_linear(x, weight, tiles, scratch, dependent=dependent)[:1], alone)
