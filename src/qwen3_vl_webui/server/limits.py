"""The caps of the HTTP edge, frozen at start. Media caps (pixels, frames, seconds, bytes) are `processing`'s MediaLimits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ServerLimits:
    """Everything a request may not exceed before it reaches `processing` and the engine."""

    max_body_bytes: int = 320 << 20  # of a request, counted while it arrives; a 200 MB video as base64 fits
    max_json_depth: int = 64
    max_messages: int = 1024
    max_media: int = 64  # pictures and videos of one request
    max_text_chars: int = 4_000_000  # all text of one request
    max_tools: int = 128
    max_schema_bytes: int = 65_536  # of one JSON schema, serialised
    max_stop: int = 16
    max_stop_chars: int = 512
    max_n: int = 16
    max_top_logprobs: int = 20
    max_logit_bias: int = 1024
    max_output_tokens: int | None = None  # of one answer; None: what the context leaves
    max_preparing: int = 2  # requests whose media and prompt are worked on at once, in threads
    max_waiting: int = 256  # requests waiting for that; one more is refused with 429
    grammar_seconds: float = 5.0  # to compile a JSON schema
