"""Which questions are asked about shapes that have been drawn."""

from __future__ import annotations

from random import Random

from training.draw import Canvas, wear
from training.scene import Sample
from training.shapes.counting import counts
from training.shapes.naming import box_or_point, boxes, color, description, extreme
from training.shapes.relations import beside, one_axis, relation
from training.shapes.scene import Scene
from training.shapes.thing import Thing


def about(rng: Random, canvas: Canvas, things: list[Thing], lang: str) -> Sample:
    """Some questions about shapes that have been drawn, one of them or two of number."""
    scene = Scene(lang=lang, width=canvas.width, height=canvas.height, unordered=things)
    several = description if len(things) <= 12 and rng.random() < 0.35 else boxes
    found = [kind(rng, scene) for kind in (relation, one_axis, beside, box_or_point, color, several, extreme)]
    turns = [turn for turn in found if turn]
    rng.shuffle(turns)
    number = counts(rng, scene)
    turns = [*number[:1], *turns[:3], *number[1:], *turns[3:]][: rng.randint(4, 6)]
    rng.shuffle(turns)
    conversations = (
        [[t] for t in turns] if rng.random() < 0.85 or len(turns) < 3 else [turns[:2], *([t] for t in turns[2:])]
    )
    return Sample(conversations=conversations, pictures=[wear(rng, canvas.array())])
