"""Triangles, quadrilaterals, circles and their parts."""

from __future__ import annotations

from math import cos, radians, sin

from training.geometry.sketch import Point, Sketch
from training.geometry.steps import Figure, Task, half, hundredth, product_chain, times_pi

TRIANGLE, RECTANGLE, SQUARE = ("triangle", "三角形"), ("rectangle", "长方形"), ("square", "正方形")
BASE, HEIGHT, SIDE = ("base", "底"), ("height", "高"), ("side", "边")


def _box(s: Sketch) -> tuple[float, float]:
    return s.w / 2, s.h / 2


def _even(s: Sketch, low: int, high: int, other: int) -> int:
    """A number whose product with the other is even."""
    value = s.rng.randint(low, high)
    return value + value * other % 2


def triangle(s: Sketch) -> Figure:
    """A base and a height, drawn inside or, for an obtuse one, beside it; or the area and one of them."""
    s.turned()
    w, h = _box(s)
    a = s.rng.randint(3, 30)
    b = _even(s, 2, 20, a)
    obtuse = s.rng.random() < 0.15
    tip = w * (1.0 if obtuse else s.rng.uniform(-0.7, 0.7))
    right = w * 0.45 if obtuse else w
    s.polygon([(-w, h), (right, h), (tip, -h)])
    s.segment((tip, -h), (tip, h), dashed=True)
    if obtuse:
        s.segment((right, h), (tip, h), dashed=True)
    if obtuse or s.rng.random() < 0.6:
        s.corner((tip, h), (tip, -h), (tip - 1, h))
    area = a * b // 2
    missing = s.rng.random() < 0.2
    height = s.asked() if missing else f"{b}{s.unit}"
    s.side((-w, h), (right, h), f"{a}{s.unit}")
    s.label((tip, h * 0.2), (1 if obtuse or tip < w * 0.1 else -1, 0), height)
    base = (*BASE, str(a))
    if missing:
        s.note((0, -h - s.size * 1.3), f"{'面积' if s.lang == 'zh' else 'area'} {area}{s.square_unit}")
        task = Task(what="height", result=f"{b}{s.unit}", steps=f"{area}*2={area * 2}, {area * 2}/{a}={b}")
        return Figure(name=TRIANGLE, given=[("area", "面积", str(area)), base], tasks=[task])
    task = Task(what="area", result=f"{area}{s.square_unit}", steps=f"{product_chain(a, b)}, {half(a * b)}")
    return Figure(name=TRIANGLE, given=[base, (*HEIGHT, str(b))], tasks=[task])


def rectangle(s: Sketch) -> Figure:
    """Both sides, or one of them and the area or perimeter."""
    s.turned()
    w, h = _box(s)
    corners: list[Point] = [(-w, -h), (w, -h), (w, h), (-w, h)]
    a, b = s.rng.randint(3, 30), s.rng.randint(2, 20)
    s.polygon(corners)
    if s.rng.random() < 0.3:
        s.corner(corners[3], corners[0], corners[2])
    missing, top = s.rng.random() < 0.25, s.rng.random() < 0.3
    inside = not missing and s.rng.random() < 0.3
    long = (corners[0], corners[1]) if top else (corners[3], corners[2])
    s.side(*long, f"{a}{s.unit}", inside)
    s.side(corners[0], corners[3], s.asked() if missing else f"{b}{s.unit}", inside)
    area, around = a * b, 2 * (a + b)
    if not missing:
        tasks = [
            Task(what="area", result=f"{area}{s.square_unit}", steps=product_chain(a, b)),
            Task(what="perimeter", result=f"{around}{s.unit}", steps=f"{a}+{b}={a + b}, {a + b}*2={around}"),
        ]
        return Figure(name=RECTANGLE, given=[("length", "长", str(a)), ("width", "宽", str(b))], tasks=tasks)
    zh, length = s.lang == "zh", ("side", "边", str(a))
    if s.rng.random() < 0.5:
        s.note((0, 0), f"{'面积' if zh else 'area'} {area}{s.square_unit}")
        given, steps = ("area", "面积", str(area)), f"{area}/{a}={b}"
    else:
        s.note((0, 0), f"{'周长' if zh else 'perimeter'} {around}{s.unit}")
        given, steps = ("perimeter", "周长", str(around)), f"{half(around)}, {a + b}-{a}={b}"
    task = Task(what="side", result=f"{b}{s.unit}", steps=steps)
    return Figure(name=RECTANGLE, given=[given, length], tasks=[task])


