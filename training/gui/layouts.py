"""How widgets are arranged on the screens of phones and desktops."""

from __future__ import annotations

from random import Random

from training.draw import fit, sides
from training.gui.screen import Screen

_ROWS = [
    "text",
    "button",
    "button",
    "input",
    "input",
    "switch",
    "checkbox",
    "link",
    "item",
    "dropdown",
    "search box",
    "picture",
]


def _rows(rng: Random) -> list[str]:
    """A page of one purpose (settings, form, list) or of everything."""
    page = rng.random()
    if page < 0.2:
        return (
            ["search box"] * (rng.random() < 0.4) + ["switch"] * rng.randint(2, 7) + ["button"] * (rng.random() < 0.5)
        )
    if page < 0.4:
        return (
            ["text"] * (rng.random() < 0.5)
            + ["input"] * rng.randint(1, 4)
            + ["checkbox"] * rng.randint(0, 2)
            + ["button"] * rng.randint(1, 2)
            + ["link"]
        )
    if page < 0.55:
        return ["search box"] * (rng.random() < 0.6) + ["item"] * rng.randint(2, 7) + ["button"] * (rng.random() < 0.4)
    return [rng.choice(_ROWS) for _ in range(10)]


def draw_phone(rng: Random, lang: str, held_out: bool, tokens: int) -> Screen:
    width, height = sides(rng, tokens, (0.42, 0.75))
    screen = Screen(rng, lang, held_out, width, height)
    c, t, s = screen.canvas, screen.theme, screen.size
    y, margin = 4.0, rng.uniform(0.03, 0.08) * width
    if rng.random() < 0.6:
        c.text(
            margin,
            y + s * 0.7,
            f"{rng.randint(0, 23)}:{rng.randint(0, 59):02}",
            t.font,
            max(10, round(s * 0.8)),
            t.text,
        )
        bx = width - margin - s * 1.4
        c.rect((bx, y + s * 0.4, bx + s * 1.3, y + s), None, t.text, 2)
        c.rect((bx + 2, y + s * 0.4 + 2, bx + s * rng.uniform(0.4, 1.2), y + s - 2), t.text)
        y += s * 1.6
    bar = s * rng.uniform(2.2, 3.4)
    colored = rng.random() < 0.3
    if colored:  # a title bar of its own colour
        y = 0.0 if rng.random() < 0.5 else y
        c.rect((0, y, width, y + bar), t.accent)
        screen.title(margin, y, width - 2 * margin, bar, t.on_accent)
        y += bar + s * rng.uniform(0.3, 1.2)
    elif rng.random() < 0.85:
        left, right = margin, width - margin
        if rng.random() < 0.4:
            screen.icon(rng.choice(["back", "menu", "user", "close"]), left + s * 0.5, y + bar / 2, s * 0.9)
            left += s * 2
        trailing = rng.random() < 0.35
        if trailing:
            right -= s * 2
        (screen.search if rng.random() < 0.2 else screen.title)(
            left, y + (0 if rng.random() < 0.5 else bar * 0.1), right - left, bar
        )
        if trailing:
            screen.icon(
                rng.choice(["search", "add", "more", "settings", "bell", "star"]),
                width - margin - s * 0.6,
                y + bar / 2,
                s * 0.9,
            )
        y += bar + 6
    if rng.random() < 0.22:
        screen.tabs(0, y, width, s * 2.2, rng.randint(2, 4))
        y += s * 2.2 + 8
    bottom = float(height)
    foot = rng.random() < 0.4
    if foot:
        bottom -= s * 3
    screen.column(margin, y, width - 2 * margin, bottom - 4, _rows(rng), 10 if foot else 12)
    if foot:
        c.rect((0, bottom, width, height), rng.choice([t.panel, t.field]))
        screen.tabs(0, bottom, width, s * 3, rng.randint(3, 5 if width > 300 else 4))
    return screen


def draw_desktop(rng: Random, lang: str, held_out: bool, tokens: int) -> Screen:
    width, height = sides(rng, tokens, (1.1, 1.8))
    screen = Screen(rng, lang, held_out, width, height)
    screen.size = s = rng.randint(12, max(13, min(20, width // 28)))
    c, t = screen.canvas, screen.theme
    y = 0.0
    bar = s * rng.uniform(2, 2.8)
    c.rect((0, 0, width, bar), t.panel if rng.random() < 0.6 else t.background)
    if rng.random() < 0.5:
        for k in range(3):
            c.draw.ellipse(
                (8 + k * s, bar / 2 - s * 0.3, 8 + k * s + s * 0.6, bar / 2 + s * 0.3),
                fill=[(237, 106, 94), (245, 191, 79), (98, 197, 84)][k],
            )
    screen.title(8 + s * 3.4, y, width * 0.35, bar)
    if rng.random() < 0.45:
        screen.search(width * 0.6, bar * 0.08, width * 0.36, bar * 0.85)
    elif rng.random() < 0.6:
        screen.icon("close", width - s, bar / 2, s * 0.8)
    y = bar + 6
    left = 0.0
    if rng.random() < 0.5:
        left = width * rng.uniform(0.2, 0.3)
        c.rect((0, bar, left, height), t.panel)
        for k in range(rng.randint(3, 5)):
            text, top = screen.fresh("tab", "tab"), y + k * s * 2.2
            if top + s * 2 < height:
                c.text(10, top + s, text, t.font, fit(text, t.font, s, left - 16), t.text)
                screen.add("tab", text, (0, top, left, top + s * 2))
    elif rng.random() < 0.5:
        screen.tabs(0, y, width * rng.uniform(0.6, 1), s * 2, rng.randint(3, 6))
        y += s * 2 + 8
    columns = rng.choice([1, 1, 2]) if width - left > 380 else 1
    space = (width - left) / columns
    for k in range(columns):
        screen.column(left + space * k + 14, y, space - 28, height - 4, _rows(rng), 13)
    return screen
