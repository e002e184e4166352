"""Drawing: canvases, themes, icons, and the wear and tear that real pictures show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from random import Random

import cv2
import numpy as np
from PIL import Image, ImageDraw

from training import icons
from training.fonts import choose
from training.glyphs import line, width
from training.scene import Box

Color = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Theme:
    background: Color
    panel: Color
    field: Color  # of fields that stand out
    text: Color
    faint: Color
    line: Color
    accent: Color
    on_accent: Color
    radius: float  # of the height of a control
    font: str
    bold: str


def mix(a: Color, b: Color, share: float) -> Color:
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def bright(color: Color) -> float:
    """How bright the eye sees the colour, 0 to 255."""
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]


def theme(rng: Random, lang: str, held_out: bool) -> Theme:
    """Light or dark, with a colour of its own."""
    dark = rng.random() < 0.28
    tint: Color = (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255))
    base: Color = (
        mix((18, 18, 22), tint, rng.random() * 0.12)
        if dark
        else mix((255, 255, 255), tint, rng.choice([0, 0, 0.04, 0.1]))
    )
    text: Color = (240, 240, 242) if dark else mix((15, 15, 20), tint, rng.random() * 0.15)
    hue = rng.random()
    accent = cv2.cvtColor(
        np.uint8([[[round(hue * 179), rng.randint(140, 255), rng.randint(90, 235)]]]), cv2.COLOR_HSV2RGB
    )[0, 0]
    accent_color: Color = (int(accent[0]), int(accent[1]), int(accent[2])) if rng.random() < 0.85 else text
    name = choose(rng, lang, held_out)
    return Theme(
        background=base,
        panel=mix(base, (255, 255, 255) if dark else (0, 0, 0), rng.choice([0.03, 0.06, 0.1])),
        field=mix(base, (255, 255, 255), 0.08) if dark else (255, 255, 255),
        text=text,
        faint=mix(text, base, rng.uniform(0.3, 0.5)),
        line=mix(base, text, rng.uniform(0.12, 0.4)),
        accent=accent_color,
        on_accent=(15, 15, 15) if bright(accent_color) > 150 else (255, 255, 255),
        radius=rng.choice([0, 0.1, 0.2, 0.3, 0.5]),
        font=name,
        bold=choose(rng, lang, held_out) if rng.random() < 0.4 else name,
    )


def on_ground(theme: Theme, ground: Color) -> Theme:
    """The same letters and corners on another ground: dark sidebars of bright pages, bright cards of dark ones."""
    dark = bright(ground) < 125
    text: Color = (240, 240, 242) if dark else (22, 22, 28)
    accent = theme.accent if abs(bright(theme.accent) - bright(ground)) > 85 else text
    return replace(
        theme,
        background=ground,
        panel=mix(ground, (255, 255, 255) if dark else (0, 0, 0), 0.09),
        field=mix(ground, (255, 255, 255), 0.1) if dark else (255, 255, 255),
        text=text,
        faint=mix(text, ground, 0.35),
        line=mix(ground, text, 0.25),
        accent=accent,
        on_accent=(15, 15, 15) if bright(accent) > 150 else (255, 255, 255),
    )


class Canvas:
    """A picture under construction; coordinates are pixels."""

    def __init__(self, width: int, height: int, background: Color) -> None:
        self.width, self.height = width, height
        self.image = Image.new("RGB", (width, height), background)
        self.draw = ImageDraw.Draw(self.image)
        self.inked: list[tuple[str, Box]] = []  # lines of text, and where they stand

    def text(self, x: float, y: float, text: str, name: str, size: int, fill: Color, anchor: str = "lm") -> Box:
        """Draws one line; the anchor is Pillow's. Returns the line's box."""
        mask, left, top, begin, end = line(text, name, size, anchor)
        if mask.size:
            self.draw.bitmap((round(x) + left, round(y) + top), Image.fromarray(mask), fill)
        box = (x + begin, y - size * 0.55, x + end, y + size * 0.55)
        self.inked.append((text, box))
        return box

    def rect(
        self, box: Box, fill: Color | None, outline: Color | None = None, radius: float = 0, width: int = 1
    ) -> None:
        """A rectangle; one whose sides have changed places (no room was left) is not drawn."""
        x1, y1, x2, y2 = (round(value) for value in box)
        if x2 < x1 or y2 < y1:
            return
        radius = int(
            min(radius, (y2 - y1) / 2, (x2 - x1) / 2)
        )  # Pillow refuses half pixels where a box is nearly round
        if radius >= 1:
            self.draw.rounded_rectangle((x1, y1, x2, y2), radius, fill=fill, outline=outline, width=width)
        else:
            self.draw.rectangle((x1, y1, x2, y2), fill=fill, outline=outline, width=width)

    def array(self) -> np.ndarray:
        return np.asarray(self.image)

    def shown(self, width: int, height: int) -> np.ndarray:
        """The picture in another size, as servers send large screenshots to a model and small ones too."""
        if (width, height) == (self.width, self.height):
            return self.array()
        return cv2.resize(self.array(), (width, height), interpolation=cv2.INTER_LINEAR)


def enlarged(rng: Random, lang: str) -> float:
    """How much larger than it is shown something is drawn: mostly 1, now and then more or less, so that letters are small or soft."""
    if rng.random() < 0.75:
        return 1.0
    return rng.uniform(1.05, 1.25 if lang == "zh" else 1.45) if rng.random() < 0.75 else rng.uniform(0.75, 0.95)


def text_width(text: str, name: str, size: int) -> float:
    return width(text, name, size)


def fit(text: str, name: str, size: int, width: float, smallest: int = 10) -> int:
    """The font size, at most `size`, at which the text fits the width."""
    length = text_width(text, name, size)
    return size if length <= width else max(smallest, int(size * width / length))


def cut(text: str, name: str, size: int, width: float, least: int = 11) -> tuple[str, int]:
    """The text and the size, `least` or more, at which it fits; what is too wide even then loses its end. Large sizes are even, so that fewer glyphs are drawn anew."""
    if size > 18:
        size -= size % 2
    if text_width(text, name, size) <= width:
        return text, size
    size = fit(text, name, size, width, min(size, least))
    while len(text) > 1 and text_width(text, name, size) > width:
        text = text[: max(1, int(len(text) * 0.85))].rstrip(" ,.-_")
    return text, size


def icon(canvas: Canvas, name: str, x: float, y: float, size: float, color: Color, rng: Random) -> None:
    """A line icon centred on (x, y)."""
    icons.paint(canvas.draw, name, x, y, size, color, rng)


@cache
def _noise_pool() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, (1600, 1600, 3)).astype(np.float32)


def photo(rng: Random, width: int, height: int) -> np.ndarray:
    """Soft coloured blobs: a stand-in for a photograph, inside pages and as a picture that the model cannot name."""
    small = np.random.default_rng(rng.getrandbits(32)).integers(
        0, 256, (rng.randint(2, 7), rng.randint(2, 7), 3), dtype=np.uint8
    )
    return cv2.resize(small, (width, height), interpolation=rng.choice([cv2.INTER_CUBIC, cv2.INTER_LINEAR]))


def wear(rng: Random, picture: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Noise, blur, JPEG, gamma, contrast: what happens to pictures on their way. Geometry stays."""
    if rng.random() > 0.55 * strength:
        return picture
    for _ in range(1 if rng.random() < 0.7 else 2):
        kind = rng.randrange(6)
        if kind == 0:
            h, w = picture.shape[:2]
            y, x = rng.randint(0, 1600 - h), rng.randint(0, 1600 - w)
            noise = _noise_pool()[y : y + h, x : x + w] * (rng.uniform(2, 16) * strength)
            picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
        elif kind == 1:
            picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.1 * strength))
        elif kind == 2:
            quality = rng.randint(25, 85)
            picture = cv2.imdecode(
                cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR
            )
        elif kind == 3:
            table = ((np.arange(256) / 255) ** np.exp(rng.uniform(-0.5, 0.5) * strength) * 255).astype(np.uint8)
            picture = table[picture]
        elif kind == 4:
            low, high = rng.uniform(0, 50) * strength, 255 - rng.uniform(0, 60) * strength
            picture = (np.linspace(low, high, 256)).astype(np.uint8)[picture]
        else:
            scale = rng.uniform(0.72, 0.95)
            h, w = picture.shape[:2]
            smaller = cv2.resize(
                picture, (max(8, round(w * scale)), max(8, round(h * scale))), interpolation=cv2.INTER_AREA
            )
            picture = cv2.resize(smaller, (w, h), interpolation=cv2.INTER_LINEAR)
    return picture


def sides(
    rng: Random, tokens: int, ratios: tuple[float, float], fill: tuple[float, float] = (0.55, 1.0)
) -> tuple[int, int]:
    """Width and height, multiples of 32, whose area is a share of `tokens` visual tokens; the ratio is width to height."""
    area = tokens * rng.uniform(*fill)
    ratio = np.exp(rng.uniform(np.log(ratios[0]), np.log(ratios[1])))
    w, h = max(2, round((area * ratio) ** 0.5)), max(2, round((area / ratio) ** 0.5))
    while w * h > tokens:
        w, h = (w - 1, h) if w > h else (w, h - 1)
    return w * 32, h * 32
