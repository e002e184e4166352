"""`/v1/chat/completions`, `/v1/models` and `/tokenize`: the shapes that the stock `openai` client reads."""

from __future__ import annotations

import contextlib
import hashlib
import time
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from qwen3_vl_webui import __version__
from qwen3_vl_webui.engine.request import TokenLogprob
from qwen3_vl_webui.errors import Language, NotFound, WebUIError
from qwen3_vl_webui.processing.tokenizer import Tokenizer
from qwen3_vl_webui.server.body import JsonRoute
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.convert import (
    chat_request,
    check_budgets,
    check_caps,
    in_callers_words,
    messages_of,
    tools_of,
)
from qwen3_vl_webui.server.errors import as_error, error_body, wanted_language
from qwen3_vl_webui.server.events import (
    ChatEvent,
    Done,
    Finished,
    ReasoningDelta,
    SeenMedia,
    Started,
    TextDelta,
    ToolCallDelta,
    Waiting,
)
from qwen3_vl_webui.server.schemas import ChatCompletionRequest, TokenizeRequest
from qwen3_vl_webui.server.service import ChatService
from qwen3_vl_webui.server.sse import EventStream, HeadStart, head_start, until_disconnect

FINGERPRINT = f"qwen3-vl-webui-{__version__}"


@dataclass(kw_only=True)
class Head:
    """What every chunk of one answer repeats."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def body(self, kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
            **more,
        }


def openai_router(service: ChatService) -> APIRouter:
    router = APIRouter(route_class=JsonRoute)

    @router.post("/v1/chat/completions", tags=["OpenAI"], summary="Answer a conversation")
    async def chat_completions(body: ChatCompletionRequest, request: Request) -> Response:
        """Answers a conversation of texts, pictures and videos; streams when `stream` is true."""
        await service.planned()
        edition = service.find_edition(body.model)
        check_caps(body, service.limits)
        processor = await service.processor(edition)
        check_budgets(body, processor.image_rule, processor.video_rule, service.media_limits)
        chat = chat_request(
            body, edition=edition, defaults=service.sampling(edition), cache_salt=salt_of(service, request)
        )
        head = Head(model=next((one.name for one in service.models() if one.edition == edition), edition))
        tokenizer = processor.tokenizer
        if not body.stream:
            answer = await until_disconnect(_complete(service, chat, head, tokenizer), request.receive)
            return JSONResponse(answer)
        include_usage = body.stream_options is not None and body.stream_options.include_usage
        try:
            source = await until_disconnect(head_start(service.stream(chat), _shows), request.receive)
        except WebUIError as error:
            raise in_callers_words(error) from error
        language = wanted_language(request.headers)
        return EventStream(_chunks(source, head, tokenizer, language, include_usage=include_usage), source)

    @router.get("/v1/models", tags=["OpenAI"], summary="The served models")
    async def models() -> Response:
        return JSONResponse({"object": "list", "data": _models(service)})

    @router.get("/v1/models/{model:path}", tags=["OpenAI"], summary="One model")
    async def model(model: str) -> Response:
        for one in _models(service):
            if one["id"] == model:
                return JSONResponse(one)
        raise NotFound(
            "model_unknown", field="model", value=model[:200], known=", ".join(m["id"] for m in _models(service))
        )

    @router.post("/tokenize", tags=["OpenAI"], summary="The tokens of a text or a conversation")
    async def tokenize(body: TokenizeRequest) -> Response:
        await service.planned()
        edition = service.find_edition(body.model)
        processor = await service.processor(edition)
        if body.messages is not None:
            chat = ChatRequest(messages=messages_of(body.messages), edition=edition, tools=tools_of(body.tools))
            try:
                ids = (await service.prepare(chat)).token_ids
            except WebUIError as error:
                raise in_callers_words(error) from error
        else:
            ids = await service.preparation.in_thread(
                lambda: processor.tokenizer.encode(body.prompt or "", literal=True)
            )
        context = next(one.max_context for one in service.models() if one.edition == edition)
        return JSONResponse({"count": len(ids), "max_model_len": context, "tokens": ids})

    return router


def salt_of(service: ChatService, request: Request) -> str:
    """With `cache_salt_per_key`, callers with different keys share no cached prompts."""
    key = request.scope.get("state", {}).get("api_key")
    if not key or not service.settings.cache_salt_per_key:
        return ""
    return hashlib.sha256(str(key).encode()).hexdigest()[:32]


def _models(service: ChatService) -> list[dict[str, Any]]:
    listed = []
    for one in service.models():
        for name in (one.name, one.edition):
            listed.append(
                {
                    "id": name,
                    "object": "model",
                    "created": service.created,
                    "owned_by": "qwen3-vl-webui" if one.demo else "Qwen",
                    "edition": one.edition,
                    "demo": one.demo,
                    "max_model_len": one.max_context,
                    "state": one.state,
                }
            )
    return listed


def _shows(event: ChatEvent) -> bool:
    """Whether the stream may begin: until something is shown, an error has its own HTTP status."""
    return not isinstance(event, Started) and not (isinstance(event, Waiting) and event.fraction is None)


async def _chunks(
    events: HeadStart[ChatEvent], head: Head, tokenizer: Tokenizer, language: Language, *, include_usage: bool
) -> AsyncGenerator[bytes, None]:
    """Server-sent events in OpenAI's shape."""
    more: dict[str, Any] = {"usage": None} if include_usage else {}
    seen: tuple[SeenMedia, ...] = ()
    roles: set[int] = set()

    def chunk(index: int, delta: dict[str, Any], reason: str | None = None, logprobs: Any = None) -> bytes:
        if index not in roles:
            roles.add(index)
            delta = {"role": "assistant", **delta}
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        return _sse(head.body("chat.completion.chunk", [choice], **more))

    try:
        async for event in events:
            match event:
                case Started():
                    seen = event.seen
                case ReasoningDelta():
                    yield chunk(event.index, {"reasoning_content": event.text})
                case TextDelta():
                    logprobs = event.logprobs
                    shown = None if logprobs is None else {"content": _logprobs(logprobs, tokenizer)}
                    yield chunk(event.index, {"content": event.text}, logprobs=shown)
                case ToolCallDelta():
                    call = {"index": event.position, **_tool_call(event)}
                    yield chunk(event.index, {"tool_calls": [call]})
                case Finished():
                    yield chunk(event.index, {}, event.reason)
                case Done():
                    if include_usage:
                        yield _sse(head.body("chat.completion.chunk", [], usage=usage_of(event, seen)))
                case Waiting():
                    yield _comment(event)
    except Exception as exception:
        error = in_callers_words(as_error(exception, "POST", "/v1/chat/completions"))
        yield _sse(error_body(error, language))
    yield b"data: [DONE]\n\n"


