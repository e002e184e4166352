"""What screens show that is no control: charts without words, grey bars of a page that still loads, lines, soft pictures of nothing."""

from __future__ import annotations

from math import sin

from training.draw import Color, mix
from training.gui.rows import Area


def chart(area: Area) -> None:
    """Bars, a line or a ring, without words."""
    s, rng, t = area.screen, area.screen.rng, area.screen.theme
    high = min(area.bottom - area.y, s.size * rng.uniform(3, 7), area.w)
    if high < s.size * 2.5 or (y := area.take_room(high, s.size * 0.5)) is None:
        return
    kind, count = rng.choice(["bars", "line", "ring"]), rng.randint(4, 9)
    if kind == "ring":
        r, cx, at = high / 2 - 2, area.x + area.w / 2, 0.0
        box = (cx - r, y + 2, cx + r, y + 2 + 2 * r)
        for _ in range(3):
            end = at + rng.uniform(40, 140)
            color = mix(t.accent, (rng.randint(0, 255), rng.randint(0, 255), 120), rng.random())
            s.canvas.draw.arc(box, at, end, fill=color, width=max(3, round(r * 0.35)))
            at = end
        return
    step = area.w / count
    points = [(area.x + step * (k + 0.5), y + high * rng.uniform(0.1, 0.95)) for k in range(count)]
    if kind == "line":
        s.canvas.draw.line(points, fill=t.accent, width=2)
    else:
        for x, top in points:
            s.canvas.draw.rectangle((x - step * 0.3, top, x + step * 0.3, y + high), fill=t.accent)
    s.canvas.draw.line((area.x, y + high, area.x + area.w, y + high), fill=t.line)


def loading(area: Area) -> None:
    """Grey bars where words will be."""
    s, rng = area.screen, area.screen.rng
    color = mix(s.theme.background, s.theme.text, 0.1)
    for _ in range(rng.randint(2, 5)):
        if (y := area.take_room(s.size * 1.4)) is None:
            return
        wide = area.w * rng.uniform(0.3, 1)
        s.canvas.rect((area.x, y + 3, area.x + wide, y + s.size), color, None, s.size * 0.3)


def rule(area: Area) -> None:
    s = area.screen
    if (y := area.take_room(s.size * 0.9)) is not None:
        s.canvas.draw.line((area.x, y + 4, area.x + area.w, y + 4), fill=s.theme.line)


def wave(area: Area) -> None:
    """A sound as one sees it."""
    s, rng, t = area.screen, area.screen.rng, area.screen.theme
    if (y := area.take_room(s.size * 3, s.size * 0.4)) is None:
        return
    cy, pace, done = y + s.size * 1.5, rng.uniform(0.2, 0.9), rng.random()
    for k in range(int(area.w / 4)):
        high = s.size * 1.3 * abs(sin(k * pace) * sin(k * 0.13)) + 1
        color: Color = t.accent if k * 4 < area.w * done else t.faint
        s.canvas.draw.line((area.x + 4 * k, cy - high, area.x + 4 * k, cy + high), fill=color)


DECOR = [chart, loading, rule, wave]
