"""Shapes that cover each other: which lies in front, what is behind."""

from __future__ import annotations

from random import Random

import numpy as np

from training.draw import Canvas, sides, wear
from training.scene import Box, Sample, Turn, ask, scaled
from training.shapes.ground import ground, textured, visible
from training.shapes.layout import free
from training.shapes.thing import SHAPES, Thing, paint
from training.words import COLORS, color_name

# Nothing shows through them, and what is seen of one that is covered tells its form, as it would not tell a rectangle from a square.
_SOLID = [s for s in SHAPES if s not in ("ring", "cross", "rectangle")]
Pile = list[Thing]  # from the back to the front
_BEHIND = (["What is behind the {a}?", "What does the {a} hide?"], ["{a}后面是什么?", "{a}挡住了什么?"])
_BEFORE = (["What is in front of the {a}?", "What covers the {a}?"], ["{a}前面是什么?", "{a}被什么挡住了?"])


def _near(rng: Random, boxes: list[Box], least: float, most: float) -> Box:
    """A box that covers a part of one of the others."""
    x1, y1, x2, y2 = rng.choice(boxes)
    size, angle = rng.uniform(least, most), rng.uniform(0, 2 * np.pi)
    far = (x2 - x1 + size) / 2 * rng.uniform(0.45, 0.65)
    x, y = (x1 + x2) / 2 + far * float(np.cos(angle)), (y1 + y2) / 2 + far * float(np.sin(angle))
    return x - size / 2, y - size / 2, x + size / 2, y + size / 2


