"""Screens of phones and desktops: a page in its frame, a sheet above a picture, a program, or several windows."""

from __future__ import annotations

from random import Random

from PIL import Image

from training.draw import mix, photo, sides
from training.gui import contents, forms, frames, lists, pages
from training.gui.rows import Area
from training.gui.styled import Styled


def _pick(rng: Random, choices: list[tuple[pages.Page, float]]) -> pages.Page:
    return rng.choices([page for page, _ in choices], [share for _, share in choices])[0]


def phone(rng: Random, lang: str, held_out: bool, tokens: int) -> Styled:
    """A page of a phone, or a sheet that has come up over a photograph."""
    width, height = sides(rng, tokens, (0.42, 0.75))
    s = Styled(
        rng, lang, held_out, width, height, rng.randint(min(23, max(12, width // 30)), max(13, min(23, width // 16)))
    )
    page = _pick(rng, pages.PHONE)
    if rng.random() < 0.07:
        _sheet(s, page)
        return s
    y = (frames.large_title if rng.random() < 0.25 else frames.top_bar)(s)
    if rng.random() < 0.12:
        s.tabs(0, y, width, s.size * 2.2, rng.randint(2, 4))
        y += s.size * 2.6
    margin = rng.uniform(0.4, 1.2) * s.size
    # what stands below comes last, so it is drawn last: room for it is kept
    foot, roll = None, rng.random()
    if page is contents.bubbles or roll < 0.04:
        foot, room = frames.composer, s.size * 3.2
    elif roll < 0.4:
        foot, room = frames.navigation, s.size * 3.2
    elif roll < 0.5:
        foot, room = frames.actions, s.size * 3.8
    else:
        room = s.size * 0.3
    area = Area(s, margin, y, width - 2 * margin, height - room, 10 if foot else 12)
    pages.fill(page, area)
    if foot in (None, frames.navigation) and rng.random() < 0.3 and area.y + s.size * 4.4 < area.bottom:
        frames.float_button(s, area.bottom)
    if foot:
        foot(s)
    return s


def _sheet(s: Styled, page: pages.Page) -> None:
    rng, c, w, h = s.rng, s.canvas, s.canvas.width, s.canvas.height
    top = h * rng.uniform(0.25, 0.5)
    c.image.paste(Image.fromarray(photo(rng, w, h)), (0, 0))
    c.rect((0, top, w, h + 30), s.theme.background, None, rng.choice([8, 16, 24]))
    c.rect((w / 2 - s.size, top + s.size * 0.5, w / 2 + s.size, top + s.size * 0.5 + 4), s.off_color, None, 2)
    y = top + s.size * 1.2
    if rng.random() < 0.7:
        frames.name_page(s, s.size, y + s.size, w - 2 * s.size, s.theme.text, 1.2, rng.random() < 0.4)
        y += s.size * 2.2
    pages.fill(page, Area(s, s.size, y, w - 2 * s.size, h - s.size * 0.3))


def desktop(rng: Random, lang: str, held_out: bool, tokens: int) -> Styled:
    """A window over the whole screen, or several side by side."""
    width, height = sides(rng, tokens, (1.1, 1.8))
    s = Styled(rng, lang, held_out, width, height, rng.randint(12, max(13, min(20, width // 28))))
    rng.choices([_pane, _several, _program], [5, 2, 3])[0](s)
    return s


def _top(s: Styled) -> float:
    """Title bar of a program: title, then a search box, icons or buttons; where it ends."""
    rng, t, size, w = s.rng, s.theme, s.size, s.canvas.width
    high = size * rng.uniform(2.2, 3)
    bar = rng.choice([t.panel, t.background, t.accent])
    s.canvas.rect((0, 0, w, high), bar)
    ink = t.on_accent if bar == t.accent else t.text
    frames.name_page(s, size, high / 2, w * 0.34, ink, rng.uniform(1.0, 1.3))
    roll = rng.random()
    if roll < 0.3 and bar != t.accent:
        s.find(w * 0.55, high * 0.12, w * 0.42, high * 0.76)
    elif roll < 0.7:
        names = rng.sample(frames.RIGHT, rng.randint(1, 3))
        for k, name in enumerate(names, 1 - len(names)):
            s.symbol(name, w - size * (1.4 - 2.2 * k), high / 2, size, ink)
    elif bar != t.accent:
        s.push(w - size * 7, high * 0.15, size * 6, high * 0.7)
    if rng.random() < 0.5:
        s.canvas.draw.line((0, high, w, high), fill=t.line)
    return high


def _pane(s: Styled) -> None:
    """A sidebar and a page, or the page alone."""
    rng, size, w, h = s.rng, s.size, s.canvas.width, s.canvas.height
    y, left = _top(s), 0.0
    if rng.random() < 0.55:
        left = max(w * rng.uniform(0.2, 0.3), size * 7)
        frames.sidebar(s, 0, y, left, h)
    elif rng.random() < 0.5:
        s.tabs(size * 0.5, y + 4, w * rng.uniform(0.5, 0.95), size * 2, rng.randint(3, 5))
        y += size * 2 + 8
    room = w - left - size * 2
    wide = room if rng.random() < 0.6 else room * rng.uniform(0.6, 0.9)
    pages.fill(_pick(rng, pages.DESKTOP), Area(s, left + size, y + size * 0.6, wide, h - size * 0.4, 13))


def _program(s: Styled) -> None:
    """Menus and tools above a page, as editors and file managers have."""
    rng, t, size, w, h = s.rng, s.theme, s.size, s.canvas.width, s.canvas.height
    area = frames.window(s, 0, 0, w - 1, h - 1)
    y = area.y - size * 0.4
    if menus := rng.random() < 0.7:
        frames.strip(s, size * 0.4, y, w - size, size * 1.9, "menu", "menu", rng.randint(3, 5))
        y += size * 1.9
    if not menus or rng.random() < 0.5:
        s.canvas.rect((1, y, w - 2, y + size * 2.3), t.panel)
        if rng.random() < 0.5:
            frames.strip(s, size * 0.4, y, w - size, size * 2.3, "button", "button", rng.randint(2, 4))
        else:
            frames.tools(s, size * 0.4, y, w - size, size * 2.3, rng.randint(3, 5))
        y += size * 2.3
    left = 0.0
    if rng.random() < 0.4:
        left = max(w * rng.uniform(0.2, 0.28), size * 7)
        frames.sidebar(s, 1, y, left, h - 2)
    page = rng.choice(
        [
            pages.listing(lists.files),
            pages.listing(contents.table),
            pages.article,
            pages.mixed,
            pages.settings,
            pages.form,
        ]
    )
    pages.fill(page, Area(s, left + size, y + size * 0.6, w - left - size * 2, h - size * 0.5, 13))


def _several(s: Styled) -> None:
    """Two or three windows side by side or one above the other, on a plain or a soft picture."""
    rng, size, w, h = s.rng, s.size, s.canvas.width, s.canvas.height
    if rng.random() < 0.5:
        s.canvas.image.paste(Image.fromarray(photo(rng, w, h)), (0, 0))
    else:
        s.canvas.rect((0, 0, w, h), mix(s.theme.accent, s.theme.text, rng.uniform(0, 0.4)))
    count = 3 if w > size * 45 else 2
    if rng.random() < 0.3:
        count = 2
    cut = sorted(rng.uniform(k + 0.8, k + 1.2) / count for k in range(count - 1))
    edges = [0.0, *cut, 1.0]
    for k in range(count):
        gap = size * rng.uniform(0.3, 1)
        x, wide = w * edges[k] + gap, w * (edges[k + 1] - edges[k]) - 2 * gap
        top, bottom = h * rng.uniform(0.01, 0.12), h * rng.uniform(0.85, 0.98)
        area = frames.window(s, x, top, wide, bottom - top, 13 - 4 * (count - 1 - k))
        pages.fill(
            rng.choice([pages.settings, pages.form, pages.mixed, pages.article, forms.choices, *pages.LISTS]), area
        )
