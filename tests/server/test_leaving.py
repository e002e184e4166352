"""Callers that leave, engines that die, shutdowns: nothing is held, everything has an end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from live_server import Live, running
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.engine.request import SamplingParams
from qwen3_vl_webui.processing.messages import Message, TextPart
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.events import Started, Waiting
from qwen3_vl_webui.server.service import open_service

CHAT = "/v1/chat/completions"


def long_answer(**more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": "tell me everything"}]
    return {"messages": messages, "max_tokens": 1900, "ignore_eos": True, **more}


def busy(live: Live) -> int:
    status = live.service.engine_status()
    assert status is not None
    return sum(one.stats.running + one.stats.waiting for one in status.editions.values() if one.stats)


def generated(live: Live) -> int:
    """Tokens since the start."""
    status = live.service.engine_status()
    assert status is not None
    return sum(one.stats.generated_tokens for one in status.editions.values() if one.stats)


def is_idle(live: Live) -> bool:
    """Nothing runs, every block is free."""
    return busy(live) == 0 and all(free == total for free, total in live.free_blocks().values())


def vanish(live: Live, body: dict[str, Any], after: float) -> None:
    """Send a request and close the connection without reading the answer to its end."""
    host, port = live.url.removeprefix("http://").split(":")
    data = json.dumps(body).encode()
    head = (
        f"POST {CHAT} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + data)
        time.sleep(after)


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_vanishes_frees_its_blocks(live: Live, stream: bool) -> None:
    for _ in range(3):
        vanish(live, long_answer(stream=stream), after=0.15)
    vanish(live, long_answer(stream=stream, n=3), after=0.15)
    assert live.wait_until(lambda: is_idle(live), 20)
    cancelled = live.service.metrics.render().decode()
    assert 'qwen3vl_requests_total{edition="instruct",outcome="cancelled"}' in cancelled


def test_two_hundred_clients_that_vanish_leave_nothing_behind(live: Live) -> None:
    before = generated(live)
    threads = [Thread(target=vanish, args=(live, long_answer(stream=True), 0.5)) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert live.wait_until(lambda: is_idle(live), 20)
    assert generated(live) - before < 100 * long_answer()["max_tokens"], "answers went on without a reader"
    assert httpx.post(live.url + CHAT, json={**long_answer(), "max_tokens": 4}).status_code == 200


def test_a_stop_string_frees_the_blocks_too(live: Live, http: httpx.Client) -> None:
    answer = http.post(CHAT, json=long_answer(stop=["\n", "a", "e", " ", "1", "T"], seed=1))
    assert answer.json()["choices"][0]["finish_reason"] in ("stop", "length")
    assert live.wait_until(lambda: busy(live) == 0, 20)


def test_closing_the_services_generator_cancels(live: Live) -> None:
    """What the page does when its stop button is pressed, on the server's own loop."""
    before = generated(live)
    with live.http() as client, client.stream("POST", CHAT, json=long_answer(stream=True)) as response:
        for _ in response.iter_lines():
            break
    assert live.wait_until(lambda: busy(live) == 0, 20)
    assert generated(live) - before < long_answer()["max_tokens"]


@pytest.mark.parametrize(
    ("blow", "code"), [(signal.SIGKILL, "engine_died"), (signal.SIGSTOP, "engine_stuck")], ids=["killed", "frozen"]
)
def test_an_engine_that_dies_or_freezes_is_a_typed_error_within_ten_seconds(
    make_settings: Callable[..., Settings], blow: signal.Signals, code: str
) -> None:
    with running(make_settings()) as live, live.http() as client:
        lines: list[str] = []
        with ThreadPoolExecutor(1) as pool, client.stream("POST", CHAT, json=long_answer(stream=True)) as response:
            assert response.status_code == 200
            received = response.iter_lines()
            lines += [next(received) for _ in range(3)]
            whole = pool.submit(httpx.post, live.url + CHAT, json=long_answer(n=2), timeout=60)
            assert live.wait_until(lambda: busy(live) == 3, 20)
            status = live.service.engine_status()
            assert status is not None
            assert status.pid is not None
            os.kill(status.pid, blow)
            struck = time.monotonic()
            lines += received
            answer = whole.result()
            assert time.monotonic() - struck < 10
        events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
        assert events[-1]["error"]["code"] == code
        assert lines[-2] == "data: [DONE]"
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == code
        assert int(answer.headers["retry-after"]) >= 1
        refused = client.get("/ready")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert client.get("/health").status_code == 200
        assert live.wait_until(lambda: live.service.ready, 60)
        assert client.get("/ready").status_code == 200
        assert client.post(CHAT, json={**long_answer(), "max_tokens": 2}).status_code == 200
        assert client.get("/api/status").json()["engine"]["restarts"] == 1
        assert f'qwen3vl_errors_total{{code="{code}"}} 2.0' in client.get("/metrics").text


