"""The published resize and sampling rules: sizes in, sizes out, no pixels.

Numbers come from `preprocessor_config.json` and `video_preprocessor_config.json` of the checkpoint. Sides become
multiples of patch x merge (32); the area, for a video the volume of frames x rows x columns, is brought into the
given range. A video's frames are besides capped one by one (768 tokens), as the authors' utilities do. The
arithmetic, Python's rounding of halves to even included, is the reference's: changing a sign here changes grids.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qwen3_vl_webui.errors import CheckpointError, InvalidRequest
from qwen3_vl_webui.model.config import PUBLISHED_MEAN, PUBLISHED_STD, VisionConfig
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.messages import MediaBudget

MAX_ASPECT = 200  # long side over short side; the reference refuses more
MIN_FPS = 1e-3  # of the frames sampled
Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class ImageRule:
    """How large a picture is shown."""

    factor: int  # sides are multiples of this
    min_pixels: int
    max_pixels: int

    def ranges(self, budget: MediaBudget, limits: MediaLimits) -> dict[str, Range]:
        """What each value of a budget may be, wherever it was given."""
        return _pixel_ranges(self, budget, limits.max_pixels)

    def with_budget(self, budget: MediaBudget, limits: MediaLimits, *, field: str) -> ImageRule:
        """Raises `InvalidRequest` when a value of the budget is out of its range."""
        low, high = _pixels(self, budget, self.ranges(budget, limits), limits.max_pixels, field)
        return ImageRule(factor=self.factor, min_pixels=low, max_pixels=high)

    def size(self, height: int, width: int, *, field: str) -> tuple[int, int]:
        """Rows and columns after resizing."""
        _check_aspect(height, width, (height, width), field=field)
        return _fit(height, width, self.factor, 1, 1, self.min_pixels, self.max_pixels)


@dataclass(frozen=True, kw_only=True)
class VideoRule:
    """Which frames of a video are shown, and how large. Pixels count over all frames."""

    factor: int
    temporal_factor: int  # frames in a temporal group
    min_pixels: int
    max_pixels: int
    frame_tokens: int | None  # cap for each frame, in tokens of factor x factor pixels
    fps: float
    min_frames: int
    max_frames: int

    def ranges(self, budget: MediaBudget, limits: MediaLimits) -> dict[str, Range]:
        """What each value of a budget may be, wherever it was given."""
        return {
            **_pixel_ranges(self, budget, limits.max_video_pixels),
            "fps": (MIN_FPS, limits.max_fps),
            "max_frames": (self.temporal_factor, limits.max_video_frames),
        }

    def with_budget(self, budget: MediaBudget, limits: MediaLimits, *, field: str) -> VideoRule:
        """Raises `InvalidRequest` when a value of the budget is out of its range."""
        low, high = _pixels(self, budget, self.ranges(budget, limits), limits.max_video_pixels, field)
        frames = min(self.max_frames, limits.max_video_frames) if budget.max_frames is None else budget.max_frames
        return VideoRule(
            factor=self.factor,
            temporal_factor=self.temporal_factor,
            min_pixels=low,
            max_pixels=high,
            frame_tokens=self.frame_tokens,
            fps=self.fps if budget.fps is None else budget.fps,
            min_frames=min(self.min_frames, frames),
            max_frames=frames,
        )

    def frame_indices(self, total: int, fps: float) -> npt.NDArray[np.int64]:
        """Which of `total` frames, at `fps` frames a second, are shown: evenly spaced, ends included."""
        count = int(total / fps * self.fps)
        count = min(max(count, self.min_frames), self.max_frames, total)
        return np.linspace(0, total - 1, count).round().astype(np.int64)

    def size(self, frames: int, height: int, width: int, *, field: str) -> tuple[int, int]:
        """Rows and columns of each of `frames` frames after resizing."""
        frames = max(frames, self.temporal_factor)  # a single frame is repeated; the reference refuses it
        high = self.max_pixels
        if self.frame_tokens is not None:
            share = min(self.frame_tokens * self.factor**2, self.max_pixels // frames)
            # The published floor of a frame, though never above what the request allows for the whole video.
            high = min(max(share, int(self.min_pixels * 1.05)) * frames, self.max_pixels)
        original = height, width
        if height < self.factor or width < self.factor:
            scale = max(self.factor / height, self.factor / width)
            height, width = int(height * scale), int(width * scale)
        _check_aspect(height, width, original, field=field)
        return _fit(height, width, self.factor, frames, self.temporal_factor, self.min_pixels, high)


def load_rules(folder: Path, vision: VisionConfig) -> tuple[ImageRule, VideoRule]:
    """Read the two preprocessor files of a checkpoint; the video file is optional, as in older checkpoints."""
    factor = vision.patch_size * vision.spatial_merge_size
    image_path, video_path = folder / "preprocessor_config.json", folder / "video_preprocessor_config.json"
    image = _read(image_path)
    video = _read(video_path) if video_path.is_file() else {}
    for path, values in ((image_path, image), (video_path, video)):
        for key, expected in (
            ("patch_size", vision.patch_size),
            ("merge_size", vision.spatial_merge_size),
            ("temporal_patch_size", vision.temporal_patch_size),
            # The engine normalises by the published numbers, which every published checkpoint has.
            ("image_mean", list(PUBLISHED_MEAN)),
            ("image_std", list(PUBLISHED_STD)),
            ("rescale_factor", 1 / 255),
            ("do_normalize", True),
            ("do_rescale", True),
        ):
            if values.get(key) not in (None, expected):
                raise CheckpointError(
                    "checkpoint_config", path=str(path), reason=f"{key} is {values[key]}, the model has {expected}"
                )
    low, high = _edges(image, 65536, 16777216)
    image_rule = ImageRule(factor=factor, min_pixels=low, max_pixels=high)
    low, high = _edges(video, 4096, 25165824)
    capped = video.get("cap_pixels_per_frame", True)
    video_rule = VideoRule(
        factor=factor,
        temporal_factor=vision.temporal_patch_size,
        min_pixels=low,
        max_pixels=high,
        frame_tokens=int(video.get("max_video_tokens", 768)) if capped in (True, None) else None,
        fps=float(video.get("fps", 2)),
        min_frames=int(video.get("min_frames", 4)),
        max_frames=int(video.get("max_frames", 768)),
    )
    return image_rule, video_rule


def _read(path: Path) -> dict[str, Any]:
    try:
        parsed = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError("checkpoint_config", path=str(path), reason=str(error)) from error
    if not isinstance(parsed, dict):
        raise CheckpointError("checkpoint_config", path=str(path), reason="not a JSON object")
    return parsed


def _edges(values: Mapping[str, Any], low: int, high: int) -> tuple[int, int]:
    size = values.get("size") or {}
    return int(size.get("shortest_edge", low)), int(size.get("longest_edge", high))


def check_range(field: str, value: float, allowed: Range) -> None:
    minimum, maximum = allowed
    if not minimum <= value <= maximum:
        raise InvalidRequest("value_out_of_range", field=field, value=value, minimum=minimum, maximum=maximum)


def _pixel_ranges(rule: ImageRule | VideoRule, budget: MediaBudget, cap: int) -> dict[str, Range]:
    high = min(rule.max_pixels, cap) if budget.max_pixels is None else budget.max_pixels
    return {"max_pixels": (rule.factor**2, cap), "min_pixels": (1, high)}


def _pixels(
    rule: ImageRule | VideoRule, budget: MediaBudget, ranges: Mapping[str, Range], cap: int, field: str
) -> tuple[int, int]:
    """The least and the most pixels, once every value of the budget is within its range."""
    for name, allowed in ranges.items():
        if (value := getattr(budget, name)) is not None:
            check_range(f"{field}.{name}", value, allowed)
    low = rule.min_pixels if budget.min_pixels is None else budget.min_pixels
    high = min(rule.max_pixels, cap) if budget.max_pixels is None else budget.max_pixels
    return min(low, high), high


def _check_aspect(height: int, width: int, original: tuple[int, int], *, field: str) -> None:
    if max(height, width) / min(height, width) > MAX_ASPECT:
        raise InvalidRequest("media_aspect", field=field, height=original[0], width=original[1], limit=MAX_ASPECT)


def _fit(height: int, width: int, factor: int, frames: int, group: int, low: int, high: int) -> tuple[int, int]:
    rows, columns = round(height / factor) * factor, round(width / factor) * factor
    volume = round(frames / group) * group * rows * columns
    if volume > high:
        shrink = math.sqrt(frames * height * width / high)
        rows = max(factor, math.floor(height / shrink / factor) * factor)
        columns = max(factor, math.floor(width / shrink / factor) * factor)
    elif volume < low:
        grow = math.sqrt(low / (frames * height * width))
        rows = math.ceil(height * grow / factor) * factor
        columns = math.ceil(width * grow / factor) * factor
        if frames * rows * columns > high:  # a narrow range, which only a request can ask for: the upper end counts
            rows = max(factor, math.floor(height * grow / factor) * factor)
            columns = max(factor, math.floor(width * grow / factor) * factor)
    return rows, columns
