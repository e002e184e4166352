"""JSON bodies: parsed in a thread, within bounds on depth and number of values checked before objects are made.

A route class of its own does it for every route of the API, so that FastAPI still documents and validates the models.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope

from qwen3_vl_webui.errors import InvalidRequest

MAX_DEPTH = 64
MAX_VALUES = 500_000  # containers, members and strings; a long video's worth of parts is a few thousand
IN_THREAD = 64 << 10  # bytes from which parsing leaves the event loop
BRACKETS = bytes(set(range(256)) - set(b"{}[],"))


def check_shape(body: bytes, *, max_depth: int = MAX_DEPTH, max_values: int = MAX_VALUES) -> None:
    """Raises InvalidRequest when the text nests too deep or holds too many values. One pass, no objects.

    Strings are skipped with `bytes.find`, so the megabytes of a data URI cost next to nothing.
    """
    too_complex = InvalidRequest("json_too_complex", field="body", max_depth=max_depth, max_values=max_values)
    depth = values = position = 0
    while True:
        quote = body.find(b'"', position)
        outside = body[position : quote if quote >= 0 else len(body)].translate(None, BRACKETS)
        values += len(outside) + 1
        if values > max_values:
            raise too_complex
        for char in outside:
            depth += (char in b"{[") - (char in b"}]")
            if depth > max_depth:
                raise too_complex
        if quote < 0:
            return
        position = _string_end(body, quote + 1, 4 * max_values, too_complex)


def _string_end(body: bytes, start: int, max_escapes: int, too_complex: InvalidRequest) -> int:
    """The index behind the closing quote of the string that opens before `start`."""
    end = start
    for _ in range(max_escapes):
        end = body.find(b'"', end)
        if end < 0:
            return len(body)
        back = end
        while back > start and body[back - 1] == 0x5C:  # a run of backslashes: an odd one escapes the quote
            back -= 1
            if end - back > 4096:
                raise too_complex
        end += 1
        if (end - 1 - back) % 2 == 0:
            return end
    raise too_complex


def parse(body: bytes) -> Any:
    """Strict JSON: no NaN, no lone surrogates, UTF-8 only."""
    check_shape(body)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidRequest("json_invalid", field="body", reason=error) from None


class JsonRequest(Request):
    """A request whose body is parsed already."""

    def __init__(self, scope: Scope, receive: Receive, body: bytes, value: Any) -> None:
        super().__init__(scope, receive)
        self._body = body
        self._json = value


class JsonRoute(APIRoute):
    """A route whose JSON body goes through `parse`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        if self.body_field is None:
            return handler

        async def handle(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json":  # also keeps plain HTML forms of other sites out
                raise InvalidRequest("content_type", field="Content-Type")
            body = await request.body()
            value = parse(body) if len(body) < IN_THREAD else await asyncio.to_thread(parse, body)
            return await handler(JsonRequest(request.scope, request.receive, body, value))

        return handle
