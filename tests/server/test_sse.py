"""Streams end: with their source, with their client, and with a heartbeat in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message

from qwen3_vl_webui.server.sse import COMMENT, ClientLeft, EventStream, head_start, until_disconnect


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


def never(_: bytes) -> bool:
    return False


async def test_nothing_is_lost_between_the_head_start_and_the_rest() -> None:
    for patience in (0.0, 0.03, 5.0):
        source = Source(4, 0.02)
        stream = await head_start(source(), lambda event: event == b"1", patience)
        assert [item async for item in stream] == [b"0", b"1", b"2", b"3"]
        await stream.aclose()
        assert source.closed


async def test_an_early_error_comes_at_once_and_a_late_one_later() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"a"
        await asyncio.sleep(0.05)
        raise KeyError("x")

    with pytest.raises(KeyError):
        await head_start(broken(), never)
    stream = await head_start(broken(), never, patience=0.01)
    with pytest.raises(KeyError):
        _ = [item async for item in stream]
    await stream.aclose()


async def test_a_stream_that_nobody_reads_is_closed() -> None:
    source = Source(5, 0.02)
    stream = await head_start(source(), never, patience=0.03)
    await stream.aclose()
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
        if len(sent) == 12:
            gone.set()

    stream = await head_start(source(), lambda _: True, patience=0)

    async def chunks() -> AsyncGenerator[bytes, None]:
        async for item in stream:
            yield item

    response = EventStream(chunks(), stream, period=0.005)
    await asyncio.wait_for(response({"type": "http"}, receive, send), 5)
    assert source.closed
    bodies = [message["body"] for message in sent if message["type"] == "http.response.body"]
    assert COMMENT in bodies
    assert b"0" in bodies
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert b"content-length" not in headers
