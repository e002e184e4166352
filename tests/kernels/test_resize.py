"""Resizing by integer weights is PyTorch's own on a CPU, bit for bit, and the kernel is its reference."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from paged_cases import WHERE, Where
from qwen3_vl_webui.kernels.resize import resize_axis, resize_axis_reference

SIZES = [(30, 20, 32, 24), (7, 70, 32, 64), (100, 101, 96, 104), (40, 500, 16, 40), (1, 1, 32, 32), (17, 23, 224, 288),
         (640, 480, 32, 64), (33, 65, 33, 64)]  # fmt: skip


def noise(*shape: int) -> torch.Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize(("height", "width", "rows", "columns"), SIZES)
def test_the_reference_is_the_cpu_s_own(height: int, width: int, rows: int, columns: int) -> None:
    frames = noise(2, height, width, 3)
    expected = F.interpolate(
        frames.permute(0, 3, 1, 2), size=(rows, columns), mode="bicubic", antialias=True, align_corners=False
    ).permute(0, 2, 3, 1)
    found = resize_axis_reference(resize_axis_reference(frames, 2, columns), 1, rows)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("where", WHERE[:2])
@pytest.mark.parametrize(("height", "width", "rows", "columns"), SIZES[:2] + SIZES[4:5])
def test_the_kernel_is_its_reference(where: Where, height: int, width: int, rows: int, columns: int) -> None:
    frames = noise(2, height, width, 3).to(where[0])
    for axis, size in ((2, columns), (1, rows)):
        found = resize_axis(frames, axis, size)
        frames = resize_axis_reference(frames, axis, size)
        assert torch.equal(found, frames)
