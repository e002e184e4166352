"""What streaming over HTTP costs: the server's `/v1/chat/completions` beside the bare engine, in one run, by turns.

Both sides hold the same checkpoint and sample the same answers (same prompts, same seeds, a fixed length). "engine"
steps `Engine` in this process: no HTTP, no second process, no text. "http" is the whole server in processes of its own
(uvicorn and the engine's), read by plain sockets here that count the events and do not parse them; its time contains
the tokenizer, the template and the text of the answer. A round measures one after the other, each side first in turn,
and the figures are medians over the rounds, so that a disturbance hits both alike. Processor time is told beside the
clock's, since it hardly depends on what else the machine does.

    PYTHONPATH=src python benchmarks/http_overhead.py [--checkpoint DIR] [--streams 1 8] [--rounds 9] [--out FILE]

Without `--checkpoint` it is the bundled demo, with random weights where the installation has none. Prints JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import torch

from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import EngineRequest, SamplingParams, Tokens
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import initialize, save_weights
from qwen3_vl_webui.plan import demo_folder, is_complete, resolve
from qwen3_vl_webui.processing.messages import Message, TextPart
from qwen3_vl_webui.processing.processor import Processor
from qwen3_vl_webui.server.limits import media_limits

WORDS = "red green blue circle square line button chart window text number left right above below".split()  # noqa: SIM905


@dataclass(frozen=True)
class Run:
    seconds: float  # from sending the first request to the end of the last answer
    first_token_seconds: float  # median over the streams
    tokens: int
    events: int  # messages that brought tokens
    engine_cpu_seconds: float  # of the process that holds the engine
    server_cpu_seconds: float = 0.0  # of the process that speaks HTTP


def question(round_number: int, stream: int, words: int) -> str:
    """A prompt nobody has asked before, so that no cached prefix helps either side."""
    return " ".join(WORDS[(round_number * 31 + stream * 7 + at * at) % len(WORDS)] for at in range(words)) + (
        f" {round_number}-{stream}?"
    )


class Bare:
    """The engine alone."""

    def __init__(self, settings: Settings) -> None:
        config: EngineConfig = resolve(settings).engines["instruct"]
        self.engine = Engine(config)
        self.processor = Processor.load(config.folder, media_limits(settings))
        self._count = 0

    def run(self, questions: list[str], new_tokens: int) -> Run:
        requests = [self._request(text, seed, new_tokens) for seed, text in enumerate(questions)]
        started, used = time.perf_counter(), time.process_time()
        for request in requests:
            self.engine.add(request)
        first: dict[str, float] = {}
        tokens = events = 0
        while self.engine.has_work:
            for output in self.engine.step():
                assert isinstance(output, Tokens), output
                if output.token_ids:
                    first.setdefault(output.request_id, time.perf_counter() - started)
                    events += 1
                    tokens += len(output.token_ids)
        seconds = time.perf_counter() - started
        return Run(seconds, statistics.median(first.values()), tokens, events, time.process_time() - used)

    def _request(self, text: str, seed: int, new_tokens: int) -> EngineRequest:
        prompt = self.processor.prepare([Message(role="user", parts=(TextPart(text),))])
        self._count += 1
        return EngineRequest(
            request_id=str(self._count),
            edition="instruct",
            token_ids=prompt.token_ids,
            positions=prompt.positions.tobytes(),
            position_delta=prompt.position_delta,
            sampling=SamplingParams(**sampling(seed), max_tokens=new_tokens),
        )


class Http:
    """The server, read as a program would that only wants to know when something comes."""

    def __init__(self, port: int, server: psutil.Process) -> None:
        self.port = port
        self.server = server
        (self.engine,) = server.children()

    def run(self, questions: list[str], new_tokens: int) -> Run:
        return asyncio.run(self._run(questions, new_tokens))

    async def _run(self, questions: list[str], new_tokens: int) -> Run:
        started, used, used_by_server = time.perf_counter(), cpu_seconds(self.engine), cpu_seconds(self.server)
        results = await asyncio.gather(
            *(self._stream(text, seed, new_tokens, started) for seed, text in enumerate(questions))
        )
        seconds = time.perf_counter() - started
        first, tokens, events = zip(*results, strict=True)
        return Run(
            seconds,
            statistics.median(first),
            sum(tokens),
            sum(events),
            cpu_seconds(self.engine) - used,
            cpu_seconds(self.server) - used_by_server,
        )

    async def _stream(self, text: str, seed: int, new_tokens: int, started: float) -> tuple[float, int, int]:
        body = {
            "model": "instruct",
            "messages": [{"role": "user", "content": text}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": new_tokens,
            **sampling(seed),
        }
        data = json.dumps(body).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(head.encode() + data)
        first = 0.0
        received = bytearray()
        while chunk := await reader.read(1 << 16):
            if not first and b'"content":' in chunk:
                first = time.perf_counter() - started
            received += chunk
        writer.close()
        assert received.startswith(b"HTTP/1.1 200"), bytes(received[:500])
        assert b"[DONE]" in received, bytes(received[-500:])
        usage = bytes(received[received.rindex(b'"completion_tokens":') :])
        tokens = int(usage.split(b":", 1)[1].split(b",", 1)[0])
        return first, tokens, received.count(b'"content":')


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def sampling(seed: int) -> dict[str, Any]:
    return {"temperature": 0.7, "top_p": 0.8, "top_k": 20, "seed": seed, "ignore_eos": True}


def checkpoint(given: Path | None, scratch: Path) -> tuple[Path, str]:
    """The folder to serve and what it is."""
    if given is not None:
        return given, str(given)
    demo = demo_folder("instruct")
    if is_complete(demo):
        return demo, "bundled demo"
    folder = scratch / "demo"
    shutil.copytree(demo, folder)
    model = Qwen3VL(ModelConfig.load(folder))
    initialize(model, torch.Generator().manual_seed(0), std=0.05)
    save_weights(model, folder)
    return folder, "bundled demo's sizes, random weights"


@contextmanager
def served(settings: dict[str, Any]) -> Iterator[Http]:
    """`serve` with these settings, ready."""
    words = {f"QWEN3VL_{name.upper()}": str(value) for name, value in settings.items() if value is not None}
    process = subprocess.Popen([sys.executable, "-m", "qwen3_vl_webui", "serve"], env=os.environ | words)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{settings['port']}/ready", timeout=5):
                    break
            except OSError:
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not get ready"
                time.sleep(0.2)
        yield Http(settings["port"], psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(30)


def summary(runs: list[Run]) -> dict[str, Any]:
    tokens = sum(run.tokens for run in runs)
    return {
        "tokens_per_second": round(statistics.median(run.tokens / run.seconds for run in runs), 1),
        "first_token_seconds": round(statistics.median(run.first_token_seconds for run in runs), 4),
        "engine_cpu_ms_per_token": round(1000 * sum(run.engine_cpu_seconds for run in runs) / tokens, 3),
        "server_cpu_ms_per_token": round(1000 * sum(run.server_cpu_seconds for run in runs) / tokens, 3),
        "tokens_per_event": round(tokens / sum(run.events for run in runs), 2),
        "runs": [{key: round(value, 4) for key, value in asdict(run).items()} for run in runs],
    }


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--prompt-words", type=int, default=24)
    parser.add_argument("--new-tokens", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, help="of the engine, on both sides; default: PyTorch's choice")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        folder, name = checkpoint(arguments.checkpoint, Path(scratch))
        values: dict[str, Any] = {
            "instruct": str(folder),
            "port": free_port(),
            "data": scratch,
            "page": False,
            "threads": arguments.threads,
            "device": "cpu",
            "prefix_cache": False,
        }
        bare = Bare(Settings(**values))
        report: dict[str, Any] = {
            "benchmark": "http_overhead",
            "checkpoint": name,
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "load_average_at_start": os.getloadavg(),
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
            "new_tokens": arguments.new_tokens,
            "rounds": arguments.rounds,
            "streams": {},
        }
        with served(values) as http:
            for streams in arguments.streams:
                runs: dict[str, list[Run]] = {"engine": [], "http": []}
                sides: list[tuple[str, Bare | Http]] = [("engine", bare), ("http", http)]
                for at in range(arguments.rounds + 1):  # the first warms up
                    questions = [question(at, stream, arguments.prompt_words) for stream in range(streams)]
                    for side_name, side in sides if at % 2 else reversed(sides):
                        run = side.run(questions, arguments.new_tokens)
                        assert run.tokens == streams * arguments.new_tokens, run
                        if at:
                            runs[side_name].append(run)
                figures = {side_name: summary(of_side) for side_name, of_side in runs.items()}
                ratio = figures["http"]["tokens_per_second"] / figures["engine"]["tokens_per_second"]
                report["streams"][str(streams)] = figures | {"overhead_percent": round(100 * (1 - ratio), 1)}
    text = json.dumps(report, indent=1)
    print(text)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
