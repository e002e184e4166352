"""Lines, areas, several lines, points in a row, and points between two axes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from training.charts.frame import Frame
from training.draw import Color, fit, mix


def _marker(frame: Frame, x: float, y: float, kind: str, color: Color) -> None:
    r = 3.5
    if kind == "disc":
        frame.canvas.draw.ellipse((x - r, y - r, x + r, y + r), fill=color)
    elif kind == "circle":
        frame.canvas.draw.ellipse((x - r, y - r, x + r, y + r), fill=frame.theme.background, outline=color, width=2)
    elif kind == "square":
        frame.canvas.draw.rectangle((x - r, y - r, x + r, y + r), fill=color)
    elif kind == "diamond":
        frame.canvas.draw.polygon([(x, y - r - 1), (x + r + 1, y), (x, y + r + 1), (x - r - 1, y)], fill=color)


def _points(frame: Frame, values: list[int]) -> list[tuple[float, float]]:
    step = frame.wide / len(values)
    return [(frame.left + step * (k + 0.5), frame.y(v)) for k, v in enumerate(values)]


def _shaded(frame: Frame, points: list[tuple[float, float]], color: Color) -> None:
    """The area below a line, half transparent: what lies behind stays visible."""
    mask = Image.new("L", frame.canvas.image.size, 0)
    area = [(points[0][0], frame.bottom), *points, (points[-1][0], frame.bottom)]
    ImageDraw.Draw(mask).polygon(area, fill=90)
    frame.canvas.image.paste(color, (0, 0), mask)


def line(frame: Frame, values: list[int], texts: list[str] | None, color: Color, filled: bool) -> list[float]:
    """One line, straight, in steps or smooth; a number above each point, below it in a valley. Returns the points' heights."""
    rng, t, points = frame.rng, frame.theme, _points(frame, values)
    if filled:
        _shaded(frame, points, color)
    path = points
    if not filled and rng.random() < 0.25:
        path = _smooth(points)
    frame.canvas.draw.line(path, fill=color, width=rng.randint(2, 3), joint="curve")
    kind = rng.choice(["disc", "disc", "circle", "square", "diamond", "none"])
    size = min(fit(text, t.font, frame.size, frame.wide / len(values) - 2, 9) for text in texts) if texts else 0
    for k, (x, y) in enumerate(points):
        _marker(frame, x, y, kind, color)
        if texts:
            around = [points[i][1] for i in (k - 1, k + 1) if 0 <= i < len(points)]
            valley = all(other < y - size for other in around) and y + size * 1.4 < frame.bottom
            at = y + size * 0.85 if valley else y - size * 0.85
            frame.canvas.text(x, at, texts[k], t.font, size, t.text, "mm")
    return [y for _, y in points]


def dots(frame: Frame, values: list[int], texts: list[str] | None, color: Color) -> list[float]:
    """Points without a line, each number beside its point or above it. Returns the points' heights."""
    rng, t, points = frame.rng, frame.theme, _points(frame, values)
    kind, beside = rng.choice(["disc", "disc", "circle", "square", "diamond"]), rng.random() < 0.7
    room = frame.wide / len(values) / (2 if beside else 1) - (8 if beside else 2)
    size = min(fit(text, t.font, frame.size, room, 6) for text in texts) if texts else 0
    if beside and size < 10:  # no room there
        beside, size = False, min(fit(text, t.font, frame.size, 2 * room, 9) for text in texts or [""])
    for k, (x, y) in enumerate(points):
        _marker(frame, x, y, kind, color)
        if texts and beside:
            frame.canvas.text(x + 7, y + rng.choice([0, -0.3]) * size, texts[k], t.font, size, t.text, "lm")
        elif texts:
            frame.canvas.text(x, y - size * 0.85, texts[k], t.font, size, t.text, "mm")
    return [y for _, y in points]


def _smooth(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A curve through the points, flat in each of them, so that it goes beyond none."""
    path = []
    for (x1, y1), (x2, y2) in pairwise(points):
        for share in np.linspace(0, 1, 9)[:-1]:
            eased = share * share * (3 - 2 * share)
            path.append((float(x1 + (x2 - x1) * share), float(y1 + (y2 - y1) * eased)))
    return [*path, points[-1]]


def several(frame: Frame, rows: list[list[int]], colors: list[Color]) -> None:
    """Lines of several series, the numbers in the lines' colours: of the uppermost above it, of the others below."""
    kinds = frame.rng.sample(["disc", "circle", "square", "diamond"], len(rows))
    size = max(10, frame.size - 1)
    for row, color, kind in zip(rows, colors, kinds, strict=True):
        points = _points(frame, row)
        frame.canvas.draw.line(points, fill=color, width=2, joint="curve")
        for k, (x, y) in enumerate(points):
            _marker(frame, x, y, kind, color)
            above = row[k] == max(other[k] for other in rows)
            ink = mix(color, frame.theme.text, 0.35)
            frame.canvas.text(x, y + (-size if above else size) * 0.85, str(row[k]), frame.theme.font, size, ink, "mm")


def scatter(frame: Frame, names: list[str], xs: list[int], ys: list[int], top: int, color: Color) -> list[float]:
    """Named points over a horizontal axis from 0 to `top`."""
    t, small = frame.theme, max(10, frame.size - 2)
    frame.right -= small  # half of the last number
    for mark in range(0, top + 1, top // 5):
        x = frame.left + frame.wide * mark / top
        frame.canvas.draw.line((x, frame.top, x, frame.bottom), fill=t.line)
        frame.canvas.text(x, frame.bottom + frame.size * 0.9, str(mark), t.font, small, t.faint, "mm")
    kind = frame.rng.choice(["disc", "square", "diamond"])
    heights = []
    for name, x_value, value in zip(names, xs, ys, strict=True):
        x, y = frame.left + frame.wide * x_value / top, frame.y(value)
        _marker(frame, x, y, kind, color)
        frame.text(x + 7, y - frame.size * 0.55, name, "lm")
        heights.append(y)
    return heights
