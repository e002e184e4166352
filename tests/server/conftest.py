"""A real server on tiny checkpoints with random weights, shared by the tests of this folder."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from live_server import Live, running
from qwen3_vl_webui.config import Settings

CONTEXT = 2048


@pytest.fixture(scope="session")
def make_settings(
    tiny_checkpoint: Path, tiny_thinking_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Settings]:
    """Settings of a small server over the tiny pair; arguments override."""

    def make(**overrides: Any) -> Settings:
        values: dict[str, Any] = {
            "instruct": str(tiny_checkpoint),
            "thinking": str(tiny_thinking_checkpoint),
            "device": "cpu",
            "dtype": "float32",
            "data": tmp_path_factory.mktemp("data"),
            "page": False,
            "threads": 1,
            "max_context": CONTEXT,
            "kv_cache_gb": 0.05,
            "vision_cache_mb": 16,
            "drain_seconds": 2.0,
        }
        return Settings(**{**values, **overrides})

    return make


@pytest.fixture(scope="session")
def live(make_settings: Callable[..., Settings]) -> Iterator[Live]:
    """The server that most tests share."""
    with running(make_settings()) as server:
        yield server


@pytest.fixture(scope="session")
def client(live: Live) -> Iterator[openai.OpenAI]:
    with live.openai() as client:
        yield client


@pytest.fixture(scope="session")
def http(live: Live) -> Iterator[httpx.Client]:
    with live.http() as client:
        yield client


@pytest.fixture(scope="session")
def clip() -> bytes:
    """A video of two seconds, drawn here."""
    import av
    import numpy as np

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for i in range(16):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), i * 15, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()
