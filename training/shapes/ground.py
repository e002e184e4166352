"""What shapes and figures are drawn on."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image, ImageDraw

from training.draw import Canvas, Color, mix, photo
from training.words import COLORS

_SHADES = np.array([shades for _, shades in COLORS.values()])  # [colours, 3 shades, 3 channels]


def _any(rng: Random) -> Color:
    return rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)


def _covered(canvas: Canvas, pixels: np.ndarray) -> Canvas:
    canvas.image = Image.fromarray(pixels)
    canvas.draw = ImageDraw.Draw(canvas.image)
    return canvas


def ground(rng: Random, width: int, height: int) -> Canvas:
    """Light and quiet: paper, or a soft pattern."""
    shade = rng.choice([255, 255, 250, 240, rng.randint(200, 255)])
    canvas = Canvas(width, height, mix((shade, shade, shade), _any(rng), rng.choice([0, 0.08])))
    if rng.random() < 0.1:
        soft = (photo(rng, width, height) * 0.15 + 210).clip(0, 255).astype(np.uint8)
        _covered(canvas, soft)
    return canvas


def textured(rng: Random, width: int, height: int) -> tuple[Canvas, Color]:
    """A coloured or dark ground with stripes, dots, ruled lines, grain or a gradient, and its main colour."""
    dark = rng.random() < 0.4
    base = mix((22, 24, 30), _any(rng), rng.uniform(0, 0.2)) if dark else mix((255, 255, 255), _any(rng), 0.3)
    other = mix(base, (255, 255, 255) if dark else (0, 0, 0), rng.uniform(0.04, 0.1))
    canvas, step = Canvas(width, height, base), rng.randint(12, 40)
    kind = rng.choice(["plain", "stripes", "slanted", "dots", "ruled", "grain", "gradient", "halves"])
    if kind == "stripes":
        for x in range(0, width, 2 * step):
            canvas.rect((x, 0, x + step, height), other)
    elif kind == "slanted":
        for x in range(-height, width, step):
            canvas.draw.line((x, 0, x + height, height), fill=other, width=max(1, step // 4))
    elif kind == "dots":
        r = step / 8
        for y in range(step // 2, height, step):
            for x in range(step // 2, width, step):
                canvas.draw.ellipse((x - r, y - r, x + r, y + r), fill=other)
    elif kind == "ruled":
        for y in range(step, height, step):
            canvas.draw.line((0, y, width, y), fill=other)
        if rng.random() < 0.5:
            for x in range(step, width, step):
                canvas.draw.line((x, 0, x, height), fill=other)
    elif kind == "grain":
        grain = np.random.default_rng(rng.getrandbits(32)).integers(0, 19, (height, width, 1), np.uint8)
        _covered(canvas, grain + np.clip(np.asarray(base) - 9, 0, 237).astype(np.uint8))
    elif kind == "gradient":
        share = np.linspace(0, 1, height if rng.random() < 0.5 else width)[:, None]
        tones = np.asarray(base) * (1 - share) + np.asarray(mix(base, other, 2.0)) * share
        tones = tones.clip(0, 255).astype(np.uint8)
        tones = tones[:, None] if len(tones) == height else tones[None]
        _covered(canvas, np.broadcast_to(tones, (height, width, 3)))
    elif kind == "halves":
        canvas.rect((0, round(height * rng.uniform(0.3, 0.7)), width, height), other)
    return canvas, base


def visible(base: Color) -> list[str]:
    """The colours whose every shade stands out from a ground."""

    gaps = np.abs(_SHADES - np.asarray(base)).sum(2).min(1)
    return [name for name, gap in zip(COLORS, gaps, strict=True) if gap > 150]
