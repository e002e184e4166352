"""What the page does when the engine or the whole server dies under an answer, and how it opens again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page, expect
from safetensors.torch import load_file, save_file

from checkpoints import VOCAB_SIZE, write_checkpoint
from page_steps import ask, box, conversation_of, set_control, wait_for_end

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
Open = Callable[..., Page]


def endless_checkpoint(folder: Path) -> Path:
    """A tiny checkpoint whose only end token is one that it never chooses: its answers run into their limit."""
    write_checkpoint(folder)
    never = VOCAB_SIZE - 1
    generation = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(generation | {"eos_token_id": [never]}))
    weights = load_file(folder / "model.safetensors")
    for name, tensor in weights.items():
        if "embed_tokens" in name:
            tensor[never] = 0.0  # a logit of zero is far below those of the other tokens' best
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def mortal(make_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server that these tests may kill, and that has a place for one answer at a time."""
    checkpoint = endless_checkpoint(tmp_path_factory.mktemp("endless") / "tiny-endless")
    server = make_server(tmp_path_factory.mktemp("mortal"), instruct=str(checkpoint), thinking=None, max_running=1)
    server.start()
    yield server
    server.stop()


def ask_for_long(page: Page, text: str) -> None:
    """Ask without the penalty that would in the end leave no token but the last."""
    if not page.locator("#settings-bar.open").count():
        page.click(".act-settings")
    page.locator("#settings-bar").get_by_text("Penalties").click()
    set_control(page, "presence_penalty", 0)
    ask(page, text, tokens=3500)


def test_a_killed_server_leaves_the_partial_answer_and_the_page_comes_back(open_page: Open, mortal: Any) -> None:
    page = open_page(url=mortal.url)
    expect(page.locator("#edition")).to_be_hidden()  # this server has but one
    ask(page, "a short one", tokens=16)
    wait_for_end(page)
    ask_for_long(page, "a very long one")
    page.wait_for_timeout(1600)  # longer than the time between two saves
    mortal.kill()
    expect(page.locator("#banner")).to_contain_text("cannot be reached", timeout=20_000)
    mortal.start()
    expect(page.locator("#chat .notice.error")).to_contain_text("interrupted", timeout=20_000)
    expect(page.locator("#chat .said")).to_have_text(["a short one", "a very long one"])
    expect(page.locator("#banner .banner")).to_have_count(0)
    history = mortal.history()
    try:
        messages = history.get_conversation(conversation_of(page)).messages
    finally:
        history.close()
    assert [m.role for m in messages] == ["user", "assistant", "user", "assistant"]
    assert len(messages[-1].text) > 20
    page.locator("#chat .notice.error .act-retry").click()
    expect(page.locator("#chat .notice.error")).to_have_count(0)
    page.locator("#box .stop-button").click()
    wait_for_end(page)


def test_a_question_in_the_queue_says_so_and_how_many_wait(open_page: Open, mortal: Any) -> None:
    first, second = open_page(url=mortal.url), open_page(url=mortal.url, locale="zh-CN")
    ask_for_long(first, "the first")
    ask(second, "the second", tokens=16)
    expect(second.locator("#chat .waiting")).to_contain_text(re.compile(r"已排队 \d+ 秒，共 1 个请求等待空位"))
    first.locator("#box .stop-button").click()
    wait_for_end(second)
    expect(second.locator("#chat .figures")).to_contain_text("输出")


def test_words_being_written_outlive_a_restart(open_page: Open, mortal: Any) -> None:
    page = open_page(url=mortal.url)
    box(page).fill("not yet sent")
    page.wait_for_timeout(500)
    mortal.kill()
    mortal.start()
    expect(page.locator("#banner")).to_contain_text("was restarted", timeout=20_000)
    expect(box(page)).to_have_value("not yet sent")
    page.locator("#banner .act-reload").click()
    expect(page.locator("#banner .banner")).to_have_count(0)
    expect(box(page)).to_have_value("not yet sent")


def test_a_killed_engine_fails_its_answer_with_a_retry_and_a_banner_until_it_is_back(
    open_page: Open, mortal: Any
) -> None:
    page = open_page(url=mortal.url)
    ask_for_long(page, "before the fall")
    page.wait_for_timeout(1000)
    engines = [
        child for child in psutil.Process(mortal.pid).children(recursive=True) if "engine.process" in cmdline(child)
    ]
    assert engines
    for engine in engines:
        engine.kill()
    expect(page.locator("#chat .notice.error")).to_contain_text("No answer:", timeout=10_000)
    expect(page.locator("#banner")).to_contain_text(re.compile("restarting|loading"), timeout=8_000)
    expect(page.locator("#banner .banner")).to_have_count(0, timeout=30_000)
    page.locator("#chat .notice.error .act-retry").click()
    expect(page.locator("#chat .notice.error")).to_have_count(0)
    page.locator("#box .stop-button").click()
    wait_for_end(page)
    expect(page.locator("#chat .said")).to_have_text("before the fall")


def cmdline(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_a_long_conversation_opens_with_its_last_turns_and_shows_the_rest_when_asked(
    open_page: Open, mortal: Any
) -> None:
    history = mortal.history()
    try:
        conversation = history.create_conversation("long").id
        for i in range(100):
            history.add_message(conversation, role="user", text=f"question {i}")
            history.add_message(
                conversation,
                role="assistant",
                text=f"**answer** {i}\n\n```python\nprint({i})\n```\n\n$x_{{{i}}}$\n" * 4,
            )
    finally:
        history.close()
    page = open_page(url=mortal.url)
    row = page.locator(f"[data-row='{conversation}'] .title")
    row.click()
    expect(page.locator("#chat .said").last).to_have_text("question 99")
    expect(page.locator("#chat .said")).to_have_count(20)
    box(page).press_sequentially("the quick brown fox jumps over it", delay=0)
    expect(box(page)).to_have_value("the quick brown fox jumps over it")
    page.locator("#chat .act-earlier").click()
    expect(page.locator("#chat .said")).to_have_count(100, timeout=40_000)
    expect(page.locator("#chat .said").first).to_have_text("question 0")
