"""Pages that follow no template: bars and sides or none, and between them whatever there is room for."""

from __future__ import annotations

from random import Random

from training.web import sheet
from training.web.bars import aside, bar, footer, header
from training.web.grammar import BOXES, LEAVES, band, choose, merges
from training.web.page import Page
from training.web.pieces import Maker


def compose(p: Page, rng: Random) -> str:
    """Draws the page; what its body says."""
    m = Maker(p, sheet.choose(rng), round(rng.choice([400, 550, 700, 850]) * (0.75 if p.lang == "zh" else 1)))
    margin = p.size * rng.uniform(0.7, 2.2)
    head = header(m, margin) if rng.random() < 0.8 else None
    menu = bar(m, margin) if rng.random() < 0.2 else None
    foot = footer(m, margin) if rng.random() < 0.45 else None
    top = (head.high if head else 0) + (menu.high if menu else 0)
    bottom = p.canvas.height - (foot.high if foot else 0) - 2
    if bottom - top < p.size * 8:
        foot, bottom = None, p.canvas.height - 2
    left, right, sides = 0.0, float(p.width), []
    if p.width > p.size * 30 and rng.random() < 0.35:
        wide = p.width * rng.uniform(0.2, 0.3)
        side = aside(m, wide, bottom - top)
        at = 0.0 if rng.random() < 0.6 else p.width - wide
        sides = [(side, at)]
        left, right = (wide, right) if at == 0 else (0.0, at)
    narrow = (right - left) * rng.uniform(0.12, 0.22) if not sides and rng.random() < 0.15 else 0.0
    x, w = left + margin + narrow, right - left - 2 * (margin + narrow)
    found, y = [], top + p.size * 0.8
    previous, misses = None, 0
    room = m.room - sum(len(piece.html) for piece in (head, menu, foot, *(side for side, _ in sides)) if piece)
    for _ in range(20):
        below = bottom - y
        if below < p.size * 2 or room < 20:
            break
        make = choose(m, LEAVES if below < p.size * 9 or room < 120 else LEAVES + BOXES)
        if merges(previous, make):
            continue
        bleed = margin + narrow if make is band and not sides and rng.random() < 0.6 else 0.0
        piece = band(m, w, 0, bleed) if bleed else make(m, w, 0)
        if piece is None or y + piece.high > bottom or len(piece.html) > room:
            misses += 1
            if misses > 5:
                break
            continue
        found.append((piece, y))
        room -= len(piece.html)
        previous, y = make, y + piece.high + p.size * m.sheet.gap
    if not found:
        found = [(m.paragraph(w, 1), y)]
    if head:
        head.draw(0, 0)
    if menu:
        menu.draw(0, top - menu.high)
    for side, at in sides:
        side.draw(at, top)
    for piece, at in found:
        piece.draw(x, at)
    if foot:
        foot.draw(0, bottom)
    main = "<main>\n" + "\n".join(piece.html for piece, _ in found) + "\n</main>"
    before = [*filter(None, [head, menu]), *(side for side, at in sides if at == 0)]
    after = [*(side for side, at in sides if at > 0), *filter(None, [foot])]
    return "\n".join([*(piece.html for piece in before), main, *(piece.html for piece in after)])
