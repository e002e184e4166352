"""What was asked for last is what the page shows, whichever answer comes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from page_steps import ask, conversation_of, wait_for_end

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
Open = Callable[..., Page]


def test_a_list_that_was_asked_for_earlier_does_not_replace_a_later_one(open_page: Open, server: Any) -> None:
    page = open_page()
    ask(page, "another unrelated question", tokens=20)
    slow = server.data / "slow-list"
    slow.touch()
    try:
        expect(page.locator("#chat .foot")).to_be_visible()
        page.locator("#search input").fill("nothing of this kind")
        wait_for_end(page)
        page.wait_for_timeout(2000)  # longer than the slow list takes
    finally:
        slow.unlink()
    expect(page.locator("#conversations .nothing")).to_have_text("Nothing found.")


def test_of_two_conversations_opened_in_haste_the_later_one_is_shown(open_page: Open, server: Any) -> None:
    history = server.history()
    try:
        first, second = (history.create_conversation(f"hasty {name}").id for name in ("first", "second"))
        history.add_message(first, role="user", text="the first")
        history.add_message(second, role="user", text="the second")
    finally:
        history.close()
    page = open_page()
    slow = server.data / "slow-list"
    slow.touch()
    try:
        page.locator(f"[data-row='{first}'] .act").first.click()
        page.wait_for_timeout(400)
    finally:
        slow.unlink()
    page.locator(f"[data-row='{second}'] .act").first.click()
    page.wait_for_timeout(2000)  # longer than the slow list takes
    expect(page.locator("#chat .said")).to_have_text("the second")
    assert conversation_of(page) == second
