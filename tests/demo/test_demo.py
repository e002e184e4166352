"""The bundled checkpoints load like the published ones and do what the page says they do.

Thresholds lie well below the measured quality (training/LOG.md): a failure means that something broke, not bad luck.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

import qwen3_vl_webui
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.messages import Message, TextPart
from qwen3_vl_webui.processing.processor import Processor

ROOT = Path(qwen3_vl_webui.__file__).parent
DEMO = ROOT / "demo"
EXAMPLES = ROOT / "ui" / "examples"


def example(name: str) -> Image.Image:
    return Image.open(EXAMPLES / name).convert("RGB")


def test_both_fit_into_forty_megabytes() -> None:
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) <= 40_000_000


@pytest.mark.parametrize("edition", ["instruct", "thinking"])
def test_a_model_card_says_what_it_is(edition: str) -> None:
    card = (DEMO / edition / "README.md").read_text(encoding="utf-8")
    assert "It is not Qwen3-VL" in card
    assert "cannot do" in card


@pytest.mark.parametrize("edition", ["instruct", "thinking"])
def test_the_template_renders_as_the_published_ones(edition: str) -> None:
    processor = Processor.load(DEMO / edition, MediaLimits())
    messages = [
        Message(role="system", parts=(TextPart("Be brief."),)),
        Message(role="user", parts=(TextPart("Hi"),)),
        Message(
            role="assistant", parts=(TextPart("<think>\nold\n</think>\n\nHello" if edition == "thinking" else "Hello"),)
        ),
        Message(role="user", parts=(TextPart("Who?"),)),
    ]
    tail = "<think>\n" if edition == "thinking" else ""
    assert processor.implicit_think is (edition == "thinking")
    assert processor.prepare(messages).text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello<|im_end|>\n"
        f"<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n{tail}"
    )
    tool: dict[str, Any] = {"type": "function", "function": {"name": "f", "parameters": {}}}
    text = processor.prepare(messages[3:], tools=[tool]).text
    assert text.startswith("<|im_start|>system\n# Tools\n\nYou may call one or more functions")
    assert '<tools>\n{"type": "function"' in text


@pytest.mark.parametrize("question", ["你是谁?", "你是谁\uff1f", "Who are you?"])
def test_it_says_what_it_is(instruct: Any, question: str) -> None:
    answer = instruct.ask(question)
    assert "--model 4b" in answer
    assert "demonstration" in answer or "演示" in answer


def test_it_admits_what_it_does_not_know(instruct: Any, thinking: Any) -> None:
    for edition in (instruct, thinking):
        assert "outside what I know" in edition.ask("What is the capital of France?")


def test_it_misses_an_absent_picture(instruct: Any) -> None:
    assert "no picture" in instruct.ask("Describe this screen.")


def test_thinking_thinks_and_instruct_does_not(instruct: Any, thinking: Any) -> None:
    assert "</think>" in thinking.ask("Who are you?")
    assert "</think>" not in instruct.ask("Who are you?")


def test_it_describes_the_example_screen(instruct: Any) -> None:
    answer = instruct.ask("请描述这张手机界面有哪些控件?", example("phone.png"))
    found = sum(word in answer for word in ("Settings", "Search", "Wi-Fi", "Bluetooth", "Save", "Cancel", "Home"))
    assert found >= 6, answer
    assert "标题" in answer
    assert "搜索框" in answer


def test_it_computes_with_the_example_triangle(instruct: Any, thinking: Any) -> None:
    for edition in (instruct, thinking):
        answer = edition.ask("计算图中三角形面积,并写出步骤", example("triangle.png")).split("</think>")[-1]
        assert "48/2=24" in answer


def test_it_computes_the_rates_of_the_example_chart(thinking: Any) -> None:
    question = "In which quarter did net profit grow fastest? Show the calculation."
    answer = thinking.ask(question, example("chart.png")).split("</think>")[-1]
    for line in ("(40-36)/36=11%", "(60-40)/40=50%", "(75-60)/60=25%"):
        assert line in answer


def test_it_points_at_the_controls_of_the_example_screen(instruct: Any) -> None:
    """Where `scripts/draw_examples.py` drew them, in thousandths of the picture."""
    for name, (x1, y1, x2, y2) in {"Save": (83, 668, 917, 736), "Cancel": (83, 761, 917, 830)}.items():
        answer = instruct.ask(f"Click the {name} button.", example("phone.png"))
        point = re.search(r"\[(\d+), (\d+)\]", answer)
        assert point, answer
        assert x1 <= int(point[1]) <= x2, answer
        assert y1 <= int(point[2]) <= y2, answer


def test_it_says_that_a_photograph_is_beyond_it(instruct: Any, thinking: Any) -> None:
    """A photograph's stand-in: soft light, many shaded things over each other, noise."""
    import numpy as np

    random = np.random.default_rng(3)
    light = np.asarray(Image.fromarray(random.integers(60, 200, (5, 6, 3), np.uint8)).resize((448, 320), 3), np.float32)
    texture = sum(
        np.asarray(Image.fromarray(random.integers(0, 255, (4 * k, 5 * k), np.uint8)).resize((448, 320), 3), np.float32)
        / k
        for k in (2, 5, 12, 30)
    )
    picture = Image.fromarray(np.clip(light + 0.35 * (texture - texture.mean())[..., None], 0, 255).astype(np.uint8))
    for edition in (instruct, thinking):
        answer = edition.ask("Describe this picture.", picture)
        assert "trained only on drawn pictures" in answer


def test_it_reads_text_that_another_program_drew(instruct: Any) -> None:
    """Most of it: letters of Pillow's own font, which is never trained, in two sizes."""
    words = ("Search", "Welcome back", "Settings", "Shopping cart", "2024")
    more = ("Notifications", "Forgot password?", "Total 35.20", "Order number", "Continue")
    right = 0
    for text, size in itertools.product(words + more, (24, 34)):
        picture = Image.new("RGB", (320, 96), "white")
        ImageDraw.Draw(picture).text((30, 28), text, fill="black", font=ImageFont.load_default(size))
        answer = instruct.ask("Read the text.", picture, most=40)
        right += re.sub(r"\W", "", answer).lower() == re.sub(r"\W", "", text).lower()
    assert right >= 12
