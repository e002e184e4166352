"""Journeys through the page in real Chromium against the real engine, on tiny checkpoints whose answers are noise."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from page_steps import answer_ids, ask, box, choose, conversation_of, delete, picture_file, set_control, wait_for_end
from qwen3_vl_webui.ui.presets import PRESETS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(170)]
Open = Callable[..., Page]


def test_pictures_are_answered_with_figures_and_survive_a_reload(open_page: Open, server: Any, tmp_path: Path) -> None:
    page = open_page()
    expect(page.locator("#welcome .card")).to_have_count(4)
    files = [picture_file(tmp_path, "first.png"), picture_file(tmp_path, "second.jpg", (128, 96))]
    page.locator("#box input[type=file]").set_input_files(files)
    expect(page.locator("#box .thumbnail-item")).to_have_count(2)
    ask(page, "What is this?", tokens=24)
    wait_for_end(page)
    expect(page.locator("#chat .media img")).to_have_count(2)
    page.wait_for_function("[...document.querySelectorAll('#chat .media img')].every((img) => img.naturalWidth > 0)")
    figures = page.locator("#chat .figures").inner_text()
    assert re.search(r"first token [\d.]+ s", figures)
    assert re.search(r"[\d.]+ tokens/s", figures)
    assert re.search(r"\d+ in", figures)
    assert re.search(r"\d+ out", figures)
    page.locator("#chat .saw summary").click()
    assert "first.png" not in page.locator("#chat .saw").inner_text()
    assert "96×64 px" in page.locator("#chat .saw").inner_text()
    assert "128×96 px" in page.locator("#chat .saw").inner_text()
    page.reload()
    expect(page.locator("#chat .said")).to_have_text("What is this?")
    expect(page.locator("#chat .media img")).to_have_count(2)
    with_cache = page.locator("#chat .figures").inner_text()
    assert with_cache == figures
    # the same conversation again is found in the prefix cache
    ask(page, "And now?")
    wait_for_end(page)
    assert re.search(r"\([\d,]+ cached\)", page.locator("#chat .figures").last.inner_text())


def test_reasoning_is_folded_with_a_live_timer_and_stop_keeps_what_came(open_page: Open, server: Any) -> None:
    page = open_page()
    choose(page, "Thinking")
    ask(page, "Think about it", tokens=3800)
    title = page.get_by_text(re.compile(r"Thinking… [\d.]+ s"))
    expect(title).to_be_visible(timeout=20_000)
    first = title.inner_text()
    page.wait_for_timeout(500)
    assert title.inner_text() != first
    page.keyboard.press("Escape")
    expect(page.get_by_text(re.compile(r"Thought for [\d.]+ s, then stopped"))).to_be_visible()
    expect(page.locator("#chat .notice")).to_contain_text("Stopped.")
    history = server.history()
    try:
        record = history.get_conversation(conversation_of(page)).messages[-1]
    finally:
        history.close()
    assert record.status == "stopped"
    assert record.edition == "thinking"
    assert record.reasoning
    # mid-chat the next answer may come from the other edition
    choose(page, "Instruct")
    ask(page, "Answer at once", tokens=16)
    wait_for_end(page)
    expect(page.locator("#chat .figures").last).to_contain_text("Instruct")


def test_an_answer_goes_on_while_the_page_is_away(open_page: Open, server: Any) -> None:
    page = open_page()
    ask(page, "Write for long", tokens=1200)
    page.wait_for_timeout(300)
    conversation = conversation_of(page)
    page.locator("#new-chat").click()
    expect(page.locator("#welcome .card").first).to_be_visible()
    expect(page).not_to_have_url(re.compile("c="))
    page.locator(f"[data-row='{conversation}'] .title").click()
    expect(page.locator("#chat .said")).to_have_text("Write for long")
    expect(page).to_have_url(re.compile(conversation))
    page.reload()
    wait_for_end(page)
    page.go_back()
    expect(page.locator("#chat .said")).to_have_count(1)


def test_retry_edit_and_delete_keep_the_files(open_page: Open, server: Any, tmp_path: Path) -> None:
    page = open_page()
    page.locator("#box input[type=file]").set_input_files([picture_file(tmp_path, "kept.png")])
    expect(page.locator("#box .thumbnail-item")).to_have_count(1)
    ask(page, "First wording\n  with <b>tags</b> and $x$", tokens=16)
    wait_for_end(page)
    ask(page, "A second question")
    wait_for_end(page)
    expect(page.locator("#chat .foot")).to_have_count(2)
    first, second = answer_ids(page)
    page.locator("#chat .foot .act-retry").click()
    page.wait_for_function(
        "id => ![...document.querySelectorAll('#chat .foot .act-delete.id-' + id)].length", arg=second
    )
    wait_for_end(page)
    expect(page.locator("#chat .foot")).to_have_count(2)
    kept, fresh = answer_ids(page)
    assert kept == first
    assert fresh != second

    page.locator("#chat .act-edit").first.click()
    expect(page.locator("#editing")).to_contain_text("editing an earlier message")
    expect(box(page)).to_have_value("First wording\n  with <b>tags</b> and $x$")
    expect(page.locator("#box .thumbnail-item")).to_have_count(1)
    ask(page, "Better wording")
    wait_for_end(page)
    expect(page.locator("#chat .said")).to_have_text(["Better wording"])
    expect(page.locator("#chat .media img")).to_have_count(1)
    expect(page.locator("#editing .notice")).to_have_count(0)

    delete(page.locator("#chat .foot"))
    expect(page.locator("#chat .foot")).to_have_count(0)
    page.locator("#chat .act-retry").click()
    wait_for_end(page)
    delete(page.locator("#chat .user-row"))
    expect(page.locator("#chat .said")).to_have_count(0)


def test_conversations_are_searched_renamed_exported_imported_and_deleted(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    ask(page, "zebra question", tokens=16)
    wait_for_end(page)
    conversation = conversation_of(page)
    page.locator("#search input").press_sequentially("zebra")
    expect(page.locator("#conversations .row")).to_have_count(1)
    page.locator("#search input").press_sequentially(" nothing like it")
    expect(page.locator("#conversations .nothing")).to_have_text("Nothing found.")
    page.locator("#search input").press("Control+a")
    page.locator("#search input").press("Delete")
    row = page.locator(f"[data-row='{conversation}']")
    row.hover()
    row.locator(".act-row-rename").click()
    row.locator("input").fill("Stripes <i>&</i> ${1}")
    row.locator("input").press("Enter")
    expect(row.locator(".title")).to_have_text("Stripes <i>&</i> ${1}")
    page.reload()
    expect(row.locator(".title")).to_have_text("Stripes <i>&</i> ${1}")

    saved: dict[str, Path] = {}
    for suffix in ("md", "json"):
        row.hover()
        with page.expect_download() as download:
            row.get_by_text(suffix, exact=True).click()
        saved[suffix] = tmp_path / f"export.{suffix}"
        download.value.save_as(saved[suffix])
    assert "zebra question" in saved["md"].read_text()
    assert json.loads(saved["json"].read_text())["title"] == "Stripes <i>&</i> ${1}"

    row.hover()
    delete(row)
    expect(row).to_have_count(0)
    expect(page.locator("#welcome .card").first).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.locator("#import").click()
    chooser.value.set_files(saved["json"])
    expect(page.locator("#chat .said")).to_have_text("zebra question")


def test_a_file_that_is_no_export_is_refused_in_the_language_of_the_page(open_page: Open) -> None:
    page = open_page(locale="zh-CN")
    with page.expect_file_chooser() as chooser:
        page.locator("#import").click()
    chooser.value.set_files({"name": "a.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n"})
    expect(page.locator(".toast-body")).to_contain_text("无法导入此文件：这不是本程序导出的对话：不是有效的 JSON")
    expect(page.locator(".toast-title")).to_be_hidden()
    expect(page.locator("input[type=file]:has(+ #import)")).to_have_attribute("accept", ".json")


def test_a_search_outlives_the_end_of_an_answer(open_page: Open) -> None:
    page = open_page()
    ask(page, "an unrelated question", tokens=400)
    page.locator("#search input").fill("nothing of this kind")
    expect(page.locator("#conversations .nothing")).to_have_text("Nothing found.")
    wait_for_end(page)
    page.wait_for_timeout(300)
    expect(page.locator("#conversations .nothing")).to_have_text("Nothing found.")


def test_a_page_that_shows_other_models_than_are_served_asks_for_them_again(open_page: Open) -> None:
    page = open_page()

    def other(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"served": "as if known only now"})

    page.route("**/ui/status*", other)
    with page.expect_request(lambda request: "queue/join" in request.url and '"served"' in (request.post_data or "")):
        page.evaluate("window.qwen3vl.poll()")
    page.unroute("**/ui/status*")
    expect(page.locator("#edition label")).to_have_text([re.compile("Instruct"), re.compile("Thinking")])


def test_a_page_that_asks_for_what_is_no_longer_there_says_so(open_page: Open) -> None:
    page = open_page(locale="zh-CN")

    def outdated(route: Route) -> None:
        route.continue_(post_data=json.dumps(route.request.post_data_json | {"fn_index": 9999}))

    page.route("**/queue/join*", outdated)
    page.locator("#new-chat").click()
    expect(page.locator(".toast-body").first).to_contain_text("页面中没有 9999。")


def test_presets_follow_the_edition_until_the_user_edits(open_page: Open) -> None:
    page = open_page()
    page.click(".act-settings")
    temperature = page.locator("#set-temperature input[type=number]")
    top_p = page.locator("#set-top_p input[type=number]")
    expect(temperature).to_have_value(str(PRESETS["instruct"]["temperature"]))
    choose(page, "Thinking")
    expect(temperature).to_have_value(str(PRESETS["thinking"]["temperature"]))
    expect(top_p).to_have_value(str(PRESETS["thinking"]["top_p"]))
    set_control(page, "temperature", 1.1)
    choose(page, "Instruct")
    expect(top_p).to_have_value(str(PRESETS["instruct"]["top_p"]))
    expect(temperature).to_have_value("1.1")
    page.reload()
    page.wait_for_selector("html.ready")
    expect(page.locator("#set-temperature input[type=number]")).to_have_value("1.1")
    page.click(".act-settings")
    page.locator("#reset").click()
    expect(temperature).to_have_value(str(PRESETS["instruct"]["temperature"]))


def test_the_language_follows_the_browser_and_switches_without_losing_the_chat(open_page: Open) -> None:
    page = open_page(locale="zh-CN")
    expect(page.locator("#welcome h1")).to_have_text("想了解图片里的什么？")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    ask(page, "你好", tokens=16)
    wait_for_end(page)
    expect(page.locator("#chat .figures")).to_contain_text("首词元")
    box(page).fill("还没发送")
    page.locator(".act-language").click()
    expect(page.locator("#chat .figures")).to_contain_text("first token")
    expect(page.locator("#new-chat")).to_have_text("New chat")
    expect(box(page)).to_have_value("还没发送")
    expect(page.locator("#chat .said")).to_have_text("你好")
    page.wait_for_timeout(600)
    page.reload()
    expect(page.locator("#new-chat")).to_have_text("New chat")
    expect(box(page)).to_have_value("还没发送")


def test_nothing_a_model_writes_runs_or_acts(open_page: Open, server: Any) -> None:
    evil = (
        "<img src=x onerror='window.pwned=1'><script>window.pwned=2</script>[a](javascript:window.pwned=3)"
        "<a href='javascript:window.pwned=4'>b</a><iframe srcdoc='<script>parent.pwned=5</script>'></iframe>"
        "<svg onload='window.pwned=6'></svg>"
        "<button class='act do-delete key-guess id-{id}'>c</button>"
        "<form action='javascript:window.pwned=7'><button>d</button></form><style>body{display:none}</style>"
    )
    history = server.history()
    try:
        conversation = history.create_conversation("<img src=x onerror='window.pwned=8'>").id
        question = history.add_message(conversation, role="user", text="<img src=x onerror='window.pwned=9'>")
        evil = evil.replace("{id}", question.id)
        history.add_message(conversation, role="assistant", text=evil, reasoning=evil)
    finally:
        history.close()
    page = open_page(f"/?c={conversation}")
    expect(page.locator("#chat .said")).to_have_text("<img src=x onerror='window.pwned=9'>")
    expect(page.locator("#chat .foot")).to_have_count(1)
    for link in page.locator("#chat a").all():
        assert not (link.get_attribute("href") or "").lower().startswith("javascript:")
    for button in page.locator("#chat button", has_text=re.compile("^[cd]$")).all():
        button.dispatch_event("click")
    page.wait_for_timeout(500)
    assert page.evaluate("window.pwned") is None
    assert page.locator("#chat iframe, #chat script").count() == 0
    expect(page.locator("#chat .said")).to_have_count(1)
    expect(page.locator("body")).to_be_visible()


def test_markdown_formulas_and_code_are_rendered(open_page: Open, server: Any) -> None:
    history = server.history()
    try:
        conversation = history.create_conversation("formats").id
        history.add_message(conversation, role="user", text="show")
        text = (
            "**bold** and $\\frac{1}{2}$\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\ndef f():\n    return 1\n```\n"
            "Fries cost $5 and soup $10 in a <select><option>menu</option></select> of Vec<String> here."
        )
        history.add_message(conversation, role="assistant", text=text)
    finally:
        history.close()
    page = open_page(f"/?c={conversation}")
    expect(page.locator("#chat strong", has_text="bold")).to_be_visible()
    expect(page.locator("#chat .katex").first).to_be_visible()
    expect(page.locator("#chat table td")).to_have_count(2)
    assert "    return 1" in page.locator("#chat pre code").inner_text()
    expect(page.locator("#chat .katex-html")).to_have_count(1)
    prices = "Fries cost $5 and soup $10 in a <select><option>menu</option></select> of Vec<String> here."
    expect(page.locator("#chat .prose", has_text="bold").last).to_contain_text(prices)


def test_pasted_and_dropped_pictures_arrive(open_page: Open) -> None:
    page = open_page()
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, "PNG")
    encoded = base64.b64encode(buffer.getvalue()).decode()
    page.evaluate(
        """([encoded]) => {
            const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
            const area = document.querySelector("#box textarea");
            area.focus();
            area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        [encoded],
    )
    expect(page.locator("#box .thumbnail-item")).to_have_count(1)
    page.evaluate(
        """([encoded]) => {
            const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "dropped.png", { type: "image/png" }));
            const area = document.querySelector("#box .full-container");
            for (const name of ["dragenter", "dragover", "drop"]) {
                area.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
            }
        }""",
        [encoded],
    )
    expect(page.locator("#box .thumbnail-item")).to_have_count(2)


