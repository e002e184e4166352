"""What stands around the content of a page: status bars, title bars, navigation, sidebars, toolbars and windows."""

from __future__ import annotations

from training.draw import Color, bright, mix, text_width
from training.gui import texts
from training.gui.controls import Control
from training.gui.rows import Area
from training.gui.styled import Styled
from training.icons import ICONS
from training.words import EN_WORDS

LEFT = ("back", "menu", "close", "home")
RIGHT = (
    "search",
    "add",
    "more",
    "settings",
    "bell",
    "star",
    "share",
    "edit",
    "filter",
    "refresh",
    "cart",
    "camera",
    "user",
)


def status(s: Styled, ink: Color) -> float:
    """Time and battery at the top of a phone; where they end."""
    c, rng, size = s.canvas.draw, s.rng, s.size
    cy, w, left = size * 0.8, s.canvas.width, size * 0.8
    centred = rng.random() < 0.15
    s.canvas.text(
        w / 2 if centred else left, cy, texts.clock(rng), s.theme.font, s.small, ink, "mm" if centred else "lm"
    )
    x = w - left - size * 1.3
    s.canvas.rect((x, cy - size * 0.3, x + size * 1.2, cy + size * 0.3), None, ink, 2)
    c.rectangle((x + 2, cy - size * 0.3 + 2, x + size * rng.uniform(0.3, 1.1), cy + size * 0.3 - 2), fill=ink)
    if rng.random() < 0.7:
        x -= size * 0.5
        for k in range(4):  # strength of the signal
            c.rectangle(
                (x - 4 * k - 3, cy + size * 0.3 - size * 0.15 * (4 - k), x - 4 * k - 1, cy + size * 0.3), fill=ink
            )
        x -= 22
    else:
        x -= size * 0.9
    if rng.random() < 0.5:
        for r in (0.15, 0.4, 0.65):
            b = size * r
            c.arc((x - b, cy + size * 0.3 - b, x + b, cy + size * 0.3 + b), 225, 315, fill=ink, width=2)
        x -= size
    if rng.random() < 0.3 and not centred:
        s.put(
            x - size * 0.4, cy, size * 3, rng.choice(["5G", "4G", f"{rng.randint(10, 99)}%"]), s.small, ink, anchor="rm"
        )
    return size * 1.6


def name_page(s: Styled, x: float, y: float, w: float, ink: Color, big: float = 1.15, middle: bool = False) -> None:
    """The title, centred vertically on y."""
    text, box = s.put(
        x + w / 2 if middle else x,
        y,
        w,
        s.fresh("title", "title"),
        round(s.size * big),
        ink,
        True,
        "mm" if middle else "lm",
    )
    s.add("title", text, box)


def top_bar(s: Styled) -> float:
    """Status and title bar of a phone; where they end."""
    t, rng, size, w = s.theme, s.rng, s.size, s.canvas.width
    colored, style = rng.random() < 0.3, rng.random()
    high = size * rng.uniform(2.4, 3.2)
    ink, y = t.on_accent if colored else t.text, 0.0
    over = rng.random() < 0.75
    if colored:
        s.canvas.rect((0, 0, w, (size * 1.6 if over else 0) + high), t.accent)
    elif rng.random() < 0.3:
        s.canvas.rect((0, 0, w, (size * 1.6 if over else 0) + high), t.panel)
    if over:
        y = status(s, ink)
    cy, left, right = y + high / 2, size * 0.8, w - size * 0.8
    ends: list[str] = rng.sample(RIGHT, rng.choice([0, 1, 1, 2])) if style > 0.2 else []
    centred = rng.random() < 0.35
    if rng.random() < 0.55:
        s.symbol(rng.choice(LEFT), left + size * 0.5, cy, size * 0.95, ink)
        left += size * 2
    room = size * 2.1 * len(ends) if style > 0.2 else size * 4.2
    if centred:  # as much room on both sides
        side = max(left, w - right + room)
        left, right = side, w - side
    else:
        right -= room
    if style > 0.85 and not colored:
        s.find(left, y + high * 0.12, right - left, high * 0.76)
    else:
        name_page(s, left, cy, right - left, ink, rng.uniform(1.05, 1.4), centred)
    right = w - size * 0.8
    if style <= 0.2:  # a word at the end
        text, fit_to = s.fitted(s.fresh("button", "button"), size * 4, size, True)
        word_ink = ink if colored else s.readable
        box = s.canvas.text(right, cy, text, t.bold, fit_to, word_ink, "rm")
        s.add("button", text, (box[0] - 4, cy - size * 0.9, box[2] + 4, cy + size * 0.9))
    for k, name in enumerate(ends):
        s.symbol(name, right - size * 0.6 - size * 2.1 * (len(ends) - 1 - k), cy, size * 0.95, ink)
    if not colored and rng.random() < 0.4:
        s.canvas.draw.line((0, y + high, w, y + high), fill=t.line)
    return y + high + size * rng.uniform(0.3, 0.9)


