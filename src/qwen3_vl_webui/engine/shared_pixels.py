"""Pixels between two processes without copying them through the socket: one anonymous memory segment a request.

The server's process writes a segment, the engine maps it copy-on-write and hands out tensors over it; the memory lives
until the last tensor is gone. On Linux the segment is a memfd that the engine opens through `/proc`: it has no name, so
nothing can be left behind when either side is killed, and it does not count against a container's small `/dev/shm`.
Elsewhere it is a file in the connection's private folder, deleted as soon as it is mapped.
"""

from __future__ import annotations

import math
import mmap
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

NAME = "qwen3vl-pixels"  # shown in /proc/PID/fd and /proc/PID/maps
ALIGNMENT = 64  # bytes, where each array begins

Shape = tuple[int, int, int, int]  # frames, height, width, 3


class Part(msgspec.Struct, frozen=True, array_like=True):
    """One medium inside a segment."""

    key: str
    offset: int  # bytes
    shape: Shape


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Where the pixels of a request lie."""

    path: str  # of the memory, as the receiver opens it
    delete: bool  # it is a file that the receiver removes once mapped
    parts: tuple[Part, ...]


class Sent:
    """The sender's hold on a segment. `close` gives it up; the memory lives on while the receiver has it mapped."""

    def __init__(self, segment: Segment, fd: int) -> None:
        self.segment = segment
        self._fd: int | None = fd

    def close(self) -> None:
        """Idempotent."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
            if self.segment.delete:
                Path(self.segment.path).unlink(missing_ok=True)


def write(pixels: Mapping[str, np.ndarray], folder: Path, *, anonymous: bool = hasattr(os, "memfd_create")) -> Sent:
    """Copy arrays (uint8, [frames, height, width, 3], by media key) into a new segment.

    `anonymous` False makes a file in `folder`, for systems without memfd. Raises OSError when there is no room.
    """
    parts, size = [], 0
    for key, array in pixels.items():
        if array.dtype != np.uint8 or array.ndim != 4 or array.shape[3] != 3:
            raise ValueError(
                f"pixels of {key}: uint8 [frames, height, width, 3] expected, got {array.dtype} {array.shape}"
            )
        parts.append(Part(key, size, array.shape))
        size += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    if anonymous:
        fd = os.memfd_create(NAME, os.MFD_CLOEXEC)
        path = f"/proc/{os.getpid()}/fd/{fd}"
    else:
        fd, path = tempfile.mkstemp(prefix=NAME, dir=folder)
    sent = Sent(Segment(path=path, delete=not anonymous, parts=tuple(parts)), fd)
    try:
        for part, array in zip(parts, pixels.values(), strict=True):
            _write_all(fd, np.ascontiguousarray(array).data.cast("B"), part.offset)
        os.truncate(fd, size)
    except BaseException:
        sent.close()
        raise
    return sent


def read(segment: Segment) -> dict[str, Tensor]:
    """Map a segment: tensors over its memory, by media key. ValueError or OSError for one that is not as it says."""
    import torch

    fd = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        if any(
            part.offset < 0 or min(part.shape) < 1 or part.offset + math.prod(part.shape) > size
            for part in segment.parts
        ):
            raise ValueError(f"a segment of {size} bytes is too small for {segment.parts}")
        memory = mmap.mmap(fd, size, access=mmap.ACCESS_COPY)
    finally:
        os.close(fd)
        if segment.delete:
            Path(segment.path).unlink(missing_ok=True)
    return {
        part.key: torch.frombuffer(memory, dtype=torch.uint8, count=math.prod(part.shape), offset=part.offset).view(
            part.shape
        )
        for part in segment.parts
    }


def _write_all(fd: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(fd, data, offset)
        data, offset = data[written:], offset + written
