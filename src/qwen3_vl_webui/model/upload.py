"""Bytes of files into tensors on a device, at the speed of the disk or of the page cache.

Several threads read stretches of the files into buffers, two a thread (`upload`). For a CUDA device these are pinned,
and each thread copies on a stream of its own, so that reading and copying overlap. In the host's memory the bytes can
go where they belong at once (`read`). Nothing is mapped: a page of the page cache is read once, and a file that is cut
short meanwhile is an OSError instead of a bus error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import local

import torch
from torch import Tensor

STRETCH = 8 << 20  # bytes that are read at once
THREADS = 8


@dataclass(frozen=True, slots=True)
class Stretch:
    """Numbers of type `stored` that begin at `offset` bytes of a file, and where they go: a flat tensor."""

    path: Path
    offset: int
    stored: torch.dtype
    target: Tensor


def stretches(path: Path, offset: int, stored: torch.dtype, target: Tensor) -> list[Stretch]:
    """Cut what fills `target` (contiguous, of any dtype and shape) into pieces that are read at once."""
    flat = target.view(-1)
    count = STRETCH // stored.itemsize
    return [
        Stretch(path, offset + start * stored.itemsize, stored, flat[start : start + count])
        for start in range(0, flat.numel(), count)
    ]


def upload(
    work: Sequence[Stretch], device: torch.device, *, threads: int = THREADS, done: Callable[[int], None] | None = None
) -> None:
    """Fill every target. `done` is called in this thread with the stored bytes of each stretch that was read.

    Raises OSError for a file that cannot be read or is too short; then some targets are filled and others are not.
    """
    lanes = local()

    def run(one: Stretch) -> int:
        if not hasattr(lanes, "lane"):
            lanes.lane = _Lane(device)
        lane: _Lane = lanes.lane
        return lane.copy(files[one.path], one)

    with opened(one.path for one in work) as files:
        with ThreadPoolExecutor(threads, "upload") as pool:
            futures = [pool.submit(run, one) for one in work]
            try:
                for future in as_completed(futures):
                    size = future.result()
                    if done is not None:
                        done(size)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        if device.type == "cuda":
            torch.cuda.synchronize(device)


def read(one: Stretch, files: Mapping[Path, int]) -> None:
    """Fill a target in the host's memory, without a buffer between where the numbers are stored in its own type."""
    same = one.stored == one.target.dtype
    numbers = one.target if same else torch.empty(one.target.numel(), dtype=one.stored)
    _read_all(files[one.path], numbers.view(torch.uint8).numpy().data, one.offset, one.path)
    if not same:
        one.target.copy_(numbers)


@contextmanager
def opened(paths: Iterable[Path]) -> Iterator[dict[Path, int]]:
    """The files, each open once for reading."""
    with ExitStack() as stack:
        files: dict[Path, int] = {}
        for path in dict.fromkeys(paths):
            files[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, files[path])
        yield files


class _Lane:
    """One thread's buffers and stream."""

    def __init__(self, device: torch.device) -> None:
        cuda = device.type == "cuda"
        self.stream = torch.cuda.Stream(device) if cuda else None
        self.buffers = [torch.empty(STRETCH, dtype=torch.uint8, pin_memory=cuda) for _ in range(2)]
        self.copied: list[torch.cuda.Event | None] = [None, None]
        self.turn = 0

    def copy(self, file: int, one: Stretch) -> int:
        """Read a stretch and begin its copy; the bytes read."""
        self.turn = turn = 1 - self.turn
        if (copied := self.copied[turn]) is not None:
            copied.synchronize()
        size = one.target.numel() * one.stored.itemsize
        buffer = self.buffers[turn][:size]
        _read_all(file, buffer.numpy().data, one.offset, one.path)
        # The mode is the thread's: a target that was made in it, in the caller's, may be filled in it only.
        with torch.inference_mode(), torch.cuda.stream(self.stream):  # nothing where there is no stream
            numbers = buffer.view(one.stored)
            if one.stored != one.target.dtype:
                numbers = numbers.to(one.target.device, non_blocking=True)  # converted there
            one.target.copy_(numbers, non_blocking=True)
            if self.stream is not None:
                self.copied[turn] = self.stream.record_event()
        return size


def _read_all(file: int, into: memoryview, offset: int, path: Path) -> None:
    while into:
        count = os.preadv(file, [into], offset)
        if count == 0:
            raise OSError(f"{path} is too short")
        into, offset = into[count:], offset + count