def large_title(s: Styled) -> float:
    """A bare bar of icons and a large title below it."""
    rng, size, w = s.rng, s.size, s.canvas.width
    y = status(s, s.theme.text) if rng.random() < 0.8 else 0.0
    if rng.random() < 0.6:
        s.symbol(rng.choice(LEFT), size * 1.4, y + size * 1.1, size, s.readable)
        if rng.random() < 0.6:
            s.symbol(rng.choice(RIGHT), w - size * 1.4, y + size * 1.1, size, s.readable)
        y += size * 2.1
    name_page(s, size * 0.9, y + size * 1.3, w - size * 1.8, s.theme.text, rng.uniform(1.4, 1.9))
    return y + size * 2.8


def navigation(s: Styled) -> float:
    """Tabs at the bottom of a phone; where they begin."""
    t, rng, size, w, h = s.theme, s.rng, s.size, s.canvas.width, s.canvas.height
    high = size * rng.choice([2.1, 3.0, 3.2])
    s.canvas.rect((0, h - high, w, h), rng.choice([t.panel, t.field, t.background]))
    if rng.random() < 0.6:
        s.canvas.draw.line((0, h - high, w, h - high), fill=t.line)
    s.tabs(0, h - high, w, high, rng.randint(3, 5 if w > size * 17 else 4))
    return h - high


def float_button(s: Styled, bottom: float) -> None:
    """A round button above the lower right corner."""
    r, t = s.size * 1.4, s.theme
    x, y = s.canvas.width - r - s.size, bottom - r - s.size
    if s.rng.random() < 0.7:
        s.canvas.draw.ellipse((x - r, y - r, x + r, y + r), fill=t.accent)
    else:
        s.canvas.rect((x - r, y - r, x + r, y + r), t.accent, None, r * 0.5)
    s.symbol(s.rng.choice(["add", "edit", "message", "camera", "send"]), x, y, s.size * 1.1, t.on_accent)


def composer(s: Styled) -> float:
    """Where a message is written, at the bottom; where it begins."""
    t, rng, size, w, h = s.theme, s.rng, s.size, s.canvas.width, s.canvas.height
    high = size * rng.uniform(2.6, 3.2)
    top, left, right = h - high, size * 0.6, w - size * 0.6
    s.canvas.rect((0, top, w, h), rng.choice([t.panel, t.background]))
    if rng.random() < 0.5:
        s.symbol(rng.choice(["add", "camera", "album", "volume"]), left + size * 0.7, top + high / 2, size)
        left += size * 2
    word = rng.random() < 0.35
    right -= size * (4 if word else 2.2)
    box = (left, top + high * 0.15, right, top + high * 0.85)
    s.canvas.rect(box, t.field, t.line, rng.choice([0, 6, high / 2]))
    text, _ = s.put(
        left + size * 0.7, top + high / 2, right - left - size * 1.2, s.fresh("input", "hint"), size, t.faint
    )
    s.add("input", text, box)
    if word:
        s.push(right + size * 0.4, top + high * 0.15, size * 3.6, high * 0.7)
    else:
        s.symbol("send", right + size * 1.1, top + high / 2, size * 1.1, s.readable)
    return top


def actions(s: Styled) -> float:
    """One or two buttons across the lower edge of a phone; where they begin."""
    rng, size, w, h = s.rng, s.size, s.canvas.width, s.canvas.height
    high = size * rng.uniform(2, 2.6)
    top, count = h - high - size * 0.8, rng.randint(1, 2)
    step = (w - size * 0.8 * (count + 1)) / count
    for k in range(count):
        s.push(size * 0.8 + k * (step + size * 0.8), top, step, high, k == count - 1)
    return top - size * 0.4


def strip(s: Styled, x: float, y: float, w: float, high: float, source: str, kind: str, most: int) -> None:
    """Words side by side: the menus of a window, or the buttons of a toolbar, with or without icons."""
    t, rng, size = s.theme, s.rng, s.size
    left, icons = x, kind == "button" and rng.random() < 0.5
    for _ in range(most):
        text, fit_to = s.fitted(s.fresh(kind, source), size * 7, size)
        wide = text_width(text, t.font, fit_to) + size * (2.4 if icons else 1.2)
        if left + wide > x + w:
            break
        at = left + size * 0.6
        if icons:
            s.ornament(at + size * 0.4, y + high / 2, size * 0.8, t.text)
            at += size * 1.2
        s.canvas.text(at, y + high / 2, text, t.font, fit_to, t.text)
        s.add(kind, text, (left, y + 2, left + wide, y + high - 2))
        left += wide + 2


def tools(s: Styled, x: float, y: float, w: float, high: float, most: int) -> None:
    """Icons side by side."""
    step = s.size * s.rng.uniform(1.9, 2.4)
    count = min(most, int(w / step))
    for k, name in enumerate(s.rng.sample(sorted(ICONS), max(0, count))):
        s.symbol(name, x + step * (k + 0.5), y + high / 2, s.size * 0.95)


