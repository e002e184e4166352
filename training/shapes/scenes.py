"""Scenes of shapes apart from each other."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from training.draw import Canvas, Color, mix, sides
from training.scene import Sample
from training.shapes.ground import ground, textured, visible
from training.shapes.layout import arrange
from training.shapes.questions import about
from training.shapes.thing import ANGULAR, SHAPES, Thing, paint, trace
from training.words import COLORS


def _painted(rng: Random, canvas: Canvas, things: list[Thing], base: Color, outlined: bool) -> None:
    """Filled, with borders, with shadows or, `outlined`, by their lines alone."""
    shadow = rng.uniform(3, 6) if rng.random() < 0.15 else 0
    for t in things:
        shade = rng.choice(COLORS[t.color][1])
        if outlined:
            side = min(t.box[2] - t.box[0], t.box[3] - t.box[1])
            trace(canvas, t.shape, t.box, shade, max(3, round(side * rng.uniform(0.08, 0.14))))
            continue
        turn = rng.uniform(-0.3, 0.3) if t.shape in ("star", "hexagon") and rng.random() < 0.4 else 0.0
        if shadow:
            x1, y1, x2, y2 = t.box
            soft = mix(base, (0, 0, 0), 0.2)
            paint(canvas, t.shape, (x1 + shadow, y1 + shadow, x2 + shadow, y2 + shadow), soft, None, turn)
        border = (0, 0, 0) if rng.random() < 0.2 and t.color != "black" else None
        paint(canvas, t.shape, t.box, shade, border, turn)


def shapes(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Shapes apart from each other: where, how many, what is left of what."""
    lang = rng.choice(["en", "zh"])
    width, height = sides(rng, tokens, (0.6, 1.7), (0.15, 0.9))
    base: Color = (255, 255, 255)
    if quiet := rng.random() < 0.65:
        canvas = ground(rng, width, height)
    else:
        canvas, base = textured(rng, width, height)
    outlined = rng.random() < 0.1
    things = arrange(
        rng, width, height, list(ANGULAR if outlined else SHAPES), list(COLORS) if quiet else visible(base)
    )
    _painted(rng, canvas, things, base, outlined)
    inside = [
        replace(t, box=(max(0.0, x1), max(0.0, y1), min(float(width), x2), min(float(height), y2)))
        for t in things
        for x1, y1, x2, y2 in [t.box]
    ]
    return about(rng, canvas, inside, lang)
