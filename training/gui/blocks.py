"""Blocks that pages are made of, from top to bottom of an area: groups of settings, forms, cards, messages, tables and the like."""

from __future__ import annotations

from PIL import Image

from training.draw import icon, mix, photo, text_width
from training.gui import texts
from training.gui.rows import Area, listed
from training.gui.styled import Color, Styled, bright
from training.words import phrase


def heading(area: Area, source: str = "section", big: float = 1.0) -> None:
    s = area.screen
    if (y := area.take(s.size * 1.7 * big)) is not None:
        ink = s.rng.choice([s.theme.text, s.theme.faint, s.readable]) if big == 1 else s.theme.text
        s.say(area.x + 2, y + s.size * 0.9 * big, area.w, source, ink, big)


def paragraph(area: Area, lines: int = 1) -> None:
    """Lines of running text, each of them one text."""
    s = area.screen
    for _ in range(lines):
        if (y := area.take(s.size * 1.55)) is None:
            return
        text = phrase(s.rng, s.lang, s.rng.randint(2, 5))
        text, box = s.put(area.x, y + s.size * 0.8, area.w, text, max(11, round(s.size * 0.92)), s.theme.text)
        s.add("text", text, box)


def image(area: Area, most: float = 0.5) -> None:
    """A picture as wide as the area or a part of it."""
    s = area.screen
    w = area.w * s.rng.choice([1, 1, s.rng.uniform(0.4, 0.9)])
    h = w * s.rng.uniform(0.35, 0.7)
    h = min(h, (area.bottom - area.y) * most)
    if h < s.size * 2 or (y := area.take(h, s.size * 0.6)) is None:
        return
    x = area.x + s.rng.choice([0, (area.w - w) / 2])
    _paste(s, x, y, w, h)


def _paste(s: Styled, x: float, y: float, w: float, h: float) -> None:
    s.canvas.image.paste(Image.fromarray(photo(s.rng, max(4, round(w)), max(4, round(h)))), (round(x), round(y)))
    s.add("picture", "图片" if s.lang == "zh" else "photo", (x, y, x + w, y + h))


def settings(area: Area) -> None:
    """A heading and rows that switch or open something."""
    s, rng = area.screen, area.screen.rng
    if rng.random() < 0.7:
        heading(area)
    kinds = rng.choice([("switch",), ("switch", "item"), ("item",), ("switch", "switch", "item"), ("checkbox", "item")])
    end = rng.choice(["", "value", "value"])
    listed(
        area, rng.randint(2, 4), "setting", kinds=kinds, front=s.look.lead, end=end, value="value" if end else "",
        below=rng.choice(["", "", "value"]),
    )  # fmt: skip


def people(area: Area) -> None:
    rng = area.screen.rng
    listed(
        area, rng.randint(2, 7), "contact", front=rng.choice(["avatar", "avatar", "photo", "none"]),
        below=rng.choice(["", "message"]), end=rng.choice(["", "icon", "button", "badge"]),
    )  # fmt: skip


def chats(area: Area) -> None:
    """Who wrote what and when."""
    rng = area.screen.rng
    listed(
        area, rng.randint(3, 8), "contact", front=rng.choice(["avatar", "avatar", "photo"]), below="message",
        end=rng.choice(["value", "value", "badge"]), value="time", taller=0.3,
    )  # fmt: skip


def files(area: Area) -> None:
    rng = area.screen.rng
    listed(
        area, rng.randint(3, 8), rng.choice(["file", "file", "folder"]), front=rng.choice(["file", "folder", "icon"]),
        end=rng.choice(["value", "icon", ""]), value="time", below=rng.choice(["", "", "time"]),
    )  # fmt: skip


def products(area: Area) -> None:
    rng = area.screen.rng
    listed(
        area, rng.randint(2, 6), "product", front=rng.choice(["photo", "photo", "none"]), below=rng.choice(["price", "phrase"]),
        end=rng.choice(["button", "icon", "value"]), value="price", taller=0.4,
    )  # fmt: skip


def appointments(area: Area) -> None:
    """Rows with their time in front or at the end, by day."""
    rng = area.screen.rng
    if rng.random() < 0.5:
        heading(area)
    listed(
        area, rng.randint(2, 4), "event", front=rng.choice(["bar", "bar", "none"]), below=rng.choice(["time", "time", ""]),
        end=rng.choice(["value", ""]), value="time",
    )  # fmt: skip


def songs(area: Area) -> None:
    rng = area.screen.rng
    listed(
        area, rng.randint(2, 6), "song", front=rng.choice(["photo", "none"]), below="contact",
        end=rng.choice(["icon", "value"]), value="time",
    )  # fmt: skip


