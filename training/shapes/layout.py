"""Where the shapes of a scene lie: scattered, in grids, in rows, in groups, in crowds, at the picture's edge."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from training.scene import Box
from training.shapes.thing import Thing, mid


def sides_of(rng: Random, shape: str, w: float) -> tuple[float, float]:
    """Width and height of a shape whose longer side is `w`."""
    if shape == "rectangle":
        return (w, w * rng.uniform(0.4, 0.65)) if rng.random() < 0.6 else (w * rng.uniform(0.4, 0.65), w)
    if shape == "diamond":
        return w * rng.uniform(0.7, 1.0), w
    return w, w


def free(box: Box, boxes: list[Box], gap: float = 4) -> bool:
    """Whether a box keeps clear of the others."""
    x1, y1, x2, y2 = box
    return all(x1 > b[2] + gap or x2 < b[0] - gap or y1 > b[3] + gap or y2 < b[1] - gap for b in boxes)


def _smallest(width: int, height: int) -> float:
    return max(22, min(width, height) * 0.07)


def _scattered(rng: Random, width: int, height: int, count: int) -> list[Box]:
    """Squares of different sizes anywhere."""
    least = _smallest(width, height)
    most = max(least + 8, min(width, height) * rng.uniform(0.16, 0.34))
    return _thrown(rng, (0, 0, width, height), [rng.uniform(least, most) for _ in range(count)], [])


def _thrown(rng: Random, area: Box, sizes: list[float], taken: list[Box]) -> list[Box]:
    found: list[Box] = []
    for size in sizes:
        if size > area[2] - area[0] - 8 or size > area[3] - area[1] - 8:
            continue
        for _ in range(12):
            x, y = rng.uniform(area[0] + 2, area[2] - size - 2), rng.uniform(area[1] + 2, area[3] - size - 2)
            if free((x, y, x + size, y + size), taken + found):
                found.append((x, y, x + size, y + size))
                break
    return found


def _crowd(rng: Random, width: int, height: int, count: int) -> list[Box]:
    """Many of about one size."""
    size = max(20.0, min(min(width, height) * 0.2, (width * height / (count * 3.6)) ** 0.5))
    return _thrown(rng, (0, 0, width, height), [size * rng.uniform(0.9, 1.1) for _ in range(count)], [])


def _uneven(rng: Random, width: int, height: int, count: int) -> list[Box]:
    """One or two large ones among small ones."""
    least, side = _smallest(width, height), min(width, height)
    large = [side * rng.uniform(0.4, 0.6) for _ in range(rng.choice([1, 1, 2]))]
    return _thrown(rng, (0, 0, width, height), large + [least * rng.uniform(1, 1.5) for _ in range(count - 1)], [])


def _grid(rng: Random, width: int, height: int, count: int) -> list[Box]:
    """Cells in rows and columns, some of them empty."""
    columns = max(2, min(6, round((count * width / height) ** 0.5)))
    rows = max(1, -(-count // columns))
    step_x, step_y = width / columns, height / rows
    size = min(step_x, step_y) * rng.uniform(0.5, 0.8)
    jitter = rng.choice([0, 0, 0.1])
    boxes = []
    for row in range(rows):
        for column in range(columns):
            x = (column + 0.5 + rng.uniform(-jitter, jitter)) * step_x - size / 2
            y = (row + 0.5 + rng.uniform(-jitter, jitter)) * step_y - size / 2
            boxes.append((x, y, x + size, y + size))
    kept = rng.sample(range(len(boxes)), min(count, len(boxes)))
    return [boxes[k] for k in sorted(kept)]


def _rows(rng: Random, width: int, height: int, count: int) -> list[Box]:
    """One to three rows of their own lengths, or columns."""
    upright = rng.random() < 0.3
    along, across = (height, width) if upright else (width, height)
    lines = rng.randint(1, min(3, max(1, count // 2)))
    boxes = []
    for line in range(lines):
        members = count // lines + (line < count % lines)
        step = along / members
        size = min(step * rng.uniform(0.55, 0.8), across / lines * 0.75)
        if size < 18:
            continue
        place = across * (line + 0.5) / lines - size / 2
        begin = rng.choice([0, 0, along * 0.05])
        for k in range(members):
            at = begin + (step - begin / members) * k + (step - begin / members - size) / 2
            x, y = (place, at) if upright else (at, place)
            boxes.append((x, y, x + size, y + size))
    return boxes


def _groups(rng: Random, width: int, height: int, count: int) -> list[Box]:
    """Two or three clusters with room between them."""
    wide = width >= height
    groups, boxes = rng.randint(2, 3), []
    for k in range(groups):
        members = count // groups + (k < count % groups)
        span = (width if wide else height) / groups
        low, high = span * k + span * 0.12, span * (k + 1) - span * 0.12
        other = height if wide else width
        begin = rng.uniform(0, other * 0.35)
        end = begin + other * 0.65
        area = (low, begin, high, end) if wide else (begin, low, end, high)
        size = max(20.0, min(high - low, end - begin) / (members**0.5 + 1.2))
        boxes += _thrown(rng, area, [size * rng.uniform(0.8, 1.1) for _ in range(members)], boxes)
    return boxes


def _edges(rng: Random, width: int, height: int, count: int) -> list[Box]:
    """Some reach beyond the picture; the boxes are whole."""
    size, boxes = min(width, height) * rng.uniform(0.18, 0.3), []
    for _ in range(rng.randint(1, 3)):
        beyond, at = rng.uniform(0.12, 0.3) * size, rng.uniform(0.1, 0.7)
        x, y = rng.choice(
            [
                (-beyond, at * height),
                (width - size + beyond, at * height),
                (at * width, -beyond),
                (at * width, height - size + beyond),
            ]
        )
        if free((x, y, x + size, y + size), boxes):
            boxes.append((x, y, x + size, y + size))
    inner = (size, size, width - size, height - size)
    return boxes + _thrown(rng, inner, [size * rng.uniform(0.7, 1) for _ in range(count - len(boxes))], boxes)


LAYOUTS: list[tuple[Callable[[Random, int, int, int], list[Box]], float, tuple[int, int]]] = [
    (_scattered, 0.34, (2, 11)),
    (_crowd, 0.16, (6, 15)),
    (_uneven, 0.1, (3, 9)),
    (_grid, 0.14, (4, 15)),
    (_rows, 0.12, (2, 12)),
    (_groups, 0.08, (4, 12)),
    (_edges, 0.06, (3, 7)),
]


def arrange(rng: Random, width: int, height: int, shapes: list[str], colors: list[str]) -> list[Thing]:
    """Shapes and colours in one of the layouts: everything mixed, a few kinds, or nearly all alike."""
    place, _, (low, high) = rng.choices(LAYOUTS, [share for _, share, _ in LAYOUTS])[0]
    most = max(low, min(high, width * height // 4000))
    side = min(width, height) * 0.4
    middle = ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
    slots = place(rng, width, height, rng.randint(low, most)) or [middle]
    roll = rng.random()
    if roll < 0.4:
        shapes = rng.sample(shapes, min(len(shapes), rng.randint(1, 3)))
        colors = rng.sample(colors, rng.randint(2, 4))
    elif roll < 0.55:
        shapes, colors = [rng.choice(shapes)], rng.sample(colors, rng.choice([1, 1, 2]))
    things = []
    for x1, y1, x2, y2 in slots:
        shape = rng.choice(shapes)
        w, h = sides_of(rng, shape, x2 - x1)
        cx, cy = (x1 + x2) / 2, (y1 + y2) / 2
        box = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
        things.append(Thing(shape=shape, color=rng.choice(colors), box=box))
    return things


def in_reading_order(things: list[Thing], height: int) -> list[Thing]:
    """The upper third from left to right, then the middle third, then the lower."""
    return sorted(things, key=lambda t: (band(t.box, height), mid(t.box)))


def band(box: Box, height: int) -> int:
    """0, 1, 2: the third of the picture that holds the middle of the box."""
    return min(2, max(0, int(3 * mid(box)[1] / height)))
