"""The window of a browser around a page: bars of tabs and addresses, which are no part of the page."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image

from training.draw import Canvas, Color, bright, cut, icon, mix, text_width
from training.fonts import choose
from training.gui.texts import text
from training.words import pseudo_word

_GROUNDS: list[Color] = [(240, 240, 240), (255, 255, 255), (208, 212, 218), (36, 37, 40), (53, 54, 58), (28, 30, 46)]
_ENDS = [".com", ".org", ".net", ".cn", ".com.cn", ".io", ".dev", ".co.uk"]
_DOTS: list[Color] = [(237, 106, 94), (245, 191, 79), (98, 197, 84)]  # that close, hide and enlarge


@dataclass(frozen=True)
class Window:
    """What is seen around a page, in pixels."""

    bars: tuple[int, ...]  # heights: of the addresses', or of the tabs' and the addresses'
    edge: int  # at the left, at the right and below
    behind: int  # of the desktop, on each axis

    @classmethod
    def chosen(cls, rng: Random) -> Window:
        return cls(
            bars=tuple(rng.randint(26, 42) for _ in range(rng.randint(1, 2))),
            edge=0 if rng.random() < 0.5 else rng.randint(2, 20),
            behind=0 if rng.random() < 0.6 else rng.randint(8, 48),
        )

    @property
    def wide(self) -> int:
        """Pixels more than the page's width."""
        return 2 * self.edge + self.behind

    @property
    def high(self) -> int:
        return sum(self.bars) + self.edge + self.behind

    def around(self, rng: Random, lang: str, page: np.ndarray) -> np.ndarray:
        """The page [height, width, 3] in its window, uint8 [height + high, width + wide, 3]."""
        height, width = page.shape[:2]
        top = sum(self.bars)
        frame = _Frame(rng, lang, width + 2 * self.edge, height + top + self.edge)
        if len(self.bars) == 2:
            frame.tabs(self.bars[0])
        frame.address(top - self.bars[-1], self.bars[-1])
        frame.canvas.image.paste(Image.fromarray(page), (self.edge, top))
        return _on_desktop(rng, frame.canvas.array(), self.behind) if self.behind else frame.canvas.array()


def _on_desktop(rng: Random, window: np.ndarray, behind: int) -> np.ndarray:
    """The window somewhere on a ground of one colour or two that melt into each other."""
    height, width = window.shape[0] + behind, window.shape[1] + behind
    first, last = (np.array([rng.randint(0, 255) for _ in range(3)]) for _ in range(2))
    fall = np.linspace(0, rng.choice([0, 1]), height)[:, None, None]
    shown = np.broadcast_to(first + (last - first) * fall, (height, width, 3)).astype(np.uint8)
    y, x = rng.randint(0, behind), rng.randint(0, behind)
    shown[y : y + window.shape[0], x : x + window.shape[1]] = window
    return shown


def _address(rng: Random) -> str:
    names = ["".join(filter(str.isalnum, pseudo_word(rng))).lower() for _ in range(rng.choice([1, 1, 2, 3]))]
    host = rng.choice(["", "", "www.", "shop.", "m."]) + names[0] + rng.choice(_ENDS)
    return rng.choice(["", "", "https://"]) + "/".join([host, *names[1:]])


