"""Position ids of a prompt: three axes (time, row, column), text advancing all of them together.

A picture, or one temporal group of a video, that starts at position p sits at time p, row p + r, column p + c of its
merged grid, and what follows starts at p + max(rows, columns). (Qwen3-VL's interleaved MRoPE; a video's groups are
separate.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qwen3_vl_webui.engine.request import MediaInput


def position_ids(length: int, media: Sequence[MediaInput], merge: int) -> tuple[npt.NDArray[np.int32], int]:
    """Positions int32 [3, length] of a prompt of `length` tokens, and the constant to add to an index when decoding.

    `merge` is the tower's spatial merge size. Spans must lie in the prompt, apart from each other.
    """
    positions = np.empty((3, length), dtype=np.int32)
    index = position = 0
    spans = sorted(((span, item.grid) for item in media for span in item.spans), key=lambda pair: pair[0].start)
    for span, (_, grid_rows, grid_columns) in spans:
        text = span.start - index
        assert text >= 0, "spans overlap"
        positions[:, index : span.start] = np.arange(position, position + text)
        position += text
        rows, columns = grid_rows // merge, grid_columns // merge
        assert span.length == rows * columns, "a span must cover one merged grid"
        block = positions[:, span.start : span.start + span.length].reshape(3, rows, columns)
        block[0] = position
        block[1] = position + np.arange(rows)[:, None]
        block[2] = position + np.arange(columns)[None, :]
        positions[:, span.start : span.start + span.length] = block.reshape(3, -1)
        position += max(rows, columns)
        index = span.start + span.length
    positions[:, index:] = np.arange(position, position + length - index)
    position += length - index
    return positions, position - length
