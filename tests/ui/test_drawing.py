"""What an answer points at is drawn over its picture, in the right place and in the picture's own pixels; pages that an
answer wrote are shown where they can do no harm."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from page_steps import picture_file
from qwen3_vl_webui.ui.drawing import places_in_pixels, render_places
from qwen3_vl_webui.ui.preview import find_page

Open = Callable[..., Page]
TEXT = """```json
[{"bbox_2d": [100, 500, 300, 750], "label": "<b>Save</b>"},
{"point_2d": [900, 100], "label": "close"}]
```"""


def seen(*pictures: tuple[str, int, tuple[int, int]], kind: str = "image") -> dict[str, Any]:
    """Facts of an answer that saw `pictures`: hash, number of the message, size."""
    return {
        "seen": [
            {
                "kind": kind, "hash": digest, "turn": turn, "original_size": list(size), "seen_size": [32, 32],
                "visual_tokens": 1, "frame_times": [],
            }
            for digest, turn, size in pictures
        ]
    }  # fmt: skip


def test_places_are_told_in_pixels_of_the_picture_that_was_asked_about_last() -> None:
    facts = seen(("aa", 0, (50, 50)), ("bb", 2, (200, 400)))
    assert places_in_pixels(TEXT, facts) == [
        {"label": "<b>Save</b>", "box": [20, 200, 60, 300]},
        {"label": "close", "point": [180, 40]},
    ]
    html = render_places(TEXT, facts, "id", "en")
    assert "media/bb" in html
    assert "media/aa" not in html
    assert "<b>Save" not in html
    assert "(20, 200) – (60, 300)" in html


@pytest.mark.parametrize(
    "facts",
    [
        {},
        seen(("aa", 0, (9, 9)), kind="video"),
        {"seen": [{"kind": "image"}]},
        {"seen": ["import", {"kind": "image", "hash": "aa", "turn": 0, "original_size": ["<b>", 1]}]},
    ],
)
def test_nothing_is_drawn_without_a_picture(facts: dict[str, Any]) -> None:
    assert render_places(TEXT, facts, "id", "en") == ""
    assert places_in_pixels(TEXT, facts) == []


def test_nothing_is_drawn_on_a_picture_that_is_gone_or_without_places() -> None:
    assert render_places(TEXT, seen(("aa", 0, (9, 9))), "id", "en", stored=()) == ""
    assert render_places("There is none.", seen(("aa", 0, (9, 9))), "id", "zh") == ""


def test_with_several_pictures_each_is_shown_because_the_answer_names_none() -> None:
    html = render_places(TEXT, seen(("aa", 2, (10, 10)), ("bb", 2, (20, 20))), "id", "en")
    assert html.count("<details") == 2
    assert html.count("<details open") == 1


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("Here:\n```html\n<p>a</p>\n```\nDone.", "<p>a</p>"),
        ("```HTML\n<p>cut", "<p>cut"),
        ("```html\n<p>a</p>\n```\n```html\n<p>longer</p>\n```", "<p>longer</p>"),
        ("<!DOCTYPE html><p>x", "<!DOCTYPE html><p>x"),
        ("```python\nhtml\n```", None),
        ("Use <html> tags.", None),
    ],
)
def test_a_page_is_found_in_an_answer(text: str, page: str | None) -> None:
    assert find_page(text) == page


def conversation(server: Any, files: Sequence[Path], answer: str) -> tuple[str, str]:
    """A stored question with pictures and its answer; the ids of the conversation and the answer."""
    history = server.history()
    try:
        media = [history.put_media(file, name=file.name) for file in files]
        conversation_id = history.create_conversation("pointing").id
        history.add_message(conversation_id, role="user", text="where?", media=media)
        sizes = []
        for file in files:
            with Image.open(file) as image:
                sizes.append(image.size)
        facts = seen(*((medium.hash, 0, size) for medium, size in zip(media, sizes, strict=True)))
        return conversation_id, history.add_message(conversation_id, role="assistant", text=answer, facts=facts).id
    finally:
        history.close()


@pytest.mark.browser
@pytest.mark.timeout(120)
@pytest.mark.parametrize("width", [390, 1280])
def test_boxes_lie_where_they_belong_and_can_be_saved(open_page: Open, server: Any, tmp_path: Path, width: int) -> None:
    conversation_id, _ = conversation(server, [picture_file(tmp_path, "wide.png", (700, 300))], TEXT)
    page = open_page(f"/?c={conversation_id}", width=width)
    page.wait_for_function("document.querySelector('#chat .canvas img')?.naturalWidth")
    picture = page.locator("#chat .canvas img").bounding_box()
    box = page.locator("#chat .mark.box").bounding_box()
    assert picture is not None
    assert box is not None
    assert picture["width"] / picture["height"] == pytest.approx(700 / 300, rel=0.02)
    assert box["x"] == pytest.approx(picture["x"] + 0.1 * picture["width"], abs=1.5)
    assert box["y"] == pytest.approx(picture["y"] + 0.5 * picture["height"], abs=1.5)
    assert box["width"] == pytest.approx(0.2 * picture["width"], abs=1.5)
    assert box["height"] == pytest.approx(0.25 * picture["height"], abs=1.5)
    expect(page.locator("#chat .places li").first).to_have_text("<b>Save</b> (70, 150) – (210, 225)")
    page.locator("#chat .places li").first.hover()
    expect(page.locator("#chat .mark.box.lit")).to_have_count(1)
    page.locator("#chat .canvas img").focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog.viewer .mark")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("dialog.viewer")).to_have_count(0)
    with page.expect_download() as download:
        page.locator("#chat .act-save-drawing").click()
    saved = tmp_path / "marked.png"
    download.value.save_as(saved)
    with Image.open(saved) as image:
        assert image.size == (700, 300)
        assert image.convert("RGB").getpixel((140, 225)) != image.convert("RGB").getpixel((400, 50))  # the box's edge


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_a_previewed_page_runs_but_reaches_nothing(open_page: Open, server: Any, tmp_path: Path) -> None:
    evil = (
        "```html\n<h1>mine</h1><script>\n"
        "let told = []; try { parent.pwned = 1; } catch (e) { told.push('parent'); }\n"
        "try { localStorage.x = 1; } catch (e) { told.push('storage'); }\n"
        "fetch('/api/conversations').then(() => told.push('LEAK'), () => told.push('net')).then(() => {\n"
        "document.title = told.join(); document.querySelector('h1').textContent = told.join(); });\n"
        "try { top.location = 'http://127.0.0.1:9/'; } catch (e) { told.push('top'); }\n</script>\n```"
    )
    conversation_id, answer = conversation(server, [picture_file(tmp_path, "shot.png")], evil)
    page = open_page(f"/?c={conversation_id}")
    page.locator("#chat .act-preview").click()
    expect(page.frame_locator("dialog.preview iframe").locator("h1")).to_have_text("parent,storage,top,net")
    assert page.evaluate("window.pwned") is None
    assert conversation_id in page.url
    page.locator("dialog.preview .act-close").click()
    expect(page.locator("dialog.preview")).to_have_count(0)
    policy = httpx.get(f"{server.url}/ui/preview/{answer}").headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert json.loads(httpx.get(f"{server.url}/ui/places/{answer}").text) == []
