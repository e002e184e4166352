"""Screens without a plan: bars at any edge, the rest cut into parts of any kind, and now and then something above it all."""

from __future__ import annotations

from random import Random

from training.draw import enlarged, sides
from training.gui import frames, inline, overlays
from training.gui.regions import Room, dressed, split
from training.gui.styled import Styled

_GROUNDS = ["none", "none", "panel", "panel", "accent", "dark", "edge"]
_LEFT = [["icon"], ["logo"], ["logo", "menu", "menu", "menu"], ["face"], ["icon", "icon"], []]
_RIGHT = [["icon"], ["icon", "icon"], ["icon", "icon", "icon"], ["search"], ["button"], ["link", "button"], ["face"], ["search", "icon"], ["chip"], ["link", "link"], []]  # fmt: skip


def compose(rng: Random, lang: str, held_out: bool, tokens: int, phone: bool) -> Styled:
    """A screen of a phone or a desktop."""
    for _ in range(4):
        s = _try(rng, lang, held_out, tokens, phone)
        if len(s.controls) > 2:
            break
    return s


def _try(rng: Random, lang: str, held_out: bool, tokens: int, phone: bool) -> Styled:
    width, height = sides(rng, tokens, (0.36, 0.85) if phone else (1.1, 2.4))
    shown, scale = (width, height), enlarged(rng, lang)
    width, height = round(width * scale), round(height * scale)
    size = rng.randint(12, max(13, min(26, width // 15))) if phone else rng.randint(11, max(12, min(22, width // 26)))
    s = Styled(rng, lang, held_out, width, height, size)
    s.shown = shown
    most = round(rng.choice([6, 9, 12, 12, 14, 16, 18]) * (1.3 if tokens > 400 else 1))
    foot = rng.random() < 0.35
    y = frames.status(s, s.theme.text) if phone and rng.random() < 0.6 else 0.0
    if not phone and height > size * 18 and rng.random() < 0.2:
        y, most = frames.browser(s), most + 4
    if rng.random() < 0.75:
        y = _bar(s, y)
    keep = size * rng.uniform(2.4, 3.4) if foot else 0.0
    room = Room(0, y, width, height - y - keep)
    if not phone and rng.random() < 0.45:
        room = _side(s, room)
    pad = size * rng.choice([0.3, 0.8, 1.5])
    if rng.random() < 0.12:  # all in the middle, with much room around
        pad = min(width, height) * rng.uniform(0.08, 0.2)
    if rng.random() < 0.2 and room.h > size * 14:
        overlays.scrolled(s, room, lambda inner: split(s, inner.inset(pad), most + 2 - len(s.controls)))
    elif room.h > size * 4:
        split(s, room.inset(pad), most - len(s.controls))
    if foot:
        _foot(s, height - keep, keep)
    above(s, height - keep)
    return s


def _bar(s: Styled, y: float) -> float:
    """A title, in a bar with other things or alone; where it ends."""
    rng, size, w = s.rng, s.size, s.canvas.width
    high, room = size * rng.uniform(2.3, 3.6), Room(0, y, s.canvas.width, 0)
    kind = rng.choice(_GROUNDS)
    if kind == "none" and rng.random() < 0.3:  # large, alone
        frames.name_page(s, size, y + high * 0.7, w - 2 * size, s.theme.text, rng.uniform(1.4, 2.2), rng.random() < 0.3)
        return y + high * 1.4
    with dressed(s, Room(0, y, room.w, high), 0, kind):
        cy, left, right = y + high / 2, size * 0.7, w - size * 0.7
        begin, end = rng.choice(_LEFT), rng.choice(_RIGHT)
        if "menu" in begin and w < size * 36:
            begin = begin[:1]
        if begin:
            wide = min(w * 0.5, size * (2.3 + 4.2 * (len(begin) - 1)))
            inline.line(s, left, cy, wide, begin, 3, "left")
            left += wide
        part = min(w * 0.42, size * (2.6 * len(end) + (6 if "search" in end or "button" in end else 2))) if end else 0.0
        titled = rng.random() < 0.85
        if titled and right - part - left > size * 4:
            big, middle = rng.uniform(1.0, 1.4), rng.random() < 0.3
            frames.name_page(s, left, cy, right - part - left - size * 0.5, s.theme.text, big, middle)
        inline.line(s, right - part, cy, part, end, 3, "right")
    return y + high + 2


def _side(s: Styled, room: Room) -> Room:
    """Navigation at the left: names, or icons alone; what is left of the room."""
    rng, size = s.rng, s.size
    if rng.random() < 0.35:
        wide = size * rng.uniform(2.6, 3.6)
        with dressed(s, Room(room.x, room.y, wide, room.h), 0, rng.choice(_GROUNDS)):
            step = size * rng.uniform(2.2, 3)
            for k, name in enumerate(rng.sample(inline.NAMES, min(rng.randint(3, 6), int(room.h / step)))):
                s.symbol(name, room.x + wide / 2, room.y + step * (k + 0.6), size)
    else:
        wide = min(room.w * 0.35, max(size * 8, room.w * rng.uniform(0.18, 0.28)))
        with dressed(s, Room(room.x, room.y, wide, room.h), 0, rng.choice(["none", "dark", "accent"])):
            frames.sidebar(s, room.x, room.y, wide - 1, room.y + room.h)
    return Room(room.x + wide, room.y, room.w - wide, room.h)


def _foot(s: Styled, y: float, high: float) -> None:
    """Tabs, tools, buttons or words along the lower edge."""
    rng, w = s.rng, s.canvas.width
    with dressed(s, Room(0, y, w, high), 0, rng.choice(_GROUNDS)):
        roll = rng.random()
        if roll < 0.45:
            s.tabs(0, y, w, high, rng.randint(2, max(2, min(5, int(w / (s.size * 3.5))))))
            return
        kinds = rng.choice(
            [
                ["icon"] * 5,
                ["link"] * 3,
                ["button", "button"],
                ["text", "icon", "icon"],
                ["search", "button"],
                ["input", "icon"],
                ["text", "link", "link"],
            ]
        )
        inline.line(s, s.size * 0.7, y + high / 2, w - s.size * 1.4, kinds, 5)


def above(s: Styled, bottom: float) -> None:
    """Now and then something that has come up above the screen."""
    roll = s.rng.random()
    if roll < 0.16:
        overlays.dialog(s)
    elif roll < 0.24:
        overlays.popover(s)
    elif roll < 0.28:
        overlays.toast(s)
    elif roll < 0.34:
        overlays.float_button(s, bottom)
