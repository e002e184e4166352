"""A real server on a real socket with the real engine, for tests of what is spoken over HTTP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import uvicorn
from fastapi import FastAPI

from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.server.app import create_app
from qwen3_vl_webui.server.service import ChatService


@dataclass(frozen=True)
class Live:
    """A server that runs in a thread of this process; its engine is a process of its own."""

    url: str
    app: FastAPI
    service: ChatService
    settings: Settings

    @property
    def failed(self) -> bool:
        status = self.service.engine_status()
        return self.service.failure is not None or (status is not None and status.state == "failed")

    def openai(self, **more: Any) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=more.pop("api_key", "none"), max_retries=0, **more)

    def http(self, **more: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, **more)

    def free_blocks(self) -> dict[str, tuple[int, int]]:
        """Free and all blocks by edition."""
        status = self.service.engine_status()
        assert status is not None
        return {
            edition: (one.stats.blocks_free, one.stats.blocks_total)
            for edition, one in status.editions.items()
            if one.stats is not None
        }

    def wait_until(self, condition: Callable[[], bool], seconds: float = 10) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(0.02)
        return condition()


@contextmanager
def running(settings: Settings, *, ready: bool = True) -> Iterator[Live]:
    app = create_app(settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", ws="none", timeout_graceful_shutdown=5)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    live = Live(url=f"http://127.0.0.1:{port}", app=app, service=app.state.service, settings=settings)
    try:
        assert live.wait_until(lambda: server.started, 20)
        if ready:
            assert live.wait_until(lambda: live.service.ready or live.failed, 60), live.service.engine_status()
            assert not live.failed, (live.service.failure, live.service.engine_status())
        yield live
    finally:
        server.should_exit = True
        thread.join(60)
