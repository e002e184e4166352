"""Blocks of web pages. Each draws itself below `y`, between `x` and `x + w`, and says how it is written: one way for each look."""

from __future__ import annotations

from collections.abc import Callable

from training.draw import mix, text_width
from training.stills import still
from training.web.page import Page, Part

Block = Callable[[Page, float, float, float], Part | None]  # None: no room


def heading(p: Page, x: float, y: float, w: float) -> Part | None:
    return _heading(p, x, y, w, 2, 1.45)


def _heading(p: Page, x: float, y: float, w: float, level: int, big: float) -> Part | None:
    high = p.size * (big + 0.55)
    if not p.fits(y, high):
        return None
    middle = p.centred
    text = p.put(x + w / 2 if middle else x, y + high / 2, w, p.heading(), big, True, anchor="mm" if middle else "lm")
    return Part(f"<h{level}>{text}</h{level}>", y + high)


def paragraph(p: Page, x: float, y: float, w: float) -> Part | None:
    """One to three lines."""
    text = (
        " ".join(p.sentence() for _ in range(p.rng.choice([1, 1, 2])))
        if p.lang != "zh"
        else p.sentence() + (p.sentence() if p.rng.random() < 0.3 else "")
    )
    lines = p.wrapped(text, w, p.rng.choice([1, 2, 3]))
    step = p.size * 1.45
    if not p.fits(y, step * len(lines) + p.size * 0.4):
        return None
    for k, line in enumerate(lines):
        p.put(x, y + step * (k + 0.6), w + 2, line)
    return Part(f"<p>{('' if p.lang == 'zh' else ' ').join(lines)}</p>", y + step * len(lines) + p.size * 0.4)


def _button(p: Page, x: float, y: float, w: float, wide: float = 0.0) -> tuple[str, float]:
    """Two letters high; the text, and where it ends. Half of the pages have other buttons than filled ones."""
    t = p.theme
    text, size = p.cut(p.label("button"), w - p.size * 1.6, p.size)
    wide = min(w, wide or text_width(text, t.font, size) + p.size * 1.6)
    p.canvas.rect((x, y, x + wide, y + p.size * 2), p.accent, None, t.radius * p.size * 2)
    p.painted.setdefault("button", (p.accent, t.on_accent))
    p.canvas.text(x + wide / 2, y + p.size, text, t.font, size, t.on_accent, "mm")
    return f"<button>{text}</button>", x + wide


def button(p: Page, x: float, y: float, w: float) -> Part | None:
    if not p.fits(y, p.size * 2.6):
        return None
    wide = w if p.rng.random() < 0.1 else 0.0
    return Part(_button(p, x, y + 2, w, wide)[0], y + p.size * 2.7)


def row(p: Page, x: float, y: float, w: float) -> Part | None:
    """Buttons side by side."""
    if not p.fits(y, p.size * 2.6):
        return None
    end, found = x, []
    for _ in range(p.rng.randint(2, 3)):
        if x + w - end < p.size * 8:
            break
        html, end = _button(p, end, y + 2, x + w - end)
        found.append(html)
        end += p.size * 0.7
    if len(found) < 2:
        return None if not found else Part(found[0], y + p.size * 2.7)
    return Part(f"<div>{''.join(found)}</div>", y + p.size * 2.7)


def _items(p: Page, x: float, y: float, w: float, count: int, numbered: bool) -> str:
    """The items of a list, a line and a half high each."""
    items, sign = [], p.rng.choice(["disc", "disc", "square", "dash"])
    for k in range(count):
        cy = y + p.size * (0.8 + 1.5 * k)
        if numbered:
            p.put(x + p.size * 1.1, cy, p.size * 2, f"{k + 1}.", anchor="rm")
        elif sign == "disc":
            p.canvas.draw.ellipse((x + 4, cy - 2, x + 8, cy + 2), fill=p.ink)
        elif sign == "square":
            p.canvas.draw.rectangle((x + 4, cy - 2, x + 8, cy + 2), fill=p.ink)
        else:
            p.canvas.draw.line((x + 2, cy, x + 9, cy), fill=p.ink)
        items.append(f"<li>{p.put(x + p.size * 1.4, cy, w - p.size * 1.5, p.short())}</li>")
    return "".join(items)


def _list(p: Page, x: float, y: float, w: float, tag: str) -> Part | None:
    count = p.rng.randint(2, 4)
    high = p.size * (1.5 * count + 0.4)
    if not p.fits(y, high):
        return None
    return Part(f"<{tag}>{_items(p, x, y, w, count, tag == 'ol')}</{tag}>", y + high)


def bullets(p: Page, x: float, y: float, w: float) -> Part | None:
    return _list(p, x, y, w, "ul")


def numbers(p: Page, x: float, y: float, w: float) -> Part | None:
    return _list(p, x, y, w, "ol")


