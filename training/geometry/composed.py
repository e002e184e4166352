"""Figures put together or cut out, similar figures, points on a grid."""

from __future__ import annotations

from training.draw import mix
from training.geometry.plane import RECTANGLE, TRIANGLE
from training.geometry.sketch import Point, Sketch
from training.geometry.steps import Figure, Task, half, product_chain


def ell(s: Sketch) -> Figure:
    """An L: a rectangle with a corner missing; two parts, split across."""
    s.turned(0.1)
    w, h = s.w / 2, s.h / 2
    wide = s.rng.randint(6, 20)
    narrow = s.rng.randint(2, wide - 3)
    low, tall = s.rng.randint(2, 9), s.rng.randint(2, 9)
    x, y = -w + 2 * w * s.rng.uniform(0.35, 0.55), -h + 2 * h * s.rng.uniform(0.4, 0.6)
    points: list[Point] = [(-w, -h), (x, -h), (x, y), (w, y), (w, h), (-w, h)]
    s.letters = False
    s.polygon(points)
    s.side(points[0], points[1], f"{narrow}{s.unit}")
    s.label((x, (-h + y) / 2), (1, 0), f"{tall}{s.unit}")
    s.side(points[3], points[4], f"{low}{s.unit}")
    s.side(points[4], points[5], f"{wide}{s.unit}")
    if s.rng.random() < 0.5:
        s.segment((-w, y), (x, y), dashed=True)
    upper, lower = narrow * tall, wide * low
    steps = f"{product_chain(narrow, tall)}, {product_chain(wide, low)}, {upper}+{lower}={upper + lower}"
    around = 2 * (wide + low + tall)
    total = f"{low}+{tall}={low + tall}, {wide}+{low + tall}={wide + low + tall}, {wide + low + tall}*2={around}"
    given = [("upper", "上", f"{narrow}*{tall}"), ("lower", "下", f"{wide}*{low}")]
    tasks = [
        Task(what="area", result=f"{upper + lower}{s.square_unit}", steps=steps),
        Task(what="perimeter", result=f"{around}{s.unit}", steps=total),
    ]
    return Figure(name=("figure", "图形"), given=given, tasks=tasks)


def house(s: Sketch) -> Figure:
    """A triangle upon a rectangle."""
    w, h = s.w / 2 * 0.9, s.h / 2
    a, b = s.rng.randint(3, 20), s.rng.randint(2, 15)
    roof = s.rng.randint(2, 10)
    roof += a * roof % 2
    eaves = -h + 2 * h * s.rng.uniform(0.3, 0.45)
    s.letters = False
    s.polygon([(-w, eaves), (0, -h), (w, eaves), (w, h), (-w, h)])
    s.segment((-w, eaves), (w, eaves), dashed=True)
    s.segment((0, -h), (0, eaves), dashed=True)
    s.label((0, eaves - (eaves + h) * 0.25), (1, 0), f"{roof}{s.unit}")
    s.side((-w, h), (w, h), f"{a}{s.unit}")
    s.label((w, (eaves + h) / 2), (1, 0), f"{b}{s.unit}")
    lower, upper = a * b, a * roof // 2
    steps = f"{product_chain(a, b)}, {product_chain(a, roof)}, {half(a * roof)}, {lower}+{upper}={lower + upper}"
    given = [("width", "宽", str(a)), ("wall", "下高", str(b)), ("roof", "上高", str(roof))]
    task = Task(what="area", result=f"{lower + upper}{s.square_unit}", steps=steps)
    return Figure(name=("figure", "图形"), given=given, tasks=[task])


def frame(s: Sketch) -> Figure:
    """A rectangle with a rectangular hole; the rest is shaded."""
    w, h = s.w / 2, s.h / 2
    a, b = s.rng.randint(8, 24), s.rng.randint(6, 18)
    c, d = s.rng.randint(2, a - 4), s.rng.randint(2, b - 3)
    s.letters = False
    s.polygon([(-w, -h), (w, -h), (w, h), (-w, h)], fill=s.shade)
    x, y, iw, ih = w * s.rng.uniform(-0.15, 0.15), h * s.rng.uniform(-0.1, 0.1), w * 0.5, h * 0.42
    hole: list[Point] = [(x - iw, y - ih), (x + iw, y - ih), (x + iw, y + ih), (x - iw, y + ih)]
    s.polygon(hole, fill=(255, 255, 255))
    s.side((-w, h), (w, h), f"{a}{s.unit}")
    s.side((-w, -h), (-w, h), f"{b}{s.unit}")
    s.label((x, y - ih), (0, 1), f"{c}{s.unit}")
    s.label((x + iw, y), (1, 0), f"{d}{s.unit}", gap=3)
    steps = f"{product_chain(a, b)}, {product_chain(c, d)}, {a * b}-{c * d}={a * b - c * d}"
    given = [("outside", "外", f"{a}*{b}"), ("inside", "内", f"{c}*{d}")]
    task = Task(what="shaded", result=f"{a * b - c * d}{s.square_unit}", steps=steps)
    return Figure(name=("figure", "图形"), given=given, tasks=[task])


