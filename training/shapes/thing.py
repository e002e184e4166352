"""A coloured shape: what it is called, where it is, how it is painted."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

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
ANGULAR = ("square", "triangle", "star", "rectangle", "diamond", "hexagon")  # their outline alone can be told


@dataclass(frozen=True, kw_only=True)
class Thing:
    shape: str
    color: str
    box: Box

    def name(self, lang: str) -> str:
        return color_name(self.color, lang) + SHAPES[self.shape] if lang == "zh" else f"{self.color} {self.shape}"

    @property
    def area(self) -> float:
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


def plural(shape: str) -> str:
    return shape + ("es" if shape == "cross" else "s")


def mid(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


_ROUND = {"triangle": 3, "star": 10, "hexagon": 6}  # corners around the middle


def corners(shape: str, box: Box, turn: float = 0.0) -> list[tuple[float, float]]:
    """The corners of an angular shape that fills its box; turned by an angle before it is fitted into it."""
    x1, y1, x2, y2 = box
    if shape in ("square", "rectangle"):
        return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    if shape == "diamond":
        cx, cy = mid(box)
        return [(cx, y1), (x2, cy), (cx, y2), (x1, cy)]
    count = _ROUND[shape]
    far = [0.4 if shape == "star" and k % 2 else 1.0 for k in range(count)]
    angles = [2 * pi * k / count + turn for k in range(count)]
    xs = [r * sin(a) for r, a in zip(far, angles, strict=True)]
    ys = [-r * cos(a) for r, a in zip(far, angles, strict=True)]
    wide, high = (x2 - x1) / (max(xs) - min(xs)), (y2 - y1) / (max(ys) - min(ys))
    return [(x1 + (x - min(xs)) * wide, y1 + (y - min(ys)) * high) for x, y in zip(xs, ys, strict=True)]


def paint(canvas: Canvas, shape: str, box: Box, fill: Color, outline: Color | None, turn: float = 0.0) -> None:
    """Draws one shape that fills its box."""
    x1, y1, x2, y2 = box
    (cx, cy), rx, ry = mid(box), (x2 - x1) / 2, (y2 - y1) / 2
    draw = canvas.draw
    if shape == "circle":
        draw.ellipse(box, fill=fill, outline=outline)
    elif shape == "ring":
        draw.ellipse(box, outline=fill, width=max(3, round(rx * 0.35)))
    elif shape == "cross":
        w = rx * 0.35
        draw.rectangle((cx - w, y1, cx + w, y2), fill=fill)
        draw.rectangle((x1, cy - w, x2, cy + w), fill=fill)
    elif shape == "heart":
        draw.ellipse((x1, y1, cx + rx * 0.03, cy + ry * 0.1), fill=fill)
        draw.ellipse((cx - rx * 0.03, y1, x2, cy + ry * 0.1), fill=fill)
        wide = rx * 0.92
        draw.polygon([(cx - wide, cy - ry * 0.15), (cx, cy - ry * 0.45), (cx + wide, cy - ry * 0.15), (cx, y2)], fill)
    else:
        draw.polygon(corners(shape, box, turn), fill=fill, outline=outline)


def trace(canvas: Canvas, shape: str, box: Box, color: Color, width: int) -> None:
    """The outline of an angular shape, its inside left as it was."""
    canvas.draw.polygon(corners(shape, box), outline=color, width=width)
