"""Server-sent events whose end is certain: a client that leaves ends the stream and closes its source at once.

The first events are awaited before the status line goes out, so that an early error still has its HTTP status. While
nothing comes, comments keep the connection (and proxies on the way) alive.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import Any, Generic, TypeVar

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


class HeadStart(Generic[T]):
    """An event source whose first events were awaited already. Iterate it once, then `aclose` it, whatever happened."""

    def __init__(self, first: asyncio.Future[list[T]], source: AsyncGenerator[T, None]) -> None:
        self._first = first
        self._source = source

    async def __aiter__(self) -> AsyncIterator[T]:
        for event in await self._first:
            yield event
        async for event in self._source:
            yield event

    async def aclose(self) -> None:
        await _end(self._first)
        await self._source.aclose()


async def head_start(
    source: AsyncGenerator[T, None], enough: Callable[[T], bool], patience: float = HEARTBEAT
) -> HeadStart[T]:
    """Waits for an event that is `enough`, the end, or `patience` seconds. Raises what `source` raised by then."""

    async def collect() -> list[T]:
        events = []
        async for event in source:
            events.append(event)
            if enough(event):
                break
        return events

    first = asyncio.ensure_future(collect())
    try:
        await asyncio.wait({first}, timeout=patience)
        if first.done():
            first.result()
    except BaseException:
        await _end(first)
        await source.aclose()
        raise
    return HeadStart(first, source)


class EventStream(Response):
    """Sends what `chunks` yields, a comment whenever they are silent for `period`. Closes `source` whatever happens."""

    media_type = "text/event-stream"

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], source: HeadStart[Any], *, period: float = HEARTBEAT
    ) -> None:
        self.chunks = chunks
        self.source = source
        self.period = period
        self._sent = 0.0  # when something was sent last, on the loop's clock
        super().__init__(content=b"", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with contextlib.suppress(ClientLeft):
                await until_disconnect(self._send(send), receive)
        finally:
            await self.chunks.aclose()
            await self.source.aclose()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        clock = asyncio.get_running_loop().time
        self._sent = clock()
        beat = asyncio.ensure_future(self._beat(send))
        try:
            async for chunk in self.chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                self._sent = clock()
        finally:
            await _end(beat)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _beat(self, send: Send) -> None:
        """Beside the chunks: each is sent whole, so that a comment can only come between two."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(max(self._sent + self.period - clock(), 0.001))
            if clock() - self._sent >= self.period:
                self._sent = clock()
                await send({"type": "http.response.body", "body": COMMENT, "more_body": True})
