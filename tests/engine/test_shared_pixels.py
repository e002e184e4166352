"""Pixels cross to another process unchanged, and no path leaves memory behind."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest

from qwen3_vl_webui.engine.shared_pixels import NAME, Part, read, write

needs_memfd = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="no memfd here")


def arrays() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "picture": random.integers(0, 256, (1, 33, 7, 3), dtype=np.uint8),
        "video": random.integers(0, 256, (5, 16, 48, 3), dtype=np.uint8)[:, :, ::-1],  # not contiguous
    }


def held_segments() -> int:
    """Descriptors and mappings of pixel segments in this process."""
    gc.collect()
    descriptors = sum(NAME in os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if exists(fd))
    return descriptors + Path("/proc/self/maps").read_text().count(NAME)


def exists(fd: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}")


@pytest.mark.parametrize("anonymous", [pytest.param(True, marks=needs_memfd), False])
def test_arrays_arrive_unchanged_and_the_memory_goes_with_the_last_tensor(tmp_path: Path, anonymous: bool) -> None:
    before = held_segments()
    sent = write(arrays(), tmp_path, anonymous=anonymous)
    tensors = read(sent.segment)
    sent.close()
    sent.close()
    assert {key: tensor.numpy().tolist() for key, tensor in tensors.items()} == {
        key: array.tolist() for key, array in arrays().items()
    }
    assert held_segments() > before
    tensors.pop("picture")
    assert tensors["video"].sum() == arrays()["video"].sum()
    tensors.clear()
    assert held_segments() == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("anonymous", [pytest.param(True, marks=needs_memfd), False])
def test_a_segment_nobody_reads_is_freed_by_its_sender(tmp_path: Path, anonymous: bool) -> None:
    before = held_segments()
    write(arrays(), tmp_path, anonymous=anonymous).close()
    assert held_segments() == before
    assert list(tmp_path.iterdir()) == []


def test_writing_to_a_mapped_tensor_does_not_reach_the_segment(tmp_path: Path) -> None:
    sent = write(arrays(), tmp_path)
    first = read(sent.segment)
    first["picture"].zero_()
    if not sent.segment.delete:
        assert read(sent.segment)["picture"].sum() > 0
    sent.close()


@pytest.mark.parametrize(
    "part",
    [
        Part("picture", 0, (1, 1000, 1000, 3)),
        Part("picture", -64, (1, 1, 1, 3)),
        Part("picture", 1 << 40, (1, 1, 1, 3)),
        Part("picture", 0, (-1, -1, 1, 3)),
    ],
)
def test_a_description_that_does_not_match_the_memory_is_refused(tmp_path: Path, part: Part) -> None:
    sent = write(arrays(), tmp_path)
    with pytest.raises(ValueError, match="too small"):
        read(msgspec.structs.replace(sent.segment, parts=(part,)))
    sent.close()


@pytest.mark.parametrize("array", [np.zeros((2, 2, 3), np.uint8), np.zeros((1, 2, 2, 3), np.float32)])
def test_arrays_of_another_kind_are_refused_before_anything_is_held(tmp_path: Path, array: np.ndarray) -> None:
    before = held_segments()
    with pytest.raises(ValueError, match="expected"):
        write({"x": array}, tmp_path)
    assert held_segments() == before