def similar(s: Sketch) -> Figure:
    """A triangle and one of the same form beside it; of the larger one a side is looked for."""
    ratio, a, b = s.rng.randint(2, 4), s.rng.randint(2, 12), s.rng.randint(2, 12)
    s.letters = False
    tip, scale = s.rng.uniform(0.2, 0.8), s.rng.uniform(1.35, 1.75)
    left, small = -s.w / 2, s.w * 0.34
    for begin, width, sides in (
        (left, small, (f"{a}{s.unit}", f"{b}{s.unit}")),
        (s.w / 2 - small * scale, small * scale, (f"{a * ratio}{s.unit}", s.asked())),
    ):
        high = s.h * 0.9 * width / (small * scale)
        base = s.h / 2
        corners: list[Point] = [(begin, base), (begin + width, base), (begin + width * tip, base - high)]
        s.polygon(corners)
        s.label((begin + width / 2, base), (0, 1), sides[0])
        x, y = (corners[0][0] + corners[2][0]) / 2, (corners[0][1] + corners[2][1]) / 2
        s.label((x, y), (-high, -width * tip), sides[1])
    steps = f"{a * ratio}/{a}={ratio}, {b}*{ratio}={b * ratio}"
    given = [("base", "底", str(a)), ("base", "底", str(a * ratio)), ("side", "边", str(b))]
    task = Task(what="side", result=f"{b * ratio}{s.unit}", steps=steps)
    return Figure(name=("similar triangles", "相似三角形"), given=given, tasks=[task])


def grid(s: Sketch) -> Figure:
    """A rectangle, a right triangle or a line between points of a grid of unit squares."""
    columns, rows = s.rng.randint(5, 9), s.rng.randint(4, 7)
    step = min(s.w * 1.25 / columns, s.h * 1.25 / rows)
    left, bottom = -columns * step / 2, rows * step / 2
    s.unit, s.size = "", min(s.size, max(11, int(step * 0.8)))
    faint, soft = s.ink, mix(s.ink, (235, 235, 235), 0.75)

    def at(x: int, y: int) -> Point:
        return left + x * step, bottom - y * step

    for k in range(columns + 1):
        s.canvas.draw.line((*s.at(at(k, 0)), *s.at(at(k, rows))), fill=soft)
    for k in range(rows + 1):
        s.canvas.draw.line((*s.at(at(0, k)), *s.at(at(columns, k))), fill=soft)
    for k in range(columns + 1):
        s.label(at(k, 0), (0, 1), str(k), faint, gap=2)
    for k in range(1, rows + 1):
        s.label(at(0, k), (-1, 0), str(k), faint, gap=3)
    s.segment(at(0, 0), at(columns, 0))
    s.segment(at(0, 0), at(0, rows))
    x1, x2 = sorted(s.rng.sample(range(1, columns), 2))
    y1, y2 = sorted(s.rng.sample(range(1, rows), 2))
    w, h = x2 - x1, y2 - y1
    kind = s.rng.choice(["rectangle", "triangle", "line"])
    s.letters = False
    if kind == "line":
        (ax, ay), (bx, by) = ((x1, y1), (x2, y1)) if s.rng.random() < 0.5 else ((x1, y1), (x1, y2))
        s.segment(at(ax, ay), at(bx, by))
        for letter, x, y in (("A", ax, ay), ("B", bx, by)):
            s.dot(at(x, y))
            s.label(at(x, y), (1, -1), letter, gap=1)
        steps = f"{bx}-{ax}={bx - ax}" if by == ay else f"{by}-{ay}={by - ay}"
        task = Task(what="length", result=str(bx - ax + by - ay), steps=steps)
        given = [("A", "A", f"({ax}, {ay})"), ("B", "B", f"({bx}, {by})")]
        return Figure(name=("line", "线段"), given=given, tasks=[task])
    triangle = kind == "triangle" and w * h % 2 == 0
    corners = [at(x1, y1), at(x2, y1), at(x2, y2), at(x1, y2)]
    s.polygon([corners[0], corners[1], corners[3]] if triangle else corners)
    sides = f"{x2}-{x1}={w}, {y2}-{y1}={h}, {w}*{h}={w * h}"
    area = w * h // 2 if triangle else w * h
    tasks = [Task(what="area", result=str(area), steps=f"{sides}, {half(w * h)}" if triangle else sides)]
    if not triangle:
        around = f"{x2}-{x1}={w}, {y2}-{y1}={h}, {w}+{h}={w + h}, {w + h}*2={2 * (w + h)}"
        tasks.append(Task(what="perimeter", result=str(2 * (w + h)), steps=around))
    given = [("x", "x", f"{x1}, {x2}"), ("y", "y", f"{y1}, {y2}")]
    return Figure(name=TRIANGLE if triangle else RECTANGLE, given=given, tasks=tasks)
