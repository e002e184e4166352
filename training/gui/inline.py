"""Controls side by side in one line: bars of programs, rows of tools, filters, breadcrumbs, whatever stands next to whatever."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from training.draw import Color, bright, text_width
from training.gui.styled import Styled
from training.icons import ICONS


class Inline(NamedTuple):
    """Something whose width is known before it is drawn, with its left edge at x, centred on y."""

    width: float
    draw: Callable[[float, float], None]


def _word(s: Styled, kind: str, source: str, most: float, pad: float, bold: bool = False) -> tuple[str, int, float]:
    text, size = s.fitted(s.fresh(kind, source), max(s.size * 2, most - 2 * pad), s.size, bold)
    return text, size, text_width(text, s.theme.bold if bold else s.theme.font, size) + 2 * pad


def _icon(s: Styled, most: float) -> Inline:
    name = s.rng.choice(NAMES)
    return Inline(s.size * 1.9, lambda x, y: s.symbol(name, x + s.size * 0.95, y, s.size))


def _button(s: Styled, most: float) -> Inline:
    wide = min(most, s.size * s.rng.uniform(3.5, 7))
    main, high = s.rng.random() < 0.5, s.size * s.rng.uniform(1.6, 2.1)
    return Inline(wide, lambda x, y: s.push(x, y - high / 2, wide, high, main))


def _chip(s: Styled, most: float) -> Inline:
    text, size, wide = _word(s, "button", s.rng.choice(["option", "section", "value"]), most, s.size * 0.7)
    edge, t = s.rng.random() < 0.5, s.theme

    def draw(x: float, y: float) -> None:
        box = (x, y - s.size * 0.85, x + wide, y + s.size * 0.85)
        s.canvas.rect(box, None if edge else s.tint, s.off_color if edge else None, s.size * 0.85)
        s.canvas.text(x + wide / 2, y, text, t.font, size, t.text, "mm")
        s.add("button", text, box)

    return Inline(wide, draw)


def _link(s: Styled, most: float) -> Inline:
    """Underlined, or in a colour that nothing else in the line has."""
    text, size, wide = _word(s, "link", "link", most, 2)

    def draw(x: float, y: float) -> None:
        box = s.canvas.text(x + 2, y, text, s.theme.font, size, s.readable)
        s.canvas.draw.line((box[0], box[3], box[2], box[3]), fill=s.readable)
        s.add("link", text, box)

    return Inline(wide, draw)


def _text(s: Styled, most: float) -> Inline:
    source = s.rng.choice(["value", "status", "time", "price", "section", "contact", "city"])
    text, size, wide = _word(s, "text", source, most, 2)
    ink = s.rng.choice([s.theme.text, s.theme.faint])
    return Inline(wide, lambda x, y: s.add("text", text, s.canvas.text(x + 2, y, text, s.theme.font, size, ink)))


def _menu(s: Styled, most: float) -> Inline:
    text, size, wide = _word(s, "menu", "menu", most, s.size * 0.5)

    def draw(x: float, y: float) -> None:
        s.canvas.text(x + s.size * 0.5, y, text, s.theme.font, size, s.theme.text)
        s.add("menu", text, (x, y - s.size * 0.8, x + wide, y + s.size * 0.8))

    return Inline(wide, draw)


def field_of(s: Styled, kind: str, x: float, y: float, w: float) -> None:
    """A field that holds its own name, whatever the look says, centred on y."""
    t, high = s.theme, s.size * 1.9
    name, box = s.fresh(kind, "input" if kind == "input" else "option"), (x, y - high / 2, x + w, y + high / 2)
    s.canvas.rect(box, t.field, s.off_color, min(t.radius, 0.5) * high)
    ink = t.faint if kind == "input" else t.text
    text, _ = s.put(x + s.size * 0.6, y, w - s.size * (2 if kind == "dropdown" else 1.2), name, s.size, ink)
    if kind == "dropdown":
        r, cx = s.size * 0.28, x + w - s.size * 0.9
        s.canvas.draw.line([(cx - r, y - r / 2), (cx, y + r / 2), (cx + r, y - r / 2)], fill=t.text, width=2)
    s.add(kind, text, box)


def _field(kind: str) -> Callable[[Styled, float], Inline]:
    def make(s: Styled, most: float) -> Inline:
        wide = min(most, s.size * s.rng.uniform(7, 14))
        return Inline(wide, lambda x, y: field_of(s, kind, x, y, wide))

    return make


def _search(s: Styled, most: float) -> Inline:
    wide, high = min(most, s.size * s.rng.uniform(8, 18)), s.size * 1.9
    return Inline(wide, lambda x, y: s.find(x, y - high / 2, wide, high))


def _choice(kind: str) -> Callable[[Styled, float], Inline]:
    def make(s: Styled, most: float) -> Inline:
        wide, on = min(most, s.size * s.rng.uniform(6, 8)), s.rng.random() < 0.5
        source = "checkbox" if kind == "checkbox" else "option"
        return Inline(wide, lambda x, y: s.choice(x, y - s.size, wide, s.size * 2, kind, on, source, left=True))

    return make


def _face(s: Styled, most: float) -> Inline:
    """A user's letter on a disc: only adorns. No icon stands on it, which would look like one that can be tapped."""
    color: Color = (s.rng.randint(40, 220), s.rng.randint(40, 220), s.rng.randint(40, 220))
    letter, ink = s.rng.choice("ABCDEFGHJKLMNPRSTWZ"), (255, 255, 255) if bright(color) < 150 else (25, 25, 25)

    def draw(x: float, y: float) -> None:
        r = s.size * 0.85
        s.canvas.draw.ellipse((x, y - r, x + 2 * r, y + r), fill=color)
        s.canvas.text(x + r, y, letter, s.theme.bold, s.small, ink, "mm")

    return Inline(s.size * 1.9, draw)


