"""A drawn scene as its questions see it: things in reading order, with the places that answers and chains give."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from training.scene import center, scaled
from training.shapes.layout import band, in_reading_order
from training.shapes.thing import Thing, mid

_BANDS = (("top", "上"), ("middle", "中"), ("bottom", "下"))


@dataclass(frozen=True, kw_only=True)
class Scene:
    lang: str
    width: int
    height: int
    unordered: list[Thing]

    @property
    def zh(self) -> bool:
        return self.lang == "zh"

    @cached_property
    def things(self) -> list[Thing]:
        return in_reading_order(self.unordered, self.height)

    @cached_property
    def names(self) -> list[str]:
        return [t.name(self.lang) for t in self.things]

    @cached_property
    def single(self) -> list[Thing]:
        """Those that no other thing shares its name with."""
        return [t for t in self.things if self.names.count(self.name(t)) == 1]

    def name(self, thing: Thing) -> str:
        return thing.name(self.lang)

    @cached_property
    def _boxes(self) -> dict[int, list[int]]:
        return {id(t): scaled(t.box, self.width, self.height) for t in self.unordered}

    def box(self, thing: Thing) -> list[int]:
        """On the scale of answers, 0 to 1000."""
        return self._boxes[id(thing)]

    def point(self, thing: Thing) -> list[int]:
        return center(self.box(thing))

    @cached_property
    def _entries(self) -> list[tuple[int, int, str]]:
        """Of each thing its `id`, its third of the picture, its name and, of up to twelve, its tenth from the left."""
        placed = len(self.things) <= 12
        return [
            (
                id(t),
                band(t.box, self.height),
                name + (f"@{min(9, int(10 * mid(t.box)[0] / self.width))}" if placed else ""),
            )
            for t, name in zip(self.things, self.names, strict=True)
        ]

    def listing(self, counted: Collection[int] = ()) -> str:
        """All things by thirds of the picture; the counted ones (by `id`) with their number.

        A third is read from left to right, so that a place misread by a little skips nothing; naming everything
        makes a match follow from the words just written.
        """
        rows: list[list[str]] = [[], [], []]
        number = 0
        for key, row, text in self._entries:
            if key in counted:
                number += 1
                text += f"#{number}"
            rows[row].append(text)
        nothing = "无" if self.zh else "none"
        return "; ".join(
            f"{names[self.zh]}: {', '.join(row) or nothing}" for names, row in zip(_BANDS, rows, strict=True)
        )
