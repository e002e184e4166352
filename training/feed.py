"""Feeds batches: worker processes draw and pack them into shared slots, a thread copies them to the device, where each is used a few times."""

from __future__ import annotations

import multiprocessing as mp
import os
import shutil
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.mixture import SIZES
from training.pack import Layout, pack


def frames_of(size: str) -> int:
    return 2 if size == "video" else 1


def _work(
    worker: int,
    seed: str,
    phase: Any,
    easy: Any,
    phases: list[str],
    tokenizer_path: str,
    folder: str,
    slot_bytes: int,
    scale: float,
    free: Any,
    ready: Any,
) -> None:
    cv2.setNumThreads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    tokenizer = Tokenizer.from_file(tokenizer_path)
    names, shares = list(SIZES), [size.share for size in SIZES.values()]
    number = 0
    while True:
        slot = free.get()
        if slot is None:
            return
        edition = phases[phase.value]
        name = f"{seed}-{edition}-{worker}-{number}"
        number += 1
        rng = Random(name)
        size = rng.choices(names, shares)[0]
        shape = SIZES[size].scaled(scale)
        buffer = np.memmap(f"{folder}/{slot}", np.uint8, "r+", shape=(slot_bytes,))
        try:
            arrays = Layout.of(shape, frames_of(size)).arrays(buffer, shape.rows)
            count = pack(tokenizer, arrays, size, name, edition, easy.value)
        except Exception as error:  # one bad drawing must not end a run on rented hardware
            print(f"drawing {name} failed: {error!r}", flush=True)
            free.put(slot)
            continue
        ready.put((slot, size, count, edition))


class Feeder:
    """`next()` gives (size class, batch on the device). Fresh batches come first; while none is ready, kept ones come again, at most `uses` times each."""

    def __init__(
        self,
        *,
        tokenizer: Path,
        seed: str,
        phases: list[str],
        workers: int,
        device: torch.device,
        scale: float = 1.0,
        keep: int = 1200,
        uses: int = 3,
    ) -> None:
        self.device, self.uses, self._scale = device, uses, scale
        self._bytes = max(
            Layout.of(size.scaled(scale), frames_of(name)).bytes(size.rows) for name, size in SIZES.items()
        )
        slots = workers * 2 + 6
        place = "/dev/shm" if shutil.disk_usage("/dev/shm").free > self._bytes * slots * 1.1 else None
        self._folder = tempfile.mkdtemp(dir=place)
        context = mp.get_context("fork")
        self._phases, self._phase = phases, context.Value("i", 0)
        self.easy = context.Value("d", 0.0)  # share of single words; the trainer sets it
        self._free, self._ready = context.Queue(), context.Queue()
        for slot in range(slots):
            with open(f"{self._folder}/{slot}", "wb") as file:
                file.truncate(self._bytes)
            self._free.put(slot)
        self._processes = [
            context.Process(
                target=_work,
                daemon=True,
                args=(
                    k,
                    seed,
                    self._phase,
                    self.easy,
                    phases,
                    str(tokenizer),
                    self._folder,
                    self._bytes,
                    scale,
                    self._free,
                    self._ready,
                ),
            )
            for k in range(workers)
        ]
        for process in self._processes:
            process.start()
        self._fresh: deque[tuple[str, dict[str, Tensor]]] = deque()
        self._kept: list[list[Any]] = []
        self._keep, self._rng, self._closed = keep, Random(seed), False
        self.drawn = self.repeated = self.waited = 0
        self.samples = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """After the device is initialised: the workers were forked before."""
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    def _copy(self) -> None:
        stream = torch.cuda.Stream() if self.device.type == "cuda" else None
        while not self._closed:
            if len(self._fresh) > 24:
                time.sleep(0.002)
                continue
            try:
                slot, size, count, edition = self._ready.get(timeout=0.5)
            except Exception:  # queue.Empty
                continue
            if edition != self._phases[self._phase.value]:
                self._free.put(slot)
                continue
            buffer = np.memmap(f"{self._folder}/{slot}", np.uint8, "r+", shape=(self._bytes,))
            shape = SIZES[size].scaled(self._scale)
            host = {
                name: torch.from_numpy(np.asarray(array))
                for name, array in Layout.of(shape, frames_of(size)).arrays(buffer, shape.rows).items()
            }
            if stream is None:
                batch = {name: tensor.clone() for name, tensor in host.items()}
            else:
                with torch.cuda.stream(stream):
                    batch = {name: tensor.to(self.device) for name, tensor in host.items()}
                stream.synchronize()
                for tensor in batch.values():
                    tensor.record_stream(torch.cuda.default_stream())
            self._fresh.append((size, batch))
            self.samples += count
            self._free.put(slot)

    def next(self) -> tuple[str, dict[str, Tensor]]:
        while True:
            if self._fresh:
                size, batch = self._fresh.popleft()
                self.drawn += 1
                entry = [size, batch, 1]
                if len(self._kept) < self._keep:
                    self._kept.append(entry)
                else:
                    self._kept[self._rng.randrange(self._keep)] = entry
                return size, batch
            if (
                len(self._kept) >= min(48, self._keep)
                and (index := self._rng.randrange(len(self._kept))) is not None
                and self._kept[index][2] < self.uses
            ):
                entry = self._kept[index]
                entry[2] += 1
                self.repeated += 1
                return entry[0], entry[1]
            if not any(process.is_alive() for process in self._processes):
                raise RuntimeError("the drawing processes died")
            self.waited += 1
            time.sleep(0.002)

    def advance(self) -> None:
        """On to the next phase: batches drawn for the old one are dropped."""
        self._phase.value += 1
        self._kept.clear()
        self._fresh.clear()

    def close(self) -> None:
        self._closed = True
        if self._thread:
            self._thread.join()
        for process in self._processes:
            process.terminate()
            process.join()
        shutil.rmtree(self._folder, ignore_errors=True)
