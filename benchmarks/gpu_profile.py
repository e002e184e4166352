"""Where the time goes on a GPU, with the 4B shape and random weights: kernels by name, gaps, and what the host does.

Beside `gpu.py`, which says how fast a row is, this says why. One line of JSON each:

    kernels.NAME    of a few decoding steps, prompts, a picture or the tower: from first to last kernel, busy time, and
                    the longest kernels with their number and time, all in us (kernels that are launched before the one
                    ahead has ended count their waiting too)
    steps.N         us of a step of N decoding sequences, how much of it the host waits, garbage collections
    newcomer.N      ms of the step in which a prompt of N tokens joins 31 decoding sequences: replayed as a CUDA graph,
                    and launched kernel by kernel

    PYTHONPATH=src python benchmarks/gpu_profile.py [--only kernels newcomer ...] [--out FILE]
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from gpu_media import decoded, jpegs
from gpu_ours import AFTER_PICTURE, SIDE, Ours
from qwen3_vl_webui.engine.sampler import Choice, Sampled
from shapes import SIZES

SHOWN = 14  # kernels


def kernels(run: Callable[[], Any]) -> dict[str, Any]:
    """What runs on the device while `run` does."""
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        run()
        torch.cuda.synchronize()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        profile.export_chrome_trace(file.name)
        events = json.loads(Path(file.name).read_text())["traceEvents"]
    kinds = ("kernel", "gpu_memcpy", "gpu_memset")
    found = sorted((event["ts"], event["dur"], event["name"]) for event in events if event.get("cat") in kinds)
    times: dict[str, list[float]] = defaultdict(list)
    busy, end = 0.0, 0.0
    for start, length, name in found:
        times[name[:70]].append(length)
        busy += max(0.0, start + length - max(start, end))
        end = max(end, start + length)
    longest = sorted(times.items(), key=lambda item: -sum(item[1]))[:SHOWN]
    return {
        "span_us": round(end - found[0][0]),
        "busy_us": round(busy),
        "longest": {name: [len(lengths), round(sum(lengths))] for name, lengths in longest},
    }


class Profiles:
    """All of them over one engine."""

    def __init__(self, ours: Ours) -> None:
        self.ours = ours
        self.engine = ours.engine
        self._pictures = iter(range(100_000, 200_000))

    def decode_together(self, count: int, new: int = 300) -> None:
        """Bring so many sequences to where they decode."""
        for _ in range(count):
            self.engine.add(*self.ours.text(new))
        while any(one.num_pending > 1 for one in self.engine._scheduler.running) or self.engine._scheduler.waiting:
            self.engine.step()
        for _ in range(8):
            self.engine.step()

    def end(self) -> None:
        for name in list(self.engine._groups):
            self.engine.cancel(name)
        while self.engine.has_work:
            self.engine.step()

    def picture(self) -> None:
        (file,) = jpegs([next(self._pictures)])
        half = AFTER_PICTURE // 2
        self.ours.run([self.ours.prompt([half, half], [decoded(file)], new=1)])

    def decoding(self, count: int) -> dict[str, Any]:
        self.decode_together(count)
        result = kernels(lambda: [self.engine.step() for _ in range(8)])
        self.end()
        return result

    @torch.inference_mode()
    def tower(self, count: int) -> dict[str, Any]:
        config = self.ours.config.vision
        side = SIDE // config.patch_size
        patches = torch.randn(count * side**2, config.patch_dim, device=self.ours.device, dtype=torch.bfloat16)
        encode = self.engine._runner.encoder.tower
        for _ in range(3):
            encode(patches, [(1, side, side)] * count)
        return kernels(lambda: encode(patches, [(1, side, side)] * count))

    def steps(self, count: int, kept: int = 60) -> dict[str, Any]:
        """Steady decoding."""
        self.decode_together(count)
        waits: list[float] = []
        pauses: list[float] = []
        read = Choice.read
        begin = 0.0

        def timed(choice: Choice) -> Sampled:
            started = time.perf_counter()
            sampled = read(choice)
            waits.append(1e6 * (time.perf_counter() - started))
            return sampled

        def watch(phase: str, _: dict[str, int]) -> None:
            nonlocal begin
            if phase == "start":
                begin = time.perf_counter()
            else:
                pauses.append(1e6 * (time.perf_counter() - begin))

        Choice.read = timed  # type: ignore[method-assign]
        gc.callbacks.append(watch)
        try:
            times = [self.timed_step() for _ in range(kept)]
        finally:
            gc.callbacks.remove(watch)
            Choice.read = read  # type: ignore[method-assign]
        self.end()
        return {
            "step_us": round(1000 * statistics.median(times)),
            "waits_us": round(statistics.median(waits)),
            "collections": len(pauses),
            "collections_us": round(sum(pauses)),
        }

    def newcomer(self, tokens: int) -> dict[str, Any]:
        """Turn by turn; medians. The step's own length is seen by what is read two steps later."""
        graphs = self.engine._runner.graphs
        assert graphs is not None
        shape_for = graphs.shape_for
        found: dict[str, list[float]] = {"replayed": [], "launched": []}
        self.decode_together(31, new=400)
        for at in range(9):
            for way, times in found.items():
                launched = way == "launched"
                graphs.shape_for = (lambda *_: None) if launched else shape_for  # type: ignore[method-assign]
                self.engine.add(*self.ours.text(1, tokens))
                steps = [self.timed_step() for _ in range(4)]
                graphs.shape_for = shape_for  # type: ignore[method-assign]
                if at > 1:  # the first ones compile and capture
                    times.append(max(steps))
        self.end()
        return {way: round(statistics.median(times), 2) for way, times in found.items()}

    def timed_step(self) -> float:
        started = time.perf_counter()
        self.engine.step()
        return 1000 * (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="names, or what stands before the first dot; default: all")
    parser.add_argument("--size", choices=SIZES, default="4b")
    parser.add_argument("--out", type=Path, help="also write all as one JSON object")
    arguments = parser.parse_args()
    ours = Ours(arguments.size, torch.device("cuda"))
    profiles = Profiles(ours)
    parts: dict[str, Callable[[], Any]] = {
        **{f"newcomer.{tokens}": lambda tokens=tokens: profiles.newcomer(tokens) for tokens in (40, 500, 1090)},
        "kernels.tower.1": lambda: profiles.tower(1),
        "kernels.tower.8": lambda: profiles.tower(8),
        "kernels.picture": lambda: (profiles.picture(), kernels(profiles.picture))[1],
        "kernels.prompt.512": lambda: kernels(lambda: ours.run([ours.text(1)])),
        "kernels.prompts.32x512": lambda: kernels(lambda: ours.run([ours.text(1) for _ in range(32)])),
        **{f"steps.{count}": lambda count=count: profiles.steps(count) for count in (1, 8, 32, 128, 256)},
        **{f"kernels.decode.{count}": lambda count=count: profiles.decoding(count) for count in (1, 8, 32, 128, 256)},
    }
    results: dict[str, Any] = {}
    for name, part in parts.items():
        if arguments.only and not {name, name.split(".")[0]} & set(arguments.only):
            continue
        try:
            results[name] = part()
        except Exception:
            traceback.print_exc()
            profiles.end()
            continue
        print(json.dumps({name: results[name]}), flush=True)
        if arguments.out is not None:
            arguments.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