def tasks(area: Area) -> None:
    rng = area.screen.rng
    if rng.random() < 0.5:
        heading(area)
    listed(area, rng.randint(2, 6), rng.choice(["event", "item", "product"]), kinds=("checkbox",))


def notifications(area: Area) -> None:
    """Cards that say which program tells what, some with a button."""
    s, rng = area.screen, area.screen.rng
    high, buttons = s.size * rng.uniform(3.2, 4.2), rng.random() < 0.4
    for _ in range(rng.randint(2, 5)):
        extra = s.size * 2.2 if buttons and rng.random() < 0.6 else 0.0
        if (y := area.take(high + extra, s.size * 0.6)) is None:
            return
        box = (area.x, y, area.x + area.w, y + high + extra)
        s.canvas.rect(box, s.theme.panel, None, max(6, s.radius))
        s.add("item", _about(s, area, y, high), box)
        if extra:
            wide = min(area.w * 0.4, s.size * 6)
            s.push(area.x + s.size * 0.8, y + high - s.size * 0.2, wide, s.size * 1.8, rng.random() < 0.5)


def _about(s: Styled, area: Area, y: float, high: float) -> str:
    """The writing of a notification; its headline."""
    t, size, left = s.theme, s.size, area.x + area.screen.size * 0.8
    right = area.x + area.w - size * 0.8
    side = size * 1.5
    s.ornament(left + side / 2, y + high * 0.32, side * 0.7, s.readable)
    _, box = s.put(right, y + high * 0.32, size * 5, texts.when(s.rng, s.lang), s.small, t.faint, anchor="rm")
    room = box[0] - left - side - size
    headline, _ = s.put(left + side + 4, y + high * 0.32, room, s.fresh("item", "app"), size, t.text, True)
    s.put(left, y + high * 0.72, right - left, texts.text(s.rng, "message", s.lang), s.small, t.text)
    return headline


def form(area: Area, count: int, accept: bool = True) -> None:
    """Fields with their names, boxes to tick, and what sends the form."""
    s, rng = area.screen, area.screen.rng
    gap = s.size * rng.uniform(0.5, 0.9)
    for _ in range(count):
        kind, lines = ("dropdown", 1) if rng.random() < 0.2 else ("input", 2 if rng.random() < 0.1 else 1)
        if (y := area.take(s.field_height(lines), gap)) is None:
            return
        if rng.random() < 0.12 and area.w > s.size * 20 and s.look.names != "left":
            half = area.w / 2 - s.size * 0.5
            s.field(area.x, y, half, kind, lines)
            s.field(area.x + half + s.size, y, half, kind, lines)
        else:
            s.field(area.x, y, area.w, kind, lines)
    if accept and rng.random() < 0.5 and (y := area.take(s.size * 1.8, gap / 2)) is not None:
        s.choice(area.x, y, area.w, s.size * 1.8, "checkbox", rng.random() < 0.5, "checkbox")
    buttons(area, rng.choice([1, 1, 2]))
    if rng.random() < 0.5 and (y := area.take(s.size * 1.8)) is not None:
        links(area, y)


def links(area: Area, y: float) -> None:
    """One or two links side by side, with or without lines below them."""
    s, rng = area.screen, area.screen.rng
    x, under = area.x, rng.random() < 0.6 or s.readable == s.theme.text
    for _ in range(rng.randint(1, 2)):
        text, size = s.fitted(s.fresh("link", "link"), area.w, max(12, round(s.size * 0.95)))
        if x + text_width(text, s.theme.font, size) > area.x + area.w:
            return
        box = s.canvas.text(x, y + s.size * 0.9, text, s.theme.font, size, s.readable)
        if under:
            s.canvas.draw.line((box[0], box[3], box[2], box[3]), fill=s.readable)
        s.add("link", text, box)
        x = box[2] + s.size * 1.5


def buttons(area: Area, count: int, source: str = "button") -> None:
    """Buttons below each other or side by side; the first or the last one stands out."""
    s, rng = area.screen, area.screen.rng
    high = s.size * rng.uniform(1.9, 2.8)
    beside = count > 1 and area.w > s.size * 12 and rng.random() < 0.6
    if beside:
        if (y := area.take(high, s.size * 0.6)) is None:
            return
        gap = s.size * 0.8
        small = rng.random() < 0.4
        step = min((area.w - gap * (count - 1)) / count, s.size * 7 if small else area.w)
        left = area.x + (area.w - step * count - gap * (count - 1) if small and rng.random() < 0.5 else 0)
        first = rng.random() < 0.5
        for k in range(count):
            s.push(left + k * (step + gap), y, step, high, (k == 0) == first or count > 2, source)
        return
    wide = area.w if rng.random() < 0.7 else max(area.w * rng.uniform(0.35, 0.6), min(area.w, s.size * 6))
    x = area.x + rng.choice([0, 0, (area.w - wide) / 2])
    for k in range(count):
        if (y := area.take(high, s.size * 0.6)) is not None:
            s.push(x, y, wide, high, k == 0, source)


