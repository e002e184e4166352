"""What surrounds a plot: canvas, title, legend, axes and the names along them."""

from __future__ import annotations

from random import Random

from training.charts.slanted import ANGLES, extent, slanted
from training.draw import Canvas, Color, fit, sides, text_width, theme
from training.scene import Box
from training.words import COLORS


class Frame:
    """A canvas whose free area shrinks with everything that is put around the plot. All lengths are pixels."""

    def __init__(self, rng: Random, lang: str, held_out: bool, tokens: int) -> None:
        width, height = sides(rng, tokens, (0.95, 1.8), (0.6, 1.0))
        self.rng, self.held_out, self.theme = rng, held_out, theme(rng, lang, held_out)
        self.canvas = Canvas(width, height, self.theme.background)
        self.size = rng.randint(12, max(13, min(20, width // 24)))
        self.accent = self.theme.accent
        if not stands_out(self.accent, self.theme.background):
            self.accent = palette(rng, 1, self.theme.background)[0]
        edge = rng.uniform(0.3, 1.2) * self.size
        self.left, self.top, self.right, self.bottom = edge, edge, width - edge, height - edge
        self.low, self.high = 0.0, 1.0  # of the value axis
        self.above = 0.0  # what numbers take between the plot and its upper edge
        self.angle = 0  # of the names below the plot
        self.name_size = self.size
        self.spines = rng.random() < 0.25  # a line on all four sides, and short ticks outside

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

    def note(self, text: str) -> None:
        """A small line below everything."""
        t, size = self.theme, max(10, self.size - 3)
        size = fit(text, t.font, size, self.wide, 9)
        self.canvas.text(self.left, self.bottom - size * 0.5, text, t.font, size, t.faint, "lm")
        self.bottom -= size * 1.5

    def axis_labels(self, names: str, values: str) -> None:
        """What the names below and the values at the left are; either may be empty."""
        t, size = self.theme, max(11, self.size - 1)
        if names:
            size_ = fit(names, t.font, size, self.wide, 9)
            self.canvas.text(
                (self.left + self.right) / 2, self.bottom - size_ * 0.5, names, t.font, size_, t.text, "mm"
            )
            self.bottom -= size_ * 1.5
        if values:
            size = fit(values, t.font, size, self.tall, 9)
            _, high = extent(values, t.font, size, 90)
            top = (self.top + self.bottom - high) / 2
            slanted(self.canvas, (self.left + size * 0.5, top), values, t.font, size, t.text, 90)
            self.left += size * 1.5

    def room_for_numbers(self) -> None:
        """Above the highest bar or point."""
        self.above = self.size * 0.9
        self.top += self.above

    def room_for_names(self, names: list[str]) -> None:
        """Below the plot; names that are wide for their columns stand slanted, some others too."""
        step = self.wide / len(names)
        level = min(fit(name, self.theme.font, self.size, step - 3, 6) for name in names)
        if (level < min(11, self.size) and self.rng.random() < 0.8) or self.rng.random() < 0.06:
            self.angle, self.name_size = self.rng.choice(ANGLES), max(10, self.size - self.rng.randint(0, 3))
            while self.name_size > 9 and self._names_extent(names)[1] > self.tall * 0.35:
                self.name_size -= 1
            if self._names_extent(names)[0] > self.left + step / 2:  # the first would begin outside of the picture
                self.angle = 90
            if self._names_extent(names)[1] > self.tall * 0.4:
                self.angle = 0
        self.bottom -= self._names_extent(names)[1] + 6 if self.angle else self.size * 1.7

    def _names_extent(self, names: list[str]) -> tuple[float, float]:
        sizes = [extent(name, self.theme.font, self.name_size, self.angle) for name in names]
        return max(w for w, _ in sizes), max(h for _, h in sizes)

    def names(self, names: list[str]) -> None:
        """Under the plot, one for each of its columns."""
        t, step = self.theme, self.wide / len(names)
        middles = [self.left + step * (k + 0.5) for k in range(len(names))]
        if self.spines:
            for x in middles:
                self.canvas.draw.line((x, self.bottom, x, self.bottom + 3), fill=t.text)
        if self.angle:
            for x, name in zip(middles, names, strict=True):
                slanted(self.canvas, (x, self.bottom + 5), name, t.font, self.name_size, t.text, self.angle)
            return
        size = min(fit(name, t.font, self.size, step - 3, 9) for name in names)
        for x, name in zip(middles, names, strict=True):
            self.canvas.text(x, self.bottom + self.size * 0.95, name, t.font, size, t.text, "mm")

    def axes(self) -> None:
        """The lines along both axes, one of them, none, or on all sides."""
        t, width = self.theme, self.rng.choice([1, 1, 2])
        zero = self.y(max(0, self.low))
        if self.spines:
            self.canvas.draw.rectangle((self.left, self.top - self.above, self.right, self.bottom), outline=t.text)
        elif self.rng.random() < 0.6:
            self.canvas.draw.line((self.left, self.top, self.left, self.bottom), fill=t.text, width=width)
        self.canvas.draw.line((self.left, zero, self.right, zero), fill=t.text, width=width)


def stands_out(color: Color, background: Color) -> bool:
    return sum(abs(a - b) for a, b in zip(color, background, strict=True)) > 130


def palette(rng: Random, count: int, background: Color) -> list[Color]:
    """Different colours that stand out from the background."""
    apart = [name for name, (_, shades) in COLORS.items() if all(stands_out(shade, background) for shade in shades)]
    return [rng.choice(COLORS[name][1]) for name in rng.sample(apart, count)]
