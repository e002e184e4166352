"""Bar, line and pie charts and tables: reading, comparing, and computing with the numbers."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np

from training.draw import Canvas, Theme, fit, mix, sides, text_width, theme, wear
from training.scene import Sample, Turn, ask
from training.words import COLORS, LABELS, NAMES_EN, NAMES_ZH, label

_QUARTERS_ZH = ["第一季度", "第二季度", "第三季度", "第四季度"]
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def _categories(rng: Random, lang: str) -> tuple[list[str], bool]:
    """Names on the axis, and whether they follow each other in time."""
    zh, kind = lang == "zh", rng.randrange(5)
    if kind == 0:
        return (_QUARTERS_ZH if zh and rng.random() < 0.7 else ["Q1", "Q2", "Q3", "Q4"]), True
    if kind == 1:
        start, n = rng.randint(0, 6), rng.randint(3, 6)
        return ([f"{start + k + 1}月" for k in range(n)] if zh else _MONTHS[start : start + n]), True
    if kind == 2:
        start, n = rng.randint(1998, 2021), rng.randint(3, 6)
        return [f"{start + k}{'年' if zh and n < 5 else ''}" for k in range(n)], True
    names: list[str] = []
    while len(names) < 3 + (kind == 3) * 2:
        name = label(rng, "item" if kind == 3 else "city", lang)
        if name not in names:
            names.append(name)
    return names, False


def _values(rng: Random, count: int) -> list[int]:
    """Whole numbers that differ, so that questions have one answer."""
    while True:
        values = [rng.randint(10, 60)]
        for _ in range(count - 1):
            step = rng.uniform(0.6, 1.9) if rng.random() < 0.8 else rng.uniform(0.3, 2.4)
            values.append(min(99, max(10, round(values[-1] * step))))
        if rng.random() < 0.3:
            values = [round(v, -1) for v in values]
        if len(set(values)) == count:
            return values


def growth(old: int, new: int) -> int:
    """Per cent, rounded half up."""
    return (2000 * (new - old) // old + 10) // 20 if new >= old else -((2000 * (old - new) // old + 10) // 20)


def division(small: int, large: int) -> str:
    """`small` / `large` to whole per cent by long division, as Thinking writes it."""
    rest, digits, steps = small, "", []
    for _ in range(3):
        whole, rest = divmod(rest, large) if not digits and not steps else divmod(rest * 10, large)
        digits += str(whole)
        steps.append(f"{whole}r{rest}")
    half, _ = divmod(rest * 10, large)
    return " ".join(steps) + f" {half}"


def _sum_chain(values: list[int]) -> str:
    total, parts = values[0], []
    for value in values[1:]:
        parts.append(f"{total}+{value}={total + value}")
        total += value
    return ", ".join(parts)


def questions(
    rng: Random,
    lang: str,
    subject: str,
    names: list[str],
    values: list[int],
    ordered: bool,
    labelled: bool,
    table: bool = False,
) -> list[Turn]:
    """Turns about one series of numbers."""
    zh, turns = lang == "zh", []
    data = dict(zip(names, values, strict=True))
    read = ", ".join(f"{n} {v}" for n, v in data.items())
    best, worst = max(data, key=lambda n: data[n]), min(data, key=lambda n: data[n])
    skill = "table" if table else "chart"

    def turn(kind: str, question: str, answer: str, thinking: str, short: str | None = None) -> Turn:
        return Turn(
            skill=f"{skill}_{kind}",
            question=question,
            answer=answer,
            thinking=thinking,
            check={"type": "text" if short is None else "contains", "text": answer if short is None else short},
        )

    high = rng.random() < 0.6
    target = best if high else worst
    question = ask(
        rng,
        lang,
        ["Which has the {h} {s}?", "Where is the {s} {h}?", "Find the {h} {s}."],
        ["哪个的{s}{h}?", "{s}{h}的是哪个?", "{s}在哪里{h}?"],
        h=("最高" if high else "最低") if zh else ("highest" if high else "lowest"),
        s=subject.lower() if not zh else subject,
    )
    if labelled:
        turns.append(
            turn(
                "extreme",
                question,
                f"{target},{data[target]}。" if zh else f"{target}, with {data[target]}.",
                f"{read}。{'最大' if high else '最小'}是{data[target]}。"
                if zh
                else f"{read}. The {'largest' if high else 'smallest'} is {data[target]}.",
                target,
            )
        )
    else:
        return [
            turn(
                "extreme",
                question,
                f"{target}。" if zh else f"{target}.",
                f"比较各个:{target}。" if zh else f"I compare them: {target}.",
                target,
            )
        ]
    a, b = rng.sample(names, 2)
    question = ask(
        rng,
        lang,
        ["What is the {s} of {a}?", "How much is {a}?", "Read the value for {a}."],
        ["{a}的{s}是多少?", "{a}是多少?", "读出{a}的数值。"],
        a=a,
        s=subject if zh else subject.lower(),
    )
    turns.append(turn("read", question, f"{data[a]}", f"{a} {data[a]}"))
    difference = abs(data[a] - data[b])
    question = ask(
        rng,
        lang,
        [
            "What is the difference between {a} and {b}?",
            "How far apart are {a} and {b}?",
            "{a} and {b}: what is the difference?",
        ],
        ["{a}和{b}相差多少?", "{a}与{b}的差是多少?", "{a}比{b}差多少?"],
        a=a,
        b=b,
    )
    larger, smaller = max(data[a], data[b]), min(data[a], data[b])
    turns.append(
        turn("compute", question, f"{difference}", f"{a} {data[a]}, {b} {data[b]}: {larger}-{smaller}={difference}")
    )
    if len(values) <= 6:
        total = sum(values)
        question = ask(
            rng,
            lang,
            ["What is the total {s}?", "Add up all the values.", "What is the sum of all {s}?"],
            ["{s}总计是多少?", "所有数值的总和是多少?", "{s}一共是多少?"],
            s=subject if zh else subject.lower(),
        )
        turns.append(turn("compute", question, f"{total}", f"{read}: {_sum_chain(values)}"))
    if ordered:
        rates = [growth(x, y) for x, y in pairwise(values)]
        if max(rates) > 0 and rates.count(max(rates)) == 1:
            k = rates.index(max(rates)) + 1
            steps = rng.random() < 0.4
            chain = []
            for i in range(1, len(values)):
                old, new = values[i - 1], values[i]
                chain.append(
                    f"{names[i]}: {new}-{old}={new - old}"
                    + (f", /{old}: {division(new - old, old)} = {rates[i - 1]}%" if new > old else "")
                )
            chain.append(f"{'最大' if zh else 'largest'}: {names[k]} {rates[k - 1]}%")
            if steps:
                question = ask(
                    rng,
                    lang,
                    [
                        "Which period grew fastest? Show the calculation.",
                        "Where was the growth of {s} fastest? List the calculation steps.",
                        "Which grew the most in per cent? Show your working.",
                    ]
                    + (
                        ["In which quarter did {s} grow fastest? Show the calculation."] * 2
                        if names[0] in ("第一季度", "Q1")
                        else []
                    ),
                    [
                        "哪个时期{s}增长最快?请列出计算过程。",
                        "哪一期增长率最高?写出计算过程。",
                        "{s}哪一期增长最快?请给出步骤。",
                    ]
                    + (["哪一季度{s}增长最快?请列出计算过程。"] * 2 if names[0] in ("第一季度", "Q1") else []),
                    s=subject if zh else subject.lower(),
                )
                listing = [
                    f"{names[i]}: ({values[i]}-{values[i - 1]})/{values[i - 1]}={rates[i - 1]}%"
                    for i in range(1, len(values))
                ]
                answer = (
                    "\n".join(listing)
                    + "\n"
                    + (
                        f"增长最快的是{names[k]},增长率{rates[k - 1]}%。"
                        if zh
                        else f"{names[k]} grew fastest, by {rates[k - 1]}%."
                    )
                )
            else:
                question = ask(
                    rng,
                    lang,
                    [
                        "Which period grew fastest, and by how many per cent?",
                        "Where was the growth rate of {s} highest?",
                        "When did {s} grow fastest?",
                    ],
                    ["哪个时期增长最快?增长率是多少?", "{s}哪一期增长最快?", "增长率最高的是哪一期?"]
                    + (["哪一季度{s}增长最快?"] * 2 if names[0] in ("第一季度", "Q1") else []),
                    s=subject if zh else subject.lower(),
                )
                answer = (
                    f"{names[k]}增长最快,增长率{rates[k - 1]}%。"
                    if zh
                    else f"{names[k]} grew fastest, by {rates[k - 1]}%."
                )
            last = answer.split("\n")[-1]
            turns.append(turn("compute", question, answer, f"{read}\n" + "\n".join(chain), last))
    listing = "\n".join(f"{n}: {v}" for n, v in data.items())
    question = ask(
        rng,
        lang,
        ["List all the values.", "Read the data from the chart.", "Describe this chart.", "What does this chart show?"],
        ["列出所有数值。", "读出图表中的数据。", "描述这张图表。", "这张图表显示了什么?"],
    )
    turns.append(
        turn(
            "list",
            question,
            f"{subject}\n{listing}",
            f"共{len(names)}项。" if zh else f"There are {len(names)} values.",
        )
    )
    rng.shuffle(turns)
    return turns


def _axes(rng: Random, canvas: Canvas, t: Theme, box: tuple[float, float, float, float], top: int, size: int) -> None:
    x1, y1, x2, y2 = box
    ticks = rng.choice([0, 3, 4, 5])
    step = 20 if top > 50 else 10
    for value in range(0, top + 1, step) if ticks else ():
        y = y2 - (y2 - y1) * value / top
        if rng.random() < 0.9:
            canvas.draw.line((x1, y, x2, y), fill=t.line)
        canvas.text(x1 - 4, y, str(value), t.font, max(10, size - 2), t.faint, "rm")
    canvas.draw.line((x1, y1, x1, y2, x2, y2), fill=t.text, width=rng.choice([1, 1, 2]))


def _palette(rng: Random, count: int) -> list[tuple[int, int, int]]:
    return [rng.choice(COLORS[name][1]) for name in rng.sample([n for n in COLORS if n not in ("black",)], count)]


def charts(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A chart with a title, one series, usually with its values written."""
    lang = rng.choice(["en", "zh"])
    names, ordered = _categories(rng, lang)
    values = _values(rng, len(names))
    names_of_subject = rng.choice(LABELS["subject"])
    subject = names_of_subject[lang == "zh"]
    width, height = sides(rng, tokens, (0.95, 1.8), (0.6, 1.0))
    t = theme(rng, lang, held_out)
    canvas = Canvas(width, height, t.background)
    size = rng.randint(12, max(13, min(20, width // 24)))
    title = (
        subject
        if rng.random() < 0.7
        else (f"{subject}统计" if lang == "zh" else f"{subject} by period" if ordered else f"{subject} overview")
    )
    if rng.random() < 0.35:
        title += rng.choice(
            ["(万元)", "(亿元)", "(%)", "(万)"] if lang == "zh" else [" (million)", " (k)", " (%)", " ($)"]
        )
    where = rng.random()
    canvas.text(
        width / 2 if where < 0.7 else 12,
        size * 1.2,
        title,
        t.bold,
        min(round(size * 1.3), 24),
        t.text,
        "mm" if where < 0.7 else "lm",
    )
    kind = rng.choice(["bar", "bar", "line", "pie", "row"])
    labelled = kind == "pie" or rng.random() < 0.88
    x1, y1, x2, y2 = size * 2.4, size * 3.4, width - size * 1.2, height - size * 2.2
    colors = _palette(rng, len(names)) if kind == "pie" or rng.random() < 0.4 else [t.accent] * len(names)
    if kind == "pie":
        values = [max(10, v) for v in values]
        radius = min(x2 - x1, y2 - y1) * (0.36 if width > height * 1.2 else 0.3)
        legend = rng.random() < 0.6
        cx, cy = (
            (radius + size * 1.5, (y1 + y2) / 2 + size * 0.5) if legend else (width / 2, (y1 + y2) / 2 + size * 0.6)
        )
        angle = rng.uniform(0, 360)
        hole = rng.random() < 0.3
        for n, v, color in zip(names, values, colors, strict=True):
            sweep = 360 * v / sum(values)
            canvas.draw.pieslice(
                (cx - radius, cy - radius, cx + radius, cy + radius),
                angle,
                angle + sweep,
                fill=color,
                outline=t.background,
            )
            if not legend:
                middle = np.radians(angle + sweep / 2)
                px, py = cx + np.cos(middle) * radius * 1.12, cy + np.sin(middle) * radius * 1.14
                canvas.text(px, py, f"{n} {v}", t.font, max(11, size - 1), t.text, "lm" if np.cos(middle) > 0 else "rm")
            angle += sweep
        if hole:
            r = radius * 0.5
            canvas.draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=t.background)
        if legend:
            lx = cx + radius + size * 1.2
            for k, (n, v, color) in enumerate(zip(names, values, colors, strict=True)):
                ly = cy + (k - (len(names) - 1) / 2) * size * 1.7
                canvas.rect((lx, ly - size * 0.4, lx + size * 0.8, ly + size * 0.4), color)
                text = f"{n} {v}"
                canvas.text(
                    lx + size * 1.2, ly, text, t.font, fit(text, t.font, size, width - lx - size * 1.4, 9), t.text
                )
    elif kind == "row":
        left = max(text_width(n, t.font, size) for n in names) + 14
        step = (y2 - y1 + size) / len(names)
        for k, (n, v) in enumerate(zip(names, values, strict=True)):
            y = y1 + step * (k + 0.5)
            length = (x2 - left - size * 2) * v / max(values)
            canvas.text(left - 6, y, n, t.font, size, t.text, "rm")
            canvas.rect((left, y - step * 0.3, left + length, y + step * 0.3), colors[k])
            if labelled:
                canvas.text(left + length + 4, y, str(v), t.font, size, t.text)
    else:
        top = -(-max(values) // 10) * 10 + rng.choice([0, 10])
        _axes(rng, canvas, t, (x1, y1, x2, y2), top, size)
        step, points = (x2 - x1) / len(names), []
        thick = rng.uniform(0.25, 0.42)
        small = min(fit(n, t.font, size, step - 2, 9) for n in names)
        for k, (n, v) in enumerate(zip(names, values, strict=True)):
            x, y = x1 + step * (k + 0.5), y2 - (y2 - y1) * v / top
            points.append((x, y))
            if kind == "bar":
                canvas.rect((x - step * thick, y, x + step * thick, y2), colors[k], None, rng.choice([0, 0, 3]))
            canvas.text(x, y2 + size * 0.9, n, t.font, small, t.text, "mm")
        if kind == "line":
            canvas.draw.line(points, fill=t.accent, width=rng.randint(2, 3))
            for x, y in points:
                canvas.draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=t.accent)
        for (x, y), v in zip(points, values, strict=True) if labelled else ():
            canvas.text(x, y - size * 0.8, str(v), t.font, size, t.text, "mm")
    picture = wear(rng, canvas.array(), 0.7)
    ask_in = lang if rng.random() < 0.75 else ("en" if lang == "zh" else "zh")
    turns = questions(rng, ask_in, names_of_subject[ask_in == "zh"], names, values, ordered, labelled)
    return Sample(conversations=[[turn] for turn in turns[:4]], pictures=[picture])


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
