"""What happens in a clip, and how its times are said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MOVES = {
    "": (" is shown", ""),
    "left": (" moves left", "从右向左移动"),
    "right": (" moves right", "从左向右移动"),
    "up": (" moves up", "向上移动"),
    "down": (" moves down", "向下移动"),
    "grows": (" grows", "变大"),
    "shrinks": (" shrinks", "变小"),
    "blinks": (" blinks", "闪烁"),
}
MOVES = tuple(_MOVES)


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that is on the screen from group `first` to group `last`, both included."""

    first: int
    last: int
    name: str  # in English with its article
    move: str  # one of MOVES

    @property
    def definite(self) -> str:
        """The English name with "the"."""
        article, _, rest = self.name.partition(" ")
        return f"the {rest}" if article in ("a", "an") else self.name


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Events in the order of their beginnings; each group of frames has its time stamp in seconds."""

    lang: str
    stamps: Sequence[float]
    spacing: float  # seconds between frames
    events: list[Event]

    @property
    def zh(self) -> bool:
        return self.lang == "zh"

    @property
    def length(self) -> float:
        return self.stamps[-1] + self.spacing

    def end(self, event: Event) -> float:
        """When it is seen to be gone: at the next group, or at the end of the clip."""
        return self.stamps[event.last + 1] if event.last + 1 < len(self.stamps) else self.length

    def span(self, event: Event) -> str:
        return f"{clock(self.stamps[event.first])} - {clock(self.end(event))}"

    def found(self, event: Event) -> str:
        """Its beginning and end as they are read off the stamps, and as they are said."""
        begin, end = self.stamps[event.first], self.end(event)
        if self.zh:
            return f"{begin:.1f}秒={clock(begin)}到{end:.1f}秒={clock(end)}"
        return f"{begin:.1f} s = {clock(begin)} to {end:.1f} s = {clock(end)}"

    def asked(self, event: Event) -> str:
        """Its name inside a question."""
        return event.name if self.zh else event.definite

    def shown(self, event: Event, at_start: bool = True) -> str:
        if self.zh:
            return event.name + _MOVES[event.move][1]
        text = event.name + _MOVES[event.move][0]
        return text[0].upper() + text[1:] if at_start else text

    def active(self, group: int) -> list[Event]:
        return [event for event in self.events if event.first <= group <= event.last]

    def same(self, event: Event) -> list[Event]:
        """All times at which a thing of this name is there."""
        return [other for other in self.events if other.name == event.name]
