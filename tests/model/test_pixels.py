"""Pixels to patches as the reference does: the resize rule's pixels within 1/255, and the same patches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints import config_json
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.pixels import resize, to_patches
from reference import Reference

from .conftest import IMAGE, VIDEO, noise

VISION = ModelConfig.parse(config_json(), {}).vision
STEP = 2 / 255 + 1e-6  # one step of a pixel's 255, after normalisation to [-1, 1]


@pytest.fixture(scope="module")
def reference(tiny_checkpoint: Path) -> Reference:
    return Reference(tiny_checkpoint)


def sharp(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def smooth(*shape: int, seed: int) -> np.ndarray:
    return noise(*shape, 3, seed=seed)


@pytest.mark.reference
@pytest.mark.parametrize(
    ("height", "width"), [(300, 200), (256, 256), (33, 700), (1000, 1013), (64, 9000), (1, 1), (17, 23)]
)
@pytest.mark.parametrize("make", [smooth, sharp])
def test_pictures_equal_the_reference(reference: Reference, height: int, width: int, make) -> None:
    picture = make(height, width, seed=height)
    inputs = reference.inputs(IMAGE, [picture])
    _, rows, columns = inputs["image_grid_thw"][0].tolist()
    frames = resize(torch.from_numpy(picture)[None], rows * 16, columns * 16)
    patches, grid = to_patches(frames, VISION, torch.float32)
    assert grid == (1, rows, columns)
    assert (patches - inputs["pixel_values"]).abs().max() <= STEP


@pytest.mark.reference
@pytest.mark.parametrize("count", [2, 3, 8])
def test_videos_equal_the_reference(reference: Reference, count: int) -> None:
    video = noise(count, 90, 200, 3, seed=count)
    inputs = reference.inputs(VIDEO, videos=[video])
    groups, rows, columns = inputs["video_grid_thw"][0].tolist()
    frames = resize(torch.from_numpy(video), rows * 16, columns * 16)
    patches, grid = to_patches(frames, VISION, torch.float32)
    assert grid == (groups, rows, columns)
    assert (patches - inputs["pixel_values_videos"]).abs().max() <= STEP


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
def test_every_pixel_has_its_place(count: int, block_rows: int, block_columns: int, seed: int) -> None:
    """Undo the patch order by hand, patch by patch."""
    frames = torch.from_numpy(sharp(count, block_rows * 32, block_columns * 32, seed=seed))
    patches, (groups, rows, columns) = to_patches(frames, VISION, torch.float32)
    padded = torch.cat((frames, frames[-1:])) if count % 2 else frames
    assert (groups, rows, columns) == (len(padded) // 2, block_rows * 2, block_columns * 2)
    index = 0
    for group in range(groups):
        for block in range(block_rows * block_columns):
            top, left = block // block_columns * 32, block % block_columns * 32
            for y, x in ((0, 0), (0, 16), (16, 0), (16, 16)):
                square = padded[2 * group : 2 * group + 2, top + y : top + y + 16, left + x : left + x + 16]
                expected = square.permute(3, 0, 1, 2).flatten() / 127.5 - 1
                torch.testing.assert_close(patches[index], expected, atol=1e-6, rtol=0)
                index += 1
    assert index == len(patches)


def test_a_picture_is_two_equal_frames() -> None:
    picture = torch.from_numpy(sharp(1, 64, 32, seed=1))
    once, grid = to_patches(picture, VISION, torch.float32)
    twice, same_grid = to_patches(picture.repeat(2, 1, 1, 1), VISION, torch.float32)
    assert grid == same_grid == (1, 4, 2)
    assert torch.equal(once, twice)


def test_resizing_to_the_same_size_changes_nothing() -> None:
    frames = torch.from_numpy(sharp(2, 32, 64, seed=2))
    assert torch.equal(resize(frames, 32, 64), frames)


def test_resizing_keeps_flat_colours_and_layout() -> None:
    frames = torch.tensor([255, 0, 17], dtype=torch.uint8).expand(2, 50, 70, 3)
    out = resize(frames, 96, 32)
    assert out.shape == (2, 96, 32, 3)
    assert out.is_contiguous()
    assert (out == torch.tensor([255, 0, 17], dtype=torch.uint8)).all()


def test_other_normalisation() -> None:
    frames = torch.full((1, 32, 32, 3), 51, dtype=torch.uint8)
    patches, _ = to_patches(frames, VISION, torch.float32, mean=(0.0, 0.1, 0.2), std=(1.0, 0.5, 0.1))
    per_channel = patches.view(-1, 3, 512).mean((0, 2))
    torch.testing.assert_close(per_channel, torch.tensor([0.2, 0.2, 0.0]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("shape", [(1, 33, 32, 3), (1, 32, 40, 3), (1, 48, 32, 3), (1, 32, 32, 4), (32, 32, 3)])
def test_frames_that_do_not_fit_are_a_bug_of_the_caller(shape: tuple[int, ...]) -> None:
    with pytest.raises(AssertionError):
        to_patches(torch.zeros(shape, dtype=torch.uint8), VISION, torch.float32)