def choices(area: Area) -> None:
    """A heading and options of which one is chosen, below each other or side by side."""
    s, rng = area.screen, area.screen.rng
    heading(area)
    count, high = rng.randint(2, 4), s.size * rng.uniform(1.7, 2.3)
    chosen = rng.randrange(count)
    if rng.random() < 0.4 and area.w > count * s.size * 6:
        if (y := area.take(high, s.size * 0.4)) is not None:
            for k in range(count):
                step = area.w / count
                s.choice(area.x + k * step, y, step, high, "radio button", k == chosen, "option", left=True)
        return
    for k in range(count):
        if (y := area.take(high, 2)) is not None:
            s.choice(area.x, y, area.w, high, "radio button", k == chosen, "option")


def sliders(area: Area) -> None:
    s, rng = area.screen, area.screen.rng
    high = s.size * rng.choice([2.0, 3.0])
    for _ in range(rng.randint(1, 3)):
        if (y := area.take(high, s.size * 0.4)) is not None:
            s.slide(area.x, y, area.w, high)


def card(area: Area) -> None:
    """A picture, a headline, a line of text and what can be done with it."""
    s, rng, size = area.screen, area.screen.rng, area.screen.size
    pad, seen = size * 0.8, rng.random() < 0.6
    photo_high = min(area.w * rng.uniform(0.25, 0.5), size * 8) if seen else 0.0
    acts = rng.random() < 0.7
    high = photo_high + size * (4.0 + 2.6 * acts)
    if (y := area.take(high, size * 0.8)) is None:
        return
    t = s.theme
    edge = rng.random() < 0.5
    s.canvas.rect(
        (area.x, y, area.x + area.w, y + high), t.field if edge else t.panel, t.line if edge else None, s.radius
    )
    if seen:
        _paste(s, area.x + 1, y + 1, area.w - 2, photo_high)
    inner = Area(s, area.x + pad, y + photo_high, area.w - 2 * pad, y + high, area.most + 3)
    s.say(inner.x, inner.y + size * 1.1, inner.w, rng.choice(["product", "event", "title", "song"]), t.text, 1.15)
    text, box = s.put(inner.x, inner.y + size * 2.8, inner.w, phrase(rng, s.lang, rng.randint(2, 4)), s.small, t.text)
    s.add("text", text, box)
    if acts:
        top = inner.y + size * 4.0
        if rng.random() < 0.6:
            wide = min(inner.w / 2 - 4, size * 7)
            for k in range(rng.randint(1, 2)):
                s.push(inner.x + k * (wide + 8), top, wide, size * 1.9, k == 0)
        else:
            names = rng.sample(
                ["heart", "message", "share", "star", "download", "more", "delete", "edit"], rng.randint(2, 3)
            )
            for k, name in enumerate(names):
                s.symbol(name, inner.x + size * (0.7 + 2.4 * k), top + size * 0.9, size)


def bubbles(area: Area) -> None:
    """Messages of two people, left and right."""
    s, rng, t = area.screen, area.screen.rng, area.screen.theme
    high = s.size * rng.uniform(1.9, 2.4)
    gap, faces = s.size * rng.uniform(0.5, 1.2), rng.random() < 0.4
    for _ in range(rng.randint(3, 8)):
        if (y := area.take(high, gap)) is None:
            return
        mine = rng.random() < 0.5
        side = s.size * 2.2 if faces else 0
        text, size = s.fitted(s.fresh("text", rng.choice(["message", "message", "hint"])), area.w * 0.75 - side, s.size)
        wide = text_width(text, t.font, size) + s.size * 1.4
        x = area.x + area.w - wide - side if mine else area.x + side
        s.canvas.rect((x, y, x + wide, y + high), t.accent if mine else t.panel, None, rng.choice([6, 10, high / 2]))
        ink = t.on_accent if mine else t.text
        s.add("text", text, s.canvas.text(x + s.size * 0.7, y + high / 2, text, t.font, size, ink))
        if faces:
            r = min(high / 2, s.size * 0.9)
            cx = area.x + area.w - r if mine else area.x + r
            s.canvas.draw.ellipse((cx - r, y + high / 2 - r, cx + r, y + high / 2 + r), fill=t.faint)