def field(p: Page, x: float, y: float, w: float) -> Part | None:
    """A field that holds its own name."""
    if not p.fits(y, p.size * 2.6):
        return None
    wide = w * p.rng.uniform(0.4, 0.95)
    p.canvas.rect((x, y + 2, x + wide, y + p.size * 2), None, p.theme.faint, p.theme.radius * p.size)
    text = p.put(
        x + 7, y + p.size * 1.05, wide - 14, p.label(p.rng.choice(["input", "input", "search box"])), ink=p.theme.faint
    )
    return Part(f'<input placeholder="{text}">', y + p.size * 2.7)


def image(p: Page, x: float, y: float, w: float) -> Part | None:
    wide, high = min(w, p.size * p.rng.uniform(6, 14)), p.size * p.rng.uniform(4, 6)
    if not p.fits(y, high + p.size * 0.5):
        return None
    _photo(p, x, y, wide, high)
    return Part("<img>", y + high + p.size * 0.5)


def _photo(p: Page, x: float, y: float, w: float, h: float) -> None:
    still(p.canvas, (x, y, x + w, y + h), p.rng)


def figure(p: Page, x: float, y: float, w: float) -> Part | None:
    """A picture with a smaller line of text below it."""
    wide, high = min(w, p.size * p.rng.uniform(10, 20)), p.size * p.rng.uniform(4, 6)
    if not p.fits(y, high + p.size * 2):
        return None
    _photo(p, x, y, wide, high)
    text = p.put(x, y + high + p.size * 0.8, wide, p.sentence(4), 0.85, ink=p.theme.faint)
    return Part(f"<figure><img><figcaption>{text}</figcaption></figure>", y + high + p.size * 2)


def quote(p: Page, x: float, y: float, w: float) -> Part | None:
    if not p.fits(y, p.size * 2.6):
        return None
    p.canvas.rect((x, y + 2, x + 3, y + p.size * 2), p.accent)
    text = p.put(x + p.size, y + p.size * 1.05, w - p.size, p.sentence())
    return Part(f"<blockquote>{text}</blockquote>", y + p.size * 2.6)


def table(p: Page, x: float, y: float, w: float) -> Part | None:
    columns, rows = p.rng.randint(2, 4), p.rng.randint(2, 4)
    columns = max(2, min(columns, int(w / (p.size * 5))))
    high = p.size * p.rng.uniform(1.7, 2.1)
    if not p.fits(y, high * rows + p.size * 0.6):
        return None
    wide = min(w / columns, p.size * 8)
    style, head = p.rng.choice(["grid", "grid", "lines", "stripes"]), p.rng.choice([None, p.tint])
    lines = []
    for r in range(rows):
        top = y + r * high
        if (fill := head if r == 0 else p.tint if style == "stripes" and r % 2 == 0 else None) is not None:
            p.canvas.rect((x, top, x + wide * columns, top + high), fill)
        cells = []
        for c in range(columns):
            at, tag = x + c * wide, "th" if r == 0 else "td"
            text = p.label("subject" if r == 0 else "item") if r == 0 or c == 0 else str(p.rng.randint(1, 999))
            if style == "grid":
                p.canvas.rect((at, top, at + wide, top + high), None, p.theme.faint)
            cells.append(f"<{tag}>{p.put(at + 5, top + high / 2, wide - 8, text, bold=r == 0)}</{tag}>")
        if style == "lines":
            p.canvas.draw.line((x, top + high, x + wide * columns, top + high), fill=p.theme.faint)
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return Part(f"<table>{''.join(lines)}</table>", y + high * rows + p.size * 0.6)


def hero(p: Page, x: float, y: float, w: float) -> Part | None:
    """A coloured field with a large heading, a line and a button, in the middle or at the left."""
    high = p.size * 8
    if not p.fits(y, high):
        return None
    middle = p.rng.random() < 0.6
    p.canvas.rect((x, y, x + w, y + high - p.size * 0.6), p.tint, None, p.round)
    at, room, anchor = (x + w / 2, w - 2 * p.size, "mm") if middle else (x + p.size, w - 2 * p.size, "lm")
    title = p.put(at, y + p.size * 1.7, room, p.heading(), 1.8, True, anchor=anchor)
    text = p.put(at, y + p.size * 3.6, room, p.sentence(), anchor=anchor)
    wide = min(room, p.size * 8)
    html, _ = _button(p, at - wide / 2 if middle else at, y + p.size * 4.8, wide, wide)
    return Part(f"<section><h2>{title}</h2><p>{text}</p>{html}</section>", y + high)


def columns(p: Page, x: float, y: float, w: float) -> Part | None:
    """Two sections side by side: a small heading, and below it one or two blocks."""
    gap = p.size * 1.2
    wide = (w - gap) / 2
    if wide < p.size * 11 or not p.fits(y, p.size * 7):
        return None
    made, bottom = [], y
    for k in range(2):
        left = x + k * (wide + gap)
        html, low = "", y
        for block in (_small_heading, *p.rng.sample([paragraph, bullets, button, image, field], p.rng.randint(1, 2))):
            if part := block(p, left, low, wide):
                html, low = html + part.html, part.bottom
        made.append(f"<section>{html}</section>")
        bottom = max(bottom, low)
    return Part(f"<div>{''.join(made)}</div>", bottom + p.size * 0.3)


def _small_heading(p: Page, x: float, y: float, w: float) -> Part | None:
    return _heading(p, x, y, w, 3, 1.15)


