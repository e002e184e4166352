"""Between OpenAI's shapes and ours: a request body to a `ChatRequest`, fields of errors back to the caller's names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from qwen3_vl_webui.engine.request import Edition, SamplingParams
from qwen3_vl_webui.errors import InvalidRequest, WebUIError, words
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.messages import MediaBudget, MediaPart, Message, Part, Role, TextPart, ToolCall
from qwen3_vl_webui.processing.sizes import ImageRule, VideoRule, check_range
from qwen3_vl_webui.server import schemas
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.limits import ServerLimits

LOW_DETAIL_PIXELS = 512 * 512
SAMPLING = (
    "temperature",
    "top_p",
    "min_p",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "seed",
    "n",
    "min_tokens",
    "ignore_eos",
    "stop_repetition",
)


def chat_request(
    body: schemas.ChatCompletionRequest, *, edition: Edition, defaults: SamplingParams, cache_salt: str = ""
) -> ChatRequest:
    """`defaults` fill what the body leaves out. `cache_salt` is the caller's, before the body's own."""
    salts = [cache_salt, body.user or "", body.prompt_cache_key or "", body.cache_salt or ""]
    return ChatRequest(
        messages=messages_of(body.messages, defaults=body),
        edition=edition,
        sampling=sampling_of(body, defaults),
        max_tokens=body.max_completion_tokens or body.max_tokens,
        stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        tools=tools_of(body.tools),
        tool_choice=_tool_choice(body.tool_choice),
        parallel_tool_calls=body.parallel_tool_calls is not False,
        json_schema=_json_schema(body.response_format),
        add_vision_id=bool(body.add_vision_id),
        cache_salt="\0".join(salts) if any(salts) else "",
    )


def check_caps(body: schemas.ChatCompletionRequest, limits: ServerLimits) -> None:
    """Hold the numbers whose caps are the server's to them, each by the name that was given."""
    for name, maximum in (
        ("n", limits.max_n),
        ("max_tokens", limits.max_output_tokens),
        ("max_completion_tokens", limits.max_output_tokens),
    ):
        if (value := getattr(body, name)) is not None:
            check_range(name, value, (1, maximum))


def check_budgets(body: schemas.ChatCompletionRequest, image: ImageRule, video: VideoRule, limits: MediaLimits) -> None:
    """Hold the request's own budgets to what the media that take them may have; where there is none, to what any kind
    may have. What a part says itself is checked with the medium.
    """
    own = MediaBudget(min_pixels=body.min_pixels, max_pixels=body.max_pixels, fps=body.fps, max_frames=body.max_frames)
    ranges = {schemas.ImageContent: image.ranges(own, limits), schemas.VideoContent: video.ranges(own, limits)}
    contents = [message.content for message in body.messages]
    media = [part for content in contents if isinstance(content, list) for part in content if type(part) in ranges]
    for name in ("max_pixels", "min_pixels", "fps", "max_frames"):
        if (value := getattr(own, name)) is None:
            continue
        taking = {type(part) for part in media if name in ranges[type(part)] and getattr(part, name) is None}
        allowed = [found[name] for kind, found in ranges.items() if name in found and (kind in taking or not taking)]
        lows, highs = zip(*allowed, strict=True)
        check_range(name, value, (max(lows), min(highs)) if taking else (min(lows), max(highs)))


def sampling_of(body: schemas.ChatCompletionRequest, defaults: SamplingParams) -> SamplingParams:
    given: dict[str, Any] = {name: value for name in SAMPLING if (value := getattr(body, name)) is not None}
    if body.top_k is not None:
        given["top_k"] = max(0, body.top_k)
    if body.logit_bias:
        given["logit_bias"] = {int(token): bias for token, bias in body.logit_bias.items()}
    if body.stop_token_ids:
        given["stop_token_ids"] = tuple(body.stop_token_ids)
    if body.logprobs:
        given["logprobs"] = body.top_logprobs or 0
    return msgspec.structs.replace(defaults, **given)


def tools_of(tools: list[schemas.Tool] | None) -> tuple[dict[str, Any], ...]:
    """Functions as the template prints them; a function without parameters takes an empty object."""
    declared = []
    for tool in tools or ():
        function = tool.function.model_dump(exclude_none=True)
        function.setdefault("parameters", {"type": "object", "properties": {}})
        declared.append({"type": "function", "function": function})
    return tuple(declared)