def window(s: Styled, x: float, y: float, w: float, h: float, most: int = 12) -> Area:
    """A window with a title bar; the area inside it."""
    t, rng, c = s.theme, s.rng, s.canvas
    high, buttons = s.size * rng.uniform(1.8, 2.4), rng.random()
    bar = rng.choice([t.panel, t.accent, mix(t.panel, t.accent, 0.2)])
    c.rect((x, y, x + w, y + h), t.background, t.line, rng.choice([0, 6]))
    c.rect((x, y, x + w, y + high), bar)
    ink: Color = (20, 20, 20) if bright(bar) > 140 else (255, 255, 255)
    left, right, cy, r = x + s.size * 0.7, x + w - s.size * 0.7, y + high / 2, s.size * 0.3
    if buttons < 0.4:
        for k, color in enumerate([(237, 106, 94), (245, 191, 79), (98, 197, 84)]):
            c.draw.ellipse((left + k * r * 3, cy - r, left + k * r * 3 + 2 * r, cy + r), fill=color)
        left += r * 10
    elif buttons < 0.85:
        right -= s.size * 1.6
    name_page(s, left, cy, right - left, ink, rng.uniform(0.95, 1.1), rng.random() < 0.3)
    if 0.4 <= buttons < 0.85:
        s.symbol("close", x + w - s.size, cy, s.size * 0.7, ink)
    return Area(s, x + s.size * 0.8, y + high + s.size * 0.5, w - s.size * 1.6, y + h - s.size * 0.4, most)


def sidebar(s: Styled, x: float, y: float, w: float, bottom: float) -> None:
    """Names of pages below each other; one of them is shown."""
    t, rng, size = s.theme, s.rng, s.size
    s.canvas.rect((x, y, x + w, bottom), rng.choice([t.panel, t.panel, t.background]))
    if rng.random() < 0.5:
        s.canvas.draw.line((x + w, y, x + w, bottom), fill=t.line)
    high, count = size * rng.uniform(1.9, 2.5), rng.randint(3, 6)
    current, icons, source = (
        rng.randrange(count),
        rng.random() < 0.5,
        rng.choice(["tab", "tab", "setting", "folder", "app"]),
    )
    top = y + size * 0.5
    for k in range(count):
        if top + high > bottom:
            return
        on, left = k == current, x + size * 0.9
        if on:
            s.canvas.rect((x + 4, top + 2, x + w - 4, top + high - 2), s.tint, None, rng.choice([0, 6]))
        if icons:
            s.ornament(left + size * 0.4, top + high / 2, size * 0.85, t.text)
            left += size * 1.4
        ink = t.text
        text, _ = s.put(left, top + high / 2, x + w - left - size * 0.4, s.fresh("tab", source), size, ink, on)
        s.controls.append(Control(kind="tab", text=text, box=(x, top, x + w, top + high), selected=on))
        top += high


def browser(s: Styled) -> float:
    """Pages as tabs, and below them where the shown one comes from; where they end."""
    t, rng, size, w, c = s.theme, s.rng, s.size, s.canvas.width, s.canvas
    ground, step = mix(t.background, t.text, rng.uniform(0.08, 0.2)), min(size * rng.uniform(9, 13), w / 3)
    high, count = size * rng.uniform(1.9, 2.3), rng.randint(1, 2)
    current = rng.randrange(count)
    c.rect((0, 0, w, high), ground)
    c.rect((0, high, w, high + size * 2.4), t.background)
    for k in range(count):
        left = size * 0.5 + k * step
        if k == current:
            c.rect((left, 3, left + step - 4, high + 4), t.background, None, rng.choice([0, 6]))
        text, _ = s.put(left + size * 0.7, high / 2 + 1, step - size * 1.6, s.fresh("tab", "title"), s.small, t.text)
        tab = Control(kind="tab", text=text, box=(left, 3, left + step - 4, high), selected=k == current)
        s.controls.append(tab)
    cy, left, right = high + size * 1.2, size * 0.5, w - size * 0.5
    for name in rng.sample(["back", "refresh", "home"], rng.randint(1, 3)):
        s.symbol(name, left + size * 0.8, cy, size * 0.9)
        left += size * 1.9
    ends = rng.sample(["star", "user", "more", "menu", "download"], rng.randint(1, 2))
    right -= size * 1.9 * len(ends)
    box = (left + 4, cy - size * 0.9, right - 4, cy + size * 0.9)
    c.rect(box, t.panel, None, rng.choice([4, size * 0.9]))
    site = f"{rng.choice(['www.', '', 'https://'])}{rng.choice(EN_WORDS)}{rng.choice(['.com', '.org', '.net', '.cn'])}"
    path = rng.choice(["", "/", f"/{rng.choice(EN_WORDS)}", f"/{rng.choice(EN_WORDS)}/{rng.randint(1, 999)}"])
    text, _ = s.put(left + size, cy, right - left - size * 2, site + path, s.small, t.text)
    s.add("input", text, box)
    for k, name in enumerate(ends):
        s.symbol(name, right + size * (0.95 + 1.9 * k), cy, size * 0.9)
    c.draw.line((0, high + size * 2.4, w, high + size * 2.4), fill=t.line)
    return high + size * 2.5
