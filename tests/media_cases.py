"""Pictures and videos made on the spot: every oddity that users send, as encoded bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import numpy as np
from PIL import Image


def pattern(width: int, height: int, seed: int = 0) -> np.ndarray:
    """uint8 [height, width, 3]: gradients with a coarse random pattern, smooth enough for lossy codecs."""
    generator = np.random.default_rng(seed)
    rows = np.linspace(0, 200, height)[:, None]
    columns = np.linspace(0, 200, width)[None, :]
    blocks = generator.integers(0, 55, (8, 8, 3), dtype=np.uint8)
    noise = blocks[np.arange(height)[:, None] * 8 // height, np.arange(width)[None, :] * 8 // width]
    channels = [np.broadcast_to(rows, (height, width)), np.broadcast_to(columns, (height, width)), (rows + columns) / 2]
    return (np.stack(channels, axis=2) + noise).astype(np.uint8)


def encode(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def png(width: int, height: int, mode: str = "RGB") -> bytes:
    return encode(Image.fromarray(pattern(width, height)).convert(mode), compress_level=1)


def bmp(width: int, height: int) -> bytes:
    return encode(Image.fromarray(pattern(width, height)), "BMP")


def transparent(form: str = "PNG", mode: str = "RGBA") -> bytes:
    image = Image.fromarray(pattern(120, 90)).convert("RGBA")
    image.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, 120).astype(np.uint8), (90, 1))))
    return encode(image.convert(mode), form, **({"lossless": True} if form == "WEBP" else {}))


def palette_transparent() -> bytes:
    image = Image.fromarray(pattern(100, 80)).convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    return encode(image, transparency=3)


def cmyk() -> bytes:
    return encode(Image.fromarray(pattern(200, 150)).convert("CMYK"), "JPEG", quality=95)


def grey16() -> bytes:
    return encode(Image.fromarray(grey16_values()))


def grey16_values() -> np.ndarray:
    return (np.arange(128 * 160, dtype=np.uint32) * 3 % 65536).astype(np.uint16).reshape(128, 160)


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return encode(Image.fromarray(pattern(300, 100)), "JPEG", exif=tags, quality=95)


def tiff() -> bytes:
    return encode(Image.fromarray(pattern(80, 60)), "TIFF")


def progressive() -> bytes:
    return encode(Image.fromarray(pattern(99, 77)), "JPEG", progressive=True, subsampling=0)


def animation(form: str, count: int = 5, duration: int | list[int] = 200) -> bytes:
    frames = [Image.fromarray(pattern(96, 64, seed)) for seed in range(count)]
    options: dict[str, Any] = {"save_all": True, "append_images": frames[1:], "duration": duration, "loop": 0}
    if form == "WEBP":
        options["lossless"] = True
    return encode(frames[0], form, **options)


def video(
    count: int = 12,
    size: tuple[int, int] = (128, 96),
    fps: Fraction | int = 24,
    *,
    container: str = "mp4",
    codec: str = "mpeg4",
    stamps: Sequence[int] | None = None,
    clock: Fraction = Fraction(1, 1000),
    gop: int = 12,
    options: dict[str, str] | None = None,
    frame: Callable[[int], np.ndarray] | None = None,
) -> bytes:
    """A video of `count` frames (width, height). `stamps`, in units of `clock`, makes the rate vary."""
    out = BytesIO()
    rate = Fraction(fps)
    with av.open(out, "w", format=container, options=options or {}) as target:
        stream = target.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.gop_size = gop
        if codec in ("mpeg4", "mpeg2video"):
            stream.options = {"qscale": "2"}
        if stamps is not None:
            stream.codec_context.time_base = clock
        base = pattern(*size) if count > 50 else None  # long videos: one picture, a counter in a corner
        for i in range(count):
            if frame is not None:
                pixels = frame(i)
            elif base is not None:
                pixels = base.copy()
                pixels[:16, :16] = i % 256
            else:
                pixels = pattern(*size, seed=i)
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture.time_base = clock if stamps is not None else 1 / rate
            picture.pts = stamps[i] if stamps is not None else i
            target.mux(stream.encode(picture))
        target.mux(stream.encode())
    return out.getvalue()


def truncated(count: int, **options: Any) -> bytes:
    """The first two thirds of a video's bytes."""
    data = video(count, **options)
    return data[: len(data) * 2 // 3]


_TURNS = {  # the display matrix of an mp4 track: what phones write
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}


def rotated(degrees: int) -> bytes:
    """A video that players turn clockwise by `degrees`."""
    data = bytearray(video(8, (160, 96), 12))
    at = data.index(b"tkhd") + 4 + 40  # version and flags, times, ids, layer, volume come before
    a, b, c, d = (value << 16 for value in _TURNS[degrees])
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    return bytes(data)
