"""Geometry figures with their measures: area, perimeter, a missing side or angle."""

from __future__ import annotations

from random import Random

from training.draw import Color, mix, sides, wear
from training.fonts import choose
from training.scene import Sample, Turn, ask
from training.shapes.ground import ground
from training.words import COLORS


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
    canvas = ground(rng, width, height)
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
