"""What a person does on the page, as small steps for the tests."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect


def box(page: Page) -> Locator:
    return page.locator("#box textarea")


def ask(page: Page, text: str, *, tokens: int | None = None) -> None:
    """Send a question with the keyboard; `tokens` first limits the answer."""
    if tokens is not None:
        set_control(page, "max_tokens", tokens)
    box(page).fill(text)
    box(page).press("Enter")
    expect(page.locator("#chat .said").last).to_have_text(text)


def wait_for_end(page: Page) -> None:
    """Wait until every question that is shown has its whole answer."""
    questions = page.locator("#chat .said").count()
    expect(page.locator("#chat .foot")).to_have_count(max(1, questions), timeout=40_000)
    expect(page.locator("#box .submit-button")).to_be_visible()


def set_control(page: Page, name: str, value: float | str) -> None:
    if not page.locator("#settings-bar.open").count():
        page.click(".act-settings")
    field = page.locator(f"#set-{name} input[type=number]")
    field.click()
    field.press("Control+a")
    field.press("Delete")
    field.press_sequentially(str(value))
    field.press("Tab")


def choose(page: Page, edition: str) -> None:
    page.locator("#edition label", has_text=edition).click()


def delete(owner: Locator) -> None:
    """Delete the message or the conversation whose buttons are in `owner`, and answer yes."""
    owner.locator(".act-ask-delete").click()
    owner.locator(".confirm .yes").click()


def picture_file(folder: Path, name: str, size: tuple[int, int] = (96, 64)) -> Path:
    path = folder / name
    Image.new("RGB", size, "teal").save(path)
    return path


def answer_ids(page: Page) -> list[str]:
    """The stored message of each answer on the page."""
    classes = [button.get_attribute("class") or "" for button in page.locator("#chat .foot .act-delete").all()]
    return [found[1] for text in classes if (found := re.search(r"\bid-([0-9a-f]+)", text))]


def conversation_of(page: Page) -> str:
    found = re.search(r"[?&]c=([0-9a-f]+)", page.url)
    assert found
    return found[1]
