"""What a chat yields while it runs: the one stream that the HTTP routes, the page and the command line all read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qwen3_vl_webui.engine.request import FinishReason, Timings, TokenLogprob, Usage


@dataclass(frozen=True, kw_only=True)
class SeenMedia:
    """What the model saw of one medium."""

    kind: str  # image, video
    original_size: tuple[int, int]  # width, height, after rotation
    seen_size: tuple[int, int]  # width, height, after resizing
    visual_tokens: int
    frame_times: tuple[float, ...] = ()  # seconds, of a video's sampled frames
    fps: float | None = None  # of the source


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Nothing to show yet: an edition is loading (fraction done) or the request is queued."""

    reason: Literal["loading", "queued"]
    fraction: float | None = None


@dataclass(frozen=True, kw_only=True)
class Started:
    """The prompt is ready and was sent to the engine."""

    prompt_tokens: int
    seen: tuple[SeenMedia, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReasoningDelta:
    index: int
    text: str


@dataclass(frozen=True, kw_only=True)
class TextDelta:
    index: int
    text: str
    logprobs: tuple[TokenLogprob, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class ToolCallDelta:
    """A whole tool call; `position` counts the calls of one answer."""

    index: int
    position: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, kw_only=True)
class Finished:
    """One sample ended. `tool_calls` instead of `stop` when it called a tool."""

    index: int
    reason: FinishReason | str


@dataclass(frozen=True, kw_only=True)
class Done:
    """The request ended."""

    usage: Usage
    timings: Timings
    reasoning_tokens: int = 0


ChatEvent = Waiting | Started | ReasoningDelta | TextDelta | ToolCallDelta | Finished | Done
