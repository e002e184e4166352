"""A screen under construction: widgets drawn on a canvas, and the controls that they are."""

from __future__ import annotations

from random import Random

from PIL import Image

from training.draw import Canvas, Color, Theme, fit, icon, photo, text_width, theme
from training.gui.controls import Control
from training.icons import ICONS
from training.scene import Box
from training.words import label, phrase


class Screen:
    """Stacks widgets on a canvas and remembers where they are."""

    def __init__(self, rng: Random, lang: str, held_out: bool, width: int, height: int) -> None:
        self.rng, self.lang, self.held_out = rng, lang, held_out
        self.theme: Theme = theme(rng, lang, held_out)
        self.canvas = Canvas(width, height, self.theme.background)
        self.shown = (width, height)  # pixels of the picture in the end
        self.controls: list[Control] = []
        self.size = rng.randint(13, max(14, min(24, width // 18)))
        self.used: set[tuple[str, str]] = set()
        self.divided = rng.random() < 0.4  # lines between the rows

    def fresh(self, kind: str, source: str) -> str:
        """A label that this kind of control does not carry yet."""
        for _ in range(8):
            text = (
                label(self.rng, source, self.lang)
                if self.rng.random() < 0.86
                else phrase(self.rng, self.lang, self.rng.randint(1, 2)).strip(".!?。")
            )
            if (kind, text) not in self.used:
                break
        self.used.add((kind, text))
        return text

    def add(self, kind: str, text: str, box: Box, on: bool | None = None, mark: Box | None = None) -> None:
        self.controls.append(Control(kind=kind, text=text, box=box, on=on, mark=mark))

    def title(self, x: float, y: float, w: float, h: float, ink: Color | None = None) -> None:
        text, t = self.fresh("title", "title"), self.theme
        size = fit(text, t.bold, round(self.size * self.rng.uniform(1.1, 1.5)), w)
        middle = self.rng.random() < 0.3
        at = x + w / 2 if middle else x
        self.add(
            "title", text, self.canvas.text(at, y + h / 2, text, t.bold, size, ink or t.text, "mm" if middle else "lm")
        )

    def line(self, x: float, y: float, w: float, h: float) -> None:
        t = self.theme
        text = phrase(self.rng, self.lang, self.rng.randint(2, 4))
        size = max(11, round(self.size * 0.9))
        while text_width(text, t.font, size) > w and len(text) > 4:
            text = text[: int(len(text) * 0.8)].strip()
        self.add("text", text, self.canvas.text(x, y + h / 2, text, t.font, size, self.rng.choice([t.text, t.faint])))

    def button(self, x: float, y: float, w: float, h: float) -> None:
        t, rng = self.theme, self.rng
        text = self.fresh("button", "button")
        size = fit(text, t.bold, self.size, w - 8)
        h = min(h, size * rng.uniform(1.9, 2.8))
        style = rng.random()
        fill, ink, edge = (
            (t.accent, t.on_accent, None)
            if style < 0.55
            else (None, t.text, t.line)
            if style < 0.7
            else (None, t.accent, t.accent)
            if style < 0.83
            else (t.panel, t.text, None)
        )
        box = (x, y, x + w, y + h)
        self.canvas.rect(box, fill, edge, t.radius * h, rng.randint(1, 2))
        self.canvas.text(x + w / 2, y + h / 2, text, t.bold, size, ink, "mm")
        self.add("button", text, box)

    def entry(self, x: float, y: float, w: float, h: float, kind: str = "input") -> None:
        t, rng = self.theme, self.rng
        text = self.fresh(kind, "search box" if kind == "search box" else "input")
        size = fit(text, t.font, self.size, w - 30)
        h = min(h, size * rng.uniform(1.9, 2.6))
        box = (x, y, x + w, y + h)
        style = rng.random()
        self.canvas.rect(
            box,
            t.panel if style < 0.4 else t.field if style < 0.7 else None,
            t.line if style > 0.3 else None,
            (0.5 if kind == "search box" and rng.random() < 0.6 else t.radius) * h,
        )
        left = x + 8
        if kind == "search box" and rng.random() < 0.65:
            icon(self.canvas, "search", x + 8 + size * 0.4, y + h / 2, size * 0.75, t.faint, rng)
            left += size * 1.1
        self.canvas.text(left, y + h / 2, text, t.font, size, t.faint)
        if kind == "dropdown":
            cx, cy, r = x + w - size * 0.8, y + h / 2, size * 0.28
            self.canvas.draw.line([(cx - r, cy - r / 2), (cx, cy + r / 2), (cx + r, cy - r / 2)], fill=t.text, width=2)
        self.add(kind, text, box)

    def dropdown(self, x: float, y: float, w: float, h: float) -> None:
        self.entry(x, y, w, h, "dropdown")

    def search(self, x: float, y: float, w: float, h: float) -> None:
        self.entry(x, y, w, h, "search box")

    def switch(self, x: float, y: float, w: float, h: float) -> None:
        t, rng = self.theme, self.rng
        text, on = self.fresh("switch", "switch"), rng.random() < 0.5
        size = fit(text, t.font, self.size, w - self.size * 3)
        self.canvas.text(x, y + h / 2, text, t.font, size, t.text)
        sh = self.size * rng.uniform(0.9, 1.2)
        sx, sy = x + w - sh * 1.8, y + h / 2 - sh / 2
        self.canvas.rect((sx, sy, sx + sh * 1.8, sy + sh), t.accent if on else t.line, None, sh / 2)
        kx = sx + sh * 1.3 if on else sx + sh * 0.5
        self.canvas.draw.ellipse((kx - sh * 0.38, sy + sh * 0.12, kx + sh * 0.38, sy + sh * 0.88), fill=(255, 255, 255))
        if self.divided:
            self.canvas.draw.line((x, y + h, x + w, y + h), fill=t.line)
        mark = (sx, sy, sx + sh * 1.8, sy + sh)
        self.add("switch", text, (x, y + h / 2 - size * 0.8, x + w, y + h / 2 + size * 0.8), on, mark)

    def checkbox(self, x: float, y: float, w: float, h: float) -> None:
        t, rng = self.theme, self.rng
        text, on = self.fresh("checkbox", "checkbox"), rng.random() < 0.5
        s, cy = self.size * 0.95, y + h / 2
        filled = on and rng.random() < 0.65
        edge = t.accent if rng.random() < 0.3 else t.faint
        self.canvas.rect((x, cy - s / 2, x + s, cy + s / 2), t.accent if filled else None, edge, rng.choice([0, 3]))
        if on:
            icon(self.canvas, "check", x + s / 2, cy, s * 0.65, t.on_accent if filled else edge, rng)
        size = fit(text, t.font, self.size, w - s * 1.6)
        box = self.canvas.text(x + s * 1.5, cy, text, t.font, size, t.text)
        mark = (x, cy - s / 2, x + s, cy + s / 2)
        self.add("checkbox", text, (x, cy - s * 0.6, box[2], cy + s * 0.6), on, mark)

    def link(self, x: float, y: float, w: float, h: float) -> None:
        t = self.theme
        text = self.fresh("link", "link")
        size = fit(text, t.font, max(12, round(self.size * 0.95)), w)
        box = self.canvas.text(x, y + h / 2, text, t.font, size, t.accent)
        self.canvas.draw.line((box[0], box[3], box[2], box[3]), fill=t.accent)
        self.add("link", text, box)

    def item(self, x: float, y: float, w: float, h: float) -> None:
        t, rng = self.theme, self.rng
        text = self.fresh("item", rng.choice(["item", "city", "tab"]))
        size, h = fit(text, t.font, self.size, w - 40), min(h, self.size * 2.3)
        self.canvas.text(x + 6, y + h / 2, text, t.font, size, t.text)
        cx, cy, r = x + w - 12, y + h / 2, size * 0.25
        self.canvas.draw.line([(cx - r / 2, cy - r), (cx + r / 2, cy), (cx - r / 2, cy + r)], fill=t.faint, width=2)
        self.canvas.draw.line((x, y + h, x + w, y + h), fill=t.line)
        self.add("item", text, (x, y, x + w, y + h))

    def picture(self, x: float, y: float, w: float, h: float) -> None:
        h = min(h * 2.2, w * 0.6)
        pw, ph = max(8, round(w)), max(8, round(h))

        self.canvas.image.paste(Image.fromarray(photo(self.rng, pw, ph)), (round(x), round(y)))
        self.add("picture", "图片" if self.lang == "zh" else "photo", (x, y, x + pw, y + ph))

    def icon(self, name: str, x: float, y: float, size: float) -> None:
        icon(self.canvas, name, x, y, size, self.theme.text, self.rng)
        self.add(
            "icon",
            ICONS[name] if self.lang == "zh" else name,
            (x - size * 0.7, y - size * 0.7, x + size * 0.7, y + size * 0.7),
        )

    def tabs(self, x: float, y: float, w: float, h: float, count: int) -> None:
        t, rng = self.theme, self.rng
        current, step = rng.randrange(count), w / count
        texts = [self.fresh("tab", "tab") for _ in range(count)]
        size = min(fit(text, t.font, max(11, round(self.size * 0.85)), step - 6, 9) for text in texts)
        for k, text in enumerate(texts):
            while text_width(text, t.font, size) > step - 2:
                text = text[:-1]
            texts[k] = text.strip()
        icons, pale = rng.random() < 0.4 and h > size * 2.4, rng.random() < 0.4
        for k, text in enumerate(texts):
            ink = t.accent if k == current else t.faint if pale else t.text
            cx = x + step * (k + 0.5)
            if icons:
                icon(self.canvas, rng.choice(list(ICONS)), cx, y + h * 0.3, size, ink, rng)
            self.canvas.text(cx, y + h * (0.72 if icons else 0.5), text, t.font, size, ink, "mm")
            if k == current and not icons:
                self.canvas.draw.line((cx - step * 0.3, y + h - 3, cx + step * 0.3, y + h - 3), fill=t.accent, width=3)
            box = (x + step * k, y, x + step * (k + 1), y + h)
            self.controls.append(Control(kind="tab", text=text, box=box, selected=k == current and not icons))

    def column(self, x: float, y: float, w: float, bottom: float, rows: list[str], limit: int) -> None:
        """Stacks rows until the column or the number of controls is full."""
        for name in rows:
            h = self.size * self.rng.uniform(2.2, 3.2)
            if y + h * (2.2 if name == "picture" else 1) > bottom or len(self.controls) >= limit:
                return
            before = len(self.controls)
            if (
                name in ("button", "input", "dropdown", "link", "checkbox")
                and self.rng.random() < 0.22
                and w > self.size * 14
            ):
                half = w / 2 - 6
                self.widget(name, x, y, half, h)
                self.widget(name, x + half + 12, y, half, h)
            else:
                inset = self.rng.uniform(0, 0.25) * w if name == "button" and self.rng.random() < 0.4 else 0
                self.widget(name, x + inset, y, w - 2 * inset, h)
            y = (
                max(y + h, *(control.box[3] for control in self.controls[before:]))
                + self.rng.uniform(0.3, 1.2) * self.size * 0.6
            )

    def widget(self, name: str, x: float, y: float, w: float, h: float) -> None:
        {
            "title": self.title,
            "text": self.line,
            "button": self.button,
            "input": self.entry,
            "dropdown": self.dropdown,
            "search box": self.search,
            "switch": self.switch,
            "checkbox": self.checkbox,
            "link": self.link,
            "item": self.item,
            "picture": self.picture,
        }[name](x, y, w, h)
