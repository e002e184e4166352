"""What the settings say is what the engine gets and what the model sees; and the examples, one click to an answer."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from media_cases import video
from page_steps import ask, box, choose, picture_file, set_control, wait_for_end
from qwen3_vl_webui.ui.examples import EXAMPLES
from qwen3_vl_webui.ui.presets import PRESETS, SAMPLING_CONTROLS
from qwen3_vl_webui.ui.texts import say

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
Open = Callable[..., Page]


def test_every_sampling_control_reaches_the_engine(open_page: Open, server: Any) -> None:
    page = open_page()
    ask(page, "as recommended", tokens=16)
    wait_for_end(page)
    before = server.sent()
    wanted = {name: value for name, value in PRESETS["instruct"].items() if name != "max_tokens"}
    assert {name: before["sampling"][name] for name in wanted} == wanted
    assert before["sampling"]["stop_repetition"]
    assert before["sampling"]["seed"] is None

    page.locator("#settings-bar").get_by_text("Penalties").click()
    values = {
        "temperature": 0.35, "top_p": 0.55, "top_k": 7, "max_tokens": 48, "presence_penalty": 0.4,
        "frequency_penalty": 0.3, "repetition_penalty": 1.25,
    }  # fmt: skip
    for name, value in values.items():
        set_control(page, name, value)
    page.get_by_label("End an answer that loops").uncheck()
    page.get_by_label("Seed").fill("42")
    page.get_by_label("System prompt", exact=True).fill("You speak like a pirate, whatever you are asked.")
    page.locator("#new-chat").click()
    expect(page.locator("#welcome .card").first).to_be_visible()
    ask(page, "as recommended")
    wait_for_end(page)
    after = server.sent()
    assert {name: after["sampling"][name] for name in values} == values
    assert after["sampling"]["stop_repetition"] is False
    assert after["sampling"]["seed"] == 42
    assert after["prompt_tokens"] > before["prompt_tokens"] + 10
    assert (before["edition"], after["edition"]) == ("instruct", "instruct")
    choose(page, "Thinking")
    ask(page, "and reasoned")
    wait_for_end(page)
    assert server.sent()["edition"] == "thinking"


def test_budgets_of_pictures_and_videos_reach_the_model(open_page: Open, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(video(24, (256, 256), 12))
    files = [picture_file(tmp_path, "large.png", (640, 640)), clip]
    page = open_page()

    def saw() -> tuple[int, int, int]:
        """Visual tokens of the picture and of the video, and the video's frames."""
        with page.expect_file_chooser() as chooser:
            page.locator("#box .upload-button").click()
        chooser.value.set_files(files)
        expect(page.locator("#box .thumbnail-item")).to_have_count(2)
        ask(page, "Look at both", tokens=16)
        wait_for_end(page)
        page.locator("#chat .saw summary").click()
        lines = page.locator("#chat .saw li").all_inner_texts()
        picture = re.search(r"(\d+) tokens", lines[0])
        clip = re.search(r"(\d+) frames .* (\d+) tokens", lines[1])
        assert picture is not None
        assert clip is not None
        return int(picture[1]), int(clip[2]), int(clip[1])

    assert saw() == (400, 128, 4)  # 20 by 20 tokens; two frames a second, each pair 8 by 8
    page.locator("#settings-bar").get_by_text("Pictures and videos").click()
    for name, value in {"max_pixels": 64, "fps": 8, "max_frames": 12, "video_pixels": 256}.items():
        set_control(page, name, value)
    page.locator("#new-chat").click()
    expect(page.locator("#welcome .card").first).to_be_visible()
    picture, frames_tokens, frames = saw()
    assert picture <= 64
    assert frames == 12
    assert 128 < frames_tokens <= 256


