"""What pages hold: any elements below and beside each other, and boxes in boxes, as deep as there is room for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from training.web import boxes
from training.web.boxes import stacked
from training.web.pieces import Maker, Piece

Make = Callable[[Maker, float, int], Piece | None]  # None: the place is too narrow


def _wide(w: float, m: Maker, letters: float) -> bool:
    return w >= m.page.size * letters


# leaves and lines


def _heading(m: Maker, w: float, depth: int) -> Piece | None:
    return m.heading(w, 2 if depth == 0 and m.page.rng.random() < 0.75 else 3)


def _buttons(m: Maker, w: float, depth: int) -> Piece | None:
    """One button, or several side by side; small ones with numbers turn pages."""
    p, rng = m.page, m.page.rng
    count = rng.choice([1, 1, 2, 3])
    if count == 1:
        made = m.button(w, rng.random() < 0.2)
        start = (w - made.wide) / 2 if m.sheet.centred else 0.0
        return Piece(made.html, made.high, lambda x, y: made.draw(x + start, y))
    found, free = [], w
    for _ in range(count):
        made = m.button(min(w, p.size * 9))
        if made.wide > free:
            break
        found.append(made)
        free -= made.wide + p.size * 0.7
    if len(found) < 2:
        return None
    return boxes.beside(found, p.size * 0.7, w, rng.choice(["left", "left", "middle", "right"]))


def links(m: Maker, w: float, most: int = 5, spread: str = "", bare: bool = False) -> Piece | None:
    """Links side by side are a nav, whatever stands between them."""
    p, rng, found = m.page, m.page.rng, []
    gap, free = p.size * rng.uniform(1.0, 1.8), w
    for _ in range(rng.randint(2, most)):
        made = m.link(w, rng.choice(["link", "tab"]), bare)
        if made.wide > free:
            break
        found.append(made)
        free -= made.wide + gap
    if len(found) < 2:
        return None
    sign = rng.choice(["", "", "/", "|", ">"])
    line = boxes.beside(found, gap, w, spread or rng.choice(["left", "left", "middle", "right"]), "nav")
    if not sign or spread:
        return line
    return _divided(m, found, gap, sign, line)


def _divided(m: Maker, found: list[Piece], gap: float, sign: str, line: Piece) -> Piece:
    """Links at the left with a sign between them."""

    def draw(x: float, y: float) -> None:
        for k, piece in enumerate(found):
            piece.draw(x, y)
            x += piece.wide + gap
            if k < len(found) - 1:
                m.ink(x - gap / 2, y + piece.high / 2, sign, m.page.size, m.page.theme.faint, anchor="mm")

    return Piece(line.html, line.high, draw, line.wide)


def _link(m: Maker, w: float, depth: int) -> Piece | None:
    return m.link(w)


def _navigation(m: Maker, w: float, depth: int) -> Piece | None:
    return links(m, w)


def _search(m: Maker, w: float, depth: int) -> Piece | None:
    """A field and its button side by side are a form."""
    if not _wide(w, m, 16):
        return None
    act = m.button(m.page.size * 8)
    room = min(w - act.wide - m.page.size * 0.5, m.page.size * 20)
    return boxes.beside([m.entry(room), act], m.page.size * 0.5, w, "left", "form")


def form(m: Maker, w: float, depth: int) -> Piece | None:
    """Fields below their names, boxes to tick, a button at the end."""
    p, rng = m.page, m.page.rng
    wide, count = w * rng.choice([1, rng.uniform(0.6, 1)]), rng.randint(1, 3)
    found = [m.labelled(wide) for _ in range(count)]
    if rng.random() < 0.5:
        kind = rng.choice(["checkbox", "checkbox", "radio"])
        found += [m.tick(wide, kind) for _ in range(rng.randint(1, 2) + (kind == "radio"))]
    found.append(m.button(wide, rng.random() < 0.4))
    return stacked(found, p.size * 0.55, "<form>{}</form>")


def leaf(make: Callable[[Maker, float], Piece], letters: float = 0.0) -> Make:
    return lambda m, w, depth: make(m, w) if _wide(w, m, letters) else None


def _list(m: Maker, w: float, depth: int) -> Piece | None:
    return m.items(w, m.page.rng.choice(["ul", "ul", "ol"]))


def _details(m: Maker, w: float, depth: int) -> Piece | None:
    """One that opens, or some below each other."""
    count = m.page.rng.randint(1, 3)
    return stacked([m.details(w) for _ in range(count)], 2)


def choose(m: Maker, kinds: list[tuple[Make, float]]) -> Make:
    """One of them by its share; the training draws more rules, because they are overlooked most."""
    pool, shares = zip(*kinds, strict=True)
    make: Make = m.page.rng.choices(pool, shares)[0]
    return _RULE if not m.page.held_out and _RULE in pool and m.page.rng.random() < 0.04 else make


def merges(previous: Make | None, make: Make) -> bool:
    """Whether an element below that one would look like a part of it."""
    if previous is form:
        return make in (form, _buttons)
    return make is previous and make not in (PARAGRAPH, CARD)


# boxes


def flow(m: Maker, w: float, depth: int, most: int, kinds: list[tuple[Make, float]] | None = None) -> list[Piece]:
    """A few elements below each other; none looks like a part of the one above."""
    found: list[Piece] = []
    previous = None
    for _ in range(most + 2):
        make = choose(m, kinds or LEAVES)
        if len(found) == most or merges(previous, make):
            continue
        if piece := make(m, w, depth):
            found.append(piece)
            previous = make
    return found or [m.paragraph(w)]


def _inner(m: Maker, w: float, depth: int, most: int) -> Piece:
    """What stands in a box: often a heading and what belongs to it."""
    found = [m.heading(w, 3)] if m.page.rng.random() < 0.6 else []
    more = flow(
        m, w, depth + 1, m.page.rng.randint(1 if found else 2, most), LEAVES if depth else LEAVES + _SMALL_BOXES
    )
    return stacked(found + more, m.page.size * m.sheet.gap * 0.8)


def _card(m: Maker, w: float, depth: int) -> Piece | None:
    pad = m.page.size * m.sheet.pad
    if not _wide(w - 2 * pad, m, 8):
        return None
    return boxes.card(m, _inner(m, w - 2 * pad, depth, 3), w, pad)


def _columns(m: Maker, w: float, depth: int) -> Piece | None:
    """Two or three bare columns, each a section; or a picture beside one."""
    p, rng, gap = m.page, m.page.rng, m.page.size * m.page.rng.uniform(1.2, 2.2)
    count = rng.choice([2, 2, 3])
    if not _wide(w, m, 11 * count):
        return None
    shares = [rng.uniform(0.8, 1.4) if rng.random() < 0.4 else 1.0 for _ in range(count)]
    widths = [(w - gap * (count - 1)) * share / sum(shares) for share in shares]
    cells = [boxes.column(stacked([m.heading(wide, 3), *flow(m, wide, depth + 1, rng.randint(1, 2))], p.size * m.sheet.gap), wide) for wide in widths]  # fmt: skip
    if count == 2 and rng.random() < 0.4:
        k = rng.randrange(2)
        picture = m.image(widths[k], 9)
        cells[k] = Piece(picture.html, picture.high, picture.draw, widths[k])
    return boxes.row_of(cells, gap)


def _cards(m: Maker, w: float, depth: int) -> Piece | None:
    """Cards of one kind side by side, in one or two rows."""
    p, rng, gap = m.page, m.page.rng, m.page.size * m.page.rng.uniform(0.6, 1.2)
    most = min(4, int(w / (p.size * 10)))
    if most < 2:
        return None
    count, rows = rng.randint(2, most), 2 if rng.random() < 0.2 else 1
    wide, pad = (w - gap * (count - 1)) / count, p.size * m.sheet.pad
    room = wide - 2 * pad
    parts = [kind for kind, share in _CARD_PARTS if rng.random() < share]
    if len(parts) < 2:  # a word alone in a box would look like a button
        parts = rng.choice([["h3", "p"], ["img", "h3"], ["p", "button"], ["h3", "list"]])
    if parts[0] == "img" and rng.random() < 0.4:
        parts[0] = "symbol"
    count_of_words = rng.randint(1, 2)
    inner = []
    for _ in range(count * rows):
        made: list[Piece] = []
        for part in parts:
            made.append(_part(m, part, room, count_of_words))
        inner.append(stacked(made, p.size * 0.5))
    high = max(piece.high for piece in inner) + 2 * pad
    cells = [boxes.card(m, piece, wide, pad, high) for piece in inner]
    return boxes.rows_of([cells[k : k + count] for k in range(0, len(cells), count)], gap)


_CARD_PARTS = [("img", 0.4), ("h3", 0.75), ("p", 0.6), ("list", 0.2), ("a", 0.2), ("button", 0.35)]


def _part(m: Maker, part: str, w: float, lines: int) -> Piece:
    if part == "img":
        made = m.image(w, 5)
    elif part == "symbol":
        made = m.symbol()
    elif part == "h3":
        made = m.heading(w, 3)
    elif part == "p":
        made = m.paragraph(w, lines)
    elif part == "list":
        made = m.items(w, "ul", 1)
    elif part == "a":
        made = m.link(w)
    else:
        made = m.button(w)
    return made


def band(m: Maker, w: float, depth: int, bleed: float = 0.0) -> Piece | None:
    """A coloured field: heading, words, what to do."""
    p, rng, middle = m.page, m.page.rng, m.sheet.centred or m.page.rng.random() < 0.3
    kind = m.sheet.band
    if kind != "dark" and max(p.accent) - min(p.accent) < 60:
        kind = "dark"  # a grey band would look like a card
    pad = p.size * rng.uniform(0.9, 2.0)
    room, plain = w - 2 * pad, m.sheet
    if not _wide(room, m, 10):
        return None
    if middle:
        m.sheet = replace(plain, centred=True)
    found = [m.heading(room, 2)]
    if rng.random() < 0.8:
        found.append(m.paragraph(room, 2, middle))
    extra = rng.choice([_buttons, _buttons, _search, _navigation, None])
    if extra and (piece := extra(m, room, depth)):
        found.append(piece)
    m.sheet = plain
    return boxes.band(m, stacked(found, p.size * 0.6), w, pad, bleed, kind)


PARAGRAPH, CARD, _RULE = leaf(Maker.paragraph), _card, leaf(Maker.rule)
LEAVES: list[tuple[Make, float]] = [
    (_heading, 1.1), (PARAGRAPH, 2.2), (_buttons, 1.3), (_list, 1.3), (_link, 0.5), (leaf(Maker.entry), 0.5), (leaf(Maker.image), 0.8),
    (leaf(Maker.figure), 0.6), (leaf(Maker.quote, 9), 0.4), (_RULE, 0.4), (leaf(Maker.table, 11), 0.7), (form, 0.9),
    (_search, 0.5), (_navigation, 0.5), (_details, 0.5), (leaf(Maker.choice), 0.2),
]  # fmt: skip
_SMALL_BOXES: list[tuple[Make, float]] = [(_card, 0.5)]
BOXES: list[tuple[Make, float]] = [(_card, 1.4), (_cards, 2.6), (_columns, 2.2), (band, 1.2)]
ASIDE: list[tuple[Make, float]] = [
    (PARAGRAPH, 1), (_list, 1.5), (leaf(Maker.image), 0.7), (_buttons, 0.7), (leaf(Maker.entry), 0.6), (_heading, 0.6)
]  # fmt: skip
