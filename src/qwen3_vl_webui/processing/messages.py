"""A conversation as `processing` sees it: messages of text and media, validated, before the template."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, kw_only=True)
class MediaBudget:
    """Limits on what the model sees of one medium; None is the checkpoint's own. Part of a medium's identity."""

    min_pixels: int | None = None  # per picture, or per video over all frames
    max_pixels: int | None = None
    fps: float | None = None  # frames sampled a second
    max_frames: int | None = None
    start: float | None = None  # clip range of a video, seconds
    end: float | None = None


@dataclass(frozen=True)
class TextPart:
    text: str


@dataclass(frozen=True, kw_only=True)
class MediaPart:
    """A picture or video by its encoded bytes (a file on disk or in memory), with its own budget."""

    kind: Literal["image", "video", "any"]  # any: what the bytes are, which shows when they are there
    source: Any  # processing.media.Source: bytes in memory or a path, with their hash
    budget: MediaBudget = field(default_factory=MediaBudget)


Part = TextPart | MediaPart


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    id: str
    name: str
    arguments: str  # JSON text


@dataclass(frozen=True, kw_only=True)
class Message:
    role: Role
    parts: tuple[Part, ...] = ()
    reasoning: str | None = None  # of an assistant turn; the template decides whether it is kept
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
