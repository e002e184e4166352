"""What a request's media may cost. One frozen object, made at the edge, passed to the fetcher and the processor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class MediaLimits:
    """Caps on fetching, decoding and on the budgets a request may ask for. Exceeding one is a 4xx that names it."""

    # one medium
    max_bytes: int = 512 << 20  # encoded, counted while it arrives
    max_image_pixels: int = (
        100_000_000  # width x height of a picture or a video frame, from the header, before decoding
    )
    max_video_seconds: float = 10_800.0  # of the clip that is looked at
    # one request
    max_images: int = 64
    max_videos: int = 4
    # budgets that a request may set (`MediaBudget`)
    max_pixels: int = 16_777_216  # of one resized picture
    max_video_pixels: int = 25_165_824  # of one resized video, over all frames
    max_video_frames: int = 768
    max_fps: float = 30.0
    # where media may come from
    fetch_seconds: float = 30.0  # for the whole fetch of one URL, redirects included
    max_redirects: int = 5
    allowed_dirs: tuple[Path, ...] = ()  # folders whose files may be named by path
    allowed_hosts: tuple[
        str, ...
    ] = ()  # empty: any public host; else only these and, with a leading dot, their subdomains
    allow_private_hosts: bool = False  # also loopback and private addresses
    # where a fetched medium waits
    in_memory_bytes: int = 8 << 20  # one that is larger waits in a file without a name
    spool_folder: Path | None = None  # of such files; None: the system's temporary folder
    # memory kept for media that come again in the next turn
    cache_bytes: int = 256 << 20
