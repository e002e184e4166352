"""Where a training step's time goes on this machine: parts of the step, its kernels, drawing by generator, and a few seconds of real training.

    python -m training.measure OUT.json --seconds 100 --workers 16 [arguments of training.train]

Whatever has been measured when the time is over is in the file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import torch
from tokenizers import Tokenizer

from training import prompt
from training.evaluate import answers, cases
from training.feed import Feeder
from training.gui import KINDS
from training.mixture import SHARES, SIZES, Entry
from training.network import Batched
from training.plan import Plan
from training.score import score
from training.served import served
from training.team import Team
from training.train import Trainer, parser


def captured(run: Callable[[], Any]) -> torch.cuda.CUDAGraph:
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph


def milliseconds(run: Callable[[], Any], times: int = 12) -> float:
    run()
    ends = [torch.cuda.Event(enable_timing=True) for _ in range(times + 1)]
    ends[0].record()
    for end in ends[1:]:
        run()
        end.record()
    torch.cuda.synchronize()
    return round(statistics.median(a.elapsed_time(b) for a, b in pairwise(ends)), 3)


def parts(trainer: Trainer, batch: dict[str, torch.Tensor]) -> dict[str, float]:
    """Milliseconds of parts of the step, each captured by itself; the step is their sum."""
    net, optimizer = trainer.stepper.net, trainer.optimizer

    def forget() -> None:
        for parameter in net.model.parameters():
            parameter.grad = None

    def masks() -> None:
        net._vision_mask(batch["place"][:, 4])
        net._text_mask(batch["segment"], batch["owner"])

    def vision() -> Any:
        forget()
        return sum(level.float().sum() for level in net.encode(batch["patches"], batch["place"]))

    def whole() -> Any:
        forget()
        return net.loss(batch)[0]

    found = {"masks": milliseconds(captured(masks).replay)}
    for name, run in (("vision", vision), ("whole", whole)):
        found[f"{name} forward"] = milliseconds(captured(run).replay)
        found[f"{name} forward, backward"] = milliseconds(captured(lambda run=run: run().backward()).replay)
    found["optimizer"] = milliseconds(captured(optimizer.step).replay)
    return found


def kernels(run: Callable[[], Any], most: int = 40) -> dict[str, Any]:
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        for _ in range(3):
            run()
        torch.cuda.synchronize()
    events = sorted(profile.key_averages(), key=lambda e: -e.self_device_time_total)
    return {
        "launches": sum(e.count for e in events) // 3,
        "ms": round(sum(e.self_device_time_total for e in events) / 3000, 2),
        "top": [[e.key[:90], e.count // 3, round(e.self_device_time_total / 3000, 3)] for e in events[:most]],
    }


def drawing(item: tuple[str, Entry, str]) -> tuple[str, dict[str, float]]:
    """Milliseconds a sample of one generator, and what the samples hold."""
    size, (generator, share, tokens), path = item
    tokenizer = Tokenizer.from_file(path)
    count, begin = 0, time.process_time()
    draw = visual = text = 0.0
    while time.process_time() - begin < 4:
        at = time.process_time()
        sample = served(generator(Random(f"measure-{count}"), False, Random(count).choice(tokens)))
        draw += time.process_time() - at
        visual += len(prompt.prefix(tokenizer, sample).patches) / 4
        text += sum(len(prompt.conversation(tokenizer, turns, True).ids) for turns in sample.conversations)
        count += 1
    both = (time.process_time() - begin) / count
    return f"{size} {generator.__name__}", {
        "share": share,
        "draw_ms": round(draw / count * 1000, 2),
        "all_ms": round(both * 1000, 2),
        "visual": round(visual / count, 1),
        "text": round(text / count, 1),
    }


def quick_figures(trainer: Trainer, tokenizer_path: Path) -> dict[str, float]:
    """Some rows of the evaluation on a few cases: does it learn to say where things are?"""
    tokenizer = Tokenizer.from_file(str(tokenizer_path))
    net = Batched(trainer.model, torch.bfloat16)
    found = {}
    for row in ("Things anywhere: box at IoU 0.5, point inside", "Boxes of shapes, recall at IoU 0.5"):
        items = cases(row, 96, "measure")
        given = answers(net, tokenizer, items, False, 64, trainer.device)
        scores = [score(text, turn.check, KINDS) for text, (_, turn) in zip(given, items, strict=True)]
        found[row] = round(sum(scores) / len(scores), 3)
    return found


def main() -> None:
    begin = time.monotonic()
    own = argparse.ArgumentParser(description=__doc__)
    own.add_argument("out", type=Path)
    own.add_argument("--seconds", type=float, default=100)
    mine, rest = own.parse_known_args()
    args = parser().parse_args(["--state", tempfile.mkdtemp(), "--plan", "both:1", "--seconds", "1", *rest])
    figures: dict[str, Any] = {}

    def note(name: str, value: Any) -> None:
        try:  # what fails here must not cost the rest of the figures
            figures[name] = value = value() if callable(value) else value
        except Exception as error:
            figures[name] = value = repr(error)[:600]
        figures["seconds"] = round(time.monotonic() - begin, 1)
        mine.out.write_text(json.dumps(figures, indent=1))
        print(name, json.dumps(value), flush=True)

    device, path = torch.device(args.device), args.folder / "tokenizer.json"
    with get_context("fork").Pool(args.workers) as pool:
        entries = [(size, entry, str(path)) for size, all_ in SHARES.items() for entry in all_]
        note("drawing", dict(pool.map(drawing, entries, chunksize=1)))
    feeder = Feeder(
        tokenizer=path, seed="measure", phases=["both"], workers=args.workers, device=device, scale=args.scale
    )
    torch.set_float32_matmul_precision("high")
    at = time.monotonic()
    trainer = Trainer(args, device, None, Team())
    note("start-up of the network", {"seconds": round(time.monotonic() - at, 1), "way": trainer.way})
    feeder.start()
    time.sleep(1)
    with (mine.out.parent / "measure.jsonl").open("w") as log:
        at = time.monotonic()
        seconds = max(3.0, min(18.0, mine.seconds - (at - begin) - 22))
        trainer.run(feeder, Plan.parse("both:18", args.rates), log, begin=begin, until=at + seconds)
    lines = [json.loads(line) for line in (mine.out.parent / "measure.jsonl").read_text().splitlines()]
    (mine.out.parent / "measure.jsonl").unlink()
    note(
        "training",
        [
            {k: v for k, v in line.items() if k not in ("edition", "run", "share", "rate")}
            for line in lines[:: max(1, len(lines) // 6)]
        ],
    )
    if device.type == "cuda":
        note("memory_gib", round(torch.cuda.max_memory_allocated() / 2**30, 1))
        batches: dict[str, dict[str, torch.Tensor]] = {}
        while len(batches) < len(SIZES) and time.monotonic() - begin < mine.seconds:
            wanted = next(name for name in SIZES if name not in batches)
            size, batch = feeder.next(wanted)
            batches.setdefault(size, batch)
        note(
            "step_ms",
            {size: milliseconds(lambda s=size, b=batch: trainer.stepper(s, b)) for size, batch in batches.items()},
        )
        feeder.close()
        note("kernels", lambda: kernels(lambda: trainer.stepper("middle", batches["middle"])))
        note("figures", lambda: quick_figures(trainer, path))
        note("parts_ms", lambda: parts(trainer, batches["middle"]))
    else:
        feeder.close()


if __name__ == "__main__":
    main()
