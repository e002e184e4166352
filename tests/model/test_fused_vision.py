"""The fused tower gives the plain tower's features, whole or a few layers at a time, for any mix of grids."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import torch

from checkpoints import config_json
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import initialize

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # before the kernels are defined

from qwen3_vl_webui.model import fused_vision
from qwen3_vl_webui.model.fused_vision import FusedTower

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
CONFIG = ModelConfig.parse(config_json(), {})
GRIDS = [(1, 2, 4), (2, 2, 2), (1, 2, 2), (1, 2, 4)]


@pytest.fixture(scope="module")
def model() -> Qwen3VL:
    model = Qwen3VL(CONFIG)
    initialize(model, torch.Generator().manual_seed(0), std=0.08)
    with torch.no_grad():  # norms and biases that would show when they are mixed up
        for parameter in model.visual.parameters():
            if parameter.dim() == 1:
                parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 0.1)
    return model.to(DEVICE).eval()


def patches(count: int, seed: int = 2) -> torch.Tensor:
    return torch.randn(count, CONFIG.vision.patch_dim, generator=torch.Generator().manual_seed(seed)).to(DEVICE)


# On a CPU the product's own GELU is the exact one, not the tanh form: up to 5e-4 apart.
TOLERANCE = {"atol": 3e-3, "rtol": 3e-3}


def test_features_are_the_plain_tower_s(model: Qwen3VL) -> None:
    total = sum(t * h * w for t, h, w in GRIDS)
    x = patches(total)
    with torch.inference_mode():
        expected = model.encode(x, GRIDS)
    torch.testing.assert_close(FusedTower(model.visual)(x, GRIDS), expected, **TOLERANCE)


class FakeGraph:
    """Computes again where a graph would replay, into the same result."""

    captured = 0

    def __init__(self, compute: Callable[[], torch.Tensor]) -> None:
        self.compute, self.result = compute, compute()
        FakeGraph.captured += 1

    def replay(self) -> None:
        self.result.copy_(self.compute())


def capture(compute: Callable[[], torch.Tensor]) -> tuple[FakeGraph, torch.Tensor]:
    graph = FakeGraph(compute)
    return graph, graph.result


def test_grids_that_come_again_are_captured_and_replayed(model: Qwen3VL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeGraph, "captured", 0)
    plain, tower = FusedTower(model.visual), FusedTower(model.visual, capture=capture, largest=8, kept=12)
    kept = []
    for x in (patches(8, seed) for seed in range(4)):  # once computed, once captured, then replayed
        kept.append((tower(x, [(1, 2, 4)]), plain(x, [(1, 2, 4)])))
    assert FakeGraph.captured == 1
    for found, expected in kept:  # a later replay has not overwritten them
        torch.testing.assert_close(found, expected, **TOLERANCE)
    for grid in ((1, 2, 2), (2, 2, 2), (3, 2, 2)):
        for _ in range(2):
            tower(patches(grid[0] * 4), [grid])
    assert FakeGraph.captured == 3  # the last is too large
    assert list(tower._graphs) == [((1, 2, 2),), ((2, 2, 2),)]


def test_common_grids_are_captured_before_they_come(model: Qwen3VL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_vision, "COMMON", ((1, 2, 4), (1, 2, 2), (1, 8, 8)))
    tower = FusedTower(model.visual, capture=capture, largest=8, kept=12)
    assert [tower.warm_up() for _ in range(3)] == [True, True, False]
    assert list(tower._graphs) == [((1, 2, 4),), ((1, 2, 2),)]
    x = patches(8)
    torch.testing.assert_close(tower(x, [(1, 2, 4)]), FusedTower(model.visual)(x, [(1, 2, 4)]), **TOLERANCE)
    assert not FusedTower(model.visual).warm_up()


def test_large_media_go_alone_and_small_ones_together(model: Qwen3VL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_vision, "ALONE", 8)
    grids = [(1, 2, 4), (1, 2, 2), (1, 2, 2), (1, 2, 4)]
    assert list(fused_vision._parts(grids)) == [grids[:1], grids[1:3], grids[3:]]
    tower = FusedTower(model.visual, capture=capture, largest=8, kept=8)
    x = patches(24)
    torch.testing.assert_close(tower(x, grids), FusedTower(model.visual)(x, grids), **TOLERANCE)
    assert list(tower._graphs) == [((1, 2, 4),)]


@pytest.mark.parametrize("fused", [False, True])
def test_layers_may_run_a_few_at_a_time(model: Qwen3VL, fused: bool) -> None:
    x = patches(8)
    tower = FusedTower(model.visual) if fused else model.visual
    with torch.inference_mode():
        whole = tower(x, [(1, 2, 4)])
        encoding, other = tower.begin(x, [(1, 2, 4)]), tower.begin(x.flip(0), [(1, 2, 4)])
        while encoding.layer < CONFIG.vision.depth:
            tower.advance(encoding, 1)
            tower.advance(other, 2)
        assert torch.equal(tower.finish(encoding), whole)
        tower.finish(other)


def test_kept_positions_stay_within_their_bytes(model: Qwen3VL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_vision, "POSITION_BYTES", 60_000)
    tower = FusedTower(model.visual)
    first = tower.begin(patches(24), [(1, 4, 6)])
    for rows in range(2, 40, 2):
        tower.begin(patches(rows * 6), [(1, rows, 6)])
    assert 1 <= len(tower._frames) < 10
    assert tower._frame_bytes == sum(frame.nbytes for frame in tower._frames.values()) <= 60_000
    again = tower.begin(patches(24), [(1, 4, 6)])
    assert torch.equal(again.x, first.x)
    assert torch.equal(again.cos, first.cos)
