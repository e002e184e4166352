"""Phone and desktop screens drawn from widgets: describing, listing with boxes, pointing and clicking."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from PIL import Image

from training.draw import ICONS, Canvas, Color, Theme, fit, icon, photo, sides, text_width, theme, wear
from training.scene import Box, Sample, Turn, ask, boxes_json, center, points_json, scaled
from training.words import LABELS, label, phrase

KINDS = {
    "title": "标题",
    "button": "按钮",
    "input": "输入框",
    "search box": "搜索框",
    "checkbox": "复选框",
    "switch": "开关",
    "tab": "标签",
    "link": "链接",
    "icon": "图标",
    "text": "文字",
    "item": "列表项",
    "dropdown": "下拉框",
    "picture": "图片",
}


@dataclass(frozen=True, kw_only=True)
class Control:
    kind: str
    text: str
    box: Box
    on: bool | None = None  # of switches and checkboxes


def kind_name(kind: str, lang: str) -> str:
    return KINDS[kind] if lang == "zh" else kind


def function(control: Control, lang: str) -> str:
    """What the control is for, in a few words."""
    zh, text = lang == "zh", control.text
    if control.kind == "button":
        for english, chinese, does, does_zh in LABELS["button"]:
            if text in (english, chinese):
                return does_zh if zh else does
        return "点按执行" if zh else "runs this action"
    if control.on is not None:
        state = (
            ("已开启" if control.on else "已关闭")
            if control.kind == "switch"
            else ("已勾选" if control.on else "未勾选")
        )
        return (
            state if zh else {"switch": ("off", "on"), "checkbox": ("not checked", "checked")}[control.kind][control.on]
        )
    table = {
        "title": ("names the page", "页面标题"),
        "input": ("takes typed text", "输入内容"),
        "search box": ("finds content", "搜索内容"),
        "tab": ("switches the page", "切换页面"),
        "link": ("opens a page", "打开页面"),
        "icon": ("can be tapped", "可点按"),
        "text": ("shows information", "显示信息"),
        "item": ("opens its details", "查看详情"),
        "dropdown": ("chooses one option", "选择选项"),
        "picture": ("shows a picture", "展示图片"),
    }
    return table[control.kind][zh]


class Screen:
    """Stacks widgets on a canvas and remembers where they are."""

    def __init__(self, rng: Random, lang: str, held_out: bool, width: int, height: int) -> None:
        self.rng, self.lang, self.held_out = rng, lang, held_out
        self.theme: Theme = theme(rng, lang, held_out)
        self.canvas = Canvas(width, height, self.theme.background)
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

    def add(self, kind: str, text: str, box: Box, on: bool | None = None) -> None:
        self.controls.append(Control(kind=kind, text=text, box=box, on=on))

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
        self.add("switch", text, (x, y + h / 2 - size * 0.8, x + w, y + h / 2 + size * 0.8), on)

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
        self.add("checkbox", text, (x, cy - s * 0.6, box[2], cy + s * 0.6), on)

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
        icons, pale = rng.random() < 0.4 and h > size * 2.4, rng.random() < 0.4
        for k, text in enumerate(texts):
            ink = t.accent if k == current else t.faint if pale else t.text
            cx = x + step * (k + 0.5)
            if icons:
                icon(self.canvas, rng.choice(list(ICONS)), cx, y + h * 0.3, size, ink, rng)
            self.canvas.text(cx, y + h * (0.72 if icons else 0.5), text, t.font, size, ink, "mm")
            if k == current and not icons:
                self.canvas.draw.line((cx - step * 0.3, y + h - 3, cx + step * 0.3, y + h - 3), fill=t.accent, width=3)
            self.add("tab", text, (x + step * k, y, x + step * (k + 1), y + h))

    def column(self, x: float, y: float, w: float, bottom: float, rows: list[str], limit: int) -> None:
        """Stacks rows until the column or the number of controls is full."""
        for name in rows:
            h = self.size * self.rng.uniform(2.2, 3.2)
            if y + h > bottom or len(self.controls) >= limit:
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


def reference(rng: Random, control: Control, lang: str) -> str:
    """How a person names the control."""
    kind = kind_name(control.kind, lang)
    if lang == "zh":
        return rng.choice(
            [f'"{control.text}"{kind}', f"“{control.text}”{kind}", f"{control.text}{kind}", f"{kind}“{control.text}”"]
        )
    return rng.choice(
        [
            f'the "{control.text}" {kind}',
            f"the {control.text} {kind}",
            f'the {kind} "{control.text}"',
            f"the {kind} labelled {control.text}",
        ]
    )


def unique(screen: Screen) -> list[Control]:
    texts = [control.text for control in screen.controls]
    return [
        control
        for control in screen.controls
        if texts.count(control.text) == 1 and control.kind not in ("picture", "text")
    ]


def describe(rng: Random, screen: Screen, lang: str, phone: bool) -> Turn:
    controls, zh = screen.controls, lang == "zh"
    lines = [
        f"{n}. {kind_name(c.kind, lang)}“{c.text}”:{function(c, lang)}"
        if zh
        else f'{n}. {c.kind} "{c.text}": {function(c, lang)}'
        for n, c in enumerate(controls, 1)
    ]
    head = (
        f"这是{'手机' if phone else '电脑'}界面,有{len(controls)}个控件:"
        if zh
        else f"This is a {'phone' if phone else 'desktop'} screen with {len(controls)} controls:"
    )
    question = ask(
        rng,
        lang,
        [
            "Describe this screen.",
            "What controls are on this screen?",
            "List the controls and what they do.",
            "What can I do on this page? List every element.",
            "Describe the UI elements in this screenshot.",
            "Which buttons, fields and other elements does this interface have?",
            "Explain this user interface.",
            "What is on the screen?",
            "Which controls are on this phone screen?" if phone else "Which controls are on this screen?",
        ],
        [
            "请描述这张手机界面有哪些控件?" if phone else "请描述这个界面有哪些控件?",
            "描述一下这个界面",
            "这个页面上有哪些控件?分别有什么功能?",
            "列出截图中的所有控件及其功能。",
            "这张截图里有什么?",
            "界面上有哪些按钮和输入框等元素?",
            "请介绍这个用户界面。",
            "屏幕上有什么控件?",
        ],
    )
    kinds: dict[str, int] = {}
    for c in controls:
        kinds[c.kind] = kinds.get(c.kind, 0) + 1
    counted = ", ".join(f"{kind_name(k, lang)} {n}" for k, n in kinds.items())
    thinking = (
        f"从上到下看:{counted},共{len(controls)}个。"
        if zh
        else f"From top to bottom: {counted}; {len(controls)} in all."
    )
    return Turn(
        skill="gui_describe",
        question=question,
        answer=head + "\n" + "\n".join(lines),
        thinking=thinking,
        check={"type": "controls", "controls": [[c.kind, c.text] for c in controls]},
    )


def list_boxes(rng: Random, screen: Screen, lang: str) -> Turn:
    w, h = screen.canvas.width, screen.canvas.height
    wanted = rng.choice(sorted({c.kind for c in screen.controls})) if rng.random() < 0.45 else ""
    chosen = [c for c in screen.controls if not wanted or c.kind == wanted]
    items = [(scaled(c.box, w, h), f"{kind_name(c.kind, lang)}: {c.text}" if not wanted else c.text) for c in chosen]
    name = kind_name(wanted, lang) if wanted else ""
    if wanted:
        question = ask(
            rng,
            lang,
            [
                "Find every {k} and output its bbox_2d in JSON.",
                "Locate all {k} elements. Answer with a JSON list of bbox_2d and label.",
                "Where are the {k} elements? Give boxes as JSON.",
            ],
            [
                "找出所有{k},以JSON输出bbox_2d。",
                "定位界面中的每个{k},用JSON列表输出bbox_2d和label。",
                "{k}在哪里?请用JSON给出边界框。",
            ],
            k=name,
        )
    else:
        question = ask(
            rng,
            lang,
            [
                "List all UI elements as JSON with bbox_2d and label.",
                "Detect every control and output a JSON list with bbox_2d.",
                "Output the bounding boxes of all elements on the screen in JSON format.",
                "Locate every element in this screenshot, report bbox coordinates in JSON format.",
            ],
            [
                "以JSON列表输出所有控件,包含bbox_2d和label。",
                "检测所有控件,用JSON格式输出bbox_2d。",
                "请用JSON输出界面上所有元素的边界框。",
                "定位截图中的每个控件,以JSON格式输出坐标。",
            ],
        )
    thinking = (
        f"一共{len(chosen)}个,从上到下逐个给出。"
        if lang == "zh"
        else f"There are {len(chosen)}; I give them from top to bottom."
    )
    return Turn(
        skill="gui_boxes",
        question=question,
        answer=boxes_json(items),
        thinking=thinking,
        check={"type": "boxes", "boxes": [[list(b), n] for b, n in items]},
    )


def one_box(rng: Random, screen: Screen, lang: str) -> Turn | None:
    options = unique(screen)
    if not options:
        return None
    c = rng.choice(options)
    box = scaled(c.box, screen.canvas.width, screen.canvas.height)
    name, zh = reference(rng, c, lang), lang == "zh"
    thinking = (
        f"{kind_name(c.kind, lang)}“{c.text}”在{center(box)}附近。"
        if zh
        else f'The {c.kind} "{c.text}" is near {center(box)}.'
    )
    if rng.random() < 0.5:
        question = ask(
            rng,
            lang,
            [
                "Give the bounding box of {n}.",
                "Where is {n}? Answer with bbox_2d.",
                "Locate {n}, output its bbox_2d in JSON.",
                "Output the box of {n} as JSON.",
            ],
            ["给出{n}的边界框。", "{n}在哪里?用bbox_2d回答。", "定位{n},以JSON输出bbox_2d。", "请框出{n}。"],
            n=name,
        )
        return Turn(
            skill="gui_box",
            question=question,
            answer=boxes_json([(box, c.text)]),
            thinking=thinking,
            check={"type": "box", "box": box},
        )
    question = ask(
        rng,
        lang,
        ["Point at {n}.", "Click {n}.", "Where should I tap for {n}?", "Give the point of {n} as JSON.", "Tap on {n}."],
        ["指出{n}的位置。", "点击{n}。", "点按{n},请给出坐标。", "{n}应该点哪里?", "用point_2d给出{n}。"],
        n=name,
    )
    return Turn(
        skill="gui_point",
        question=question,
        answer=points_json([(center(box), c.text)]),
        thinking=thinking,
        check={"type": "point", "box": box},
    )


def tool_definition(rng: Random, phone: bool) -> dict[str, Any]:
    """A definition such as agents send: sometimes long, sometimes bare."""
    name = "mobile_use" if phone else "computer_use"
    side = 999 if phone else 1000
    actions = (
        ["key", "click", "long_press", "swipe", "type", "system_button", "open", "wait", "terminate", "answer"]
        if phone
        else [
            "key",
            "type",
            "mouse_move",
            "left_click",
            "left_click_drag",
            "right_click",
            "middle_click",
            "double_click",
            "scroll",
            "wait",
            "terminate",
            "answer",
        ]
    )
    short = f"Use a {'touchscreen to interact with a mobile device' if phone else 'mouse and keyboard to interact with a computer'}."
    lines = [
        "* This is an interface to a desktop GUI. You do not have access to a terminal.",
        "* Some applications may take time to start, so you may need to wait and take successive screenshots.",
        f"* The screen's resolution is {side}x{side}.",
        "* Make sure to click any buttons, links, icons, etc with the cursor tip in the center of the element.",
    ]
    description = short + ("\n" + "\n".join(rng.sample(lines, rng.randint(1, 4))) if rng.random() < 0.5 else "")
    properties: dict[str, Any] = (
        {"action": {"description": "The action to perform.", "enum": actions, "type": "string"}}
        if rng.random() < 0.7
        else {"action": {"type": "string", "enum": actions}}
    )
    properties["coordinate"] = (
        {"description": "(x, y): The x and y pixel coordinates.", "type": "array"}
        if rng.random() < 0.6
        else {"type": "array"}
    )
    for extra in rng.sample(["text", "keys", "time", "status", "pixels", "button", "coordinate2"], rng.randint(0, 4)):
        properties[extra] = {
            "type": "number" if extra in ("time", "pixels") else "string" if extra != "keys" else "array"
        }
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {"type": "object", "properties": properties, "required": ["action"]},
        },
    }


def click_call(rng: Random, screen: Screen, lang: str, phone: bool, thoughts: bool) -> Turn | None:
    options = [c for c in unique(screen) if c.kind != "title"]
    if not options:
        return None
    c = rng.choice(options)
    box = scaled(c.box, screen.canvas.width, screen.canvas.height)
    point = [min(999, v) for v in center(box)] if phone else center(box)
    zh, name = lang == "zh", reference(rng, c, lang)
    wanted = ask(
        rng,
        lang,
        {
            "switch": ["Turn {v} {t}.", "Toggle {t}.", "Click {n}."],
            "input": ["Click {n}.", "Select {n}.", "Focus {n}."],
            "search box": ["Click the search box.", "Click {n}.", "I want to search for something."],
            "tab": ["Go to {t}.", "Open the {t} tab.", "Click {n}."],
        }.get(c.kind, ["Click {n}.", "Tap {n}.", "Press {n}.", "Click on {t}."]),
        {
            "switch": ["把{t}{v}。", "切换{t}。", "点击{n}。"],
            "input": ["点击{n}。", "选中{n}。"],
            "search box": ["点击搜索框。", "点击{n}。", "我想搜索。"],
            "tab": ["进入{t}。", "打开{t}标签。", "点击{n}。"],
        }.get(c.kind, ["点击{n}。", "点按{n}。", "按下{n}。", "点一下{t}。"]),
        n=name,
        t=c.text,
        v=("关闭" if c.on else "打开") if zh else ("off" if c.on else "on"),
    )
    if sum(1 for other in screen.controls if other.kind == "search box") > 1 and c.kind == "search box":
        wanted = f"点击{name}" if zh else f"Click {name}"
    action = "click" if phone else "left_click"
    call = json.dumps(
        {"name": "mobile_use" if phone else "computer_use", "arguments": {"action": action, "coordinate": point}}
    )
    head = ""
    if thoughts:
        head = (
            f"Thought: 需要点击{kind_name(c.kind, lang)}“{c.text}”。\nAction: 点击“{c.text}”。\n"
            if zh
            else f'Thought: The {c.kind} "{c.text}" does this.\nAction: Click "{c.text}".\n'
        )
        if rng.random() < 0.6:
            steps = rng.choice(["", "Step 1: Open the app; ", "Step 1: Scroll down; Step 2: Wait; "])
            wanted = f"The user query: {wanted}\nTask progress (You have done the following operation on the current device): {steps}"
    thinking = (
        f"{kind_name(c.kind, lang)}“{c.text}”的框是{box},中心是{point}。"
        if zh
        else f'The {c.kind} "{c.text}" has the box {box}; its center is {point}.'
    )
    return Turn(
        skill="gui_click",
        question=wanted,
        answer=f"{head}<tool_call>\n{call}\n</tool_call>",
        thinking=thinking,
        check={"type": "click", "box": box, "name": "mobile_use" if phone else "computer_use"},
    )


def small_question(rng: Random, screen: Screen, lang: str) -> Turn | None:
    zh = lang == "zh"
    stateful = [c for c in screen.controls if c.on is not None]
    titles = [c for c in screen.controls if c.kind == "title"]
    roll = rng.random()
    if stateful and roll < 0.5:
        c = rng.choice(stateful)
        if c.kind == "switch":
            question = ask(
                rng,
                lang,
                ["Is {t} on?", "Is the {t} switch turned on or off?", "What is the state of {t}?"],
                ["{t}开着吗?", "{t}开关是开启还是关闭?", "{t}现在是什么状态?"],
                t=c.text,
            )
            answer = (
                (f"{c.text}{'已开启' if c.on else '已关闭'}。") if zh else f"{c.text} is {'on' if c.on else 'off'}."
            )
        else:
            question = ask(
                rng, lang, ["Is {t} checked?", "Is the box {t} ticked?"], ["{t}勾选了吗?", "{t}选中了吗?"], t=c.text
            )
            answer = (
                (f"{c.text}{'已勾选' if c.on else '未勾选'}。")
                if zh
                else f"{c.text} is {'checked' if c.on else 'not checked'}."
            )
        return Turn(
            skill="gui_state",
            question=question,
            answer=answer,
            thinking=("看" if zh else "I look at ") + c.text + ("的状态。" if zh else "."),
            check={"type": "text", "text": answer},
        )
    if titles and roll < 0.8:
        question = ask(
            rng,
            lang,
            ["What is the title of this page?", "Which page is this?", "What does the title say?"],
            ["这个页面的标题是什么?", "这是什么页面?", "标题写了什么?"],
        )
        return Turn(
            skill="gui_title",
            question=question,
            answer=titles[0].text,
            thinking="标题在上方。" if zh else "The title is at the top.",
            check={"type": "text", "text": titles[0].text},
        )
    counts = [
        k for k in ("button", "input", "switch", "checkbox", "tab", "link") if any(c.kind == k for c in screen.controls)
    ]
    if not counts:
        return None
    kind = rng.choice(counts)
    found = [c.text for c in screen.controls if c.kind == kind]
    question = ask(
        rng,
        lang,
        ["How many {k} elements are there?", "Count the {k} elements."],
        ["有几个{k}?", "数一数有多少个{k}。"],
        k=kind_name(kind, lang),
    )
    answer = f"{len(found)}个。" if zh else f"{len(found)}."
    return Turn(
        skill="gui_count",
        question=question,
        answer=answer,
        thinking="、".join(found) + f",共{len(found)}个。" if zh else ", ".join(found) + f": {len(found)}.",
        check={"type": "text", "text": answer},
    )


def screens(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A phone or desktop screen with several questions."""
    lang = rng.choice(["en", "zh"])
    phone = rng.random() < 0.6
    return about(rng, (draw_phone if phone else draw_desktop)(rng, lang, held_out, tokens), lang, phone)