def test_a_full_queue_is_429_with_retry_after(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(max_running=1, max_waiting=1)
    with running(settings) as live:

        def ask(_: int) -> httpx.Response:
            return httpx.post(live.url + CHAT, json=long_answer(max_tokens=400), timeout=60)

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(ask, range(6)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses.count(200) >= 2  # one runs, one waits
        assert set(statuses) == {200, 429}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["code"] in ("queue_full", "too_many_preparing")


async def test_who_waits_for_a_place_is_told(make_settings: Callable[..., Settings]) -> None:
    message = Message(role="user", parts=(TextPart("hi"),))

    async with open_service(make_settings(max_running=1)) as service:
        started = asyncio.Event()

        async def waits(max_tokens: int) -> list[str]:
            told = []
            sampling = SamplingParams(ignore_eos=True)
            async for event in service.stream(
                ChatRequest(messages=(message,), sampling=sampling, max_tokens=max_tokens)
            ):
                if isinstance(event, Waiting):
                    told.append(event.reason)
                elif not isinstance(event, Started):
                    started.set()
            return told

        first = asyncio.ensure_future(waits(800))
        await asyncio.wait_for(started.wait(), 60)
        assert await waits(2) == ["queued"]
        assert "queued" not in await first


def test_the_first_picture_waits_for_no_import(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    script = """
import asyncio, sys, time
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.server.service import open_service
async def main(settings):
    async with open_service(settings) as service:
        while not service.ready:
            await asyncio.sleep(0.05)
        for _ in range(600):
            if "qwen3_vl_webui.model.pixels" in sys.modules:
                return print("there")
            await asyncio.sleep(0.1)
asyncio.run(main(Settings.model_validate_json(sys.stdin.read())))
"""
    settings = make_settings().model_dump_json()
    found = subprocess.run([sys.executable, "-c", script], input=settings, capture_output=True, text=True, timeout=120)
    assert found.stdout.strip() == "there", found.stderr


def test_a_stream_says_in_a_comment_that_it_waits(make_settings: Callable[..., Settings]) -> None:
    body = {"messages": [{"role": "user", "content": "hi"}], "stream": True, "ignore_eos": True}
    with (
        running(make_settings(max_running=1)) as live,
        live.http() as http,
        http.stream("POST", CHAT, json={**body, "max_tokens": 800}) as first,
    ):
        lines = first.iter_lines()  # kept: a forgotten iterator closes the stream
        next(lines)
        second = http.post(CHAT, json={**body, "max_tokens": 2}).text
    assert second.startswith(": queued\n\ndata: {")


def test_it_is_live_at_once_ready_later_and_failures_are_told(
    make_settings: Callable[..., Settings], tmp_path: Path, tiny_checkpoint: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in tiny_checkpoint.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / "tokenizer.json").write_text("{}")
    with running(make_settings(instruct=str(broken)), ready=False) as live, live.http() as client:
        assert client.get("/health").status_code == 200
        assert live.wait_until(lambda: client.get("/api/status").json()["state"] == "failed", 30)
        assert client.get("/ready").status_code == 503
        answer = client.post(CHAT, json={**long_answer(), "max_tokens": 1})
        assert answer.status_code == 500
        assert "tokenizer.json" in answer.json()["error"]["message"]


SERVE = """
import sys, uvicorn
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.server.app import create_app
settings = Settings.model_validate_json(sys.argv[1])
uvicorn.run(create_app(settings), port=int(sys.argv[2]), log_level="warning", timeout_graceful_shutdown=20)
"""


def test_sigterm_drains_what_runs(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(drain_seconds=20.0)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", SERVE, settings.model_dump_json(), str(port)])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            for _ in range(600):
                try:
                    if client.get("/ready").status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.05)
            with client.stream("POST", CHAT, json=long_answer(stream=True, max_tokens=600)) as response:
                lines = response.iter_lines()
                next(lines)
                process.send_signal(signal.SIGTERM)
                rest = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
            assert rest[-1]["choices"][0]["finish_reason"] == "length"
        assert process.wait(30) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