def cards(p: Page, x: float, y: float, w: float) -> Part | None:
    """Two or three cards of the same kind: a picture or not, a small heading, a line, a button or not."""
    seen, acts = p.rng.random() < 0.4, p.rng.random() < 0.6
    high = p.size * (4.4 + 4 * seen + 2.4 * acts)

    def card(left: float, wide: float) -> str:
        top, inner = y + p.size * 0.3, wide - p.size * 1.4
        html = ""
        if seen:
            _photo(p, left + 1, y + 1, wide - 2, p.size * 4)
            html, top = "<img>", top + p.size * 4
        at = left + p.size * 0.7
        html += f"<h3>{p.put(at, top + p.size, inner, p.label(p.rng.choice(['product', 'event', 'city', 'song'])), 1.15, True)}</h3>"
        html += f"<p>{p.put(at, top + p.size * 2.7, inner, p.label('price') if p.rng.random() < 0.3 else p.sentence(3))}</p>"
        return html + (_button(p, at, top + p.size * 3.8, inner)[0] if acts else "")

    return _cards(p, x, y, w, high, card)


def plans(p: Page, x: float, y: float, w: float) -> Part | None:
    """Cards with a name, a price, a list and a button."""
    count = p.rng.randint(2, 3)
    high = p.size * (7.4 + 1.5 * count)

    def card(left: float, wide: float) -> str:
        at, inner = left + p.size * 0.7, wide - p.size * 1.4
        name = p.put(at, y + p.size * 1.3, inner, p.label("option"), 1.15, True)
        price = p.put(at, y + p.size * 3.0, inner, p.label("price"), 1.3, True)
        items = _items(p, at, y + p.size * 4.1, inner, count, False)
        html, _ = _button(p, at, y + p.size * (4.5 + 1.5 * count), inner, inner)
        return f"<h3>{name}</h3><p>{price}</p><ul>{items}</ul>{html}"

    return _cards(p, x, y, w, high, card)


def _cards(p: Page, x: float, y: float, w: float, high: float, draw: Callable[[float, float], str]) -> Part | None:
    gap = p.size * 0.8
    count = min(p.rng.randint(2, 3), int(w / (p.size * 10)))
    if count < 2 or not p.fits(y, high + gap):
        return None
    wide, edge = (w - gap * (count - 1)) / count, p.rng.random() < 0.5
    made = []
    for k in range(count):
        left = x + k * (wide + gap)
        fill = None if edge else mix(p.ground, p.ink, 0.06)
        p.canvas.rect((left, y, left + wide, y + high), fill, p.theme.faint if edge else None, p.round)
        made.append(f"<article>{draw(left, wide)}</article>")
    return Part(f"<div>{''.join(made)}</div>", y + high + gap)


def form(p: Page, x: float, y: float, w: float) -> Part | None:
    """Named fields below each other (text, several lines, a choice), a box to tick or not, and a button."""
    rng, size, html, low = p.rng, p.size, "", y
    wide, count = w * rng.uniform(0.6, 1), rng.randint(1, 3)
    tick = rng.random() < 0.4
    if not p.fits(y, size * (3.5 * count + 2.9 + 2 * tick)):
        return None
    faint, radius = p.theme.faint, p.theme.radius * size
    for _ in range(count):
        html += f"<label>{p.put(x, low + size * 0.7, wide, p.label('input'))}</label>"
        kind = rng.choice(["input", "input", "input", "select", "textarea"])
        high = size * (1.9 if kind != "textarea" or not p.fits(low, size * 12) else 3.4)
        top = low + size * 1.4
        p.canvas.rect((x, top, x + wide, top + high), None, faint, radius)
        if kind == "select":
            cx, cy, r = x + wide - size, top + high / 2, size * 0.25
            p.canvas.draw.line([(cx - r, cy - r / 2), (cx, cy + r / 2), (cx + r, cy - r / 2)], fill=p.ink, width=2)
            html += f"<select><option>{p.put(x + 7, cy, wide - size * 2.4, p.label('option'))}</option></select>"
        elif kind == "textarea" and high > size * 2:
            html += "<textarea></textarea>"
        else:
            html += "<input>"
        low = top + high + size * 0.4
    if tick:
        p.canvas.rect((x, low + size * 0.4, x + size, low + size * 1.4), None, faint, 2)
        text = p.put(x + size * 1.5, low + size * 0.9, wide - size * 2, p.label("checkbox"))
        html += f'<label><input type="checkbox">{text}</label>'
        low += size * 2
    made, _ = _button(p, x, low + 2, wide, wide if rng.random() < 0.4 else 0.0)
    return Part(f"<form>{html}{made}</form>", low + size * 2.8)


BLOCKS: list[tuple[Block, float]] = [
    (heading, 1.2), (paragraph, 2.2), (button, 1), (row, 0.8), (bullets, 1), (numbers, 0.7), (field, 0.8), (image, 0.8), (figure, 0.6),
    (quote, 0.5), (table, 1), (columns, 0.9), (cards, 1), (plans, 0.6), (form, 1.2),
]  # fmt: skip
