"""The page behind the API: live before Gradio is there, behind the key, under a closed content policy."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.server.errors import install
from qwen3_vl_webui.server.page import PageGate
from qwen3_vl_webui.ui.examples import EXAMPLES

KEY = "sesame-open-please"
SERVE = """
import sys, uvicorn
from pathlib import Path
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.server.app import create_app
settings = Settings.model_validate_json(sys.stdin.read())
uvicorn.run(create_app(settings), port=int(sys.argv[1]), log_level="warning", timeout_graceful_shutdown=1)
"""


@pytest.fixture(scope="module")
def url(make_settings: Callable[..., Settings]) -> Iterator[str]:
    """A server with the page and a key, in a process of its own, live but perhaps not ready."""
    settings = make_settings(page=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = settings.model_dump_json().replace('"api_key":[]', f'"api_key":["{KEY}"]')
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port)], stdin=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.close()
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            try:
                if httpx.get(f"{address}/health").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def test_the_page_says_that_it_is_starting_and_then_is_there(url: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Accept": "text/html"}
    with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        first = client.get("/")
        assert first.status_code in (200, 503)
        if first.status_code == 503:
            assert 'http-equiv="refresh"' in first.text
        for _ in range(300):
            if (page := client.get("/")).status_code == 200:
                break
            time.sleep(0.1)
        assert page.status_code == 200
        assert "gradio" in page.text
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "access-control-allow-origin" not in page.headers
        assert client.get("/v1/nope").json()["error"]["code"] == "route_unknown"
        assert client.put("/v1/models").status_code == 405
    for path in ("/", "/config", "/ui/status", "/gradio_api/info", "/assets/x.js", "/theme.css"):
        assert httpx.get(url + path).status_code == 401, path


async def test_a_program_is_told_that_the_page_is_starting_in_its_own_language() -> None:
    app, gate = FastAPI(), PageGate(FastAPI)  # not loaded yet
    app.router.default = gate
    install(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        for language, said in (("en", "The page is still starting."), ("zh-CN", "页面仍在启动。")):
            answer = await client.get("/", headers={"Accept-Language": language})
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "page_starting")
            assert answer.json()["error"]["message"] == said
            assert answer.headers["retry-after"] == "2"
        assert (await client.get("/", headers={"Accept": "text/html"})).headers["content-type"].startswith("text/html")


@pytest.fixture(scope="module")
def whole(url: str) -> str:
    """The same server, once its page is there."""
    headers = {"Authorization": f"Bearer {KEY}", "Accept": "text/html"}
    for _ in range(600):
        if httpx.get(url, headers=headers, timeout=30).status_code == 200:
            return url
        time.sleep(0.05)
    pytest.fail("the page does not come")


def test_what_the_page_does_not_have_is_an_error_in_our_shape(whole: str) -> None:
    with httpx.Client(base_url=whole, headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as client:
        for path in ("/nope", "/assets/nope.js", "/gradio_api/nope"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "route_unknown"), path


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("run/nope", {}, "nope"),
        ("api/nope", {}, "nope"),
        ("call/nope", {}, "nope"),
        ("call/v2/nope", {}, "/nope"),
        ("run/nope", {"fn_index": 9999}, "9999"),
        ("run/nope", {"fn_index": 9999, "session_hash": "abc"}, "9999"),
        ("queue/join", {"fn_index": 9999, "session_hash": "abc"}, "9999"),
    ],
)
def test_a_function_that_the_page_does_not_have_is_an_error_in_our_shape(
    whole: str, path: str, body: dict[str, Any], name: str
) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = httpx.post(f"{whole}/gradio_api/{path}", json={"data": []} | body, headers=headers, timeout=30)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (404, "not_found_error", "function_unknown")
    assert error["message"] == f"The page has nothing named {name}."


def test_a_part_that_an_example_does_not_have_is_an_error_in_our_shape(whole: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Range": "bytes=x-y"}
    answer = httpx.get(f"{whole}/ui/examples/{EXAMPLES[0].name}.png", headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["error"]["param"]) == (416, "Range")


@pytest.mark.browser
def test_a_browser_signs_in_and_breaks_no_content_policy(whole: str) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here")
    problems: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(whole)
        assert page.url.endswith("/login")
        page.fill("#key", "wrong")
        page.click("button")
        assert page.is_visible("[role=alert]")
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.fill("#key", KEY)
        page.click("button")
        page.wait_for_selector("#box textarea", timeout=30_000)
        page.wait_for_timeout(1000)
        assert page.evaluate("document.cookie") == ""  # HttpOnly
        browser.close()
    assert problems == []
