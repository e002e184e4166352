"""Patches that one kernel cuts are those of PyTorch's operations on a CPU, bit for bit."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import pytest
import torch

from checkpoints import config_json
from paged_cases import WHERE, Where
from qwen3_vl_webui.kernels.patches import cut_patches
from qwen3_vl_webui.model.config import PUBLISHED_MEAN, PUBLISHED_STD, ModelConfig
from qwen3_vl_webui.model.pixels import kernels_agree, to_patches

TOWER = ModelConfig.parse(config_json(), {}).vision


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(("count", "rows", "columns"), [(1, 2, 4), (2, 4, 2), (5, 2, 6)])
@pytest.mark.parametrize(
    ("patch", "mean", "std"), [(16, PUBLISHED_MEAN, PUBLISHED_STD), (14, (0.48, 0.46, 0.41), (0.27, 0.26, 0.28))]
)
def test_equals_the_operations(
    where: Where, count: int, rows: int, columns: int, patch: int, mean: tuple[float, ...], std: tuple[float, ...]
) -> None:
    device, dtype, _ = where
    frames = torch.randint(0, 256, (count, rows * patch, columns * patch, 3), dtype=torch.uint8)
    tower = replace(TOWER, patch_size=patch)
    expected, grid = to_patches(frames, tower, dtype, mean=mean, std=std)
    assert grid == (-(-count // 2), rows, columns)
    scale = torch.tensor([1 / (255 * s) for s in std], device=device)
    shift = torch.tensor([m / s for m, s in zip(mean, std, strict=True)], device=device)
    found = cut_patches(frames.to(device), scale, shift, patch=patch, merge=2, temporal=2, dtype=dtype)
    assert torch.equal(found.cpu(), expected)
    if device == "cuda":
        assert torch.equal(to_patches(frames.cuda(), tower, dtype, mean=mean, std=std)[0], found)


@pytest.mark.parametrize("where", WHERE[::2])
def test_what_is_tried_before_the_first_picture_tells_wrong_kernels(
    where: Where, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = torch.device(where[0])
    kernels_agree(device)
    for name, part in (("patches.cut_patches", "patches"), ("resize.resize_axis", "resizing")):
        right = import_module(f"qwen3_vl_webui.kernels.{name.split('.')[0]}")
        kernel = getattr(right, name.split(".")[1])
        monkeypatch.setattr(right, name.split(".")[1], lambda *args, f=kernel, **options: f(*args, **options) + 1)
        with pytest.raises(RuntimeError, match=part):
            kernels_agree(device)
        monkeypatch.undo()
