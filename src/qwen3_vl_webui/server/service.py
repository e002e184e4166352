"""The chat service: one request from messages to events, over `processing` and `engine.client`.

The OpenAI routes, `/api/predict`, the page and the command line are all callers of `ChatService.stream`. `open_service`
builds one from the configuration and stops its engine on the way out.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Literal

from qwen3_vl_webui.engine.request import Edition, SamplingParams
from qwen3_vl_webui.processing.messages import Message
from qwen3_vl_webui.server.events import ChatEvent


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """A validated request, the same for every caller.

    The `source` of a `MediaPart` is a `processing.media.Source`, or a string (http(s) URL, data URI, bare base64, or a path
    inside an allowed folder) that the service fetches within the limits.
    """

    messages: tuple[Message, ...]
    edition: Edition = "instruct"
    sampling: SamplingParams = field(default_factory=SamplingParams)  # start from `ChatService.sampling(edition)`
    max_tokens: int | None = None  # None: what the context leaves; overrides `sampling.max_tokens`
    stop: tuple[str, ...] = ()
    tools: tuple[dict[str, Any], ...] = ()  # OpenAI's function tools
    tool_choice: Literal["auto", "none", "required"] | str = "auto"  # or a function's name
    parallel_tool_calls: bool = True
    json_schema: dict[str, Any] | None = None  # the answer must match it; {} is any JSON object
    add_vision_id: bool = False  # write "Picture 1: " before each picture
    cache_salt: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """One edition as it is served."""

    edition: Edition
    name: str  # full name, e.g. Qwen3-VL-4B-Instruct
    demo: bool  # the small bundled checkpoint
    max_context: int  # tokens, prompt and answer together
    state: Literal["loading", "ready", "on_demand", "restarting", "stopping"]
    fraction: float | None  # done, while loading
    sampling: SamplingParams  # the defaults of a request


class ChatService:
    """Runs chats. `stream` raises `errors.WebUIError` before or between events; closing the generator cancels the request."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        raise NotImplementedError

    def models(self) -> tuple[ModelInfo, ...]:
        """The served editions, instruct first."""
        raise NotImplementedError

    def sampling(self, edition: Edition) -> SamplingParams:
        """The checkpoint's own defaults (generation_config.json), else the authors' values for the edition."""
        raise NotImplementedError

    @property
    def ready(self) -> bool:
        """A request sent now would be answered without waiting for a start or a restart."""
        raise NotImplementedError

    def count_tokens(self, text: str, edition: Edition = "instruct") -> int:
        """Tokens of a plain text, for counters; blocking but quick."""
        raise NotImplementedError
