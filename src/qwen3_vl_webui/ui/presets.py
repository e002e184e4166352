"""The page's sliders: their ranges, and what they start from: the authors' values for each edition, as far as the
checkpoint and the server allow.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.server.service import ChatService

VISUAL_TOKEN_PIXELS = 32 * 32  # one visual token stands for a square of 32 by 32 pixels
FRAMES_PER_GROUP = 2  # of a video; a visual token of a video stands for this many frames' squares

# Sampling values of the model cards. `max_tokens` is ours: reasoning needs room.
PRESETS: dict[Edition, dict[str, float]] = {
    "instruct": {
        "temperature": 0.7,
        "top_p": 0.8,
        "top_k": 20,
        "presence_penalty": 1.5,
        "frequency_penalty": 0.0,
        "repetition_penalty": 1.0,
        "max_tokens": 2048,
    },
    "thinking": {
        "temperature": 0.6,
        "top_p": 0.95,
        "top_k": 20,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "repetition_penalty": 1.0,
        "max_tokens": 8192,
    },
}


@dataclass(frozen=True, kw_only=True)
class Control:
    """A slider: its name (also the key of its text), range and step; its values are whole where its steps are."""

    name: str
    minimum: float
    maximum: float
    step: float

    @property
    def whole(self) -> bool:
        return float(self.step).is_integer()

    def takes(self, value: object) -> bool:
        """Whether it is a number that may stand here."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.minimum <= value <= self.maximum and (float(value).is_integer() or not self.whole)


SAMPLING_CONTROLS = (
    Control(name="temperature", minimum=0, maximum=2, step=0.05),
    Control(name="top_p", minimum=0.05, maximum=1, step=0.01),
    Control(name="top_k", minimum=0, maximum=200, step=1),
    Control(name="max_tokens", minimum=16, maximum=32768, step=16),
)
PENALTY_CONTROLS = (
    Control(name="presence_penalty", minimum=-2, maximum=2, step=0.1),
    Control(name="frequency_penalty", minimum=-2, maximum=2, step=0.1),
    Control(name="repetition_penalty", minimum=0.8, maximum=2, step=0.01),
)
MEDIA_CONTROLS = (
    Control(name="max_pixels", minimum=64, maximum=16384, step=64),
    Control(name="video_pixels", minimum=256, maximum=12288, step=256),
    Control(name="fps", minimum=0.25, maximum=8, step=0.25),
    Control(name="max_frames", minimum=4, maximum=768, step=4),
)
# Ours: enough for a screenshot's small print, and for a minute of video. Budgets are in visual tokens.
MEDIA: dict[str, float] = {"max_pixels": 2560, "video_pixels": 8192, "fps": 2, "max_frames": 128}
PRESET_NAMES = tuple(control.name for control in (*SAMPLING_CONTROLS, *PENALTY_CONTROLS, *MEDIA_CONTROLS))


def values_for(preset: Mapping[str, float], current: Mapping[str, float], edited: Collection[str]) -> dict[str, float]:
    """The controls' values when the edition changed: what the user edited stays, the rest follows the new preset."""
    return {name: current[name] if name in edited else preset[name] for name in PRESET_NAMES}


def preset_of(service: ChatService, edition: Edition) -> dict[str, float]:
    """What the panel starts from: the authors' values; for the demonstration model, which they do not fit, its own.

    Pictures and videos are never shown larger than the checkpoint's own rules would.
    """
    preset = PRESETS[edition] | MEDIA
    if service.demo:
        own = service.sampling(edition)
        preset |= {name: getattr(own, name) for name in PRESETS[edition] if name != "max_tokens"}
        preset["max_tokens"] = 1024
    if (rules := service.media_rules(edition)) is not None:
        image, video = rules
        preset |= _least(preset, _budgets(image.max_pixels, video.max_pixels, video.fps, video.max_frames))
    return _least(preset, caps_of(service))


def caps_of(service: ChatService) -> dict[str, float]:
    """The most that the server takes, by control."""
    media = service.media_limits
    budgets = _budgets(media.max_pixels, media.max_video_pixels, media.max_fps, media.max_video_frames)
    return {"max_tokens": service.limits.max_output_tokens, **budgets}


def _budgets(image_pixels: int, video_pixels: int, fps: float, frames: int) -> dict[str, float]:
    return {
        "max_pixels": image_pixels // VISUAL_TOKEN_PIXELS,
        "video_pixels": video_pixels // (VISUAL_TOKEN_PIXELS * FRAMES_PER_GROUP),
        "fps": fps,
        "max_frames": frames,
    }


def _least(values: Mapping[str, float], caps: Mapping[str, float]) -> dict[str, float]:
    return {name: min(value, caps.get(name, value)) for name, value in values.items()}
