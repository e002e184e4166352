"""Bar, line and pie charts."""

from __future__ import annotations

from random import Random

import numpy as np

from training.charts.questions import questions
from training.charts.series import categories
from training.charts.series import values as numbers
from training.draw import Canvas, Theme, fit, sides, text_width, theme, wear
from training.scene import Sample
from training.words import COLORS, LABELS


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
    names, ordered = categories(rng, lang)
    values = numbers(rng, len(names))
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