def _masks(pile: Pile, width: int, height: int, step: int) -> list[np.ndarray]:
    """Where each thing would be drawn, with one place for `step` pixels."""
    found = []
    for thing in pile:
        canvas = Canvas(width // step, height // step, (0, 0, 0))
        x1, y1, x2, y2 = (value / step for value in thing.box)
        paint(canvas, thing.shape, (x1, y1, x2, y2), (255, 255, 255), None)
        found.append(canvas.array()[..., 0] > 0)
    return found


def hidden(pile: Pile, width: int, height: int) -> dict[tuple[int, int], float]:
    """For every pair (back, front) that meets, the share of the one at the back that the other covers."""
    masks = _masks(pile, width, height, 8)
    shares = {
        (i, k): float((masks[i] & masks[k]).sum() / max(1, masks[i].sum())) for k in range(len(pile)) for i in range(k)
    }
    return {pair: share for pair, share in shares.items() if share}


def pile_up(rng: Random, width: int, height: int, count: int, colors: list[str]) -> Pile:
    """Things that meet: whatever covers another covers between a tenth and a half of it, and most of each is seen."""
    side = min(width, height)
    least, most = side * (0.3 if count == 2 else 0.22), side * (0.5 if count == 2 else 0.38)
    while True:
        size = rng.uniform(least, most)
        x, y = rng.uniform(4, width - size - 4), rng.uniform(4, height - size - 4)
        boxes = [(x, y, x + size, y + size)]
        while len(boxes) < count:
            boxes.append(_near(rng, boxes, least, most))
        if any(x1 < 3 or y1 < 3 or x2 > width - 3 or y2 > height - 3 for x1, y1, x2, y2 in boxes):
            continue
        pile = []
        for shape, color, (x1, y1, x2, y2) in zip(
            rng.sample(_SOLID, count), rng.sample(colors, count), boxes, strict=True
        ):
            pile.append(Thing(shape=shape, color=color, box=(x1, y1, x2, y2)))
        shares = hidden(pile, width, height)
        covered = [sum(share for (back, _), share in shares.items() if back == k) for k in range(count)]
        met = {k for pair in shares for k in pair}
        if len(met) == count and max(covered) < 0.55 and all(0.1 < share < 0.5 for share in shares.values()):
            return pile


def crossings(pile: Pile, width: int, height: int) -> dict[tuple[int, int], list[int]]:
    """For pairs (back, front) a point of the 0-1000 scale well inside of where both would be and nothing lies over them; none where there is none."""
    step, points = 4, {}
    masks = _masks(pile, width, height, step)
    for k in range(len(pile)):
        shown = masks[k] & ~np.any(masks[k + 1 :], axis=0) if masks[k + 1 :] else masks[k]
        for i in range(k):
            if place := _inmost(masks[i] & shown):
                x, y = (step * at + step // 2 for at in place)
                points[i, k] = scaled((x, y, x, y), width, height)[:2]
    return points


def _inmost(seen: np.ndarray) -> tuple[int, int] | None:
    """A place (column, row) of a region, away from its edges where there is room."""
    for _ in range(2):
        inner = seen.copy()
        for axis in (0, 1):
            for by in (-1, 1):
                inner &= np.roll(seen, by, axis)
        seen = inner if inner.any() else seen
    rows, columns = np.nonzero(seen)
    if not len(rows):
        return None
    nearest = ((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2).argmin()
    return int(columns[nearest]), int(rows[nearest])


def _chain(lang: str, first: Thing, second: Thing, front: Thing, at: list[int]) -> str:
    """The colour that is seen where both would be tells which is in front."""
    color = color_name(front.color, lang)
    if lang == "zh":
        return f"{first.name(lang)}与{second.name(lang)}相交于{at},那里是{color}:{front.name(lang)}在前面。"
    return f"The {first.name(lang)} meets the {second.name(lang)} at {at}, where {color} is seen: the {front.name(lang)} is in front."


def _questions(rng: Random, lang: str, pile: Pile, width: int, height: int) -> list[Turn]:
    """Of two that meet, which is in front; what one thing alone hides, or is hidden by."""
    zh, pairs = lang == "zh", list(hidden(pile, width, height))
    points = crossings(pile, width, height)
    turns: list[Turn] = []

    def add(question: str, answer: str, seen: str) -> None:
        turns.append(Turn(skill="front", question=question, answer=answer, thinking=seen))

    for i, k in pairs:
        back, front = pile[i], pile[k]
        first, second = rng.sample([front, back], 2)
        if (at := points.get((i, k))) is None:
            continue
        unnamed = [["Which shape covers the other?"], ["哪个图形挡住了另一个?"]] if len(pile) == 2 else [[], []]
        add(
            ask(
                rng,
                lang,
                ["Which is in front, the {a} or the {b}?", "Is the {a} or the {b} on top?", *unnamed[0]],
                ["{a}和{b}哪个在前面?", "{a}和{b}谁在上层?", *unnamed[1]],
                a=first.name(lang),
                b=second.name(lang),
            ),
            f"{front.name(lang)}在前面。" if zh else f"The {front.name(lang)} is in front.",
            _chain(lang, first, second, front, at),
        )
        alone = sum(other == k for _, other in pairs) == 1
        covered_once = len(pile) > 2 and sum(other == i for other, _ in pairs) == 1
        for asked, english, chinese, named, answer in (
            (alone, _BEHIND[0], _BEHIND[1], front, back),
            (covered_once, _BEFORE[0], _BEFORE[1], back, front),
        ):
            if asked:
                question = ask(rng, lang, english, chinese, a=named.name(lang))
                chain = _chain(lang, named, answer, front, at)
                add(question, f"{answer.name(lang)}。" if zh else f"The {answer.name(lang)}.", chain)
    rng.shuffle(turns)
    return turns[:4]


def overlap(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Two to four shapes that cover each other, sometimes one more apart."""
    lang = rng.choice(["en", "zh"])
    width, height = sides(rng, tokens, (0.7, 1.6), (0.15, 0.6))
    colors = list(COLORS)
    if rng.random() < 0.3:
        canvas, base = textured(rng, width, height)
        colors = visible(base)
    else:
        canvas = ground(rng, width, height)
    pile = pile_up(rng, width, height, rng.choice([2, 2, 2, 3, 3, 4]) if min(width, height) > 160 else 2, colors)
    things = list(pile)
    size = min(width, height) * 0.22
    x, y = rng.uniform(3, width - size - 3), rng.uniform(3, height - size - 3)
    box = (x, y, x + size, y + size)
    if rng.random() < 0.4 and free(box, [t.box for t in things]):
        shape = rng.choice([s for s in SHAPES if s not in ("rectangle", *(t.shape for t in things))])
        things.append(Thing(shape=shape, color=rng.choice(colors), box=box))
    for t in things:
        border = rng.choice([None, None, (20, 20, 20), (255, 255, 255)])
        paint(canvas, t.shape, t.box, rng.choice(COLORS[t.color][1]), border)
    turns = _questions(rng, lang, pile, width, height)
    return Sample(conversations=[[t] for t in turns], pictures=[wear(rng, canvas.array())])
