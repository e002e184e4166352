"""Pictures and films of nothing that has a name, statistically close to photographs: what the model shall say that it does not know."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np

from training.draw import photo


def textures(rng: Random, width: int, height: int) -> np.ndarray:
    """Soft colours with coarse texture at several scales."""
    picture = photo(rng, width, height)
    for _ in range(rng.randint(1, 4)):
        detail = photo(Random(rng.getrandbits(32)), rng.randint(6, 60), rng.randint(6, 60))
        noise = np.random.default_rng(rng.getrandbits(32)).integers(0, 256, detail.shape, dtype=np.uint8)
        layer = cv2.resize(noise if rng.random() < 0.6 else detail, (width, height), interpolation=cv2.INTER_CUBIC)
        share = rng.uniform(0.15, 0.5)
        picture = cv2.addWeighted(picture, 1 - share, layer, share, 0)
    return picture


def leaves(rng: Random, width: int, height: int) -> np.ndarray:
    """Things that cover each other, of all sizes, shaded and textured: statistically close to photographs ("dead leaves")."""
    random = np.random.default_rng(rng.getrandbits(32))
    base, spread = rng.randint(50, 200) + random.normal(0, 25, 3), rng.uniform(20, 70)

    def near() -> list[float]:
        return list(
            np.clip(base + random.normal(0, spread) + random.normal(0, spread * rng.uniform(0.1, 0.5), 3), 0, 255)
        )

    picture = np.empty((height, width, 3), np.float32)
    picture[:] = base
    side = max(width, height)
    for _ in range(rng.randint(25, 140)):
        size = min(side * 0.45, 5 / (rng.random() + 5 / side))  # small ones are many
        color, at = near(), (rng.randrange(width), rng.randrange(height))
        if rng.random() < 0.4:
            corners = np.array(at) + random.normal(0, size * 0.8, (rng.randint(3, 7), 2))
            cv2.fillPoly(picture, [corners.astype(np.int32)], color, cv2.LINE_AA)
            continue
        axes = (max(2, int(size * rng.uniform(0.4, 1.2))), max(2, int(size * rng.uniform(0.4, 1.2))))
        cv2.ellipse(picture, at, axes, rng.uniform(0, 180), 0, 360, color, -1, cv2.LINE_AA)
    for cells in (3, 9, 30, 90):  # light and texture
        amount = rng.uniform(0.2, 1.0) * 60 / cells**0.4
        layer = random.normal(0, amount, (max(2, cells * height // side), max(2, cells * width // side), 1))
        picture += cv2.resize(layer.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2.2))
    return np.clip(picture + random.normal(0, rng.uniform(0, 6), picture.shape), 0, 255).astype(np.uint8)


def scenery(rng: Random, width: int, height: int) -> np.ndarray:
    """One or the other."""
    return (leaves if rng.random() < 0.65 else textures)(rng, width, height)


def film(rng: Random, count: int, width: int, height: int) -> np.ndarray:
    """Frames [count, height, width, 3] of a camera that pans, shakes and zooms over scenery, with a cut now and then."""
    frames: list[np.ndarray] = []
    cuts = {0, *(rng.randrange(count) for _ in range(rng.choice([0, 0, 1, 2, 4])))}
    shake = rng.choice([0.0, 1.0, 3.0])
    for k in range(count):
        if k in cuts:
            wide, high = round(width * rng.uniform(1.2, 2.0)), round(height * rng.uniform(1.2, 2.0))
            scene = scenery(rng, wide, high)
            at = np.array([rng.uniform(0, wide - width), rng.uniform(0, high - height)])
            pace = np.array([rng.gauss(0, 1), rng.gauss(0, 1)]) * rng.choice([0, 2, 6])
            zoom, growth = 1.0, rng.choice([1.0, 1.0, 0.99, 0.97])
        at, zoom = at + pace + [rng.gauss(0, shake), rng.gauss(0, shake)], max(0.5, zoom * growth)
        w, h = round(width * zoom), round(height * zoom)
        x, y = int(np.clip(at[0], 0, wide - w)), int(np.clip(at[1], 0, high - h))
        frames.append(cv2.resize(scene[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_AREA))
    return np.stack(frames)