def test_what_cannot_be_sent_stays_and_is_explained_in_the_language(open_page: Open, tmp_path: Path) -> None:
    page = open_page(locale="zh-CN")
    page.locator("#box input[type=file]").set_input_files([picture_file(tmp_path, "picture.png")])
    expect(page.locator("#box .thumbnail-item")).to_have_count(1)
    page.click(".act-settings")
    page.get_by_label("随机种子").fill("some")
    box(page).fill("请看")
    box(page).press("Enter")
    expect(page.locator(".toast-wrap")).to_contain_text("64 位整数")
    expect(box(page)).to_have_value("请看")
    expect(page.locator("#box .thumbnail-item")).to_have_count(1)


def test_a_failed_answer_is_marked_and_can_be_tried_again(open_page: Open, server: Any) -> None:
    page = open_page()
    ask(page, "word " * 900, tokens=16)  # more than the context holds
    expect(page.locator("#chat .notice.error")).to_contain_text("No answer:", timeout=20_000)
    expect(page.locator("#chat .notice.error .act-retry")).to_be_visible()
    ask(page, "short", tokens=16)
    wait_for_end(page)
    expect(page.locator("#chat .said")).to_have_count(2)
    expect(page.locator("#chat .notice.error")).to_have_count(1)  # the long one is not sent again


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
@pytest.mark.parametrize("dark", [False, True])
def test_every_width_fits_in_light_and_dark(open_page: Open, width: int, dark: bool) -> None:
    page = open_page(width=width, dark=dark)
    assert page.evaluate("document.body.classList.contains('dark')") is dark
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    page.wait_for_function(
        """() => ['#header', '#box', '#edition', '.act-settings'].every((selector) => {
            const r = document.querySelector(selector)?.getBoundingClientRect();
            return r && r.left >= 0 && r.right <= innerWidth && r.bottom <= innerHeight && r.width > 0;
        })"""
    )
    if width == 390:
        assert not page.locator("#conversations-bar.open").count()
        page.click(".act-conversations")
        expect(page.locator("#new-chat")).to_be_in_viewport()
    page.evaluate("document.querySelector('.act-theme').click()")
    assert page.evaluate("document.body.classList.contains('dark')") is not dark


def test_keys_and_names_for_assistive_technology(open_page: Open) -> None:
    page = open_page()
    expect(box(page)).to_be_focused()
    box(page).fill("one")
    box(page).press("Shift+Enter")
    assert "\n" in box(page).input_value()
    expect(page.locator("#chat .said")).to_have_count(0)
    box(page).fill("a question")
    set_control(page, "max_tokens", 16)
    box(page).press("Enter")
    wait_for_end(page)
    page.keyboard.press("Control+k")
    expect(page.locator("#welcome .card").first).to_be_visible()
    expect(box(page)).to_have_attribute("aria-label", "Message")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input:not([type=hidden]), textarea')]
            .filter((e) => e.offsetParent && !e.getAttribute('aria-label') && !e.textContent.trim() && !e.labels?.length
                           && !e.title && !e.placeholder).map((e) => e.outerHTML.slice(0, 200))"""
    )
    assert nameless == []
