"""What looks like photographs and films: it moves, fits the clip, and is followed by an honest answer."""

from __future__ import annotations

from random import Random

import numpy as np
from training.natural import film, scenery

from training import chat


def test_a_camera_moves_over_scenery() -> None:
    moved = 0
    for number in range(12):
        frames = film(Random(number), 8, 96, 64)
        assert frames.shape == (8, 64, 96, 3)
        assert frames.dtype == np.uint8
        moved += (frames[0] != frames[-1]).any()
    assert moved > 8


def test_scenery_has_many_colours() -> None:
    for number in range(8):
        picture = scenery(Random(number), 96, 64)
        assert len(np.unique(picture.reshape(-1, 3) // 8, axis=0)) > 100


def test_films_fit_their_tokens_and_are_not_described() -> None:
    for number in range(30):
        sample = chat.films(Random(number), False, 256)
        assert sample.frames is not None
        count, height, width, _ = sample.frames.shape
        assert count == 2 * len(sample.times)
        assert len(sample.times) * (height // 32) * (width // 32) <= 256
        for (turn,) in sample.conversations:
            assert "serve --model 4b" in turn.answer
