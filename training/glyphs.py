"""Lines of text put together from cached glyphs: many times faster than laying out every line anew.

A line is drawn at whole pixels, without kerning. Widths and boxes are in pixels, relative to where the line's anchor is put.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from training.fonts import font

Glyph = tuple[np.ndarray, int, int, float]  # coverage uint8 [h, w], left, top (from the baseline), advance


class _Advances(dict[str, float]):
    """How far each character of a font moves the next one; filled as it is asked."""

    def __init__(self, name: str, size: int) -> None:
        self._name, self._size = name, size

    def __missing__(self, char: str) -> float:
        self[char] = value = font(self._name, self._size).getlength(char)
        return value


@cache
def _advances(name: str, size: int) -> _Advances:
    return _Advances(name, size)


@cache
def _glyph(name: str, size: int, char: str) -> Glyph:
    face = font(name, size)
    mask, (left, top) = face.getmask2(char, "L", anchor="ls")
    width, height = mask.size
    pixels = (
        np.frombuffer(bytes(mask), np.uint8).reshape(height, width).copy()
        if width and height
        else np.zeros((0, 0), np.uint8)
    )
    return pixels, left, top, _advances(name, size)[char]


@cache
def _middle(name: str, size: int) -> int:
    """How far the baseline lies below the middle of a line (Pillow's anchor "m")."""
    face = font(name, size)
    return round(face.getbbox("x", anchor="lm")[3] - face.getbbox("x", anchor="ls")[3])


def width(text: str, name: str, size: int) -> float:
    return sum(map(_advances(name, size).__getitem__, text))


def line(text: str, name: str, size: int, anchor: str) -> tuple[np.ndarray, int, int, float, float]:
    """Coverage of one line, where its upper left corner lies from the anchor, and where its ink begins and ends horizontally."""
    glyphs = [_glyph(name, size, char) for char in text]
    x, places = 0.0, []
    for pixels, left, top, advance in glyphs:
        places.append((round(x) + left, top, pixels))
        x += advance
    inked = [(at, top, pixels) for at, top, pixels in places if pixels.size]
    if not inked:
        return np.zeros((0, 0), np.uint8), 0, 0, 0.0, x
    low, high = min(at for at, _, _ in inked), max(at + pixels.shape[1] for at, _, pixels in inked)
    up, down = min(top for _, top, _ in inked), max(top + pixels.shape[0] for _, top, pixels in inked)
    mask = np.zeros((down - up, high - low), np.uint8)
    for at, top, pixels in inked:
        part = mask[top - up : top - up + pixels.shape[0], at - low : at - low + pixels.shape[1]]
        np.maximum(part, pixels, out=part)
    shift = {"l": 0.0, "m": x / 2, "r": x}[anchor[0]]
    return mask, round(low - shift), up + (_middle(name, size) if anchor[1] == "m" else 0), low - shift, high - shift
