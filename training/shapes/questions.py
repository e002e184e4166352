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
    """Some questions about shapes that have been drawn: of number, of where one is from another, and others."""
    scene = Scene(lang=lang, width=canvas.width, height=canvas.height, unordered=things)
    kinds = [beside, box_or_point, color, extreme]
    kinds += [description if len(things) <= 12 and rng.random() < 0.35 else boxes] * 2
    relations = [turn for turn in (relation(rng, scene), relation(rng, scene), one_axis(rng, scene)) if turn]
    turns = [*counts(rng, scene), *{turn.answer: turn for turn in relations}.values()]  # none is asked twice
    most = len(turns) + 2
    while kinds and len(turns) < most:
        kind = kinds.pop(rng.randrange(len(kinds)))
        kinds = [other for other in kinds if other is not kind]
        if turn := kind(rng, scene):
            turns.append(turn)
    rng.shuffle(turns)
    conversations = (
        [[t] for t in turns] if rng.random() < 0.85 or len(turns) < 3 else [turns[:2], *([t] for t in turns[2:])]
    )
    return Sample(conversations=conversations, pictures=[wear(rng, canvas.array())])
