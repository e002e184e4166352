"""The pen that draws figures: mirrored and slightly turned ones too, with labels beside their lines and inside the picture."""

from __future__ import annotations

from random import Random

import numpy as np

from training.draw import Color, mix, sides, text_width
from training.fonts import choose
from training.scene import Box
from training.shapes.ground import ground
from training.words import COLORS

Point = tuple[float, float]


class Sketch:
    """Points are pixels from the middle of the figure, x to the right and y down, before mirroring and turning."""

    def __init__(self, rng: Random, lang: str, held_out: bool, tokens: int) -> None:
        self.rng, self.lang = rng, lang
        width, height = sides(rng, tokens, (0.9, 1.5), (0.35, 1.0))
        self.canvas = ground(rng, width, height)
        self.font, self.size = choose(rng, lang, held_out), rng.randint(13, max(20, min(28, height // 14)))
        self.ink = mix((0, 0, 0), self._any(), rng.choice([0, 0.3]))
        self.fill = mix((255, 255, 255), self._any(), 0.25) if rng.random() < 0.45 else None
        self.shade = self.fill or mix((255, 255, 255), self._any(), 0.3)
        self.measure = self.ink
        if rng.random() < 0.35:
            self.measure = rng.choice(COLORS["blue"][1] + COLORS["red"][1] + COLORS["purple"][1])
        self.pen, self.letters = rng.randint(1, 3), rng.random() < 0.4
        self.unit = rng.choice(["", "", " cm", " m"])
        room = self.size * 2.4  # for the labels around the figure
        self.w = max(60.0, min(width * rng.uniform(0.45, 0.68), width - 2 * room - self.size * 1.5))
        self.h = max(50.0, min(height * rng.uniform(0.4, 0.6), height - 2 * room))
        self.middle = (width / 2 + rng.uniform(-6, 6), height / 2 + rng.uniform(-6, 6))
        self.mirrored, self.angle = False, 0.0
        self.labels: list[Box] = []

    def _any(self) -> Color:
        return self.rng.randint(0, 255), self.rng.randint(0, 255), self.rng.randint(0, 255)

    @property
    def square_unit(self) -> str:
        return f"{self.unit}^2" if self.unit else ""

    def turned(self, most: float = 0.18) -> None:
        """From now on everything is mirrored or not, and perhaps turned a little."""
        self.mirrored = self.rng.random() < 0.4
        if self.rng.random() < 0.35:
            self.angle = self.rng.uniform(-most, most)

    def at(self, point: Point) -> Point:
        """Pixels of the canvas."""
        x, y = (-point[0] if self.mirrored else point[0]), point[1]
        c, s = float(np.cos(self.angle)), float(np.sin(self.angle))
        return self.middle[0] + c * x - s * y, self.middle[1] + s * x + c * y

    def polygon(self, points: list[Point], name: bool = True, fill: Color | None = None) -> None:
        """A closed figure; its corners get letters when this sketch has letters."""
        places = [self.at(point) for point in points]
        self.canvas.draw.polygon(places, fill=fill or self.fill)
        joint = "curve" if self.pen > 2 else None
        self.canvas.draw.line([*places, places[0]], fill=self.ink, width=self.pen, joint=joint)
        if name and self.letters:
            cx, cy = (sum(p[k] for p in points) / len(points) for k in (0, 1))
            for letter, (x, y) in zip(self.rng.choice(["ABCDEF", "PQRSTU", "DEFGHI"]), points, strict=False):
                self.label((x, y), (x - cx, y - cy), letter, self.ink, gap=3)

    def segment(self, a: Point, b: Point, dashed: bool = False) -> None:
        (x1, y1), (x2, y2) = self.at(a), self.at(b)
        if not dashed:
            self.canvas.draw.line((x1, y1, x2, y2), fill=self.ink, width=self.pen)
            return
        count = max(2, int(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 / 8))
        for k in range(count):
            f, t = k / count, (k + 0.55) / count
            ends = (x1 + (x2 - x1) * f, y1 + (y2 - y1) * f, x1 + (x2 - x1) * t, y1 + (y2 - y1) * t)
            self.canvas.draw.line(ends, fill=self.ink)

    def corner(self, at: Point, a: Point, b: Point) -> None:
        """The mark of a right angle between the directions to `a` and `b`."""
        size = self.rng.choice([8, 8, 12, 16])

        def towards(point: Point) -> Point:
            far = max(1.0, ((point[0] - at[0]) ** 2 + (point[1] - at[1]) ** 2) ** 0.5)
            return (point[0] - at[0]) / far * size, (point[1] - at[1]) / far * size

        (ax, ay), (bx, by) = towards(a), towards(b)
        path = [(at[0] + ax, at[1] + ay), (at[0] + ax + bx, at[1] + ay + by), (at[0] + bx, at[1] + by)]
        self.canvas.draw.line([self.at(point) for point in path], fill=self.ink)

    def circle(self, radius: float, start: float = 0, end: float = 360) -> None:
        """Around the middle; a part of it is a sector with its two radii. Degrees run clockwise from the right."""
        x, y = self.middle
        box = (x - radius, y - radius, x + radius, y + radius)
        if end - start >= 360:
            self.canvas.draw.ellipse(box, fill=self.fill, outline=self.ink, width=self.pen)
        else:
            self.canvas.draw.pieslice(box, start, end, fill=self.fill, outline=self.ink, width=self.pen)

    def dot(self, at: Point) -> None:
        x, y = self.at(at)
        self.canvas.draw.ellipse((x - 2.5, y - 2.5, x + 2.5, y + 2.5), fill=self.ink)

    def label(self, at: Point, direction: Point, text: str, color: Color | None = None, gap: float = 5) -> None:
        """A text beside a point, in a direction from it, moved so that it lies inside the picture."""
        x, y = self.at(at)
        end = self.at((at[0] + direction[0], at[1] + direction[1]))
        dx, dy = end[0] - x, end[1] - y
        far = max(1e-6, (dx * dx + dy * dy) ** 0.5)
        wide, high = text_width(text, self.font, self.size), float(self.size)
        away = gap + abs(dx / far) * wide / 2 + abs(dy / far) * high / 2
        x, y = x + dx / far * away, y + dy / far * away
        x = min(max(x, wide / 2 + 2), self.canvas.width - wide / 2 - 2)
        y = min(max(y, high / 2 + 2), self.canvas.height - high / 2 - 2)
        self.canvas.text(x, y, text, self.font, self.size, color or self.measure, "mm")
        self.labels.append((x - wide / 2, y - high / 2, x + wide / 2, y + high / 2))

    def side(self, a: Point, b: Point, text: str, inside: bool = False, core: Point = (0, 0)) -> None:
        """A measure at the middle of a line, on the side away from the core of the figure, or towards it."""
        x, y = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
        nx, ny = b[1] - a[1], a[0] - b[0]
        outward = nx * (x - core[0]) + ny * (y - core[1]) >= 0
        sign = 1 if outward != inside else -1
        self.label((x, y), (nx * sign, ny * sign), text)

    def angle_at(self, corner: Point, a: Point, b: Point, text: str) -> None:
        """A text between two lines, as near to their corner as it fits."""
        ways = []
        for x, y in (a, b):
            far = ((x - corner[0]) ** 2 + (y - corner[1]) ** 2) ** 0.5
            ways.append(((x - corner[0]) / far, (y - corner[1]) / far))
        dx, dy = ways[0][0] + ways[1][0], ways[0][1] + ways[1][1]
        far = (dx * dx + dy * dy) ** 0.5
        half_sine = max(0.25, (1 - (ways[0][0] * ways[1][0] + ways[0][1] * ways[1][1])) / 2) ** 0.5
        wide, high = text_width(text, self.font, self.size), self.size * 0.9
        away = ((wide / 2) ** 2 + (high / 2) ** 2) ** 0.5 * 0.95 / half_sine
        self.note((corner[0] + dx / far * away, corner[1] + dy / far * away), text)

    def note(self, at: Point, text: str) -> None:
        """A text in the figure."""
        self.label(at, (0, 1e-9), text, gap=0)

    def crowded(self) -> bool:
        """Whether two texts lie upon each other."""
        return any(
            a[0] < b[2] - 1 and b[0] < a[2] - 1 and a[1] < b[3] - 1 and b[1] < a[3] - 1
            for k, a in enumerate(self.labels)
            for b in self.labels[:k]
        )

    def asked(self) -> str:
        """What stands at a measure that is looked for."""
        return self.rng.choice(["?", "?", "x"])
