"""What lies above a page: dialogs over a dimmed screen, menus that have come up, short messages, round buttons; and pages that are scrolled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PIL import Image

from training.draw import Canvas, Color, bright, mix, on_ground, text_width
from training.gui import contents, forms, frames
from training.gui.controls import Control
from training.gui.regions import Room
from training.gui.rows import Area
from training.gui.styled import Styled
from training.scene import Box


def shared(a: Box, b: Box) -> float:
    """The area of both."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, w) * max(0.0, h)


def _area(box: Box) -> float:
    return max(1.0, (box[2] - box[0]) * (box[3] - box[1]))


def _named_by(control: Control, said: str, box: Box) -> bool:
    """Whether this line of text is the control's name: in its box, just above it, or before it (where fields have their names)."""
    x1, y1, x2, y2 = control.box
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    high = box[3] - box[1]
    return said == control.text and x1 - 200 <= cx <= x2 + 2 and y1 - 2.5 * high <= cy <= y2 + 2


def cover(s: Styled, box: Box) -> None:
    """What lies under the box can no longer be seen: its texts, and the controls that it hides or whose names it cuts."""
    gone = [line for line in s.canvas.inked if shared(line[1], box) > 0]
    s.canvas.inked = [line for line in s.canvas.inked if shared(line[1], box) <= 0]
    s.controls = [
        control
        for control in s.controls
        if shared(control.box, box) < 0.3 * _area(control.box)
        and (control.mark is None or shared(control.mark, box) <= 0)
        and not any(_named_by(control, *line) for line in gone)
    ]


def hidden(s: Styled, box: Box) -> float:
    """How many controls the box would leave half to be seen."""
    return sum(0.02 < shared(control.box, box) / _area(control.box) < 0.98 for control in s.controls)


def _panel(s: Styled, box: Box, dark: bool = False) -> None:
    """A raised field, with the colours for what is drawn on it."""
    t, radius = s.theme, s.rng.choice([0, 6, 12])
    ground: Color = (
        (44, 46, 52) if dark else t.field if bright(t.field) > 200 else mix(t.background, (255, 255, 255), 0.1)
    )
    x1, y1, x2, y2 = box
    s.canvas.rect((x1 + 2, y1 + 3, x2 + 3, y2 + 4), mix(t.background, (0, 0, 0), 0.35), None, radius)
    s.canvas.rect(box, ground, t.line, radius)
    s.dress(on_ground(t, ground), s.size, s.look)


def dialog(s: Styled) -> None:
    """Something asked above the dimmed page, of which nothing can be reached."""
    rng, size, w, h = s.rng, s.size, s.canvas.width, s.canvas.height
    shade = Image.new("RGB", (w, h), (0, 0, 0) if bright(s.theme.background) > 90 else (110, 110, 110))
    s.canvas.image.paste(Image.blend(s.canvas.image, shade, rng.uniform(0.35, 0.65)))
    s.controls, s.canvas.inked, s.used = [], [], set()
    wide = min(w - size, max(size * 13, w * rng.uniform(0.4, 0.85)))
    count = rng.randint(1, 4)
    high = min(h - size, size * rng.uniform(8, 11) + size * 2.4 * (count - 1))
    x, y = (w - wide) * rng.choice([0.5, 0.5, 0.5, rng.random()]), (h - high) * rng.choice([0.5, 0.4, rng.random()])
    if rng.random() < 0.2:
        x, wide, y = 0, w - 1, h - high  # a sheet at the lower edge
    before = (s.theme, s.size, s.look)
    _panel(s, (x, y, x + wide, y + high))
    pad = size * rng.uniform(0.8, 1.4)
    area = Area(s, x + pad, y + pad * 0.7, wide - 2 * pad, y + high - pad * 0.6, 10)
    closes, end = rng.random() < 0.4, area.bottom
    if rng.random() < 0.8 and (top := area.take(size * 2.2)) is not None:
        frames.name_page(s, area.x, top + size, area.w - size * 2.4 * closes, s.theme.text, rng.uniform(1.0, 1.4))
        if closes:
            s.symbol("close", x + wide - pad - size * 0.3, top + size, size * 0.9)
    beside = rng.random() < 0.7
    area.bottom -= size * (2.6 if beside else 5.4)
    makes: list[Callable[[Area], None]] = [
        contents.paragraph, lambda a: contents.paragraph(a, 2), forms.choices, forms.fields, forms.sliders, contents.image,
        contents.bubbles, contents.profile,
    ]  # fmt: skip
    for make in rng.choices(makes, [4, 4, 2, 4, 1, 1, 0.3, 0.7], k=count):
        make(area)
    area.y, area.bottom = max(area.y, end - size * (2.6 if beside else 5.4)), end
    if rng.random() < 0.6 or not beside:
        forms.buttons(area, 2 if not beside or rng.random() < 0.8 else 1)
    else:  # words at the right
        at, words = area.x + area.w, len(s.controls)
        for k in range(rng.randint(1, 2)):
            said, fit_to = s.fitted(s.fresh("button", "button"), size * 5, size, True)
            left = at - text_width(said, s.theme.bold, fit_to) - size
            if left < area.x:
                break
            ink = s.readable if k == 0 else s.theme.text
            s.canvas.text(left + size * 0.5, area.y + size, said, s.theme.bold, fit_to, ink)
            s.controls.insert(words, Control(kind="button", text=said, box=(left, area.y, at, area.y + size * 2)))
            at = left - size * 0.4
    s.dress(*before)


