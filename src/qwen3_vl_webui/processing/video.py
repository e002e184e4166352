"""Videos to resized frames, with PyAV (animations with Pillow): which frames, when, and only those decoded.

First the packets are listed without decoding, which gives every frame's time, then only the sampled frames are
decoded, with a seek wherever a key frame lies ahead, and each is resized at once, so that memory holds the small
frames only. Damaged or truncated files give what can be decoded; a file that gives nothing is an `InvalidRequest`.

Frame n of a constant-rate video is at n / rate, as in the reference; where the rate varies, or what the file says
about its rate is wrong, times come from the presentation timestamps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import av
import av.error
import numpy as np
import numpy.typing as npt

from qwen3_vl_webui.errors import InvalidRequest, TooLarge, Words, words
from qwen3_vl_webui.processing.container import all_frames, frames_at, opened_video, rewind, threads_for, upright
from qwen3_vl_webui.processing.image import opened, to_rgb
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.messages import MediaBudget
from qwen3_vl_webui.processing.sizes import VideoRule
from qwen3_vl_webui.processing.source import Source

Frames = npt.NDArray[np.uint8]
Resize = Callable[[Frames, int, int], Frames]

_MAX_FRAMES = 4_000_000  # of a source: 18 hours at 60 a second
_MAX_ANIMATION_FRAMES = 20_000


@dataclass(frozen=True, kw_only=True)
class Clip:
    """The frames of a video that the model sees."""

    frames: Frames  # uint8 [n, rows, columns, 3]
    indices: tuple[int, ...]  # in the source
    times: tuple[float, ...]  # seconds in the source
    fps: float  # frames a second of the source
    original_size: tuple[int, int]  # width, height, upright


@dataclass(frozen=True, kw_only=True)
class _Plan:
    indices: list[int]
    times: list[float]
    fps: float


def decode_video(
    source: Source, rule: VideoRule, budget: MediaBudget, limits: MediaLimits, resize: Resize, *, field: str
) -> Clip:
    """Sample, decode and resize. A picture is a video of its frames (one, unless it is animated)."""
    reader = _Animation if source.kind == "image" else _Container
    return reader(source, rule, budget, limits, resize, field).clip()


def plan_frames(
    times: npt.NDArray[np.float64],
    declared: float | None,
    rule: VideoRule,
    budget: MediaBudget,
    limits: MediaLimits,
    *,
    field: str,
) -> _Plan:
    """Which of the frames at `times` (sorted, seconds) to show. `declared` is the rate the file claims."""
    total = len(times)
    times = times - times[0]
    fps, constant = _rate(times, declared)
    start, end = _range(budget, field)
    duration = total / fps if constant else float(times[-1]) + 1 / fps
    at = np.arange(total) / fps if constant else times
    shown = np.flatnonzero((at >= start) & (at <= end))
    if len(shown) == 0:
        shown_end = duration if end == np.inf else end
        raise InvalidRequest("media_clip", field=field, start=start, end=shown_end, duration=duration)
    seconds = len(shown) / fps
    if seconds > limits.max_video_seconds:
        raise TooLarge("media_seconds", field=field, seconds=seconds, limit=limits.max_video_seconds)
    indices = shown[rule.frame_indices(len(shown), fps)]
    return _Plan(indices=indices.tolist(), times=at[indices].tolist(), fps=fps)


def _rate(times: npt.NDArray[np.float64], declared: float | None) -> tuple[float, bool]:
    """Frames a second, and whether they come at a constant rate."""
    total, span = len(times), float(times[-1])
    if total == 1 or span <= 0:
        return (declared if declared and declared > 0 else 1.0), True
    gap = float(np.median(np.diff(times)))
    measured = total / (span + max(gap, 0.0))
    for rate in (declared, measured):
        # Timestamps are rounded to the container's clock, 1 ms for some.
        if rate and rate > 0 and np.abs(times - np.arange(total) / rate).max() <= max(0.25 / rate, 0.0011):
            return rate, True
    if declared and 0.8 < declared / measured < 1.25:
        return declared, False
    return measured, False


def _range(budget: MediaBudget, field: str) -> tuple[float, float]:
    start = 0.0 if budget.start is None else budget.start
    end = np.inf if budget.end is None else budget.end
    if not start >= 0:
        raise InvalidRequest("value_out_of_range", field=f"{field}.start", value=start, minimum=0, maximum=words("end"))
    if not end > start:
        raise InvalidRequest(
            "value_out_of_range", field=f"{field}.end", value=end, minimum=words("start"), maximum=words("end")
        )
    return start, end


class _Reader:
    """What containers and animations share: collecting frames that are resized as they come."""

    def __init__(
        self, source: Source, rule: VideoRule, budget: MediaBudget, limits: MediaLimits, resize: Resize, field: str
    ) -> None:
        self.source, self.rule, self.budget, self.limits = source, rule, budget, limits
        self.resize, self.field = resize, field
        self.original: tuple[int, int] | None = None
        self.target: tuple[int, int] | None = None

    def broken(self, reason: Words | str) -> InvalidRequest:
        return InvalidRequest("media_broken", field=self.field, reason=reason)

    def plan(self, times: npt.NDArray[np.float64], declared: float | None) -> _Plan:
        return plan_frames(times, declared, self.rule, self.budget, self.limits, field=self.field)

    def shrink(self, frame: Frames, planned: int) -> Frames:
        """One frame, resized; the first decides the size for all."""
        if self.target is None:
            height, width = frame.shape[:2]
            self.original = (width, height)
            self.target = self.rule.size(planned, height, width, field=self.field)
        small: Frames = self.resize(np.ascontiguousarray(frame)[None], *self.target)[0]
        return small

    def collect(self, plan: _Plan, decoded: dict[int, Frames]) -> Clip:
        """The clip of the planned frames that could be decoded, keyed by index."""
        got = [i for i, index in enumerate(plan.indices) if index in decoded]
        if not got or self.original is None:
            raise self.broken(words("no_frame"))
        return Clip(
            frames=np.stack([decoded[plan.indices[i]] for i in got]),
            indices=tuple(plan.indices[i] for i in got),
            times=tuple(plan.times[i] for i in got),
            fps=plan.fps,
            original_size=self.original,
        )


class _Container(_Reader):
    """A video file."""

    def clip(self) -> Clip:
        try:
            with opened_video(self.source) as container:
                return self._read(container)
        except (av.error.FFmpegError, EOFError) as error:
            raise self.broken(getattr(error, "strerror", None) or words("ends_early")) from error

    def _read(self, container: av.container.InputContainer) -> Clip:
        if not container.streams.video:
            raise self.broken(words("no_stream"))
        stream = container.streams.video[0]
        if getattr(stream, "codec_context", None) is None:  # a codec that FFmpeg does not know, or a damaged header
            raise self.broken(words("no_stream"))
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > self.limits.max_image_pixels:
            limit = self.limits.max_image_pixels
            raise TooLarge("media_pixels", field=self.field, pixels=f"{width} x {height}", limit=limit)
        stream.thread_type = "AUTO"
        declared = float(stream.average_rate) if stream.average_rate else None
        base = stream.time_base
        packets = self._packets(container, stream)
        stamps = sorted(pts for pts, _ in packets if pts is not None)
        if base is not None and stamps and len(stamps) == len(packets) and len(set(stamps)) == len(stamps):
            keys = sorted(pts for pts, key in packets if key and pts is not None)
            plan = self.plan(np.array(stamps, dtype=np.float64) * float(base), declared)
            wanted = [stamps[i] for i in plan.indices]
            threads = threads_for(width * height)
            found = frames_at(self.source, wanted, keys, lambda frame: self.shrink(frame, len(wanted)), threads=threads)
            if found:
                return self.collect(
                    plan, {i: found[pts] for i, pts in zip(plan.indices, wanted, strict=True) if pts in found}
                )
        return self._decode_all(container, stream, declared)

    def _packets(self, container: av.container.InputContainer, stream: av.VideoStream) -> list[tuple[int | None, bool]]:
        """Presentation time and key flag of each packet that gives a frame, as far as the file can be read."""
        packets: list[tuple[int | None, bool]] = []
        try:
            for packet in container.demux(stream):
                if packet.size and not packet.is_discard:
                    packets.append((packet.pts, packet.is_keyframe))
                if len(packets) > _MAX_FRAMES:
                    raise self.broken(words("frames", limit=_MAX_FRAMES))
        except (av.error.FFmpegError, EOFError):
            pass  # truncated: what came before counts
        return packets

    def _decode_all(
        self, container: av.container.InputContainer, stream: av.VideoStream, declared: float | None
    ) -> Clip:
        """For files without usable timestamps: count the frames by decoding them, then decode again and pick."""
        rewind(container, stream)
        stamps = [frame.time for frame in all_frames(container, stream)]
        if not stamps:
            raise self.broken(words("no_frame"))
        known = [time for time in stamps if time is not None]
        if len(known) == len(stamps) and all(a < b for a, b in pairwise(known)):
            times = np.array(known, dtype=np.float64)
        else:
            times = np.arange(len(stamps)) / (declared or 24.0)
        plan = self.plan(times, declared)
        wanted = set(plan.indices)
        rewind(container, stream)
        decoded = {
            i: self.shrink(upright(frame), len(wanted))
            for i, frame in enumerate(all_frames(container, stream))
            if i in wanted
        }
        return self.collect(plan, decoded)


class _Animation(_Reader):
    """A GIF, WebP, APNG or AVIF animation, or a still picture."""

    def clip(self) -> Clip:
        with opened(self.source, self.limits.max_image_pixels, field=self.field) as image:
            count = getattr(image, "n_frames", 1)
            if count > _MAX_ANIMATION_FRAMES:
                raise self.broken(words("frames", limit=_MAX_ANIMATION_FRAMES))
            durations = []
            for index in range(count):
                try:
                    image.seek(index)
                    if image.format != "GIF":  # the others tell the duration when the frame is read
                        image.load()
                except (EOFError, OSError, SyntaxError):  # truncated: what came before counts
                    break
                milliseconds = float(image.info.get("duration") or 0)
                durations.append((milliseconds if milliseconds > 10 else 100.0) / 1000)  # as browsers do
            if not durations:
                raise self.broken(words("no_frame"))
            starts = np.concatenate(([0.0], np.cumsum(durations)[:-1]))
            plan = self.plan(starts, len(durations) / sum(durations))
            decoded: dict[int, Frames] = {}
            for index in plan.indices:
                try:
                    image.seek(index)
                    decoded[index] = self.shrink(np.asarray(to_rgb(image)), len(plan.indices))
                except (EOFError, OSError, SyntaxError):
                    break
            return self.collect(plan, decoded)
