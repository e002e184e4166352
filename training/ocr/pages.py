"""Pages to remember: facts on many pictures, asked for when all of them have been seen."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from training.draw import Canvas, fit, wear
from training.fonts import choose
from training.ocr.ink import colors
from training.scene import Sample, Turn, ask
from training.words import COLORS, NAMES_EN, NAMES_ZH, color_name

_FACTS = [
    ("code of room", "号房间的密码"),
    ("price of ticket", "号票的价格"),
    ("owner of key", "号钥匙的主人"),
    ("color of box", "号箱子的颜色"),
]


def pages(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Several small pages, one fact on each; the question needs one of them."""
    count = rng.randint(2, 8 if tokens > 130 else 4)
    each = max(8, tokens // count)
    sizes = [(4, 2)] if each < 12 else [(5, 2), (4, 3), (6, 2)]
    return _book(rng, held_out, [rng.choice(sizes)] * count, 3)


def book(rng: Random, held_out: bool, tokens: int) -> Sample:
    """As many pages as fit; facts are asked for that may stand far back."""
    sizes = [(w, h) for w, h in ((4, 2), (5, 2), (4, 3), (6, 3), (6, 4), (7, 6)) if 8 <= tokens // (w * h) <= 700]
    size = rng.choice(sizes)
    count = tokens // (size[0] * size[1])
    return stretched(rng, held_out, _book(rng, held_out, [size] * count, max(12, min(60, count // 8))))


def stretched(rng: Random, held_out: bool, sample: Sample) -> Sample:
    """Far positions at little cost, now and then: up to 20,000 more, of the 32,768 that there are."""
    if held_out or rng.random() < 0.5:
        return sample
    return replace(sample, stretch=rng.randint(0, 20_000 // len(sample.pictures)))


def _book(rng: Random, held_out: bool, sizes: list[tuple[int, int]], questions: int) -> Sample:
    """Pages of these sizes (in visual tokens, width and height)."""
    lang = rng.choice(["en", "zh"])
    zh, count = lang == "zh", len(sizes)
    numbers = rng.sample(range(1, 100 if count < 50 else 1000), count)
    kinds = [rng.randrange(4) for _ in range(count)]
    if not held_out and rng.random() < 0.5:  # one number for several things: half of the question is not enough
        few = rng.sample(range(1, 1000), count // 3 + 2)
        numbers, kinds = zip(*rng.sample([(n, k) for n in few for k in range(4)], count), strict=True)
    pictures, facts = [], []
    for number, kind, (w, h) in zip(numbers, kinds, sizes, strict=True):
        ink, ground = colors(rng)
        canvas, name = Canvas(w * 32, h * 32, ground), choose(rng, lang, held_out)
        value = [
            str(rng.randint(1000, 9999)),
            str(rng.randint(5, 99)),
            rng.choice(NAMES_ZH if zh else NAMES_EN),
            color_name(rng.choice(list(COLORS)), lang),
        ][kind]
        first = f"{number}{_FACTS[kind][1]}" if zh else f"{_FACTS[kind][0]} {number}"
        size = fit(first, name, rng.randint(13, 18), w * 32 - 10)
        top = rng.uniform(0.1, 0.6) * (h * 32 - 64)  # the two lines stay together on a tall page
        canvas.text(5, top + 20, first, name, size, ink)
        canvas.text(5, top + 46, value, name, rng.randint(14, 18), ink)
        pictures.append(wear(rng, canvas.array(), 0.5))
        facts.append((first, value))
    conversations = []
    for k in rng.sample(range(count), min(questions, count)):
        first, value = facts[k]
        if rng.random() < 0.75:
            question = ask(
                rng,
                lang,
                ["What is the {f}?", "Look through the pages: what is the {f}?", "Which {f} is given?"],
                ["{f}是什么?", "翻看这些页面,{f}是什么?", "请问{f}是什么?"],
                f=first,
            )
            thinking = f"{first}: {value}"
            skill, answer = "recall", value
        else:
            question = ask(
                rng,
                lang,
                ["What is on page {k}?", "Read picture {k}."],
                ["第{k}页写了什么?", "读出第{k}张图。"],
                k=k + 1,
            )
            skill, answer, thinking = "recall_page", f"{first}: {value}", f"第{k + 1}页。" if zh else f"Page {k + 1}."
        conversations.append(
            [
                Turn(
                    skill=skill,
                    question=question,
                    answer=answer,
                    thinking=thinking,
                    check={"type": "text", "text": answer},
                )
            ]
        )
    numbered = count < 50 and rng.random() < 0.3
    if count > 20 and not numbered:  # counting so far is not asked for
        conversations = [turns for turns in conversations if turns[0].skill == "recall"] or conversations[:1]
    return Sample(conversations=conversations, pictures=pictures, vision_ids=numbered)
