"""Videos, small and of 200 MB, through the browser; and the page without a mouse."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from media_cases import video
from page_steps import ask, box, conversation_of, picture_file, set_control, wait_for_end

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
Open = Callable[..., Page]


def padded(data: bytes, path: Path, size: int) -> Path:
    """An MP4 file brought to `size` bytes by a box that players skip; a hole on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.write(struct.pack(">I4s", size - len(data), b"free"))
        file.truncate(size)
    return path


@pytest.mark.parametrize("megabytes", [0, 200])
def test_a_video_is_answered_with_its_frames(open_page: Open, server: Any, tmp_path: Path, megabytes: int) -> None:
    data = video(24, (64, 64), 12)
    clip = padded(data, tmp_path / "clip.mp4", max(megabytes << 20, len(data) + 8))
    page = open_page()
    page.locator("#box input[type=file]").set_input_files([clip])
    expect(page.locator("#box .thumbnail-item")).to_have_count(1, timeout=60_000)
    box(page).fill("What happens?")
    set_control(page, "max_tokens", 16)
    expect(page.locator("#box .submit-button")).to_be_enabled(timeout=60_000)
    page.wait_for_function("!document.querySelector('#box .uploading, #box .file-uploading')", timeout=60_000)
    box(page).press("Enter")
    expect(page.locator("#chat .said")).to_have_text("What happens?", timeout=60_000)
    wait_for_end(page)
    page.locator("#chat .saw summary").click()
    expect(page.locator("#chat .saw")).to_contain_text(re.compile(r"Video 1: 64×64 px, \d+ frames"))
    expect(page.locator("#chat .media video")).to_have_count(1)
    history = server.history()
    try:
        medium = history.get_conversation(conversation_of(page)).messages[0].media[0]
    finally:
        history.close()
    assert medium.kind == "video"
    assert medium.size == clip.stat().st_size


def test_a_video_that_the_browser_cannot_play_is_explained(open_page: Open, server: Any, tmp_path: Path) -> None:
    clip = tmp_path / "old.mp4"
    clip.write_bytes(video(codec="mpeg4"))
    history = server.history()
    try:
        conversation = history.create_conversation("old codec").id
        medium = history.put_media(clip, name=clip.name)
        history.add_message(conversation, role="user", text="what?", media=[medium])
    finally:
        history.close()
    page = open_page(f"/?c={conversation}")
    expect(page.locator("#chat .clip .excuse")).to_contain_text("old.mp4: this browser cannot play")
    expect(page.locator("#chat video")).to_be_hidden()


def test_a_file_over_the_limit_is_refused_in_the_pages_language(open_page: Open, tmp_path: Path) -> None:
    page = open_page(locale="zh-CN")
    # 512 MB would be slow to read
    page.locator("#labels [data-limit]").evaluate("(labels) => { labels.dataset.limit = 100; }")
    page.locator("#box input[type=file]").set_input_files([picture_file(tmp_path, "huge.png")])
    expect(page.locator(".toast-wrap")).to_contain_text(re.compile(r"huge\.png 超过 \d+ MB 的上限"))
    expect(page.locator("#box .thumbnail-item")).to_have_count(0)


@pytest.mark.parametrize(("name", "mime"), [("notes.pdf", "application/pdf"), ("notes.png", "image/png")])
def test_a_file_of_another_kind_is_refused_by_name_at_once(
    open_page: Open, tmp_path: Path, name: str, mime: str
) -> None:
    page = open_page(locale="zh-CN")
    box(page).fill("请看")
    page.locator("#box input[type=file]").set_input_files([picture_file(tmp_path, "good.png")])
    expect(page.locator("#box .thumbnail-item")).to_have_count(1)
    page.locator("#box input[type=file]").set_input_files({"name": name, "mimeType": mime, "buffer": b"no pixels"})
    expect(page.locator(".toast-wrap")).to_contain_text(re.compile(f"{name} 不是.*图片或视频"))
    expect(page.locator("#box .thumbnail-item")).to_have_count(1)
    expect(page.locator("#box .thumbnail-item img")).to_have_attribute("src", re.compile("good.png"))
    expect(box(page)).to_have_value("请看")


def focused(page: Page) -> tuple[str, str]:
    """Role and name of the element that has the focus, as Chromium tells assistive technology."""
    session = page.context.new_cdp_session(page)
    found = session.send("Runtime.evaluate", {"expression": "document.activeElement"})["result"]["objectId"]
    node = session.send("Accessibility.getPartialAXTree", {"objectId": found, "fetchRelatives": False})["nodes"][0]
    session.detach()
    return node["role"]["value"], node.get("name", {}).get("value", "")


def test_the_buttons_of_a_message_are_reached_by_tab_and_named(open_page: Open) -> None:
    page = open_page()
    ask(page, "reach me", tokens=16)
    wait_for_end(page)
    page.locator("#header .act-settings").focus()
    reached: list[tuple[str, str]] = []
    for _ in range(16):
        page.keyboard.press("Tab")
        reached.append(focused(page))
        if reached[-1] == ("textbox", "Message"):
            break
    assert all(name for _, name in reached), reached
    names = [name for role, name in reached if role == "button"]
    wanted = ["Copy", "Edit", "Delete this question and its answer", "Copy", "Try again", "Delete this answer"]
    positions = iter(names)
    assert all(name in positions for name in wanted), names  # in this order
    assert reached[-1] == ("textbox", "Message")
    # Enter on a focused button does what a click does
    page.locator("#chat .act-edit").focus()
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("reach me")
    page.keyboard.press("Escape")
    expect(page.locator("#editing .notice")).to_have_count(0)
    expect(box(page)).to_have_value("")


def test_a_picture_dropped_in_while_the_page_still_loads_stays(open_page: Open, tmp_path: Path) -> None:
    page = open_page()

    def late(route: Route) -> None:
        page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/queue/join*", late, times=1)
    page.reload(wait_until="commit")
    page.locator("#box input[type=file]").set_input_files(picture_file(tmp_path, "early.png"))
    expect(page.locator("#box .thumbnail-item")).to_have_count(1)
    expect(page.locator("html.ready")).to_have_count(1)
    page.wait_for_timeout(500)
    expect(page.locator("#box .thumbnail-item")).to_have_count(1)