def messages_of(messages: list[Any], *, defaults: schemas.ChatCompletionRequest | None = None) -> tuple[Message, ...]:
    """`defaults` holds the request's own pixel and frame budgets. Index i of the result is index i of the body, and so
    with parts, but for one that says a name.
    """
    calls: dict[str, str] = {}  # names of the functions by the ids of the calls
    spoken = {(_role(message), message.name) for message in messages if message.role != "tool"}
    several = {role for role, count in Counter(role for role, _ in spoken).items() if count > 1}
    converted = []
    for i, message in enumerate(messages):
        role = _role(message)
        if isinstance(message, schemas.AssistantMessage):
            calls |= {call.id: call.function.name for call in message.tool_calls or ()}
            parts = _parts(message.content, None)
            converted.append(
                Message(
                    role=role,
                    parts=_named(parts, message.name) if role in several else parts,
                    reasoning=message.reasoning_content,
                    tool_calls=tuple(
                        ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
                        for call in message.tool_calls or ()
                    ),
                )
            )
            continue
        parts = _parts(message.content, defaults)
        if isinstance(message, schemas.ToolMessage):
            _check_answers_a_call(message, f"messages[{i}]", calls)
            converted.append(Message(role=role, parts=parts, tool_call_id=message.tool_call_id))
        else:
            converted.append(Message(role=role, parts=_named(parts, message.name) if role in several else parts))
    return tuple(converted)


def _role(message: Any) -> Role:
    role: Role = "system" if message.role == "developer" else message.role
    return role


def _named(parts: tuple[Part, ...], name: str | None) -> tuple[Part, ...]:
    """The parts with who speaks before the first text."""
    if name is None or not parts:
        return parts
    at = next((i for i, part in enumerate(parts) if isinstance(part, TextPart)), len(parts))
    first = parts[at] if at < len(parts) else TextPart("")
    assert isinstance(first, TextPart)
    return (*parts[:at], TextPart(f"{name}: {first.text}"), *parts[at + 1 :])


def _check_answers_a_call(message: schemas.ToolMessage, field: str, calls: Mapping[str, str]) -> None:
    called = calls.get(message.tool_call_id)
    if called is None:
        reason = words("no_tool_call", id=repr(message.tool_call_id))
        raise InvalidRequest("field_invalid", field=f"{field}.tool_call_id", reason=reason)
    if message.name is not None and message.name != called:
        reason = words("called", id=repr(message.tool_call_id), name=called)
        raise InvalidRequest("field_invalid", field=f"{field}.name", reason=reason)


def _parts(content: Any, defaults: schemas.ChatCompletionRequest | None) -> tuple[Part, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (TextPart(content),)
    return tuple(_part(part, defaults) for part in content)


def _part(part: Any, defaults: schemas.ChatCompletionRequest | None) -> Part:
    if isinstance(part, schemas.TextContent):
        return TextPart(part.text)
    min_pixels, max_pixels = part.min_pixels, part.max_pixels
    if defaults is not None:
        min_pixels = defaults.min_pixels if min_pixels is None else min_pixels
        max_pixels = defaults.max_pixels if max_pixels is None else max_pixels
    if isinstance(part, schemas.ImageContent):
        if part.image_url.detail == "low":
            max_pixels = min(max_pixels or LOW_DETAIL_PIXELS, LOW_DETAIL_PIXELS)
        budget = MediaBudget(min_pixels=min_pixels, max_pixels=max_pixels)
        return MediaPart(kind="image", source=part.image_url.url, budget=budget)
    fps, max_frames = part.fps, part.max_frames
    if defaults is not None:
        fps = defaults.fps if fps is None else fps
        max_frames = defaults.max_frames if max_frames is None else max_frames
    budget = MediaBudget(
        min_pixels=min_pixels, max_pixels=max_pixels, fps=fps, max_frames=max_frames, start=part.start, end=part.end
    )
    return MediaPart(kind="video", source=part.video_url.url, budget=budget)


def _tool_choice(choice: Any) -> str:
    if isinstance(choice, schemas.NamedToolChoice):
        return choice.function.name
    return choice or "auto"


def _json_schema(wanted: Any) -> dict[str, Any] | None:
    if isinstance(wanted, schemas.JsonSchemaFormat):
        return wanted.json_schema.schema_
    return {} if isinstance(wanted, schemas.JsonObjectFormat) else None


def in_callers_words(error: WebUIError) -> WebUIError:
    """The same error with OpenAI's name of the field: `parts` is ours, `content` is theirs."""
    if error.field is not None and ".parts[" in error.field:
        error.field = error.field.replace(".parts[", ".content[")
    return error
