"""A picture of text under construction, and what has been written on it so far, line by line."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image, ImageDraw

from training.draw import Canvas, Color, photo, sides, text_width
from training.fonts import choose
from training.ocr.content import tokens_of
from training.ocr.ink import colors
from training.scene import Box

_WIDE = str.maketrans(",:;?!()", "，：；？！（）")
_AROUND = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]


class Page:
    """`lines` and `boxes` are in reading order; `parts` are names and values that can be asked for."""

    def __init__(self, rng: Random, lang: str, held_out: bool, width: int, height: int) -> None:
        self.rng, self.lang, self.held_out, self.width, self.height = rng, lang, held_out, width, height
        self.ink, self.ground = colors(rng)
        self.canvas = Canvas(width, height, self.ground)
        self.font = choose(rng, lang, held_out)
        self.wide = lang == "zh" and rng.random() < 0.5  # Chinese punctuation as wide as a character, as in print
        self.edge: Color | None = None  # of letters with an outline
        self.shadow: Color | None = None
        self.lines: list[str] = []
        self.boxes: list[Box] = []
        self.parts: list[tuple[str, str]] = []

    @classmethod
    def of(
        cls, rng: Random, lang: str, held_out: bool, tokens: int, ratios: tuple[float, float], fill: tuple[float, float]
    ) -> Page:
        return cls(rng, lang, held_out, *sides(rng, tokens, ratios, fill))

    def background(self, picture: np.ndarray) -> None:
        """Draws on this picture from now on."""
        self.canvas.image = Image.fromarray(picture)
        self.canvas.draw = ImageDraw.Draw(self.canvas.image)

    def fill(self, color: Color) -> None:
        self.ground = color
        self.canvas.rect((0, 0, self.width, self.height), color)

    def scenery(self) -> None:
        """A photograph's colours as the ground, and light letters with a dark edge on it, or the reverse."""
        self.background(photo(self.rng, self.width, self.height))
        light = self.rng.random() < 0.75
        self.ink, self.edge = ((255, 255, 255), (0, 0, 0)) if light else ((10, 10, 20), (255, 255, 255))

    def shown(self, text: str) -> str:
        """As it is drawn: the model writes punctuation narrow, however it looks, as its tokenizer does."""
        if not self.wide:
            return text
        return "".join(
            char.translate(_WIDE)
            if (text[at - 1] if char != "(" else text[at + 1 : at + 2] or " ") >= "\u2e80"
            else char
            for at, char in enumerate(text)
        )

    def width_of(self, text: str, size: int, font: str = "") -> float:
        return text_width(self.shown(text), font or self.font, size)

    def put(
        self, x: float, y: float, text: str, size: int, *, ink: Color | None = None, font: str = "", anchor: str = "lm"
    ) -> Box:
        """Writes a line; it is kept until `line` says that it belongs to what is read."""
        shown, font, ink = self.shown(text), font or self.font, ink or self.ink
        if self.edge:
            for dx, dy in _AROUND:
                self.canvas.text(x + dx, y + dy, shown, font, size, self.edge, anchor)
        elif self.shadow:
            self.canvas.text(x + 1, y + 1 + size // 16, shown, font, size, self.shadow, anchor)
        return self.canvas.text(x, y, shown, font, size, ink, anchor)

    def line(
        self, x: float, y: float, text: str, size: int, *, ink: Color | None = None, font: str = "", anchor: str = "lm"
    ) -> None:
        """Writes a line that is read."""
        self.read(text, self.put(x, y, text, size, ink=ink, font=font, anchor=anchor))

    def read(self, text: str, box: Box) -> None:
        self.lines.append(text)
        self.boxes.append(box)

    def pair(
        self, left: float, right: float, y: float, name: str, value: str, size: int, *, ink: Color | None = None
    ) -> None:
        """A name at the left and its value at the right, read as "name: value"."""
        self.put(left, y, name, size, ink=ink)
        self.put(right, y, value, size, ink=ink, anchor="rm")
        self.read(f"{name}: {value}", (left, y - size * 0.55, right, y + size * 0.55))
        self.parts.append((name, value))

    def cut(self, text: str, size: int, width: float, font: str = "") -> str:
        """As much of the text's beginning as fits, a few characters at least."""
        while self.width_of(text, size, font) > width and len(text) > 2:
            text = text[: max(2, int(len(text) * 0.85))].rstrip()
        return text

    def wrap(self, text: str, size: int, width: float) -> list[str]:
        """Lines no wider than the width (unless a single word is)."""
        lines, line, used = [], "", 0.0
        for token in tokens_of(text):
            if line and used + self.width_of(token.rstrip(), size) > width:
                lines.append(line.rstrip())
                line, used = "", 0.0
            line += token
            used += self.width_of(token, size)
        return [*lines, line.rstrip()] if line.strip() else lines

    def block(
        self, x: float, y: float, text: str, size: int, width: float, bottom: float, step: float, align: str = "left"
    ) -> float:
        """Writes wrapped text from y down as far as there is room; returns where the next line would stand."""
        rows = [self.cut(row, size, width) for row in self.wrap(text, size, width)]
        for number, row in enumerate(rows):
            if y + size * 0.6 > bottom:
                break
            if align == "both" and number < len(rows) - 1 and self.width_of(row, size) > 0.7 * width:
                self._spread(x, y, row, size, width)
            elif align == "right":
                self.line(x + width, y, row, size, anchor="rm")
            else:
                self.line(x, y, row, size)
            y += step
        return y

    def _spread(self, x: float, y: float, text: str, size: int, width: float) -> None:
        """A line as wide as its column."""
        tokens = [token.rstrip() for token in tokens_of(text)]
        widths = [self.width_of(token, size) for token in tokens]
        gap = (width - sum(widths)) / max(1, len(tokens) - 1)
        at = x
        for token, wide in zip(tokens, widths, strict=True):
            self.put(at, y, token, size)
            at += wide + gap
        self.read(text, (x, y - size * 0.55, x + width, y + size * 0.55))
