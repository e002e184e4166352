"""Feeds batches: processes draw and pack them into files in memory, threads copy them to the device, where each is used a few times.

No locks, queues or mapped files lie between the processes: one that dies takes nothing along, and another takes its place.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import shutil
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.mixture import LONGEST, SIZES
from training.pack import Layout, pack

_AHEAD = 2  # finished batches that a process may leave waiting
_PILE = 6  # long batches that may wait until they are wanted
_PATIENCE = 40.0  # seconds that the trainer waits for a batch


class Starved(Exception):
    """Nobody draws."""


def frames_of(size: str) -> int:
    return 2 if size == "video" else 1


def _draw(
    worker: int, seed: str, phase: Any, easy: Any, phases: list[str], tokenizer_path: str, folder: str, scale: float
) -> None:
    """Leaves files WORKER-NUMBER-SIZE-SAMPLES-EDITION; a file appears whole."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(tokenizer_path)
    names, shares = list(SIZES), [size.share for size in SIZES.values()]
    buffers = {
        name: np.zeros(Layout.of(s.scaled(scale), frames_of(name)).bytes(s.rows), np.uint8) for name, s in SIZES.items()
    }
    waiting: deque[str] = deque()
    left: dict[str, list[Any]] = {name: [] for name in SIZES}  # samples for the next batch
    number = 0
    parent = os.getppid()
    while os.getppid() == parent:
        while waiting and not os.path.exists(waiting[0]):
            waiting.popleft()
        if len(waiting) >= _AHEAD:
            time.sleep(0.003)
            continue
        edition = phases[phase.value]
        name = f"{seed}-{edition}-{worker}-{number}"
        number += 1
        size = Random(name).choices(names, shares)[0]
        shape, buffer = SIZES[size].scaled(scale), buffers[size]
        try:
            arrays = Layout.of(shape, frames_of(size)).arrays(buffer, shape.rows)
            count = pack(tokenizer, arrays, size, name, edition, left[size], easy.value)
            part, whole = f"{folder}/part-{worker}", f"{folder}/{worker}-{number}-{size}-{count}-{edition}"
            with open(part, "wb", buffering=0) as file:
                view = memoryview(buffer)
                while view:
                    view = view[file.write(view) :]
            os.rename(part, whole)
        except Exception as error:  # one bad drawing, or a full disk, must not end a run on rented hardware
            print(f"drawing {name} failed: {error!r}"[:400], flush=True)
            time.sleep(0.2)
            continue
        waiting.append(whole)