def square(s: Sketch) -> Figure:
    s.turned()
    r = min(s.w, s.h) / 2
    corners: list[Point] = [(-r, -r), (r, -r), (r, r), (-r, r)]
    a = s.rng.randint(2, 25)
    s.polygon(corners)
    s.side(corners[2], corners[3], f"{a}{s.unit}")
    tasks = [
        Task(what="area", result=f"{a * a}{s.square_unit}", steps=product_chain(a, a)),
        Task(what="perimeter", result=f"{4 * a}{s.unit}", steps=f"{a}*4={4 * a}"),
    ]
    return Figure(name=SQUARE, given=[(*SIDE, str(a))], tasks=tasks)


def parallelogram(s: Sketch) -> Figure:
    s.turned()
    w, h = _box(s)
    slant = w * s.rng.uniform(0.3, 0.6)
    a, b = s.rng.randint(3, 30), s.rng.randint(2, 20)
    s.polygon([(-w + slant, -h), (w, -h), (w - slant, h), (-w, h)])
    s.segment((-w + slant, -h), (-w + slant, h), dashed=s.rng.random() < 0.6)
    s.side((-w, h), (w - slant, h), f"{a}{s.unit}")
    s.label((-w + slant, 0), (1, 0), f"{b}{s.unit}")
    task = Task(what="area", result=f"{a * b}{s.square_unit}", steps=product_chain(a, b))
    return Figure(name=("parallelogram", "平行四边形"), given=[(*BASE, str(a)), (*HEIGHT, str(b))], tasks=[task])


def trapezoid(s: Sketch) -> Figure:
    """Leaning on both sides, or upright on one."""
    s.turned()
    w, h = _box(s)
    a = s.rng.randint(4, 30)
    top = s.rng.randint(2, a - 1)
    b = _even(s, 2, 16, a + top)
    left, right = -w * s.rng.choice([1.0, s.rng.uniform(0.45, 0.8)]), w * s.rng.uniform(0.4, 0.75)
    s.polygon([(left, -h), (right, -h), (w, h), (-w, h)])
    s.side((left, -h), (right, -h), f"{top}{s.unit}")
    s.side((-w, h), (w, h), f"{a}{s.unit}")
    if left == -w:
        s.side((-w, -h), (-w, h), f"{b}{s.unit}")
    else:
        s.segment((left, -h), (left, h), dashed=s.rng.random() < 0.7)
        s.label((left, 0), (1, 0), f"{b}{s.unit}")
    total = (a + top) * b
    steps = f"{top}+{a}={a + top}, {product_chain(a + top, b)}, {half(total)}"
    given = [("top", "上底", str(top)), ("bottom", "下底", str(a)), (*HEIGHT, str(b))]
    task = Task(what="area", result=f"{total // 2}{s.square_unit}", steps=steps)
    return Figure(name=("trapezoid", "梯形"), given=given, tasks=[task])


