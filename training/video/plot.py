"""What happens in a clip: who appears when, and how it looks."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from training.draw import Color
from training.shapes import sides_of
from training.video.clip import MOVES, Event
from training.video.stage import Actor, moving, scene, shape, writing
from training.words import COLORS, label


class Plot:
    """Chooses the actors of a clip of `groups` groups of frames on a ground that is dark or not."""

    def __init__(self, rng: Random, lang: str, groups: int, sides: tuple[int, int], font: str, *, dark: bool) -> None:
        self.rng, self.lang, self.groups, self.font, self.dark = rng, lang, groups, font, dark
        self.width, self.height = sides
        self.ink: Color = (240, 240, 240) if dark else (20, 20, 20)
        self.used: set[str] = set()

    def _spans(self) -> list[tuple[int, int]]:
        """Consecutive stretches of groups (first, one behind the last), now and then with pauses between."""
        ends = min(self.groups + 1, self.rng.randint(3, 6))
        spans = list(pairwise(sorted(self.rng.sample(range(self.groups + 1), ends))))
        return [span for k, span in enumerate(spans) if not k or self.rng.random() > 0.12]

    def _move(self, length: int) -> str:
        if length < 2:
            return ""
        return self.rng.choice(["", "", "", *MOVES[1:5], *MOVES[1:5], "grows", "shrinks"])

    def _text(self, first: int, end: int, y: float) -> Actor | None:
        text = label(self.rng, self.rng.choice(["title", "city", "item"]), self.lang)
        name = f"文字“{text}”" if self.lang == "zh" else f'the text "{text}"'
        if name in self.used:
            return None
        self.used.add(name)
        event = Event(first=first, last=end - 1, name=name, move="blinks" if self.rng.random() < 0.2 else "")
        return Actor(event=event, draw=writing(text, self.font, self.rng.randint(13, 17), y, self.ink))

    def _thing(self, first: int, end: int, place: tuple[float, float], size: float, move: str) -> Actor | None:
        form, color, name = shape(self.rng, self.lang, self.dark)
        if name in self.used:
            return None
        self.used.add(name)
        event = Event(first=first, last=end - 1, name=name, move=move)
        shade = self.rng.choice(COLORS[color][1])
        sides = sides_of(self.rng, form, size)
        return Actor(event=event, draw=moving(form, shade, place, sides, move, (0.1, 0.9)))

    def one_by_one(self) -> list[Actor]:
        """One thing or text after the other."""
        side = min(self.width, self.height) * self.rng.uniform(0.35, 0.6)
        actors = []
        for first, end in self._spans():
            if self.rng.random() < 0.2:
                actors.append(self._text(first, end, self.rng.uniform(0.25, 0.75)))
            else:
                place = self.rng.uniform(0.2, 0.8), self.rng.uniform(0.2, 0.8)
                actors.append(self._thing(first, end, place, side, self._move(end - first)))
        return [actor for actor in actors if actor]

    def together(self) -> list[Actor]:
        """Two or three things in places of their own, each with its own time."""
        wide = self.width >= self.height
        count = self.rng.randint(2, 3) if max(self.width, self.height) >= 96 else 2
        across, along = sorted((self.width, self.height))
        size = min(along / count * 0.8, across * 0.7)
        actors: list[Actor | None] = []
        for k in range(count):
            first, last = sorted((self.rng.randrange(self.groups), self.rng.randrange(self.groups)))
            at, other = (k + 0.5) / count, self.rng.uniform(0.1, 0.9)
            room = (at * along - size / 2) / (along - size)
            # it moves across its own strip only, or stays
            moves = ["", "", *(("up", "down") if wide else ("left", "right")), "shrinks"]
            place = (room, other) if wide else (other, room)
            actors.append(self._thing(first, last + 1, place, size, self.rng.choice(moves) if last > first else ""))
        return sorted((actor for actor in actors if actor), key=lambda a: (a.event.first, a.event.last))

    def again(self) -> list[Actor]:
        """One by one; the first comes back in the last one's time."""
        actors = self.one_by_one()
        if len(actors) > 2:
            back, last = actors[0], actors[-1].event
            move = back.event.move if last.last > last.first else ""
            event = Event(first=last.first, last=last.last, name=back.event.name, move=move)
            actors[-1] = Actor(event=event, draw=back.draw)
        return actors

    def scenes(self) -> list[Actor]:
        """Whole pictures one after the other, without pauses."""
        ends = sorted(
            {0, self.groups, *self.rng.sample(range(1, self.groups), min(self.groups - 1, self.rng.randint(1, 4)))}
        )
        actors = []
        for first, end in pairwise(ends):
            name, draw = scene(self.rng, self.lang, self.font)
            while name in self.used:
                name, draw = scene(self.rng, self.lang, self.font)
            self.used.add(name)
            actors.append(Actor(event=Event(first=first, last=end - 1, name=name, move=""), draw=draw))
        return actors
