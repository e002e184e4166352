"""The list of conversations: when each was last written to, where its reader is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from page_steps import conversation_of
from qwen3_vl_webui.errors import Language
from qwen3_vl_webui.history.records import ConversationSummary
from qwen3_vl_webui.ui.sidebar import ConversationList
from qwen3_vl_webui.ui.visit import zone_of

Open = Callable[..., Page]
NOW = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)
TIMES = (  # of the last change: a minute ago, at 23:10 and 15:50 the day before, weeks and months ago
    NOW.replace(minute=29), datetime(2026, 2, 28, 23, 10, tzinfo=UTC), datetime(2026, 2, 28, 15, 50, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, tzinfo=UTC), datetime(2025, 11, 3, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "zone", "shown"),
    [
        ("en", 0, ["Today", "15:29", "Yesterday", "23:10", "15:50", "Earlier", "Jan 2", "2025-11-03"]),
        ("zh", 480, ["今天", "23:29", "07:10", "昨天", "23:50", "更早", "1月2日", "2025-11-03"]),
        ("en", -480, ["Today", "07:29", "Yesterday", "15:10", "07:50", "Earlier", "Jan 1", "2025-11-02"]),
    ],
)
def test_rows_say_when_they_last_changed_by_the_readers_clock(language: Language, zone: int, shown: list[str]) -> None:
    rows = [
        ConversationSummary(id=str(i), title="t", created=0.0, updated=time.timestamp(), messages=1)
        for i, time in enumerate(TIMES)
    ]
    html = ConversationList.render(rows, language, current="", searching=False, more=False, zone=zone, now=NOW)
    assert re.findall(r"<(?:h3|time[^>]*)>([^<]+)<", html) == shown


@pytest.mark.parametrize("zone", [None, "8", 1e9, 100_000, [8]])
def test_a_clock_that_no_browser_has_is_utc(zone: Any) -> None:
    assert zone_of({"zone": zone}) == 0
    assert zone_of({"zone": 480}) == 480


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_a_rows_time_is_the_one_of_the_browsers_clock(chromium: Browser, server: Any) -> None:
    history = server.history()
    try:
        conversation = history.create_conversation("when").id
        history.add_message(conversation, role="user", text="now")
        updated = history.get_conversation(conversation).updated
    finally:
        history.close()
    context = chromium.new_context(locale="en-US", timezone_id="Asia/Kathmandu")  # 5:45 ahead
    try:
        page = context.new_page()
        page.goto(f"{server.url}/?c={conversation}")
        there = datetime.fromtimestamp(updated + (5 * 60 + 45) * 60, UTC)
        when = page.locator(f"[data-row='{conversation}'] time")
        expect(when).to_have_text(f"{there:%H:%M}")
        expect(when).to_have_attribute("title", f"{there:%Y-%m-%d %H:%M}")
    finally:
        context.close()


@pytest.mark.browser
@pytest.mark.timeout(120)
@pytest.mark.parametrize("turn", [3, 20])
def test_what_a_search_found_opens_at_the_words(open_page: Open, server: Any, turn: int) -> None:
    words = f"unmistakable{turn}"
    history = server.history()
    try:
        conversation = history.create_conversation("with something to find").id
        for i in range(25):
            history.add_message(conversation, role="user", text=f"question {i}")
            found = f"It holds {words.upper()} **here**." if i == turn else ""
            history.add_message(conversation, role="assistant", text="some line\n\n" * 12 + found)
    finally:
        history.close()
    page = open_page()
    page.locator("#search input").fill(words)
    expect(page.locator("#conversations .snippet")).to_contain_text(words.upper())  # the list is the one of the search
    page.locator("#conversations .title").click()
    hit = page.locator("#chat .prose p", has_text=words.upper())
    expect(hit).to_be_in_viewport(timeout=20_000)
    page.wait_for_timeout(2500)  # the Chatbot's own scrolling is over
    expect(hit).to_be_in_viewport()
    assert conversation_of(page) == conversation
    page.locator("#new-chat").click()
    expect(page.locator("#welcome .card").first).to_be_visible()
    page.locator("#search input").fill("something to find")  # in the title alone
    page.locator(f"[data-row='{conversation}'] .title").click()
    expect(page.locator("#chat .said").last).to_have_text("question 24")
    expect(page.locator("#chat .foot").last).to_be_in_viewport()
