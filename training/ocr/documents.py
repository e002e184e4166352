"""Pages of running text: paragraphs, columns, letters, lists, listings, messages."""

from __future__ import annotations

from random import Random

from training.draw import mix
from training.fonts import available
from training.ocr.content import clock, code, date, digits, even, odd, person, sentence, short
from training.ocr.page import Page
from training.words import EN_WORDS


def _text(rng: Random, lang: str, length: int) -> str:
    """Sentences of about so many words together."""
    text = ""
    while length > 0:
        count = min(length, rng.randint(3, 10))
        text += (" " if text and lang == "en" else "") + sentence(rng, lang, count)
        length -= count
    return text


def _heading(page: Page, x: float, y: float, width: float, size: int) -> float:
    """A title in larger letters or another font, with a rule below it now and then; returns where the text may begin."""
    rng = page.rng
    large = min(34, round(size * rng.choice([1.0, 1.25, 1.5, 1.8])))
    font = rng.choice(available(page.lang, False)) if rng.random() < 0.4 else page.font
    text = page.cut(short(rng, page.lang), large, width, font)
    middle = rng.random() < 0.3
    ink = mix(page.ink, (rng.randint(0, 255),) * 3, rng.choice([0, 0, 0.2]))
    page.line(
        x + width / 2 if middle else x,
        y + large * 0.6,
        text,
        large,
        font=font,
        ink=ink,
        anchor="mm" if middle else "lm",
    )
    page.parts.append(("标题" if page.lang == "zh" else "Title", text))
    y += large * 1.3
    if rng.random() < 0.3:
        page.canvas.draw.line((x, y, x + width, y), fill=mix(page.ink, page.ground, 0.5), width=rng.randint(1, 2))
        y += size * 0.3
    return y + size * rng.uniform(0.4, 0.9)


