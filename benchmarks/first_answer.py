"""What a newcomer waits for: `scripts/serve` to ready, then the first token of a picture, on the bundled demo pair.

Each round starts the program anew as the README says (its environment is there already: a warm start), asks `/ready`
until it says yes, then sends a fresh 512x512 picture per question to `/v1/chat/completions` and times the first token
and the pace of the rest. Figures are medians over the rounds. Prints JSON.

    python benchmarks/first_answer.py [--rounds 5] [--questions 5] [--out FILE]
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import platform
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "Describe this screen."


def picture(seed: int) -> str:
    """A 512x512 screen that no cache has seen, as a data URI."""
    rng = random.Random(seed)
    canvas = Image.new("RGB", (512, 512), (rng.randrange(230, 256),) * 3)
    draw = ImageDraw.Draw(canvas)
    for row, word in enumerate(rng.sample(["Save", "Cancel", "Search", "Delete", "Home", "Login", "Share"], 5)):
        top = 40 + row * 90
        draw.rounded_rectangle((60, top, 450, top + 56), 10, fill=(40, 90, rng.randrange(120, 256)))
        draw.text((80, top + 16), word, fill="white", font_size=22)
    buffer = BytesIO()
    canvas.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(data: str) -> Iterator[tuple[str, float]]:
    """The program while it runs on the demo pair and this folder: its address, and the seconds until it was ready."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    begin = time.perf_counter()
    process = subprocess.Popen(
        [ROOT / "scripts" / "serve", "--model", "demo", "--port", str(port), "--data", data],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not is_ready(address):
            if time.perf_counter() - begin > 120:
                raise TimeoutError("the server was not ready within 120 s")
            time.sleep(0.05)
        yield address, time.perf_counter() - begin
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def report(benchmark: str, facts: dict[str, Any], *, load: float, out: Path | None) -> None:
    """Print the figures with what they were measured on, and write them to a file if one is named."""
    hardware = {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(), "load_at_start": load}
    head = {"benchmark": benchmark, "command": " ".join(sys.argv), "hardware": hardware}
    text = json.dumps(head | {"python": platform.python_version()} | facts, indent=1)
    print(text)
    if out:
        out.write_text(text + "\n", encoding="utf-8")


def ask(address: str, edition: str, seed: int) -> tuple[float, float]:
    """Seconds from sending a question about a new picture to its first token, and tokens a second after it."""
    content = [{"type": "image_url", "image_url": {"url": picture(seed)}}, {"type": "text", "text": QUESTION}]
    body = {
        "model": edition,
        "messages": [{"role": "user", "content": content}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 64,
        "ignore_eos": True,
        "temperature": 0,
    }
    begin = time.perf_counter()
    first = last = 0.0
    tokens = 0
    with httpx.stream("POST", f"{address}/v1/chat/completions", json=body, timeout=60) as response:
        for line in response.iter_lines():
            if not line.startswith("data: {"):
                continue
            event = json.loads(line.removeprefix("data: "))
            delta = event["choices"][0]["delta"] if event["choices"] else {}
            if delta.get("content") or delta.get("reasoning_content"):
                last = time.perf_counter()
                first = first or last
            if event.get("usage"):
                tokens = event["usage"]["completion_tokens"]
    return first - begin, (tokens - 1) / (last - first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--questions", type=int, default=5, help="in each round and edition")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    ready: list[float] = []
    answers: dict[str, list[tuple[float, float]]] = {"instruct": [], "thinking": []}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as data:
        for number in range(args.rounds):
            with serving(data) as (address, seconds):
                ready.append(seconds)
                for edition, seen in answers.items():
                    ask(address, edition, seed=-1 - number)  # the first of a process pays for warming up
                    seen += [ask(address, edition, seed=number * args.questions + k) for k in range(args.questions)]
    result: dict[str, Any] = {
        "model": "bundled demo pair, float32, CPU",
        "warm_start_to_ready_seconds": {"median": statistics.median(ready), "runs": ready},
        "picture": "512x512, not cached",
    }
    for edition, seen in answers.items():
        result[edition] = {
            "first_token_seconds": statistics.median(first for first, _ in seen),
            "first_token_worst": max(first for first, _ in seen),
            "tokens_per_second": statistics.median(pace for _, pace in seen),
        }
    report("first_answer", result, load=load, out=args.out)


if __name__ == "__main__":
    main()
