"""What a GPU does with the 4B shape: this engine and transformers side by side, beside the ceilings of the same run.

Random weights in bfloat16, prompts of 512 random tokens, 256 new ones, medians. Every row is one number:

    decode_tok_s.{1,8,32,128,256}     tokens a second while that many sequences decode, their prompts' time excluded
    prefill_ms.{1x512,32x512}         from handing in the prompts to all first tokens
    vision_ms.{1,32}                  the vision tower alone over 1024x1024 pictures, patches ready
    image_ttft_ms.{1,32}              from the JPEG bytes of such pictures, 64 tokens each, to all first tokens
    video_ttft_s                      from the bytes of 5 minutes of 720p, 2 frames a second, to the first token (PyAV)
    decode_context_tok_s.{32k,128k}   one sequence behind a prompt that long
    prefill_s.128k                    a prompt of 131,072 tokens
    pause_ms                          longest pause of 31 running streams while 16K tokens with pictures are admitted
    start_s                           process start to ready, checkpoint in the page cache
    http_ratio                        pace of 32 streaming clients through HTTP over that of the engine alone

What only `start_s`, `http_ratio` (the server's packages) and `video_ttft_s` (PyAV) need is imported when their turn
comes: a row that lacks a package is null, and `details` names it.

`limits` holds what the ceilings allow for a row: bytes that must be read at the measured copy rate, or operations at
the measured rate of a large matrix product. Parts of a row and how it was measured are in `details`.

    PYTHONPATH=src python benchmarks/gpu.py [--rows decode_tok_s prefill_ms.1x512 ...] [--seconds N] [--out FILE]

`--rows` picks rows by name or by the name before the dot. Each result is printed as a line of JSON when it is there,
and the file is rewritten, so that a run that is cut off keeps what it has measured; a row that takes too long is
skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from gpu_ours import Ours
from gpu_peer import Peer
from gpu_server import Server
from gpu_timing import timed
from shapes import SIZES

Row = Callable[[], dict[str, Any]]  # the row's number under "value", and details

DECODE = (1, 8, 32, 128, 256)
SIDES = ("ours", "transformers")
ROW_SECONDS = 60  # the most that one row may take


class Report:
    """The results so far, on the screen and in a file."""

    def __init__(self, out: Path | None, head: dict[str, Any]) -> None:
        self.out = out
        self.values: dict[str, Any] = {**head, "ours": {}, "transformers": {}, "limits": {}, "details": {}}
        if out is not None and out.is_file():  # rows of an earlier call, if its machine was the same
            before = json.loads(out.read_text())
            if before.get("hardware") == head["hardware"] and before.get("versions") == head["versions"]:
                for part in ("ours", "transformers", "limits", "details"):
                    self.values[part] = before.get(part, {})

    def has(self, side: str, name: str) -> bool:
        """Whether a row was measured, or tried in vain."""
        return name in self.values[side]

    def add(self, side: str, name: str, value: float | None, **details: Any) -> None:
        print(json.dumps({"row": name, side: value, **details}), flush=True)
        self.values[side][name] = value
        if details:
            self.values["details"].setdefault(name, {})[side] = details
        if self.out is not None:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            self.out.write_text(json.dumps(self.values, indent=1) + "\n")


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what runs within after so long."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"took more than {seconds:.0f} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def copy_rate(device: torch.device) -> float:
    """Bytes a second, read and written, of copying 2 GB: the median of ten."""
    source = torch.empty(2 << 30, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / timed(lambda: target.copy_(source))


def product_rate(device: torch.device) -> float:
    """Operations a second of a bfloat16 product of two 8192 x 8192 matrices: the median of ten."""
    side = 8192
    a, b = (torch.randn(side, side, dtype=torch.bfloat16, device=device) for _ in range(2))
    return 2 * side**3 / timed(lambda: a @ b)


def head(size: str, device: torch.device) -> dict[str, Any]:
    """What the run was made with."""
    import triton

    from transformers_peer import import_transformers

    properties = torch.cuda.get_device_properties(device)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    return {
        "benchmark": "gpu",
        "command": " ".join(sys.argv),
        "commit": commit or None,
        "size": size,
        "dtype": "bfloat16",
        "hardware": {"gpu": properties.name, "gpu_bytes": properties.total_memory, "machine": platform.machine()},
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "triton": triton.__version__,
            "transformers": import_transformers().__version__,
        },
        "ceilings": {
            "copy_bytes_per_second": copy_rate(device),
            "product_operations_per_second": product_rate(device),
        },
    }


def all_rows(ours: Ours, peer: Peer, server: Server) -> dict[str, dict[str, Row]]:
    """Every row, in the order in which they are measured, and how each side does it."""
    rows: dict[str, dict[str, Row]] = {}

    def both(name: str, method: str, counts: Sequence[int], suffix: str = "") -> None:
        for count in counts:
            rows[f"{name}.{count}{suffix}"] = {
                "ours": partial(getattr(ours, method), count),
                "transformers": partial(getattr(peer, method), count),
            }

    both("decode_tok_s", "decode", DECODE)
    both("prefill_ms", "prefill", (1, 32), "x512")
    both("vision_ms", "vision", (1, 32))
    both("image_ttft_ms", "pictures", (1, 32))
    rows["pause_ms"] = {"ours": ours.pause}
    for thousands in (32, 128):
        rows[f"decode_context_tok_s.{thousands}k"] = {"ours": partial(ours.decode_behind, thousands * 1024)}
    rows["prefill_s.128k"] = {"ours": partial(ours.long_prompt, 128 * 1024)}
    rows["video_ttft_s"] = {"ours": ours.video}
    rows["start_s"] = {"ours": server.start, "transformers": server.peer_start}
    rows["http_ratio"] = {"ours": server.http_ratio}
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="*", help="names of rows, or what stands before the dot; default: all")
    parser.add_argument("--sides", nargs="*", choices=SIDES, default=SIDES)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop in time for this")
    parser.add_argument("--size", choices=SIZES, default="4b")
    parser.add_argument("--out", type=Path, help="also write the JSON here; rows of other calls in it are kept")
    parser.add_argument("--missing", action="store_true", help="only what the file lacks")
    arguments = parser.parse_args()
    started = time.monotonic()
    device = torch.device("cuda")
    ours, peer = Ours(arguments.size, device), Peer(arguments.size, device)
    server = Server(ours)
    asked = set(arguments.rows or ())
    report = Report(arguments.out, head(arguments.size, device))
    print(json.dumps(report.values["ceilings"]), flush=True)
    report.values["limits"] = ours.limits(**report.values["ceilings"])
    for name, sides in all_rows(ours, peer, server).items():
        for side in arguments.sides:
            left = arguments.seconds - (time.monotonic() - started)
            unasked = asked and not {name, name.split(".")[0]} & asked
            if side not in sides or unasked or left < 2 or (arguments.missing and report.has(side, name)):
                continue
            begin = time.monotonic()
            try:
                with time_limit(min(ROW_SECONDS, left)):
                    result = sides[side]()
                report.add(side, name, result.pop("value"), **result, took_s=round(time.monotonic() - begin, 1))
            except Exception as error:
                traceback.print_exc(limit=-8)
                report.add(side, name, None, error=f"{type(error).__name__}: {error}"[:300])
                if "CUDA error" in str(error):  # this process cannot use the device any more
                    left = arguments.seconds - (time.monotonic() - started)
                    again = [*sys.argv, "--missing", "--seconds", str(left)]
                    sys.exit(1) if arguments.out is None else os.execv(sys.executable, [sys.executable, *again])
                (ours if side == "ours" else peer).reset()
    server.close()


if __name__ == "__main__":
    main()
