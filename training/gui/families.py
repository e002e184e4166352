"""Families of pages, of phones and of desktops: settings, chats, shops, players, windows and the like."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from PIL import Image

from training.draw import mix, photo, sides
from training.gui import contents, forms, frames, lists
from training.gui.rows import Area
from training.gui.styled import Styled

Page = Callable[[Styled, Area], None]


def _settings(s: Styled, area: Area) -> None:
    if s.rng.random() < 0.25:
        contents.profile(area)
    for _ in range(s.rng.randint(1, 3)):
        s.rng.choice([lists.settings, lists.settings, lists.settings, forms.choices, forms.sliders])(area)
    if s.rng.random() < 0.3:
        forms.buttons(area, 1)


def _search(s: Styled, area: Area) -> None:
    if s.rng.random() < 0.5 and (y := area.take(s.size * 2.2, s.size * 0.5)) is not None:
        s.find(area.x, y, area.w, s.size * 2.2)
    if s.rng.random() < 0.3:
        forms.chips(area)
    elif s.rng.random() < 0.2 and (y := area.take(s.size * 2.1, s.size * 0.4)) is not None:
        s.tabs(area.x, y, area.w, s.size * 2.1, s.rng.randint(2, 3))


def _list(of: Callable[[Area], None]) -> Page:
    def page(s: Styled, area: Area) -> None:
        _search(s, area)
        of(area)

    return page


def _cards(s: Styled, area: Area) -> None:
    if s.rng.random() < 0.3:
        contents.heading(area)
    for _ in range(3):
        contents.card(area)


def _form(s: Styled, area: Area) -> None:
    """Signing in or up, or sending something."""
    if s.rng.random() < 0.3:
        contents.paragraph(area)
    forms.form(area, s.rng.randint(1, 4))
    if s.rng.random() < 0.3:
        forms.buttons(area, s.rng.randint(1, 2))


def _survey(s: Styled, area: Area) -> None:
    for block in s.rng.sample([forms.choices, lists.tasks, forms.sliders, forms.choices], s.rng.randint(2, 3)):
        block(area)
    forms.buttons(area, s.rng.randint(1, 2))


def _wizard(s: Styled, area: Area) -> None:
    forms.steps(area)
    s.rng.choice([_form_fields, _options, _settings])(s, area)
    forms.buttons(area, 2)


def _form_fields(s: Styled, area: Area) -> None:
    for _ in range(s.rng.randint(1, 3)):
        if (y := area.take(s.field_height(), s.size * 0.6)) is not None:
            s.field(area.x, y, area.w, s.rng.choice(["input", "input", "dropdown"]))


def _options(s: Styled, area: Area) -> None:
    forms.choices(area)


def _article(s: Styled, area: Area) -> None:
    if s.rng.random() < 0.6:
        contents.image(area, 0.4)
    contents.heading(area, "title", s.rng.uniform(1.2, 1.5))
    contents.paragraph(area, s.rng.randint(2, 5))
    if s.rng.random() < 0.5:
        contents.heading(area, "section", 1.15)
        contents.paragraph(area, s.rng.randint(1, 2))
    if (y := area.take(s.size * 1.8)) is not None:
        forms.links(area, y)


def _conversation(s: Styled, area: Area) -> None:
    contents.bubbles(area)


def _dashboard(s: Styled, area: Area) -> None:
    """Two columns of cards or lists, where there is room for two."""
    if area.w < s.size * 26:
        _settings(s, area)
        return
    half = area.w / 2 - s.size * 0.5
    for k in range(2):
        column = Area(s, area.x + k * (half + s.size), area.y, half, area.bottom, area.most - 4 * (1 - k))
        s.rng.choice([contents.card, lists.settings, lists.tasks, lists.appointments, lists.people, forms.sliders])(
            column
        )
    area.y = area.bottom


def _player(s: Styled, area: Area) -> None:
    contents.player(area)
    if s.rng.random() < 0.4:
        lists.songs(area)


def _product(s: Styled, area: Area) -> None:
    """One thing that is for sale: what it looks like, costs, and which kinds there are."""
    rng, size = s.rng, s.size
    contents.image(area, 0.45)
    contents.heading(area, "product", 1.3)
    if (y := area.take(size * 1.9)) is not None:
        text, box = s.put(area.x, y + size, area.w, s.fresh("text", "price"), round(size * 1.2), s.readable, True)
        s.add("text", text, box)
    contents.paragraph(area, rng.randint(0, 2))
    if rng.random() < 0.5:
        forms.choices(area)
    forms.buttons(area, rng.randint(1, 2))


def _mixed(s: Styled, area: Area) -> None:
    """Anything below anything."""
    for block in s.rng.sample(MIXED, 4):
        block(area)


def fill(page: Page, s: Styled, area: Area) -> None:
    """The page, and something below it while it is hardly begun."""
    top, before = area.y, len(s.controls)
    page(s, area)
    for _ in range(4):
        if len(s.controls) - before < 5 and area.y - top < (area.bottom - top) * 0.6 and page is not _conversation:
            s.rng.choice(MIXED)(area)


def _field(area: Area) -> None:
    _form_fields(area.screen, area)


def _picture(area: Area) -> None:
    contents.image(area, 0.4)


def _buttons(area: Area) -> None:
    forms.buttons(area, area.screen.rng.randint(1, 3))


MIXED = [
    lists.settings, lists.people, lists.files, lists.products, lists.appointments, lists.tasks, lists.notifications, forms.choices,
    forms.sliders, contents.card, contents.heading, contents.paragraph, forms.chips, contents.table, contents.profile, _field, _picture, _buttons,
]  # fmt: skip
LISTS: list[Page] = [
    _list(of)
    for of in (
        lists.people,
        lists.chats,
        lists.files,
        lists.products,
        lists.appointments,
        lists.songs,
        lists.tasks,
        lists.notifications,
    )
]
PHONE: list[tuple[Page, float]] = [
    (_settings, 5), *((page, 0.7) for page in LISTS), (_cards, 1), (_form, 3), (_survey, 1.2), (_wizard, 1), (_article, 1),
    (_conversation, 1.2), (_player, 1), (_product, 1.2), (_mixed, 3),
]  # fmt: skip
DESKTOP: list[tuple[Page, float]] = [
    (_settings, 4), *((page, 0.4) for page in LISTS), (_list(contents.table), 2.5), (_cards, 0.7), (_form, 2.5), (_survey, 1), (_wizard, 0.7),
    (_article, 1), (_dashboard, 2), (_mixed, 2), (_conversation, 0.5),
]  # fmt: skip


def _pick(rng: Random, pages: list[tuple[Page, float]]) -> Page:
    return rng.choices([page for page, _ in pages], [weight for _, weight in pages])[0]


def phone(rng: Random, lang: str, held_out: bool, tokens: int) -> Styled:
    """A page of a phone, or a sheet that has come up over a map or a photograph."""
    width, height = sides(rng, tokens, (0.42, 0.75))
    s = Styled(rng, lang, held_out, width, height, rng.randint(max(12, width // 30), max(13, min(23, width // 16))))
    page = _pick(rng, PHONE)
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
    if page is _conversation or roll < 0.04:
        foot, room = frames.composer, s.size * 3.2
    elif roll < 0.4:
        foot, room = frames.navigation, s.size * 3.2
    elif roll < 0.5:
        foot, room = frames.actions, s.size * 3.8
    else:
        room = s.size * 0.3
    area = Area(s, margin, y, width - 2 * margin, height - room, 10 if foot else 12)
    fill(page, s, area)
    if foot in (None, frames.navigation) and rng.random() < 0.3 and area.y + s.size * 4.4 < area.bottom:
        frames.float_button(s, area.bottom)
    if foot:
        foot(s)
    return s


def _sheet(s: Styled, page: Page) -> None:
    rng, c, w, h = s.rng, s.canvas, s.canvas.width, s.canvas.height
    top = h * rng.uniform(0.25, 0.5)
    c.image.paste(Image.fromarray(photo(rng, w, h)), (0, 0))
    c.rect((0, top, w, h + 30), s.theme.background, None, rng.choice([8, 16, 24]))
    c.rect((w / 2 - s.size, top + s.size * 0.5, w / 2 + s.size, top + s.size * 0.5 + 4), s.off_color, None, 2)
    y = top + s.size * 1.2
    if rng.random() < 0.7:
        frames.name_page(s, s.size, y + s.size, w - 2 * s.size, s.theme.text, 1.2, rng.random() < 0.4)
        y += s.size * 2.2
    fill(page, s, Area(s, s.size, y, w - 2 * s.size, h - s.size * 0.3))


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
    fill(_pick(rng, DESKTOP), s, Area(s, left + size, y + size * 0.6, wide, h - size * 0.4, 13))


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
    page = rng.choice([_list(lists.files), _list(contents.table), _article, _mixed, _settings, _form])
    fill(page, s, Area(s, left + size, y + size * 0.6, w - left - size * 2, h - size * 0.5, 13))


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
        fill(rng.choice([_settings, _form, _mixed, _article, _options, *LISTS]), s, area)