def table(area: Area) -> None:
    """Rows below the names of the columns; a row is one item, some end with a button, a link or an icon."""
    s, rng, t, size = area.screen, area.screen.rng, area.screen.theme, area.screen.size
    columns, high = rng.randint(2, 4), size * rng.uniform(2.0, 2.8)
    end = rng.choice(["", "link", "icon", "button"])
    room = area.w - (size * 5 if end else 0)
    columns = max(1, min(columns, int(room / (size * 5))))
    count = area.rows(rng.randint(2, 6), high) - 1
    if count < 1:
        return
    top, step = area.y, room / columns
    heads = [row[s.lang == "zh"] for row in rng.sample(texts.TEXTS["column"], columns)]
    sources = [rng.choice(["product", "contact", "file", "city"])]
    sources += [rng.choice(["status", "price", "time", "city"]) for _ in range(columns - 1)]
    s.canvas.rect((area.x, top, area.x + area.w, top + high), rng.choice([t.panel, mix(t.background, t.accent, 0.12)]))
    for k, head in enumerate(heads):
        s.put(area.x + k * step + 6, top + high / 2, step - 10, head, size, t.text, True)
    lines, stripes = rng.random() < 0.6, rng.random() < 0.4
    for r in range(1, count + 1):
        y = top + r * high
        if stripes and r % 2 == 0:
            s.canvas.rect((area.x, y, area.x + area.w, y + high - 1), t.panel)
        name = ""
        for k, source in enumerate(sources):
            text = s.fresh("item", source) if k == 0 else texts.text(rng, source, s.lang)
            text, _ = s.put(area.x + k * step + 6, y + high / 2, step - 10, text, size, t.text)
            name = name or text
        s.add("item", name, (area.x, y, area.x + area.w, y + high))
        if lines:
            s.canvas.draw.line((area.x, y + high, area.x + area.w, y + high), fill=t.line)
        at = area.x + room + size * 0.4
        if end == "icon":
            s.symbol(rng.choice(["edit", "delete", "more", "download"]), at + size, y + high / 2, size)
        elif end == "button":
            s.push(at, y + high / 2 - size * 0.85, size * 4.4, size * 1.7, False)
        elif end == "link":
            text, box = s.put(
                at, y + high / 2, size * 4.4, s.fresh("link", rng.choice(["button", "link"])), size, s.readable
            )
            s.canvas.draw.line((box[0], box[3], box[2], box[3]), fill=s.readable)
            s.add("link", text, box)
    area.y = top + (count + 1) * high + size * 0.6


def steps(area: Area) -> None:
    """How far a wizard has come: numbers on a line, or words."""
    s, rng, t, size = area.screen, area.screen.rng, area.screen.theme, area.screen.size
    count = rng.randint(3, 4)
    current = rng.randrange(count)
    if rng.random() < 0.5 or area.w < size * 14:
        if (y := area.take(size * 1.8, size * 0.3)) is not None:
            text = f"第{current + 1}步,共{count}步" if s.lang == "zh" else f"Step {current + 1} of {count}"
            text, box = s.put(area.x, y + size * 0.9, area.w, text, size, t.text)
            s.add("text", text, box)
            bar = y + size * 1.7
            s.canvas.rect((area.x, bar, area.x + area.w, bar + 3), s.off_color)
            s.canvas.rect((area.x, bar, area.x + area.w * (current + 1) / count, bar + 3), s.on_color)
        return
    if (y := area.take(size * 2.2, size * 0.4)) is None:
        return
    gap, cy, r = area.w / count, y + size * 1.1, size * 0.8
    s.canvas.draw.line((area.x + gap / 2, cy, area.x + area.w - gap / 2, cy), fill=s.off_color, width=2)
    for k in range(count):
        cx, done = area.x + gap * (k + 0.5), k <= current
        fill = s.on_color if done else t.background
        s.canvas.draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=fill, outline=s.on_color if done else s.off_color)
        ink: Color = ((20, 20, 20) if bright(fill) > 150 else (255, 255, 255)) if done else t.text
        s.canvas.text(cx, cy, str(k + 1), t.font, max(10, round(size * 0.85)), ink, "mm")


