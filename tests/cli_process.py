"""The program as a person runs it, in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

SMALL = ("--max-context", "2048", "--kv-cache-gb", "0.02", "--threads", "1")


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("QWEN3VL_")}
    folders = {"XDG_DATA_HOME": str(tmp_path / "data-home"), "XDG_CONFIG_HOME": str(tmp_path / "config-home")}
    return kept | folders | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "COLUMNS": "200"} | more


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "qwen3_vl_webui", *map(str, words)]


@dataclass(frozen=True)
class Serving:
    """A `serve` that is ready."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, trust_env=False, timeout=60)

    def end(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@contextmanager
def serving(tmp_path: Path, *words: str | Path) -> Iterator[Serving]:
    """`serve` with these options, on a free port, with its data below `tmp_path`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            command("serve", "--port", str(port), "--data", tmp_path / "data", *SMALL, *words),
            stdout=stream,
            stderr=stream,
            env=environment(tmp_path),
        )
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text()
            if "Ready after" in log.read_text():
                break
            time.sleep(0.1)
        yield Serving(f"http://127.0.0.1:{port}", process, log)
    finally:
        process.kill()
        process.wait()
