"""Rows of lists: something in front, a name with a line below it, and a value, a switch, an icon or a button at the end."""

from __future__ import annotations

from PIL import Image

from training.draw import Color, bright, icon, mix, photo
from training.gui import texts
from training.gui.controls import Control
from training.gui.styled import Styled
from training.words import phrase


def lead(s: Styled, kind: str, x: float, cy: float, side: float, text: str) -> None:
    """What stands in front of a row's name, `side` pixels wide: a part of the row, not a control."""
    t, c, rng = s.theme, s.canvas, s.rng
    box = (x, cy - side / 2, x + side, cy + side / 2)
    color: Color = (rng.randint(40, 220), rng.randint(40, 220), rng.randint(40, 220))
    ink: Color = (255, 255, 255) if bright(color) < 165 else (25, 25, 25)
    if kind == "avatar":
        c.draw.ellipse(box, fill=color)
        if rng.random() < 0.7 and text:
            c.text(x + side / 2, cy, text[0].upper(), t.bold, max(10, round(side * 0.45)), ink, "mm")
        else:
            icon(c, "user", x + side / 2, cy, side * 0.55, ink, rng)
    elif kind == "photo":
        c.image.paste(Image.fromarray(photo(rng, round(side), round(side))), (round(x), round(cy - side / 2)))
    elif kind == "tile":
        c.rect(box, color, None, side * 0.22)
        s.ornament(x + side / 2, cy, side * 0.58, ink)
    elif kind == "bar":
        c.rect((x, cy - side / 2, x + 4, cy + side / 2), color, None, 2)
    elif kind == "icon":
        s.ornament(x + side / 2, cy, side * 0.75, s.readable)
    else:  # a named icon: files and folders
        icon(c, kind, x + side / 2, cy, side * 0.75, s.readable if kind == "folder" else t.faint, rng)


def row(
    s: Styled,
    x: float,
    y: float,
    w: float,
    h: float,
    source: str,
    *,
    kind: str = "item",
    front: str = "none",
    below: str = "",
    end: str = "",
    value: str = "",
    chevron: bool = False,
    line: bool = True,
) -> None:
    """One row over the whole box; `end` is value, icon, button or badge, or nothing for switches and boxes to tick."""
    t, c, rng, size = s.theme, s.canvas, s.rng, s.size
    pad, cy = size * s.look.pad, y + h / 2
    left, right = x + pad, x + w - pad
    mark, on = None, rng.random() < 0.5
    name = s.fresh(kind, source)
    if kind == "checkbox" and s.look.boxes_left:
        mark = s.tick(left + size * 0.55, cy, on)
        left += size * 1.7
    if front != "none":
        side = min(h * 0.72, size * 2.6) if front in ("avatar", "photo", "bar") else min(h * 0.6, size * 1.7)
        lead(s, front, left, cy, side, name)
        left += size * 0.7 if front == "bar" else side + size * 0.6
    if kind == "switch":
        mark = s.knob(right, cy, on)
        right = mark[0] - size * 0.5
    elif kind in ("checkbox", "radio button") and mark is None:
        mark = (s.dot if kind == "radio button" else s.tick)(right - size * 0.6, cy, on)
        right = mark[0] - size * 0.5
    if chevron:
        r = size * 0.28
        c.draw.line([(right - r, cy - r), (right, cy), (right - r, cy + r)], fill=t.faint, width=2)
        right -= size
    high = cy if not below else y + h * 0.32
    button = None
    if end == "value":
        value, box = s.put(
            right, high if rng.random() < 0.5 else cy, (right - left) * 0.42, value, s.small, t.faint, anchor="rm"
        )
        right = box[0] - size * 0.5
    elif end == "badge":
        number = str(rng.randint(1, 99))
        c.rect((right - size * 1.5, cy - size * 0.6, right, cy + size * 0.6), s.on_color, None, size * 0.6)
        ink: Color = (20, 20, 20) if bright(s.on_color) > 150 else (255, 255, 255)
        c.text(right - size * 0.75, cy, number, t.font, max(10, round(size * 0.7)), ink, "mm")
        value, right = number, right - size * 2
    elif end == "icon":
        button = (right - size * 0.5, cy)
        right -= size * 1.8
    elif end == "button":
        wide = min(size * 5, (right - left) * 0.4)
        button = (right - wide, cy - size * 0.9)
        right -= wide + size * 0.5
    name, _ = s.put(left, high, right - left, name, size, t.text)
    if below:
        s.put(left, y + h * 0.71, right - left, below, s.small, t.faint)
    if line:
        c.draw.line((left, y + h, x + w - pad, y + h), fill=mix(t.background, t.line, 0.8))
    s.controls.append(
        Control(
            kind=kind,
            text=name,
            box=(x, y, x + w, y + h),
            on=on if mark else None,
            mark=mark,
            value=value if end in ("value", "badge") else "",
        )
    )
    if button and end == "icon":
        s.symbol(
            rng.choice(["more", "delete", "edit", "add", "star", "download", "share", "play", "phone"]), *button, size
        )
    elif button:
        s.push(*button, wide, size * 1.8, main=rng.random() < 0.4)


