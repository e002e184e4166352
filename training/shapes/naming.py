"""Where shapes are, in boxes and points, and what they are: colours, sizes, descriptions."""

from __future__ import annotations

from random import Random

from training.scene import Turn, ask, boxes_json, openly, points_json
from training.shapes.scene import Scene
from training.shapes.thing import SHAPES
from training.words import color_name


def box_or_point(rng: Random, scene: Scene) -> Turn | None:
    """One shape whose name is unique."""
    if not scene.single:
        return None
    t = rng.choice(scene.single)
    name, near = scene.name(t), str(scene.point(t))
    if rng.random() < 0.6:
        question = ask(
            rng,
            scene.lang,
            [
                "Where is the {n}? Give its box.",
                "Locate the {n}, output bbox_2d in JSON.",
                "Find the {n} and give its bounding box.",
                "Detect the {n}.",
            ],
            ["{n}在哪里?给出边界框。", "定位{n},以JSON输出bbox_2d。", "找到{n}并框出来。", "检测{n}。"],
            n=name,
        )
        return Turn(
            skill="box",
            question=question,
            answer=boxes_json([(scene.box(t), name)]),
            thinking=near,
            check={"type": "box", "box": scene.box(t)},
        )
    question = ask(
        rng,
        scene.lang,
        ["Point to the {n}.", "Give a point on the {n}.", "Click the {n}."],
        ["指出{n}。", "用point_2d标出{n}。", "点击{n}。"],
        n=name,
    )
    return Turn(
        skill="point",
        question=question,
        answer=points_json([(scene.point(t), name)]),
        thinking=near,
        check={"type": "point", "box": scene.box(t)},
    )


def color(rng: Random, scene: Scene) -> Turn | None:
    """Of the only shape of its form."""
    forms = [t.shape for t in scene.things]
    only = [t for t in scene.things if forms.count(t.shape) == 1]
    if not only:
        return None
    t = rng.choice(only)
    question = ask(
        rng,
        scene.lang,
        ["What color is the {s}?", "Which color does the {s} have?"],
        ["{s}是什么颜色?", "{s}的颜色是什么?"],
        s=SHAPES[t.shape] if scene.zh else t.shape,
    )
    answer = f"{color_name(t.color, scene.lang)}。" if scene.zh else f"{t.color.capitalize()}."
    return Turn(
        skill="color",
        question=question,
        answer=answer,
        thinking=f"{scene.name(t)} {scene.point(t)}",
    )


def boxes(rng: Random, scene: Scene) -> Turn | None:
    """All shapes, or all of a colour or form; at most ten."""
    chosen, what = scene.things, "图形" if scene.zh else "shapes"
    roll = rng.random()
    if roll < 0.4 or len(chosen) > 10:
        shade = rng.choice(scene.things).color
        chosen = [t for t in scene.things if t.color == shade]
        what = color_name(shade, "zh") + "图形" if scene.zh else f"{shade} shapes"
    elif roll < 0.55:
        shape = rng.choice(scene.things).shape
        chosen = [t for t in scene.things if t.shape == shape]
        what = SHAPES[shape] if scene.zh else f"shapes that are a {shape}"
    if len(chosen) > 10:
        return None
    question = ask(
        rng,
        scene.lang,
        [
            "Detect all {w} and output boxes in JSON.",
            "Locate all {w}. Report bbox coordinates in JSON format.",
            "Give the bounding boxes of all {w}.",
        ],
        ["检测所有{w},以JSON输出边界框。", "找出所有{w}的bbox_2d。", "框出全部{w}。"],
        w=what,
    )
    items = [(scene.box(t), scene.name(t)) for t in chosen]
    return Turn(
        skill="boxes",
        question=question,
        answer=boxes_json(items),
        thinking=scene.listing({id(t) for t in chosen}),
        check={"type": "boxes", "boxes": [[b, n] for b, n in items]},
    )


def description(rng: Random, scene: Scene) -> Turn:
    question = ask(
        rng,
        scene.lang,
        ["Describe this picture.", "What do you see?", "List all shapes with their colors."],
        ["描述这张图片。", "图里有什么?", "列出所有图形和颜色。"],
    )
    names = scene.names
    turn = Turn(
        skill="shapes_describe",
        question=question,
        answer=("图中有" + "、".join(names) + "。") if scene.zh else "There are: " + ", ".join(names) + ".",
        thinking=scene.listing(),
        check={"type": "set", "items": names},
    )
    return openly(rng, scene.lang, turn)


def extreme(rng: Random, scene: Scene) -> Turn | None:
    """The largest or the smallest, when it is so by far. The chain gives sizes as per cents of the picture's."""
    things = sorted(scene.things, key=lambda t: t.area)
    if len(things) < 3:
        return None
    large = rng.random() < 0.6
    t, second = (things[-1], things[-2]) if large else (things[0], things[1])
    if t not in scene.single or max(t.area, second.area) < 1.5 * min(t.area, second.area):
        return None
    size = {id(x): round(100 * (x.area / (scene.width * scene.height)) ** 0.5) for x in things}
    if size[id(t)] == size[id(second)]:
        return None
    listed = ", ".join(f"{size[id(x)]} {scene.name(x)}" for x in scene.things)
    word = ("最大" if large else "最小") if scene.zh else ("largest" if large else "smallest")
    question = ask(
        rng,
        scene.lang,
        ["Which shape is the largest?", "What is the biggest shape?"]
        if large
        else ["Which shape is the smallest?", "What is the smallest shape?"],
        ["最大的图形是哪个?", "哪个图形最大?"] if large else ["最小的图形是哪个?", "哪个图形最小?"],
    )
    answer = f"{scene.name(t)}。" if scene.zh else f"The {scene.name(t)}."
    return Turn(
        skill="largest",
        question=question,
        answer=answer,
        thinking=f"{listed}; {word} {size[id(t)]} {scene.name(t)}",
    )
