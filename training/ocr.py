"""Text to read: single lines, small documents and forms, also tilted, dark, blurred and on coloured ground; and pages to remember."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import cv2
import numpy as np

from training.draw import Canvas, Color, fit, mix, photo, sides, text_width, wear
from training.fonts import choose
from training.scene import Sample, Turn, ask
from training.words import NAMES_EN, NAMES_ZH, label, phrase, pseudo_word


def _colors(rng: Random) -> tuple[Color, Color]:
    """Ink and ground that can be told apart."""
    while True:
        a: Color = (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255))
        b: Color = (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255))
        if rng.random() < 0.5:
            a, b = mix((0, 0, 0), a, 0.15), mix((255, 255, 255), b, rng.choice([0, 0.1]))
        if rng.random() < 0.2:
            a, b = b, a
        if abs(sum(a) - sum(b)) > 240:
            return a, b


def _tilt(rng: Random, picture: np.ndarray, ground: Color) -> np.ndarray:
    h, w = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), rng.uniform(-6, 6), rng.uniform(0.88, 0.98))
    matrix[0, 1] += rng.uniform(-0.08, 0.08)
    return cv2.warpAffine(picture, matrix, (w, h), borderValue=ground, flags=cv2.INTER_LINEAR)


def _read_question(rng: Random, lang: str) -> str:
    return ask(
        rng,
        lang,
        [
            "Read the text.",
            "What does it say?",
            "What is written in this picture?",
            "Transcribe the text in the image.",
            "OCR",
            "Extract the text.",
            "Read all the text in the image, line by line.",
            "What text is in the image?",
            "Recognize the text.",
            "Read all the text in this picture.",
        ],
        [
            "识别图中的文字。",
            "图片里写了什么?",
            "读出图中的文字",
            "请提取图片中的文字。",
            "上面写的是什么?",
            "文字识别",
            "逐行识别图中的所有文字。",
            "图中的文字是什么?",
            "读出图中的全部文字。",
        ],
    )


def _fitting(rng: Random, lang: str, name: str, size: int, width: float, most: int) -> str:
    text = phrase(rng, lang, rng.randint(1, most), wild=rng.random() < 0.4)
    while text_width(text, name, size) > width and len(text) > 2:
        text = text[: max(2, int(len(text) * 0.8))].strip()
    return text


def words(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A word or two, drawn large enough: what reading is learnt from first."""
    lang = rng.choice(["en", "zh"])
    width, height = 32 * rng.randint(3, 8), 32 * rng.choice([1, 1, 2])
    ink, ground = _colors(rng)
    canvas, name = Canvas(width, height, ground), choose(rng, lang, held_out)
    size = rng.randint(14, 24 if height == 32 else 34)
    text = _fitting(rng, lang, name, size, width - 8, 3)
    free = width - 4 - text_width(text, name, size)
    canvas.text(
        rng.uniform(4, max(4.5, free)), height / 2 + rng.uniform(-1, 1) * (height - size) * 0.4, text, name, size, ink
    )
    ask_in = lang if rng.random() < 0.8 else ("en" if lang == "zh" else "zh")
    turn = Turn(
        skill="ocr_word",
        question=_read_question(rng, ask_in),
        answer=text,
        thinking="一行文字。" if ask_in == "zh" else "One line of text.",
        check={"type": "ocr", "text": text},
    )
    return Sample(conversations=[[turn]], pictures=[wear(rng, canvas.array(), 0.6)])


