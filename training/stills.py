"""Stand-ins for the pictures of pages and screens: soft photographs, landscapes, faces, maps, flat fields with a sign, as sites show while they load."""

from __future__ import annotations

from random import Random

from PIL import Image

from training import icons
from training.draw import Canvas, Color, bright, mix, photo
from training.scene import Box


def _color(rng: Random) -> Color:
    return rng.randint(20, 235), rng.randint(20, 235), rng.randint(20, 235)


def still(canvas: Canvas, box: Box, rng: Random) -> None:
    """A picture over the whole box."""
    x1, y1, x2, y2 = (round(value) for value in box)
    w, h = max(4, x2 - x1), max(4, y2 - y1)
    kind = rng.choices(["photo", "landscape", "face", "sign", "flat", "map"], [5, 1.5, 0.8, 1.2, 0.7, 0.8])[0]
    if kind == "photo":
        canvas.image.paste(Image.fromarray(photo(rng, w, h)), (x1, y1))
        return
    part = Canvas(w, h, _color(rng))
    draw, least = part.draw, min(w, h)
    if kind == "landscape":
        draw.ellipse((w * 0.65, h * 0.12, w * 0.65 + least * 0.25, h * 0.12 + least * 0.25), fill=_color(rng))
        for _ in range(rng.randint(1, 3)):
            at, top = rng.uniform(0, w), rng.uniform(0.25, 0.7) * h
            draw.polygon([(at - w * 0.5, h), (at, top), (at + w * 0.5, h)], fill=_color(rng))
        draw.rectangle((0, h * rng.uniform(0.7, 0.95), w, h), fill=_color(rng))
    elif kind == "face":
        r, color = least * 0.18, _color(rng)
        draw.ellipse((w / 2 - 2 * r, h * 0.42 + r, w / 2 + 2 * r, h * 0.42 + 6 * r), fill=_color(rng))
        draw.ellipse((w / 2 - r, h * 0.42 - r, w / 2 + r, h * 0.42 + r), fill=color)
    elif kind == "map":
        part.rect((0, 0, w, h), rng.choice([(232, 234, 226), (222, 232, 238), (48, 54, 66)]))
        draw.rectangle(
            (w * 0.55, 0, w, h * rng.uniform(0.2, 0.6)),
            fill=rng.choice([(170, 210, 235), (186, 222, 178), (66, 84, 110)]),
        )
        for _ in range(rng.randint(4, 9)):
            at, lean = rng.uniform(0, w + h), rng.uniform(-0.3, 0.3)
            street = [(at, 0), (at + lean * w, h)] if at < w else [(0, at - w), (w, at - w + lean * h)]
            draw.line(
                street, fill=rng.choice([(255, 255, 255), (250, 224, 150), (150, 150, 150)]), width=rng.randint(1, 4)
            )
        if least > 30:
            icons.paint(
                draw, "location", w * rng.uniform(0.2, 0.8), h * rng.uniform(0.3, 0.7), least * 0.2, (220, 50, 50), rng
            )
    elif kind == "sign":
        ground = rng.choice([(200, 203, 208), (120, 124, 132), _color(rng)])
        part.rect((0, 0, w, h), ground)
        ink = mix(ground, (0, 0, 0) if bright(ground) > 128 else (255, 255, 255), 0.5)
        if least > 14:
            icons.paint(
                draw, rng.choice(["album", "camera", "play", "location"]), w / 2, h / 2, min(36, least * 0.5), ink, rng
            )
    else:
        start, end = _color(rng), _color(rng)
        for k in range(0, h, 4):
            draw.rectangle((0, k, w, k + 4), fill=mix(start, end, k / h))
    canvas.image.paste(part.image, (x1, y1))
