"""What is prepared at once and what in threads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.messages import Message, TextPart, ToolCall
from qwen3_vl_webui.processing.processor import Processor
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.limits import ServerLimits
from qwen3_vl_webui.server.preparation import SHORT_CHARS, SHORT_MESSAGES, Preparation

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


def said(text: str, **more: Any) -> Message:
    return Message(role="user", parts=(TextPart(text),), **more)


@pytest.mark.parametrize(
    ("request_", "hops"),
    [
        (ChatRequest(messages=(said("hello"),)), 0),
        (ChatRequest(messages=(said("x" * SHORT_CHARS),)), 0),
        (ChatRequest(messages=(said("x" * (SHORT_CHARS // 2 + 1)),) * 2), 1),
        (ChatRequest(messages=(said("hello"),) * (SHORT_MESSAGES + 1)), 1),
        (ChatRequest(messages=(said("x"), said("x", reasoning="y" * SHORT_CHARS))), 1),
        (ChatRequest(messages=(said("x"), said("x", tool_calls=(ToolCall(id="1", name="look", arguments="{}"),)))), 1),
        (ChatRequest(messages=(said("hello"),), tools=(TOOL,)), 2),
        (ChatRequest(messages=(said("hello"),), json_schema={}), 2),
    ],
)
async def test_short_texts_need_no_thread(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, request_: ChatRequest, hops: int
) -> None:
    limits = MediaLimits()
    processor = Processor.load(tiny_checkpoint, limits)
    preparation = Preparation(ServerLimits(), limits)
    seen = []
    in_thread = preparation.in_thread

    async def counted(work: Callable[[], Any]) -> Any:
        seen.append(work)
        return await in_thread(work)

    monkeypatch.setattr(preparation, "in_thread", counted)
    prompt, request = await preparation.engine_request(request_, processor, 100_000)
    await preparation.close()
    assert len(seen) == hops
    assert request.token_ids == prompt.token_ids
    assert (request.sampling.grammar is not None) == (request_.json_schema is not None)
