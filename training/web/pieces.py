"""Elements of pages whose height is known before they are drawn, so that they can stand in each other: leaves here, boxes in `boxes`.

What an element is written as follows from how it looks: bold lines are headings by their height, boxes with a word in the middle buttons, a smaller line below
a picture its caption, lines behind dots or numbers items, a line behind a triangle a summary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from training.draw import Color, bright, mix, text_width
from training.gui.inline import NAMES as ICON_NAMES
from training.icons import paint
from training.stills import still
from training.web.page import Page
from training.web.sheet import Sheet


@dataclass
class Piece:
    """An element, or several that follow each other."""

    html: str
    high: float
    draw: Callable[[float, float], None]  # upper left corner
    wide: float = 0.0  # of what stands in a line with others


@dataclass
class Maker:
    """Makes the elements of one page."""

    page: Page
    sheet: Sheet
    room: int = 0  # characters of HTML that may still be written

    # texts

    def line(self, text: str, w: float, big: float = 1.0, bold: bool = False) -> tuple[str, int]:
        """A text and its size, no wider than `w`."""
        p = self.page
        return p.cut(text, w, max(10, round(p.size * big)), bold)

    def ink(
        self, x: float, y: float, text: str, size: int, color: Color, bold: bool = False, anchor: str = "lm"
    ) -> None:
        t = self.page.theme
        self.page.canvas.text(x, y, text, t.bold if bold else t.font, size, color, anchor)

    def heading(self, w: float, level: int) -> Piece:
        p, big, middle = self.page, self.sheet.h2 if level == 2 else self.sheet.h3, self.sheet.centred
        text, size = self.line(p.heading(), w, big, True)
        high = p.size * big * 1.25

        def draw(x: float, y: float) -> None:
            self.ink(x + w / 2 if middle else x, y + high / 2, text, size, p.ink, True, "mm" if middle else "lm")

        return Piece(f"<h{level}>{text}</h{level}>", high, draw)

    def paragraph(self, w: float, most: int = 4, middle: bool = False) -> Piece:
        p, rng = self.page, self.page.rng
        count = rng.choice([1, 1, 2, 2, 3])
        gap = "" if p.lang == "zh" else " "
        text = gap.join(p.sentence() for _ in range(count if p.lang == "zh" else min(count, 2)))
        lines, step = p.wrapped(text, w, min(most, rng.randint(1, 4))), p.size * self.sheet.leading

        def draw(x: float, y: float) -> None:
            for k, said in enumerate(lines):
                self.ink(
                    x + w / 2 if middle else x,
                    y + step * (k + 0.5),
                    said,
                    p.size,
                    p.ink,
                    anchor="mm" if middle else "lm",
                )

        return Piece(f"<p>{gap.join(lines)}</p>", step * len(lines), draw)

    def link(self, w: float, source: str = "link", bare: bool = False) -> Piece:
        """Coloured or underlined; where its place says enough (bars, sides), also bare."""
        p = self.page
        text, size = self.line(p.fresh_link(source), w)

        def draw(x: float, y: float) -> None:
            if bare:
                self.ink(x, y + p.size * 0.75, text, size, p.ink)
            else:
                self._link(x, y + p.size * 0.75, text, size)

        return Piece(f"<a>{text}</a>", p.size * 1.5, draw, text_width(text, p.theme.font, size))

    def _link(self, x: float, y: float, text: str, size: int) -> None:
        p = self.page
        self.ink(x, y, text, size, p.link)
        if self.sheet.underlined or p.link == p.ink:
            end = x + text_width(text, p.theme.font, size)
            p.canvas.draw.line((x, y + size * 0.6, end, y + size * 0.6), fill=p.link)

    # what is clicked and typed into

    def button(self, w: float, full: bool = False) -> Piece:
        p, style = self.page, self.sheet.button
        text, size = self.line(p.label("button"), w - p.size * 1.6)
        wide = w if full else min(w, text_width(text, p.theme.font, size) + p.size * 1.8)
        high = p.size * 2.0

        def draw(x: float, y: float) -> None:
            accent = p.accent if abs(bright(p.accent) - bright(p.ground)) > 50 else p.ink
            fill = {"filled": accent, "soft": mix(p.ground, p.ink, 0.16)}.get(style)
            ink: Color = (
                p.ink if style == "edge" else (15, 15, 15) if bright(fill or p.ground) > 135 else (255, 255, 255)
            )
            edge = p.ink if style == "edge" else None
            p.painted.setdefault("button", (fill or p.ground, ink))
            p.canvas.rect((x, y, x + wide, y + high), fill, edge, high / 2 if self.sheet.pill else p.round)
            self.ink(x + wide / 2, y + high / 2, text, size, ink, anchor="mm")

        return Piece(f"<button>{text}</button>", high, draw, wide)

    def _frame(self, x: float, y: float, w: float, h: float) -> None:
        """The edge of a field."""
        p, style = self.page, self.sheet.field
        if style == "line" and h < p.size * 2.5:
            p.canvas.draw.line((x, y + h, x + w, y + h), fill=p.theme.faint)
        elif style == "filled":
            p.canvas.rect((x, y, x + w, y + h), mix(p.ground, p.ink, 0.08), None, p.round)
        else:
            p.canvas.rect((x, y, x + w, y + h), None, p.theme.faint, p.round)

    def entry(self, w: float) -> Piece:
        """A field that holds its own name."""
        p, high = self.page, self.page.size * 2.0
        text, size = self.line(p.label(p.rng.choice(["input", "input", "search box"])), w - 16)

        def draw(x: float, y: float) -> None:
            self._frame(x, y, w, high)
            self.ink(x + 7, y + high / 2, text, size, p.theme.faint)

        return Piece(f'<input placeholder="{text}">', high, draw, w)

    def choice(self, w: float) -> Piece:
        """A field with an arrow, that holds what is chosen."""
        p, high = self.page, self.page.size * 2.0
        text, size = self.line(p.label("option"), w - p.size * 2.4)

        def draw(x: float, y: float) -> None:
            self._frame(x, y, w, high)
            self.ink(x + 7, y + high / 2, text, size, p.ink)
            cx, cy, r = x + w - p.size, y + high / 2, p.size * 0.25
            p.canvas.draw.line([(cx - r, cy - r / 2), (cx, cy + r / 2), (cx + r, cy - r / 2)], fill=p.ink, width=2)

        return Piece(f"<select><option>{text}</option></select>", high, draw, w)

    def labelled(self, w: float) -> Piece:
        """A field below its name."""
        p, rng = self.page, self.page.rng
        text, size = self.line(p.label("input"), w)
        kind = rng.choice(["input", "input", "input", "choice", "area"])
        inner = self.choice(w) if kind == "choice" else None
        high = p.size * (3.6 if kind == "area" else 2.0)
        html = inner.html if inner else "<textarea></textarea>" if kind == "area" else "<input>"

        def draw(x: float, y: float) -> None:
            self.ink(x, y + p.size * 0.7, text, size, p.ink)
            if inner:
                inner.draw(x, y + p.size * 1.5)
            else:
                self._frame(x, y + p.size * 1.5, w, high)

        return Piece(f"<label>{text}</label>{html}", high + p.size * 1.5, draw)

    def tick(self, w: float, kind: str) -> Piece:
        """A box to tick or an option, with its name."""
        p, on = self.page, self.page.rng.random() < 0.4
        text, size = self.line(p.label("checkbox" if kind == "checkbox" else "option"), w - p.size * 1.8)

        def draw(x: float, y: float) -> None:
            side, cy = p.size * 0.95, y + p.size * 0.8
            box = (x + 1, cy - side / 2, x + 1 + side, cy + side / 2)
            if kind == "checkbox":
                p.canvas.rect(box, None, p.ink if on else p.theme.faint, 2)
                if on:
                    paint(p.canvas.draw, "check", x + 1 + side / 2, cy, side * 0.6, p.ink, p.rng)
            else:
                p.canvas.draw.ellipse(box, outline=p.ink if on else p.theme.faint, width=2)
                if on:
                    r = side * 0.22
                    p.canvas.draw.ellipse((x + 1 + side / 2 - r, cy - r, x + 1 + side / 2 + r, cy + r), fill=p.ink)
            self.ink(x + p.size * 1.6, cy, text, size, p.ink)

        return Piece(f'<label><input type="{kind}">{text}</label>', p.size * 1.6, draw)

    # pictures

    def image(self, w: float, most: float = 6) -> Piece:
        p, rng = self.page, self.page.rng
        wide, high = w * rng.choice([1, 1, rng.uniform(0.5, 0.9)]), min(w * 0.7, p.size * rng.uniform(3, most))
        at = (w - wide) / 2 if self.sheet.centred else 0.0

        def draw(x: float, y: float) -> None:
            still(p.canvas, (x + at, y, x + at + wide, y + high), rng)

        return Piece("<img>", high, draw, wide)

    def symbol(self) -> Piece:
        """A small picture: an icon on a square or a disc."""
        p, rng, side = self.page, self.page.rng, self.page.size * self.page.rng.uniform(2, 3)
        color: Color = (rng.randint(30, 220), rng.randint(30, 220), rng.randint(30, 220))
        name, disc = rng.choice(ICON_NAMES), rng.random() < 0.5

        def draw(x: float, y: float) -> None:
            at = x
            (p.canvas.draw.ellipse if disc else p.canvas.draw.rectangle)((at, y, at + side, y + side), fill=color)
            ink: Color = (20, 20, 20) if bright(color) > 140 else (255, 255, 255)
            paint(p.canvas.draw, name, at + side / 2, y + side / 2, side * 0.55, ink, rng)

        return Piece("<img>", side, draw, side)

    def figure(self, w: float) -> Piece:
        p, inner = self.page, self.image(w, 8)
        text, size = self.line(p.sentence(4), inner.wide, 0.84)
        middle = self.sheet.caption_centred
        at = (w - inner.wide) / 2 if self.sheet.centred else 0.0

        def draw(x: float, y: float) -> None:
            inner.draw(x, y)
            cx = x + at + (inner.wide / 2 if middle else 0)
            self.ink(cx, y + inner.high + p.size * 0.8, text, size, p.theme.faint, anchor="mm" if middle else "lm")

        html = f"<figure><img><figcaption>{text}</figcaption></figure>"
        return Piece(html, inner.high + p.size * 1.5, draw)

    # lists, tables, what opens

    def items(self, w: float, tag: str, depth: int = 0) -> Piece:
        """A list of words or links; one item may hold a list of its own, further right."""
        p, rng, step = self.page, self.page.rng, self.page.size * self.sheet.leading
        count, links = rng.randint(2, 5), tag == "ul" and rng.random() < (0.25 if p.held_out else 0.4)
        nested = rng.randrange(count) if depth == 0 and not links and rng.random() < 0.2 and w > p.size * 12 else -1
        lines: list[tuple[str, int]] = []
        html, inner, y, tops = "", None, 0.0, []
        for k in range(count):
            text, size = self.line(p.fresh_link() if links else p.short(), w - p.size * 1.6)
            lines.append((text, size))
            tops.append(y)
            y += step
            said = f"<a>{text}</a>" if links else text
            if k == nested:
                inner = self.items(w - p.size * 1.5, rng.choice(["ul", "ol"]), 1)
                said += inner.html
                y += inner.high
            html += f"<li>{said}</li>"

        def draw(x: float, at: float) -> None:
            for k, ((text, size), top) in enumerate(zip(lines, tops, strict=True)):
                cy = at + top + step / 2
                self._sign(x, cy, tag, k)
                if links:
                    self._link(x + p.size * 1.5, cy, text, size)
                else:
                    self.ink(x + p.size * 1.5, cy, text, size, p.ink)
                if k == nested and inner:
                    inner.draw(x + p.size * 1.5, at + top + step)

        return Piece(f"<{tag}>{html}</{tag}>", y, draw)

    def _sign(self, x: float, y: float, tag: str, k: int) -> None:
        """What stands before an item."""
        p, draw, kind = self.page, self.page.canvas.draw, self.sheet.bullet
        r = p.size * 0.16
        cx = x + p.size * 0.7
        if tag == "ol":
            self.ink(x + p.size * 1.2, y, f"{k + 1}.", p.size, p.ink, anchor="rm")
        elif kind == "dash":
            draw.line((cx - 2 * r, y, cx + 2 * r, y), fill=p.ink)
        elif kind == "square":
            draw.rectangle((cx - r, y - r, cx + r, y + r), fill=p.ink)
        elif kind == "ring":
            draw.ellipse((cx - r, y - r, cx + r, y + r), outline=p.ink)
        else:
            draw.ellipse((cx - r, y - r, cx + r, y + r), fill=p.ink)

    def table(self, w: float) -> Piece:
        """Bold letters, or a row of another colour, are th."""
        p, rng, style = self.page, self.page.rng, self.sheet.table
        columns = max(2, min(rng.randint(2, 4), int(w / (p.size * 5))))
        rows, high = rng.randint(2, 4), p.size * rng.uniform(1.6, 2.2)
        wide = w / columns if rng.random() < 0.5 else min(w / columns, p.size * 8)
        cells: list[list[tuple[str, int]]] = []
        for r in range(rows):
            texts = [
                p.label("subject" if r == 0 else "item") if r * c == 0 else str(rng.randint(1, 999))
                for c in range(columns)
            ]
            cells.append([self.line(text, wide - 8, bold=r == 0) for text in texts])
        tinted = rng.random() < 0.5

        def draw(x: float, y: float) -> None:
            faint = mix(p.ground, p.ink, 0.35)
            for r, row in enumerate(cells):
                top = y + r * high
                if (r == 0 and tinted) or (style == "stripes" and r and r % 2 == 0):
                    p.canvas.rect((x, top, x + wide * columns, top + high), mix(p.ground, p.ink, 0.1))
                for c, (text, size) in enumerate(row):
                    if style == "grid":
                        p.canvas.rect((x + c * wide, top, x + (c + 1) * wide, top + high), None, faint)
                    self.ink(x + c * wide + 5, top + high / 2, text, size, p.ink, r == 0)
                if style == "lines" or (r == 0 and not tinted):
                    p.canvas.draw.line((x, top + high, x + wide * columns, top + high), fill=faint)

        html = ""
        for r, row in enumerate(cells):
            tag = "td" if r else "th"
            html += "<tr>" + "".join(f"<{tag}>{text}</{tag}>" for text, _ in row) + "</tr>"
        return Piece(f"<table>{html}</table>", high * rows + 2, draw)

    def quote(self, w: float) -> Piece:
        p, style = self.page, self.sheet.quote
        lines, step = p.wrapped(p.sentence(), w - p.size * 3, 2), p.size * self.sheet.leading
        high = step * len(lines) + p.size * 0.8

        def draw(x: float, y: float) -> None:
            if style == "tint":
                p.canvas.rect((x, y, x + w, y + high), p.tint)
            if style == "mark":
                self.ink(x + 2, y + p.size * 0.9, "“" if p.lang == "zh" else '"', round(p.size * 1.7), p.accent, True)
            else:
                p.canvas.rect((x, y, x + 3, y + high), p.accent)
            for k, said in enumerate(lines):
                self.ink(x + p.size * 2, y + p.size * 0.4 + step * (k + 0.5), said, p.size, p.ink)

        text = ("" if p.lang == "zh" else " ").join(lines)
        return Piece(f"<blockquote>{text}</blockquote>", high, draw)

    def rule(self, w: float) -> Piece:
        def draw(x: float, y: float) -> None:
            color = mix(self.page.ground, self.page.ink, 0.4)
            self.page.canvas.draw.line((x, y + 2, x + w, y + 2), fill=color)

        return Piece("<hr>", 5, draw)

    def details(self, w: float) -> Piece:
        """A line behind a triangle; what it opens lies below while the triangle points down."""
        p, opened = self.page, self.page.rng.random() < 0.35
        text, size = self.line(p.rng.choice([p.heading, p.sentence])(), w - p.size * 1.5)
        inner = self.paragraph(w - p.size * 1.2, 2) if opened else None
        step = p.size * 1.7

        def draw(x: float, y: float) -> None:
            r, cx, cy = p.size * 0.3, x + p.size * 0.5, y + step / 2
            points = (
                [(cx - r, cy - r), (cx + r, cy - r), (cx, cy + r)]
                if opened
                else [(cx - r, cy - r), (cx + r, cy), (cx - r, cy + r)]
            )
            if self.sheet.triangle == "filled":
                p.canvas.draw.polygon(points, fill=p.ink)
            else:
                p.canvas.draw.line([points[0], points[2], points[1]] if opened else points, fill=p.ink, width=2)
            self.ink(x + p.size * 1.2, cy, text, size, p.ink)
            if inner:
                inner.draw(x + p.size * 1.2, y + step)

        body = f"<details{' open' * opened}><summary>{text}</summary>{inner.html if inner else ''}</details>"
        return Piece(body, step + (inner.high if inner else 0), draw)
