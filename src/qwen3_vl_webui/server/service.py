"""The chat service: one request from messages to events, over `processing` and `engine.client`.

The OpenAI routes, `/api/predict`, the page and the command line are all callers of `ChatService.stream`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

from qwen3_vl_webui.engine.request import Edition, SamplingParams
from qwen3_vl_webui.processing.messages import Message
from qwen3_vl_webui.server.events import ChatEvent


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """A validated request, the same for every caller."""

    messages: tuple[Message, ...]
    edition: Edition = "instruct"
    sampling: SamplingParams = field(default_factory=SamplingParams)
    stop: tuple[str, ...] = ()
    tools: tuple[dict[str, Any], ...] = ()  # OpenAI's function tools
    tool_choice: Literal["auto", "none", "required"] | str = "auto"  # or a function's name
    json_schema: dict[str, Any] | None = None  # the answer must match it; {} is any JSON object
    cache_salt: str = ""


class ChatService:
    """Runs chats. `stream` raises `errors.WebUIError` before or between events; leaving the iterator cancels the request."""

    def stream(self, request: ChatRequest) -> AsyncIterator[ChatEvent]:
        raise NotImplementedError