def rhombus(s: Sketch) -> Figure:
    """Its diagonals, or its side."""
    w, h = _box(s)
    s.polygon([(-w, 0), (0, -h), (w, 0), (0, h)])
    if s.rng.random() < 0.35:
        a = s.rng.randint(2, 30)
        s.side((0, -h), (w, 0), f"{a}{s.unit}")
        task = Task(what="perimeter", result=f"{4 * a}{s.unit}", steps=f"{a}*4={4 * a}")
        return Figure(name=("rhombus", "菱形"), given=[(*SIDE, str(a))], tasks=[task])
    a = s.rng.randint(3, 24)
    b = _even(s, 2, 18, a)
    s.segment((-w, 0), (w, 0), dashed=True)
    s.segment((0, -h), (0, h), dashed=True)
    s.label((-w * 0.45, 0), (0, 1), f"{a}{s.unit}")
    s.label((0, -h * 0.35), (1, 0), f"{b}{s.unit}")
    steps = f"{product_chain(a, b)}, {half(a * b)}"
    task = Task(what="area", result=f"{a * b // 2}{s.square_unit}", steps=steps)
    given = [("diagonal", "对角线", str(a)), ("diagonal", "对角线", str(b))]
    return Figure(name=("rhombus", "菱形"), given=given, tasks=[task])


def right(s: Sketch) -> Figure:
    """Both legs, or a leg and the hypotenuse."""
    s.turned(0.12)
    w, h = _box(s)
    if s.rng.random() < 0.2:
        h = -h  # the right angle is above
    p, q, c = s.rng.choice([(3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29), (9, 40, 41)])
    k = s.rng.randint(1, 4) if c < 20 else 1
    p, q, c = (p * k, q * k, c * k) if s.rng.random() < 0.5 else (q * k, p * k, c * k)
    s.polygon([(-w, h), (w, h), (-w, -h)])
    s.corner((-w, h), (w, h), (-w, -h))
    s.side((-w, h), (w, h), f"{p}{s.unit}")
    missing = s.rng.random() < 0.3
    s.side((-w, h), (-w, -h), s.asked() if missing else f"{q}{s.unit}")
    if missing:
        s.side((w, h), (-w, -h), f"{c}{s.unit}", core=(-w, h))
        steps = f"{c}*{c}={c * c}, {p}*{p}={p * p}, {c * c}-{p * p}={q * q}, {q}*{q}={q * q}"
        task = Task(what="leg", result=f"{q}{s.unit}", steps=steps)
        given = [("hypotenuse", "斜边", str(c)), ("leg", "直角边", str(p))]
        return Figure(name=TRIANGLE, given=given, tasks=[task])
    if s.rng.random() < 0.4:
        s.side((w, h), (-w, -h), s.asked(), core=(-w, h))
    steps = f"{p}*{p}={p * p}, {q}*{q}={q * q}, {p * p}+{q * q}={c * c}, {c}*{c}={c * c}"
    tasks = [
        Task(what="hypotenuse", result=f"{c}{s.unit}", steps=steps),
        Task(what="area", result=f"{p * q // 2}{s.square_unit}", steps=f"{product_chain(p, q)}, {half(p * q)}"),
    ]
    given = [("leg", "直角边", str(p)), ("leg", "直角边", str(q))]
    return Figure(name=TRIANGLE, given=given, tasks=tasks)


def angles(s: Sketch) -> Figure:
    """Two angles of a triangle or three of a quadrilateral; the last one is looked for."""
    s.turned()
    w, h = _box(s)
    if s.rng.random() < 0.75:
        values = [s.rng.randint(30, 85), s.rng.randint(30, 80)]
        corners: list[Point] = [(-w, h), (w, h), (w * s.rng.uniform(-0.4, 0.4), -h)]
        name, full = TRIANGLE, 180
    else:
        values = [s.rng.randint(60, 110) for _ in range(3)]
        corners = [(-w, h), (w, h), (w * 0.7, -h), (-w * 0.75, -h * 0.8)]
        name, full = ("quadrilateral", "四边形"), 360
    last = full - sum(values)
    s.polygon(corners)
    texts = [f"{v}°" for v in values] + ([s.asked()] if s.rng.random() < 0.6 else [])
    for k, text in enumerate(texts):
        s.angle_at(corners[k], corners[k - 1], corners[(k + 1) % len(corners)], text)
    steps, total = [], values[0]
    for value in values[1:]:
        steps.append(f"{total}+{value}={total + value}")
        total += value
    task = Task(what="angle", result=f"{last}°", steps=", ".join([*steps, f"{full}-{total}={last}"]))
    return Figure(name=name, given=[("angle", "角", str(v)) for v in values], tasks=[task])


