"""Coloured shapes: grounding, counting, relations; and geometry figures with measures."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np

from training.draw import Canvas, Color, mix, photo, sides, wear
from training.fonts import choose
from training.scene import Box, Sample, Turn, ask, boxes_json, center, points_json, scaled
from training.words import COLORS, color_name

SHAPES = {
    "circle": "圆形",
    "square": "正方形",
    "triangle": "三角形",
    "star": "星形",
    "rectangle": "长方形",
    "diamond": "菱形",
    "hexagon": "六边形",
    "heart": "心形",
    "cross": "十字形",
    "ring": "圆环",
}


@dataclass(frozen=True, kw_only=True)
class Thing:
    shape: str
    color: str
    box: Box

    def name(self, lang: str) -> str:
        return color_name(self.color, lang) + SHAPES[self.shape] if lang == "zh" else f"{self.color} {self.shape}"


def paint(canvas: Canvas, shape: str, box: Box, fill: Color, outline: Color | None, turn: float = 0.0) -> None:
    """Draws one shape that fills its box."""
    x1, y1, x2, y2 = box
    cx, cy, rx, ry = (x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2, (y2 - y1) / 2
    draw = canvas.draw

    def polygon(angles: list[tuple[float, float]]) -> None:
        points = [(r * np.sin(a + turn), -r * np.cos(a + turn)) for a, r in angles]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        wx, wy = max(xs) - min(xs), max(ys) - min(ys)
        draw.polygon(
            [(x1 + (x - min(xs)) / wx * (x2 - x1), y1 + (y - min(ys)) / wy * (y2 - y1)) for x, y in points],
            fill=fill,
            outline=outline,
        )

    if shape == "circle":
        draw.ellipse(box, fill=fill, outline=outline)
    elif shape == "ring":
        draw.ellipse(box, outline=fill, width=max(3, round(rx * 0.35)))
    elif shape in ("square", "rectangle"):
        draw.rectangle(box, fill=fill, outline=outline)
    elif shape == "triangle":
        polygon([(0, 1), (2 * np.pi / 3, 1), (4 * np.pi / 3, 1)])
    elif shape == "star":
        polygon([(i * np.pi / 5, 1 if i % 2 == 0 else 0.4) for i in range(10)])
    elif shape == "diamond":
        draw.polygon([(cx, y1), (x2, cy), (cx, y2), (x1, cy)], fill=fill, outline=outline)
    elif shape == "hexagon":
        polygon([(i * np.pi / 3, 1) for i in range(6)])
    elif shape == "cross":
        w = rx * 0.35
        draw.rectangle((cx - w, y1, cx + w, y2), fill=fill)
        draw.rectangle((x1, cy - w, x2, cy + w), fill=fill)
    else:  # heart
        draw.ellipse((x1, y1, cx + rx * 0.03, cy + ry * 0.1), fill=fill)
        draw.ellipse((cx - rx * 0.03, y1, x2, cy + ry * 0.1), fill=fill)
        draw.polygon([(x1 + rx * 0.08, cy - ry * 0.15), (x2 - rx * 0.08, cy - ry * 0.15), (cx, y2)], fill=fill)


def _size(rng: Random, shape: str, least: float, most: float) -> tuple[float, float]:
    w = rng.uniform(least, most)
    if shape == "rectangle":
        return (w, w * rng.uniform(0.4, 0.65)) if rng.random() < 0.6 else (w * rng.uniform(0.4, 0.65), w)
    if shape == "diamond":
        return w * rng.uniform(0.7, 1.0), w
    return w, w


def _ground(rng: Random, width: int, height: int) -> Canvas:
    shade = rng.choice([255, 255, 250, 240, rng.randint(200, 255)])
    canvas = Canvas(
        width,
        height,
        mix(
            (shade, shade, shade),
            (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)),
            rng.choice([0, 0.08]),
        ),
    )
    if rng.random() < 0.1:
        from PIL import Image, ImageDraw

        soft = (photo(rng, width, height) * 0.15 + 210).clip(0, 255).astype(np.uint8)
        canvas.image = Image.fromarray(soft)
        canvas.draw = ImageDraw.Draw(canvas.image)
    return canvas


def _place(rng: Random, width: int, height: int, count: int) -> list[Thing]:
    things: list[Thing] = []
    few = rng.random() < 0.4
    shapes = rng.sample(list(SHAPES), rng.randint(1, 3)) if few else list(SHAPES)
    colors = rng.sample(list(COLORS), rng.randint(2, 4)) if few else list(COLORS)
    least = max(22, min(width, height) * 0.07)
    most = max(least + 8, min(width, height) * rng.uniform(0.16, 0.34))
    for _ in range(count * 12):
        if len(things) == count:
            break
        shape = rng.choice(shapes)
        w, h = _size(rng, shape, least, most)
        if w > width - 8 or h > height - 8:
            continue
        x, y = rng.uniform(2, width - w - 2), rng.uniform(2, height - h - 2)
        if all(x > t.box[2] + 4 or x + w < t.box[0] - 4 or y > t.box[3] + 4 or y + h < t.box[1] - 4 for t in things):
            things.append(Thing(shape=shape, color=rng.choice(colors), box=(x, y, x + w, y + h)))
    return things


def _mid(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def shapes(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Shapes apart from each other: where, how many, what is left of what."""
    lang = rng.choice(["en", "zh"])
    width, height = sides(rng, tokens, (0.6, 1.7), (0.15, 0.9))
    canvas = _ground(rng, width, height)
    things = sorted(_place(rng, width, height, rng.randint(2, 11)), key=lambda t: (_mid(t.box)[1], _mid(t.box)[0]))
    for t in things:
        paint(
            canvas,
            t.shape,
            t.box,
            rng.choice(COLORS[t.color][1]),
            (0, 0, 0) if rng.random() < 0.2 and t.color != "black" else None,
        )
    return about(rng, canvas, things, lang)


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
        (ax, ay), (bx, by) = _mid(a.box), _mid(b.box)
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
            (_mid(t.box)[axis] - _mid(base.box)[axis]) * (-1 if direction % 2 == 0 else 1) / (width, height)[axis]
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


