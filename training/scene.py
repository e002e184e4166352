"""What a generator returns: pictures or frames, and questions about them whose answers are known from the drawing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np

Box = tuple[float, float, float, float]  # x1, y1, x2, y2 in pixels


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One question with the answer that Instruct gives at once and the chain that Thinking writes before it."""

    skill: str
    question: str
    answer: str
    thinking: str
    check: dict[str, Any] = field(
        default_factory=dict
    )  # what is compared: {"type": ..., ...}; left out: the answer itself

    def __post_init__(self) -> None:
        if not self.check:
            object.__setattr__(self, "check", {"type": "text", "text": self.answer})


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Media and independent conversations about them: each element of `conversations` is a list of turns that follow each other."""

    conversations: list[list[Turn]]
    pictures: list[np.ndarray] = field(default_factory=list)  # uint8 [h, w, 3], sides multiples of 32
    frames: np.ndarray | None = None  # uint8 [frames, h, w, 3] of one video
    times: Sequence[float] = ()  # seconds of each pair of frames
    system: str = ""
    tools: tuple[dict[str, Any], ...] = ()
    vision_ids: bool = False
    stretch: int = 0  # positions left out after each picture, as if more stood there


Generator = Callable[[Random, bool, int], Sample]  # (random numbers, held-out?, most visual tokens) -> sample


def scaled(box: Box, width: int, height: int) -> list[int]:
    """Pixels to the 0-1000 scale of the model's answers."""
    x1, y1, x2, y2 = box
    values = (x1 / width, y1 / height, x2 / width, y2 / height)
    return [min(1000, max(0, round(value * 1000))) for value in values]


def center(box: Sequence[float]) -> list[int]:
    return [round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2)]


def boxes_json(items: Sequence[tuple[Sequence[int], str]]) -> str:
    """A fenced JSON list of boxes in the format of the published models."""
    rows = [
        "{" + f'"bbox_2d": {json.dumps(list(box))}, "label": {json.dumps(label, ensure_ascii=False)}' + "}"
        for box, label in items
    ]
    return "```json\n[\n" + ",\n".join(rows) + "\n]\n```"


def points_json(items: Sequence[tuple[Sequence[int], str]]) -> str:
    rows = [
        "{" + f'"point_2d": {json.dumps(list(point))}, "label": {json.dumps(label, ensure_ascii=False)}' + "}"
        for point, label in items
    ]
    return "```json\n[\n" + ",\n".join(rows) + "\n]\n```"


def one_by_one(lang: str) -> str:
    """The chain before a long list or a page. It names no kinds and no numbers: without what each thing says they are harder to tell, and the answer would be bound to them."""
    return "从上到下,逐个看。" if lang == "zh" else "From top to bottom, one by one."


def ask(rng: Random, lang: str, english: Sequence[str], chinese: Sequence[str], **values: Any) -> str:
    """One of many phrasings, sometimes as people really type: polite, hurried, without punctuation."""
    if lang == "zh":
        text = rng.choice(chinese).format(**values)
        roll = rng.random()
        if roll < 0.08:
            text = "请" + text if not text.startswith("请") else text
        elif roll < 0.14:
            text = rng.choice(["你好,", "帮我看看,", "麻烦你,"]) + text
        elif roll < 0.2:
            text += rng.choice(["谢谢!", "谢谢", "尽快回答"])
        elif roll < 0.4:
            text = text.rstrip("?。")
        return text
    text = rng.choice(english).format(**values)
    roll = rng.random()
    if roll < 0.06:
        text = "Please " + text[0].lower() + text[1:]
    elif roll < 0.11:
        text = rng.choice(["Hi, ", "Hello! ", "Hey, ", "ok, "]) + text[0].lower() + text[1:]
    elif roll < 0.16:
        text += rng.choice([" Thanks!", " Thank you.", " thanks", " please"])
    elif roll < 0.26:
        text = text.lower() if not any(mark in text for mark in "\"'{") else text
    elif roll < 0.4:
        text = text.rstrip("?.")
    return text


# What people ask of any picture, before they know what can be asked of this one.
_ANYTHING = (
    [
        "Describe this picture.",
        "Describe this image.",
        "What is in the image?",
        "What do you see?",
        "What is this?",
        "Describe what you see in this picture.",
        "What does this picture show?",
    ],
    [
        "描述这张图片。",
        "图里有什么?",
        "这是什么?",
        "你看到了什么?",
        "这张图片里有什么?",
        "看看这张图。",
        "这张图是什么内容?",
    ],
)


def openly(rng: Random, lang: str, turn: Turn, share: float = 0.3) -> Turn:
    """The turn, a share of the time with a question that fits any picture; its skill says so then."""
    if rng.random() >= share:
        return turn
    return replace(turn, skill=f"{turn.skill}_openly", question=ask(rng, lang, *_ANYTHING))
