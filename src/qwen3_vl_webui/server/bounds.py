"""What a chat may ask for: the bounds that do not need the prompt, checked before any work is done."""

from __future__ import annotations

from qwen3_vl_webui.errors import InvalidRequest, words
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.messages import MediaPart, TextPart
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.grammar import check_schema
from qwen3_vl_webui.server.limits import ServerLimits


def check_bounds(request: ChatRequest, limits: ServerLimits, media_limits: MediaLimits) -> None:
    """Raises InvalidRequest that names the field and the limit."""
    _at_most("messages", len(request.messages), limits.max_messages)
    _at_most("tools", len(request.tools), limits.max_tools)
    _at_most("stop", len(request.stop), limits.max_stop)
    _at_most("logit_bias", len(request.sampling.logit_bias), limits.max_logit_bias)
    for stop in request.stop:
        if not 0 < len(stop) <= limits.max_stop_chars:
            reason = words("stop_length", limit=limits.max_stop_chars)
            raise InvalidRequest("field_invalid", field="stop", reason=reason)
    for name, value, maximum in (
        ("n", request.sampling.n, limits.max_n),
        ("max_tokens", request.max_tokens, limits.max_output_tokens),
    ):
        if value is not None and not 1 <= value <= maximum:
            raise InvalidRequest("value_out_of_range", field=name, minimum=1, maximum=maximum, value=value)
    parts = [part for message in request.messages for part in message.parts]
    media = [part for part in parts if isinstance(part, MediaPart)]
    for kind, maximum in (("image", media_limits.max_images), ("video", media_limits.max_videos)):
        count = sum(part.kind == kind for part in media)
        if count > maximum:
            raise InvalidRequest("media_count", field="messages", kind=words(kind), value=count, limit=maximum)
    characters = sum(len(part.text) for part in parts if isinstance(part, TextPart))
    if characters > limits.max_text_chars:
        raise InvalidRequest(
            "too_long", field="messages", value=characters, unit=words("characters"), limit=limits.max_text_chars
        )
    if request.json_schema is not None:
        check_schema(request.json_schema, "response_format.json_schema.schema", limits.max_schema_bytes)
    for i, tool in enumerate(request.tools):
        check_schema(tool, f"tools[{i}]", limits.max_schema_bytes)


def check_asks(request: ChatRequest) -> None:
    """Raises InvalidRequest when nothing is said or shown: a model would answer its own template."""
    for message in request.messages:
        if message.tool_calls or any(isinstance(part, MediaPart) or part.text.strip() for part in message.parts):
            return
    raise InvalidRequest("field_invalid", field="messages", reason=words("nothing_asked"))


def _at_most(field: str, value: int, limit: int) -> None:
    if value > limit:
        raise InvalidRequest("too_many", field=field, value=value, limit=limit)
