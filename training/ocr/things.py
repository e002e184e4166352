"""Things with text on them: receipts, cards, tickets, signs, captions, labels, tables of two columns."""

from __future__ import annotations

from random import Random

from training.draw import mix, photo
from training.ocr.content import (
    address,
    clock,
    code,
    date,
    email,
    even,
    goods,
    han,
    person,
    phone,
    price,
    sentence,
    short,
    site,
)
from training.ocr.ink import colors
from training.ocr.page import Page
from training.words import NAMES_EN, label


def receipt(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """A shop's name, things with their prices, and what they cost together."""
    zh = lang == "zh"
    page = Page.of(rng, lang, held_out, max(tokens, 64), (0.45, 1.0), (0.5, 1.0))
    size = rng.randint(12, max(13, min(18, page.width // 12)))
    margin = rng.uniform(6, 16)
    left, right, step = margin, page.width - margin, size * rng.uniform(1.4, 1.9)
    large, y = size + rng.randint(0, 5), margin * 0.5 + size * 0.9
    page.line(page.width / 2, y, page.cut(short(rng, lang), large, right - left), large, anchor="mm")
    y += step * 1.2
    extra = rng.choice([f"{date(rng, lang)} {clock(rng)}", phone(rng, lang), code(rng), ""])
    if extra:
        page.line(left, y, page.cut(extra, size, right - left), size)
        y += step
    dots = range(round(left), round(right), 6)

    def rule(at: float) -> None:
        for x in dots:
            page.canvas.draw.line((x, at, x + 3, at), fill=mix(page.ink, page.ground, 0.4))

    rule(y - step * 0.5 + 1)
    y += step * 0.2
    while y + step * 1.9 < page.height and len(page.parts) < 7:
        value = price(rng, lang)
        name = goods(rng, lang) + rng.choice(["", "", f" x{rng.randint(1, 9)}"])
        page.pair(left, right, y, page.cut(name, size, right - left - page.width_of(value, size) - size), value, size)
        y += step
    rule(y - step * 0.5 + 1)
    y += step * 0.2
    if y + size * 0.6 < page.height:
        value = price(rng, lang)
        page.pair(
            left,
            right,
            y,
            rng.choice(["合计", "总计", "实付"]) if zh else rng.choice(["Total", "TOTAL", "Amount"]),
            value,
            size,
        )
    return page


def business_card(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """A name in large letters, and how to reach the person."""
    zh = lang == "zh"
    page = Page.of(rng, lang, held_out, max(min(tokens, 160), 60), (1.3, 2.0), (0.7, 1.0))
    size, margin = rng.randint(13, 16), rng.uniform(10, 24)
    right = rng.random() < 0.25
    x, anchor, room = (
        (page.width - margin, "rm", page.width - 2 * margin) if right else (margin, "lm", page.width - 2 * margin)
    )
    if rng.random() < 0.4:
        page.canvas.rect((0, 0, page.width, rng.uniform(3, 9)), mix(page.ink, (rng.randint(0, 255),) * 3, 0.4))
    name, large = person(rng, lang), size + rng.randint(3, 12)
    y = margin * 0.6 + large * 0.6
    page.line(x, y, page.cut(name, large, room), large, anchor=anchor)
    y += large * 0.6 + size
    page.line(x, y, page.cut(short(rng, lang), size, room), size, ink=mix(page.ink, page.ground, 0.3), anchor=anchor)
    named = rng.random() < 0.5
    fields = [("电话" if zh else "Phone", phone(rng, lang)), ("邮箱" if zh else "Email", email(rng)), ("地址" if zh else "Address", address(rng, lang)), ("网站" if zh else "Website", site(rng))]  # fmt: skip
    y += size * rng.uniform(1.6, 2.2)
    for field, value in rng.sample(fields, rng.randint(2, 4)):
        if y + size * 0.6 > page.height:
            break
        text = f"{field}: {value}" if named else value
        if page.width_of(text, size) <= room:
            page.line(x, y, text, size, anchor=anchor)
            page.parts.append((field, value))
            y += size * rng.uniform(1.35, 1.6)
    return page


def ticket(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """From somewhere to somewhere, with a number, a seat and a price; a stub with a code at its side."""
    zh = lang == "zh"
    page = Page.of(rng, lang, held_out, max(tokens, 80), (1.4, 2.4), (0.6, 1.0))
    size, margin = rng.randint(13, 17), rng.uniform(8, 18)
    stub = page.width * rng.uniform(0.76, 0.84)
    tint = mix(page.ground, (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)), 0.15)
    page.canvas.rect((stub, 0, page.width, page.height), tint if abs(sum(tint) - sum(page.ink)) > 240 else page.ground)
    for top in range(0, page.height, 8):
        page.canvas.draw.line((stub, top, stub, top + 4), fill=mix(page.ink, page.ground, 0.4))
    a, b = label(rng, "city", lang), label(rng, "city", lang)
    large, room = size + rng.randint(2, 9), stub - 2 * margin
    y = margin * 0.6 + large * 0.6
    way = page.cut(rng.choice([f"{a} - {b}", f"{a} > {b}", f"{a}至{b}" if zh else f"{a} to {b}"]), large, room)
    page.line(margin, y, way, large)
    y += large * 0.6 + size * 0.9
    seat = f"{rng.randint(1, 40)}{rng.choice('ABCDEFGHJK')}"
    fields = [("日期" if zh else "Date", date(rng, lang)), ("时间" if zh else "Time", clock(rng)), ("座位" if zh else "Seat", seat), ("票价" if zh else "Price", price(rng, lang)), ("车次" if zh else "Train", rng.choice("GDKTZC") + str(rng.randint(1, 9999))), ("检票口" if zh else "Gate", f"{rng.choice('ABCDE')}{rng.randint(1, 40)}"), ("乘客" if zh else "Passenger", person(rng, lang))]  # fmt: skip
    for name, value in rng.sample(fields, rng.randint(2, 5)):
        if y + size * 0.6 > page.height:
            break
        text = f"{name}: {value}"
        if page.width_of(text, size) <= room:
            page.line(margin, y, text, size)
            page.parts.append((name, value))
            y += size * rng.uniform(1.4, 1.9)
    number = page.cut(code(rng), size, page.width - stub - 8)
    if len(number) > 3 and y + size * 0.8 < page.height:
        page.line((stub + page.width) / 2, max(y, page.height * 0.8), number, size, anchor="mm")
    return page


def sign(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """One or two large lines on a coloured board, somewhere in a picture."""
    page = Page.of(rng, lang, held_out, min(tokens, 200), (0.9, 3.0), (0.4, 1.0))
    if rng.random() < 0.7:
        page.background(photo(rng, page.width, page.height))
    page.ink, board = colors(rng)
    x1, y1 = page.width * rng.uniform(0.02, 0.12), page.height * rng.uniform(0.04, 0.15)
    x2, y2 = page.width * rng.uniform(0.88, 0.98), page.height * rng.uniform(0.85, 0.96)
    page.canvas.rect((x1, y1, x2, y2), board, page.ink if rng.random() < 0.3 else None, rng.choice([0, 0, 6, 20]), 2)
    page.ground = board
    if rng.random() < 0.25:
        page.shadow = mix(board, page.ink, 0.45)
    high, wide = y2 - y1, x2 - x1 - 16
    two = high > 64 and rng.random() < 0.5
    first, second = (
        short(rng, lang),
        rng.choice([sentence(rng, lang, 2), code(rng), phone(rng, lang), clock(rng) + "-" + clock(rng)]),
    )
    for number, text in enumerate([first, second][: 1 + two]):
        size = max(14, min(48, round(high * (0.34 if two else 0.5) * (1.0, 0.7)[number])))
        while page.width_of(text, size) > wide and size > 16:
            size -= 2
        page.line(x1 + 8, y1 + high * ((0.3, 0.72)[number] if two else 0.5), page.cut(text, size, wide), size)
    return page


def caption(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """Subtitles at the foot of a picture, or a few words in it."""
    page = Page.of(rng, lang, held_out, tokens, (1.0, 2.2), (0.4, 1.0))
    page.scenery()
    size = rng.randint(14, max(15, min(28, page.width // 14)))
    rows = page.wrap(sentence(rng, lang, rng.randint(2, 7)), size, page.width - 24)[:2]
    rows = [page.cut(row, size, page.width - 20) for row in rows]
    step = size * 1.4
    if rng.random() < 0.35:  # on a bar
        page.edge, page.ink, bar = None, (255, 255, 255), (rng.randint(0, 40),) * 3
        page.canvas.rect((0, page.height - step * len(rows) - size * 0.7, page.width, page.height), bar)
    y = page.height - step * (len(rows) - 0.5) - size * 0.35
    middle = rng.random() < 0.7
    if rng.random() < 0.3 and page.height > step * (len(rows) + 3):
        text = page.cut(rng.choice([clock(rng), date(rng, lang), short(rng, lang)]), size, page.width - 24)
        light, edge = page.ink, page.edge
        page.ink, page.edge = (255, 255, 255), (0, 0, 0)
        page.line(10, size, text, size)
        page.ink, page.edge = light, edge
    for row in rows:
        page.line(page.width / 2 if middle else 12, y, row, size, anchor="mm" if middle else "lm")
        y += step
    return page


def labels(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """Stickers of several colours here and there, from top to bottom."""
    page = Page.of(rng, lang, held_out, tokens, (0.7, 1.8), (0.4, 0.9))
    if rng.random() < 0.4:
        page.background(photo(rng, page.width, page.height))
    size, y = rng.randint(13, max(14, min(24, page.width // 10))), rng.uniform(3, 12)
    while y + size * 1.9 < page.height and len(page.lines) < 7:
        ink, fill = colors(rng)
        text = page.cut(rng.choice([short, lambda r, g: code(r), price])(rng, lang), size, page.width - size * 2)
        wide = page.width_of(text, size) + size * 1.2
        x = rng.uniform(2, max(3, page.width - wide - 2))
        page.canvas.rect(
            (x, y, x + wide, y + size * 1.8), fill, ink if rng.random() < 0.3 else None, rng.choice([0, 4, size])
        )
        page.line(x + size * 0.6, y + size * 0.9, text, size, ink=ink)
        y += size * rng.uniform(2.0, 3.4)
    return page


def two_columns(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """A table of names and values with rules, stripes or neither."""
    page = Page.of(rng, lang, held_out, max(tokens, 60), (0.6, 1.8), (0.4, 0.9))
    size, margin = rng.randint(13, max(14, min(20, page.width // 14))), rng.uniform(4, 16)
    step, style = size * rng.uniform(1.7, 2.4), rng.randrange(3)
    left, right = margin + 6, page.width - margin - 6
    split = page.width * rng.uniform(0.4, 0.6)
    at_split, y, faint = rng.random() < 0.5, margin + step * 0.5, mix(page.ink, page.ground, 0.7)
    number = 0
    while y + step * 0.5 < page.height - 2 and number < 9:
        name = page.cut(rng.choice([goods, short])(rng, lang).rstrip(":"), size, split - left - 8)
        value = rng.choice(
            [
                price(rng, lang),
                date(rng, lang),
                code(rng),
                phone(rng, lang),
                rng.choice(NAMES_EN),
                person(rng, lang),
                clock(rng),
            ]
        )
        value = page.cut(value, size, right - split)
        if style == 1 and number % 2:
            page.canvas.rect(
                (margin, y - step * 0.5, page.width - margin, y + step * 0.5), mix(page.ground, page.ink, 0.08)
            )
        elif style == 2:
            page.canvas.rect((margin, y - step * 0.5, page.width - margin, y + step * 0.5), None, faint)
        if at_split:
            page.put(left, y, name, size)
            page.put(split, y, value, size)
            page.read(f"{name}: {value}", (left, y - size * 0.55, right, y + size * 0.55))
            page.parts.append((name, value))
        else:
            page.pair(left, right, y, name, value, size)
        y += step
        number += 1
    if style == 2 and at_split:
        page.canvas.draw.line((split - 5, margin, split - 5, y - step * 0.5), fill=faint)
    return page


def upright(rng: Random, lang: str, held_out: bool, tokens: int) -> Page:
    """Chinese written from top to bottom, columns from the right."""
    page = Page.of(rng, "zh", held_out, min(tokens, 160), (0.4, 1.0), (0.4, 1.0))
    if rng.random() < 0.3:
        page.scenery()
    size = rng.randint(16, max(17, min(40, page.width // 3, page.height // 4)))
    step, count = size * rng.uniform(1.05, 1.3), rng.randint(1, 3)
    x = page.width - size * rng.uniform(0.7, 1.2)
    for _ in range(count):
        if x < size * 0.6:
            break
        text = "".join(char for char in sentence(rng, "zh", rng.randint(1, 4)) if char in han()) or even(rng, "zh")
        text = text[: int((page.height - size * 0.6) / step)]
        for row, char in enumerate(text):
            page.put(x, size * 0.7 + row * step, char, size, anchor="mm")
        page.read(text, (x - size / 2, size * 0.2, x + size / 2, size * 0.7 + step * len(text)))
        x -= size * rng.uniform(1.4, 1.9)
    return page