def test_budgets_start_within_the_checkpoints_own_rules_and_the_servers_caps(
    open_page: Open, make_server: Callable[..., Any], tiny_checkpoint: Path, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "small-pictures"
    shutil.copytree(tiny_checkpoint, checkpoint)
    rules = json.loads((checkpoint / "preprocessor_config.json").read_text())
    rules["size"]["longest_edge"] = 100 * 1024  # 100 visual tokens
    (checkpoint / "preprocessor_config.json").write_text(json.dumps(rules))
    server = make_server(tmp_path, instruct=str(checkpoint), max_video_pixels=40 * 2048, max_fps=1.5)
    server.start()
    try:
        page = open_page(url=server.url)
        clip = tmp_path / "clip.mp4"
        clip.write_bytes(video(24, (256, 256), 12))
        page.locator("#box input[type=file]").set_input_files([picture_file(tmp_path, "large.png", (640, 640)), clip])
        expect(page.locator("#box .thumbnail-item")).to_have_count(2)
        ask(page, "Look at both", tokens=16)
        wait_for_end(page)
        page.locator("#chat .saw summary").click()
        seen = [int(found[1]) for line in page.locator("#chat .saw li").all_inner_texts()
                if (found := re.search(r"(\d+) tokens", line))]  # fmt: skip
        assert len(seen) == 2
        assert 64 < seen[0] <= 100
        assert seen[1] <= 40
        page.locator("#settings-bar").get_by_text("Pictures and videos").click()
        for name, value in {"max_pixels": 100, "video_pixels": 40, "fps": 1.5, "max_frames": 128}.items():
            expect(page.locator(f"#set-{name} input[type=number]")).to_have_value(str(value))
    finally:
        server.stop()


def test_a_number_that_does_not_fit_is_refused_by_name_and_the_last_good_one_stays(open_page: Open) -> None:
    page = open_page()
    refused: list[tuple[str, Any, str]] = [
        ("temperature", 9, "Temperature takes a number from 0 to 2; it is still"),
        ("temperature", "", "Temperature takes a number from 0 to 2; it is still"),
        ("top_k", 1.5, "Top-k takes a whole number from 0 to 200; it is still 7."),
        ("max_tokens", 3, "Longest answer (tokens) takes a whole number from 16 to"),
    ]
    page.click(".act-settings")
    set_control(page, "top_k", 7)
    for name, wrong, sentence in refused:
        field = page.locator(f"#set-{name} input[type=number]")
        before = field.input_value()
        set_control(page, name, wrong)
        toast = page.locator(".toast-body", has_text=sentence)
        expect(toast).to_have_count(1)
        toast.locator(".toast-close").click()
        expect(field).to_have_value(before)
        expect(page.locator(f"#set-{name} input[type=range]")).to_have_value(before)
    assert json.loads(page.evaluate("localStorage['qwen3vl.edited']")) == ["top_k"]
    page.locator(".act-language").click()
    expect(page.locator("#new-chat")).to_have_text("新对话")
    set_control(page, "top_k", -1)
    expect(page.locator(".toast-body")).to_contain_text("“Top-k”应为 0 到 200 之间的整数，仍保持 7。")
    page.reload()
    expect(page.locator("#set-top_k input[type=number]")).to_have_value("7")


def test_a_kept_number_that_does_not_fit_is_not_taken_up() -> None:
    top_k = next(control for control in SAMPLING_CONTROLS if control.name == "top_k")
    assert [top_k.takes(value) for value in (0, 7, 7.0, 200)] == [True] * 4
    assert [top_k.takes(value) for value in (1.5, -1, 201, "7", None, True, float("nan"))] == [False] * 7


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_an_example_is_asked_with_its_picture_in_the_pages_language(open_page: Open, server: Any, locale: str) -> None:
    page = open_page(locale=locale)
    language = "zh" if locale.startswith("zh") else "en"
    set_control(page, "max_tokens", 16)
    for number, example in enumerate(EXAMPLES):
        if number:
            page.locator("#new-chat").click()
            expect(box(page)).to_be_focused()  # which would else take the focus from the card
        card = page.locator(f"#welcome .act-example.id-{example.name}")
        expect(card).to_be_visible()
        card.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#chat .said")).to_have_text(say(f"example_{example.name}_prompt", language))
        expect(page.locator("#chat .media img")).to_have_count(1)
        wait_for_end(page)
    expect(box(page)).to_be_focused()
