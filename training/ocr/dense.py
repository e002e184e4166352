"""Pages whose letters are too small to be read: newspapers, tables, listings, as they look when a large picture is shrunk."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image

from training.ocr.content import code, price
from training.ocr.page import Page
from training.stills import still
from training.words import phrase

_LETTERS = 3.2, 6.6  # pixels of a letter's height as shown; what is read elsewhere has 11 and more


def dense(rng: Random, lang: str, held_out: bool, width: int, height: int) -> np.ndarray:
    """uint8 [height, width, 3]: drawn two to three times as large, then shrunk."""
    scale, high = rng.uniform(2.0, 3.0), rng.uniform(*_LETTERS)
    page = Page(rng, lang, held_out, round(width * scale), round(height * scale))
    if rng.random() < 0.6:
        page.fill((rng.randint(235, 255),) * 3)
        page.ink = (rng.randint(0, 60),) * 3
    size, margin = max(9, round(high * scale)), page.width * rng.uniform(0.02, 0.08)
    top = margin
    if rng.random() < 0.4:  # a headline
        large = round(size * rng.uniform(2.5, 5))
        page.put(margin, top + large / 2, page.cut(phrase(rng, lang, 4), large, page.width - 2 * margin), large)
        top += large * 1.6
    columns, gap = rng.choice([1, 1, 2, 2, 3, 4, 5]), size * rng.uniform(1.2, 2.5)
    wide = (page.width - 2 * margin - gap * (columns - 1)) / columns
    write = rng.choice([_running, _running, _running, _rows, _listing])
    for column in range(columns):
        write(page, margin + column * (wide + gap), top, wide, page.height - margin, size)
    shown = page.canvas.image.resize((width, height), rng.choice([Image.Resampling.BOX, Image.Resampling.LANCZOS]))
    return np.asarray(shown)


def _running(page: Page, x: float, y: float, wide: float, bottom: float, size: int) -> None:
    """Paragraphs, pictures between them now and then."""
    rng, step = page.rng, size * page.rng.uniform(1.15, 1.5)
    while y + size < bottom:
        if rng.random() < 0.08 and bottom - y > wide * 0.6:
            still(page.canvas, (x, y, x + wide, y + wide * 0.5), rng)
            y += wide * 0.5 + step
            continue
        text = phrase(rng, page.lang, max(4, round(wide / size * rng.uniform(0.5, 2))))
        y = page.block(x, y, text, size, wide, bottom, step, rng.choice(["left", "both"])) + step * rng.choice([0, 0.6])


def _rows(page: Page, x: float, y: float, wide: float, bottom: float, size: int) -> None:
    """A name and numbers in each row, with lines between them or not."""
    rng, step, ruled = page.rng, size * page.rng.uniform(1.3, 1.8), page.rng.random() < 0.5
    cells = max(1, min(5, int(wide / size / 7)))
    while y + size < bottom:
        page.put(x, y, page.cut(phrase(rng, page.lang, 1), size, wide * 0.4), size)
        for cell in range(cells):
            page.put(x + wide * (0.45 + 0.55 * (cell + 1) / cells), y, price(rng, page.lang), size, anchor="rm")
        if ruled:
            page.canvas.draw.line((x, y + step / 2, x + wide, y + step / 2), fill=page.ink)
        y += step


def _listing(page: Page, x: float, y: float, wide: float, bottom: float, size: int) -> None:
    """Short lines further in and out, as programs have them."""
    rng, step, depth = page.rng, size * 1.3, 0
    while y + size < bottom:
        depth = max(0, min(6, depth + rng.choice([-1, 0, 0, 1])))
        further = depth * size * 1.5
        words = phrase(rng, "en", rng.randint(1, 5)).replace(" ", rng.choice([" ", "_", "."]))
        text = rng.choice([words + rng.choice(["", "()", ":"]), code(rng)])
        page.put(x + further, y, page.cut(text, size, wide - further), size)
        y += step
