"""Tables of names and numbers."""

from __future__ import annotations

from random import Random

from training.charts.cells import read_cell
from training.charts.questions import about
from training.charts.series import Series
from training.draw import Canvas, Theme, fit, mix, sides, text_width, theme, wear
from training.scene import Sample, Turn, ask
from training.words import NAMES_EN, NAMES_ZH, label

_CORNERS = {"item": ("Item", "商品"), "city": ("City", "城市"), "person": ("Name", "姓名")}


def _fresh(rng: Random, kind: str, lang: str, count: int) -> list[str]:
    names: list[str] = []
    while len(names) < count:
        name = rng.choice(NAMES_ZH if lang == "zh" else NAMES_EN) if kind == "person" else label(rng, kind, lang)
        if name not in names:
            names.append(name)
    return names


def _numbers(rng: Random, columns: int, rows: int) -> list[list[int]]:
    """Each column has its own order of magnitude, as columns of real tables do, or mixes them."""
    ranges = [rng.choice([(10, 99), (10, 99), (10, 99), (100, 999), (1, 9), (10, 999)]) for _ in range(columns)]
    return [[rng.randint(*ends) for ends in ranges] for _ in range(rows)]


def _widths(t: Theme, lines: list[list[str]], size: int, room: float, even: bool) -> list[float]:
    """Of the columns: all equal, or each as its longest text needs."""
    count = len(lines[0])
    if even:
        return [room / count] * count
    needed = [max(text_width(line[k], t.bold, size) for line in lines) + size * 1.4 for k in range(count)]
    return [width * min(1.0, room / sum(needed)) for width in needed]


