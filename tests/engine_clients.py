"""Helpers for tests of the engine's process: configurations, requests, waiting for a state."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import faulty_engine
from qwen3_vl_webui.engine.client import EngineClient
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.request import Edition, EngineRequest, MediaInput, Pixels, SamplingParams, Span, Tokens

IMAGE_PAD = 268  # token of the tiny checkpoints


def engine_config(folder: Path, **overrides: Any) -> EngineConfig:
    options: dict[str, Any] = {"max_context": 2048, "num_blocks": 1024, "vision_cache_bytes": 8 << 20, "threads": 1}
    return EngineConfig(checkpoint=str(folder), **{**options, **overrides})


def text_request(
    request_id: str, *, tokens: Sequence[int] = range(20), edition: Edition = "instruct", **sampling: Any
) -> EngineRequest:
    """A prompt without media; greedy and of fixed length unless `sampling` says otherwise."""
    options = {"temperature": 0.0, "max_tokens": 8, "ignore_eos": True, **sampling}
    return EngineRequest(
        request_id=request_id,
        edition=edition,
        token_ids=list(tokens),
        positions=np.tile(np.arange(len(tokens), dtype=np.int32), (3, 1)).tobytes(),
        position_delta=0,
        sampling=SamplingParams(**options),
    )


def picture_request(
    request_id: str, *, side: int = 64, seed: int = 0, **sampling: Any
) -> tuple[EngineRequest, dict[str, np.ndarray]]:
    """A prompt with one picture of random pixels, and its pixels."""
    merged = side // 32
    visual = merged * merged
    rows, columns = np.divmod(np.arange(visual), merged)
    text = np.tile(np.arange(4), (3, 1))
    picture = 4 + np.stack([np.zeros(visual, int), rows, columns])
    tail = 4 + merged + np.tile(np.arange(4), (3, 1))
    key = f"picture-{side}-{seed}"
    request = text_request(request_id, tokens=[*range(4), *[IMAGE_PAD] * visual, *range(4)], **sampling)
    medium = MediaInput(
        key=key,
        grid=(1, side // 16, side // 16),
        spans=(Span(4, visual),),
        pixels=Pixels(name="", shape=(1, side, side, 3)),
    )
    positions = np.concatenate([text, picture, tail], axis=1).astype(np.int32)
    pixels = np.random.default_rng(seed).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    fields = {name: getattr(request, name) for name in request.__struct_fields__}
    fields |= {"positions": positions.tobytes(), "position_delta": merged - visual, "media": (medium,)}
    return EngineRequest(**fields), {key: pixels}


def faulty(fault: str) -> list[str]:
    """The command of an engine process with a fault; see `faulty_engine`."""
    return [sys.executable, faulty_engine.__file__, fault]


async def answer(
    client: EngineClient, request: EngineRequest, pixels: dict[str, np.ndarray] | None = None
) -> list[Tokens]:
    """All token messages of a request."""
    return [m async for m in client.generate(request, pixels or {}) if isinstance(m, Tokens)]


def token_ids(messages: Sequence[Tokens]) -> list[int]:
    return [token for message in messages for token in message.token_ids]


def generated(client: EngineClient) -> int:
    """Tokens since the engine's start."""
    return sum(one.stats.generated_tokens for one in client.status().editions.values() if one.stats)


async def until(condition: Callable[[], bool], what: str = "", seconds: float = 20.0) -> float:
    """Wait for a condition; how long it took. Fails after `seconds`, which leave a busy machine time."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"{what or condition} not within {seconds} s"
        await asyncio.sleep(0.02)
    return time.monotonic() - started


async def until_ready(client: EngineClient, seconds: float = 60.0) -> float:
    return await until(lambda: client.status().state == "ready", f"ready, but {client.status()}", seconds)


def is_all_free(client: EngineClient) -> bool:
    """Nothing runs or waits and every block is free, in all editions."""
    status = client.status()
    stats = [edition.stats for edition in status.editions.values() if edition.stats is not None]
    return bool(stats) and all(s.running == 0 and s.waiting == 0 and s.blocks_free == s.blocks_total for s in stats)
