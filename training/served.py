"""Pictures as the program shows them to the model: resized by the checkpoint's own rule before they are cut into patches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from qwen3_vl_webui.model.pixels import resize
from qwen3_vl_webui.processing.sizes import ImageRule
from training.scene import Sample

# Visual tokens of a picture. Small letters are what is read worst, so that little pictures are enlarged well beyond the published
# smallest size; above the largest a laptop waits too long for its first token.
LEAST, MOST = 400, 1024
_SIDE = 32  # pixels of a visual token
RULE = ImageRule(factor=_SIDE, min_pixels=LEAST * _SIDE**2, max_pixels=MOST * _SIDE**2)


def shown(width: int, height: int) -> int:
    """Visual tokens of a picture of so many pixels when it is shown."""
    rows, columns = RULE.size(height, width, field="picture")
    return rows * columns // _SIDE**2


def served(sample: Sample) -> Sample:
    """The sample with its pictures resized; answers are in thousandths of the sides and stay. Clips are drawn as they are shown."""
    return replace(sample, pictures=[_resized(picture) for picture in sample.pictures])


def _resized(picture: np.ndarray) -> np.ndarray:
    """uint8 [h, w, 3] -> uint8 [rows, columns, 3]."""
    rows, columns = RULE.size(*picture.shape[:2], field="picture")
    if picture.shape[:2] == (rows, columns):
        return picture
    frames = torch.from_numpy(np.array(picture))[None]  # a copy: Pillow's arrays may not be written to
    return resize(frames, rows, columns)[0].numpy()
