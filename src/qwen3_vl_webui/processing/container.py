"""Frames of a video file at given timestamps, decoded with seeks, in several threads where key frames allow it.

Between two key frames decoding is one long chain; across them it is not. Each thread opens the file for itself and
decodes without threads of its own: FFmpeg's frame threads lose, at every seek, what they have begun. Pictures that no
other refers to, which H.264 marks, are only decoded when they are wanted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import cast

import av
import av.error
import numpy as np
import numpy.typing as npt

from qwen3_vl_webui.available_cores import available_cores
from qwen3_vl_webui.processing.source import Source

Frame = npt.NDArray[np.uint8]  # [height, width, 3]
Take = Callable[[Frame], Frame]
Skip = Callable[["av.Packet[av.VideoStream]"], bool]

# The demuxer is named, never probed: some formats (playlists) make FFmpeg open other files and addresses.
_DEMUXERS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "video/x-flv": "flv",
    "video/ogg": "ogg",
    "video/mpeg": "mpeg",
    "video/mp2t": "mpegts",
    "video/x-ms-asf": "asf",
}
MOST_THREADS = 16  # for one video
OPEN_PIXELS = 32_000_000  # of one frame of each thread: a decoder holds several
LEAST_FRAMES = 4  # that are worth a thread
EARLIER = 10  # seconds that surely lie before the first packet's decoding time


@contextmanager
def opened_video(source: Source) -> Iterator[av.container.InputContainer]:
    """The file of a video source, for reading. Raises FFmpeg's errors."""
    with (
        source.open() as file,
        av.open(file, mode="r", format=_DEMUXERS[source.mime], metadata_errors="ignore") as container,
    ):
        yield container


def threads_for(pixels: int) -> int:
    """How many threads may decode a video with so many pixels in a frame. One core is left to others."""
    return max(min(available_cores() - 1, MOST_THREADS, OPEN_PIXELS // max(pixels, 1)), 1)


def frames_at(
    source: Source, wanted: Sequence[int], keys: Sequence[int], take: Take, *, threads: int
) -> dict[int, Frame]:
    """What `take` makes of the upright RGB frames at exactly the `wanted` timestamps (ascending), by timestamp.

    `keys`: the timestamps of key frames, ascending. Frames that fail are absent; nothing comes back where frames have
    no timestamps. The first frame is taken before any other, then several at once, each part in order.
    """
    parts = _parts(wanted[1:], keys, threads)
    if len(parts) < 2:
        found = _part(source, wanted, keys, take, threads)
    elif found := _part(source, wanted[:1], keys, take, 1):
        with ThreadPoolExecutor(len(parts), "decode") as pool:
            for one in pool.map(lambda part: _part(source, part, keys, take, 1), parts):
                found |= one
    if len(found) == len(wanted):
        return found
    # A damaged file, or one whose demuxer seeks badly: from the beginning to the end more may be found.
    return _part(source, wanted, keys, take, threads, whole=True)


def all_frames(
    container: av.container.InputContainer, stream: av.VideoStream, skip: Skip | None = None
) -> Iterator[av.VideoFrame]:
    """All frames from here on, as far as the file can be read, without those of the packets to `skip`."""
    try:
        for packet in container.demux(stream):
            if skip is not None and packet.size and skip(packet):
                continue
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                continue  # a damaged packet; the decoder goes on at the next
    except (av.error.FFmpegError, EOFError):
        return  # the file ends early


def rewind(container: av.container.InputContainer, stream: av.VideoStream) -> None:
    """To the first packet. Transport streams seek by decoding time, which is before the first frame's own; others
    refuse a time before their first.
    """
    start = stream.start_time or 0
    earlier = start - round(EARLIER / stream.time_base) if stream.time_base else start
    try:
        container.seek(earlier, stream=stream, backward=True)
    except av.error.FFmpegError:
        container.seek(start, stream=stream, backward=True)


def upright(frame: av.VideoFrame) -> Frame:
    """RGB, turned as the file says a player should turn it."""
    pixels = cast(Frame, frame.to_ndarray(format="rgb24"))
    return np.rot90(pixels, round(frame.rotation / 90) % 4)


def _parts(wanted: Sequence[int], keys: Sequence[int], count: int) -> list[Sequence[int]]:
    """Cut into about `count` equal parts, where a key frame lies between two neighbours."""
    count = min(count, len(wanted) // LEAST_FRAMES)
    parts: list[Sequence[int]] = []
    start = 0
    for at in range(1, len(wanted)):
        due = (len(parts) + 1) * len(wanted) / max(count, 1)
        if at >= due and bisect_right(keys, wanted[at]) > bisect_right(keys, wanted[at - 1]):
            parts.append(wanted[start:at])
            start = at
    return [*parts, wanted[start:]]


def _part(
    source: Source, wanted: Sequence[int], keys: Sequence[int], take: Take, threads: int, *, whole: bool = False
) -> dict[int, Frame]:
    """`whole`: skip nothing."""
    with opened_video(source) as container:
        stream = container.streams.video[0]
        if threads > 1:
            stream.thread_type = "AUTO"
        else:
            stream.codec_context.thread_count = 1
        return _seek_and_decode(container, stream, wanted, keys, take, None if whole else _skip(stream, wanted))


def _skip(stream: av.VideoStream, wanted: Sequence[int]) -> Skip | None:
    """Which packets need no decoding: H.264 in length-prefixed units, as MP4 and Matroska have it, no other codec."""
    header = stream.codec_context.extradata
    if stream.codec_context.name != "h264" or not header or len(header) < 5 or header[0] != 1:
        return None
    prefix, asked = (header[4] & 3) + 1, frozenset(wanted)
    return lambda packet: packet.pts not in asked and _is_unreferenced(memoryview(packet), prefix)


def _is_unreferenced(data: memoryview, prefix: int) -> bool:
    """Whether no slice in a packet says that others may refer to it (H.264, 7.3.1: nal_ref_idc)."""
    slices = 0
    at = 0
    while at + prefix < len(data):
        kind = data[at + prefix]
        if 1 <= kind & 31 <= 5:
            if kind & 0x60:
                return False
            slices += 1
        at += prefix + int.from_bytes(data[at : at + prefix], "big")
    return slices > 0


def _seek_and_decode(
    container: av.container.InputContainer,
    stream: av.VideoStream,
    wanted: Sequence[int],
    keys: Sequence[int],
    take: Take,
    skip: Skip | None,
) -> dict[int, Frame]:
    found: dict[int, Frame] = {}
    frames: Iterator[av.VideoFrame] = iter(())
    reached: int | None = None  # timestamp of the last decoded frame
    seekable = True
    for target in wanted:
        at = bisect_right(keys, target) - 1
        key = keys[at] if at >= 0 else target
        if reached is None or (seekable and key > reached):
            container.seek(key, stream=stream, backward=True, any_frame=False)
            frames = all_frames(container, stream, skip)
            first = next(frames, None)
            if first is None or first.pts is None or first.pts > target:
                # Some demuxers seek by decoding time and go too far, and a damaged index leads anywhere.
                seekable = False
                rewind(container, stream)
                frames = all_frames(container, stream, skip)
            else:
                frames = chain((first,), frames)
            reached = None
        while (reached is None or reached < target) and (frame := next(frames, None)) is not None:
            if frame.pts is None:
                return {}
            reached = frame.pts
            if reached == target:
                found[target] = take(upright(frame))
    return found
