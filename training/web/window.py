"""The window of a browser around a page: bars of tabs and addresses, which are no part of the page."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image

from training.draw import Canvas, Color, bright, cut, icon, mix, text_width
from training.fonts import choose
from training.gui.texts import text
from training.words import pseudo_word

BAR = 32  # pixels, as one of the model's cells
_GROUNDS: list[Color] = [(240, 240, 240), (255, 255, 255), (208, 212, 218), (36, 37, 40), (53, 54, 58), (28, 30, 46)]
_ENDS = [".com", ".org", ".net", ".cn", ".com.cn", ".io", ".dev", ".co.uk"]


def framed(rng: Random, lang: str, page: np.ndarray, bars: int, margins: bool = False) -> np.ndarray:
    """The page [height, width, 3] below one or two bars of `BAR` pixels, as wide as it is; with margins the desktop behind, `BAR` pixels more on both axes."""
    height, width = page.shape[:2]
    frame = _Frame(rng, lang, width, height + bars * BAR)
    if bars == 2:
        frame.tabs()
    frame.address((bars - 1) * BAR)
    frame.canvas.image.paste(Image.fromarray(page), (0, bars * BAR))
    return _on_desktop(rng, frame.canvas.array()) if margins else frame.canvas.array()


def _on_desktop(rng: Random, window: np.ndarray) -> np.ndarray:
    """The window somewhere on a ground of one colour or two that melt into each other."""
    height, width = window.shape[0] + BAR, window.shape[1] + BAR
    first, last = (np.array([rng.randint(0, 255) for _ in range(3)]) for _ in range(2))
    fall = np.linspace(0, rng.choice([0, 1]), height)[:, None, None]
    shown = np.broadcast_to(first + (last - first) * fall, (height, width, 3)).astype(np.uint8)
    y, x = rng.randint(0, BAR), rng.randint(0, BAR)
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

    def tabs(self) -> None:
        """Titles of open pages, the shown one on lighter or darker ground."""
        rng, x = self.rng, self.rng.uniform(0, 16)
        count, soft = rng.randint(1, 4), mix(self.ground, self.ink, 0.1)
        step = min((self.width - x - 40) / count, rng.uniform(110, 220))
        shown, radius = rng.randrange(count), rng.choice([0, 6, 10])
        for k in range(count):
            at = x + k * step
            if k == shown:
                self.canvas.rect((at, 5, at + step, BAR + radius), soft, None, radius)
            title, size = cut(
                text(rng, rng.choice(["title", "product", "tab"]), self.lang), self.font, self.size, step - 32
            )
            self.canvas.text(at + 8, BAR / 2 + 2, title, self.font, size, self.ink)
            icon(self.canvas, "close", at + step - 12, BAR / 2 + 2, 9, self.ink, rng)
        self.canvas.rect((0, BAR, self.width, 2 * BAR), soft if rng.random() < 0.6 else self.ground)

    def address(self, y: float) -> None:
        """Arrows, where the page comes from, a menu."""
        rng, middle, x = self.rng, y + BAR / 2, 14.0
        for name in ["back", "refresh", "home"][: rng.randint(0, 3)]:
            icon(self.canvas, name, x, middle, 13, self.ink, rng)
            x += 24
        end = self.width - 8.0
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
            self.canvas.rect((x - 4, y + 5, end - 4, y + BAR - 5), light, edge, rng.choice([0, 5, 11]))
        if rng.random() < 0.5:
            icon(self.canvas, "lock", x + 8, middle, 11, self.ink, rng)
            x += 18
        said, size = cut(_address(rng), self.font, self.size, end - x - 16)
        if rng.random() < 0.25:
            x += max(0.0, (end - x - 16 - text_width(said, self.font, size)) / 2)
        self.canvas.text(x + 6, middle, said, self.font, size, self.ink)
        if rng.random() < 0.5:
            edge = round(y) + BAR - 1
            self.canvas.draw.line((0, edge, self.width, edge), fill=mix(self.ground, self.ink, 0.25))
