"""The vision tower's own rules: interpolated positions, merge order, attention within one temporal group, DeepStack."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from checkpoints import config_json
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.vision import frame_positions, merge_order
from qwen3_vl_webui.model.weights import initialize

CONFIG = ModelConfig.parse(config_json(), {})
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model() -> Qwen3VL:
    model = Qwen3VL(CONFIG)
    initialize(model, torch.Generator().manual_seed(0), std=0.08)
    return model.eval()


def patches(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, CONFIG.vision.patch_dim, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (2, 48), (12, 12), (30, 4), (64, 64)])
def test_positions_are_bilinear_with_aligned_corners(rows: int, columns: int) -> None:
    side = 12
    grid = torch.randn(side * side, 5, generator=torch.Generator().manual_seed(3))
    frame = frame_positions(rows, columns, CONFIG.vision, CPU)
    found = (grid[frame.taps] * frame.tap_weights.unsqueeze(-1)).sum(0)
    image = grid.view(1, side, side, 5).permute(0, 3, 1, 2)
    whole = F.interpolate(image, size=(rows, columns), mode="bilinear", align_corners=True)[0].permute(1, 2, 0)
    row, column = merge_order(rows, columns, 2)
    torch.testing.assert_close(found, whole[row, column], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(frame.tap_weights.sum(0), torch.ones(rows * columns))


def test_merge_order_lists_blocks_of_four_neighbours() -> None:
    row, column = merge_order(4, 6, 2)
    assert list(zip(row.tolist(), column.tolist(), strict=True))[:8] == [
        (0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (0, 3), (1, 2), (1, 3),
    ]  # fmt: skip
    assert sorted(zip(row.tolist(), column.tolist(), strict=True)) == [(r, c) for r in range(4) for c in range(6)]


@torch.inference_mode()
def test_media_and_temporal_groups_do_not_see_each_other(model: Qwen3VL) -> None:
    """Encoding together equals encoding apart: media, and the frames of one video."""
    grids = [(1, 4, 6), (3, 2, 4), (1, 4, 6)]
    parts = [patches(t * h * w, seed) for seed, (t, h, w) in enumerate(grids)]
    together = model.encode(torch.cat(parts), grids)
    apart = [model.encode(part, [grid]) for part, grid in zip(parts, grids, strict=True)]
    torch.testing.assert_close(together, torch.cat(apart, dim=1), atol=1e-5, rtol=1e-5)
    frames = [model.encode(frame, [(1, 2, 4)]) for frame in parts[1].split(8)]
    torch.testing.assert_close(apart[1], torch.cat(frames, dim=1), atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_one_level_for_the_embeddings_and_one_for_each_deepstack_layer(model: Qwen3VL) -> None:
    features = model.encode(patches(24), [(1, 4, 6)])
    assert features.shape == (1 + 3, 24 // 4, CONFIG.text.hidden_size)
    assert all((features[i] - features[j]).abs().max() > 1e-3 for i in range(4) for j in range(i))


def test_inference_first_does_not_spoil_training(model: Qwen3VL) -> None:
    """Cached positions made under inference mode must serve autograd too."""
    with torch.inference_mode():
        model.encode(patches(16), [(1, 4, 4)])
    model.encode(patches(16), [(1, 4, 4)]).sum().backward()
    assert model.visual.pos_embed.weight.grad is not None
    assert model.visual.patch_embed.proj.weight.grad is not None
    model.zero_grad(set_to_none=True)


def test_grids_must_cover_the_patches(model: Qwen3VL) -> None:
    with pytest.raises(AssertionError, match="cover"):
        model.encode(patches(8), [(1, 4, 4)])
