"""Parts of screens that belong to no list and no form: banners, figures, tiles, galleries, keys, notices, comments."""

from __future__ import annotations

from training import fonts
from training.draw import Color, bright, cut, mix
from training.gui import inline, texts
from training.gui.contents import picture
from training.gui.rows import Area, lead
from training.words import EN_WORDS, phrase


def hero(area: Area) -> None:
    """A coloured field with large words, a smaller line, and what to do next."""
    s, rng, size = area.screen, area.screen.rng, area.screen.size
    big, acts = rng.uniform(1.5, 2.6), rng.random() < 0.7
    high = size * (big * 1.5 + 2.6 + 2.9 * acts)
    if area.left < 2 + acts or (y := area.take(high, size * 0.6)) is None:
        return
    t, middle = s.theme, rng.random() < 0.5
    fill = rng.choice([t.accent, s.tint, t.panel, mix(t.accent, t.text, 0.3)])
    s.canvas.rect((area.x, y, area.x + area.w, y + high), fill, None, s.radius)
    ink: Color = (20, 20, 24) if bright(fill) > 135 else (250, 250, 250)
    at, anchor = (area.x + area.w / 2, "mm") if middle else (area.x + size, "lm")
    room = area.w - 2 * size
    for source, scale, cy in (("title", big, 0.6 + big * 0.7), ("phrase", 1.0, 1.4 + big * 1.4)):
        said = phrase(rng, s.lang, rng.randint(2, 4)) if source == "phrase" else s.fresh("text", "product")
        said, box = s.put(at, y + size * cy, room, said, round(size * scale), ink, scale > 1, anchor)
        s.add("text", said, box)
    if acts:
        wide = min(room, size * rng.uniform(5, 8))
        top = y + high - size * 2.8
        said, fit_to = s.fitted(s.fresh("button", "button"), wide - size, size, True)
        left = at - wide / 2 if middle else at
        box = (left, top, left + wide, top + size * 2)
        s.canvas.rect(box, ink if rng.random() < 0.5 else None, ink, t.radius * size * 2)
        if s.canvas.image.getpixel((round(left + wide / 2), round(top + size))) == ink:
            ink = fill
        s.canvas.text(left + wide / 2, top + size, said, t.bold, fit_to, ink, "mm")
        s.add("button", said, box)


