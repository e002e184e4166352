"""Scenes of shapes apart from each other."""

from __future__ import annotations

from random import Random

from training.draw import sides
from training.scene import Sample
from training.shapes.ground import ground
from training.shapes.questions import about
from training.shapes.thing import SHAPES, Thing, mid, paint
from training.words import COLORS


def _size(rng: Random, shape: str, least: float, most: float) -> tuple[float, float]:
    w = rng.uniform(least, most)
    if shape == "rectangle":
        return (w, w * rng.uniform(0.4, 0.65)) if rng.random() < 0.6 else (w * rng.uniform(0.4, 0.65), w)
    if shape == "diamond":
        return w * rng.uniform(0.7, 1.0), w
    return w, w


def _place(rng: Random, width: int, height: int, count: int) -> list[Thing]:
    things: list[Thing] = []
    few = rng.random() < 0.4
    shapes = rng.sample(list(SHAPES), rng.randint(1, 3)) if few else list(SHAPES)
    colors = rng.sample(list(COLORS), rng.randint(2, 4)) if few else list(COLORS)
    least = max(22, min(width, height) * 0.07)
    most = max(least + 8, min(width, height) * rng.uniform(0.16, 0.34))
    for _ in range(count * 12):
        if len(things) == count:
            break
        shape = rng.choice(shapes)
        w, h = _size(rng, shape, least, most)
        if w > width - 8 or h > height - 8:
            continue
        x, y = rng.uniform(2, width - w - 2), rng.uniform(2, height - h - 2)
        if all(x > t.box[2] + 4 or x + w < t.box[0] - 4 or y > t.box[3] + 4 or y + h < t.box[1] - 4 for t in things):
            things.append(Thing(shape=shape, color=rng.choice(colors), box=(x, y, x + w, y + h)))
    return things


def shapes(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Shapes apart from each other: where, how many, what is left of what."""
    lang = rng.choice(["en", "zh"])
    width, height = sides(rng, tokens, (0.6, 1.7), (0.15, 0.9))
    canvas = ground(rng, width, height)
    things = sorted(_place(rng, width, height, rng.randint(2, 11)), key=lambda t: (mid(t.box)[1], mid(t.box)[0]))
    for t in things:
        paint(
            canvas,
            t.shape,
            t.box,
            rng.choice(COLORS[t.color][1]),
            (0, 0, 0) if rng.random() < 0.2 and t.color != "black" else None,
        )
    return about(rng, canvas, things, lang)
