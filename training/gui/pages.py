"""Pages of one purpose, made of blocks: settings, lists, forms, articles, players, goods, and anything below anything."""

from __future__ import annotations

from collections.abc import Callable

from training.gui import contents, forms, lists, pieces
from training.gui.rows import Area

Page = Callable[[Area], None]


def settings(area: Area) -> None:
    s = area.screen
    if s.rng.random() < 0.25:
        contents.profile(area)
    for _ in range(s.rng.randint(1, 3)):
        s.rng.choice([lists.settings, lists.settings, lists.settings, forms.choices, forms.sliders])(area)
    if s.rng.random() < 0.3:
        forms.buttons(area, 1)


def _search(area: Area) -> None:
    s = area.screen
    if s.rng.random() < 0.5 and (y := area.take(s.size * 2.2, s.size * 0.5)) is not None:
        s.find(area.x, y, area.w, s.size * 2.2)
    if s.rng.random() < 0.3:
        forms.chips(area)
    elif s.rng.random() < 0.2 and (y := area.take(s.size * 2.1, s.size * 0.4)) is not None:
        s.tabs(area.x, y, area.w, s.size * 2.1, s.rng.randint(2, 3))


def listing(of: Page) -> Page:
    """The list, often below a search box, chips or tabs."""

    def page(area: Area) -> None:
        _search(area)
        of(area)

    return page


def _cards(area: Area) -> None:
    s = area.screen
    if s.rng.random() < 0.3:
        contents.heading(area)
    for _ in range(3):
        contents.card(area)


def form(area: Area) -> None:
    """Signing in or up, or sending something."""
    s = area.screen
    if s.rng.random() < 0.3:
        contents.paragraph(area)
    forms.form(area, s.rng.randint(1, 4))
    if s.rng.random() < 0.3:
        forms.buttons(area, s.rng.randint(1, 2))


def _survey(area: Area) -> None:
    s = area.screen
    for block in s.rng.sample([forms.choices, lists.tasks, forms.sliders, forms.choices], s.rng.randint(2, 3)):
        block(area)
    forms.buttons(area, s.rng.randint(1, 2))


def _wizard(area: Area) -> None:
    s = area.screen
    forms.steps(area)
    s.rng.choice([forms.fields, forms.choices, settings])(area)
    forms.buttons(area, 2)


def article(area: Area) -> None:
    s = area.screen
    if s.rng.random() < 0.6:
        contents.image(area, 0.4)
    contents.heading(area, "title", s.rng.uniform(1.2, 1.5))
    contents.paragraph(area, s.rng.randint(2, 5))
    if s.rng.random() < 0.5:
        contents.heading(area, "section", 1.15)
        contents.paragraph(area, s.rng.randint(1, 2))
    if (y := area.take(s.size * 1.8)) is not None:
        forms.links(area, y)


def _dashboard(area: Area) -> None:
    """Two columns of cards or lists, where there is room for two."""
    s = area.screen
    if area.w < s.size * 26:
        settings(area)
        return
    half = area.w / 2 - s.size * 0.5
    for k in range(2):
        column = Area(s, area.x + k * (half + s.size), area.y, half, area.bottom, area.most - 4 * (1 - k))
        s.rng.choice([contents.card, lists.settings, lists.tasks, lists.appointments, lists.people, forms.sliders])(
            column
        )
    area.y = area.bottom


def _player(area: Area) -> None:
    s = area.screen
    contents.player(area)
    if s.rng.random() < 0.4:
        lists.songs(area)


def _product(area: Area) -> None:
    """One thing that is for sale: what it looks like, costs, and which kinds there are."""
    s, rng, size = area.screen, area.screen.rng, area.screen.size
    contents.image(area, 0.45)
    contents.heading(area, "product", 1.3)
    if (y := area.take(size * 1.9)) is not None:
        text, box = s.put(area.x, y + size, area.w, s.fresh("text", "price"), round(size * 1.2), s.readable, True)
        s.add("text", text, box)
    contents.paragraph(area, rng.randint(0, 2))
    if rng.random() < 0.5:
        forms.choices(area)
    forms.buttons(area, rng.randint(1, 2))


def _apps(area: Area) -> None:
    """Grids of icons with their names, one below the other, and nothing else."""
    for _ in range(area.screen.rng.randint(1, 2)):
        pieces.tiles(area)


def mixed(area: Area) -> None:
    """Anything below anything."""
    s = area.screen
    for block in s.rng.sample(MIXED, 4):
        block(area)


def fill(page: Page, area: Area) -> None:
    """The page, and something below it while it is hardly begun."""
    s = area.screen
    top, before = area.y, len(s.controls)
    page(area)
    for _ in range(4):
        if len(s.controls) - before < 5 and area.y - top < (area.bottom - top) * 0.6 and page is not contents.bubbles:
            s.rng.choice(MIXED)(area)


def _picture(area: Area) -> None:
    contents.image(area, 0.4)


def _buttons(area: Area) -> None:
    forms.buttons(area, area.screen.rng.randint(1, 3))


MIXED = [
    lists.settings, lists.people, lists.files, lists.products, lists.appointments, lists.tasks, lists.notifications, forms.choices,
    forms.sliders, contents.card, contents.heading, contents.paragraph, forms.chips, contents.table, contents.profile, forms.fields, _picture, _buttons,
]  # fmt: skip
LISTS: list[Page] = [
    listing(of)
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
    (settings, 5), *((page, 0.7) for page in LISTS), (_cards, 1), (form, 3), (_survey, 1.2), (_wizard, 1), (article, 1),
    (contents.bubbles, 1.2), (_player, 1), (_product, 1.2), (_apps, 1.5), (mixed, 3),
]  # fmt: skip
DESKTOP: list[tuple[Page, float]] = [
    (settings, 4), *((page, 0.4) for page in LISTS), (listing(contents.table), 2.5), (_cards, 0.7), (form, 2.5), (_survey, 1), (_wizard, 0.7),
    (article, 1), (_dashboard, 2), (_apps, 1.2), (mixed, 2), (contents.bubbles, 0.5),
]  # fmt: skip
