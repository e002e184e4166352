"""Pies and rings: their parts are named beside them, around them or in a legend."""

from __future__ import annotations

import numpy as np

from training.charts.frame import Frame
from training.draw import Color, text_width


def pie(frame: Frame, names: list[str], values: list[int], texts: list[str], colors: list[Color]) -> None:
    """Every part's number stands with its name."""
    rng, t = frame.rng, frame.theme
    labels = [f"{n}{rng.choice([' ', ' ', ': '])}{v}" for n, v in zip(names, texts, strict=True)]
    longest = max(text_width(label, t.font, frame.size) for label in labels)
    around = (
        len(names) <= 6 and min(values) * 16 > sum(values) and rng.random() < 0.5 and longest * 2 < frame.wide * 0.7
    )
    if around:
        radius = min(frame.wide / 2 - longest - frame.size * 0.8, frame.tall / 2 - frame.size * 1.2)
        cx = (frame.left + frame.right) / 2
        around = radius > frame.size * 2
    if not around:
        radius = min(frame.tall * 0.46, (frame.wide - longest - frame.size * 2.4) * 0.5)
        radius = max(radius, frame.size * 1.5)
        cx = frame.left + radius + frame.size * 0.4
    cy = (frame.top + frame.bottom) / 2
    angle, spread = rng.choice([-90.0, rng.uniform(0, 360)]), rng.random() < 0.15
    for label, value, color in zip(labels, values, colors, strict=True):
        sweep = 360 * value / sum(values)
        middle = float(np.radians(angle + sweep / 2))
        dx, dy = np.cos(middle), np.sin(middle)
        ox, oy = (cx + dx * 4, cy + dy * 4) if spread else (cx, cy)
        box = (ox - radius, oy - radius, ox + radius, oy + radius)
        frame.canvas.draw.pieslice(box, angle, angle + sweep, fill=color, outline=t.background)
        if around:
            px, py = cx + dx * radius, cy + dy * radius
            qx, qy = cx + dx * (radius + frame.size * 0.7), cy + dy * (radius + frame.size * 0.7)
            frame.canvas.draw.line((px, py, qx, qy), fill=t.faint)
            frame.text(qx + (3 if dx > 0 else -3), qy, label, "lm" if dx > 0 else "rm")
        angle += sweep
    if rng.random() < 0.35:
        r = radius * rng.uniform(0.4, 0.65)
        frame.canvas.draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=t.background)
    if not around:
        _list(frame, labels, colors, cx + radius + frame.size * 1.2, cy)


def _list(frame: Frame, labels: list[str], colors: list[Color], x: float, cy: float) -> None:
    step = min(frame.size * 1.8, frame.tall / len(labels))
    for k, (label, color) in enumerate(zip(labels, colors, strict=True)):
        y, r = cy + (k - (len(labels) - 1) / 2) * step, frame.size * 0.35
        frame.canvas.rect((x, y - r, x + 2 * r, y + r), color)
        frame.text(x + frame.size * 1.1, y, label, "lm", frame.canvas.width - x - frame.size * 1.3)
