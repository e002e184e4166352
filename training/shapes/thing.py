"""A coloured shape: what it is called, where it is, how it is painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.draw import Canvas, Color
from training.scene import Box
from training.words import color_name

SHAPES = {
    "circle": "圆形",
    "square": "正方形",
    "triangle": "三角形",
    "star": "星形",
    "rectangle": "长方形",
    "diamond": "菱形",
    "hexagon": "六边形",
    "heart": "心形",
    "cross": "十字形",
    "ring": "圆环",
}


@dataclass(frozen=True, kw_only=True)
class Thing:
    shape: str
    color: str
    box: Box

    def name(self, lang: str) -> str:
        return color_name(self.color, lang) + SHAPES[self.shape] if lang == "zh" else f"{self.color} {self.shape}"


def paint(canvas: Canvas, shape: str, box: Box, fill: Color, outline: Color | None, turn: float = 0.0) -> None:
    """Draws one shape that fills its box."""
    x1, y1, x2, y2 = box
    cx, cy, rx, ry = (x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2, (y2 - y1) / 2
    draw = canvas.draw

    def polygon(angles: list[tuple[float, float]]) -> None:
        points = [(r * np.sin(a + turn), -r * np.cos(a + turn)) for a, r in angles]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        wx, wy = max(xs) - min(xs), max(ys) - min(ys)
        draw.polygon(
            [(x1 + (x - min(xs)) / wx * (x2 - x1), y1 + (y - min(ys)) / wy * (y2 - y1)) for x, y in points],
            fill=fill,
            outline=outline,
        )

    if shape == "circle":
        draw.ellipse(box, fill=fill, outline=outline)
    elif shape == "ring":
        draw.ellipse(box, outline=fill, width=max(3, round(rx * 0.35)))
    elif shape in ("square", "rectangle"):
        draw.rectangle(box, fill=fill, outline=outline)
    elif shape == "triangle":
        polygon([(0, 1), (2 * np.pi / 3, 1), (4 * np.pi / 3, 1)])
    elif shape == "star":
        polygon([(i * np.pi / 5, 1 if i % 2 == 0 else 0.4) for i in range(10)])
    elif shape == "diamond":
        draw.polygon([(cx, y1), (x2, cy), (cx, y2), (x1, cy)], fill=fill, outline=outline)
    elif shape == "hexagon":
        polygon([(i * np.pi / 3, 1) for i in range(6)])
    elif shape == "cross":
        w = rx * 0.35
        draw.rectangle((cx - w, y1, cx + w, y2), fill=fill)
        draw.rectangle((x1, cy - w, x2, cy + w), fill=fill)
    else:  # heart
        draw.ellipse((x1, y1, cx + rx * 0.03, cy + ry * 0.1), fill=fill)
        draw.ellipse((cx - rx * 0.03, y1, x2, cy + ry * 0.1), fill=fill)
        draw.polygon([(x1 + rx * 0.08, cy - ry * 0.15), (x2 - rx * 0.08, cy - ry * 0.15), (cx, y2)], fill=fill)


def mid(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
