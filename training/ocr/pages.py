"""Pages to remember: facts on many pictures, asked for when all of them have been seen."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import NamedTuple

from training.draw import Canvas, fit, text_width, wear
from training.fonts import choose
from training.ocr.ink import colors
from training.scene import Sample, Turn, ask
from training.served import shown
from training.words import COLORS, NAMES_EN, NAMES_ZH, color_name

_KINDS = [
    ("code of room", "号房间的密码"),
    ("price of ticket", "号票的价格"),
    ("owner of key", "号钥匙的主人"),
    ("color of box", "号箱子的颜色"),
]
SIZES = (
    (6, 4),
    (8, 6),
    (7, 9),
    (10, 8),
    (9, 12),
    (13, 10),
    (12, 16),
    (20, 14),
    (18, 24),
)  # in 32 pixels, width and height
_FEW = 50  # pages that somebody may still count


class Fact(NamedTuple):
    name: str
    value: str


def pages(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Several pages, a fact or some on each; the question needs one of them. Many of them are small ones, as `tokens` asks."""
    sizes = [size for size in SIZES if size[0] * size[1] <= max(24, tokens)]
    return _book(rng, held_out, rng.choice(sizes), rng.randint(2, 8 if tokens > 130 else 4), 4)


def book(rng: Random, held_out: bool, tokens: int) -> Sample:
    """As many pages as `tokens` hold when they are shown; facts are asked for that may stand far back."""
    size = rng.choice(SIZES)
    count = max(2, tokens // shown(size[0] * 32, size[1] * 32))
    return stretched(rng, held_out, _book(rng, held_out, size, count, max(12, min(100, count * 3 // 2))))


def stretched(rng: Random, held_out: bool, sample: Sample) -> Sample:
    """Far positions at little cost, now and then: up to 20,000 more, of the 32,768 that there are."""
    if held_out or rng.random() < 0.5:
        return sample
    return replace(sample, stretch=rng.randint(0, 20_000 // len(sample.pictures)))


def _facts(rng: Random, held_out: bool, lang: str, count: int) -> list[Fact]:
    """So many facts of different names."""
    zh = lang == "zh"
    names = [(number, rng.randrange(4)) for number in rng.sample(range(1, 1000), count)]
    if not held_out and rng.random() < 0.5:  # one number for several things: half of the question is not enough
        few = rng.sample(range(1, 1000), count // 3 + 2)
        names = rng.sample([(number, kind) for number in few for kind in range(4)], count)
    facts = []
    for number, kind in names:
        value = [
            str(rng.randint(1000, 9999)),
            str(rng.randint(5, 99)),
            rng.choice(NAMES_ZH if zh else NAMES_EN),
            color_name(rng.choice(list(COLORS)), lang),
        ][kind]
        facts.append(Fact(f"{number}{_KINDS[kind][1]}" if zh else f"{_KINDS[kind][0]} {number}", value))
    return facts


def _written(rng: Random, held_out: bool, lang: str, width: int, height: int, facts: list[Fact]) -> Canvas:
    """A page of facts, each one line, or its name and the value below."""
    ink, ground = colors(rng)
    canvas, font = Canvas(width, height, ground), choose(rng, lang, held_out)
    one_line = rng.random() < 0.4
    room = (height - 8) / (len(facts) * (1 if one_line else 2.1))  # for a line
    longest = max((f"{name}: {value}" if one_line else name for name, value in facts), key=len)
    size = fit(longest, font, min(round(room * 0.72), rng.randint(13, max(14, min(30, width // 14)))), width - 10)
    step = min(room, size * rng.uniform(1.45, 2.0))
    y = 4 + step / 2 + rng.random() * max(0.0, height - 8 - step * len(facts) * (1 if one_line else 2.1))
    left = 5.0 if rng.random() < 0.5 else rng.uniform(5, max(5.0, width - 5 - text_width(longest, font, size)))
    for name, value in facts:
        if one_line:
            canvas.text(left, y, f"{name}: {value}", font, size, ink)
            y += step
        else:
            canvas.text(left, y, name, font, size, ink)
            canvas.text(left, y + step, value, font, size + rng.randint(0, 1), ink)
            y += step * 2.1
    return canvas


def _book(rng: Random, held_out: bool, size: tuple[int, int], count: int, questions: int) -> Sample:
    """Pages of one size (in 32 pixels, width and height)."""
    lang = rng.choice(["en", "zh"])
    width, height = size[0] * 32, size[1] * 32
    most = max(1, min(6, height // 64))
    counts = [rng.randint(1, most) for _ in range(count)]
    facts = _facts(rng, held_out, lang, sum(counts))
    leaves = [[facts.pop() for _ in range(number)] for number in counts]
    pictures = [wear(rng, _written(rng, held_out, lang, width, height, leaf).array(), 0.5) for leaf in leaves]
    numbered = count < _FEW and rng.random() < 0.3
    asked = rng.sample([(page, fact) for page, leaf in enumerate(leaves) for fact in leaf], min(questions, sum(counts)))
    conversations = []
    for page, fact in asked:
        leaf = leaves[page]
        # Counting so far is not asked for, unless the pages are numbered.
        by_number = len(leaf) < 4 and (numbered or count <= 20) and rng.random() < 0.25
        conversations.append([_page_turn(rng, lang, page, leaf) if by_number else _fact_turn(rng, lang, fact)])
    return Sample(conversations=conversations, pictures=pictures, vision_ids=numbered)


def _fact_turn(rng: Random, lang: str, fact: Fact) -> Turn:
    question = ask(
        rng,
        lang,
        ["What is the {f}?", "Look through the pages: what is the {f}?", "Which {f} is given?"],
        ["{f}是什么?", "翻看这些页面,{f}是什么?", "请问{f}是什么?"],
        f=fact.name,
    )
    return recall("recall", question, fact.value, f"{fact.name}: {fact.value}")


def _page_turn(rng: Random, lang: str, page: int, leaf: list[Fact]) -> Turn:
    question = ask(
        rng,
        lang,
        ["What is on page {k}?", "Read picture {k}."],
        ["第{k}页写了什么?", "读出第{k}张图。"],
        k=page + 1,
    )
    answer = "\n".join(f"{name}: {value}" for name, value in leaf)
    return recall("recall_page", question, answer, f"第{page + 1}页。" if lang == "zh" else f"Page {page + 1}.")


def recall(skill: str, question: str, answer: str, thinking: str) -> Turn:
    """A question about what has been seen, answered word by word."""
    return Turn(skill=skill, question=question, answer=answer, thinking=thinking)
