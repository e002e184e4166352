"""Tables of names and numbers."""

from __future__ import annotations

from random import Random

from training.charts.questions import questions
from training.draw import Canvas, fit, mix, sides, theme, wear
from training.scene import Sample, Turn, ask
from training.words import NAMES_EN, NAMES_ZH, label


def tables(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A grid of names and numbers."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    columns: list[str] = []
    while len(columns) < rng.randint(1, 3):
        name = label(rng, "subject", lang)
        if name not in columns:
            columns.append(name)
    kind = rng.choice(["item", "city", "person"])
    rows: list[str] = []
    while len(rows) < rng.randint(2, 5):
        name = rng.choice(NAMES_ZH if zh else NAMES_EN) if kind == "person" else label(rng, kind, lang)
        if name not in rows:
            rows.append(name)
    data = [[rng.randint(10, 99) if rng.random() < 0.8 else rng.randint(100, 999) for _ in columns] for _ in rows]
    width, height = sides(rng, tokens, (1.0, 2.2), (0.4, 0.9))
    t = theme(rng, lang, held_out)
    canvas = Canvas(width, height, t.background)
    size = rng.randint(12, max(13, min(20, width // 26)))
    corner = {"item": ("Item", "商品"), "city": ("City", "城市"), "person": ("Name", "姓名")}[kind][zh]
    margin = rng.uniform(6, 24)
    step_x = (width - 2 * margin) / (len(columns) + 1)
    step_y = min((height - 2 * margin) / (len(rows) + 1), size * rng.uniform(1.8, 3))
    head, full = rng.random() < 0.6, rng.random() < 0.6
    if head:
        canvas.rect((margin, margin, width - margin, margin + step_y), t.accent if rng.random() < 0.4 else t.panel)
        ink = t.on_accent if canvas.image.getpixel((int(margin) + 2, int(margin) + 2)) == t.accent else t.text
    else:
        ink = t.text
    middle = rng.random() < 0.6
    for i, cells in enumerate([[corner, *columns], *([n, *map(str, d)] for n, d in zip(rows, data, strict=True))]):
        y = margin + step_y * (i + 0.5)
        for k, cell in enumerate(cells):
            x = margin + step_x * (k + 0.5) if middle else margin + step_x * k + 6
            canvas.text(
                x,
                y,
                cell,
                t.bold if i == 0 else t.font,
                fit(cell, t.bold, size, step_x - 6, 10),
                ink if i == 0 else t.text,
                "mm" if middle else "lm",
            )
        canvas.draw.line((margin, margin + step_y * (i + 1), width - margin, margin + step_y * (i + 1)), fill=t.line)
    if full:
        bottom = margin + step_y * (len(rows) + 1)
        canvas.draw.rectangle((margin, margin, width - margin, bottom), outline=mix(t.line, t.text, 0.3))
        for k in range(1, len(columns) + 1):
            canvas.draw.line((margin + step_x * k, margin, margin + step_x * k, bottom), fill=t.line)
    return about_table(rng, canvas, lang, [corner, *columns], rows, data)


def about_table(
    rng: Random, canvas: Canvas, lang: str, heads: list[str], rows: list[str], data: list[list[int]]
) -> Sample:
    """Questions about a table that has been drawn: its column heads, the names of its rows, its numbers."""
    corner, *columns = heads
    picture = wear(rng, canvas.array(), 0.7)
    ask_in = lang if rng.random() < 0.85 else ("en" if lang == "zh" else "zh")
    zh = ask_in == "zh"
    markdown = "\n".join(
        "| " + " | ".join(cells) + " |"
        for cells in [
            [corner, *columns],
            ["---"] * (len(columns) + 1),
            *([n, *map(str, d)] for n, d in zip(rows, data, strict=True)),
        ]
    )
    question = ask(
        rng,
        ask_in,
        ["Transcribe the table as Markdown.", "Convert this table to Markdown.", "Read the whole table."],
        ["把表格转成Markdown。", "用Markdown输出这张表格。", "读出整张表格。"],
    )
    turns = [
        Turn(
            skill="table_markdown",
            question=question,
            answer=markdown,
            thinking=f"{len(rows)}行{len(columns) + 1}列。" if zh else f"{len(rows)} rows, {len(columns) + 1} columns.",
            check={"type": "ocr", "text": markdown},
        )
    ]
    i, k = rng.randrange(len(rows)), rng.randrange(len(columns))
    question = ask(
        rng,
        ask_in,
        ["What is the {c} of {r}?", "Find {r}: what is its {c}?", "{r}, {c}?"],
        ["{r}的{c}是多少?", "查表:{r}的{c}?", "{r}的{c}是什么?"],
        c=columns[k],
        r=rows[i],
    )
    turns.append(
        Turn(
            skill="table_read",
            question=question,
            answer=str(data[i][k]),
            thinking=f"{rows[i]}, {columns[k]}: {data[i][k]}",
            check={"type": "text", "text": str(data[i][k])},
        )
    )
    series = [row[k] for row in data]
    if len(set(series)) == len(series):
        turns += [
            turn
            for turn in questions(rng, ask_in, columns[k], rows, series, False, True, True)
            if turn.skill != "table_list"
            and ("总" not in turn.question or columns[k] in turn.question)
            and not any(w in turn.question for w in ("所有数值", "all the values"))
        ][:2]
        if len(columns) > 1:  # the column must be named
            turns = [
                turn
                for turn in turns
                if turn.skill in ("table_markdown", "table_read") or columns[k].lower() in turn.question.lower()
            ]
    rng.shuffle(turns)
    return Sample(conversations=[[turn] for turn in turns], pictures=[picture])
