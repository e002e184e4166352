"""Shapes that cover each other."""

from __future__ import annotations

from random import Random

from training.draw import sides, wear
from training.scene import Sample, Turn, ask
from training.shapes.ground import ground
from training.shapes.thing import SHAPES, Thing, paint
from training.words import COLORS


def overlap(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Two or three shapes that cover each other: which is in front."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    width, height = sides(rng, tokens, (0.8, 1.4), (0.15, 0.6))
    canvas = ground(rng, width, height)
    kinds, colors = rng.sample([s for s in SHAPES if s not in ("ring", "cross")], 2), rng.sample(list(COLORS), 2)
    s = min(width, height) * rng.uniform(0.3, 0.5)
    x, y = rng.uniform(4, width - s * 1.6 - 4), rng.uniform(4, max(5, height - s * 1.6 - 4))
    shift = rng.uniform(0.35, 0.6) * s
    corner = [(x, y), (x + shift, y + rng.choice([0, 1]) * shift)]
    rng.shuffle(corner)
    things = [
        Thing(shape=k, color=c, box=(px, py, px + s, py + s * (0.6 if k == "rectangle" else 1)))
        for k, c, (px, py) in zip(kinds, colors, corner, strict=True)
    ]
    for t in things:
        paint(canvas, t.shape, t.box, rng.choice(COLORS[t.color][1]), None)
    back, front = things[0].name(lang), things[1].name(lang)
    turns = []
    first, second = rng.sample([front, back], 2)
    question = ask(
        rng,
        lang,
        ["Which is in front, the {a} or the {b}?", "Which shape covers the other?", "Is the {a} or the {b} on top?"],
        ["{a}和{b}哪个在前面?", "哪个图形挡住了另一个?", "{a}和{b}谁在上层?"],
        a=first,
        b=second,
    )
    answer = f"{front}在前面。" if zh else f"The {front} is in front."
    turns.append(
        Turn(
            skill="front",
            question=question,
            answer=answer,
            thinking=f"{front}完整,{back}被挡住。" if zh else f"The {front} is whole, the {back} is partly hidden.",
            check={"type": "text", "text": answer},
        )
    )
    question = ask(
        rng, lang, ["What is behind the {a}?", "What does the {a} hide?"], ["{a}后面是什么?", "{a}挡住了什么?"], a=front
    )
    answer = f"{back}。" if zh else f"The {back}."
    turns.append(
        Turn(
            skill="front",
            question=question,
            answer=answer,
            thinking=f"{front}完整,{back}被挡住。" if zh else f"The {front} is whole, the {back} is partly hidden.",
            check={"type": "text", "text": answer},
        )
    )
    return Sample(conversations=[[t] for t in turns], pictures=[wear(rng, canvas.array())])