def _watch(workers: int, *rest: Any) -> None:
    """Keeps so many processes drawing. It was forked before the device and the threads came, so it may fork."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.nice(10)  # where there are as many as cores, those who launch the steps must not wait for one
    context, parent = mp.get_context("fork"), os.getppid()
    running: list[Any] = []
    began = 0
    while os.getppid() == parent:
        for process in [process for process in running if not process.is_alive()]:
            print(f"a drawing process ended with {process.exitcode}; another begins", flush=True)
            running.remove(process)
            time.sleep(0.5)
        while len(running) < workers:
            running.append(context.Process(target=_draw, args=(began, *rest), daemon=True))
            running[-1].start()
            began += 1
            time.sleep(0.05)
        time.sleep(0.2)


def _best(sizes: list[str], wanted: str) -> int:
    """Which of the waiting batches comes next: the first of the class wanted, else the first that is short, unless long ones pile up."""
    if wanted in sizes:
        return sizes.index(wanted)
    if sizes.count(LONGEST) > _PILE:
        return sizes.index(LONGEST)
    return next((i for i, size in enumerate(sizes) if size != LONGEST), 0)


class Feeder:
    """`next(wanted)` gives (size class, batch on the device), of the class wanted while there is one: members of a team take steps of one length.

    Fresh batches come first; while none is ready, kept ones come again, at most `uses` times each.
    """

    def __init__(
        self,
        *,
        tokenizer: Path,
        seed: str,
        phases: list[str],
        workers: int,
        device: torch.device,
        scale: float = 1.0,
        keep: int = 600,
        uses: int = 3,
    ) -> None:
        assert workers > 0
        self.device, self.uses, self._scale = device, uses, scale
        mean = sum(s.share * Layout.of(s.scaled(scale), frames_of(name)).bytes(s.rows) for name, s in SIZES.items())
        free = shutil.disk_usage("/dev/shm").free
        needed = mean * workers * (_AHEAD + 1) * 2
        place = "/dev/shm" if free > needed else None
        print(f"{needed / 2**30:.1f} GiB for batches, {free / 2**30:.1f} in /dev/shm", flush=True)
        self._folder = tempfile.mkdtemp(dir=place)
        context = mp.get_context("fork")
        self._phases, self._phase = phases, context.Value("i", 0, lock=False)
        self.easy = context.Value("d", 0.0, lock=False)  # share of single words; the trainer sets it
        self._watcher = context.Process(
            target=_watch,
            args=(workers, seed, self._phase, self.easy, phases, str(tokenizer), self._folder, scale),
        )
        self._watcher.start()
        self._fresh: deque[tuple[str, dict[str, Tensor]]] = deque()
        self._kept: list[list[Any]] = []
        self._keep, self._rng, self._closed = keep, Random(seed), False
        self.drawn = self.repeated = self.waited = self.samples = 0
        self._claimed: set[str] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """After the device is initialised: the processes were forked before."""
        self._threads = [threading.Thread(target=self._copy, daemon=True) for _ in range(2)]
        for thread in self._threads:
            thread.start()

    def _arrived(self) -> Iterator[str]:
        """Names of files that no other thread has taken."""
        names = [entry.name for entry in os.scandir(self._folder) if not entry.name.startswith("part-")]
        for name in sorted(names, key=lambda name: int(name.split("-")[1])):
            with self._lock:
                if name in self._claimed:
                    continue
                self._claimed.add(name)
            yield name

    def _copy(self) -> None:
        cuda = self.device.type == "cuda"
        if cuda and self.device.index is not None:  # every thread has its own current device
            torch.cuda.set_device(self.device)
        stream = torch.cuda.Stream() if cuda else None
        sizes = {name: Layout.of(s.scaled(self._scale), frames_of(name)) for name, s in SIZES.items()}
        buffers = {
            name: torch.zeros(layout.bytes(SIZES[name].rows), dtype=torch.uint8, pin_memory=cuda)
            for name, layout in sizes.items()
        }
        while not self._closed:
            found = False
            for name in self._arrived():
                found = True
                _, _, size, count, edition = name.split("-")
                path = f"{self._folder}/{name}"
                if edition == self._phases[self._phase.value]:
                    while len(self._fresh) > 24 and not self._closed:
                        time.sleep(0.002)
                    buffer = buffers[size].numpy()
                    with open(path, "rb", buffering=0) as file:
                        view = memoryview(buffer)
                        while view and (got := file.readinto(view)):
                            view = view[got:]
                    self._fresh.append((size, self._send(sizes[size].arrays(buffer, SIZES[size].rows), stream)))
                    self.samples += int(count)
                os.unlink(path)
            if not found:
                time.sleep(0.002)

    def _send(self, arrays: dict[str, np.ndarray], stream: torch.cuda.Stream | None) -> dict[str, Tensor]:
        host = {name: torch.from_numpy(array) for name, array in arrays.items()}
        if stream is None:
            return {name: tensor.clone() for name, tensor in host.items()}
        with torch.cuda.stream(stream):
            batch = {name: tensor.to(self.device, non_blocking=True) for name, tensor in host.items()}
        stream.synchronize()
        for tensor in batch.values():
            tensor.record_stream(torch.cuda.default_stream())
        return batch

    def next(self, wanted: str = "") -> tuple[str, dict[str, Tensor]]:
        since = time.monotonic()
        while True:
            if self._fresh:
                found = _best([size for size, _ in list(self._fresh)], wanted)
                size, batch = self._fresh[found]
                del self._fresh[found]
                self.drawn += 1
                entry = [size, batch, 1]
                if len(self._kept) < self._keep:
                    self._kept.append(entry)
                else:
                    self._kept[self._rng.randrange(self._keep)] = entry
                return size, batch
            if (entry := self._again(wanted)) is not None:
                entry[2] += 1
                self.repeated += 1
                return entry[0], entry[1]
            if time.monotonic() - since > _PATIENCE:
                raise Starved(
                    f"no batch for {_PATIENCE:.0f} s; in {self._folder}: {sorted(os.listdir(self._folder))[:9]}"
                )
            self.waited += 1
            time.sleep(0.002)

    def _again(self, wanted: str) -> list[Any] | None:
        """A kept batch that has not been used up, of the class wanted if one is met soon."""
        if len(self._kept) < min(48, self._keep):
            return None
        for attempt in range(16):
            entry = self._rng.choice(self._kept)
            if entry[2] < self.uses and (entry[0] == wanted or not wanted or attempt == 15):
                return entry
        return None

    def advance(self) -> None:
        """On to the next phase: batches drawn for the old one are dropped."""
        self._phase.value += 1
        self._kept.clear()
        self._fresh.clear()

    def close(self) -> None:
        self._closed = True
        for thread in self._threads:
            thread.join()
        self._watcher.terminate()
        self._watcher.join()
        for _ in range(50):  # a last batch may still be on its way
            shutil.rmtree(self._folder, ignore_errors=True)
            if not os.path.exists(self._folder):
                break
            time.sleep(0.1)
