"""The resize and sampling rules are the reference's for any size, length and rate, not only those of the table."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.messages import MediaBudget
from qwen3_vl_webui.processing.sizes import MAX_ASPECT, ImageRule, VideoRule
from reference import import_transformers

IMAGE = ImageRule(factor=32, min_pixels=65536, max_pixels=16777216)
VIDEO = VideoRule(
    factor=32,
    temporal_factor=2,
    min_pixels=4096,
    max_pixels=25165824,
    frame_tokens=None,
    fps=2,
    min_frames=4,
    max_frames=768,
)
SIDES = st.one_of(st.integers(1, 200), st.integers(1, 10_000))
RUNS = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


def comparable(height: int, width: int) -> bool:
    return max(height, width) / min(height, width) <= MAX_ASPECT


@pytest.fixture(scope="module")
def models() -> ModuleType:
    return import_transformers().models  # type: ignore[no-any-return]


@pytest.mark.reference
@RUNS
@given(SIDES, SIDES)
def test_pictures_get_the_references_size(models: ModuleType, height: int, width: int) -> None:
    if comparable(height, width):
        expected = models.qwen2_vl.image_processing_qwen2_vl.smart_resize(height, width, 32, 65536, 16777216)
        assert IMAGE.size(height, width, field="") == expected


@pytest.mark.reference
@RUNS
@given(st.integers(2, 768), SIDES, SIDES)
def test_videos_get_the_references_size(models: ModuleType, frames: int, height: int, width: int) -> None:
    if comparable(height, width) and min(height, width) >= 2:
        resize = models.qwen3_vl.video_processing_qwen3_vl.smart_resize
        assert VIDEO.size(frames, height, width, field="") == resize(frames, height, width, 2, 32, 4096, 25165824)


@pytest.mark.reference
@RUNS
@given(st.integers(1, 300_000), st.floats(0.5, 240), st.floats(0.1, 10))
def test_videos_show_the_references_frames(models: ModuleType, total: int, fps: float, wanted: float) -> None:
    from transformers.video_utils import VideoMetadata

    sampler = models.qwen3_vl.Qwen3VLVideoProcessor(min_frames=4, max_frames=768)
    expected = sampler.sample_frames(VideoMetadata(total_num_frames=total, fps=fps), fps=wanted)
    rule = VIDEO.with_budget(MediaBudget(fps=wanted), MediaLimits(), field="")
    assert rule.frame_indices(total, fps).tolist() == expected.tolist()


@RUNS
@given(SIDES, SIDES, st.integers(1024, 16777216), st.integers(1, 16777216))
def test_a_budget_is_kept_unless_a_side_is_at_its_least(height: int, width: int, high: int, low: int) -> None:
    if not comparable(height, width):
        return
    budget = MediaBudget(min_pixels=min(low, high), max_pixels=high)
    rows, columns = IMAGE.with_budget(budget, MediaLimits(), field="").size(height, width, field="")
    assert rows % 32 == columns % 32 == 0
    assert rows * columns <= high or min(rows, columns) == 32