def paragraphs(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    page = Page.of(rng, lang, held_out, tokens, (0.7, 2.2), (0.5, 1.0))
    size, margin = rng.randint(12, max(13, min(24, page.width // 14))), rng.uniform(8, page.width * 0.12)
    width, bottom = page.width - 2 * margin, page.height - 4
    y = _heading(page, margin, margin * 0.6, width, size) if rng.random() < 0.5 else margin * 0.6 + size * 0.6
    align, step = rng.choice(["left", "left", "left", "both", "both", "right"]), size * rng.uniform(1.25, 1.9)
    indent = rng.choice([0, 0, size * 2]) if align != "right" else 0
    for _ in range(rng.randint(1, 3)):
        if indent and y + size * 0.6 < bottom:
            first = page.wrap(_text(rng, lang, 6), size, width - indent)[0]
            page.line(margin + indent, y, page.cut(first, size, width - indent), size)
            y += step
        y = page.block(margin, y, _text(rng, lang, rng.randint(5, 34)), size, width, bottom, step, align)
        y += step * rng.choice([0, 0.5, 1]) if not indent else 0
    return page


def columns(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """A newspaper: a heading across, then two columns, the left one read first."""
    page = Page.of(rng, lang, held_out, max(tokens, 120), (0.9, 2.2), (0.7, 1.0))
    size, margin = rng.randint(12, 16), rng.uniform(6, 16)
    gap = size * rng.uniform(1.2, 2.2)
    wide = (page.width - 2 * margin - gap) / 2
    y = (
        _heading(page, margin, margin * 0.5, page.width - 2 * margin, size)
        if rng.random() < 0.8
        else margin + size * 0.6
    )
    step, align = size * rng.uniform(1.3, 1.6), rng.choice(["left", "both"])
    if rng.random() < 0.4:
        x = page.width / 2
        page.canvas.draw.line((x, y - size * 0.5, x, page.height - margin), fill=mix(page.ink, page.ground, 0.6))
    for x in (margin, margin + wide + gap):
        page.block(x, y, _text(rng, lang, rng.randint(12, 40)), size, wide, page.height - 4, step, align)
    return page


def letter(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """A date, an address to somebody, text, and a name below it."""
    zh = lang == "zh"
    page = Page.of(rng, lang, held_out, max(tokens, 80), (0.7, 1.6), (0.6, 1.0))
    size, margin = rng.randint(13, 19), rng.uniform(10, 28)
    step, right = size * rng.uniform(1.4, 1.9), page.width - margin
    y = margin * 0.5 + size * 0.7
    to, sender, when = person(rng, lang), person(rng, lang), date(rng, lang)
    if above := rng.random() < 0.5:
        page.line(right, y, when, size, anchor="rm")
        y += step
    greeting = rng.choice(
        [f"{to}:", f"亲爱的{to}:", f"{to},你好!"] if zh else [f"Dear {to},", f"Hello {to},", f"{to}:"]
    )
    page.line(margin, y, page.cut(greeting, size, right - margin), size)
    below = 1 if above else 2
    y = page.block(
        margin,
        y + step,
        _text(rng, lang, rng.randint(6, 28)),
        size,
        right - margin,
        page.height - step * (below + 0.4),
        step,
    )
    page.line(right, y, page.cut(sender, size, right - margin), size, anchor="rm")
    if not above:
        page.line(right, y + step, when, size, anchor="rm")
    page.parts += [("日期" if zh else "Date", when)]
    return page


def points(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """A list with bullets, boxes or numbers."""
    page = Page.of(rng, lang, held_out, tokens, (0.7, 2.0), (0.4, 0.9))
    size, margin = rng.randint(13, max(14, min(24, page.width // 12))), rng.uniform(6, 24)
    step, kind = size * rng.uniform(1.4, 2.1), rng.randrange(4)
    y = (
        _heading(page, margin, margin * 0.5, page.width - 2 * margin, size)
        if rng.random() < 0.7
        else margin + size * 0.5
    )
    number = 0
    accent = mix(page.ink, (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)), rng.choice([0, 0.4]))
    while y + size * 0.6 < page.height and number < 10:
        number += 1
        x, r = margin + size * 1.3, size * rng.choice([0.14, 0.2])
        text = page.cut(short(rng, lang), size, page.width - x - 4)
        if kind == 3:
            text = page.cut(f"{number}. {text}", size, page.width - margin - 4)
            x = margin
        elif kind == 2:
            s = size * 0.34
            page.canvas.rect((margin, y - s, margin + 2 * s, y + s), None, accent)
            if rng.random() < 0.4:
                page.canvas.draw.line(
                    [(margin + s * 0.4, y), (margin + s * 0.9, y + s * 0.6), (margin + s * 1.7, y - s * 0.6)],
                    fill=accent,
                    width=2,
                )
        elif kind == 1:
            page.canvas.rect((margin, y - r, margin + 2 * r, y + r), accent)
        else:
            page.canvas.draw.ellipse((margin, y - r, margin + 2 * r, y + r), fill=accent)
        page.line(x, y, text, size)
        y += step
    return page


_CODE = (
    "{w} = {n}",
    "{w}({v}, {n})",
    "if {w} > {n}:",
    "return {w}[{n}]",
    "{w}.{v}({n})",
    "import {w}",
    "$ {w} --{v}={n}",
    "$ cd /{w}/{v}",
    "[{t}] {w}: {e}",
    "ERROR {n}: {w}",
    "{w}_{v} += {n};",
    "# {w} {v}",
    '"{w}": {n},',
    "<{w}>{e}</{w}>",
    "{n} {w} {e}",
    "for {w} in {v}:",
    "{{{w}: '{e}'}}",
    "{w}@{v}:~$ {e}",
    "-rw-r--r-- {n} {w}.{v}",
    "{w} {n}% |{v}",
)


def terminal(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """Code or a terminal's output, in letters of one width mostly."""
    page = Page.of(rng, "en", held_out, tokens, (0.8, 2.4), (0.4, 0.9))
    if rng.random() < 0.7:
        dark = (rng.randint(0, 45), rng.randint(0, 45), rng.randint(0, 50))
        page.fill(dark)
        page.ink = rng.choice([(220, 225, 220), (90, 230, 110), (240, 240, 240), (235, 200, 120)])
    mono = [name for name in available("en", False) if "Mono" in name or "Code" in name]
    if mono and rng.random() < 0.85 and not held_out:
        page.font = rng.choice(mono)
    size, margin = rng.randint(12, max(13, min(20, page.width // 16))), rng.uniform(4, 16)
    step, numbered, y = size * rng.uniform(1.25, 1.7), rng.random() < 0.2, margin + size * 0.5
    while y + size * 0.6 < page.height and len(page.lines) < 12:
        text = rng.choice(_CODE).format(
            w=rng.choice(EN_WORDS), v=even(rng, "en") if rng.random() < 0.3 else rng.choice(EN_WORDS), n=digits(rng, rng.randint(1, 4)), e=odd(rng, "en"), t=clock(rng)
        )  # fmt: skip
        x = margin
        if numbered:
            x += size * 2
            page.put(margin, y, str(len(page.lines) + 1), size, ink=mix(page.ink, page.ground, 0.55))
            text = page.cut(text, size, page.width - x - 4)
            page.read(f"{len(page.lines) + 1} {text}", page.put(x, y, text, size))
        else:
            ink = (
                mix(
                    page.ink, rng.choice([(255, 120, 120), (120, 200, 255), (250, 220, 90)]), rng.choice([0, 0, 0, 0.5])
                )
                if sum(page.ground) < 200
                else page.ink
            )
            page.line(x, y, page.cut(text, size, page.width - x - 4), size, ink=ink)
        y += step
    return page


def messages(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """What two people wrote, in bubbles from the left and the right."""
    page = Page.of(rng, lang, held_out, max(tokens, 80), (0.55, 1.4), (0.6, 1.0))
    light = rng.random() < 0.8
    page.fill((rng.randint(225, 255),) * 3 if light else (rng.randint(10, 35),) * 3)
    bubbles = (
        [(255, 255, 255), rng.choice([(150, 236, 105), (0, 122, 255), (210, 230, 255)])]
        if light
        else [(55, 55, 60), (40, 110, 70)]
    )
    size, radius = rng.randint(13, 18), rng.choice([3, 8, 14])
    y, step = size * 0.6, size * 1.4
    while y + step + size < page.height and len(page.lines) < 9:
        mine = rng.random() < 0.5
        rows = page.wrap(sentence(rng, lang, rng.randint(1, 6)), size, page.width * 0.62)[:3]
        rows = [page.cut(row, size, page.width * 0.66) for row in rows]
        if y + step * len(rows) + size * 0.6 > page.height:
            break
        wide = max(page.width_of(row, size) for row in rows) + size * 1.2
        x = page.width - wide - size if mine else size
        fill = bubbles[mine]
        page.canvas.rect((x, y, x + wide, y + step * len(rows) + size * 0.4), fill, None, radius)
        ink = (20, 20, 20) if sum(fill) > 400 else (245, 245, 245)
        for row in rows:
            page.line(x + size * 0.6, y + size * 0.9, row, size, ink=ink)
            y += step
        y += size * rng.uniform(0.8, 1.4)
    if rng.random() < 0.15 and y + size < page.height:
        page.line(
            page.width / 2,
            y + size * 0.4,
            clock(rng),
            max(11, size - 2),
            ink=mix(page.ground, (128, 128, 128), 0.9),
            anchor="mm",
        )
    return page


def headlines(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """Titles of news or files, each with a small faint line below it."""
    page = Page.of(rng, lang, held_out, max(tokens, 64), (0.7, 1.8), (0.5, 0.9))
    size, margin = rng.randint(14, 20), rng.uniform(8, 18)
    small, y = max(12, size - rng.randint(2, 5)), margin * 0.6 + size * 0.6
    faint, room = mix(page.ink, page.ground, 0.35), page.width - 2 * margin
    while y + size * 2.2 < page.height and len(page.lines) < 12:
        page.line(margin, y, page.cut(short(rng, lang), size, room), size)
        below = "  ".join(
            [rng.choice([date(rng, lang), clock(rng), code(rng)]), person(rng, lang)][: rng.randint(1, 2)]
        )
        page.line(margin, y + size * 1.25, page.cut(" ".join(below.split()), small, room), small, ink=faint)
        y += size * rng.uniform(2.6, 3.2)
        if rng.random() < 0.5:
            page.canvas.draw.line(
                (margin, y - size * 0.75, page.width - margin, y - size * 0.75), fill=mix(page.ink, page.ground, 0.75)
            )
    return page
