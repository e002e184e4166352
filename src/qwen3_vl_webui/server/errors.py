"""Errors become HTTP answers here and nowhere else: OpenAI's shape, the status of `errors.WebUIError`, Retry-After.

Validation errors of pydantic, unknown routes and methods, and surprises take the same shape. A surprise says nothing
about its inside to the caller; the log has its trace.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qwen3_vl_webui.errors import (
    EngineFailure,
    Forbidden,
    InvalidRequest,
    Language,
    NotFound,
    TooLarge,
    Unauthorized,
    WebUIError,
    reason_of,
    words,
)

logger = logging.getLogger(__name__)
WITHOUT_V1 = ("/chat/completions", "/models")
TAG = "~"  # opens the names of union branches, which are no part of a field's path


class MethodNotAllowed(WebUIError):
    """A route that exists, but not for this method (405)."""

    status = 405
    type = "invalid_request_error"


class RangeNotSatisfiable(WebUIError):
    """A part of a file that is not there (416)."""

    status = 416
    type = "invalid_request_error"


def error_body(error: WebUIError, language: Language = "en") -> dict[str, Any]:
    """The JSON of an error, as the OpenAI client reads it."""
    return {
        "error": {
            "message": error.message(language),
            "type": error.type,
            "param": error.field,
            "code": error.code,
        }
    }


def error_response(error: WebUIError, language: Language = "en") -> JSONResponse:
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(error_body(error, language), status_code=error.status, headers=headers)


def field_path(location: Sequence[str | int]) -> str:
    """`("body", "messages", 0, "~user", "content")` as `messages[0].content`."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith(TAG):
            path += f".{part}" if path else part
    return path


def from_validation(problems: Sequence[Any]) -> InvalidRequest:
    """The first of pydantic's findings as an error of ours; unknown fields go first, they explain the others."""
    found = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    location = tuple(found["loc"])
    if location and location[0] in ("body", "query", "path", "header"):
        location = location[1:]
    field = field_path(location) or "body"
    if found["type"] == "missing":
        return InvalidRequest("field_missing", field=field)
    if found["type"] == "extra_forbidden":
        return InvalidRequest("field_unknown", field=field)
    cause = found.get("ctx", {}).get("error")
    if isinstance(cause, ValueError) and isinstance(cause.__cause__, InvalidRequest):
        return cause.__cause__
    return InvalidRequest("field_invalid", field=field, reason=reason_of(found))


def nothing_at(path: str) -> NotFound:
    """A 404, with a hint for a client of OpenAI's API whose base URL lacks `/v1`."""
    return NotFound("route_without_v1" if path in WITHOUT_V1 else "route_unknown", field=None, path=path)


def as_error(exception: Exception, method: str, path: str) -> WebUIError:
    """Any exception as one of the tree; a surprise is logged with its trace."""
    if isinstance(exception, WebUIError):
        return exception
    if isinstance(exception, RequestValidationError):
        return from_validation(exception.errors())
    if isinstance(exception, HTTPException):
        match exception.status_code:
            case 404:
                return nothing_at(path)
            case 405:
                return MethodNotAllowed("method_not_allowed", method=method, path=path)
            case 401:
                return Unauthorized("api_key_missing")
            case 403:
                return Forbidden("field_invalid", field=path, reason=str(exception.detail))
            case 413:
                return TooLarge("field_invalid", field="body", reason=str(exception.detail))
            case 416:
                return RangeNotSatisfiable("field_invalid", field="Range", reason=words("no_such_bytes"))
            case status if 400 <= status < 500:
                return InvalidRequest("field_invalid", field="body", reason=str(exception.detail))
    logger.error("unexpected error in %s %s", method, path, exc_info=exception)
    return EngineFailure("internal", reason=words("see_log"))


def wanted_language(headers: Headers) -> Language:
    """Chinese when the caller's Accept-Language puts it first, else English."""
    return "zh" if headers.get("accept-language", "").lower().startswith("zh") else "en"


def install(app: FastAPI, count: Callable[[WebUIError], None] = lambda error: None) -> None:
    """Map every exception that a route lets out, and `count` it."""

    async def handle(request: Request, exception: Exception) -> JSONResponse:
        error = as_error(exception, request.method, request.url.path)
        count(error)
        response = error_response(error, wanted_language(request.headers))
        allow = getattr(exception, "headers", None) or {}
        for name, value in allow.items():
            response.headers.setdefault(name, value)
        return response

    for kind in (WebUIError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)


def install_not_found(app: Starlette) -> None:
    """Give an app of others our shape for what it does not have; its own errors stay as its scripts know them."""

    async def handle(request: Request, exception: Exception) -> JSONResponse:
        return error_response(nothing_at(request.url.path), wanted_language(request.headers))

    app.add_exception_handler(404, handle)


class SurpriseMiddleware:
    """Answers what no handler knew, inside the other middlewares, so that a 500 carries their headers too."""

    def __init__(self, app: ASGIApp, count: Callable[[WebUIError], None]) -> None:
        self.app = app
        self.count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as exception:
            if scope["type"] != "http" or started:
                raise
            error = as_error(exception, scope["method"], scope["path"])
            self.count(error)
            await error_response(error, wanted_language(Headers(scope=scope)))(scope, receive, send)
