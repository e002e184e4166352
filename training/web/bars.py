"""What stands around the middle of a page: its header, a bar of links, its footer, a side."""

from __future__ import annotations

from training.draw import bright, mix
from training.web import boxes
from training.web.boxes import stacked
from training.web.grammar import ASIDE, flow, links
from training.web.pieces import Maker, Piece


def header(m: Maker, margin: float) -> Piece:
    """A bar with the page's name, links, a field, buttons, in any order but for the name."""
    p, rng, kind = m.page, m.page.rng, m.page.rng.choice(["accent", "dark", "plain", "plain", "tint"])
    w, high = p.width - 2 * margin, p.size * rng.uniform(2.2, 4)
    text, size = m.line(p.label("title"), w * 0.5, rng.uniform(1.1, 1.5), True)
    title = Piece(f"<h1>{text}</h1>", p.size * 1.6, lambda x, y: m.ink(x, y + p.size * 0.8, text, size, p.ink, True))
    title.wide = p.canvas_width(text, size)
    middle, left = rng.random() < 0.12, [title]
    if rng.random() < 0.2:
        mark = m.symbol()
        left.insert(0, mark)
        high = max(high, mark.high + p.size * 0.8)
    room = w - sum(piece.wide + p.size for piece in left)
    right: list[tuple[str, Piece]] = []
    for what in rng.sample(["nav", "nav", "entry", "button"], rng.choice([0, 1, 1, 2, 2])) if not middle else []:
        if room < p.size * 7 or any(what == done for done, _ in right):
            continue
        made = (
            links(m, room, 5, "left", m.sheet.bare)
            if what == "nav"
            else m.entry(min(room, p.size * 11))
            if what == "entry"
            else m.button(min(room, p.size * 9))
        )
        if made is None or made.wide > room:
            continue
        right.append((what, made))
        room -= made.wide + p.size
    together = rng.random() < 0.3  # next to the name, or at the right end

    def draw(x: float, y: float) -> None:
        if kind == "plain":
            p.canvas.draw.line((0, y + high, p.width, y + high), fill=mix(p.ground, p.ink, 0.3))
            inside(x, y)
            return
        dark = (28, 30, 38) if bright(p.ground) > 100 else (60, 63, 72)
        color = {"accent": p.accent, "dark": dark}.get(kind, mix(p.ground, p.accent, 0.18))
        p.canvas.rect((0, y, p.width, y + high), color)
        with boxes.ground(p, color):
            p.painted["header"] = (color, p.ink)
            inside(x, y)

    def inside(x: float, y: float) -> None:
        at = margin + (w - title.wide) / 2 if middle and len(left) == 1 else margin
        for piece in left:
            piece.draw(at, y + (high - piece.high) / 2)
            at += piece.wide + p.size
        if not together:
            at = p.width - margin - sum(piece.wide for _, piece in right) - p.size * max(0, len(right) - 1)
        for _, piece in right:
            piece.draw(at, y + (high - piece.high) / 2)
            at += piece.wide + p.size

    html = "".join(piece.html for piece in [*left, *(piece for _, piece in right)])
    return Piece(f"<header>{html}</header>", high, draw)


def bar(m: Maker, margin: float) -> Piece | None:
    """A bar of links below the header: a nav of the page itself."""
    p, w = m.page, m.page.width - 2 * margin
    line = links(m, w, 6, m.page.rng.choice(["left", "middle"]), m.sheet.bare)
    if line is None:
        return None
    tinted, high = p.rng.random() < 0.5, p.size * 2.2

    def draw(x: float, y: float) -> None:
        if tinted:
            p.canvas.rect((0, y, p.width, y + high), mix(p.ground, p.ink, 0.08))
        else:
            p.canvas.draw.line((0, y + high, p.width, y + high), fill=mix(p.ground, p.ink, 0.3))
        line.draw(margin, y + (high - line.high) / 2)

    return Piece(line.html, high, draw)


def footer(m: Maker, margin: float) -> Piece:
    """Whose page it is, in one line with links; or columns of links above that line."""
    p, rng, w = m.page, m.page.rng, m.page.width - 2 * margin
    text, size = m.line(f"© 20{rng.randint(15, 29)} " + p.label(rng.choice(["city", "product"])), w, 0.9)
    own, gap = p.canvas_width(text, size, False), p.size * 1.4
    found, free = [], w - own - gap
    for _ in range(rng.choice([0, 0, 2, 3])):
        made = m.link(w, bare=m.sheet.bare)
        if made.wide <= free:
            found.append(made)
            free -= made.wide + gap
    columns = None
    if rng.random() < 0.25 and (count := min(3, int(w / (p.size * 9)))) > 1:
        wide = (w - gap * (count - 1)) / count
        cells = [
            boxes.column(stacked([m.heading(wide, 3), *(m.link(wide, bare=m.sheet.bare) for _ in range(2))], 2), wide)
            for _ in range(count)
        ]
        columns = boxes.row_of(cells, gap)
    high = p.size * 2.2 + (columns.high + p.size if columns else 0)
    kind, ends, faint = rng.choice(["plain", "plain", "tint", "dark"]), rng.random() < 0.4, rng.random() < 0.5

    def draw(x: float, y: float) -> None:
        top = p.canvas.height - high
        if kind == "plain":
            p.canvas.draw.line((0, top, p.width, top), fill=mix(p.ground, p.ink, 0.3))
            inside(top)
            return
        color = (30, 32, 40) if kind == "dark" and bright(p.ground) > 100 else mix(p.ground, p.ink, 0.1)
        p.canvas.rect((0, top, p.width, p.canvas.height), color)
        with boxes.ground(p, color):
            inside(top)

    def inside(top: float) -> None:
        if columns:
            columns.draw(margin, top + p.size * 0.6)
        cy, at = p.canvas.height - p.size * 1.1, float(margin)
        m.ink(at, cy, text, size, p.theme.faint if faint else p.ink)
        at += own + gap + (max(0.0, free) if ends else 0)
        for piece in found:
            piece.draw(at, cy - p.size * 0.75)
            at += piece.wide + gap

    html = (columns.html if columns else "") + text + "".join(piece.html for piece in found)
    return Piece(f"<footer>{html}</footer>", high, draw)


def aside(m: Maker, w: float, high: float) -> Piece:
    """Links below each other, or some small elements, at one side."""
    p, rng, pad = m.page, m.page.rng, m.page.size * 0.9
    room, found = w - 2 * pad, []
    if rng.random() < 0.4:
        found.append(m.heading(room, 3))
    if rng.random() < 0.6:
        more = [m.link(room, rng.choice(["link", "tab"]), m.sheet.bare) for _ in range(rng.randint(2, 6))]
    else:
        more = flow(m, room, 2, rng.randint(1, 3), ASIDE)
    for made in more:
        if sum(piece.high + p.size * 0.4 for piece in (*found, made)) > high - 2 * pad:
            break
        found.append(made)
    inner, tinted = stacked(found, p.size * 0.4), rng.random() < 0.5

    def draw(x: float, y: float) -> None:
        if not tinted:
            edge = x + w if x < p.width / 2 else x
            p.canvas.draw.line((edge, y, edge, y + high), fill=mix(p.ground, p.ink, 0.3))
            inner.draw(x + pad, y + pad)
            return
        color = mix(p.ground, p.ink, 0.09)
        p.canvas.rect((x, y, x + w, y + high), color)
        with boxes.ground(p, color):
            inner.draw(x + pad, y + pad)

    return Piece(f"<aside>{inner.html}</aside>", high, draw)