def circle(s: Sketch) -> Figure:
    """Its radius or its diameter."""
    r, radius = s.rng.randint(1, 20), min(s.w, s.h) / 2
    s.circle(radius)
    s.dot((0, 0))
    if s.letters:
        s.label((0, 0), (-1, 1), "O", s.ink)
    across = s.rng.random() < 0.3
    if across:
        s.segment((-radius, 0), (radius, 0))
        s.label((0, 0), (0, -1), f"{2 * r}{s.unit}")
    else:
        angle = s.rng.choice([0.0, 0.0, -0.6, 0.5])
        dx, dy = cos(angle) * radius, sin(angle) * radius
        s.segment((0, 0), (dx, dy))
        s.label((dx / 2, dy / 2), (dy, -dx), f"{r}{s.unit}")
    given = ("diameter", "直径", str(2 * r)) if across else ("radius", "半径", str(r))
    begin = f"{half(2 * r)}, " if across else ""
    around = f"314*{2 * r}={628 * r}, {628 * r}/100={hundredth(628 * r)}"
    tasks = [
        Task(
            what="area",
            result=f"{hundredth(314 * r * r)}{s.square_unit}",
            steps=f"{begin}{r}*{r}={r * r}, {times_pi(r * r)}",
        ),
        Task(
            what="circumference",
            result=f"{hundredth(628 * r)}{s.unit}",
            steps=around if across else f"2*{r}={2 * r}, {around}",
        ),
    ]
    return Figure(name=("circle", "圆"), given=[given], tasks=tasks)


def sector(s: Sketch) -> Figure:
    """A part of a circle by its angle and radius, chosen so that its share of the square of the radius is whole."""
    angle, step = s.rng.choice([(90, 2), (180, 2), (60, 6), (120, 3), (45, 4), (40, 3), (72, 5)])
    r = step * s.rng.randint(1, max(1, 18 // step))
    if r * r * angle % 360:
        r *= 2
    radius, start = min(s.w, s.h) * 0.72, s.rng.choice([-90 - angle / 2, 180, 270, 0])

    def ray(degrees: float, far: float) -> Point:
        return cos(radians(degrees)) * far, sin(radians(degrees)) * far

    inward = ray(start + angle / 2, radius * 0.4)
    s.middle = (s.middle[0] - inward[0], s.middle[1] - inward[1])
    s.circle(radius, start, start + angle)
    end = ray(start, radius)
    s.label((end[0] / 2, end[1] / 2), ray(start - 90, 1), f"{r}{s.unit}")
    if angle < 90:
        s.label((0, 0), (-inward[0], -inward[1]), f"{angle}°")
    else:
        s.angle_at((0, 0), end, ray(start + min(angle, 175), radius), f"{angle}°")
    parts = 360 // angle if 360 % angle == 0 else 0
    whole = r * r * angle // 360
    share = (
        f"360/{angle}={parts}, {r * r}/{parts}={whole}"
        if parts
        else f"{r * r}*{angle}={r * r * angle}, {r * r * angle}/360={whole}"
    )
    task = Task(
        what="area",
        result=f"{hundredth(314 * whole)}{s.square_unit}",
        steps=f"{r}*{r}={r * r}, {share}, {times_pi(whole)}",
    )
    given = [("radius", "半径", str(r)), ("angle", "角", str(angle))]
    return Figure(name=("sector", "扇形"), given=given, tasks=[task])
