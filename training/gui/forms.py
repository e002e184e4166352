"""What pages ask for: fields, choices, sliders, buttons, links, steps on the way."""

from __future__ import annotations

from training.draw import Color, bright, text_width
from training.gui.contents import heading
from training.gui.rows import Area


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


def fields(area: Area) -> None:
    """Fields below each other."""
    s = area.screen
    for _ in range(s.rng.randint(1, 3)):
        if (y := area.take(s.field_height(), s.size * 0.6)) is not None:
            s.field(area.x, y, area.w, s.rng.choice(["input", "input", "dropdown"]))


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