async def _complete(service: ChatService, chat: ChatRequest, head: Head, tokenizer: Tokenizer) -> dict[str, Any]:
    """The whole answer."""
    samples = [Sample() for _ in range(chat.sampling.n)]
    seen: tuple[SeenMedia, ...] = ()
    usage: dict[str, Any] = {}
    try:
        async with contextlib.aclosing(service.stream(chat)) as events:
            async for event in events:
                if isinstance(event, Started):
                    seen = event.seen
                elif isinstance(event, Done):
                    usage = usage_of(event, seen)
                elif not isinstance(event, Waiting):
                    samples[event.index].take(event)
    except WebUIError as error:
        raise in_callers_words(error) from error
    choices = [sample.choice(index, tokenizer) for index, sample in enumerate(samples)]
    return head.body("chat.completion", choices, usage=usage)


@dataclass
class Sample:
    """One answer as it grows."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[ToolCallDelta] = field(default_factory=list)
    logprobs: list[TokenLogprob] | None = None
    reason: str = "stop"

    def take(self, event: ReasoningDelta | TextDelta | ToolCallDelta | Finished) -> None:
        match event:
            case ReasoningDelta():
                self.reasoning.append(event.text)
            case TextDelta():
                self.text.append(event.text)
                if event.logprobs is not None:
                    self.logprobs = [*(self.logprobs or ()), *event.logprobs]
            case ToolCallDelta():
                self.calls.append(event)
            case Finished():
                self.reason = event.reason

    def choice(self, index: int, tokenizer: Tokenizer) -> dict[str, Any]:
        text = "".join(self.text)
        message: dict[str, Any] = {
            "role": "assistant",
            "content": text if text or not self.calls else None,
            "refusal": None,
        }
        if self.reasoning:
            message["reasoning_content"] = "".join(self.reasoning)
        if self.calls:
            message["tool_calls"] = [_tool_call(call) for call in self.calls]
        logprobs = None if self.logprobs is None else {"content": _logprobs(self.logprobs, tokenizer), "refusal": None}
        return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": self.reason}


def usage_of(done: Done, seen: tuple[SeenMedia, ...]) -> dict[str, Any]:
    """OpenAI's usage, with visual tokens by kind beside the cached ones."""
    usage = done.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "image_tokens": sum(one.visual_tokens for one in seen if one.kind == "image"),
            "video_tokens": sum(one.visual_tokens for one in seen if one.kind == "video"),
        },
        "completion_tokens_details": {"reasoning_tokens": done.reasoning_tokens},
    }


def _tool_call(event: ToolCallDelta) -> dict[str, Any]:
    return {"id": event.id, "type": "function", "function": {"name": event.name, "arguments": event.arguments}}


def _logprobs(logprobs: Any, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    def one(token_id: int, logprob: float) -> dict[str, Any]:
        raw = tokenizer.token_bytes(token_id, skip_special=False)
        # JSON has no infinity; OpenAI writes -9999 for "next to impossible"
        return {"token": raw.decode("utf-8", "replace"), "bytes": list(raw), "logprob": max(logprob, -9999.0)}

    return [{**one(item.token_id, item.logprob), "top_logprobs": [one(*top) for top in item.top]} for item in logprobs]


def _comment(event: Waiting) -> bytes:
    """What a request waits for, as a comment: readers of event streams pass over it."""
    done = "" if event.fraction is None else f" {event.fraction:.0%}"
    return f": {event.reason}{done}\n\n".encode()


def _sse(body: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\n\n"
