"""What an answer points at: boxes and points in its JSON, on the model's scale of 0 to 1000 along each side.

Found wherever they stand: in a code fence, bare, inside a sentence, in a list, in the arguments of a click. What is no
place on a picture (a wrong count of numbers, a number off the scale) is left out, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qwen3_vl_webui.processing.loose_json import LooseJsonError, parse_loose_json

SCALE = 1000
MOST = 200  # places of one answer that are drawn
LONGEST = 4000  # characters of an object that is looked at: an answer may open ten thousand and close none
MOST_BRACES = 3  # before a key that are tried: some may stand inside a label
BOX_KEYS = ("bbox_2d", "bbox", "box_2d")
POINT_KEYS = ("point_2d", "point", "coordinate")
LABEL_KEYS = ("label", "name", "text", "text_content", "action")
_KEY = re.compile("|".join(rf"\b{key}\b" for key in (*BOX_KEYS, *POINT_KEYS)))


@dataclass(frozen=True, kw_only=True)
class Place:
    """A box, or a point (a box without extent), with `left <= right` and `top <= bottom`, all of 0 to 1000."""

    left: float
    top: float
    right: float
    bottom: float
    label: str = ""

    @property
    def is_point(self) -> bool:
        return self.left == self.right and self.top == self.bottom

    def in_pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right, bottom on the original picture."""
        across, down = width / SCALE, height / SCALE
        return round(self.left * across), round(self.top * down), round(self.right * across), round(self.bottom * down)


def find_places(text: str) -> tuple[Place, ...]:
    """The places of an answer in its order, at most `MOST`."""
    places: list[Place] = []
    for found in _objects(text):
        label = next((found[key] for key in LABEL_KEYS if isinstance(found.get(key), str)), "").strip()
        for key in (key for key in found if key in BOX_KEYS or key in POINT_KEYS):
            several = found[key] if _is_list_of_lists(found[key]) else [found[key]]
            places.extend(filter(None, (_place(numbers, label, is_box=key in BOX_KEYS) for numbers in several)))
        if len(places) >= MOST:
            break
    return tuple(places[:MOST])


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The innermost JSON objects around each key of a place, as far as they are complete."""
    at = 0
    while found := _KEY.search(text, at):
        start, last, at = found.start(), at, found.end()
        for _ in range(MOST_BRACES):
            start = text.rfind("{", last, start)
            if start < 0:
                break
            end = _end(text, start)
            if end is not None and end > found.end() and (value := _parse(text[start:end])) is not None:
                yield value
                at = end
                break


def _parse(text: str) -> dict[str, Any] | None:
    try:
        value = parse_loose_json(text)
    except LooseJsonError:
        return None
    return value if isinstance(value, dict) else None


def _end(text: str, start: int) -> int | None:
    """Behind the brace that closes the one at `start`; braces inside strings do not count."""
    depth, quoted, at = 0, False, start
    while at < min(len(text), start + LONGEST):
        char = text[at]
        if char == "\\" and quoted:
            at += 1
        elif char == '"':
            quoted = not quoted
        elif not quoted and char in "{}":
            depth += 1 if char == "{" else -1
            if depth == 0:
                return at + 1
        at += 1
    return None


def _is_list_of_lists(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, list) for one in value)


def _place(numbers: object, label: str, *, is_box: bool) -> Place | None:
    if not isinstance(numbers, list) or len(numbers) != (4 if is_box else 2):
        return None
    if not all(type(number) in (int, float) and 0 <= number <= SCALE for number in numbers):
        return None
    left, top, right, bottom = numbers if is_box else numbers * 2
    if left > right or top > bottom:
        return None
    return Place(left=left, top=top, right=right, bottom=bottom, label=label)
