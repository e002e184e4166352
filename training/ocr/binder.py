"""Binders: pages with a heading and some fields each, many of one kind, asked for by heading and field."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np

from training.draw import Canvas, mix, text_width, wear
from training.fonts import choose
from training.ocr.content import clock, code, date, digits, goods, person, price
from training.ocr.ink import colors
from training.ocr.pages import SIZES, recall, stretched
from training.scene import Sample, ask
from training.served import shown
from training.words import COLORS, color_name, label

_THINGS = [
    ("Order", "订单"),
    ("Room", "房间"),
    ("Ticket", "车票"),
    ("Parcel", "快递"),
    ("Account", "账号"),
    ("Train", "火车"),
    ("Box", "箱子"),
    ("Contract", "合同"),
]
_FIELDS: list[tuple[str, str, Callable[[Random, str], str]]] = [
    ("code", "密码", lambda rng, lang: digits(rng, rng.randint(3, 5))),
    ("owner", "主人", person),
    ("price", "价格", price),
    ("date", "日期", date),
    ("time", "时间", lambda rng, lang: clock(rng)),
    ("city", "城市", lambda rng, lang: label(rng, "city", lang)),
    ("color", "颜色", lambda rng, lang: color_name(rng.choice(list(COLORS)), lang)),
    ("item", "商品", goods),
    ("weight", "重量", lambda rng, lang: f"{rng.randint(1, 99)} kg"),
    ("number", "编号", lambda rng, lang: code(rng)),
]


def binder(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Pages of one size and one kind of thing, of up to four fields each; values are asked for."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    w, h = rng.choice(SIZES)
    count = max(2, tokens // shown(w * 32, h * 32))
    thing = rng.choice(_THINGS)[zh]
    first = rng.randint(1, 9000 - count)  # numbers that follow each other look most alike
    numbers = list(range(first, first + count)) if rng.random() < 0.3 else rng.sample(range(1, 10_000), count)
    rng.shuffle(numbers)
    fields = rng.sample(_FIELDS, rng.randint(2, 5))
    style = (rng.random() < 0.4, rng.randint(13, max(14, min(26, 3 * w, 4 * h))))
    pictures, facts = [], []
    for number in numbers:
        heading = f"{thing}{number}" if zh else f"{thing} {number}"
        values = [(field[zh], field[2](rng, lang)) for field in rng.sample(fields, min(len(fields), rng.randint(1, 4)))]
        picture, kept = _page(rng, lang, held_out, (w * 32, h * 32), heading, values, *style)
        pictures.append(picture)
        facts.append((heading, kept))
    conversations = []
    numbered = count < 50 and rng.random() < 0.3
    for k in rng.sample(range(count), min(count, 60)):
        heading, kept = facts[k]
        name, value = rng.choice(kept)
        if numbered and rng.random() < 0.3:
            answer = f"第{k + 1}页" if zh else f"Page {k + 1}"
            question = ask(
                rng,
                lang,
                ["On which page is {h}?", "Which picture shows {h}?"],
                ["{h}在第几页?", "哪一页是{h}?"],
                h=heading,
            )
            conversations.append([recall("recall_where", question, answer, f"{heading}: {answer}")])
            continue
        question = ask(
            rng,
            lang,
            ["What is the {n} of {h}?", "{h}: what is the {n}?", "Look through the pages: what is the {n} of {h}?", "Find the {n} of {h}."],
            ["{h}的{n}是什么?", "请问{h}的{n}是多少?", "翻看这些页面,{h}的{n}是什么?", "找出{h}的{n}。"],
            n=name,
            h=heading,
        )  # fmt: skip
        conversations.append([recall("recall_field", question, value, f"{heading}\n{name}: {value}")])
    return stretched(rng, held_out, Sample(conversations=conversations, pictures=pictures, vision_ids=numbered))


def _page(
    rng: Random,
    lang: str,
    held_out: bool,
    sides: tuple[int, int],
    heading: str,
    values: list[tuple[str, str]],
    split: bool,
    size: int,
) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """A picture, and those of the values that found room on it."""
    width, height = sides
    ink, ground = colors(rng)
    canvas, font = Canvas(width, height, ground), choose(rng, lang, held_out)
    margin, y = rng.uniform(5, 10), size * rng.uniform(0.9, 1.4)
    canvas.text(margin, y, heading, font, size + 2, ink)
    if rng.random() < 0.3:
        canvas.draw.line((margin, y + size, width - margin, y + size), fill=mix(ink, ground, 0.5))
    step, kept = size * rng.uniform(1.4, 1.9), []
    y += step * 1.15
    for name, value in values:
        text = f"{name}: {value}"
        if kept and (y + size * 0.6 > height or text_width(text, font, size) > width - 2 * margin):
            continue
        if split:
            canvas.text(margin, y, name, font, size, mix(ink, ground, 0.3))
            canvas.text(width - margin, y, value, font, size, ink, "rm")
        else:
            canvas.text(margin, y, text, font, size, ink)
        kept.append((name, value))
        y += step
    return wear(rng, canvas.array(), 0.5), kept
