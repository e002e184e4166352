"""The pictures and the video of `gpu.py`: made here, decoded by the program's own decoders."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

SIDE = 1024  # of the pictures


@dataclass(frozen=True)
class Medium:
    """Decoded frames, and the size of one frame in visual tokens."""

    frames: NDArray[np.uint8]  # [n, height, width, 3]
    rows: int
    columns: int
    key: str

    @property
    def groups(self) -> int:
        return -(-len(self.frames) // 2)


def decoded(file: bytes) -> Medium:
    """A picture as the processor decodes it."""
    from qwen3_vl_webui.processing.image import decode_image
    from qwen3_vl_webui.processing.source import Source

    frame = decode_image(Source.from_bytes(file), 100_000_000, field="image")
    return Medium(frame[None], SIDE // 32, SIDE // 32, hashlib.sha256(file).hexdigest())


def jpegs(seeds: Iterable[int]) -> list[bytes]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(jpeg, seeds))


def jpeg(seed: int) -> bytes:
    """A 1024x1024 picture with structure at all scales, as JPEG of some 200 KB."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    canvas = np.zeros((SIDE, SIDE, 3), dtype=np.float32)
    for cells in (4, 16, 64, 256):
        noise = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        canvas += np.asarray(noise.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.float32) / cells**0.5
    canvas = (255 * (canvas - canvas.min()) / np.ptp(canvas)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(canvas).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def video_file(*, seconds: int, width: int, height: int, rate: int = 24, loop: int = 10) -> bytes:
    """An H.264 file of a moving pattern; a loop of some seconds is encoded once and its packets repeated."""
    import av

    rng = np.random.default_rng(0)
    far = rng.integers(0, 256, (height // 8, width // 4, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    once = io.BytesIO()
    with av.open(once, "w", format="mp4") as target:
        stream = target.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "23", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = rate
        for number in range(rate * loop):
            shift = number * 4 % width
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(far[:, shift : shift + width]), format="rgb24")
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    whole = io.BytesIO()
    with av.open(whole, "w", format="mp4") as target:
        stream = None
        for turn in range(seconds // loop):
            once.seek(0)
            with av.open(once) as source:
                track = source.streams.video[0]
                stream = stream or target.add_stream_from_template(track)
                offset = int(Fraction(turn * loop) / track.time_base)
                for packet in source.demux(track):
                    if packet.dts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    packet.stream = stream
                    target.mux(packet)
    return whole.getvalue()
