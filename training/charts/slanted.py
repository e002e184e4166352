"""Words that do not lie level: names of narrow columns, the label of a value axis."""

from __future__ import annotations

from math import cos, radians, sin

from PIL import Image

from training.draw import Canvas, Color, text_width
from training.glyphs import line

ANGLES = (30, 45, 45, 60, 90)  # degrees, counter-clockwise


def extent(text: str, name: str, size: int, angle: int) -> tuple[float, float]:
    """Width and height that a word takes when it is turned."""
    length, turn = text_width(text, name, size), radians(angle)
    return length * cos(turn) + size * sin(turn), length * sin(turn) + size * cos(turn)


def slanted(
    canvas: Canvas, end: tuple[float, float], text: str, name: str, size: int, color: Color, angle: int
) -> None:
    """Draws a word that rises to `end`: its upper right corner; at 90 degrees the middle of its upper side."""
    mask, *_ = line(text, name, size, "lm")
    if not mask.size:
        return
    turned = Image.fromarray(mask).rotate(angle, Image.Resampling.BICUBIC, expand=True)
    x = end[0] - (turned.width / 2 if angle == 90 else turned.width - size * 0.3)
    canvas.draw.bitmap((round(x), round(end[1])), turned, color)
