"""Frames of uint8 pixels to the vision tower's patches: the published resize and patch order.

Runs on the device of its input. Which size to resize to is `processing`'s decision; this is only how.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from qwen3_vl_webui.model.config import PUBLISHED_MEAN, PUBLISHED_STD, VisionConfig


def resize(frames: Tensor, height: int, width: int) -> Tensor:
    """Resize uint8 frames [t, h, w, 3] to [t, height, width, 3]: bicubic with antialias, alike on any device."""
    assert frames.dtype == torch.uint8
    assert frames.dim() == 4
    if frames.shape[1:3] == (height, width):
        return frames
    if frames.device.type == "cpu":
        planes = frames.permute(0, 3, 1, 2)
        out = F.interpolate(planes, size=(height, width), mode="bicubic", antialias=True, align_corners=False)
        return out.permute(0, 2, 3, 1).contiguous()
    from qwen3_vl_webui.kernels.resize import resize_axis  # needs Triton, which a CPU's PyTorch may lack

    frames = frames.contiguous()
    for axis, size in ((2, width), (1, height)):
        if frames.shape[axis] != size:
            frames = resize_axis(frames, axis, size)
    return frames


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
    if lacking := -count % temporal:
        frames = torch.cat((frames, frames[-1:].expand(lacking, -1, -1, -1)))
    groups = frames.shape[0] // temporal
    # Reorder the bytes first: they are a quarter of the floats.
    blocks = frames.view(groups, temporal, rows // merge, merge, patch, columns // merge, merge, patch, channels)
    # group, block row, block column, row in block, column in block, channel, frame, y, x
    patches = blocks.permute(0, 2, 5, 3, 6, 8, 1, 4, 7).reshape(groups * rows * columns, channels, -1).float()
    scale, shift = _normalisation(tuple(mean), tuple(std), frames.device)
    return patches.mul_(scale).sub_(shift).flatten(1).to(dtype), (groups, rows, columns)


@lru_cache(maxsize=8)
def _normalisation(mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    """Factor and offset of each channel, [1, channels, 1] float32; kept, for making them would wait for the device."""
    with torch.inference_mode(mode=False):  # an inference tensor would spoil a later training step
        scale = torch.tensor([1 / (255 * s) for s in std]).view(1, -1, 1)
        shift = torch.tensor([m / s for m, s in zip(mean, std, strict=True)]).view(1, -1, 1)
        return scale.to(device), shift.to(device)
