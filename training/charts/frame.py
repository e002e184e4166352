"""What surrounds a plot: canvas, title, legend, axes and the names along them."""

from __future__ import annotations

from random import Random

from training.draw import Canvas, Color, fit, sides, text_width, theme
from training.scene import Box
from training.words import COLORS


class Frame:
    """A canvas whose free area shrinks with everything that is put around the plot. All lengths are pixels."""

    def __init__(self, rng: Random, lang: str, held_out: bool, tokens: int) -> None:
        width, height = sides(rng, tokens, (0.95, 1.8), (0.6, 1.0))
        self.rng, self.theme = rng, theme(rng, lang, held_out)
        self.canvas = Canvas(width, height, self.theme.background)
        self.size = rng.randint(12, max(13, min(20, width // 24)))
        self.accent = self.theme.accent
        if not stands_out(self.accent, self.theme.background):
            self.accent = palette(rng, 1, self.theme.background)[0]
        edge = rng.uniform(0.3, 1.2) * self.size
        self.left, self.top, self.right, self.bottom = edge, edge, width - edge, height - edge
        self.low, self.high = 0.0, 1.0  # of the value axis

    @property
    def box(self) -> Box:
        return self.left, self.top, self.right, self.bottom

    @property
    def wide(self) -> float:
        return self.right - self.left

    @property
    def tall(self) -> float:
        return self.bottom - self.top

    def text(
        self, x: float, y: float, text: str, anchor: str = "mm", room: float = 1e9, color: Color | None = None
    ) -> Box:
        """A line of at most the usual size that fits `room`."""
        size = fit(text, self.theme.font, self.size, room, 9)
        return self.canvas.text(x, y, text, self.theme.font, size, color or self.theme.text, anchor)

    def title(self, title: str, unit: str) -> None:
        """On top, in the middle or at the left; the unit behind it or in a line of its own."""
        t, size = self.theme, min(round(self.size * self.rng.uniform(1.1, 1.4)), 24)
        apart = bool(unit) and self.rng.random() < 0.4
        if unit and not apart:
            title += unit
        size = fit(title, t.bold, size, self.wide, 11)
        middle = self.rng.random() < 0.6
        x, anchor = (self.canvas.width / 2, "mm") if middle else (self.left, "lm")
        self.canvas.text(x, self.top + size * 0.6, title, t.bold, size, t.text, anchor)
        self.top += size * 1.5
        if apart:
            small = max(10, self.size - 2)
            self.canvas.text(self.left, self.top + small * 0.5, unit.strip(), t.font, small, t.faint, "lm")
            self.top += small * 1.5
        if self.rng.random() < 0.15:
            self.canvas.draw.line((self.left, self.top, self.right, self.top), fill=t.line)
        self.top += self.size * 0.4

    def legend(self, names: list[str], colors: list[Color]) -> None:
        """In a row above or below the plot, or in a column beside it."""
        size = self.size
        lengths = [text_width(name, self.theme.font, size) + size * 2.2 for name in names]
        place = self.rng.choice(["top", "top", "bottom", "right"])
        if sum(lengths) > self.wide or (place == "right" and max(lengths) < self.wide * 0.35):
            x, y = self.right - max(lengths), self.top + size
            self.right = x - size * 0.6
            for name, color in zip(names, colors, strict=True):
                self._key(x, y, name, color)
                y += size * 1.7
            return
        y = self.bottom - size * 0.5 if place == "bottom" else self.top + size * 0.5
        x = self.rng.choice([self.left, (self.left + self.right - sum(lengths)) / 2, self.right - sum(lengths)])
        for name, color, length in zip(names, colors, lengths, strict=True):
            self._key(x, y, name, color)
            x += length
        if place == "bottom":
            self.bottom -= size * 1.6
        else:
            self.top += size * 1.6

    def _key(self, x: float, y: float, name: str, color: Color) -> None:
        r = self.size * 0.35
        self.canvas.rect((x, y - r, x + 2 * r, y + r), color)
        self.text(x + self.size, y, name, "lm", self.canvas.width - x - self.size * 1.1)

    def y(self, value: float) -> float:
        return self.bottom - (value - self.low) / (self.high - self.low) * self.tall

    def scale(self, values: list[int]) -> int:
        """Ends of the value axis, with room for labels, and the step of its ticks."""
        low, high = min(0, *values), max(0, *values)
        step = next(s * 10**k for k in range(6) for s in (1, 2, 5) if (high - low) / (s * 10**k) <= 6)
        self.low = low // step * step - step if low < 0 else 0
        self.high = -(-high // step) * step + (step if high % step == 0 or self.rng.random() < 0.3 else 0)
        return step

    def ticks(self, step: int, shown: bool, lines: bool, divide: int = 1) -> None:
        """The value axis at the left: numbers, grid lines. `divide` turns values into what is written."""
        t, size = self.theme, max(10, self.size - 2)
        marks = list(range(round(self.low), round(self.high) + 1, step))
        texts = [f"{mark / divide:g}" if divide > 1 else str(mark) for mark in marks]
        if shown:
            self.left += max(text_width(text, t.font, size) for text in texts) + 6
        for mark, text in zip(marks, texts, strict=True):
            y = self.y(mark)
            if lines:
                self.canvas.draw.line((self.left, y, self.right, y), fill=t.line)
            if shown:
                self.canvas.text(self.left - 5, y, text, t.font, size, t.faint, "rm")

    def room_for_names(self) -> None:
        self.bottom -= self.size * 1.7

    def names(self, names: list[str]) -> None:
        """Under the plot, one for each of its columns."""
        step = self.wide / len(names)
        size = min(fit(name, self.theme.font, self.size, step - 3, 9) for name in names)
        y = self.bottom + self.size * 0.95
        for k, name in enumerate(names):
            self.canvas.text(self.left + step * (k + 0.5), y, name, self.theme.font, size, self.theme.text, "mm")

    def axes(self) -> None:
        """The lines along both axes, one of them or none."""
        t, width = self.theme, self.rng.choice([1, 1, 2])
        zero = self.y(max(0, self.low))
        if self.rng.random() < 0.6:
            self.canvas.draw.line((self.left, self.top, self.left, self.bottom), fill=t.text, width=width)
        self.canvas.draw.line((self.left, zero, self.right, zero), fill=t.text, width=width)


def stands_out(color: Color, background: Color) -> bool:
    return sum(abs(a - b) for a, b in zip(color, background, strict=True)) > 130


def palette(rng: Random, count: int, background: Color) -> list[Color]:
    """Different colours that stand out from the background."""
    apart = [name for name, (_, shades) in COLORS.items() if all(stands_out(shade, background) for shade in shades)]
    return [rng.choice(COLORS[name][1]) for name in rng.sample(apart, count)]
