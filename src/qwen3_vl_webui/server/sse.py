"""Server-sent events whose end is certain: a client that leaves ends the stream and closes its source at once.

The first events are awaited before the status line goes out, so that an early error still has its HTTP status. While
nothing comes, comments keep the connection (and proxies on the way) alive.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")
HEARTBEAT = 5.0  # seconds
COMMENT = b": waiting\n\n"


class ClientLeft(Exception):
    """The client closed its connection; there is nobody to answer."""


async def wait_for_disconnect(receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return


async def until_disconnect(work: Coroutine[Any, Any, T], receive: Receive) -> T:
    """The result of `work`, or ClientLeft (and `work` cancelled and ended) when the client goes first."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(wait_for_disconnect(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientLeft
    finally:
        await _end(gone)
        await _end(task)


async def _end(task: asyncio.Future[Any]) -> None:
    if not task.done():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


class EventStream(Response):
    """Sends what `source` yields; None is a heartbeat. Closes `source` whatever happens."""

    media_type = "text/event-stream"

    def __init__(self, source: AsyncGenerator[bytes | None, None]) -> None:
        self.source = source
        super().__init__(content=b"", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientLeft):
            await until_disconnect(self._send(send), receive)

    async def _send(self, send: Send) -> None:
        async with contextlib.aclosing(self.source):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for chunk in self.source:
                body = COMMENT if chunk is None else chunk
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def with_heartbeat(source: AsyncGenerator[T, None], period: float = HEARTBEAT) -> AsyncGenerator[T | None, None]:
    """What `source` yields, and None whenever it has been silent for `period` seconds. Closes `source`."""
    pending: asyncio.Future[T] | None = None
    try:
        while True:
            pending = asyncio.ensure_future(anext(source))
            while not (await asyncio.wait({pending}, timeout=period))[0]:
                yield None
            try:
                item = pending.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        if pending is not None:
            await _end(pending)
        await source.aclose()
