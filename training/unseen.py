"""Layouts that the training never draws; only the evaluation does. Each generator is like the one of the same skill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import numpy as np
from PIL import Image

from training import charts, gui, ocr, shapes, video, web
from training import geometry as figures
from training.draw import Canvas, Color, fit, icon, mix, sides, theme, wear
from training.fonts import choose
from training.ocr.fields import KEYS, value_of
from training.ocr.ink import colors, fitting, read_question
from training.scene import Sample, Turn, ask
from training.words import COLORS, LABELS, NAMES_EN, NAMES_ZH, color_name


def screens(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A dialog above a dimmed page, or tiles with an icon and a name below it."""
    lang, phone = rng.choice(["en", "zh"]), rng.random() < 0.5
    width, height = sides(rng, tokens, (0.5, 0.8) if phone else (1.1, 1.8))
    screen = gui.Screen(rng, lang, held_out, width, height)
    c, t, s = screen.canvas, screen.theme, screen.size
    if rng.random() < 0.5:
        c.rect((0, 0, width, height), mix(t.background, (0, 0, 0), 0.45))
        w, x = width * rng.uniform(0.7, 0.9), width * rng.uniform(0.04, 0.1)
        rows = [rng.choice(["input", "checkbox", "switch", "dropdown"]) for _ in range(rng.randint(1, 3))]
        high = s * (5.6 + 3.4 * len(rows))
        top = max(2.0, (height - high) * rng.uniform(0.3, 0.6))
        c.rect((x, top, x + w, min(height - 2, top + high)), t.background, None, rng.choice([0, 12]))
        screen.title(x + s, top + s * 0.4, w - 2 * s, s * 2)
        screen.column(x + s, top + s * 2.8, w - 2 * s, top + high - s * 2.6, rows, 9)
        half = (w - 3 * s) / 2
        screen.button(x + s, top + high - s * 2.6, half, s * 2.2)
        screen.button(x + 2 * s + half, top + high - s * 2.6, half, s * 2.2)
    else:
        screen.title(s, s * 0.5, width - 2 * s, s * 2)
        columns = rng.randint(2, 3 if phone else 4)
        step_x, step_y = width / columns, s * rng.uniform(4.2, 5)
        for row in range(min(3, int((height - s * 3) // step_y))):
            for column in range(columns):
                x, y = column * step_x, s * 3 + row * step_y
                text = screen.fresh("item", rng.choice(["item", "tab"]))
                box = (x + 6, y + 4, x + step_x - 6, y + step_y - 4)
                c.rect(box, t.panel, None, rng.choice([0, 8]))
                icon(
                    c,
                    rng.choice(["star", "user", "mail", "heart", "bell"]),
                    x + step_x / 2,
                    y + step_y * 0.36,
                    s,
                    t.accent,
                    rng,
                )
                size = fit(text, t.font, s, step_x - 20)
                c.text(x + step_x / 2, y + step_y * 0.75, text, t.font, size, t.text, "mm")
                screen.add("item", text, box)
    return gui.about(rng, screen, lang, phone)


def lines(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A poster: centred lines of different sizes and colours inside a frame."""
    lang = rng.choice(["en", "zh"])
    width, height = sides(rng, tokens, (0.7, 1.6), (0.5, 1.0))
    ink, ground = colors(rng)
    canvas, name = Canvas(width, height, ground), choose(rng, lang, held_out)
    canvas.rect((5, 5, width - 6, height - 6), None, ink, rng.choice([0, 14]), 2)
    y, rows = height * 0.08, []
    while y < height * 0.82 and len(rows) < 6:
        size = rng.randint(14, max(15, min(40, height // 6)))
        text = fitting(rng, lang, name, size, width - 36, 5)
        y += size * 0.9
        if y + size > height - 8:
            break
        canvas.text(width / 2, y, text, name, size, mix(ink, ground, rng.choice([0, 0, 0.25])), "mm")
        rows.append(text)
        y += size * rng.uniform(0.8, 1.2)
    text = "\n".join(rows)
    turn = Turn(
        skill="ocr",
        question=read_question(rng, lang),
        answer=text,
        thinking="",
        check={"type": "ocr", "text": text},
    )
    return Sample(conversations=[[turn]] if rows else [], pictures=[wear(rng, canvas.array())])


def form(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A card on which each value stands large below its small name."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    width, height = sides(rng, tokens, (0.6, 1.2), (0.6, 1.0))
    ink, ground = colors(rng)
    canvas, name, size = Canvas(width, height, ground), choose(rng, lang, held_out), rng.randint(15, 20)
    y, pairs = size * 0.5, []
    for key in [pair[zh] for pair in rng.sample(KEYS, 5)]:
        if y + size * 2.8 > height:
            break
        value = value_of(rng, key, lang)
        canvas.text(18, y + size * 0.6, key, name, max(12, size - 4), mix(ink, ground, 0.3))
        canvas.text(18, y + size * 1.8, value, name, size, ink)
        canvas.draw.line((18, y + size * 2.6, width - 18, y + size * 2.6), fill=mix(ink, ground, 0.6))
        pairs.append((key, value))
        y += size * 3
    conversations = []
    for key, value in rng.sample(pairs, min(2, len(pairs))):
        question = ask(
            rng, lang, ["What is the {k}?", "{k}?"], ["{k}是什么?", "请找出{k}。"], k=key if zh else key.lower()
        )
        conversations.append(
            [
                Turn(
                    skill="ocr_value",
                    question=question,
                    answer=value,
                    thinking="",
                    check={"type": "ocr", "text": value},
                )
            ]
        )
    return Sample(conversations=conversations, pictures=[wear(rng, canvas.array())])


def bars(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Bars that carry their numbers inside, or points on stems; the title stands below."""
    lang = rng.choice(["en", "zh"])
    names, ordered = charts.categories(rng, lang)
    values = charts.values(rng, len(names))
    row = rng.choice(LABELS["subject"])
    width, height = sides(rng, tokens, (1.0, 1.7), (0.7, 1.0))
    t = theme(rng, lang, held_out)
    canvas, size = Canvas(width, height, t.background), rng.randint(13, 18)
    canvas.text(width / 2, height - size, row[lang == "zh"], t.bold, size + 3, t.text, "mm")
    bottom, top = height - size * 4, size * 2.0
    step = (width - 2 * size) / len(names)
    stems = rng.random() < 0.5
    small = min(fit(n, t.font, size, step - 4, 10) for n in names)
    canvas.draw.line((size, bottom, width - size, bottom), fill=t.text)
    for k, (n, v) in enumerate(zip(names, values, strict=True)):
        x, y = size + step * (k + 0.5), bottom - (bottom - top) * v / max(values)
        if stems:
            canvas.draw.line((x, y, x, bottom), fill=t.faint, width=2)
            canvas.draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=t.accent)
            canvas.text(x + 8, y - 4, str(v), t.font, size, t.text)
        else:
            canvas.rect((x - step * 0.35, y, x + step * 0.35, bottom), t.accent)
            inside = bottom - y > size * 1.6
            canvas.text(
                x,
                y + size * 0.9 if inside else y - size * 0.7,
                str(v),
                t.font,
                size,
                t.on_accent if inside else t.text,
                "mm",
            )
        canvas.text(x, bottom + size, n, t.font, small, t.text, "mm")
    turns = charts.questions(rng, lang, row[lang == "zh"], names, values, ordered)
    return Sample(conversations=[[turn] for turn in turns], pictures=[wear(rng, canvas.array(), 0.7)])


def tables(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Striped rows without lines, the names of the rows on coloured ground."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    columns = [row[zh] for row in rng.sample(LABELS["subject"], rng.randint(1, 3))]
    rows = rng.sample(NAMES_ZH if zh else NAMES_EN, rng.randint(3, 5))
    data = [[rng.randint(10, 99) for _ in columns] for _ in rows]
    width, height = sides(rng, tokens, (1.0, 2.0), (0.6, 0.9))
    t = theme(rng, lang, held_out)
    canvas, size = Canvas(width, height, t.background), rng.randint(13, 18)
    heads = ["姓名" if zh else "Name", *columns]
    step_x, step_y = width / len(heads), min(height / (len(rows) + 1), size * 2.6)
    canvas.rect((0, 0, step_x, step_y * (len(rows) + 1)), mix(t.background, t.accent, 0.15))
    for i, cells in enumerate([heads, *([n, *map(str, d)] for n, d in zip(rows, data, strict=True))]):
        if i % 2:
            canvas.rect((step_x, step_y * i, width, step_y * (i + 1)), t.panel)
        for k, cell in enumerate(cells):
            cell_size = fit(cell, t.bold, size, step_x - 8, 10)
            right = k > 0
            x = step_x * (k + 1) - 8 if right else 8
            canvas.text(x, step_y * (i + 0.5), cell, t.font, cell_size, t.text, "rm" if right else "lm")
    return charts.about_table(rng, canvas, lang, heads, rows, data)


def around(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Shapes on a ring, on checked ground."""
    lang = rng.choice(["en", "zh"])
    width, height = sides(rng, tokens, (0.8, 1.3), (0.5, 0.9))
    first: Color = (rng.randint(225, 255),) * 3
    canvas, cell = Canvas(width, height, first), rng.randint(20, 48)
    for row in range(0, height, cell):
        for column in range(row // cell % 2 * cell, width, 2 * cell):
            canvas.rect((column, row, column + cell - 1, row + cell - 1), mix(first, (0, 0, 0), 0.06))
    count = rng.randint(3, 8)
    size = min(width, height) * rng.uniform(0.12, 0.2)
    things = []
    for k in range(count):
        angle = 2 * np.pi * (k + rng.uniform(-0.1, 0.1)) / count
        x = width / 2 + np.cos(angle) * (width / 2 - size) - size / 2
        y = height / 2 + np.sin(angle) * (height / 2 - size) - size / 2
        shape, color = rng.choice(list(shapes.SHAPES)), rng.choice(list(COLORS))
        high = size * (0.6 if shape == "rectangle" else 1.0)
        things.append(shapes.Thing(shape=shape, color=color, box=(x, y, x + size, y + high)))
    things.sort(key=lambda t: (t.box[1] + t.box[3], t.box[0]))
    for thing in things:
        shapes.paint(canvas, thing.shape, thing.box, rng.choice(COLORS[thing.color][1]), None)
    return shapes.about(rng, canvas, things, lang)


def geometry(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A triangle that stands on its tip, or a turned rectangle."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    width, height = sides(rng, tokens, (0.9, 1.4), (0.5, 1.0))
    canvas = shapes.ground(rng, width, height)
    name, size = choose(rng, lang, held_out), rng.randint(14, 20)
    a, b = rng.randint(3, 30), 2 * rng.randint(1, 10)
    cx, cy, w, h = width / 2, height / 2, width * 0.3, height * 0.24
    ink = (30, 30, 40)
    if triangle := rng.random() < 0.5:
        tip = cx + w * rng.uniform(-0.6, 0.6)
        points = [(cx - w, cy - h), (cx + w, cy - h), (tip, cy + h)]
        canvas.draw.line((tip, cy - h, tip, cy + h), fill=ink)
        labels = [((cx, cy - h - size * 0.8), a), ((tip + size * 1.1, cy - h * 0.3), b)]
    else:
        angle = rng.uniform(0.25, 0.6)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        corners = np.array([(-w, -h), (w, -h), (w, h), (-w, h)]) * 0.8 @ turn.T + (cx, cy)
        points = [(float(x), float(y)) for x, y in corners]
        far = 1 + size * 1.0 / (0.8 * h)
        below, beside = turn @ (0, 0.8 * h * far), turn @ (-0.8 * w - size * 1.1, 0)
        labels = [((cx + below[0], cy + below[1]), a), ((cx + beside[0], cy + beside[1]), b)]
    canvas.draw.line([*points, points[0]], fill=ink, width=2)
    for (x, y), number in labels:
        canvas.text(x, y, str(number), name, size, ink, "mm")
    area = str(a * b // 2 if triangle else a * b)
    figure = (("triangle", "三角形") if triangle else ("rectangle", "长方形"))[zh]
    question = ask(rng, lang, ["Compute the area of the {f}."], ["计算图中{f}的面积。"], f=figure)
    turn = Turn(
        skill="geometry",
        question=question,
        answer=area,
        thinking="",
        check={"type": "contains", "text": area, "last": True},
    )
    return Sample(conversations=[[turn]], pictures=[wear(rng, canvas.array(), 0.7)])


def webpage(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A page inside a browser's window."""
    inner = web.webpage(rng, held_out, tokens)
    picture = inner.pictures[0]
    height, width = picture.shape[:2]
    canvas = Canvas(width + 32, height + 64, (222, 225, 230))
    canvas.rect((70, 16, width - 10, 44), (255, 255, 255), None, 12)
    canvas.text(86, 30, f"www.{rng.choice(NAMES_EN).lower()}.com", choose(rng, "en", held_out), 14, (90, 90, 95))
    for k, color in enumerate([(237, 106, 94), (245, 191, 79), (98, 197, 84)]):
        canvas.draw.ellipse((12 + 18 * k, 24, 24 + 18 * k, 36), fill=color)
    canvas.image.paste(Image.fromarray(picture), (16, 56))
    return replace(inner, pictures=[canvas.array()])


def clips(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A clip between black bars."""
    inner = video.clips(rng, held_out, tokens // 2)
    assert inner.frames is not None
    return replace(inner, frames=np.pad(inner.frames, ((0, 0), (32, 32), (0, 0), (0, 0))))


def covered(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Two shapes on dark ground, one over the other; which one is in front."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    width, height = sides(rng, tokens, (0.8, 1.4), (0.3, 0.7))
    canvas = Canvas(width, height, (28, 30, 38))
    size = min(width, height) * 0.45
    kinds = rng.sample(["circle", "square", "diamond", "hexagon"], 2)
    colors = rng.sample([c for c in COLORS if c not in ("black", "gray", "brown")], 2)
    x, y = (width - size * 1.5) / 2, (height - size * 1.5) / 2
    names = []
    for k, (kind, color) in enumerate(zip(kinds, colors, strict=True)):
        at = (x + k * size / 2, y + k * size / 2)
        shapes.paint(canvas, kind, (*at, at[0] + size, at[1] + size), rng.choice(COLORS[color][1]), None)
        names.append(color_name(color, "zh") + shapes.SHAPES[kind] if zh else f"{color} {kind}")
    first, second = rng.sample(names, 2)
    question = ask(rng, lang, ["Which is in front, the {a} or the {b}?"], ["{a}和{b}哪个在前面?"], a=first, b=second)
    answer = f"{names[1]}在前面。" if zh else f"The {names[1]} is in front."
    turn = Turn(skill="front", question=question, answer=answer, thinking="")
    return Sample(conversations=[[turn]], pictures=[wear(rng, canvas.array())])


# the training's generator: its counterpart here
LAYOUTS: dict[Callable[..., Sample], Callable[..., Sample]] = {
    gui.screens: screens,
    ocr.lines: lines,
    ocr.form: form,
    charts.charts: bars,
    charts.tables: tables,
    shapes.shapes: around,
    shapes.overlap: covered,
    figures.geometry: geometry,
    web.webpage: webpage,
    video.clips: clips,
}
