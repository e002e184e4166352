"""Frames of uint8 pixels to the vision tower's patches: the published resize and patch order.

Runs on the device of its input. Which size to resize to is `processing`'s decision; this is only how.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from qwen3_vl_webui.model.config import PUBLISHED_MEAN, PUBLISHED_STD, VisionConfig

logger = logging.getLogger(__name__)


def resize(frames: Tensor, height: int, width: int) -> Tensor:
    """Resize uint8 frames [t, h, w, 3] to [t, height, width, 3]: bicubic with antialias, alike on any device."""
    assert frames.dtype == torch.uint8
    assert frames.dim() == 4
    if frames.shape[1:3] == (height, width):
        return frames
    if _kernels(frames.device):
        return _resized_by_kernels(frames, height, width)
    return _resized_on_cpu(frames.cpu(), height, width).to(frames.device)


def to_patches(
    frames: Tensor,
    vision: VisionConfig,
    dtype: torch.dtype,
    *,
    mean: Sequence[float] = PUBLISHED_MEAN,
    std: Sequence[float] = PUBLISHED_STD,
) -> tuple[Tensor, tuple[int, int, int]]:
    """Cut uint8 frames [t, h, w, 3] into normalised patches.

    Returns patches [groups * rows * columns, channels * temporal * patch * patch] of `dtype`, in merge-block order
    within a temporal group, and the grid (groups, rows, columns). Height and width must be multiples of patch * merge.
    The last frame is repeated to fill the last temporal group, so a picture is one group of two equal frames.
    """
    assert frames.dtype == torch.uint8
    assert frames.dim() == 4
    count, height, width, channels = frames.shape
    assert channels == vision.in_channels == len(mean) == len(std)
    patch, merge, temporal = vision.patch_size, vision.spatial_merge_size, vision.temporal_patch_size
    rows, columns = height // patch, width // patch
    assert rows * patch == height, "the height must be a multiple of the patch size"
    assert columns * patch == width, "the width must be a multiple of the patch size"
    assert rows % merge == columns % merge == 0, "rows and columns of patches must come in whole merge blocks"
    grid = (-(-count // temporal), rows, columns)
    scale, shift = _normalisation(tuple(mean), tuple(std), frames.device)
    if _kernels(frames.device):
        from qwen3_vl_webui.kernels.patches import cut_patches

        options = {"patch": patch, "merge": merge, "temporal": temporal}
        return cut_patches(frames.contiguous(), scale, shift, **options, dtype=dtype), grid
    if lacking := -count % temporal:
        frames = torch.cat((frames, frames[-1:].expand(lacking, -1, -1, -1)))
    # Reorder the bytes first: they are a quarter of the floats.
    blocks = frames.view(grid[0], temporal, rows // merge, merge, patch, columns // merge, merge, patch, channels)
    # group, block row, block column, row in block, column in block, channel, frame, y, x
    patches = blocks.permute(0, 2, 5, 3, 6, 8, 1, 4, 7).reshape(grid[0] * rows * columns, channels, -1).float()
    return patches.mul_(scale).sub_(shift).flatten(1).to(dtype), grid


@lru_cache(maxsize=8)
def _kernels(device: torch.device) -> bool:
    """Whether Triton's kernels prepare pictures there: on GPUs where they run, as a first picture shows."""
    if device.type != "cuda":
        return False
    try:
        kernels_agree(device)
    except Exception as problem:  # no Triton, no compiler for it, or a wrong result
        logger.warning("pictures are prepared without Triton here (%s)", str(problem).splitlines()[:1])
        return False
    return True


def kernels_agree(device: torch.device) -> None:
    """Raise unless the kernels give bit for bit what PyTorch's operations give on a CPU."""
    from qwen3_vl_webui.kernels.patches import cut_patches

    frames = torch.arange(40 * 40 * 3).remainder(251).to(torch.uint8).view(1, 40, 40, 3)
    small = _resized_on_cpu(frames, 32, 32)
    found = _resized_by_kernels(frames.to(device), 32, 32)
    if not torch.equal(found.cpu(), small):
        raise RuntimeError("the resizing kernel is wrong")
    scale, shift = torch.full((3,), 1 / 127.5), torch.ones(3)
    patches = cut_patches(found, scale.to(device), shift.to(device), patch=16, merge=2, temporal=1, dtype=torch.float32)
    expected = (small.view(2, 16, 2, 16, 3).permute(0, 2, 4, 1, 3).flatten(2) * (1 / 127.5) - 1).flatten(0, 1)
    if not torch.equal(patches.cpu(), expected):
        raise RuntimeError("the kernel that cuts patches is wrong")


def _resized_by_kernels(frames: Tensor, height: int, width: int) -> Tensor:
    from qwen3_vl_webui.kernels.resize import resize_axis

    frames = frames.contiguous()
    for axis, size in ((2, width), (1, height)):
        if frames.shape[axis] != size:
            frames = resize_axis(frames, axis, size)
    return frames


def _resized_on_cpu(frames: Tensor, height: int, width: int) -> Tensor:
    planes = frames.permute(0, 3, 1, 2)
    out = F.interpolate(planes, size=(height, width), mode="bicubic", antialias=True, align_corners=False)
    return out.permute(0, 2, 3, 1).contiguous()


@lru_cache(maxsize=8)
def _normalisation(mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    """Factor and offset of each channel, [channels, 1] float32; kept, for making them would wait for the device."""
    with torch.inference_mode(mode=False):  # an inference tensor would spoil a later training step
        scale = torch.tensor([1 / (255 * s) for s in std]).view(-1, 1)
        shift = torch.tensor([m / s for m, s in zip(mean, std, strict=True)]).view(-1, 1)
        return scale.to(device), shift.to(device)
