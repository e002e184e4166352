"""A conversation from the terminal: with an engine of our own, or with a server that runs already (`--url`).

Both sides yield `Piece`s. The loop runs in a thread of its own, so that the engine is watched over while a person
types.
"""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import contextlib
import json
import os
import re
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from qwen3_vl_webui.cli.texts import language
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.errors import EngineUnavailable, InvalidRequest, WebUIError, words
from qwen3_vl_webui.plan import Resolved
from qwen3_vl_webui.processing.messages import MediaPart, Message, TextPart
from qwen3_vl_webui.processing.source import Source
from qwen3_vl_webui.server import events
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.service import open_service

T = TypeVar("T")
PLACE = re.compile(r"messages\[(\d+)\]\.(?:parts|content)\[(\d+)\]")  # of a medium, as errors call it


@dataclass(frozen=True, kw_only=True)
class MediaFile:
    """A picture or video, by the name that the user typed: errors repeat it."""

    name: str
    source: Source


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message: `media`, then the text."""

    role: Literal["user", "assistant"]
    text: str
    media: tuple[MediaFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of an answer: text, reasoning, loading (text is a percentage or empty), or how it ended, with figures."""

    kind: Literal["loading", "reasoning", "text", "done"]
    text: str = ""
    usage: dict[str, Any] | None = None  # prompt_tokens, completion_tokens, first_token, total (seconds)
    finish_reason: str | None = None  # "length": cut off


class Talker(Protocol):
    name: str

    def answer(self, turns: list[Turn], edition: Edition, max_tokens: int | None) -> AsyncIterator[Piece]: ...


def media_file(name: str) -> MediaFile:
    """Looks at the file, so that what is no picture or video is said before any model is loaded. Raises
    `InvalidRequest`.
    """
    path = os.path.abspath(os.path.expanduser(name))
    if os.path.isdir(path):
        raise InvalidRequest("file_folder", field="file", path=name)
    if not os.path.lexists(path):
        raise InvalidRequest("file_absent", field="file", path=name)
    try:
        if not os.path.isfile(os.path.realpath(path, strict=True)):  # a pipe would have to be read twice
            raise InvalidRequest("file_unreadable", field="file", path=name, reason=words("not_regular"))
        return MediaFile(name=name, source=Source.from_path(Path(path), field=name))
    except OSError as error:
        raise InvalidRequest("file_unreadable", field="file", path=name, reason=error.strerror) from None


def _with_names(text: str, turns: list[Turn]) -> str:
    """What an error says about places in the request, said about the files as the user named them."""

    def name(place: re.Match[str]) -> str:
        turn, part = int(place[1]), int(place[2])
        media = turns[turn].media if turn < len(turns) else ()
        return media[part].name if part < len(media) else place[0]

    return PLACE.sub(name, text)


class LocalTalker:
    """An engine of our own; `open_local` makes one."""

    def __init__(self, service: Any, name: str) -> None:
        self._service = service
        self.name = name

    async def answer(self, turns: list[Turn], edition: Edition, max_tokens: int | None) -> AsyncIterator[Piece]:
        messages = tuple(_message(turn) for turn in turns)
        sampling = self._service.sampling(edition)
        request = ChatRequest(messages=messages, edition=edition, sampling=sampling, max_tokens=max_tokens)
        finish_reason: str | None = None
        async with contextlib.aclosing(_naming_files(self._service.stream(request), turns)) as stream:
            async for event in stream:
                match event:
                    case events.Waiting(reason="loading", fraction=fraction):
                        yield Piece(kind="loading", text="" if fraction is None else f"{fraction:.0%}")
                    case events.ReasoningDelta(text=text):
                        yield Piece(kind="reasoning", text=text)
                    case events.TextDelta(text=text):
                        yield Piece(kind="text", text=text)
                    case events.Finished(reason=reason):
                        finish_reason = reason
                    case events.Done(usage=usage, timings=timings):
                        figures = {
                            "prompt_tokens": usage.prompt_tokens,
                            "completion_tokens": usage.completion_tokens,
                            "first_token": timings.first_token,
                            "total": timings.total,
                        }
                        yield Piece(kind="done", usage=figures, finish_reason=finish_reason)


async def _naming_files(
    stream: AsyncGenerator[events.ChatEvent, None], turns: list[Turn]
) -> AsyncGenerator[events.ChatEvent, None]:
    try:
        async with contextlib.aclosing(stream):
            async for event in stream:
                yield event
    except WebUIError as error:
        error.named = error.field and _with_names(error.field, turns)
        raise


def _message(turn: Turn) -> Message:
    media = [MediaPart(kind=file.source.kind, source=file.source) for file in turn.media]
    return Message(role=turn.role, parts=(*media, TextPart(turn.text)))


