"""Shapes that cover each other."""

from __future__ import annotations

from random import Random

import numpy as np

from training.draw import Canvas, sides, wear
from training.scene import Box, Sample, Turn, ask
from training.shapes.ground import ground
from training.shapes.layout import free
from training.shapes.thing import SHAPES, Thing, paint
from training.words import COLORS

_SOLID = [s for s in SHAPES if s not in ("ring", "cross")]  # nothing shows through them


def _pair(rng: Random, width: int, height: int) -> tuple[Box, Box]:
    """The box at the back and the one in front, which leaves most of the other to be seen."""
    size = min(width, height) * rng.uniform(0.3, 0.5)
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.45, 0.62)
    dx, dy = float(np.cos(angle)) * size * far, float(np.sin(angle)) * size * far
    front = size * rng.uniform(0.75, 1.05)
    x = rng.uniform(4, max(5, width - size - abs(dx) - 8)) + max(0.0, -dx)
    y = rng.uniform(4, max(5, height - size - abs(dy) - 8)) + max(0.0, -dy)
    return (x, y, x + size, y + size), (x + dx, y + dy, x + dx + front, y + dy + front)


def _mask(thing: Thing, width: int, height: int) -> np.ndarray:
    """Where a thing would be drawn, on a small scale."""
    canvas = Canvas(width // 8, height // 8, (0, 0, 0))
    x1, y1, x2, y2 = (value / 8 for value in thing.box)
    paint(canvas, thing.shape, (x1, y1, x2, y2), (255, 255, 255), None)
    return canvas.array()[..., 0] > 0


def _covering(rng: Random, width: int, height: int) -> list[Thing]:
    """Two shapes of which the second covers between a tenth and a half of the first."""
    kinds, colors = rng.sample(_SOLID, 2), rng.sample(list(COLORS), 2)
    while True:
        things = []
        for shape, color, (x1, y1, x2, y2) in zip(kinds, colors, _pair(rng, width, height), strict=True):
            high = 0.6 if shape == "rectangle" else 1.0
            things.append(Thing(shape=shape, color=color, box=(x1, y1, x2, y1 + (y2 - y1) * high)))
        back, front = (_mask(t, width, height) for t in things)
        if 0.1 < (back & front).sum() / max(1, back.sum()) < 0.5:
            return things


def overlap(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Two shapes that cover each other, sometimes a third apart: which is in front, which behind."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    width, height = sides(rng, tokens, (0.7, 1.6), (0.15, 0.6))
    canvas = ground(rng, width, height)
    things = _covering(rng, width, height)
    size = min(width, height) * 0.22
    x, y = rng.uniform(3, width - size - 3), rng.uniform(3, height - size - 3)
    box = (x, y, x + size, y + size)
    if rng.random() < 0.4 and free(box, [t.box for t in things]):
        shape = rng.choice([s for s in SHAPES if s not in ("rectangle", *(t.shape for t in things))])
        things.append(Thing(shape=shape, color=rng.choice(list(COLORS)), box=box))
    for t in things:
        border = rng.choice([None, None, (20, 20, 20), (255, 255, 255)])
        paint(canvas, t.shape, t.box, rng.choice(COLORS[t.color][1]), border)
    back, front = things[0].name(lang), things[1].name(lang)
    first, second = rng.sample([front, back], 2)
    asked = [
        (
            ask(
                rng,
                lang,
                [
                    "Which is in front, the {a} or the {b}?",
                    "Which shape covers the other?",
                    "Is the {a} or the {b} on top?",
                ],
                ["{a}和{b}哪个在前面?", "哪个图形挡住了另一个?", "{a}和{b}谁在上层?"],
                a=first,
                b=second,
            ),
            f"{front}在前面。" if zh else f"The {front} is in front.",
        ),
        (
            ask(
                rng,
                lang,
                ["What is behind the {a}?", "What does the {a} hide?"],
                ["{a}后面是什么?", "{a}挡住了什么?"],
                a=front,
            ),
            f"{back}。" if zh else f"The {back}.",
        ),
    ]
    seen = f"{front}完整,{back}被挡住。" if zh else f"The {front} is whole, the {back} is partly hidden."
    turns = [
        Turn(skill="front", question=question, answer=answer, thinking=seen, check={"type": "text", "text": answer})
        for question, answer in asked
    ]
    return Sample(conversations=[[t] for t in turns], pictures=[wear(rng, canvas.array())])
