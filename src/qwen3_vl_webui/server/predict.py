"""`POST /api/predict`: one prompt, at most one picture or video, one answer, in the shape of classic Gradio apps."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from qwen3_vl_webui.errors import InvalidRequest, NotFound, WebUIError, words
from qwen3_vl_webui.processing.messages import MediaPart, Message, Part, TextPart
from qwen3_vl_webui.server.body import JsonRoute
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.events import Done, ReasoningDelta, SeenMedia, Started, TextDelta
from qwen3_vl_webui.server.openai import salt_of, usage_of
from qwen3_vl_webui.server.schemas import PredictRequest
from qwen3_vl_webui.server.service import ChatService
from qwen3_vl_webui.server.sse import until_disconnect

DATA = ("prompt", "image", "mode", "temperature", "top_p", "max_tokens")


def predict_router(service: ChatService) -> APIRouter:
    router = APIRouter(route_class=JsonRoute)

    @router.post("/api/predict", tags=["predict"], summary="Ask about one picture or video")
    async def predict(body: PredictRequest, request: Request) -> Response:
        """`data` is [prompt, image, mode, temperature, top_p, max_tokens]; what is left out or null takes its default.

        `image` is a data URI, bare base64, a URL or an allowed path, of a picture or a video; `mode` is `instruct` or
        `thinking`.
        """
        started = time.perf_counter()
        await service.planned()
        chat = _chat_request(service, body.data, salt_of(service, request))
        answer = await until_disconnect(_answer(service, chat), request.receive)
        return JSONResponse({**answer, "duration": round(time.perf_counter() - started, 3)})

    return router


def _chat_request(service: ChatService, data: list[Any], cache_salt: str) -> ChatRequest:
    padded: list[Any] = data + [None] * (len(DATA) - len(data))
    prompt, image, mode, temperature, top_p, max_tokens = padded
    if not isinstance(prompt, str):
        raise _named(InvalidRequest("field_invalid", reason=words("string_type")), "prompt")
    if not (image is None or isinstance(image, str)):
        raise _named(InvalidRequest("field_invalid", reason=words("string_or_null")), "image")
    if not (mode is None or mode in ("instruct", "thinking")):
        raise _named(InvalidRequest("field_invalid", reason=words("data_mode")), "mode")
    try:
        edition = service.find_edition(mode or "instruct")
    except NotFound as error:  # only the other one is served
        raise _named(error, "mode") from None
    given: dict[str, Any] = {}
    if temperature is not None:
        given["temperature"] = _number(temperature, "temperature", 0, 2)
    if top_p is not None:
        given["top_p"] = _number(top_p, "top_p", 0, 1)
        if given["top_p"] == 0:
            given["top_p"], given["temperature"] = 1.0, 0.0  # the most likely token alone
    if max_tokens is not None:
        limit = service.limits.max_output_tokens
        if _number(max_tokens, "max_tokens", 1, limit) != int(max_tokens):
            raise _named(InvalidRequest("field_invalid", reason=words("whole_number")), "max_tokens")
        max_tokens = int(max_tokens)
    parts: list[Part] = []
    if image is not None:
        parts.append(MediaPart(kind="any", source=image))
    parts.append(TextPart(prompt))
    return ChatRequest(
        messages=(Message(role="user", parts=tuple(parts)),),
        edition=edition,
        sampling=msgspec.structs.replace(service.sampling(edition), **given),
        max_tokens=max_tokens,
        cache_salt=cache_salt,
    )


def _number(value: Any, name: str, minimum: float, maximum: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _named(InvalidRequest("field_invalid", reason=words("number")), name)
    if not minimum <= value <= maximum:
        raise _named(InvalidRequest("value_out_of_range", minimum=minimum, maximum=maximum, value=value), name)
    return float(value)


def _named(error: WebUIError, name: str) -> WebUIError:
    """The error about one of `DATA`: by its place for programs, by its name too for people."""
    error.field = f"data[{DATA.index(name)}]"
    error.named = f"{name} ({error.field})"
    return error


async def _answer(service: ChatService, chat: ChatRequest) -> dict[str, Any]:
    text: list[str] = []
    reasoning: list[str] = []
    seen: tuple[SeenMedia, ...] = ()
    usage: dict[str, Any] = {}
    try:
        async with contextlib.aclosing(service.stream(chat)) as events:
            async for event in events:
                match event:
                    case Started():
                        seen = event.seen
                    case TextDelta():
                        text.append(event.text)
                    case ReasoningDelta():
                        reasoning.append(event.text)
                    case Done():
                        usage = usage_of(event, seen)
    except WebUIError as error:
        if error.field is not None and error.field.startswith("messages"):  # of its parts only the image is named
            _named(error, "image" if "[" in error.field else "prompt")
        raise
    thought = "".join(reasoning) if reasoning or chat.edition == "thinking" else None
    return {"data": ["".join(text)], "reasoning": thought, "usage": usage}
