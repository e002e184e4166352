"""Where one shape is from another: one direction when it is clear, two when both hold; what is not clear is not asked."""

from __future__ import annotations

from random import Random

from training.scene import Turn, ask
from training.shapes.scene import Scene
from training.shapes.thing import Thing, mid

# axis, sign -> words
_SIDES = {
    (0, -1): ("left of", "左边"),
    (0, 1): ("right of", "右边"),
    (1, -1): ("above", "上方"),
    (1, 1): ("below", "下方"),
}
_CORNERS = {
    (-1, -1): ("above and to the left of", "左上方"),
    (1, -1): ("above and to the right of", "右上方"),
    (-1, 1): ("below and to the left of", "左下方"),
    (1, 1): ("below and to the right of", "右下方"),
}


def _gaps(scene: Scene, a: Thing, b: Thing) -> tuple[float, float]:
    """From the middle of `b` to that of `a`, in shares of the picture's sides."""
    (ax, ay), (bx, by) = mid(a.box), mid(b.box)
    return (ax - bx) / scene.width, (ay - by) / scene.height


def _sign(value: float) -> int:
    return 1 if value > 0 else -1


def _clear(small: float, large: float) -> bool | None:
    """Whether the larger of two gaps is the only one that counts; None when people would differ."""
    if small < 0.35 * large:
        return True
    return False if small > 0.5 * large else None


def direction(scene: Scene, a: Thing, b: Thing) -> tuple[tuple[int, int], ...]:
    """The (axis, sign) that hold of `a` seen from `b`: one or two of them, none when it is not clear in pixels and in shares of the sides."""
    dx, dy = _gaps(scene, a, b)
    if max(abs(dx), abs(dy)) < 0.1:
        return ()
    found = set()
    for wide, high in ((1, 1), (scene.width, scene.height)):
        x, y = abs(dx) * wide, abs(dy) * high
        alone = _clear(min(x, y), max(x, y))
        if alone is None:
            return ()
        axis = 0 if x > y else 1
        found.add(((axis, _sign((dx, dy)[axis])),) if alone else ((0, _sign(dx)), (1, _sign(dy))))
    return found.pop() if len(found) == 1 else ()


def words(scene: Scene, sides: tuple[tuple[int, int], ...]) -> str:
    if len(sides) == 1:
        return _SIDES[sides[0]][scene.zh]
    return _CORNERS[sides[0][1], sides[1][1]][scene.zh]


def _compared(
    scene: Scene, a: Thing, b: Thing, sides: tuple[tuple[int, int], ...], axes: tuple[int, ...] = (0, 1)
) -> str:
    """The two places, then axis by axis which is smaller and by how much; a word where the axis counts."""
    first, second = scene.point(a), scene.point(b)
    parts = []
    for axis in axes:
        x, y = first[axis], second[axis]
        mark = "<" if x < y else ">" if x > y else "="
        told = "".join(" " + _SIDES[side][scene.zh].removesuffix(" of") for side in sides if side[0] == axis)
        parts.append(f"{x}{mark}{y} {abs(x - y)}{told}")
    return f"{scene.name(a)} {first}, {scene.name(b)} {second}: {', '.join(parts)}"


def _sentence(scene: Scene, a: Thing, b: Thing, word: str) -> str:
    if scene.zh:
        return f"{scene.name(a)}在{scene.name(b)}的{word}。"
    return f"The {scene.name(a)} is {word} the {scene.name(b)}."


def relation(rng: Random, scene: Scene) -> Turn | None:
    """The direction between two shapes whose names are unique."""
    if len(scene.single) < 2:
        return None
    for _ in range(6):
        a, b = rng.sample(scene.single, 2)
        if sides := direction(scene, a, b):
            break
    else:
        return None
    question = ask(
        rng,
        scene.lang,
        [
            "Where is the {a} relative to the {b}?",
            "Is the {a} left of, right of, above or below the {b}?",
            "What is the position of the {a} with respect to the {b}?",
            "In which direction from the {b} is the {a}?",
        ],
        ["{a}在{b}的哪个方向?", "{a}相对于{b}在哪里?", "{a}在{b}的左边、右边、上方还是下方?", "{a}在{b}的什么位置?"],
        a=scene.name(a),
        b=scene.name(b),
    )
    answer = _sentence(scene, a, b, words(scene, sides))
    return Turn(
        skill="relation",
        question=question,
        answer=answer,
        thinking=_compared(scene, a, b, sides),
    )


