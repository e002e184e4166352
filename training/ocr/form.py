"""Forms: a title and names with their values, one below the other."""

from __future__ import annotations

from random import Random

from training.draw import Canvas, mix, sides, wear
from training.fonts import choose
from training.ocr.fields import KEYS, value_of
from training.ocr.ink import colors, read_question, tilt
from training.scene import Sample, Turn, ask
from training.words import label


def form(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A card, ticket or receipt of names and values; asked for all of it and for single values."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    width, height = sides(rng, tokens, (0.6, 1.6), (0.35, 1.0))
    ink, ground = colors(rng)
    canvas, name = Canvas(width, height, ground), choose(rng, lang, held_out)
    size = rng.randint(13, max(14, min(26, width // 15, height // 6)))
    title = label(rng, "title", lang)
    keys = [pair[zh] for pair in rng.sample(KEYS, rng.randint(2, 6))]
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
        value = value_of(rng, key, lang)
        if split:
            canvas.text(16, y, key, name, size, mix(ink, ground, 0.35))
            canvas.text(width - 16, y, value, name, size, ink, "rm")
        else:
            canvas.text(16, y, f"{key}: {value}", name, size, ink)
        rows.append(f"{key}: {value}")
        pairs.append((key, value))
    picture = canvas.array()
    if rng.random() < 0.2:
        picture = tilt(rng, picture, ground)
    picture = wear(rng, picture)
    conversations = [
        [
            Turn(
                skill="ocr_form",
                question=read_question(rng, lang),
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