def figures(area: Area) -> None:
    """Large numbers with their names, side by side."""
    s, rng, size, t = area.screen, area.screen.rng, area.screen.size, area.screen.theme
    count = min(rng.randint(2, 4), int(area.w / (size * 6)), area.left // 2)
    if count < 1 or (y := area.take(size * 4.6, size * 0.5)) is None:
        return
    gap = size * 0.6
    wide, boxed, below = (area.w - gap * (count - 1)) / count, rng.random() < 0.6, rng.random() < 0.5
    for k in range(count):
        x = area.x + k * (wide + gap)
        if boxed:
            s.canvas.rect((x, y, x + wide, y + size * 4.4), t.panel, None, s.radius)
        number = rng.choice([texts.price(rng, s.lang), f"{rng.randint(1, 99)}%", str(rng.randint(1, 9999))])
        lines = [(number, 1.6, t.text), (s.fresh("text", rng.choice(["column", "section"])), 0.9, t.faint)]
        for (said, big, ink), cy in zip(
            lines if below else lines[::-1], (1.3, 3.1) if below else (1.0, 2.8), strict=True
        ):
            said, box = s.put(x + size * 0.6, y + size * cy, wide - size * 1.2, said, round(size * big), ink, big > 1)
            s.add("text", said, box)


def tiles(area: Area) -> None:
    """A grid of icons with their names below or beside them; each is one item."""
    s, rng, size, t = area.screen, area.screen.rng, area.screen.size, area.screen.theme
    beside = rng.random() < 0.3
    columns = max(1, min(rng.randint(2, 6), int(area.w / (size * (6.5 if beside else 4.2)))))
    high = size * (2.6 if beside else rng.uniform(4.0, 5.5))
    count = min(area.left, columns * max(0, min(3, int((area.bottom - area.y) / high))), rng.randint(columns, 12))
    if count < 1:
        return
    step, boxed, gap = area.w / columns, rng.random() < 0.5, rng.choice([2, 2, 5])
    ground, edge = rng.choice([(t.field, t.line), (t.field, t.line), (t.panel, None), (t.panel, t.line)])
    kind, side = rng.choice(["tile", "tile", "avatar", "icon", "photo"]), size * rng.uniform(1.6, 2.2)
    source, top = rng.choice(["app", "app", "folder", "product", "contact", "city", "tab"]), area.y
    for k in range(count):
        x, y = area.x + step * (k % columns), top + high * (k // columns)
        box = (x + gap, y + 2, x + step - gap, y + high - 2)
        if boxed:
            s.canvas.rect(box, ground, edge, s.radius)
        said = s.fresh("item", source)
        if beside:
            said, _ = s.put(x + side + size, y + high / 2, step - side - size * 1.6, said, size, t.text)
            lead(s, kind, x + size * 0.5, y + high / 2, side, said)
        else:
            said, _ = s.put(x + step / 2, y + high - size * 1.1, step - size * 0.6, said, s.small, t.text, anchor="mm")
            lead(s, kind, x + step / 2 - side / 2, y + (high - size * 1.2) / 2 + 1, side, said)
        s.add("item", said, box)
    area.y = top + high * ((count - 1) // columns + 1) + size * 0.5


def gallery(area: Area) -> None:
    """Pictures side by side, or one above the other."""
    s, rng, size = area.screen, area.screen.rng, area.screen.size
    columns = max(1, min(rng.randint(2, 4), int(area.w / (size * 4)), area.left))
    gap, wide = rng.choice([2, 6, 10]), area.w / columns
    high, rows = wide * rng.uniform(0.6, 1.1), rng.choice([1, 1, 2])
    for _ in range(rows):
        if area.left < columns or high < size * 2 or (y := area.take(high, gap)) is None:
            return
        for k in range(columns):
            picture(s, area.x + k * wide, y, wide - gap, high)


def keys(area: Area) -> None:
    """Digits to dial or to reckon with."""
    s, rng, size, t = area.screen, area.screen.rng, area.screen.size, area.screen.theme
    names = [*"123456789", "*", "0", "#"] if rng.random() < 0.6 else [*"789", "/", *"456", "x", *"123", "-", *"0.=+"]
    columns, rows = (3, 4) if len(names) == 12 else (4, 4)
    high = min((area.bottom - area.y) / rows, size * rng.uniform(2, 3.6))
    if area.left < len(names) or high < size * 1.7 or area.w < columns * size * 2:
        return
    wide, top = min(area.w / columns, high * rng.uniform(1, 2.4)), area.y
    left, style = area.x + (area.w - wide * columns) / 2, rng.choice(["round", "box", "bare", "edge"])
    for k, name in enumerate(names):
        x, y = left + wide * (k % columns), top + high * (k // columns)
        box = (x + 2, y + 2, x + wide - 2, y + high - 2)
        if style != "bare":
            s.canvas.rect(
                box,
                None if style == "edge" else t.panel,
                t.line if style == "edge" else None,
                high if style == "round" else 4,
            )
        s.canvas.text(x + wide / 2, y + high / 2, name, t.font, round(size * 1.2), t.text, "mm")
        s.add("button", name, box)
    area.y = top + high * rows + size * 0.5


def notice(area: Area) -> None:
    """A coloured strip that says something, and can be closed or not."""
    s, rng, size, t = area.screen, area.screen.rng, area.screen.size, area.screen.theme
    if area.left < 2 or (y := area.take(size * 2.6, size * 0.5)) is None:
        return
    color = rng.choice([(220, 60, 50), (240, 170, 40), (50, 160, 80), (50, 120, 220)])
    fill = mix(t.background, color, rng.choice([0.15, 0.25, 1.0]))
    ink: Color = (20, 20, 24) if bright(fill) > 130 else (250, 250, 250)
    s.canvas.rect((area.x, y, area.x + area.w, y + size * 2.4), fill, rng.choice([None, color]), s.radius / 2)
    left, right, cy = area.x + size * 0.7, area.x + area.w - size * 0.6, y + size * 1.2
    if rng.random() < 0.6:
        s.ornament(left + size * 0.4, cy, size * 0.9, ink)
        left += size * 1.4
    closes = rng.random() < 0.5
    right -= size * 2 * closes
    said, box = s.put(left, cy, right - left, s.fresh("text", "message"), size, ink)
    s.add("text", said, box)
    if closes:
        s.symbol("close", right + size * 1.2, cy, size * 0.8, ink)


def comments(area: Area) -> None:
    """Who said what; often something to do about it."""
    s, rng, size, t = area.screen, area.screen.rng, area.screen.size, area.screen.theme
    acts, indent = rng.random() < 0.5, 0.0
    for _ in range(rng.randint(1, 3)):
        if area.left < 3 or (y := area.take(size * (3.4 + 1.7 * acts), size * 0.6)) is None:
            return
        left = area.x + indent
        lead(s, "avatar", left, y + size, size * 1.8, "A")
        left += size * 2.4
        room = area.x + area.w - left
        s.say(left, y + size * 0.8, room, "contact", t.text)
        said, box = s.put(left, y + size * 2.3, room, phrase(rng, s.lang, rng.randint(2, 5)), s.small, t.text)
        s.add("text", said, box)
        if acts:
            inline.line(
                s, left, y + size * 4, room, rng.choice([["link"], ["icon", "icon"], ["icon", "link"]]), 2, "left"
            )
        indent = rng.choice([0.0, 0.0, size * 2]) if area.w > size * 18 else 0.0


def prose(area: Area) -> None:
    """Lines of any height, in the middle or at the left, with or without a larger one above."""
    s, rng, size, t = area.screen, area.screen.rng, area.screen.size, area.screen.theme
    middle, big = rng.random() < 0.25, rng.choice([0.8, 0.9, 1.0, 1.3])
    at, anchor = (area.x + area.w / 2, "mm") if middle else (area.x, "lm")
    lines = [(rng.uniform(1.2, 2.2), True)] * (rng.random() < 0.5) + [(big, False)] * rng.randint(1, 3)
    for scale, bold in lines:
        if (y := area.take(size * scale * 1.5 + 2)) is None:
            return
        said = (
            s.fresh("text", rng.choice(["title", "section", "event"]))
            if bold
            else phrase(rng, s.lang, rng.randint(2, 6))
        )
        said, box = s.put(
            at, y + size * scale * 0.75, area.w, said, max(11, round(size * scale)), rng.choice([t.text, t.text, t.faint]), bold, anchor
        )  # fmt: skip
        s.add("text", said, box)
    area.y += size * 0.4


def ask_once(area: Area) -> None:
    """A field and its button in one line."""
    s, rng, size = area.screen, area.screen.rng, area.screen.size
    if area.left < 2 or area.w < size * 13 or (y := area.take(size * 2.2, size * 0.5)) is None:
        return
    wide, high = size * rng.uniform(4, 6), size * 2
    if rng.random() < 0.5:
        s.find(area.x, y, area.w - wide - size * 0.5, high)
    else:
        inline.field_of(s, "input", area.x, y + high / 2, area.w - wide - size * 0.5)
    s.push(area.x + area.w - wide, y, wide, high)


def code(area: Area) -> None:
    """Lines of a program or of what it has written, on a ground of their own; each is one text."""
    s, rng, size, t = area.screen, area.screen.rng, area.screen.size, area.screen.theme
    count, step = min(area.left, rng.randint(2, 5)), size * 1.5
    mono = [name for name in fonts.available("en", False) if "Mono" in name or "Fira" in name]
    if not mono or count < 1 or area.w < size * 10 or (y := area.take(step * count + size * 0.8, size * 0.6)) is None:
        return
    ground: Color = rng.choice([(30, 32, 40), (245, 245, 245), t.panel])
    s.canvas.rect((area.x, y, area.x + area.w, y + step * count + size * 0.8), ground, None, s.radius / 2)
    ink: Color = (225, 225, 225) if bright(ground) < 125 else (35, 35, 40)
    name, numbered, left = rng.choice(mono), rng.random() < 0.4, area.x + size * 0.8
    for k in range(count):
        cy, indent = y + size * 0.4 + step * (k + 0.5), rng.choice([0, 0, 1, 2]) * size
        if numbered:
            s.canvas.text(left + size, cy, str(k + 1), name, s.small, mix(ground, ink, 0.6), "rm")
        at = left + indent + size * 1.6 * numbered
        one, two, number = *rng.sample(EN_WORDS, 2), rng.randint(0, 999)
        said = rng.choice(
            [
                f"{one} = {number}",
                f"{one}({two});",
                f"if {one} > {number}:",
                f"# {one} {two}",
                f"return {one}",
                f"let {two} = {one};",
            ]
        )
        said, fit_to = cut(said, name, max(11, s.small), area.x + area.w - at - size * 0.5)
        s.add("text", said, s.canvas.text(at, cy, said, name, fit_to, ink))


def drop_zone(area: Area) -> None:
    """Where files are dropped: a broken edge around an icon and words."""
    s, size, t = area.screen, area.screen.size, area.screen.theme
    if area.left < 2 or area.w < size * 9 or (y := area.take(size * 6.4, size * 0.5)) is None:
        return
    x, step = area.x, 8
    for k in range(0, round(area.w) - 4, step):
        for edge in (y, y + size * 6.2):
            s.canvas.draw.line((x + k, edge, x + k + 4, edge), fill=t.faint)
    for k in range(0, round(size * 6.2) - 4, step):
        for edge in (x, x + area.w):
            s.canvas.draw.line((edge, y + k, edge, y + k + 4), fill=t.faint)
    middle = x + area.w / 2
    s.ornament(middle, y + size * 1.3, size * 1.6, t.faint)
    said, box = s.put(middle, y + size * 2.9, area.w - size, s.fresh("text", "hint"), size, t.faint, anchor="mm")
    s.add("text", said, box)
    wide = min(area.w - size, size * 7)
    s.push(middle - wide / 2, y + size * 3.9, wide, size * 1.9, False)


def mixed_line(area: Area) -> None:
    """Anything beside anything."""
    s, rng = area.screen, area.screen.rng
    if (y := area.take(s.size * 2.3, s.size * 0.3)) is None:
        return
    one = rng.choice(["icon", "chip", "button", "link", "checkbox", "radio", "text", "dropdown"])
    kinds = [one] * rng.randint(2, 5) if rng.random() < 0.45 else rng.choices(list(inline.KINDS), k=rng.randint(2, 6))
    inline.line(s, area.x, y + s.size * 1.1, area.w, kinds, area.left)


def way(area: Area) -> None:
    """Where this page lies, or which of many it is."""
    s, rng = area.screen, area.screen.rng
    if (y := area.take(s.size * 2.2, s.size * 0.2)) is not None:
        make = inline.breadcrumbs if rng.random() < 0.5 else inline.pagination
        make(s, area.x, y + s.size * 1.1, area.w, area.left)