def overlap(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Two or three shapes that cover each other: which is in front."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    width, height = sides(rng, tokens, (0.8, 1.4), (0.15, 0.6))
    canvas = _ground(rng, width, height)
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


def product_chain(a: int, b: int) -> str:
    """a x b by tens and ones."""
    tens, ones = b // 10 * 10, b % 10
    if not tens or not ones:
        return f"{a}*{b}={a * b}"
    return f"{a}*{tens}={a * tens}, {a}*{ones}={a * ones}, {a * tens}+{a * ones}={a * b}"


def geometry(rng: Random, held_out: bool, tokens: int) -> Sample:
    """One figure with its measures; area, perimeter, a missing side or angle."""
    lang = rng.choice(["en", "zh"])
    zh = lang == "zh"
    width, height = sides(rng, tokens, (0.9, 1.5), (0.35, 1.0))
    canvas = _ground(rng, width, height)
    name, size = choose(rng, lang, held_out), rng.randint(13, max(20, min(28, height // 14)))
    ink: Color = mix((0, 0, 0), (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)), rng.choice([0, 0.3]))
    fill: Color | None = (
        mix((255, 255, 255), (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)), 0.25)
        if rng.random() < 0.5
        else None
    )
    unit = rng.choice(["", "", " cm", " m"])
    kind = rng.choice(["triangle", "triangle", "rectangle", "circle", "right", "angle", "trapezoid", "parallelogram"])
    w, h = width * rng.uniform(0.45, 0.65), height * rng.uniform(0.4, 0.55)
    x, y = (width - w) / 2 + rng.uniform(-8, 8), (height - h) / 2 + rng.uniform(-8, 8)
    pen = rng.randint(1, 3)
    measure = rng.choice(COLORS["blue"][1] + COLORS["red"][1] + COLORS["purple"][1]) if rng.random() < 0.35 else ink
    letters = rng.random() < 0.45
    line = lambda *p: canvas.draw.line([*p], fill=ink, width=pen)  # noqa: E731

    def figure(points: list[tuple[float, float]]) -> None:
        canvas.draw.polygon(points, fill=fill)
        line(*points, points[0])
        if letters:
            cx, cy = sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points)
            for letter, (px, py) in zip(rng.choice(["ABCD", "PQRS", "DEFG"]), points, strict=False):
                far = size * 0.95 / max(1.0, ((px - cx) ** 2 + (py - cy) ** 2) ** 0.5)
                canvas.text(px + (px - cx) * far, py + (py - cy) * far, letter, name, size, ink, "mm")

    def put(px: float, py: float, text: str, anchor: str = "mm") -> None:
        canvas.text(px, py, text, name, size, measure, anchor)

    a, b = rng.randint(3, 30), rng.randint(2, 20)
    square = {"": "", " cm": " cm²", " m": " m²"}[unit].replace("²", "^2")
    under, side = y + h + size * 0.9, x - size * 0.4
    turns: list[tuple[str, str, str]] = []  # what, result, steps
    if kind == "triangle":
        tip = x + w * rng.uniform(0.2, 0.8)
        figure([(x, y + h), (x + w, y + h), (tip, y)])
        for k in range(int(h // 8)):
            canvas.draw.line((tip, y + k * 8, tip, y + k * 8 + 4), fill=ink)
        if a * b % 2:
            a += 1
        put(x + w / 2, under, f"{a}{unit}")
        put(tip + 5, y + h * 0.6, f"{b}{unit}", "lm")
        turns.append(("area", f"{a * b // 2}{square}", f"{product_chain(a, b)}, {a * b}/2={a * b // 2}"))
    elif kind in ("rectangle", "parallelogram"):
        slant = w * 0.2 if kind == "parallelogram" else 0
        figure([(x + slant, y), (x + w, y), (x + w - slant, y + h), (x, y + h)])
        put(x + (w - slant) / 2, under, f"{a}{unit}")
        if slant:
            canvas.draw.line((x + slant, y, x + slant, y + h), fill=ink)
            put(x + slant + 5, y + h / 2, f"{b}{unit}", "lm")
        else:
            put(side, y + h / 2, f"{b}{unit}", "rm")
            turns.append(("perimeter", f"{2 * (a + b)}{unit}", f"{a}+{b}={a + b}, {a + b}*2={2 * (a + b)}"))
        turns.append(("area", f"{a * b}{square}", product_chain(a, b)))
    elif kind == "circle":
        r, radius = rng.randint(1, 20), min(w, h) / 2
        cx, cy = width / 2, height / 2
        canvas.draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=fill, outline=ink, width=pen)
        line((cx, cy), (cx + radius, cy))
        canvas.draw.ellipse((cx - 2, cy - 2, cx + 2, cy + 2), fill=ink)
        put(cx + radius / 2, cy - size * 0.7, f"{r}{unit}")
        area, around = 314 * r * r, 628 * r
        turns.append(
            (
                "area",
                f"{area // 100}.{area % 100:02}{square}",
                f"{r}*{r}={r * r}, 3.14*{r * r}: {314 * r * r}/100={area // 100}.{area % 100:02}",
            )
        )
        turns.append(
            (
                "perimeter",
                f"{around // 100}.{around % 100:02}{unit}",
                f"2*3.14*{r}: 628*{r}={around}, /100={around // 100}.{around % 100:02}",
            )
        )
    elif kind == "right":
        p, q, hyp = rng.choice([(3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29), (9, 40, 41)])
        k = rng.randint(1, 4) if hyp < 20 else 1
        p, q, hyp = (p * k, q * k, hyp * k) if rng.random() < 0.5 else (q * k, p * k, hyp * k)
        mirrored, upside = rng.random() < 0.4, rng.random() < 0.2  # where the right angle is
        cx, ox = (x + w, x) if mirrored else (x, x + w)
        cy, oy = (y, y + h) if upside else (y + h, y)
        figure([(cx, cy), (ox, cy), (cx, oy)])
        mark = rng.choice([8, 8, 14, 20])
        mx, my = (cx - mark if mirrored else cx + mark), (cy + mark if upside else cy - mark)
        canvas.draw.line([(cx, my), (mx, my), (mx, cy)], fill=ink, width=rng.randint(1, 2))
        put(x + w / 2, y - size * 0.8 if upside else under, f"{p}{unit}")
        put(x + w + size * 0.4 if mirrored else side, y + h / 2, f"{q}{unit}", "lm" if mirrored else "rm")
        turns.append(
            (
                "hypotenuse",
                f"{hyp}{unit}",
                f"{p}*{p}={p * p}, {q}*{q}={q * q}, {p * p}+{q * q}={p * p + q * q}, {hyp}*{hyp}={hyp * hyp}",
            )
        )
        turns.append(("area", f"{p * q // 2}{square}", f"{product_chain(p, q)}, {p * q}/2={p * q // 2}"))
    elif kind == "angle":
        first, second = rng.randint(30, 85), rng.randint(30, 80)
        figure([(x, y + h), (x + w, y + h), (x + w * rng.uniform(0.3, 0.7), y)])
        put(x + w * 0.17, y + h - size * 0.8, f"{first}°")
        put(x + w * 0.83, y + h - size * 0.8, f"{second}°")
        turns.append(
            (
                "angle",
                f"{180 - first - second}°",
                f"{first}+{second}={first + second}, 180-{first + second}={180 - first - second}",
            )
        )
    else:
        top = rng.randint(2, a - 1) if a > 3 else 2
        if (a + top) * b % 2:
            b += 1
        figure([(x + w * 0.25, y), (x + w * 0.75, y), (x + w, y + h), (x, y + h)])
        canvas.draw.line((x + w * 0.4, y, x + w * 0.4, y + h), fill=ink)
        put(x + w / 2, y - size * 0.8, f"{top}{unit}")
        put(x + w / 2, under, f"{a}{unit}")
        put(x + w * 0.4 + 5, y + h / 2, f"{b}{unit}", "lm")
        turns.append(
            (
                "area",
                f"{(a + top) * b // 2}{square}",
                f"{top}+{a}={a + top}, {product_chain(a + top, b)}, {(a + top) * b}/2={(a + top) * b // 2}",
            )
        )
    figure_name = {
        "triangle": ("triangle", "三角形"),
        "right": ("triangle", "三角形"),
        "angle": ("triangle", "三角形"),
        "rectangle": ("rectangle", "长方形"),
        "circle": ("circle", "圆"),
        "trapezoid": ("trapezoid", "梯形"),
        "parallelogram": ("parallelogram", "平行四边形"),
    }[kind][zh]
    conversations = []
    for what, result, steps in turns:
        word = {
            "area": ("area", "面积"),
            "perimeter": ("circumference" if kind == "circle" else "perimeter", "周长"),
            "hypotenuse": ("hypotenuse", "斜边"),
            "angle": ("missing angle", "未知角"),
        }[what][zh]
        with_steps = rng.random() < 0.4
        if with_steps:
            question = ask(
                rng,
                lang,
                [
                    "Compute the {w} of the {f} and show the steps.",
                    "Find the {w} of this {f}. Write down the steps.",
                    "What is the {w}? Explain step by step.",
                    "Compute the {w} of the {f} in the picture, step by step.",
                ],
                ["计算图中{f}的{w},并写出步骤。", "求{f}的{w},写出计算步骤。", "{w}是多少?请写出步骤。"],
                w=word,
                f=figure_name,
            )
            answer = f"{steps}\n{word}{'是' if zh else ': '}{result}{'。' if zh else ''}"
        else:
            question = ask(
                rng,
                lang,
                [
                    "Compute the {w} of the {f}.",
                    "What is the {w}?",
                    "Find the {w} of this {f}.",
                    "How large is the {w}?",
                ],
                ["计算图中{f}的{w}。", "{w}是多少?", "求这个{f}的{w}。", "图中{f}的{w}是多少?"],
                w=word,
                f=figure_name,
            )
            answer = f"{word}{'是' if zh else ': '}{result}{'。' if zh else ''}"
        conversations.append(
            [
                Turn(
                    skill="geometry",
                    question=question,
                    answer=answer,
                    thinking=f"{figure_name}: {steps}",
                    check={"type": "contains", "text": result, "last": True},
                )
            ]
        )
    return Sample(conversations=conversations, pictures=[wear(rng, canvas.array(), 0.7)])