def _draw(rng: Random, canvas: Canvas, t: Theme, lines: list[list[str]], title: str, totals: bool) -> None:
    """Heads, rows and perhaps a title across all columns and a last row of totals."""
    size = rng.randint(12, max(13, min(20, canvas.width // 26)))
    margin, top = rng.uniform(5, 22), rng.uniform(5, 18)
    columns = _widths(t, lines, size, canvas.width - 2 * margin, rng.random() < 0.65)
    wide = sum(columns)
    step = min((canvas.height - top - 6) / (len(lines) + bool(title)), size * rng.uniform(1.5, 3))
    size = min(size, max(10, int(step * 0.8)))
    head = rng.choice(["plain", "panel", "accent", "accent", "line"])
    rules = rng.choice(["rows", "rows", "all", "all", "head", "outer"])
    align = rng.choice(["middle", "middle", "left", "right", "right"])
    right = margin + wide
    begin = top
    if title:
        canvas.text(
            margin + wide / 2, top + step / 2, title, t.bold, fit(title, t.bold, size + 2, wide - 8, 10), t.text, "mm"
        )
        top += step
    bottom = top + step * len(lines)
    if head in ("panel", "accent"):
        canvas.rect((margin, top, right, top + step), t.accent if head == "accent" else t.panel)
    if totals and rng.random() < 0.5:
        canvas.rect((margin, bottom - step, right, bottom), t.panel)
    if rules in ("rows", "all") and rng.random() < 0.2:  # stripes, between lines
        for i in range(2, len(lines), 2):
            canvas.rect((margin, top + step * i, right, top + step * (i + 1)), mix(t.background, t.panel, 0.6))
    for i in range(1, len(lines)):
        heavy = i == 1 or (totals and i == len(lines) - 1)
        if rules in ("rows", "all") or (heavy and rules == "head"):
            width = 2 if heavy and rng.random() < 0.4 else 1
            canvas.draw.line((margin, top + step * i, right, top + step * i), fill=t.line, width=width)
    if head == "line":
        canvas.draw.line((margin, top + step, right, top + step), fill=t.text, width=2)
    x = margin
    for k, width in enumerate(columns):
        if rules == "all" and k:
            canvas.draw.line((x, top, x, bottom), fill=t.line)
        for i, line in enumerate(lines):
            strong = i == 0 or (totals and i == len(lines) - 1)
            ink = t.on_accent if i == 0 and head == "accent" else t.text
            side = "left" if align == "right" and not k else align
            at = {"middle": x + width / 2, "left": x + 6, "right": x + width - 7}[side]
            canvas.text(
                at,
                top + step * (i + 0.5),
                line[k],
                t.bold if strong else t.font,
                fit(line[k], t.bold, size, width - 10, 9),
                ink,
                {"middle": "mm", "left": "lm", "right": "rm"}[side],
            )
        x += width
    if rules in ("all", "outer"):
        canvas.draw.rectangle((margin, begin, right, bottom), outline=mix(t.line, t.text, 0.3))
        canvas.draw.line((margin, top, right, top), fill=t.line)


def tables(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A grid of names and numbers, now and then with a title over it or totals under it."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    width, height = sides(rng, tokens, (0.8, 2.4), (0.4, 0.95))
    most = min(4, width // 84)
    columns = _fresh(rng, "subject", lang, rng.randint(1, max(1, most - 1)))
    kind = rng.choice(["item", "city", "person"])
    rows = _fresh(rng, kind, lang, rng.randint(2, max(2, min(8, height // 30))))
    data = _numbers(rng, len(columns), len(rows))
    t = theme(rng, lang, held_out)
    canvas = Canvas(width, height, t.background)
    heads = [_CORNERS[kind][zh], *columns]
    totals = len(rows) > 2 and rng.random() < 0.18
    title = label(rng, "title", lang) if rng.random() < 0.2 else ""
    lines = [heads, *([n, *map(str, d)] for n, d in zip(rows, data, strict=True))]
    if totals:
        sums = [sum(row[k] for row in data) for k in range(len(columns))]
        lines.append([rng.choice(["合计", "总计"] if zh else ["Total", "Sum"]), *map(str, sums)])
    _draw(rng, canvas, t, lines, title, totals)
    return about_table(rng, canvas, lang, heads, rows, data, lines[-1] if totals else None)


def _markdown(heads: list[str], lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, ["---"] * len(heads), *lines])


def _given_total(rng: Random, lang: str, column: str, last: list[str], k: int) -> Turn:
    """A total that the table itself gives."""
    question = ask(
        rng,
        lang,
        ["What is the total {c}?", "How much {c} in total?"],
        ["{c}总计是多少?", "{c}一共是多少?"],
        c=column,
    )
    answer = last[k + 1]
    thinking = f"{last[0]}: {answer}"
    return Turn(skill="table_compute", question=question, answer=answer, thinking=thinking)


def about_table(
    rng: Random,
    canvas: Canvas,
    lang: str,
    heads: list[str],
    rows: list[str],
    data: list[list[int]],
    totals: list[str] | None = None,
) -> Sample:
    """Questions about a table that has been drawn: its column heads, the names of its rows, its numbers, a row of totals."""
    _, *columns = heads
    picture = wear(rng, canvas.array(), 0.7)
    ask_in = lang if rng.random() < 0.85 else ("en" if lang == "zh" else "zh")
    zh = ask_in == "zh"
    lines = [[n, *map(str, d)] for n, d in zip(rows, data, strict=True)]
    markdown = _markdown(heads, [*lines, totals] if totals else lines)
    question = ask(
        rng,
        ask_in,
        ["Transcribe the table as Markdown.", "Convert this table to Markdown.", "Read the whole table."],
        ["把表格转成Markdown。", "用Markdown输出这张表格。", "读出整张表格。"],
    )
    count = len(lines) + bool(totals)
    thinking = f"{count}行{len(heads)}列。" if zh else f"{count} rows, {len(heads)} columns."
    check = {"type": "ocr", "text": markdown}
    turns = [Turn(skill="table_markdown", question=question, answer=markdown, thinking=thinking, check=check)]
    turns += [read_cell(rng, ask_in, columns, rows, data, "table") for _ in range(2)]
    k = rng.randrange(len(columns))
    numbers = [row[k] for row in data]
    if totals:
        turns.append(_given_total(rng, ask_in, columns[k], totals, k))
    if len(set(numbers)) == len(numbers) > 1:
        series = Series(
            lang=ask_in,
            subject=columns[k],
            names=rows,
            values=numbers,
            texts=[str(v) for v in numbers],
            skill="table",
            named=True,
            place=f"{k + 1}/{len(columns)}" if len(columns) > 1 else "",
        )
        found = about(rng, series)
        turns += [turn for turn in found if turn.skill != "table_read" and not (totals and "+" in turn.answer)][:2]
    rng.shuffle(turns)
    different = {turn.question: turn for turn in turns}
    return Sample(conversations=[[turn] for turn in different.values()], pictures=[picture])
