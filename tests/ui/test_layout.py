"""What lies where: drawers, what the keyboard reaches, what stays in view and in the hand while the page changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from page_steps import ask, box, conversation_of, wait_for_end

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
Open = Callable[..., Page]


@pytest.mark.parametrize("width", [768, 834])
def test_on_a_tablet_the_drawers_leave_the_page_to_be_used(open_page: Open, width: int) -> None:
    page = open_page(width=width, height=1024)
    page.locator("#welcome .card .act").first.click(trial=True)  # nothing lies over it
    page.click(".act-conversations")
    page.locator("#new-chat").click(trial=True)
    page.mouse.click(width - 20, 500)  # beside the drawer
    expect(page.locator("#conversations-bar.open")).to_have_count(0)


def test_closed_drawers_are_out_of_the_keyboards_way_and_settings_open_under_it(open_page: Open) -> None:
    page = open_page()
    off = page.evaluate(
        """() => [...document.querySelectorAll('#settings-bar button, #settings-bar input, #settings-bar textarea')]
            .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.toggle-button')).length"""
    )
    assert off == 0
    page.locator("#header .act-settings").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#settings-heading .act")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#settings-bar') !== null")
    page.keyboard.press("Escape")
    expect(page.locator("#settings-bar.open")).to_have_count(0)
    expect(page.locator("#header .act-settings")).to_be_focused()


def test_a_title_being_written_outlives_the_end_of_an_answer(open_page: Open) -> None:
    page = open_page()
    ask(page, "title me", tokens=400)
    row = page.locator(f"[data-row='{conversation_of(page)}']")
    row.hover()
    row.locator(".act-row-rename").click()
    page.keyboard.type("half of")
    wait_for_end(page)
    page.keyboard.type(" a title")
    expect(row.locator("input")).to_have_value("half of a title")
    page.keyboard.press("Enter")
    expect(row.locator(".title")).to_have_text("half of a title")


def test_the_last_line_stays_in_view_when_the_settings_open(open_page: Open, server: Any) -> None:
    history = server.history()
    try:
        conversation = history.create_conversation("long lines").id
        history.add_message(conversation, role="user", text="much")
        history.add_message(conversation, role="assistant", text=("word " * 200 + "\n\n") * 5)
    finally:
        history.close()
    page = open_page(f"/?c={conversation}")
    expect(page.locator("#chat .foot .act-ask-delete")).to_be_attached()
    page.locator("#chat .bubble-wrap").evaluate("(area) => { area.scrollTop = area.scrollHeight; }")
    expect(page.locator("#chat .foot .act-ask-delete")).to_be_in_viewport()
    page.click(".act-settings")
    page.wait_for_timeout(600)
    expect(page.locator("#chat .foot .act-ask-delete")).to_be_in_viewport()


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_the_choice_of_mode_says_what_each_does_on_any_screen(open_page: Open, locale: str) -> None:
    for width in (390, 1280):
        page = open_page(locale=locale, width=width)
        modes = page.locator("#edition label")
        expect(modes).to_have_text(
            [re.compile("Instruct · (at once|直接回答)"), re.compile("Thinking · (reasons first|先思考)")]
        )
        for i in range(2):
            expect(modes.nth(i)).to_be_in_viewport(ratio=1)
        tops = (
            "new Set([...document.querySelectorAll('#edition label')].map((e) => e.getBoundingClientRect().top)).size"
        )
        assert page.evaluate(tops) == 1, "in one line"
    expect(page.locator("#hint")).to_contain_text("Ctrl+K")
    expect(box(page)).to_be_focused()


@pytest.mark.parametrize(("width", "height"), [(740, 360), (390, 320)])
def test_in_a_low_window_the_welcome_scrolls_above_the_composer(open_page: Open, width: int, height: int) -> None:
    page = open_page(width=width, height=height)
    last = page.locator("#welcome .card").last
    below = page.locator("#composer").bounding_box()
    assert below is not None
    last.scroll_into_view_if_needed()
    last.locator(".act").click(trial=True)  # nothing lies over it
    shown = page.evaluate(
        """(top) => [...document.querySelectorAll('#welcome h1, #welcome p, #welcome .card')].some((e) => {
            const r = e.getBoundingClientRect();
            const drawn = (y) => e.contains(document.elementFromPoint(r.left + r.width / 2, y));
            return [top + 2, top + 20].some((y) => r.top < y && y < r.bottom && drawn(y));
        })""",
        below["y"],
    )
    assert not shown
    box(page).fill("a line\n" * 30)
    expect(page.locator("#box .submit-button")).to_be_in_viewport(ratio=1)


def test_what_the_model_saw_unfolds_into_view(open_page: Open, server: Any) -> None:
    seen = {"kind": "image", "original_size": [64, 64], "seen_size": [64, 64], "visual_tokens": 4}
    history = server.history()
    try:
        conversation = history.create_conversation("seen").id
        history.add_message(conversation, role="user", text="look")
        history.add_message(conversation, role="assistant", text="word\n\n" * 60, facts={"seen": [seen] * 3})
    finally:
        history.close()
    page = open_page(f"/?c={conversation}")
    page.wait_for_timeout(1000)  # until what is opened has been scrolled to its end
    page.locator("#chat .saw summary").click()
    expect(page.locator("#chat .saw li").last).to_be_in_viewport(ratio=1)
    shown, composer = page.locator("#chat .saw li").last.bounding_box(), page.locator("#composer").bounding_box()
    assert shown is not None
    assert composer is not None
    assert shown["y"] + shown["height"] <= composer["y"]


def test_the_button_that_copies_code_lies_beside_it(open_page: Open, server: Any) -> None:
    history = server.history()
    try:
        conversation = history.create_conversation("long code").id
        history.add_message(conversation, role="user", text="code")
        history.add_message(conversation, role="assistant", text="```python\n" + "x = 1; " * 60 + "\n```")
    finally:
        history.close()
    page = open_page(f"/?c={conversation}")
    code, button = page.locator("#chat pre"), page.locator("#chat .copy_code_button")
    expect(button).to_be_visible()
    lines, icon = code.bounding_box(), button.bounding_box()
    assert lines is not None
    assert icon is not None
    assert lines["x"] + lines["width"] <= icon["x"]
    assert code.evaluate("(e) => e.scrollWidth > e.clientWidth")
