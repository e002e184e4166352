"""Which figure is drawn and what is asked about it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from training.draw import wear
from training.geometry import composed, plane, solid
from training.geometry.sketch import Sketch
from training.geometry.steps import WORDS, Figure, Task
from training.scene import Sample, Turn, ask

KINDS: list[tuple[Callable[[Sketch], Figure], float]] = [
    (plane.triangle, 0.18),
    (plane.rectangle, 0.13),
    (plane.circle, 0.1),
    (plane.right, 0.12),
    (plane.angles, 0.09),
    (plane.trapezoid, 0.06),
    (plane.parallelogram, 0.05),
    (plane.square, 0.04),
    (plane.rhombus, 0.03),
    (plane.sector, 0.03),
    (composed.ell, 0.04),
    (composed.house, 0.03),
    (composed.frame, 0.02),
    (composed.similar, 0.02),
    (composed.grid, 0.03),
    (solid.cuboid, 0.03),
]


def draw(rng: Random, lang: str, held_out: bool, tokens: int) -> tuple[Sketch, Figure]:
    """A figure none of whose texts lie upon each other."""
    kind = rng.choices([kind for kind, _ in KINDS], [share for _, share in KINDS])[0]
    while True:
        sketch = Sketch(rng, lang, held_out, tokens)
        figure = kind(sketch)
        if not sketch.crowded():
            return sketch, figure


def _turn(rng: Random, lang: str, figure: Figure, task: Task) -> Turn:
    zh = lang == "zh"
    word, name = WORDS[task.what][zh], figure.name[zh]
    steps = rng.random() < 0.5
    if steps:
        question = ask(
            rng,
            lang,
            [
                "Compute the {w} of the {f} and show the steps.",
                "Find the {w} of this {f}. Write down the steps.",
                "What is the {w}? Explain step by step.",
                "Compute the {w} of the {f} in the picture, step by step.",
            ],
            [
                "计算图中{f}的{w},并写出步骤。",
                "计算图中{f}{w},并写出步骤。",
                "求{f}的{w},写出计算步骤。",
                "{w}是多少?请写出步骤。",
            ],
            w=word,
            f=name,
        )
    else:
        question = ask(
            rng,
            lang,
            ["Compute the {w} of the {f}.", "What is the {w}?", "Find the {w} of this {f}.", "How large is the {w}?"],
            ["计算图中{f}的{w}。", "{w}是多少?", "求这个{f}的{w}。", "图中{f}的{w}是多少?"],
            w=word,
            f=name,
        )
    answer = f"{word}是{task.result}。" if zh else f"{word}: {task.result}"
    return Turn(
        skill="geometry",
        question=question,
        answer=f"{task.steps}\n{answer}" if steps else answer,
        thinking=f"{name}: {figure.read(zh)}; {task.steps}",
        check={"type": "contains", "text": task.result, "last": True},
    )


def geometry(rng: Random, held_out: bool, tokens: int) -> Sample:
    """One figure with its measures; area, perimeter, volume, a missing side or angle."""
    lang = rng.choice(["en", "zh"])
    sketch, figure = draw(rng, lang, held_out, tokens)
    turns = [_turn(rng, lang, figure, task) for task in figure.tasks]
    return Sample(conversations=[[turn] for turn in turns], pictures=[wear(rng, sketch.canvas.array(), 0.7)])
