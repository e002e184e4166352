"""Lines of text on plain ground, which reading is learnt from: a word or two, or up to eleven lines."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image, ImageDraw

from training.draw import Canvas, photo, sides, text_width, wear
from training.fonts import choose
from training.ocr.ink import colors, fitting, read_question, tilt
from training.scene import Sample, Turn, ask


def words(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A word or two, drawn large enough: what reading is learnt from first."""
    lang = rng.choice(["en", "zh"])
    width, height = 32 * rng.randint(3, 8), 32 * rng.choice([1, 1, 2])
    ink, ground = colors(rng)
    canvas, name = Canvas(width, height, ground), choose(rng, lang, held_out)
    size = rng.randint(14, 24 if height == 32 else 34)
    text = fitting(rng, lang, name, size, width - 8, 3)
    free = width - 4 - text_width(text, name, size)
    canvas.text(
        rng.uniform(4, max(4.5, free)), height / 2 + rng.uniform(-1, 1) * (height - size) * 0.4, text, name, size, ink
    )
    ask_in = lang if rng.random() < 0.8 else ("en" if lang == "zh" else "zh")
    turn = Turn(
        skill="ocr_word",
        question=read_question(rng, ask_in),
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
    ink, ground = colors(rng)
    canvas = Canvas(width, height, ground)
    if rng.random() < 0.12:
        small = photo(rng, width, height).astype(np.float32) * 0.2 + np.array(ground, np.float32) * 0.8
        canvas = Canvas(width, height, ground)
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
        text = fitting(rng, lang, name, size, width - 2 * margin, 9 if lang == "en" else 8)
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
            text = fitting(rng, lang, name, size, width - 2 * margin, 7)
            canvas.text(margin, y, text, name, size, ink)
            rows.append(text)
            y += step
    picture = canvas.array()
    if rng.random() < 0.25:
        picture = tilt(rng, picture, ground)
    picture = wear(rng, picture)
    ask_in = lang if rng.random() < 0.8 else ("en" if lang == "zh" else "zh")
    zh, text = ask_in == "zh", "\n".join(rows)
    thinking = (
        ("一行文字。" if zh else "One line of text.")
        if len(rows) == 1
        else ("从上到下读。" if zh else "I read from top to bottom.")
    )
    conversations = [
        [
            Turn(
                skill="ocr",
                question=read_question(rng, ask_in),
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
