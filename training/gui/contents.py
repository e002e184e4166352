"""What pages show: headings, texts, pictures, cards, messages, tables, players."""

from __future__ import annotations

from training.draw import Color, icon, mix, text_width
from training.gui import texts
from training.gui.rows import Area
from training.gui.styled import Styled
from training.stills import still
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
    picture(s, x, y, w, h)


def picture(s: Styled, x: float, y: float, w: float, h: float) -> None:
    """A photograph, or what stands for one, over the whole box."""
    still(s.canvas, (x, y, x + w, y + h), s.rng)
    s.add("picture", "图片" if s.lang == "zh" else "photo", (x, y, x + w, y + h))


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
        picture(s, area.x + 1, y + 1, area.w - 2, photo_high)
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
    count = area.rows(rng.randint(3, 7), high) - 1
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


def player(area: Area) -> None:
    """A cover, the song, its place in time and the buttons below."""
    s, rng, t, size = area.screen, area.screen.rng, area.screen.theme, area.screen.size
    high = min(area.w * rng.uniform(0.5, 0.85), area.bottom - area.y - size * 10)
    if high > size * 3 and (y := area.take(high, size * 0.8)) is not None:
        wide = min(area.w, high * rng.choice([1, 1, 1.4]))
        picture(s, area.x + (area.w - wide) / 2, y, wide, high)
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