def one_axis(rng: Random, scene: Scene) -> Turn | None:
    """Left or right, above or below; asked as a choice or for yes or no."""
    axis = rng.randrange(2)
    pairs = [
        (a, b)
        for a in scene.single
        for b in scene.single
        if a is not b and abs(_gaps(scene, a, b)[axis]) * (scene.width, scene.height)[axis] > 12
        if abs(_gaps(scene, a, b)[axis]) > 0.06
    ]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    sign = _sign(_gaps(scene, a, b)[axis])
    thinking = _compared(scene, a, b, ((axis, sign),), (axis,))
    true, false = _SIDES[axis, sign][scene.zh], _SIDES[axis, -sign][scene.zh]
    named = {"a": scene.name(a), "b": scene.name(b)}
    if rng.random() < 0.5:
        question = ask(
            rng,
            scene.lang,
            [f"Is the {{a}} {' or '.join(_SIDES[axis, s][0] for s in (-1, 1))} the {{b}}?"],
            [f"{{a}}在{{b}}的{'还是'.join(_SIDES[axis, s][1] for s in (-1, 1))}?"],
            **named,
        )
        answer = _sentence(scene, a, b, true)
    else:
        yes = rng.random() < 0.5
        word = true if yes else false
        thinking += f"; {word}: {'是' if yes else '不是'}" if scene.zh else f"; {word}: {'yes' if yes else 'no'}"
        question = ask(
            rng,
            scene.lang,
            ["Is the {a} {w} the {b}?", "Is it true that the {a} is {w} the {b}?"],
            ["{a}在{b}的{w}吗?", "{a}是不是在{b}的{w}?"],
            w=word,
            **named,
        )
        if scene.zh:
            answer = f"{'是' if yes else '不是'},{_sentence(scene, a, b, true)}"
        else:
            answer = f"{'Yes' if yes else 'No'}, the {scene.name(a)} is {true} the {scene.name(b)}."
    return Turn(
        skill="relation",
        question=question,
        answer=answer,
        thinking=thinking,
    )


def beside(rng: Random, scene: Scene) -> Turn | None:
    """Everything on one side of a shape."""
    if not scene.single or len(scene.things) > 9:
        return None
    axis, sign = rng.choice(list(_SIDES))
    base = rng.choice(scene.single)
    others = [t for t in scene.things if t is not base]
    gaps = {id(t): _gaps(scene, t, base)[axis] for t in others}
    inside = [t for t in others if gaps[id(t)] * sign > 0]
    if not all(abs(gap) > 0.05 for gap in gaps.values()) or len(inside) > 4:
        return None
    question = ask(
        rng,
        scene.lang,
        ["What is {d} the {b}?", "Which shapes are {d} the {b}?", "Name everything {d} the {b}."],
        ["{b}的{d}有什么?", "哪些图形在{b}的{d}?", "说出{b}{d}的所有图形。"],
        d=_SIDES[axis, sign][scene.zh],
        b=scene.name(base),
    )
    names = ("、" if scene.zh else ", ").join(scene.name(t) for t in inside)
    nothing = "没有图形。" if scene.zh else "Nothing."
    answer = names + ("。" if scene.zh else ".") if inside else nothing
    place = scene.point(base)[axis]
    compared = ", ".join(
        f"{scene.name(t)} {scene.point(t)[axis]}{'<' if gaps[id(t)] < 0 else '>'}{place}" for t in others
    )
    return Turn(
        skill="relation_list",
        question=question,
        answer=answer,
        thinking=f"{scene.name(base)} {scene.point(base)}: {compared}",
    )
