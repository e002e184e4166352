"""A web page under construction: its colours, its letters, and texts that fit where they are put."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from training.draw import Canvas, Color, bright, cut, mix, text_width, theme
from training.gui.texts import text
from training.words import phrase

_SENTENCES = [
    ["We bring fresh bread to your door every morning.", "我们每天早上把新鲜面包送到你家门口。"],
    ["Read what other people say about our work.", "看看别人怎么评价我们的工作。"],
    ["The new version is faster and easier to use.", "新版本更快,也更容易使用。"],
    ["Our team answers your questions within one day.", "我们的团队会在一天内回答你的问题。"],
    ["Learn a new language in ten minutes a day.", "每天十分钟,学会一门新语言。"],
    ["All prices include tax and delivery.", "所有价格都包含税费和运费。"],
    ["The museum is open from Tuesday to Sunday.", "博物馆周二到周日开放。"],
    ["Sign up today and get the first month for free.", "今天注册,第一个月免费。"],
    ["This small town lies between two rivers.", "这座小城在两条河之间。"],
    ["You can cancel your plan at any time.", "你可以随时取消订阅。"],
    ["The weather will be sunny with a light wind.", "天气晴朗,有小风。"],
    ["Our hotel is close to the station.", "我们的酒店离车站很近。"],
    ["Write to us if you need help.", "需要帮助时请写信给我们。"],
    ["Students meet in the library every Friday.", "学生们每周五在图书馆见面。"],
    ["Good tools make difficult work simple.", "好的工具让困难的工作变得简单。"],
    ["The concert starts at eight in the evening.", "音乐会晚上八点开始。"],
    ["Your data stays on your own computer.", "你的数据只保存在自己的电脑上。"],
    ["We have planted ten thousand trees this year.", "今年我们种了一万棵树。"],
]
_HEADINGS = [
    ["How it works", "如何使用"], ["Latest news", "最新消息"], ["Why choose us", "为什么选择我们"], ["Our services", "我们的服务"],
    ["Get in touch", "联系我们"], ["Frequently asked questions", "常见问题"], ["Opening hours", "营业时间"], ["Meet the team", "团队介绍"],
    ["Plans and prices", "价格方案"], ["Upcoming events", "近期活动"], ["Customer reviews", "客户评价"], ["First steps", "入门指南"],
    ["What is new", "更新内容"], ["Our story", "我们的故事"], ["Delivery and returns", "配送与退货"], ["Best sellers", "热销商品"],
]  # fmt: skip


def snap(color: Color) -> Color:
    """The nearest colour of three hexadecimal digits."""
    return tuple(min(15, round(value / 17)) * 17 for value in color)  # type: ignore[return-value]


def hex3(color: Color) -> str:
    return "#" + "".join(f"{min(15, round(value / 17)):x}" for value in color)


def plain(ink: Color) -> str:
    """What an ink is written as: whether it is dark or light is seen, the tint of thin letters is not."""
    return "#111" if bright(ink) < 128 else "#fff"


@dataclass(frozen=True)
class Part:
    """A block that has been drawn."""

    html: str
    bottom: float  # where the next one may begin


class Page:
    def __init__(self, rng: Random, lang: str, held_out: bool, width: int, height: int) -> None:
        self.rng, self.lang, self.held_out, self.width = rng, lang, held_out, width
        self.theme = t = theme(rng, lang, held_out)
        self.ground, self.accent, self.ink = snap(t.background), snap(t.accent), snap(t.text)
        self.canvas = Canvas(width, height, self.ground)
        self.size = rng.randint(12, max(13, min(18, width // 26)))
        self.bottom = float(height - 4)
        self.painted: dict[
            str, tuple[Color, Color]
        ] = {}  # ground and ink of the first element of a tag that has its own
        readable = abs(bright(self.accent) - bright(self.ground)) > 80
        self.link = self.accent if readable and rng.random() < 0.7 else self.ink
        self.tint = mix(self.ground, self.accent, 0.14)
        self.links: set[str] = set()  # what the page's links say
        self.round = rng.choice([0, 0, 4, 8])
        self.gap = self.size * rng.uniform(0, 0.8)  # between blocks
        self.centred = rng.random() < 0.12  # headings

    def fits(self, y: float, high: float) -> bool:
        return y + high <= self.bottom

    def cut(self, text: str, w: float, size: int, bold: bool = False) -> tuple[str, int]:
        """The text and its size, both no larger than fits the width; headings keep their size, which says what they are, and lose words."""
        name = self.theme.bold if bold else self.theme.font
        if not bold or size <= self.size:
            return cut(text, name, size, w)
        while " " in text and text_width(text, name, size) > w:
            text = text.rsplit(" ", 1)[0].rstrip(" ,.:;-_")
        return cut(text, name, size, w, size)

    def put(
        self,
        x: float,
        y: float,
        w: float,
        text: str,
        big: float = 1.0,
        bold: bool = False,
        ink: Color | None = None,
        anchor: str = "lm",
    ) -> str:
        """Draws a line centred on y; what of it was drawn."""
        text, size = self.cut(text, w, max(10, round(self.size * big)), bold)
        self.canvas.text(x, y, text, self.theme.bold if bold else self.theme.font, size, ink or self.ink, anchor)
        return text

    def canvas_width(self, text: str, size: int, bold: bool = True) -> float:
        """Pixels of a line of this height."""
        return text_width(text, self.theme.bold if bold else self.theme.font, size)

    def label(self, source: str) -> str:
        return text(self.rng, source, self.lang)

    def fresh_link(self, source: str = "link") -> str:
        """A label that no other link of the page has, if there is one."""
        for _ in range(8):
            if (said := self.label(source)) not in self.links:
                break
        self.links.add(said)
        return said

    def heading(self) -> str:
        roll = self.rng.random()
        if roll < 0.35:
            return self.rng.choice(_HEADINGS)[self.lang == "zh"]
        if roll < 0.7:
            return self.label(self.rng.choice(["title", "product", "section"]))
        return phrase(self.rng, self.lang, self.rng.randint(2, 3)).strip(".!?。")

    def sentence(self, most: int = 6) -> str:
        """Running text: half of it of sentences that mean something."""
        if self.rng.random() < 0.5:
            return self.rng.choice(_SENTENCES)[self.lang == "zh"]
        return phrase(self.rng, self.lang, self.rng.randint(3, most))

    def short(self) -> str:
        """A few words, as items of lists are."""
        if self.rng.random() < 0.65:
            return self.label(self.rng.choice(["item", "city", "link", "product", "event", "setting"]))
        return phrase(self.rng, self.lang, 2)

    def wrapped(self, text: str, w: float, lines: int) -> list[str]:
        """The text in at most so many lines; what goes beyond is left out."""
        name, size, gap = self.theme.font, self.size, "" if self.lang == "zh" else " "
        found, wide = [""], 0.0
        for word in list(text) if self.lang == "zh" else text.split():
            step = text_width(gap + word, name, size)
            if found[-1] and wide + step > w:
                if len(found) == lines:
                    break
                found.append("")
                wide = 0.0
            found[-1] += gap + word if found[-1] else word
            wide += step
        found[-1] = self.cut(found[-1], w, size)[0]
        return found