class Area:
    """A column of a screen that fills from top to bottom."""

    def __init__(self, screen: Styled, x: float, y: float, w: float, bottom: float, most: int = 12) -> None:
        self.screen, self.x, self.y, self.w, self.bottom, self.most = screen, x, y, w, bottom, most

    @property
    def full(self) -> bool:
        return len(self.screen.controls) >= self.most

    @property
    def left(self) -> int:
        """How many controls it may still hold."""
        return max(0, self.most - len(self.screen.controls))

    def take(self, high: float, gap: float = 0.0) -> float | None:
        """The top of the next `high` pixels, or None where they do not fit or the screen holds enough."""
        return None if self.full else self.take_room(high, gap)

    def take_room(self, high: float, gap: float = 0.0) -> float | None:
        """The same for what is no control."""
        if self.y + high > self.bottom:
            return None
        top = self.y
        self.y += high + gap
        return top

    def rows(self, count: int, high: float) -> int:
        """How many of these rows still fit."""
        return max(0, min(count, int((self.bottom - self.y) / high), self.most - len(self.screen.controls)))


def listed(
    area: Area,
    count: int,
    source: str,
    *,
    kinds: tuple[str, ...] = ("item",),
    front: str = "none",
    below: str = "",
    end: str = "",
    value: str = "",
    taller: float = 0.0,
) -> None:
    """Rows of one list, of the look's kind: between lines, on a card, or bare. `below` and `value` name sources of texts."""
    s = area.screen
    h = max(s.row_height, s.size * (3.0 if below else 2.2)) + taller * s.size
    count = area.rows(count, h)
    if not count:
        return
    top, card = area.y, s.look.rows == "cards"
    if card:
        s.canvas.rect((area.x, top, area.x + area.w, top + count * h), s.theme.panel, None, s.radius)
    for k in range(count):
        kind = s.rng.choice(kinds)
        row(
            s, area.x, top + k * h, area.w, h, source if kind != "switch" or source != "setting" else "switch",
            kind=kind, front=front,
            below=_line(s, below) if below else "",
            end=end if kind == "item" else "",
            value=texts.text(s.rng, value, s.lang) if value else "",
            chevron=kind == "item" and s.look.chevrons and end in ("", "value"),
            line=s.look.rows == "lines" or (card and k < count - 1),
        )  # fmt: skip
    area.y = top + count * h + s.size * 0.6


def _line(s: Styled, source: str) -> str:
    if source == "phrase" or s.rng.random() < 0.2:
        return phrase(s.rng, s.lang, s.rng.randint(2, 4))
    return texts.text(s.rng, source, s.lang)
