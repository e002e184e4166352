"""SIGTERM: what callers of a real `serve` are told while it ends."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cli_process import Serving, serving
from server_media import picture

CHAT = "/v1/chat/completions"


@contextmanager
def slow_picture(asked: threading.Event, seconds: float) -> Iterator[str]:
    """The address of a picture that takes its time."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            time.sleep(seconds)
            with contextlib.suppress(OSError):  # it may wait no longer
                self.send_response(200)
                self.end_headers()
                self.wfile.write(picture())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/a.png"
    finally:
        server.shutdown()
        server.server_close()


def endless(**more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1900, "ignore_eos": True, **more}


def stop(server: Serving) -> None:
    server.process.send_signal(signal.SIGTERM)


def test_a_request_whose_picture_is_still_on_its_way_is_answered(tiny_checkpoint: Path, tmp_path: Path) -> None:
    asked = threading.Event()
    with (
        serving(tmp_path, "--instruct", tiny_checkpoint, "--no-page", "--allow-private-media-hosts") as server,
        slow_picture(asked, 3.0) as url,
        server.http() as http,
        ThreadPoolExecutor() as pool,
    ):
        data = ["what is it?", url, "instruct", 0, 1, 3]
        answer = pool.submit(http.post, "/api/predict", json={"data": data})
        assert asked.wait(20)
        stop(server)
        assert answer.result(30).status_code == 200, answer.result().text
        assert url not in server.log.read_text()  # addresses of pictures may hold a key
        assert server.process.wait(30) == 0


def test_what_outlasts_the_drain_is_told_why_and_what_comes_meanwhile_is_refused(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    asked = threading.Event()
    options = ("--instruct", tiny_checkpoint, "--no-page", "--allow-private-media-hosts", "--drain-seconds", "1")
    with (
        serving(tmp_path, *options) as server,
        slow_picture(asked, 8.0) as url,
        server.http() as http,
        server.http() as kept,
        ThreadPoolExecutor() as pool,
    ):
        assert kept.get("/ready").status_code == 200
        fetching = pool.submit(http.post, "/api/predict", json={"data": ["what is it?", url]})
        whole = pool.submit(http.post, CHAT, json=endless())
        assert asked.wait(20)
        with http.stream("POST", CHAT, json=endless(stream=True)) as streamed:
            lines = streamed.iter_lines()
            next(lines)
            stop(server)
            time.sleep(0.3)
            assert kept.get("/ready").status_code == 503
            assert kept.post(CHAT, json=endless()).json()["error"]["code"] == "engine_stopping"
            rest = [line for line in lines if line]
        assert rest[-1] == "data: [DONE]"
        assert json.loads(rest[-2].removeprefix("data: "))["error"]["code"] == "engine_stopping"
        for one in (whole, fetching):
            answer = one.result(30)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "engine_stopping")
            assert answer.headers["Retry-After"]
        assert server.process.wait(30) == 0
