"""A screen whose controls follow one look: buttons, fields, boxes to tick, switches, sliders and tabs of one toolkit."""

from __future__ import annotations

from random import Random

from training.draw import Color, Theme, bright, cut, icon, mix, text_width
from training.gui import looks, texts
from training.gui.controls import Control
from training.gui.screen import Screen
from training.icons import ICONS
from training.scene import Box
from training.words import phrase

GREEN: Color = (52, 180, 90)
_ORNAMENTS = sorted(ICONS.keys() - {"check"})


class Styled(Screen):
    """Every method draws into the box (x, y, w, h) that it is given."""

    def __init__(self, rng: Random, lang: str, held_out: bool, width: int, height: int, size: int) -> None:
        super().__init__(rng, lang, held_out, width, height)
        self.look = looks.choose(rng)
        self.radius = rng.choice([0, 4, 8, 12])  # of cards
        self.dress(self.theme, size, self.look)

    def dress(self, theme: Theme, size: int, look: looks.Look) -> None:
        """What is drawn from now on has these colours, this height of letters and this look."""
        self.theme, self.size, self.look, t = theme, size, look, theme
        self.small = max(10, round(size * 0.8))
        self.row_height = size * look.density
        self.on_color = GREEN if self.look.green else t.accent
        self.off_color = t.line if abs(bright(t.line) - bright(t.background)) > 40 else t.faint
        self.tint = mix(t.background, t.accent, 0.16)

    # texts

    def fresh(self, kind: str, source: str) -> str:
        """A text that this kind of control does not carry yet; one in six is made of any words."""
        for _ in range(8):
            text = (
                texts.text(self.rng, source, self.lang)
                if self.rng.random() < 0.84 or source in ("file", "contact")
                else phrase(self.rng, self.lang, self.rng.randint(1, 2)).strip(".!?。")
            )
            if (kind, text) not in self.used:
                break
        self.used.add((kind, text))
        return text

    def fitted(self, text: str, w: float, size: int, bold: bool = False) -> tuple[str, int]:
        """The text and its size; what is too wide even in small letters is cut."""
        return cut(text, self.theme.bold if bold else self.theme.font, size, w)

    def put(
        self, x: float, y: float, w: float, text: str, size: int, ink: Color, bold: bool = False, anchor: str = "lm"
    ) -> tuple[str, Box]:
        """Draws a line no wider than `w`; what it says, and where."""
        text, size = self.fitted(text, w, size, bold)
        return text, self.canvas.text(x, y, text, self.theme.bold if bold else self.theme.font, size, ink, anchor)

    def say(self, x: float, y: float, w: float, source: str, ink: Color | None = None, big: float = 1.0) -> None:
        """A line of text that is a control of its own."""
        text, box = self.put(
            x, y, w, self.fresh("text", source), round(self.size * big), ink or self.theme.text, big > 1.1
        )
        self.add("text", text, box)

    def symbol(self, name: str, x: float, y: float, size: float, ink: Color | None = None) -> None:
        """An icon that can be tapped."""
        t, rng, r = self.theme, self.rng, size * 0.7
        color = ink or (self.readable if rng.random() < 0.12 else t.text)
        holder = self.look.holder if size > 9 else "none"
        if holder != "none":
            r, size = size * 0.9, size * 0.85
            draw = self.canvas.draw.rectangle if "square" in holder else self.canvas.draw.ellipse
            filled = "filled" in holder
            draw((x - r, y - r, x + r, y + r), fill=color if filled else None, outline=color)
            color = ((20, 20, 20) if bright(color) > 140 else (255, 255, 255)) if filled else color
        icon(self.canvas, name, x, y, size, color, rng)
        if self.look.badges and rng.random() < 0.4:  # something is new here
            b = max(2.0, size * 0.2)
            self.canvas.draw.ellipse((x + r - 2 * b, y - r, x + r, y - r + 2 * b), fill=(225, 50, 45))
        self.add("icon", ICONS[name] if self.lang == "zh" else name, (x - r, y - r, x + r, y + r))

    def ornament(self, x: float, y: float, size: float, ink: Color) -> None:
        """An icon that only adorns something else; never a tick, which would look like a state."""
        icon(self.canvas, self.rng.choice(_ORNAMENTS), x, y, size, ink, self.rng)

    # buttons

    def push(self, x: float, y: float, w: float, h: float, main: bool = True, source: str = "button") -> None:
        """A button over the whole box."""
        t, rng, c = self.theme, self.rng, self.canvas
        style = self.look.button if main else self.look.second
        text, size = self.fitted(self.fresh("button", source), w - self.size, self.size, True)
        fill, ink, edge = {
            "filled": (t.accent, t.on_accent, None),
            "raised": (t.accent, t.on_accent, None),
            "outlined": (None, t.text, self.off_color),
            "tinted": (t.panel, t.text, None),
            "flat": (None, self.readable, None),
        }[style]
        box, radius = (x, y, x + w, y + h), t.radius * h
        if style == "raised":
            c.rect((x, y + 2, x + w, y + h + 2), mix(t.background, (0, 0, 0), 0.3), None, radius)
        c.rect(box, fill, edge, radius, rng.randint(1, 2))
        cx = x + w / 2
        if rng.random() < 0.18 and text_width(text, t.bold, size) + size * 2.4 < w:
            wide = text_width(text, t.bold, size) + size * 1.3
            self.ornament(cx - wide / 2 + size * 0.45, y + h / 2, size * 0.85, ink)
            cx += size * 0.65
        c.text(cx, y + h / 2, text, t.bold, size, ink, "mm")
        self.add("button", text, box)

    @property
    def readable(self) -> Color:
        """The accent, or the colour of texts where the accent cannot be read."""
        t = self.theme
        return t.accent if abs(bright(t.accent) - bright(t.background)) > 70 else t.text

    # fields

    def field_height(self, lines: int = 1) -> float:
        h = self.size * (2.1 + 1.2 * (lines - 1))
        return h + {"above": self.size * 1.5, "border": self.size * 0.7}.get(self.look.names, 0.0)

    def field(self, x: float, y: float, w: float, kind: str = "input", lines: int = 1) -> None:
        """A field with its name where the look puts it; often with something typed."""
        t, rng, c, s = self.theme, self.rng, self.canvas, self.size
        name = self.fresh(kind, "option" if kind == "dropdown" and rng.random() < 0.3 else "input")
        h, left = s * (2.1 + 1.2 * (lines - 1)), x + s * 0.6
        names = self.look.names
        if names == "above":
            name, _ = self.put(x, y + s * 0.6, w, name, max(11, round(s * 0.85)), t.text)
            y += s * 1.5
        elif names == "left":
            part = w * 0.3
            name, _ = self.put(x, y + s * 1.05, part - s * 0.5, name, s, t.text)
            x, w, left = x + part, w - part, left + part
        elif names == "border":
            y += s * 0.7
        box = (x, y, x + w, y + h)
        style = "outlined" if names == "border" or lines > 1 else self.look.field
        if style == "underlined":
            c.draw.line((x, y + h, x + w, y + h), fill=self.off_color, width=rng.randint(1, 2))
        else:
            filled = style == "filled"
            c.rect(box, t.panel if filled else None, None if filled else self.off_color, min(t.radius, 0.3) * s * 2)
        room = w - s * (2.2 if kind == "dropdown" else 1.2)
        value, cy = "", y + s * 1.05
        if names == "inside":
            name, _ = self.put(left, cy, room, name, s, t.faint)
        else:
            if names == "border":
                name, size = self.fitted(name, w - s * 2, self.small)
                wide = text_width(name, t.font, size)
                c.rect((left - 3, y - 2, left + wide + 3, y + 2), t.background)
                c.text(left, y, name, t.font, size, t.faint)
            if rng.random() < 0.6:
                typed = (
                    texts.text(rng, "option", self.lang) if kind == "dropdown" else texts.typed(rng, name, self.lang)
                )
                value, _ = self.put(left, cy, room, typed, s, t.text)
                value = "" if "*" in value else value  # nobody can say what a password is
        if kind == "dropdown":
            cx, r = x + w - s, s * 0.28
            c.draw.line([(cx - r, cy - r / 2), (cx, cy + r / 2), (cx + r, cy - r / 2)], fill=t.text, width=2)
        self.controls.append(Control(kind=kind, text=name, box=box, value=value))

    def find(self, x: float, y: float, w: float, h: float) -> None:
        """A search box over the whole box."""
        t, rng, c, s = self.theme, self.rng, self.canvas, self.size
        box, filled = (x, y, x + w, y + h), rng.random() < 0.6
        c.rect(box, t.panel if filled else None, None if filled else self.off_color, rng.choice([0, 0.2, 0.5]) * h)
        left, right = x + s * 0.7, x + w - s * 0.6
        place = rng.random()
        if place < 0.6:
            icon(c, "search", left + s * 0.35, y + h / 2, s * 0.75, t.faint, rng)
            left += s * 1.2
        elif place < 0.8:
            icon(c, "search", right - s * 0.4, y + h / 2, s * 0.75, t.faint, rng)
            right -= s * 1.2
        text, _ = self.put(left, y + h / 2, right - left, self.fresh("search box", "search box"), s, t.faint)
        self.add("search box", text, box)

    # states

    def knob(self, right: float, y: float, on: bool) -> Box:
        """A switch that ends at `right`, centred on y."""
        t, c, h = self.theme, self.canvas, self.size * 1.15
        wide = h * (2.3 if self.look.switch == "word" else 1.8)
        x1, x2 = right - wide, right
        box = (x1, y - h / 2, x2, y + h / 2)
        track, style = self.on_color if on else self.off_color, self.look.switch
        ball: Color = (255, 255, 255)
        if style == "thin":
            c.rect((x1, y - h * 0.3, x2, y + h * 0.3), mix(t.background, track, 0.5), None, h * 0.3)
            ball = track if on else mix(track, t.text, 0.4)
        elif style == "outline":
            c.rect(box, track if on else None, track if on else t.faint, h / 2, 2)
            ball = (255, 255, 255) if on else t.faint
        else:
            c.rect(box, track, None, 0 if style == "square" else h / 2)
        r = h * (0.48 if style == "thin" else 0.3 if style == "outline" and not on else 0.38)
        kx = x2 - h / 2 if on else x1 + h / 2
        (c.draw.rectangle if style == "square" else c.draw.ellipse)((kx - r, y - r, kx + r, y + r), fill=ball)
        if style == "word":
            word = (("关", "开") if self.lang == "zh" else ("OFF", "ON"))[on]
            ink = (20, 20, 20) if bright(track) > 150 else (255, 255, 255)
            size = max(8, round(self.size * 0.62))
            c.text((x1 + h * 0.75) if on else (x2 - h * 0.8), y, word, t.font, size, ink, "mm")
        return box

    def tick(self, x: float, y: float, on: bool) -> Box:
        """A box to tick, centred on (x, y)."""
        t, c, r = self.theme, self.canvas, self.size * 0.5
        box = (x - r, y - r, x + r, y + r)
        radius = 3.0 if self.look.rounded else 0.0
        filled = on and self.look.tick == "filled"
        c.rect(box, self.on_color if filled else None, self.on_color if on else t.faint, radius, 2)
        if on and self.look.tick == "dot":
            c.rect((x - r * 0.5, y - r * 0.5, x + r * 0.5, y + r * 0.5), self.on_color, None, radius / 2)
        elif on:
            ink: Color = ((20, 20, 20) if bright(self.on_color) > 170 else (255, 255, 255)) if filled else t.text
            icon(c, "check", x, y, r * 1.3, ink, self.rng)
        return box

    def dot(self, x: float, y: float, on: bool) -> Box:
        """A radio button, centred on (x, y)."""
        c, r = self.canvas.draw, self.size * 0.5
        c.ellipse((x - r, y - r, x + r, y + r), outline=self.on_color if on else self.theme.faint, width=2)
        if on:
            c.ellipse((x - r * 0.5, y - r * 0.5, x + r * 0.5, y + r * 0.5), fill=self.on_color)
        return x - r, y - r, x + r, y + r

    def choice(
        self, x: float, y: float, w: float, h: float, kind: str, on: bool, source: str, left: bool | None = None
    ) -> None:
        """A checkbox or radio button with its name."""
        s, cy = self.size, y + h / 2
        make = self.dot if kind == "radio button" else self.tick
        if self.look.boxes_left if left is None else left:
            mark = make(x + s * 0.55, cy, on)
            text, inked = self.put(x + s * 1.5, cy, w - s * 1.6, self.fresh(kind, source), s, self.theme.text)
            box = (x, cy - s * 0.6, inked[2], cy + s * 0.6)
        else:
            text, _ = self.put(x, cy, w - s * 1.8, self.fresh(kind, source), s, self.theme.text)
            mark = make(x + w - s * 0.6, cy, on)
            box = (x, cy - s * 0.7, x + w, cy + s * 0.7)
        self.controls.append(Control(kind=kind, text=text, box=box, on=on, mark=mark))

    def slide(self, x: float, y: float, w: float, h: float) -> None:
        """A slider after its name, or below it, with its value now and then."""
        t, rng, c, s = self.theme, self.rng, self.canvas, self.size
        share, cy = rng.randint(1, 19) * 5, y + h / 2
        name, value, left, right = self.fresh("slider", "slider"), "", x, x + w
        if h > s * 2.6:
            name, _ = self.put(x, y + s * 0.8, w - s * 3, name, s, t.text)
            cy = y + s * 2.1
            if rng.random() < 0.6:
                value, _ = self.put(x + w, y + s * 0.8, s * 3, f"{share}%", s, t.text, anchor="rm")
        else:
            name, _ = self.put(x, cy, w * 0.34, name, s, t.text)
            left = x + w * 0.38
            if rng.random() < 0.5:
                value, _ = self.put(x + w, cy, s * 3, f"{share}%", s, t.text, anchor="rm")
                right -= s * 3
        at, thick, r = left + (right - left) * share / 100, rng.randint(3, 6), s * rng.uniform(0.35, 0.55)
        c.rect((left, cy - thick / 2, right, cy + thick / 2), self.off_color, None, thick / 2)
        c.rect((left, cy - thick / 2, at, cy + thick / 2), self.on_color, None, thick / 2)
        c.draw.ellipse((at - r, cy - r, at + r, cy + r), fill=self.on_color if rng.random() < 0.6 else t.text)
        self.controls.append(
            Control(kind="slider", text=name, box=(left, cy - s * 0.7, right, cy + s * 0.7), value=value)
        )

    # tabs

    def tabs(self, x: float, y: float, w: float, h: float, count: int) -> None:
        """Tabs side by side; the current one stands out as the look says."""
        t, rng, c, s = self.theme, self.rng, self.canvas, self.size
        step, current, style = w / count, rng.randrange(count), self.look.tabs
        names = [self.fitted(self.fresh("tab", "tab"), step - s * 0.6, max(11, round(s * 0.9))) for _ in range(count)]
        size = min(size for _, size in names)
        above = h > s * 2.5
        if style == "pill":
            c.rect((x + 3, y + 3, x + w - 3, y + h - 3), t.panel, None, 8)
        for k, (text, _) in enumerate(names):
            on, left = k == current, x + step * k
            ink = self.readable if on and style != "boxes" else t.text if on or style == "boxes" else t.faint
            if style == "pill" and on:
                c.rect((left + 5, y + 5, left + step - 5, y + h - 5), self.tint, None, 8)
            elif style == "boxes":
                c.rect((left, y, left + step - 1, y + h), None if on else t.panel, t.line)
            if above:
                self.ornament(left + step / 2, y + h * 0.3, s * 0.95, ink)
            c.text(left + step / 2, y + h * (0.74 if above else 0.5), text, t.font, size, ink, "mm")
            if style == "underline" and on:
                c.rect((left + step * 0.15, y + h - 3, left + step * 0.85, y + h - 1), self.readable)
            self.controls.append(Control(kind="tab", text=text, box=(left, y, left + step, y + h), selected=on))
