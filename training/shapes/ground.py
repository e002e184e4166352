"""What shapes and figures are drawn on."""

from __future__ import annotations

from random import Random

import numpy as np

from training.draw import Canvas, mix, photo


def ground(rng: Random, width: int, height: int) -> Canvas:
    shade = rng.choice([255, 255, 250, 240, rng.randint(200, 255)])
    canvas = Canvas(
        width,
        height,
        mix(
            (shade, shade, shade),
            (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)),
            rng.choice([0, 0.08]),
        ),
    )
    if rng.random() < 0.1:
        from PIL import Image, ImageDraw

        soft = (photo(rng, width, height) * 0.15 + 210).clip(0, 255).astype(np.uint8)
        canvas.image = Image.fromarray(soft)
        canvas.draw = ImageDraw.Draw(canvas.image)
    return canvas