class _Frame:
    def __init__(self, rng: Random, lang: str, width: int, height: int) -> None:
        self.rng, self.lang, self.width = rng, lang, width
        self.ground = rng.choice(_GROUNDS)
        self.ink: Color = (40, 40, 44) if bright(self.ground) > 128 else (225, 225, 230)
        self.font, self.size = choose(rng, lang, False), rng.randint(11, 14)
        self.canvas = Canvas(width, height, self.ground)

    def tabs(self, high: int) -> None:
        """Titles of open pages, the shown one on lighter or darker ground; often with what closes the window beside them."""
        rng, x, end = self.rng, self.rng.uniform(0, 16), self.width - 40.0
        roll = rng.random()
        if roll < 0.35:
            x = self._dots(high)
        elif roll < 0.7:
            end = self._marks(high)
        count, soft = rng.randint(1, 4), mix(self.ground, self.ink, 0.1)
        step = max(40.0, min((end - x) / count, rng.uniform(110, 220)))
        shown, radius = rng.randrange(count), rng.choice([0, 6, 10])
        for k in range(count):
            at = x + k * step
            if k == shown:
                self.canvas.rect((at, 5, at + step, high + radius), soft, None, radius)
            title, size = cut(
                text(rng, rng.choice(["title", "product", "tab"]), self.lang), self.font, self.size, step - 32
            )
            self.canvas.text(at + 8, high / 2 + 2, title, self.font, size, self.ink)
            icon(self.canvas, "close", at + step - 12, high / 2 + 2, 9, self.ink, rng)
        self.canvas.rect((0, high, self.width, self.canvas.height), soft if rng.random() < 0.6 else self.ground)

    def _dots(self, high: int) -> float:
        """Round buttons of the window at the left; where there is room again."""
        radius, step = self.rng.uniform(4, 7), self.rng.uniform(16, 22)
        gray = mix(self.ground, self.ink, 0.3)
        colors = _DOTS if self.rng.random() < 0.8 else [gray] * 3
        x = self.rng.uniform(12, 20)
        for color in colors:
            self.canvas.draw.ellipse((x - radius, high / 2 - radius, x + radius, high / 2 + radius), fill=color)
            x += step
        return x

    def _marks(self, high: int) -> float:
        """A bar, a square and a cross at the right, which hide, enlarge and close the window; where room ends."""
        step, half, y, ink = self.rng.uniform(24, 40), self.rng.uniform(3.5, 5), high / 2, self.ink
        x = self.width - step / 2
        draw = self.canvas.draw
        draw.line((x - half, y - half, x + half, y + half), fill=ink)
        draw.line((x - half, y + half, x + half, y - half), fill=ink)
        x -= step
        draw.rectangle((x - half, y - half, x + half, y + half), outline=ink)
        x -= step
        draw.line((x - half, y, x + half, y), fill=ink)
        return x - step / 2

    def address(self, y: float, high: int) -> None:
        """Arrows, where the page comes from, a menu."""
        rng, middle, x = self.rng, y + high / 2, 14.0
        for name in ["back", "refresh", "home"][: rng.randint(0, 3)]:
            icon(self.canvas, name, x, middle, 13, self.ink, rng)
            x += 24
        end = self._marks(high) if y == 0 and rng.random() < 0.4 else self.width - 8.0
        for name in rng.sample(["menu", "more", "star", "user", "download"], rng.randint(0, 3)):
            icon(self.canvas, name, end - 8, middle, 13, self.ink, rng)
            end -= 24
        if rng.random() < 0.75:
            light = (
                mix(self.ground, (255, 255, 255), 0.8)
                if bright(self.ground) > 128
                else mix(self.ground, (0, 0, 0), 0.4)
            )
            edge = mix(self.ground, self.ink, 0.3) if rng.random() < 0.4 else None
            self.canvas.rect((x - 4, y + 5, end - 4, y + high - 5), light, edge, rng.choice([0, 5, 11]))
        if rng.random() < 0.5:
            icon(self.canvas, "lock", x + 8, middle, 11, self.ink, rng)
            x += 18
        said, size = cut(_address(rng), self.font, self.size, end - x - 16)
        if rng.random() < 0.25:
            x += max(0.0, (end - x - 16 - text_width(said, self.font, size)) / 2)
        self.canvas.text(x + 6, middle, said, self.font, size, self.ink)
        if rng.random() < 0.5:
            edge = round(y) + high - 1
            self.canvas.draw.line((0, edge, self.width, edge), fill=mix(self.ground, self.ink, 0.25))
