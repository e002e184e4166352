"""Pictures: refused from the header when too large, composited on white, and any damage is an error that says so."""

from __future__ import annotations

import struct
import time
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import media_cases as make
from qwen3_vl_webui.errors import InvalidRequest, TooLarge
from qwen3_vl_webui.processing.image import decode_image
from qwen3_vl_webui.processing.source import Source

LIMIT = 10_000_000


def decode(data: bytes, limit: int = LIMIT) -> np.ndarray:
    return decode_image(Source.from_bytes(data), limit, field="image_url")


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a huge picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(5000, 2001), (20_000, 20_000), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1)])
def test_decompression_bombs_are_refused_from_the_header(size: tuple[int, int]) -> None:
    start = time.process_time()  # of this process, however busy the machine is
    with pytest.raises(TooLarge) as caught:
        decode(bomb(*size))
    assert time.process_time() - start < 0.5
    assert caught.value.code == "media_pixels"
    assert caught.value.field == "image_url"
    assert str(LIMIT) in caught.value.message("en")


def test_transparency_is_on_white() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert (decode(make.encode(clear)) == 255).all()
    half = Image.new("RGBA", (4, 4), (255, 0, 0, 128))
    assert np.abs(decode(make.encode(half))[0, 0].astype(int) - [255, 127, 127]).max() <= 1


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation(form: str) -> None:
    frame = decode(make.animation(form))
    assert np.abs(frame.astype(int) - make.pattern(96, 64, 0)).mean() < 8


def test_sixteen_bits_are_scaled() -> None:
    expected = (make.grey16_values() / 257).round()
    assert np.array_equal(decode(make.grey16())[:, :, 1], expected)


def test_floats_between_0_and_1_are_scaled() -> None:
    values = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    assert np.array_equal(decode(make.encode(Image.fromarray(values), "TIFF"))[:, :, 0], (values * 255).round())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(orientation: int) -> None:
    assert decode(make.exif(orientation)).shape == ((100, 300, 3) if orientation < 5 else (300, 100, 3))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["png", "jpeg", "gif", "webp", "tiff", "bmp"]),
    st.floats(0, 1),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=8),
)
def test_damaged_pictures_give_a_picture_or_our_error(form: str, cut: float, hits: list[tuple[int, int]]) -> None:
    data = bytearray(SAMPLES[form])
    for at, value in hits:
        data[at % len(data)] = value
    try:
        frame = decode(bytes(data[: int(len(data) * cut)]))
    except (InvalidRequest, TooLarge):
        return
    assert frame.dtype == np.uint8
    assert frame.ndim == 3


SAMPLES = {
    "png": make.png(40, 30),
    "jpeg": make.exif(6),
    "gif": make.animation("GIF", 2),
    "webp": make.transparent("WEBP"),
    "tiff": make.tiff(),
    "bmp": make.bmp(20, 20),
}


def test_a_picture_is_a_copy_that_may_be_written_to() -> None:
    assert decode(make.png(32, 32)).flags.writeable


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG is not supported"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC is not supported"),
        (b"%PDF-1.7", "known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "known format"),
        (b"", "known format"),
        (b"hello", "known format"),
    ],
)
def test_other_formats_are_refused_by_their_bytes(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        Source.from_bytes(data, field="image_url")


def test_the_kind_comes_from_the_bytes() -> None:
    out = BytesIO()
    Image.new("RGB", (8, 8)).save(out, "WEBP")
    kinds = [
        Source.from_bytes(data).mime
        for data in (out.getvalue(), make.png(8, 8), make.video(2), make.video(2, container="matroska"))
    ]
    assert kinds == ["image/webp", "image/png", "video/mp4", "video/x-matroska"]
