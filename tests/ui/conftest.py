"""A real server in a process of its own, on tiny checkpoints with random weights, and a real headless Chromium."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from qwen3_vl_webui.history.store import HistoryStore

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
SERVE = """
import json, sys, time, msgspec, uvicorn
from pathlib import Path
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.engine.client import EngineClient
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.server.app import create_app
values = json.loads(sys.argv[1])
generate = EngineClient.generate
def noting(self, request, *rest):  # what goes to the engine, for the tests to read
    sent = {"edition": request.edition, "prompt_tokens": len(request.token_ids)}
    sent["sampling"] = msgspec.to_builtins(request.sampling)
    Path(values["data"], "sent.json").write_text(json.dumps(sent))
    return generate(self, request, *rest)
EngineClient.generate = noting
list_conversations = HistoryStore.list_conversations
def listing(self, search="", *rest):  # a test may make the whole list slow
    if not search and Path(values["data"], "slow-list").exists():
        time.sleep(1)
    return list_conversations(self, search, *rest)
HistoryStore.list_conversations = listing
if __name__ == "__main__":
    settings = Settings(**values)
    app = create_app(settings)
    uvicorn.run(app, host="127.0.0.1", port=settings.port, log_level="warning", timeout_graceful_shutdown=3)
"""


class Server:
    """The program as a user starts it: it can be killed and started again on the same data."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.data = folder / "data"
        self._script = folder / "serve.py"
        self._script.write_text(SERVE)
        self._settings = {"port": port, "data": str(self.data), "drain_seconds": 1.0, **settings}
        self._log = folder / "log.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "HTTP_PROXY": "", "HTTPS_PROXY": ""}
        environment.pop("GRADIO_TEMP_DIR", None)  # of a page that this process has mounted
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(self._script), json.dumps(self._settings)], stdout=log, stderr=log, env=environment
            )
        try:
            self.wait_until(self._is_ready, 60)
        except BaseException:
            self.kill()
            raise

    def _is_ready(self) -> bool:
        try:
            page = httpx.get(f"{self.url}/ui/status", timeout=5)
            return page.status_code == 200 and page.json()["settled"]
        except httpx.HTTPError:
            return False

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_until(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.log[-4000:]
            time.sleep(0.05)

    def sent(self) -> dict[str, Any]:
        """The last request that went to the engine: `edition`, `prompt_tokens`, `sampling`."""
        sent: dict[str, Any] = json.loads((self.data / "sent.json").read_text())
        return sent

    def history(self) -> HistoryStore:
        """The same store, opened from here."""
        return HistoryStore(self.data)


def never_ending(checkpoint: Path, folder: Path) -> Path:
    """A copy of a random checkpoint that ends neither its answer nor its reasoning by chance: for tests that stop it.

    The rows of the ending tokens become zero: a logit of 0 is never among the 20 best of 512 random ones.
    """
    shutil.copytree(checkpoint, folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tensors = load_file(folder / "model.safetensors")
    for token in ("<|im_end|>", "<|endoftext|>", "</think>"):
        tensors["model.language_model.embed_tokens.weight"][tokenizer.token_to_id(token)] = 0
    save_file(tensors, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="session")
def make_server(
    tiny_checkpoint: Path, tiny_thinking_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Server]:
    checkpoints = tmp_path_factory.mktemp("never-ending")
    instruct = never_ending(tiny_checkpoint, checkpoints / tiny_checkpoint.name)
    thinking = never_ending(tiny_thinking_checkpoint, checkpoints / tiny_thinking_checkpoint.name)

    def make(folder: Path, **settings: Any) -> Server:
        small: dict[str, Any] = {
            "instruct": str(instruct), "thinking": str(thinking), "device": "cpu",
            "dtype": "float32", "threads": 1, "max_context": 4096, "kv_cache_gb": 0.05, "vision_cache_mb": 16,
        }  # fmt: skip
        return Server(folder, **{**small, **settings})

    return make


@pytest.fixture(scope="session")
def server(make_server: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the tests of this folder share."""
    server = make_server(tmp_path_factory.mktemp("page"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = str(SYSTEM_CHROMIUM) if SYSTEM_CHROMIUM.exists() else None
        if path is None and not Path(playwright.chromium.executable_path).exists():
            message = "no Chromium: install it, or run `playwright install chromium`"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Opens the page in a browser of its own (no storage shared) and fails on any script error or foreign request."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_it(
        path: str = "/", *, locale: str = "en-US", width: int = 1280, height: int = 800, dark: bool = False,
        url: str = server.url,
    ) -> Page:  # fmt: skip
        context = chromium.new_context(
            locale=locale,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(f"script error: {error}"))

        def check_host(request: Any) -> None:
            if not request.url.startswith((url, "data:", "blob:")):
                errors.append(f"foreign request: {request.url}")

        page.on("request", check_host)
        page.goto(url + path)
        page.wait_for_selector("html.ready")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert not errors