class RemoteTalker:
    """A server's OpenAI API."""

    def __init__(self, url: str, api_key: str | None) -> None:
        self.name = url
        self._url = _address(url)
        self._headers = {"Accept-Language": language()} | ({"Authorization": f"Bearer {api_key}"} if api_key else {})

    async def answer(self, turns: list[Turn], edition: Edition, max_tokens: int | None) -> AsyncIterator[Piece]:
        import httpx

        body: dict[str, Any] = {
            "model": edition,
            "messages": await asyncio.to_thread(lambda: [_openai(turn) for turn in turns]),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if max_tokens is not None:
            body["max_tokens"] = max_tokens
        began, first, finish_reason = time.perf_counter(), None, None
        timeout = httpx.Timeout(10.0, read=None)
        try:
            async with (
                httpx.AsyncClient(timeout=timeout, headers=self._headers, trust_env=False) as client,
                client.stream("POST", f"{self._url}/v1/chat/completions", json=body) as answer,
            ):
                if answer.status_code != 200:
                    raise _refused(self.name, answer.status_code, await answer.aread(), turns)
                async for line in answer.aiter_lines():
                    if not line.startswith("data: ") or line == "data: [DONE]":
                        continue
                    chunk = json.loads(line.removeprefix("data: "))
                    if "error" in chunk:
                        raise _refused(self.name, 500, line.removeprefix("data: ").encode(), turns)
                    for choice in chunk.get("choices", ()):
                        delta = choice.get("delta") or {}
                        finish_reason = choice.get("finish_reason") or finish_reason
                        for kind, key in (("reasoning", "reasoning_content"), ("text", "content")):
                            if text := delta.get(key):
                                first = first or time.perf_counter()
                                yield Piece(kind=kind, text=text)  # type: ignore[arg-type]
                    if usage := chunk.get("usage"):
                        figures = {key: usage[key] for key in ("prompt_tokens", "completion_tokens")}
                        figures |= {"first_token": (first or began) - began, "total": time.perf_counter() - began}
                        yield Piece(kind="done", usage=figures, finish_reason=finish_reason)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise EngineUnavailable("server_unreachable", url=self.name, reason=reason) from None


def _address(url: str) -> str:
    """Where the server is; its scheme may be left out. Raises `InvalidRequest`."""
    address = (url if "://" in url else f"http://{url}").rstrip("/").removesuffix("/v1")
    if not re.fullmatch(r"https?://[^/\s]+.*", address):
        raise InvalidRequest("field_invalid", field="--url", reason=words("url"))
    return address


def _refused(url: str, status: int, body: bytes, turns: list[Turn]) -> EngineUnavailable | InvalidRequest:
    try:
        reason = _with_names(json.loads(body)["error"]["message"], turns)
    except (ValueError, KeyError, TypeError):
        reason = body[:200].decode(errors="replace")
    kind = InvalidRequest if 400 <= status < 500 and status != 429 else EngineUnavailable
    return kind("server_answered", url=url, status=status, reason=reason)


def _openai(turn: Turn) -> dict[str, Any]:
    if turn.role == "assistant":
        return {"role": "assistant", "content": turn.text}
    parts: list[dict[str, Any]] = []
    for file in turn.media:
        key = f"{file.source.kind}_url"
        try:
            with file.source.open() as opened:
                data = base64.b64encode(opened.read()).decode()
        except OSError as error:  # gone since it was attached
            raise InvalidRequest("file_unreadable", field="file", path=file.name, reason=error.strerror) from None
        parts.append({"type": key, key: {"url": f"data:{file.source.mime};base64,{data}"}})
    return {"role": "user", "content": [*parts, {"type": "text", "text": turn.text}]}


class _Exit(Exception):
    """A SystemExit inside the loop, which would end the loop's thread and leave its caller waiting."""


class Loop:
    """An event loop in a thread. `run` waits for a result; Ctrl-C meanwhile cancels it and raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="cli-loop")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        async def contained() -> T:
            try:
                return await work
            except SystemExit as error:  # Rich's, when nobody reads the output any more
                raise _Exit(error.code) from error

        future = asyncio.run_coroutine_threadsafe(contained(), self._loop)
        try:
            return future.result()
        except _Exit as ended:
            raise SystemExit(ended.args[0]) from None
        except KeyboardInterrupt:
            future.cancel()
            with contextlib.suppress(BaseException):
                concurrent.futures.wait([future], timeout=5)
            raise

    def close(self) -> None:
        with contextlib.suppress(TimeoutError):  # what an interrupted answer left open
            asyncio.run_coroutine_threadsafe(self._loop.shutdown_asyncgens(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextlib.contextmanager
def open_talker(settings: Settings, resolved: Resolved | None, url: str | None) -> Iterator[tuple[Loop, Talker]]:
    """A talker and the loop it lives on. `resolved` is needed without a `url`."""
    loop = Loop()
    try:
        if url is not None:
            yield loop, RemoteTalker(url, settings.api_keys[0] if settings.api_keys else None)
            return
        assert resolved is not None
        opened = open_service(settings, resolved)
        service = loop.run(opened.__aenter__())
        try:
            yield loop, LocalTalker(service, ", ".join(resolved.names.values()))
        finally:
            loop.run(opened.__aexit__(None, None, None))
    finally:
        loop.close()