def _rule(s: Styled, most: float) -> Inline:
    def draw(x: float, y: float) -> None:
        s.canvas.draw.line((x + 2, y - s.size * 0.7, x + 2, y + s.size * 0.7), fill=s.theme.line)

    return Inline(5, draw)


def _logo(s: Styled, most: float) -> Inline:
    """A mark without words: only adorns."""
    color: Color = (s.rng.randint(0, 255), s.rng.randint(0, 255), s.rng.randint(0, 255))
    r, kind = s.size * 0.75, s.rng.randrange(3)

    def draw(x: float, y: float) -> None:
        if kind == 0:
            s.canvas.draw.polygon([(x, y + r), (x + r, y - r), (x + 2 * r, y + r)], fill=color)
        elif kind == 1:
            s.canvas.draw.pieslice((x, y - r, x + 2 * r, y + r), 30, 330, fill=color)
        else:
            s.canvas.rect((x, y - r, x + 2 * r, y + r), color, None, 4)
            s.canvas.draw.rectangle((x + r * 0.5, y - r * 0.5, x + r, y + r * 0.5), fill=s.theme.background)

    return Inline(s.size * 1.6, draw)


KINDS: dict[str, Callable[[Styled, float], Inline]] = {
    "icon": _icon, "button": _button, "chip": _chip, "link": _link, "text": _text, "menu": _menu, "input": _field("input"),
    "dropdown": _field("dropdown"), "search": _search, "checkbox": _choice("checkbox"), "radio": _choice("radio button"),
    "face": _face, "rule": _rule, "logo": _logo,
}  # fmt: skip
NAMES = sorted(ICONS)
_NO_CONTROLS = {"face", "rule", "logo"}


def line(s: Styled, x: float, y: float, w: float, kinds: Sequence[str], most: int, spread: str = "") -> None:
    """As many of these as there is room for, at most `most` controls: left, right, in the middle, or with the rest at the right end."""
    rng, gap, found, wide, left = s.rng, s.size * s.rng.uniform(0.4, 0.9), [], 0.0, most
    for kind in kinds:
        room = w - wide
        if room < s.size * 6 and kind not in ("icon", "face", "rule", "logo"):
            continue
        if kind not in _NO_CONTROLS and (left := left - 1) < 0:
            break
        made = KINDS[kind](s, room)
        if made.width <= room:
            found.append(made)
            wide += made.width + gap
    spread = spread or rng.choice(["left", "left", "right", "middle", "ends", "ends"])
    free = w - wide + gap
    at = x + {"right": free, "middle": free / 2}.get(spread, 0.0)
    turn = rng.randint(1, max(1, len(found) - 1)) if spread == "ends" else -1
    for k, made in enumerate(found):
        if k == turn:
            at += free
        made.draw(at, y)
        at += made.width + gap


def breadcrumbs(s: Styled, x: float, y: float, w: float, most: int) -> None:
    """Links with a mark between them; the last word is where we are."""
    rng, sign, count = s.rng, s.rng.choice([">", "/", "-"]), min(most, s.rng.randint(2, 4))
    for k in range(count):
        last = k == count - 1
        text, size = s.fitted(s.fresh("link", rng.choice(["section", "tab", "folder"])), s.size * 7, s.size)
        if x + text_width(text, s.theme.font, size) > w + x - s.size or w < s.size * 5:
            return
        box = s.canvas.text(x, y, text, s.theme.font, size, s.theme.text if last else s.readable)
        s.add("text" if last else "link", text, box)
        if not last:
            s.canvas.draw.line((box[0], box[3], box[2], box[3]), fill=s.readable)
            s.canvas.text(box[2] + s.size * 0.7, y, sign, s.theme.font, size, s.theme.faint, "mm")
        step = box[2] - x + s.size * 1.4
        x, w = x + step, w - step


def pagination(s: Styled, x: float, y: float, w: float, most: int) -> None:
    """Numbers of pages, each a small button; the current one is filled."""
    rng, t, side = s.rng, s.theme, s.size * 1.8
    count = min(most, rng.randint(3, 5), int(w / (side + 4)))
    first = rng.choice([1, 1, rng.randint(2, 90)])
    current, edge = rng.randrange(max(1, count)), rng.random() < 0.6
    at = x + rng.choice([0.0, (w - count * (side + 4)) / 2])
    for k in range(count):
        box, on = (at, y - side / 2, at + side, y + side / 2), k == current
        s.canvas.rect(box, t.accent if on else None, s.off_color if edge else None, min(t.radius, 0.5) * side)
        text = str(first + k)
        s.canvas.text(at + side / 2, y, text, t.font, s.size, t.on_accent if on else t.text, "mm")
        s.used.add(("button", text))
        s.add("button", text, box)
        at += side + 4
