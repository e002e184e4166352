"""The frames of a clip: things on a ground, texts, and scenes that fill the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np

from training.draw import Canvas, Color, fit, mix
from training.shapes import SHAPES, paint, sides_of
from training.video.clip import Event
from training.words import COLORS, color_name, label

Draw = Callable[[Canvas, float], None]  # (canvas, share of its time that is over)


@dataclass(frozen=True, kw_only=True)
class Actor:
    event: Event
    draw: Draw

    def seen(self, frame: int) -> bool:
        """What blinks is left out of the second frame of every group."""
        there = self.event.first <= frame // 2 <= self.event.last
        return there and not (self.event.move == "blinks" and frame % 2)

    @property
    def moves(self) -> bool:
        return self.event.move not in ("", "blinks")

    def share(self, frame: int) -> float:
        return (frame / 2 - self.event.first) / max(1, self.event.last + 0.5 - self.event.first)


def english(name: str) -> str:
    return ("an " if name[0] in "aeiou" else "a ") + name


def shape(rng: Random, lang: str, dark: bool) -> tuple[str, str, str]:
    """Form, colour and name of a thing that shows on the ground."""
    form, color = rng.choice(list(SHAPES)), rng.choice([c for c in COLORS if c != "black" or not dark])
    if lang == "zh":
        return form, color, color_name(color, "zh") + ("球" if form == "circle" else SHAPES[form])
    return form, color, english(f"{color} {'ball' if form == 'circle' else form}")


def _painted(canvas: Canvas, form: str, middle: tuple[float, float], sides: tuple[float, float], shade: Color) -> None:
    (cx, cy), (w, h) = middle, sides
    paint(canvas, form, (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), shade, None)


def moving(
    form: str,
    shade: Color,
    place: tuple[float, float],
    sides: tuple[float, float],
    move: str,
    span: tuple[float, float],
) -> Draw:
    """A shape at a place given in shares of the free room; what moves crosses the room from `span[0]` to `span[1]`."""

    def draw(canvas: Canvas, share: float) -> None:
        (x, y), (w, h) = place, sides
        low, high = span
        if move in ("left", "right"):
            x = low + (high - low) * (share if move == "right" else 1 - share)
        elif move in ("up", "down"):
            y = low + (high - low) * (share if move == "down" else 1 - share)
        elif move in ("grows", "shrinks"):
            scale = 0.35 + 0.65 * (share if move == "grows" else 1 - share)
            w, h = w * scale, h * scale
        middle = (x * (canvas.width - w) + w / 2, y * (canvas.height - h) + h / 2)
        _painted(canvas, form, middle, (w, h), shade)

    return draw


def writing(text: str, font: str, size: int, y: float, ink: Color) -> Draw:
    def draw(canvas: Canvas, share: float) -> None:
        fitted = fit(text, font, size, canvas.width - 4, 9)
        canvas.text(canvas.width / 2, y * canvas.height, text, font, fitted, ink, "mm")

    return draw


def _several(rng: Random, lang: str) -> tuple[str, Draw]:
    """Two to four equal shapes on a ground of their own."""
    count = rng.randint(2, 4)
    form = rng.choice([form for form in SHAPES if form not in ("cross", "ring")])
    color = rng.choice([c for c in COLORS if c not in ("gray", "black")])
    ground, shade = mix((255, 255, 255), rng.choice(COLORS["gray"][1]), rng.random()), rng.choice(COLORS[color][1])
    number = (("two", "两"), ("three", "三"), ("four", "四"))[count - 2]
    name = (
        f"{number[1]}个{color_name(color, 'zh')}{SHAPES[form]}"
        if lang == "zh"
        else f"a picture of {number[0]} {color} {form}s"
    )
    heights = [rng.uniform(0.3, 0.7) for _ in range(count)]
    wide, high = sides_of(rng, form, 1.0)

    def draw(canvas: Canvas, share: float) -> None:
        canvas.rect((0, 0, canvas.width, canvas.height), ground)
        side = min(canvas.width / count * 0.8, canvas.height * 0.5)
        for k, height in enumerate(heights):
            middle = (canvas.width * (k + 0.5) / count, canvas.height * height)
            _painted(canvas, form, middle, (wide * side, high * side), shade)

    return name, draw


def _card(rng: Random, lang: str, font: str) -> tuple[str, Draw]:
    """A text on a coloured ground."""
    text = label(rng, rng.choice(["title", "city", "item"]), lang)
    ground = rng.choice(COLORS[rng.choice(list(COLORS))][1])
    ink: Color = (20, 20, 20) if sum(ground) > 400 else (250, 250, 250)
    write = writing(text, font, rng.randint(14, 20), rng.uniform(0.35, 0.65), ink)

    def draw(canvas: Canvas, share: float) -> None:
        canvas.rect((0, 0, canvas.width, canvas.height), ground)
        write(canvas, share)

    return f"文字“{text}”" if lang == "zh" else f'the text "{text}"', draw


def _chart(rng: Random, lang: str) -> tuple[str, Draw]:
    kind = rng.choice(["bar", "pie", "line"])
    shades = [rng.choice(COLORS[c][1]) for c in rng.sample([c for c in COLORS if c != "gray"], 4)]
    values = [rng.uniform(0.25, 1) for _ in range(4)]
    name = {"bar": ("a bar chart", "柱状图"), "pie": ("a pie chart", "饼图"), "line": ("a line chart", "折线图")}[kind]

    def draw(canvas: Canvas, share: float) -> None:
        w, h = canvas.width, canvas.height
        canvas.rect((0, 0, w, h), (252, 252, 252))
        if kind == "pie":
            r, begin = min(w, h) * 0.4, 0.0
            for value, color in zip(values, shades, strict=True):
                sweep = 360 * value / sum(values)
                canvas.draw.pieslice((w / 2 - r, h / 2 - r, w / 2 + r, h / 2 + r), begin, begin + sweep, fill=color)
                begin += sweep
            return
        points = [(w * (k + 0.6) / 4.2, h * (0.9 - 0.75 * value)) for k, value in enumerate(values)]
        if kind == "bar":
            for (x, y), color in zip(points, shades, strict=True):
                canvas.rect((x - w * 0.08, y, x + w * 0.08, h * 0.9), color)
        else:
            canvas.draw.line(points, fill=shades[0], width=3)
        canvas.draw.line((w * 0.04, h * 0.08, w * 0.04, h * 0.9, w * 0.96, h * 0.9), fill=(40, 40, 40))

    return name[lang == "zh"], draw


def _sketch(rng: Random, lang: str) -> tuple[str, Draw]:
    """A little picture: a house, a tree, the sun, a face, a car, a mountain, the night sky."""
    names = {
        "house": ("a house", "房子"),
        "tree": ("a tree", "树"),
        "sun": ("the sun", "太阳"),
        "face": ("a smiling face", "笑脸"),
        "car": ("a car", "汽车"),
        "mountain": ("a mountain", "山"),
        "night": ("a night sky", "夜空"),
    }
    kind = rng.choice(list(names))
    first, second = (rng.choice(COLORS[c][1]) for c in rng.sample(["red", "blue", "orange", "purple", "brown"], 2))
    stars = [(rng.random(), rng.random() * 0.8) for _ in range(14)]

    def draw(canvas: Canvas, share: float) -> None:
        w, h, d = canvas.width, canvas.height, canvas.draw
        s, cx, cy = min(w, h), w / 2, h / 2
        canvas.rect((0, 0, w, h), (25, 28, 60) if kind == "night" else (190, 220, 245))
        if kind not in ("night", "face", "sun"):
            canvas.rect((0, h * 0.75, w, h), (120, 180, 90))
        if kind == "house":
            canvas.rect((cx - s * 0.25, cy - s * 0.05, cx + s * 0.25, h * 0.85), first)
            d.polygon(
                [(cx - s * 0.32, cy - s * 0.05), (cx, cy - s * 0.35), (cx + s * 0.32, cy - s * 0.05)], fill=second
            )
            canvas.rect((cx - s * 0.06, h * 0.85 - s * 0.2, cx + s * 0.06, h * 0.85), (70, 50, 40))
        elif kind == "tree":
            canvas.rect((cx - s * 0.05, cy, cx + s * 0.05, h * 0.85), (110, 70, 40))
            d.ellipse((cx - s * 0.26, cy - s * 0.38, cx + s * 0.26, cy + s * 0.12), fill=(40, 130, 60))
        elif kind == "sun":
            for k in range(8):
                x, y = np.cos(k * np.pi / 4) * s * 0.42, np.sin(k * np.pi / 4) * s * 0.42
                d.line((cx, cy, cx + x, cy + y), fill=(250, 200, 40), width=3)
            d.ellipse((cx - s * 0.25, cy - s * 0.25, cx + s * 0.25, cy + s * 0.25), fill=(250, 200, 40))
        elif kind == "face":
            d.ellipse((cx - s * 0.4, cy - s * 0.4, cx + s * 0.4, cy + s * 0.4), fill=(250, 215, 80))
            for x in (-0.15, 0.15):
                d.ellipse((cx + s * (x - 0.05), cy - s * 0.15, cx + s * (x + 0.05), cy - s * 0.03), fill=(30, 30, 30))
            d.arc((cx - s * 0.22, cy - s * 0.15, cx + s * 0.22, cy + s * 0.25), 20, 160, fill=(30, 30, 30), width=3)
        elif kind == "car":
            y = h * 0.78
            canvas.rect((cx - s * 0.4, y - s * 0.22, cx + s * 0.4, y - s * 0.03), first, None, 5)
            canvas.rect((cx - s * 0.2, y - s * 0.38, cx + s * 0.2, y - s * 0.2), first, None, 5)
            for x in (-0.22, 0.22):
                d.ellipse((cx + s * (x - 0.09), y - s * 0.1, cx + s * (x + 0.09), y + s * 0.08), fill=(30, 30, 30))
        elif kind == "mountain":
            d.polygon([(w * 0.05, h * 0.78), (w * 0.45, h * 0.2), (w * 0.9, h * 0.78)], fill=(120, 115, 125))
            d.polygon([(w * 0.36, h * 0.33), (w * 0.45, h * 0.2), (w * 0.55, h * 0.33)], fill=(250, 250, 250))
        else:
            for x, y in stars:
                d.ellipse((x * w - 1, y * h - 1, x * w + 1, y * h + 1), fill=(250, 250, 220))
            d.ellipse((w * 0.65, h * 0.15, w * 0.65 + s * 0.25, h * 0.15 + s * 0.25), fill=(245, 240, 200))

    return names[kind][lang == "zh"], draw


def scene(rng: Random, lang: str, font: str) -> tuple[str, Draw]:
    """A whole picture and what it is called."""
    kind = rng.randrange(4)
    if kind == 0:
        return _several(rng, lang)
    if kind == 1:
        return _card(rng, lang, font)
    return _chart(rng, lang) if kind == 2 else _sketch(rng, lang)
