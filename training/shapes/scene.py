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
        return [self.name(t) for t in self.things]

    @cached_property
    def single(self) -> list[Thing]:
        """Those that no other thing shares its name with."""
        return [t for t in self.things if self.names.count(self.name(t)) == 1]

    def name(self, thing: Thing) -> str:
        return thing.name(self.lang)

    def box(self, thing: Thing) -> list[int]:
        """On the scale of answers, 0 to 1000."""
        return scaled(thing.box, self.width, self.height)

    def point(self, thing: Thing) -> list[int]:
        return center(self.box(thing))

    def listing(self, counted: Collection[int] = ()) -> str:
        """All things by thirds of the picture, up to twelve with their tenth from the left; the counted ones (by `id`) with their number.

        A third is read from left to right, so that a place misread by a little skips nothing; naming everything
        makes a match follow from the words just written.
        """
        rows: list[list[str]] = [[], [], []]
        number = 0
        for thing in self.things:
            text = self.name(thing)
            if len(self.things) <= 12:
                text += f"@{min(9, int(10 * mid(thing.box)[0] / self.width))}"
            if id(thing) in counted:
                number += 1
                text += f"#{number}"
            rows[band(thing.box, self.height)].append(text)
        nothing = "无" if self.zh else "none"
        return "; ".join(
            f"{names[self.zh]}: {', '.join(row) or nothing}" for names, row in zip(_BANDS, rows, strict=True)
        )
