"""What happens to paper and signs before they become a picture: seen from the side, in uneven light."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np

from training.draw import Color


def aslant(rng: Random, picture: np.ndarray, ground: Color) -> np.ndarray:
    """Seen from a side: the corners move inwards by up to a twelfth."""
    h, w = picture.shape[:2]
    corners = np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32)
    inwards = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)], np.float32)
    share = np.array([(rng.uniform(0, 0.08), rng.uniform(0, 0.08)) for _ in range(4)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, corners + inwards * share * np.array((w, h), np.float32))
    return cv2.warpPerspective(picture, matrix, (w, h), borderValue=ground, flags=cv2.INTER_LINEAR)


def lit(rng: Random, picture: np.ndarray) -> np.ndarray:
    """Light that falls from one side, or a soft shadow across."""
    h, w = picture.shape[:2]
    rows, columns = rng.choice([(1, 2), (2, 1), (2, 2), (3, 3)])
    small = np.array([[rng.uniform(0.5, 1.15) for _ in range(columns)] for _ in range(rows)], np.float32)
    light = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
    return np.clip(picture * light[..., None], 0, 255).astype(np.uint8)