def lines(rng: Random, held_out: bool, tokens: int) -> Sample:
    """One to eight lines of text."""
    lang = rng.choice(["en", "zh"])
    single = rng.random() < (0.4 if tokens > 130 else 0.6)
    width, height = sides(
        rng, tokens if not single else min(tokens, 80), (2.0, 7.0) if single else (0.7, 2.0), (0.2, 1.0)
    )
    ink, ground = _colors(rng)
    canvas = Canvas(width, height, ground)
    if rng.random() < 0.12:
        small = photo(rng, width, height).astype(np.float32) * 0.2 + np.array(ground, np.float32) * 0.8
        canvas = Canvas(width, height, ground)
        from PIL import Image, ImageDraw

        canvas.image = Image.fromarray(small.astype(np.uint8))
        canvas.draw = ImageDraw.Draw(canvas.image)
    name = choose(rng, lang, held_out)
    size = (
        rng.randint(13, max(14, min(56, int(height * 0.5))))
        if single
        else rng.randint(13, max(14, min(28, height // 6)))
    )
    rows: list[str] = []
    margin = rng.uniform(0.03, 0.1) * width
    if single:
        text = _fitting(rng, lang, name, size, width - 2 * margin, 9 if lang == "en" else 8)
        y = height * rng.uniform(0.35, 0.65)
        canvas.text(
            rng.uniform(margin, max(margin, width - margin - text_width(text, name, size))), y, text, name, size, ink
        )
        rows.append(text)
    else:
        y = margin * 0.5 + size
        step = size * rng.uniform(1.4, 2.4)
        count = rng.randint(2, 8 if tokens < 200 else 11)
        while y < height - size * 0.8 and len(rows) < count:
            text = _fitting(rng, lang, name, size, width - 2 * margin, 7)
            canvas.text(margin, y, text, name, size, ink)
            rows.append(text)
            y += step
    picture = canvas.array()
    if rng.random() < 0.25:
        picture = _tilt(rng, picture, ground)
    picture = wear(rng, picture)
    ask_in = lang if rng.random() < 0.8 else ("en" if lang == "zh" else "zh")
    zh, text = ask_in == "zh", "\n".join(rows)
    thinking = (
        ("一行文字。" if zh else "One line of text.")
        if len(rows) == 1
        else (f"共{len(rows)}行,从上到下读。" if zh else f"There are {len(rows)} lines; I read from top to bottom.")
    )
    conversations = [
        [
            Turn(
                skill="ocr",
                question=_read_question(rng, ask_in),
                answer=text,
                thinking=thinking,
                check={"type": "ocr", "text": text},
            )
        ]
    ]
    if len(rows) > 1:
        k = rng.randrange(len(rows))
        question = ask(
            rng,
            ask_in,
            ["What does line {k} say?", "Read only line {k}."],
            ["第{k}行写了什么?", "只读第{k}行。"],
            k=k + 1,
        )
        conversations.append(
            [
                Turn(
                    skill="ocr_line",
                    question=question,
                    answer=rows[k],
                    thinking=f"第{k + 1}行。" if zh else f"Line {k + 1}.",
                    check={"type": "ocr", "text": rows[k]},
                )
            ]
        )
    return Sample(conversations=conversations, pictures=[picture])


def _value(rng: Random, key: str, lang: str) -> str:
    zh = lang == "zh"
    if key in ("Name", "姓名"):
        return rng.choice(NAMES_ZH) if zh else f"{rng.choice(NAMES_EN)} {pseudo_word(rng).strip('#()%+').title()}"
    if key in ("Phone", "电话"):
        return (
            f"1{rng.randint(30, 89)}{rng.randint(10000000, 99999999)}"
            if zh
            else f"{rng.randint(200, 999)}-{rng.randint(1000, 9999)}"
        )
    if key in ("Date", "日期"):
        return f"20{rng.randint(10, 29)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    if key in ("Total", "总计", "Price", "价格", "Tax", "税额"):
        return f"{'¥' if zh else '$'}{rng.randint(1, 999)}.{rng.randint(0, 99):02}"
    if key in ("City", "城市"):
        return label(rng, "city", lang)
    if key in ("Item", "商品"):
        return label(rng, "item", lang)
    if key in ("Seat", "座位"):
        return f"{rng.randint(1, 40)}{rng.choice('ABCDEF')}"
    if key in ("Email", "邮箱"):
        return f"{rng.choice(NAMES_EN).lower()}{rng.randint(1, 99)}@{rng.choice(['mail.com', 'abc.org', 'test.cn', 'post.net'])}"
    return "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(rng.randint(4, 7)))


_KEYS = [
    ("Name", "姓名"),
    ("Phone", "电话"),
    ("Date", "日期"),
    ("Total", "总计"),
    ("City", "城市"),
    ("Item", "商品"),
    ("Seat", "座位"),
    ("Email", "邮箱"),
    ("Code", "编号"),
    ("Price", "价格"),
    ("Order", "订单号"),
    ("Tax", "税额"),
]


def form(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A card, ticket or receipt of names and values; asked for all of it and for single values."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    width, height = sides(rng, tokens, (0.6, 1.6), (0.35, 1.0))
    ink, ground = _colors(rng)
    canvas, name = Canvas(width, height, ground), choose(rng, lang, held_out)
    size = rng.randint(13, max(14, min(26, width // 15, height // 6)))
    title = label(rng, "title", lang)
    keys = [pair[zh] for pair in rng.sample(_KEYS, rng.randint(2, 6))]
    y = size * 1.4
    middle = rng.random() < 0.3
    canvas.text(
        width / 2 if middle else 16,
        y,
        title,
        name,
        min(round(size * rng.choice([1.0, 1.3])), 30),
        ink,
        "mm" if middle else "lm",
    )
    rows, pairs = [title], []
    split = rng.random() < 0.4
    for key in keys:
        y += size * rng.uniform(1.6, 2.3)
        if y > height - size:
            break
        value = _value(rng, key, lang)
        if split:
            canvas.text(16, y, key, name, size, mix(ink, ground, 0.35))
            canvas.text(width - 16, y, value, name, size, ink, "rm")
        else:
            canvas.text(16, y, f"{key}: {value}", name, size, ink)
        rows.append(f"{key}: {value}")
        pairs.append((key, value))
    picture = canvas.array()
    if rng.random() < 0.2:
        picture = _tilt(rng, picture, ground)
    picture = wear(rng, picture)
    conversations = [
        [
            Turn(
                skill="ocr_form",
                question=_read_question(rng, lang),
                answer="\n".join(rows),
                thinking="标题和若干项。" if zh else "A title and some fields.",
                check={"type": "ocr", "text": "\n".join(rows)},
            )
        ]
    ]
    for key, value in rng.sample(pairs, min(2, len(pairs))):
        question = ask(
            rng,
            lang,
            ["What is the {k}?", "Find the {k} in this document.", "{k}?", "Tell me the {k} shown here."],
            ["{k}是什么?", "图中的{k}是多少?", "请找出{k}。", "{k}?"],
            k=key if zh else key.lower(),
        )
        conversations.append(
            [
                Turn(
                    skill="ocr_value",
                    question=question,
                    answer=value,
                    thinking=f"{key}: {value}",
                    check={"type": "ocr", "text": value},
                )
            ]
        )
    return Sample(conversations=conversations, pictures=[picture])


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
    sample = _book(rng, held_out, [size] * (tokens // (size[0] * size[1])), 12)
    if held_out or rng.random() < 0.4:
        return sample
    return replace(sample, stretch=rng.randint(0, 8000 // len(sample.pictures)))  # far positions at little cost


def _book(rng: Random, held_out: bool, sizes: list[tuple[int, int]], questions: int) -> Sample:
    """Pages of these sizes (in visual tokens, width and height)."""
    from training.words import COLORS, color_name

    lang = rng.choice(["en", "zh"])
    zh, count = lang == "zh", len(sizes)
    numbers = rng.sample(range(1, 100 if count < 50 else 1000), count)
    pictures, facts = [], []
    for number, (w, h) in zip(numbers, sizes, strict=True):
        ink, ground = _colors(rng)
        canvas, name = Canvas(w * 32, h * 32, ground), choose(rng, lang, held_out)
        kind = rng.randrange(4)
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