def popover(s: Styled) -> None:
    """A menu that has come up above the page: items, or boxes to tick."""
    rng, size, w, h = s.rng, s.size, s.canvas.width, s.canvas.height
    count, step = rng.randint(2, 5), size * rng.uniform(1.9, 2.6)
    wide, high = size * rng.uniform(8, 12), step * count + size * 0.6
    if wide > w * 0.8 or high > h * 0.6:
        return
    spots = [(rng.uniform(2, w - wide - 4), rng.uniform(2, h - high - 5)) for _ in range(8)]
    x, y = min(spots, key=lambda at: hidden(s, (at[0], at[1], at[0] + wide, at[1] + high)))
    before, box = (s.theme, s.size, s.look), (x, y, x + wide, y + high)
    cover(s, (x - 2, y - 2, x + wide + 5, y + high + 6))
    _panel(s, box, rng.random() < 0.15)
    kind = rng.choice(["item", "item", "item", "checkbox", "radio button"])
    source, icons = rng.choice(["button", "setting", "folder", "option"]), rng.random() < 0.5
    chosen = rng.randrange(count)
    for k in range(count):
        top = y + size * 0.3 + k * step
        if kind != "item":
            on = k == chosen if kind == "radio button" else rng.random() < 0.5
            s.choice(
                x + size * 0.5, top, wide - size, step, kind, on, "option" if kind == "radio button" else "checkbox"
            )
            continue
        left = x + size * 0.7
        if icons:
            s.ornament(left + size * 0.4, top + step / 2, size * 0.85, s.theme.text)
            left += size * 1.4
        said, _ = s.put(left, top + step / 2, x + wide - left - size * 0.4, s.fresh("item", source), size, s.theme.text)
        s.add("item", said, (x, top, x + wide, top + step))
        if k < count - 1 and rng.random() < 0.15:
            s.canvas.draw.line((x, top + step, x + wide, top + step), fill=s.theme.line)
    s.dress(*before)


def toast(s: Styled) -> None:
    """A short message near an edge, with or without something to do."""
    rng, size, w, h = s.rng, s.size, s.canvas.width, s.canvas.height
    wide, high = min(w - size, size * rng.uniform(12, 20)), size * 2.6
    x, y = (
        (w - wide) * rng.choice([0.5, 0.5, 0.0, 1.0]),
        rng.choice([h - high - size * rng.uniform(0.4, 4), size * 0.5]),
    )
    before = (s.theme, s.size, s.look)
    cover(s, (x - 2, y - 2, x + wide + 5, y + high + 6))
    _panel(s, (x, y, x + wide, y + high), rng.random() < 0.6)
    right, acts = x + wide - size * 0.8, rng.random() < 0.5
    right -= size * 4.5 * acts
    said, box = s.put(x + size * 0.8, y + high / 2, right - x - size, s.fresh("text", "message"), size, s.theme.text)
    s.add("text", said, box)
    if acts:
        said, fit_to = s.fitted(s.fresh("button", "button"), size * 4, size, True)
        box = s.canvas.text(x + wide - size * 0.8, y + high / 2, said, s.theme.bold, fit_to, s.readable, "rm")
        s.add("button", said, (box[0] - 4, y + size * 0.3, box[2] + 4, y + high - size * 0.3))
    s.dress(*before)


def float_button(s: Styled, bottom: float) -> None:
    r = s.size * 1.5
    x, y = s.canvas.width - r - s.size, bottom - r - s.size
    cover(s, (x - r, y - r, x + r, y + r))
    frames.float_button(s, bottom)


def scrolled(s: Styled, room: Room, draw: Callable[[Room], None]) -> None:
    """Draws into a room that is higher than the one there is, and shows a part of it: what is cut in its name is not said."""
    above = s.size * s.rng.choice([0.0, s.rng.uniform(0.5, 6)])
    whole, before = s.canvas, len(s.controls)
    w, h = max(8, int(room.w)), max(8, int(room.h))
    s.canvas = part = Canvas(w, round(h + above + s.size * 5), s.theme.background)
    draw(Room(0, 0, w, part.height))
    s.canvas = whole
    x, y = round(room.x), round(room.y)
    whole.image.paste(part.image.crop((0, round(above), w, round(above) + h)), (x, y))
    window: Box = (0, above + 1, w, above + h - 1)
    read = [line for line in part.inked if window[1] <= line[1][1] and line[1][3] <= window[3]]
    dx, dy = x, y - round(above)

    def moved(box: Box) -> Box:
        return box[0] + dx, max(y, box[1] + dy), box[2] + dx, min(y + h, box[3] + dy)

    drawn, s.controls[before:] = s.controls[before:], []
    for control in drawn:
        named = any(_named_by(control, *line) for line in read)
        nameless = control.kind in ("icon", "picture")
        seen = shared(control.box, window) / _area(control.box)
        inside = control.mark is None or shared(control.mark, window) > 0.99 * _area(control.mark)
        if seen > (0.8 if control.kind == "icon" else 0.4) and (named or nameless) and inside:
            mark = moved(control.mark) if control.mark else None
            s.controls.append(replace(control, box=moved(control.box), mark=mark))
    whole.inked += [(said, moved(box)) for said, box in read]
