"""The caps of the HTTP edge, frozen at start. Those on media (pixels, frames, bytes) are `processing.limits`."""

from __future__ import annotations

from dataclasses import dataclass

from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.processing.limits import MediaLimits


@dataclass(frozen=True, kw_only=True)
class ServerLimits:
    """Everything a request may not exceed before it reaches `processing` and the engine."""

    max_body_bytes: int = 64 << 20  # of a JSON request, counted while it arrives
    max_output_tokens: int = 32768  # of one answer
    max_messages: int = 1024
    max_text_chars: int = 4_000_000  # all text of one request
    max_tools: int = 128
    max_schema_bytes: int = 65_536  # of one JSON schema, serialised
    max_stop: int = 16
    max_stop_chars: int = 512
    max_n: int = 16
    max_logit_bias: int = 1024
    max_preparing: int = 2  # requests whose prompt is worked on at once, in threads
    max_fetching: int = 8  # media fetched at once, over all requests
    max_waiting: int = 256  # requests that may wait for either; one more is refused with 429


def server_limits(settings: Settings) -> ServerLimits:
    return ServerLimits(
        max_body_bytes=settings.max_body_mb << 20,
        max_output_tokens=settings.max_output_tokens,
        max_waiting=max(1, settings.max_waiting),
    )


def media_limits(settings: Settings) -> MediaLimits:
    return MediaLimits(
        max_bytes=settings.max_upload_mb << 20,
        max_image_pixels=settings.max_image_pixels,
        max_video_seconds=settings.max_video_seconds,
        max_images=settings.max_images,
        max_videos=settings.max_videos,
        max_pixels=settings.max_pixels,
        max_video_pixels=settings.max_video_pixels,
        max_video_frames=settings.max_video_frames,
        max_fps=settings.max_fps,
        fetch_seconds=settings.fetch_seconds,
        spool_folder=settings.data,
        allowed_dirs=settings.allowed_media_dirs,
        allowed_hosts=settings.allowed_media_hosts,
        allow_private_hosts=settings.allow_private_media_hosts,
    )
