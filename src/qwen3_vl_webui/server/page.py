"""The web page behind the API's routes: Gradio takes seconds to import, so it comes after the socket is open.

`PageGate` is what answers paths that no route of ours has: a short waiting page first, the page's app once it is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from qwen3_vl_webui.errors import EngineUnavailable

logger = logging.getLogger(__name__)
OURS = ("/v1/", "/api/")  # an unknown path below these is not the page's
WAITING = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="1">
<title>Qwen3-VL WebUI</title><style>:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { display: grid; place-items: center; min-height: 100vh; margin: 0 }</style></head>
<body><p role="status">The page is starting … · 页面正在启动 …</p></body></html>"""


class PageGate:
    """The fallback of the router. `load` begins the import; `close` ends the page's own life."""

    def __init__(self, build: Callable[[], FastAPI] | None) -> None:
        """`build` imports and makes the page's app, in a thread; None: there is no page."""
        self._build = build
        self._app: ASGIApp | None = None
        self._task: asyncio.Task[None] | None = None
        self._done = asyncio.Event()
        self.loaded = asyncio.Event()  # or failed, or there is none

    def load(self) -> None:
        if self._build is not None:
            self._task = asyncio.create_task(self._live(self._build), name="page")
        else:
            self.loaded.set()

    async def close(self) -> None:
        if self._task is not None:
            self._done.set()
            await self._task

    async def _live(self, build: Callable[[], FastAPI]) -> None:
        """The page's lifespan is entered and left in one task, as its context managers need."""
        try:
            app = await asyncio.to_thread(build)
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(app.router.lifespan_context(app))
                self._app = app
                self.loaded.set()
                await self._done.wait()
        except Exception:
            logger.exception("the page could not be started; the API goes on without it")
            self._build = None
        finally:
            self._app = None
            self.loaded.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            if self._app is not None:
                await self._app(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1001})
            return
        if self._build is None or scope["path"].startswith(OURS):
            raise HTTPException(404)
        if self._app is not None:
            await self._app(scope, receive, send)
            return
        if scope["method"] not in ("GET", "HEAD") or "text/html" not in Headers(scope=scope).get("accept", ""):
            raise EngineUnavailable("page_starting", retry_after=2)
        response: Response = HTMLResponse(WAITING, status_code=503, headers={"Retry-After": "1"})
        await response(scope, receive, send)
