"""Nothing is deleted before the question about it has its yes, and a conversation goes with its last message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from page_steps import delete
from qwen3_vl_webui.history.store import HistoryStore

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
Open = Callable[..., Page]


def stored(history: HistoryStore, turns: int) -> str:
    conversation = history.create_conversation("to be deleted").id
    for number in range(turns):
        history.add_message(conversation, role="user", text=f"question {number}")
        history.add_message(conversation, role="assistant", text=f"answer {number}")
    return conversation


@pytest.fixture
def conversation(server: Any) -> str:
    history = server.history()
    try:
        return stored(history, 2)
    finally:
        history.close()


@pytest.mark.parametrize(("owner", "asked"), [(".user-row", "问题及其回答？"), (".foot", "回答？")])
def test_a_message_is_deleted_after_a_yes_alone(open_page: Open, conversation: str, owner: str, asked: str) -> None:
    page = open_page(f"/?c={conversation}", locale="zh-CN")
    message = page.locator(f"#chat {owner}").first
    question = message.locator(".confirm")
    expect(question).to_be_hidden()
    for no in (lambda: message.locator(".act-cancel-delete").click(), lambda: page.keyboard.press("Escape")):
        message.locator(".act-ask-delete").click()
        expect(question).to_contain_text(asked)
        expect(question.locator(".yes")).to_be_focused()
        no()
        expect(question).to_be_hidden()
        expect(message.locator(".act-ask-delete")).to_be_focused()
    expect(page.locator("#chat .foot")).to_have_count(2)
    delete(message)
    expect(page.locator("#chat .foot")).to_have_count(1)
    expect(page.locator("#chat .said")).to_have_count(1 if owner == ".user-row" else 2)


def test_a_conversation_goes_with_its_last_message(open_page: Open, conversation: str) -> None:
    page = open_page(f"/?c={conversation}")
    row = page.locator(f"[data-row='{conversation}']")
    delete(page.locator("#chat .user-row").first)
    expect(page.locator("#chat .said")).to_have_count(1)
    expect(row).to_have_count(1)
    delete(page.locator("#chat .user-row"))
    expect(page.locator("#welcome .card").first).to_be_visible()
    expect(row).to_have_count(0)
    assert conversation not in page.url
