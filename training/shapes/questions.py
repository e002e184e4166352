"""Questions about shapes that have been drawn: how many, where, which."""

from __future__ import annotations

from random import Random

from training.draw import Canvas, wear
from training.scene import Sample, Turn, ask, boxes_json, center, points_json, scaled
from training.shapes.thing import SHAPES, Thing, mid
from training.words import COLORS, color_name


def about(rng: Random, canvas: Canvas, things: list[Thing], lang: str) -> Sample:
    """Questions about shapes that have been drawn, given from top to bottom."""
    zh, width, height = lang == "zh", canvas.width, canvas.height
    turns: list[Turn] = []
    names = [t.name(lang) for t in things]
    single = [t for t in things if names.count(t.name(lang)) == 1]
    box = {id(t): scaled(t.box, width, height) for t in things}

    def near(t: Thing) -> str:
        return str(center(box[id(t)]))

    # how many
    roll = rng.random()
    if roll < 0.35:
        color = rng.choice(things).color if rng.random() < 0.85 else rng.choice(list(COLORS))
        found, what = (
            [t for t in things if t.color == color],
            (color_name(color, "zh") + "图形") if zh else f"{color} shapes",
        )
    elif roll < 0.7:
        shape = rng.choice(things).shape if rng.random() < 0.85 else rng.choice(list(SHAPES))
        found, what = (
            [t for t in things if t.shape == shape],
            SHAPES[shape] if zh else shape + ("es" if shape == "cross" else "s"),
        )
    elif roll < 0.85:
        thing = rng.choice(things)
        found = [t for t in things if t.shape == thing.shape and t.color == thing.color]
        what = thing.name("zh") if zh else thing.name("en") + ("es" if thing.shape == "cross" else "s")
    else:
        found, what = things, "图形" if zh else "shapes"
    question = ask(
        rng,
        lang,
        ["How many {w} are there?", "Count the {w}.", "How many {w} do you see?", "What is the number of {w}?"],
        ["有几个{w}?", "数一数有多少个{w}。", "图中有多少个{w}?", "一共有几个{w}?"],
        w=what,
    )
    listing = "; ".join(f"{n} {t.name(lang)} {near(t)}" for n, t in enumerate(found, 1))
    turns.append(
        Turn(
            skill="count",
            question=question,
            answer=f"{len(found)}个。" if zh else f"{len(found)}.",
            thinking=(listing or ("没有找到" if zh else "none")) + f" = {len(found)}",
            check={"type": "text", "text": f"{len(found)}个。" if zh else f"{len(found)}."},
        )
    )
    # relations between two
    if len(single) >= 2:
        a, b = rng.sample(single, 2)
        (ax, ay), (bx, by) = mid(a.box), mid(b.box)
        horizontal = abs(ax - bx) / width > abs(ay - by) / height
        if max(abs(ax - bx) / width, abs(ay - by) / height) > 0.08:
            words = ("左边" if ax < bx else "右边") if horizontal else ("上方" if ay < by else "下方")
            english = ("left of" if ax < bx else "right of") if horizontal else ("above" if ay < by else "below")
            question = ask(
                rng,
                lang,
                [
                    "Where is the {a} relative to the {b}?",
                    "Is the {a} left of, right of, above or below the {b}?",
                    "What is the position of the {a} with respect to the {b}?",
                ],
                ["{a}在{b}的哪个方向?", "{a}相对于{b}在哪里?", "{a}在{b}的左边、右边、上方还是下方?"],
                a=a.name(lang),
                b=b.name(lang),
            )
            answer = (
                f"{a.name(lang)}在{b.name(lang)}的{words}。"
                if zh
                else f"The {a.name(lang)} is {english} the {b.name(lang)}."
            )
            dx, dy = center(box[id(a)])[0] - center(box[id(b)])[0], center(box[id(a)])[1] - center(box[id(b)])[1]
            turns.append(
                Turn(
                    skill="relation",
                    question=question,
                    answer=answer,
                    thinking=f"{a.name(lang)} {near(a)}, {b.name(lang)} {near(b)}: {dx}, {dy}.",
                    check={"type": "text", "text": answer},
                )
            )
        direction = rng.randrange(4)
        base = rng.choice(single)
        others = [t for t in things if t is not base]
        axis = direction // 2
        gap = [
            (mid(t.box)[axis] - mid(base.box)[axis]) * (-1 if direction % 2 == 0 else 1) / (width, height)[axis]
            for t in others
        ]
        inside = [t for t, g in zip(others, gap, strict=True) if g > 0.05]
        if all(abs(g) > 0.05 for g in gap) and len(inside) <= 4:
            word = (["左边", "右边", "上方", "下方"] if zh else ["left of", "right of", "above", "below"])[direction]
            question = ask(
                rng,
                lang,
                ["What is {d} the {b}?", "Which shapes are {d} the {b}?", "Name everything {d} the {b}."],
                ["{b}的{d}有什么?", "哪些图形在{b}的{d}?", "说出{b}{d}的所有图形。"],
                d=word,
                b=base.name(lang),
            )
            answer = (
                ("、" if zh else ", ").join(t.name(lang) for t in inside) + ("。" if zh else ".")
                if inside
                else ("没有图形。" if zh else "Nothing.")
            )
            listing = "; ".join(f"{t.name(lang)} {near(t)}" for t in things)
            turns.append(
                Turn(
                    skill="relation_list",
                    question=question,
                    answer=answer,
                    thinking=listing,
                    check={"type": "text", "text": answer},
                )
            )
    # boxes and points
    if single:
        t = rng.choice(single)
        if rng.random() < 0.6:
            question = ask(
                rng,
                lang,
                [
                    "Where is the {n}? Give its box.",
                    "Locate the {n}, output bbox_2d in JSON.",
                    "Find the {n} and give its bounding box.",
                    "Detect the {n}.",
                ],
                ["{n}在哪里?给出边界框。", "定位{n},以JSON输出bbox_2d。", "找到{n}并框出来。", "检测{n}。"],
                n=t.name(lang),
            )
            turns.append(
                Turn(
                    skill="box",
                    question=question,
                    answer=boxes_json([(box[id(t)], t.name(lang))]),
                    thinking=near(t),
                    check={"type": "box", "box": box[id(t)]},
                )
            )
        else:
            question = ask(
                rng,
                lang,
                ["Point to the {n}.", "Give a point on the {n}.", "Click the {n}."],
                ["指出{n}。", "用point_2d标出{n}。", "点击{n}。"],
                n=t.name(lang),
            )
            turns.append(
                Turn(
                    skill="point",
                    question=question,
                    answer=points_json([(center(box[id(t)]), t.name(lang))]),
                    thinking=near(t),
                    check={"type": "point", "box": box[id(t)]},
                )
            )
        t = rng.choice(things)
        same = [x for x in things if x.shape == t.shape]
        if len(same) == 1:
            question = ask(
                rng,
                lang,
                ["What color is the {s}?", "Which color does the {s} have?"],
                ["{s}是什么颜色?", "{s}的颜色是什么?"],
                s=SHAPES[t.shape] if zh else t.shape,
            )
            answer = f"{color_name(t.color, lang)}。" if zh else f"{t.color.capitalize()}."
            turns.append(
                Turn(
                    skill="color",
                    question=question,
                    answer=answer,
                    thinking=t.name(lang),
                    check={"type": "text", "text": answer},
                )
            )
    if len(things) <= 8:
        chosen, what = things, "图形" if zh else "shapes"
        if rng.random() < 0.5:
            color = rng.choice(things).color
            chosen, what = (
                [t for t in things if t.color == color],
                (color_name(color, lang) + "图形") if zh else f"{color} shapes",
            )
        if rng.random() < 0.7:
            question = ask(
                rng,
                lang,
                [
                    "Detect all {w} and output boxes in JSON.",
                    "Locate all {w}. Report bbox coordinates in JSON format.",
                    "Give the bounding boxes of all {w}.",
                ],
                ["检测所有{w},以JSON输出边界框。", "找出所有{w}的bbox_2d。", "框出全部{w}。"],
                w=what,
            )
            items = [(box[id(t)], t.name(lang)) for t in chosen]
            turns.append(
                Turn(
                    skill="boxes",
                    question=question,
                    answer=boxes_json(items),
                    thinking=f"{len(items)}个。" if zh else f"{len(items)} of them.",
                    check={"type": "boxes", "boxes": [[b, n] for b, n in items]},
                )
            )
        else:
            question = ask(
                rng,
                lang,
                ["Describe this picture.", "What do you see?", "List all shapes with their colors."],
                ["描述这张图片。", "图里有什么?", "列出所有图形和颜色。"],
            )
            answer = ("图中有" + "、".join(names) + "。") if zh else "There are: " + ", ".join(names) + "."
            turns.append(
                Turn(
                    skill="shapes_describe",
                    question=question,
                    answer=answer,
                    thinking=f"{len(things)}个图形。" if zh else f"{len(things)} shapes.",
                    check={"type": "set", "items": names},
                )
            )
    areas = sorted(((t.box[2] - t.box[0]) * (t.box[3] - t.box[1]), t.name(lang)) for t in things)
    if len(single) == len(things) >= 3 and areas[-1][0] > 1.5 * areas[-2][0]:
        question = ask(
            rng,
            lang,
            ["Which shape is the largest?", "What is the biggest shape?"],
            ["最大的图形是哪个?", "哪个图形最大?"],
        )
        answer = f"{areas[-1][1]}。" if zh else f"The {areas[-1][1]}."
        turns.append(
            Turn(
                skill="largest",
                question=question,
                answer=answer,
                thinking=areas[-1][1],
                check={"type": "text", "text": answer},
            )
        )
    rng.shuffle(turns)
    conversations = [[t] for t in turns[:4]] if rng.random() < 0.85 or len(turns) < 3 else [turns[:2], [turns[2]]]
    return Sample(conversations=conversations, pictures=[wear(rng, canvas.array())])
