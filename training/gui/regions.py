"""Parts of a screen: cut into rows, columns and grids again and again, each on a ground of its own, until one is filled with anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from training.draw import Color, bright, mix, on_ground
from training.gui import contents, decor, forms, inline, lists, looks, pages, pieces
from training.gui.rows import Area, row
from training.gui.styled import Styled
from training.words import phrase


@dataclass(frozen=True)
class Room:
    x: float
    y: float
    w: float
    h: float

    def inset(self, by: float) -> Room:
        return Room(self.x + by, self.y + by, self.w - 2 * by, self.h - 2 * by)


@contextmanager
def dressed(s: Styled, room: Room, pad: float, kind: str) -> Iterator[Room]:
    """The room inside a panel, a card, a dark or a coloured ground; colours and look are put back afterwards."""
    theme, size, look, t, rng = s.theme, s.size, s.look, s.theme, s.rng
    box = (room.x, room.y, room.x + room.w - 1, room.y + room.h - 1)
    if kind in ("dark", "accent", "panel"):
        dark: Color = mix((24, 26, 32), t.accent, rng.uniform(0, 0.15))
        ground = {"dark": dark, "accent": mix(t.accent, t.background, rng.choice([0, 0.3])), "panel": t.panel}[kind]
        if kind == "dark" and bright(t.background) < 100:
            ground = mix(t.background, (255, 255, 255), 0.9)
        s.canvas.rect(box, ground, None, rng.choice([0, 0, s.radius]))
        theme = on_ground(t, ground)
    elif kind == "card":
        ground = t.field if rng.random() < 0.7 else t.background
        if rng.random() < 0.4:  # a shadow
            s.canvas.rect(
                (box[0] + 1, box[1] + 2, box[2] + 2, box[3] + 3), mix(t.background, (0, 0, 0), 0.15), None, s.radius
            )
        s.canvas.rect(box, ground, t.line if rng.random() < 0.8 else None, s.radius)
        theme = on_ground(t, ground)
    elif kind == "edge":
        x1, y1, x2, y2 = box
        for line in rng.sample(
            [(x1, y1, x1, y2), (x1, y2, x2, y2), (x2, y1, x2, y2), (x1, y1, x2, y1)], rng.randint(1, 2)
        ):
            s.canvas.draw.line(line, fill=t.line)
    if rng.random() < 0.08:
        look = looks.choose(rng)
    if rng.random() < 0.25:
        size = max(11, min(26, round(size * rng.uniform(0.8, 1.35))))
    before = (s.theme, s.size, s.look)
    s.dress(theme, size, look)
    yield room.inset(pad)
    s.dress(*before)


Block = Callable[[Area], None]
BLOCKS: list[tuple[Block, float]] = [
    *((block, 1.0) for block in pages.MIXED), (pieces.hero, 0.7), (pieces.figures, 0.8), (pieces.tiles, 2.2), (pieces.gallery, 0.6), (pieces.keys, 0.35),
    (pieces.notice, 0.8), (pieces.comments, 0.8), (pieces.prose, 1.8), (pieces.ask_once, 0.7), (pieces.drop_zone, 0.4), (pieces.code, 0.5), (pieces.mixed_line, 4.0),
    (pieces.way, 1.2), (contents.bubbles, 0.4), (contents.player, 0.3), (lists.chats, 0.8), (lists.songs, 0.6), (forms.steps, 0.4),
    *((block, 0.5) for block in decor.DECOR),
]  # fmt: skip
_NARROW: list[Block] = [pieces.tiles, pieces.tiles, pieces.prose, contents.heading, decor.loading]


def fill(s: Styled, room: Room, budget: int) -> None:
    """Anything below anything, from the top or from further below, close together or far apart."""
    rng, blocks = s.rng, BLOCKS
    area = Area(s, room.x, room.y, room.w, room.y + room.h, len(s.controls) + budget)
    if rng.random() < 0.15:
        area.y += room.h * rng.uniform(0, 0.4)
    if budget < 1 or room.w < s.size * 3:
        if rng.random() < 0.4 and room.w > s.size * 3:
            rng.choice(decor.DECOR)(area)
        return
    if room.w < s.size * 8:
        if rng.random() < 0.5:
            column(s, room, budget)
            return
        blocks = [(block, 1.0) for block in _NARROW]
    elif rng.random() < 0.15:  # many of one kind
        blocks = [rng.choice(BLOCKS)]
    pool, shares = zip(*blocks, strict=True)
    loose = rng.choice([0.0, 0.0, 0.5, 1.5]) * s.size
    for _ in range(rng.choice([2, 8, 14, 14])):
        if area.full or area.bottom - area.y < s.size * 1.6:
            return
        rng.choices(pool, shares)[0](area)
        area.y += loose * rng.random()
        if rng.random() < 0.05:  # what follows starts further right
            step = min(s.size * 2, area.w * 0.1)
            area.x, area.w = area.x + step, area.w - step


def column(s: Styled, room: Room, budget: int) -> None:
    """Icons below each other, as tools of a drawing program or the spaces of a chat."""
    step = s.size * s.rng.uniform(2.0, 2.8)
    count, cx = min(budget, s.rng.randint(3, 8), int(room.h / step)), room.x + room.w / 2
    if room.w >= s.size * 2:
        for k, name in enumerate(s.rng.sample(inline.NAMES, max(0, count))):
            s.symbol(name, cx, room.y + step * (k + 0.5), s.size)


def grid(s: Styled, room: Room, budget: int) -> None:
    """Cells of one kind, row by row."""
    rng, size, t = s.rng, s.size, s.theme
    parts = [
        kind for kind, share in (("photo", 0.5), ("name", 0.8), ("line", 0.4), ("act", 0.5)) if rng.random() < share
    ]
    act = rng.choice(["button", "button", "link", "checkbox", "switch", "icons", "slider"])
    if not {"photo", "act"} & set(parts):  # words alone in a box would look like a button
        parts.append("act")
    heights = {"photo": size * rng.uniform(3, 6), "name": size * 1.7, "line": size * 1.6, "act": size * 2.4}
    high = sum(heights[part] for part in parts) + size * 0.8
    columns = max(1, min(rng.randint(2, 4), int(room.w / (size * 8))))
    each = len(parts) + ("act" in parts and act == "icons")
    rows = min(int(room.h / (high + size * 0.5)), rng.randint(1, 3), budget // max(1, columns * each))
    gap = size * rng.uniform(0.5, 1.2)
    wide = (room.w - gap * (columns - 1)) / columns
    style, main, source = (
        rng.choice(["card", "card", "panel", "none"]),
        rng.random() < 0.5,
        rng.choice(["product", "event", "city", "song", "file", "title"]),
    )
    below = rng.choice(["phrase", "price", "time", "status"])
    if rows < 1:
        fill(s, room, budget)
        return
    for k in range(rows * columns):
        x, y = room.x + (wide + gap) * (k % columns), room.y + (high + size * 0.5) * (k // columns)
        if style != "none":
            box = (x, y, x + wide, y + high)
            s.canvas.rect(box, t.field if style == "card" else t.panel, t.line if style == "card" else None, s.radius)
        pad = 0.0 if style == "none" else size * 0.6
        left, room_wide, top = x + pad, wide - 2 * pad, y + size * 0.4
        for part in parts:
            if part == "photo":
                contents.picture(s, left, top, room_wide, heights[part] - size * 0.4)
            elif part == "name":
                s.say(left, top + size * 0.8, room_wide, source, t.text, 1.1)
            elif part == "line":
                said = phrase(rng, s.lang, rng.randint(2, 3)) if below == "phrase" else s.fresh("text", below)
                said, box = s.put(left, top + size * 0.7, room_wide, said, s.small, t.text)
                s.add("text", said, box)
            else:
                _act(s, act, left, top + size * 0.2, room_wide, size * 1.9, main)
            top += heights[part]


def _act(s: Styled, act: str, x: float, y: float, w: float, h: float, main: bool) -> None:
    if act == "button":
        s.push(x, y, w, h, main)
    elif act == "slider":
        s.slide(x, y, w, h)
    elif act in ("checkbox", "switch"):
        on = s.rng.random() < 0.5
        if act == "checkbox":
            s.choice(x, y, w, h, "checkbox", on, "checkbox")
        else:
            row(s, x, y, w, h, "switch", kind="switch", line=False)
    else:
        inline.line(s, x, y + h / 2, w, ["icon", "icon"] if act == "icons" else ["link"], 2, "left")


def split(s: Styled, room: Room, budget: int, depth: int = 0) -> None:
    """Cuts the room, or fills it; what lies further left or above is named first."""
    rng, size = s.rng, s.size
    ways = ["fill"] * (1 + 2 * depth)
    if room.w > size * 17 and budget > 1:
        ways += ["columns"] * (4 if room.w > room.h else 2)
    if room.h > size * 12 and budget > 1:
        ways += ["rows"] * (3 if room.h > room.w else 2)
    if room.w > size * 17 and room.h > size * 8 and budget > 3:
        ways += ["grid"] * 2
    way = rng.choice(ways)
    if way == "fill":
        fill(s, room, budget)
        return
    if way == "grid":
        grid(s, room, budget)
        return
    across = way == "columns"
    long = room.w if across else room.h
    least = size * (7 if across else 5)
    count = max(2, min(rng.choice([2, 2, 3] if across else [2, 3, 3]), int(long / least)))
    weights = [1.0] * count if rng.random() < 0.4 else [rng.uniform(0.4, 1.6) for _ in range(count)]
    gap = size * rng.choice([0.4, 0.8, 1.4])
    lengths = [max(least * 0.8, (long - gap * (count - 1)) * weight / sum(weights)) for weight in weights]
    lengths = [length * (long - gap * (count - 1)) / sum(lengths) for length in lengths]
    plain = rng.choice(["none", "none", "edge", "card", "panel"])
    at, last = room.x if across else room.y, len(s.controls) + budget
    for k, length in enumerate(lengths):
        part = Room(at, room.y, length, room.h) if across else Room(room.x, at, room.w, length)
        at += length + gap
        share = round((last - len(s.controls)) * length / sum(lengths[k:]) * rng.uniform(0.7, 1.3))
        share = max(0, min(last - len(s.controls), max(1, share)))
        kind = plain if rng.random() < 0.75 else rng.choice(["none", "card", "panel", "dark", "accent"])
        if (share < 1 or depth) and rng.random() < 0.6:
            kind = "none"
        pad = {"none": 0.0, "edge": size * 0.5}.get(kind, size * rng.uniform(0.5, 1.2))
        if min(part.w, part.h) < size * 4 + 2 * pad:
            kind, pad = "none", 0.0
        with dressed(s, part, pad, kind) as inner:
            split(s, inner, share, depth + 1)
