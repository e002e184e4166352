"""Boxes that hold other elements: what stands side by side is a div, a card an article, a coloured band or a bare column a section."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from training.draw import Color, bright, mix, on_ground
from training.web.page import Page
from training.web.pieces import Maker, Piece


@contextmanager
def ground(p: Page, color: Color) -> Iterator[None]:
    """What is drawn meanwhile can be read on this colour."""
    before = (p.theme, p.ground, p.ink, p.link, p.accent, p.tint)
    p.theme = t = on_ground(p.theme, color)
    plain = p.link == p.ink
    p.ground, p.ink, p.accent = color, t.text, t.accent
    p.link = t.text if plain else t.accent
    p.tint = mix(color, p.accent, 0.16)
    yield
    p.theme, p.ground, p.ink, p.link, p.accent, p.tint = before


def stacked(pieces: list[Piece], gap: float, html: str = "{}") -> Piece:
    """One below the other."""

    def draw(x: float, y: float) -> None:
        for piece in pieces:
            piece.draw(x, y)
            y += piece.high + gap

    high = sum(piece.high for piece in pieces) + gap * max(0, len(pieces) - 1)
    return Piece(html.replace("{}", "".join(piece.html for piece in pieces)), high, draw)


def beside(pieces: list[Piece], gap: float, w: float = 0.0, spread: str = "left", tag: str = "div") -> Piece:
    """Side by side, as wide as each is: at the left, in the middle, at the right."""
    wide, high = sum(piece.wide for piece in pieces) + gap * (len(pieces) - 1), max(piece.high for piece in pieces)
    start = {"middle": (w - wide) / 2, "right": w - wide}.get(spread, 0.0)

    def draw(x: float, y: float) -> None:
        x += max(0.0, start)
        for piece in pieces:
            piece.draw(x, y + (high - piece.high) / 2)
            x += piece.wide + gap

    return Piece(f"<{tag}>{''.join(piece.html for piece in pieces)}</{tag}>", high, draw, wide)


def card(m: Maker, inner: Piece, w: float, pad: float, high: float = 0.0) -> Piece:
    """An article: a box with an edge, a shade or a ground of its own, at least `high`."""
    p, style = m.page, m.sheet.card
    high = max(high, inner.high + 2 * pad)
    dark = bright(p.ground) < 120

    def draw(x: float, y: float) -> None:
        box = (x, y, x + w, y + high)
        fill: Color | None = mix(p.ground, p.ink, 0.08) if style in ("fill", "both") else None
        if style == "shadow":
            p.canvas.rect(
                (x + 1, y + 2, x + w + 2, y + high + 3),
                mix(p.ground, (0, 0, 0), 0.25 if not dark else 0.6),
                None,
                p.round,
            )
            fill = mix(p.ground, (255, 255, 255), 0.1 if dark else 0.9)
        p.canvas.rect(box, fill, None if style == "fill" else mix(p.ground, p.ink, 0.3), p.round)
        if fill is None:
            inner.draw(x + pad, y + pad)
        else:
            with ground(p, fill):
                inner.draw(x + pad, y + pad)

    return Piece(f"<article>{inner.html}</article>", high, draw, w)


def row_of(cells: list[Piece], gap: float) -> Piece:
    """Boxes of known widths side by side, from the same height down."""

    def draw(x: float, y: float) -> None:
        for cell in cells:
            cell.draw(x, y)
            x += cell.wide + gap

    html = f"<div>{''.join(cell.html for cell in cells)}</div>"
    return Piece(html, max(cell.high for cell in cells), draw)


def rows_of(rows: list[list[Piece]], gap: float) -> Piece:
    """A grid: all its boxes stand in one div, row by row."""
    lines = [row_of(cells, gap) for cells in rows]

    def draw(x: float, y: float) -> None:
        for line in lines:
            line.draw(x, y)
            y += line.high + gap

    html = "".join(cell.html for cells in rows for cell in cells)
    high = sum(line.high for line in lines) + gap * (len(lines) - 1)
    return Piece(f"<div>{html}</div>", high, draw)


def column(inner: Piece, w: float) -> Piece:
    """A section without a ground: a column beside others."""
    return Piece(f"<section>{inner.html}</section>", inner.high, inner.draw, w)


def band(m: Maker, inner: Piece, w: float, pad: float, bleed: float, kind: str) -> Piece:
    """A section on a colour: over the whole width of the page's middle, `bleed` beyond its edges."""
    p, high = m.page, inner.high + 2 * pad

    def draw(x: float, y: float) -> None:
        dark: Color = (30, 32, 40) if bright(p.ground) > 100 else (225, 228, 235)
        color = {"accent": p.accent, "tint": mix(p.ground, p.accent, 0.2)}.get(kind, dark)
        p.canvas.rect((x - bleed, y, x + w + bleed, y + high), color, None, 0 if bleed else p.round)
        with ground(p, color):
            inner.draw(x + pad, y + pad)

    return Piece(f"<section>{inner.html}</section>", high, draw, w)