def player(area: Area) -> None:
    """A cover, the song, its place in time and the buttons below."""
    s, rng, t, size = area.screen, area.screen.rng, area.screen.theme, area.screen.size
    high = min(area.w * rng.uniform(0.5, 0.85), area.bottom - area.y - size * 10)
    if high > size * 3 and (y := area.take(high, size * 0.8)) is not None:
        wide = min(area.w, high * rng.choice([1, 1, 1.4]))
        _paste(s, area.x + (area.w - wide) / 2, y, wide, high)
    middle = rng.random() < 0.5
    for source, ink, big in (("song", t.text, 1.2), ("contact", t.faint, 0.9)):
        if (y := area.take(size * 1.7 * big)) is not None:
            text, box = s.put(
                area.x + (area.w / 2 if middle else 0), y + size * 0.8 * big, area.w, s.fresh("text", source),
                round(size * big), ink, big > 1, "mm" if middle else "lm",
            )  # fmt: skip
            s.add("text", text, box)
    share = rng.uniform(0.05, 0.95)
    if (y := area.take(size * 1.8)) is not None:
        cy = y + size * 0.5
        s.canvas.rect((area.x, cy - 2, area.x + area.w, cy + 2), s.off_color, None, 2)
        s.canvas.rect((area.x, cy - 2, area.x + area.w * share, cy + 2), s.on_color, None, 2)
        s.canvas.draw.ellipse(
            (area.x + area.w * share - 5, cy - 5, area.x + area.w * share + 5, cy + 5), fill=s.on_color
        )
        for x, anchor in ((area.x, "lm"), (area.x + area.w, "rm")):
            s.put(
                x,
                y + size * 1.3,
                area.w / 3,
                f"{rng.randint(0, 9)}:{rng.randint(0, 59):02}",
                s.small,
                t.faint,
                anchor=anchor,
            )
    if (y := area.take(size * 3, size * 0.4)) is not None:
        names = rng.choice(
            [["previous", "pause", "next"], ["previous", "play", "next"], ["heart", "previous", "play", "next", "more"]]
        )
        gap = area.w / len(names)
        for k, name in enumerate(names):
            x, cy, main = area.x + gap * (k + 0.5), y + size * 1.5, name in ("play", "pause")
            if main and rng.random() < 0.6:
                s.canvas.draw.ellipse((x - size * 1.4, cy - size * 1.4, x + size * 1.4, cy + size * 1.4), fill=t.accent)
                s.symbol(name, x, cy, size * 1.2, t.on_accent)
            else:
                s.symbol(name, x, cy, size * 1.3)


def product(area: Area) -> None:
    """One thing that is for sale: what it looks like, costs, and which kinds there are."""
    s, rng, size = area.screen, area.screen.rng, area.screen.size
    image(area, 0.45)
    heading(area, "product", 1.3)
    if (y := area.take(size * 1.9)) is not None:
        text, box = s.put(area.x, y + size, area.w, s.fresh("text", "price"), round(size * 1.2), s.readable, True)
        s.add("text", text, box)
    paragraph(area, rng.randint(0, 2))
    if rng.random() < 0.5:
        choices(area)
    buttons(area, rng.randint(1, 2))


def profile(area: Area) -> None:
    """Who the page is about: face, name, and a line below it."""
    s, rng, size = area.screen, area.screen.rng, area.screen.size
    if (y := area.take(size * 4.6, size * 0.5)) is None:
        return
    r, t = size * 1.8, s.theme
    color: Color = (rng.randint(60, 200), rng.randint(60, 200), rng.randint(60, 200))
    s.canvas.draw.ellipse((area.x, y + size * 0.4, area.x + 2 * r, y + size * 0.4 + 2 * r), fill=color)
    icon(s.canvas, "user", area.x + r, y + size * 0.4 + r, r, (255, 255, 255), rng)
    left = area.x + 2 * r + size
    s.say(left, y + size * 1.4, area.x + area.w - left, "contact", t.text, 1.2)
    s.say(left, y + size * 3.1, area.x + area.w - left, "city", t.faint, 0.9)


def chips(area: Area) -> None:
    """Small round buttons in one line: filters and quick answers."""
    s, rng, t = area.screen, area.screen.rng, area.screen.theme
    if (y := area.take(s.size * 2, s.size * 0.5)) is None:
        return
    x, edge = area.x, rng.random() < 0.5
    for _ in range(rng.randint(2, 4)):
        text, size = s.fitted(
            s.fresh("button", rng.choice(["option", "section"])), area.w * 0.5, max(11, round(s.size * 0.9))
        )
        wide = text_width(text, t.font, size) + s.size * 1.4
        if x + wide > area.x + area.w:
            return
        box = (x, y, x + wide, y + s.size * 1.8)
        s.canvas.rect(box, None if edge else s.tint, s.off_color if edge else None, s.size)
        s.canvas.text(x + wide / 2, y + s.size * 0.9, text, t.font, size, t.text, "mm")
        s.add("button", text, box)
        x += wide + s.size * 0.6
