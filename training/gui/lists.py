"""What pages list: settings, people, messages, files, goods, dates, tasks, notifications."""

from __future__ import annotations

from training.gui import texts
from training.gui.contents import heading
from training.gui.rows import Area, listed
from training.gui.styled import Styled


def settings(area: Area) -> None:
    """A heading and rows that switch or open something."""
    s, rng = area.screen, area.screen.rng
    if rng.random() < 0.7:
        heading(area)
    kinds = rng.choice(
        [("switch",), ("switch",), ("switch", "item"), ("item",), ("switch", "switch", "item"), ("checkbox", "item")]
    )
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
