"""Security headers on every response, and the count of body bytes while they arrive.

The page's policy lets nothing be loaded from or sent to other sites, so that a picture address in an answer cannot
carry a conversation away. What is neither a page nor a script gets the closed policy, so that an uploaded SVG that is
opened directly runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qwen3_vl_webui.errors import TooLarge, WebUIError
from qwen3_vl_webui.server.errors import error_response, wanted_language

PAGE_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
CLOSED_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class HeadersMiddleware:
    """Sets what the response has not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                kind = headers.get("content-type", "").partition(";")[0].strip()
                if kind == "text/html":
                    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
                elif not kind.endswith("javascript"):  # a worker's policy is that of its script
                    headers.setdefault("Content-Security-Policy", CLOSED_POLICY)
            await send(message)

        await self.app(scope, receive, wrapped)


class BodyLimitMiddleware:
    """Refuses a body above the limit: at once when its length is declared, else when that many bytes have come."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int,
        max_upload_bytes: int,
        upload_prefixes: tuple[str, ...],
        count: Callable[[WebUIError], None],
    ) -> None:
        self.app = app
        self.count = count
        self.max_bytes = max_bytes
        self.max_upload_bytes = max_upload_bytes  # of multipart uploads, which go to disk
        self.upload_prefixes = upload_prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = self.max_upload_bytes if scope["path"].startswith(self.upload_prefixes) else self.max_bytes
        declared = headers.get("content-length", "")

        async def refuse(error: TooLarge) -> None:
            self.count(error)
            await error_response(error, wanted_language(headers))(scope, receive, send)

        if declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > limit):
            await refuse(TooLarge("body_too_large", field="body", limit=limit))
            return
        arrived = 0
        refused: TooLarge | None = None
        started = False

        async def counted() -> Message:
            nonlocal arrived, refused
            message = await receive()
            if message["type"] == "http.request":
                arrived += len(message.get("body", b""))
                if arrived > limit:
                    refused = TooLarge("body_too_large", field="body", limit=limit)
                    raise refused
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, counted, watched)
        except TooLarge as raised:
            if raised is not refused or started:
                raise
            await refuse(raised)
