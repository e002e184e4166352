"""Streams end: with their source, with their client, and with a heartbeat in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message

from qwen3_vl_webui.server.sse import COMMENT, ClientLeft, EventStream, until_disconnect, with_heartbeat


class Source:
    """Numbers with pauses; knows whether it was closed."""

    def __init__(self, count: int, pause: float) -> None:
        self.count, self.pause, self.closed = count, pause, False

    async def __call__(self) -> AsyncGenerator[bytes, None]:
        try:
            for i in range(self.count):
                await asyncio.sleep(self.pause)
                yield str(i).encode()
        finally:
            self.closed = True


async def test_silence_is_filled_with_heartbeats_and_nothing_is_lost() -> None:
    source = Source(3, 0.05)
    items = [item async for item in with_heartbeat(source(), period=0.02)]
    assert [item for item in items if item is not None] == [b"0", b"1", b"2"]
    assert items.count(None) >= 3
    assert source.closed


async def test_errors_of_the_source_come_through() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"a"
        raise KeyError("x")

    beating = with_heartbeat(broken())
    assert await anext(beating) == b"a"
    with pytest.raises(KeyError):
        await anext(beating)


async def test_a_heartbeat_that_is_closed_closes_its_source() -> None:
    source = Source(5, 0.01)
    beating = with_heartbeat(source(), period=1)
    await anext(beating)
    await beating.aclose()
    assert source.closed


async def test_a_client_that_leaves_ends_the_work() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def receive() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.disconnect"}

    with pytest.raises(ClientLeft):
        await until_disconnect(work(), receive)
    assert ended.is_set()


async def test_a_stream_sends_comments_for_heartbeats_and_closes_on_disconnect() -> None:
    source = Source(1000, 0.02)
    sent: list[Message] = []
    gone = asyncio.Event()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 6:
            gone.set()

    response = EventStream(with_heartbeat(source(), period=0.005))
    await asyncio.wait_for(response({"type": "http"}, receive, send), 5)
    assert source.closed
    bodies = [message["body"] for message in sent if message["type"] == "http.response.body"]
    assert COMMENT in bodies
    assert b"0" in bodies
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert b"content-length" not in headers
