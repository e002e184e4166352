"""A chat to be run: what the HTTP routes, the page and the command line all ask the service for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from qwen3_vl_webui.engine.request import Edition, SamplingParams
from qwen3_vl_webui.processing.messages import Message


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """A validated request, the same for every caller.

    The `source` of a `MediaPart` is a `processing.source.Source`, or a string (http(s) URL, data URI, bare base64, or a
    path inside an allowed folder) that the service fetches within the limits.
    """

    messages: tuple[Message, ...]
    edition: Edition = "instruct"
    sampling: SamplingParams = field(default_factory=SamplingParams)  # start from `ChatService.sampling(edition)`
    max_tokens: int | None = (
        None  # at most; None: what the context and the server's cap leave. `sampling`'s is not read
    )
    stop: tuple[str, ...] = ()
    tools: tuple[dict[str, Any], ...] = ()  # OpenAI's function tools
    tool_choice: Literal["auto", "none", "required"] | str = "auto"  # or a function's name
    parallel_tool_calls: bool = True
    json_schema: dict[str, Any] | None = None  # the answer must match it; {} is any JSON object
    add_vision_id: bool = False  # write "Picture 1: " before each picture
    cache_salt: str = ""
