"""Bars: upright and lying, grouped, stacked."""

from __future__ import annotations

from training.charts.frame import Frame
from training.draw import Color, fit, mix, text_width


def _number_size(frame: Frame, texts: list[str], room: float) -> int:
    return min(fit(text, frame.theme.font, frame.size, room, 9) for text in texts)


def upright(
    frame: Frame, names: list[str], values: list[int], texts: list[str] | None, colors: list[Color]
) -> list[float]:
    """Columns, each number beyond its end. Returns the height on the page of each end."""
    rng, t = frame.rng, frame.theme
    step, share = frame.wide / len(names), rng.uniform(0.24, 0.44)
    size = _number_size(frame, texts, step - 2) if texts else 0
    zero, radius, ends = frame.y(0), rng.choice([0, 0, 0, 3, 8]), []
    for k, value in enumerate(values):
        x, y = frame.left + step * (k + 0.5), frame.y(value)
        frame.canvas.rect((x - step * share, min(y, zero), x + step * share, max(y, zero)), colors[k], None, radius)
        if texts:
            beyond = size * (-0.7 if value >= 0 else 0.75)
            frame.canvas.text(x, y + beyond, texts[k], t.font, size, t.text, "mm")
        ends.append(y)
    return ends


def lying(
    frame: Frame, names: list[str], values: list[int], texts: list[str] | None, colors: list[Color]
) -> list[float]:
    """Rows with their names at the left. Returns where each bar ends along the page."""
    rng, t = frame.rng, frame.theme
    room = frame.wide * 0.35
    size = min(fit(name, t.font, frame.size, room, 9) for name in names)
    frame.left += min(room, max(text_width(name, t.font, size) for name in names)) + 8
    after = max(text_width(text, t.font, frame.size) for text in texts) + 8 if texts else frame.size * 0.4
    step, share, ends = frame.tall / len(names), rng.uniform(0.22, 0.4), []
    longest, tracks, radius = frame.wide - after, rng.random() < 0.12, rng.choice([0, 0, 4])
    if rng.random() < 0.3:
        for k in range(1, 5):
            x = frame.left + longest * k / 4
            frame.canvas.draw.line((x, frame.top, x, frame.bottom), fill=t.line)
    for k, value in enumerate(values):
        y, end = frame.top + step * (k + 0.5), frame.left + longest * value / max(values)
        frame.canvas.text(frame.left - 6, y, names[k], t.font, size, t.text, "rm")
        if tracks:
            frame.canvas.rect((frame.left, y - step * share, frame.left + longest, y + step * share), t.panel)
        frame.canvas.rect((frame.left, y - step * share, end, y + step * share), colors[k], None, radius)
        if texts:
            frame.canvas.text(end + 4, y, texts[k], t.font, min(frame.size, int(step)), t.text, "lm")
        ends.append(end)
    if rng.random() < 0.5:
        frame.canvas.draw.line((frame.left, frame.top, frame.left, frame.bottom), fill=t.text)
    return ends


def grouped(frame: Frame, rows: list[list[int]], colors: list[Color]) -> None:
    """For each name one bar of every series, with its number above it."""
    t, step = frame.theme, frame.wide / len(rows[0])
    width = step * frame.rng.uniform(0.7, 0.86) / len(rows)
    size = _number_size(frame, [str(v) for row in rows for v in row], width + step * 0.08)
    for k in range(len(rows[0])):
        begin = frame.left + step * (k + 0.5) - width * len(rows) / 2
        for i, row in enumerate(rows):
            x, y = begin + width * i, frame.y(row[k])
            frame.canvas.rect((x + 1, y, x + width - 1, frame.bottom), colors[i])
            frame.canvas.text(x + width / 2, y - size * 0.65, str(row[k]), t.font, size, t.text, "mm")


def stacked(frame: Frame, rows: list[list[int]], colors: list[Color]) -> None:
    """For each name the series upon each other, each number in its part."""
    step, share = frame.wide / len(rows[0]), frame.rng.uniform(0.28, 0.42)
    size = _number_size(frame, ["99"], step * 2 * share - 4)
    for k in range(len(rows[0])):
        x, base = frame.left + step * (k + 0.5), 0
        for i, row in enumerate(rows):
            upper, lower = frame.y(base + row[k]), frame.y(base)
            frame.canvas.rect((x - step * share, upper, x + step * share, lower), colors[i])
            bright = sum(colors[i]) > 380
            ink = mix(colors[i], (0, 0, 0), 0.85) if bright else (255, 255, 255)
            high = min(size, max(9, int(lower - upper) - 1))
            frame.canvas.text(x, (upper + lower) / 2, str(row[k]), frame.theme.font, high, ink, "mm")
            base += row[k]
