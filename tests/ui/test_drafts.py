"""What stands in the composer unsent, text and files, outlives a reload and the editing of an earlier message."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from page_steps import ask, box, picture_file, wait_for_end
from qwen3_vl_webui.ui.drafts import Draft, read_draft, write_draft

Open = Callable[..., Page]


def test_a_draft_comes_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "uploads" / "x" / "a.png"
    file.parent.mkdir(parents=True)
    file.touch()
    assert read_draft(write_draft("words", [str(file)]), tmp_path / "uploads") == Draft(
        text="words", files=(str(file),)
    )


def test_a_draft_brings_back_uploads_alone_and_names_what_is_gone(tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (tmp_path / "secret.db").touch()
    gone = [str(uploads / "gone.png"), str(uploads / ".." / "secret.db"), str(tmp_path / "secret.db"), "a\0b"]
    assert read_draft(write_draft("", gone), uploads) == Draft(lost=("gone.png", "secret.db", "secret.db", "a\0b"))


@pytest.mark.parametrize("kept", ["", "{", "7", "[]", "null", '{"text": 1, "files": [2, null]}', '{"files": "x"}'])
def test_anything_may_stand_where_the_browser_keeps_the_draft(kept: str, tmp_path: Path) -> None:
    assert read_draft(kept, tmp_path) == Draft()


def draft_with_a_file(page: Page, folder: Path) -> None:
    page.locator("#box input[type=file]").set_input_files([picture_file(folder, "draft.png")])
    expect(page.locator("#box .thumbnail-item")).to_have_count(1)
    box(page).fill("my draft")


def expect_draft(page: Page, text: str = "my draft", files: int = 1) -> None:
    expect(box(page)).to_have_value(text)
    expect(page.locator("#box .thumbnail-item")).to_have_count(files)


@pytest.mark.browser
@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", ["cancel", "send", "leave", "reload"])
def test_editing_an_earlier_message_gives_the_draft_back(open_page: Open, tmp_path: Path, way: str) -> None:
    page = open_page()
    ask(page, "the question", tokens=16)
    wait_for_end(page)
    draft_with_a_file(page, tmp_path)
    page.locator("#chat .act-edit").click()
    expect_draft(page, "the question", 0)
    match way:
        case "cancel":
            page.locator("#editing .act-cancel-edit").click()
        case "send":
            ask(page, "the better question")
            wait_for_end(page)
        case "leave":
            box(page).fill("half edited")
            page.locator("#new-chat").click()
        case "reload":
            page.wait_for_timeout(300)
            page.reload()
    expect_draft(page)
    expect(page.locator("#editing .notice")).to_have_count(0)
    page.reload()
    expect_draft(page)


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_a_draft_keeps_its_files_through_a_reload_until_they_are_sent(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    draft_with_a_file(page, tmp_path)
    page.locator("#box input[type=file]").set_input_files([picture_file(tmp_path, "second.png")])
    expect_draft(page, files=2)
    page.reload()
    expect_draft(page, files=2)
    page.locator("#box .thumbnail-item .delete-button").first.click()
    expect_draft(page, files=1)
    page.reload()
    expect_draft(page, files=1)
    ask(page, "look at it", tokens=16)
    expect(page.locator("#chat .media img")).to_have_count(1)
    wait_for_end(page)
    page.reload()
    expect(page.locator("#chat .said")).to_have_text("look at it")
    expect_draft(page, "", 0)


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_files_of_a_draft_that_are_gone_are_named(open_page: Open, tmp_path: Path, server: Any) -> None:
    page = open_page(locale="zh-CN")
    draft_with_a_file(page, tmp_path)
    page.wait_for_function("localStorage['qwen3vl.draft']?.includes('my draft')")
    [file] = json.loads(page.evaluate("localStorage['qwen3vl.draft']"))["files"]
    Path(file).unlink()
    page.reload()
    expect(page.locator(".toast-body")).to_contain_text(re.compile("不再保留.*draft.png"))
    expect_draft(page, files=0)


@pytest.mark.browser
def test_uploads_are_kept_in_the_data_folder(open_page: Open, server: Any, tmp_path: Path) -> None:
    """So that a server that stops clears away no other one's."""
    draft_with_a_file(open_page(), tmp_path)
    assert list((server.data / "uploads").rglob("draft.png"))
