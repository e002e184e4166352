"""Cuboids and cubes in perspective."""

from __future__ import annotations

from training.geometry.sketch import Point, Sketch
from training.geometry.steps import Figure, Task, product_chain


def cuboid(s: Sketch) -> Figure:
    """Front face, top and right side; hidden edges dashed or left out."""
    s.letters = False
    w, h = s.w / 2 * 0.85, s.h / 2 * 0.85
    cube = s.rng.random() < 0.2
    if cube:
        w = h = min(w, h)
    dx, dy = (w + h) / 2 * s.rng.uniform(0.45, 0.75), -(w + h) / 2 * s.rng.uniform(0.3, 0.5)
    left, right, top, bottom = -w - dx / 2, w - dx / 2, -h - dy / 2, h - dy / 2
    front: list[Point] = [(left, top), (right, top), (right, bottom), (left, bottom)]
    upper: list[Point] = [(left, top), (left + dx, top + dy), (right + dx, top + dy), (right, top)]
    side: list[Point] = [(right, top), (right + dx, top + dy), (right + dx, bottom + dy), (right, bottom)]
    for face in (upper, side, front):
        s.polygon(face)
    if s.rng.random() < 0.5:
        hidden = (left + dx, bottom + dy)
        for end in ((left, bottom), (left + dx, top + dy), (right + dx, bottom + dy)):
            s.segment(hidden, end, dashed=True)
    a, b, c = (s.rng.randint(2, 15) for _ in range(3))
    if cube:
        b = c = a
    s.label(((left + right) / 2, bottom), (0, 1), f"{a}{s.unit}")
    if not cube:
        s.label((right + dx / 2, bottom + dy / 2), (1, 1), f"{b}{s.unit}")
        s.label((left, (top + bottom) / 2), (-1, 0), f"{c}{s.unit}")
    cubic = f"{s.unit}^3" if s.unit else ""
    if cube:
        steps = f"{a}*{a}={a * a}, {product_chain(a * a, a)}"
        surface, given = f"{a}*{a}={a * a}, {a * a}*6={6 * a * a}", [("edge", "棱长", str(a))]
    else:
        steps = f"{product_chain(a, b)}, {product_chain(a * b, c)}"
        faces = a * b, a * c, b * c
        total = sum(faces)
        surface = (
            f"{a}*{b}={faces[0]}, {a}*{c}={faces[1]}, {b}*{c}={faces[2]}, "
            f"{faces[0]}+{faces[1]}={faces[0] + faces[1]}, {faces[0] + faces[1]}+{faces[2]}={total}, {total}*2={2 * total}"
        )
        given = [("length", "长", str(a)), ("width", "宽", str(b)), ("height", "高", str(c))]
    tasks = [
        Task(what="volume", result=f"{a * b * c}{cubic}", steps=steps),
        Task(what="surface", result=f"{2 * (a * b + a * c + b * c)}{s.square_unit}", steps=surface),
    ]
    return Figure(name=("cube", "正方体") if cube else ("cuboid", "长方体"), given=given, tasks=tasks)
