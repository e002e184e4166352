"""Encoded pictures to RGB, with Pillow, within limits.

The size is checked from the header before a pixel is decoded. EXIF rotation is applied; transparency is composited on
white; of an animation the first frame is taken (send it as a video to show all of it); more than 8 bits a channel are
scaled to 8, where Pillow's own conversion, and so the reference, would clip to white. Colour profiles are not
applied, as in the reference.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from qwen3_vl_webui.errors import InvalidRequest, TooLarge, words
from qwen3_vl_webui.processing.source import Source

# No format that runs a program (EPS) or draws from a description (WMF).
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "PPM")


@contextmanager
def opened(source: Source, max_pixels: int, *, field: str) -> Iterator[Image.Image]:
    """The picture with its header read and its size checked. Errors while it is open name `field`."""
    with source.open() as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is checked below
                warnings.simplefilter("ignore", UserWarning)  # odd metadata
                Image.init()  # Pillow registers its formats at first use
                image = Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])
                with image:
                    width, height = image.size
                    if width * height > max_pixels:
                        raise TooLarge("media_pixels", field=field, pixels=f"{width} x {height}", limit=max_pixels)
                    yield image
        except Image.DecompressionBombError as error:
            most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
            raise TooLarge("media_pixels", field=field, pixels=f"> {most}", limit=max_pixels) from error
        except UnidentifiedImageError as error:
            reason = words("all_formats", mime=source.mime)
            raise InvalidRequest("media_broken", field=field, reason=reason) from error
        except (OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
            raise InvalidRequest("media_broken", field=field, reason=str(error)) from error


def decode_image(source: Source, max_pixels: int, *, field: str) -> npt.NDArray[np.uint8]:
    """The first frame, upright, as uint8 [height, width, 3]."""
    with opened(source, max_pixels, field=field) as image:
        ImageOps.exif_transpose(image, in_place=True)
        return np.array(to_rgb(image))  # a copy that may be written to, as torch wants


def to_rgb(image: Image.Image) -> Image.Image:
    """RGB on white, 8 bits a channel; the picture itself if it is that already."""
    if image.mode.startswith(("I", "F")):
        image = _to_8_bits(image)
    if "A" in image.getbands() or "a" in image.getbands() or image.info.get("transparency") is not None:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")  # which copies even what is RGB


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Grey values of 16 or 32 bits or floats, scaled by the range their type or their content spans."""
    values = np.asarray(image).astype(np.float64)
    top = float(values.max(initial=0.0))
    if image.mode.startswith("I;16") or (image.mode == "I" and 255 < top <= 65535):
        values /= 257.0
    elif image.mode == "F" and top <= 1.0:
        values *= 255.0
    elif top > 255:
        values *= 255.0 / top
    return Image.fromarray(np.clip(values, 0, 255).round().astype(np.uint8))
