"""The training sees pictures as the program shows them."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from training.scene import Sample
from training.served import LEAST, MOST, served, shown

from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.processing.sizes import load_rules
from training import checkpoint
from training import served as module

DEMO = Path(__file__).parents[2] / "src" / "qwen3_vl_webui" / "demo"


@pytest.mark.parametrize("edition", checkpoint.EDITIONS)
def test_the_rule_is_that_of_the_bundled_checkpoints(edition: str) -> None:
    rule, _ = load_rules(DEMO / edition, ModelConfig.load(DEMO / edition).vision)
    assert rule == module.RULE


def test_a_clip_is_shown_as_it_is_drawn() -> None:
    frames = np.zeros((4, 96, 160, 3), np.uint8)
    assert served(Sample(conversations=[], frames=frames, times=(0.0, 1.0))).frames is frames
    for edition in checkpoint.EDITIONS:
        size = json.loads((DEMO / edition / "video_preprocessor_config.json").read_text())["size"]
        assert size["shortest_edge"] <= frames[..., 0].size <= size["longest_edge"]


@pytest.mark.parametrize(("width", "height"), [(32, 32), (256, 64), (352, 640), (1184, 1600), (4000, 3008), (64, 3200)])
def test_pictures_come_within_the_range_and_keep_their_shape(width: int, height: int) -> None:
    rng = np.random.default_rng(0)
    picture = np.repeat(np.repeat(rng.integers(0, 256, (height // 32, width // 32, 3), np.uint8), 32, 0), 32, 1)
    (result,) = served(Sample(conversations=[], pictures=[picture])).pictures
    rows, columns, _ = result.shape
    assert rows % 32 == columns % 32 == 0
    assert LEAST <= rows * columns // 1024 == shown(width, height) <= MOST
    assert columns / rows == pytest.approx(width / height, rel=0.6 if height > 9 * width else 0.12)
    cell = 3 % (height // 32)  # of one colour: its middle keeps it
    found = result[round((cell + 0.5) * 32 * rows / height), round(16 * columns / width)]
    assert found.astype(int) == pytest.approx(picture[cell * 32 + 16, 16].astype(int), abs=40)


def test_what_fits_is_left_as_it_is() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (640, 672, 3), np.uint8)
    assert np.array_equal(served(Sample(conversations=[], pictures=[picture])).pictures[0], picture)


def test_every_sample_of_the_mixture_is_served() -> None:
    from training import fonts, mixture

    if not fonts.available("zh", False):
        pytest.skip("needs the fonts named in training/README.md")
    for number in range(24):
        sample = mixture.draw(Random(f"served-{number}"), False, "middle")
        assert all(LEAST <= h * w // 1024 <= MOST for h, w, _ in (picture.shape for picture in sample.pictures))
