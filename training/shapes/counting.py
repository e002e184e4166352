"""How many shapes of a colour, of a form, of both, or in all; often none."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from training.scene import Turn, ask
from training.shapes.scene import Scene
from training.shapes.thing import SHAPES, Thing, plural
from training.words import COLORS, color_name


def _colored(rng: Random, scene: Scene, absent: bool) -> tuple[Callable[[Thing], bool], str]:
    there = {t.color for t in scene.things}
    missing = [c for c in COLORS if c not in there]
    color = rng.choice(missing if absent and missing else sorted(there))
    return lambda t: t.color == color, color_name(color, "zh") + "图形" if scene.zh else f"{color} shapes"


def _formed(rng: Random, scene: Scene, absent: bool) -> tuple[Callable[[Thing], bool], str]:
    there = {t.shape for t in scene.things}
    missing = [s for s in SHAPES if s not in there]
    shape = rng.choice(missing if absent and missing else sorted(there))
    return lambda t: t.shape == shape, SHAPES[shape] if scene.zh else plural(shape)


def _named(rng: Random, scene: Scene, absent: bool) -> tuple[Callable[[Thing], bool], str]:
    """A colour and a form, for `absent` each of which is there, but not together."""
    pairs = {(t.color, t.shape) for t in scene.things}
    crossed = {(c, s) for c, _ in pairs for _, s in pairs} - pairs
    color, shape = rng.choice(sorted(crossed if absent and crossed else pairs))
    what = color_name(color, "zh") + SHAPES[shape] if scene.zh else f"{color} {plural(shape)}"
    return lambda t: (t.color, t.shape) == (color, shape), what


def _all(rng: Random, scene: Scene, absent: bool) -> tuple[Callable[[Thing], bool], str]:
    return lambda t: True, "图形" if scene.zh else "shapes"


def counts(rng: Random, scene: Scene) -> list[Turn]:
    """Two different questions of number."""
    turns = []
    for kind in rng.sample([_colored, _formed, _named, _all], 2):
        matches, what = kind(rng, scene, rng.random() < 0.22)
        found = {id(t) for t in scene.things if matches(t)}
        question = ask(
            rng,
            scene.lang,
            [
                "How many {w} are there?",
                "Count the {w}.",
                "How many {w} do you see?",
                "What is the number of {w}?",
                "How many {w} are in the picture?",
            ],
            [
                "有几个{w}?",
                "数一数有多少个{w}。",
                "图中有多少个{w}?",
                "一共有几个{w}?",
                "{w}有几个?",
                "图片里有几个{w}?",
            ],
            w=what,
        )
        answer = f"{len(found)}个。" if scene.zh else f"{len(found)}."
        turns.append(
            Turn(
                skill="count",
                question=question,
                answer=answer,
                thinking=f"{scene.listing(found)} = {len(found)}",
            )
        )
    return turns