def about(rng: Random, screen: Screen, lang: str, phone: bool) -> Sample:
    """Questions about a screen that has been drawn."""
    picture = wear(rng, screen.canvas.array(), 0.6)
    ask_in = lang if rng.random() < 0.8 else ("en" if lang == "zh" else "zh")
    if rng.random() < 0.25:
        thoughts = rng.random() < 0.4
        turns = [t for _ in range(4) if (t := click_call(rng, screen, ask_in, phone, thoughts))]
        system = (
            rng.choice(
                [
                    "For each step first write a Thought, then an Action, then one tool call.",
                    "# Response format\n1) Thought: one concise sentence.\n2) Action: a short imperative.\n3) A single <tool_call> block.",
                ]
            )
            if thoughts
            else ""
        )
        return Sample(
            conversations=[[t] for t in turns], pictures=[picture], tools=(tool_definition(rng, phone),), system=system
        )
    describe_it = [describe(rng, screen, ask_in, phone)] if rng.random() < 0.6 else [list_boxes(rng, screen, ask_in)]
    makes = (one_box, one_box, one_box, one_box, small_question, small_question)
    others = [t for make in makes if (t := make(rng, screen, ask_in))]
    conversations = [describe_it, *([t] for t in others)]
    if len(others) >= 2 and rng.random() < 0.2:
        conversations = [describe_it, others]
    return Sample(conversations=conversations, pictures=[picture])
