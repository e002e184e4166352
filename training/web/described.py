"""What a page's HTML says, as the controls of a screen: people ask of a browser's window what they ask of any other."""

from __future__ import annotations

from html.parser import HTMLParser

from training.gui.controls import Control

MOST = 24  # controls of a page that is described
_KINDS = {
    "h1": "title", "h2": "text", "h3": "text", "p": "text", "li": "text", "figcaption": "text", "blockquote": "text", "footer": "text",
    "a": "link", "button": "button", "summary": "item", "option": "dropdown", "label": "label",
}  # fmt: skip
_TICKED = {"checkbox": "checkbox", "radio": "radio button"}


class _Reader(HTMLParser):
    def __init__(self, lang: str) -> None:
        super().__init__()
        self.picture = "图片" if lang == "zh" else "photo"
        self.controls: list[Control] = []
        self.open: list[str] = []  # elements with text of their own
        self.label = ""  # of the field that follows
        self.ticked = ""  # kind of the box inside the label

    def add(self, kind: str, text: str) -> None:
        state = False if kind in _TICKED.values() else None
        self.controls.append(Control(kind=kind, text=text, box=(0, 0, 0, 0), on=state))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag in _KINDS:
            self.open.append(tag)
        elif tag == "img":
            self.add("picture", self.picture)
        elif tag == "input" and known.get("type") in _TICKED:
            self.ticked = _TICKED[known["type"] or ""]
        elif tag in ("input", "textarea"):
            text, self.label = known.get("placeholder") or self.label, ""
            self.add("search box" if "search" in text.lower() or "搜索" in text else "input", text)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        text = data.strip()
        if not text or not self.open:
            return
        kind = _KINDS[self.open[-1]]
        if kind == "label" and self.ticked:
            self.add(self.ticked, text)
            self.ticked = ""
        elif kind == "label":
            self.label = text
        elif kind == "dropdown":
            self.add(kind, self.label or text)
            self.label = ""
        else:
            self.add(kind, text)


def controls(body: str, lang: str) -> list[Control]:
    """From the top to the end; none of a page with a table or with more than can be listed."""
    reader = _Reader(lang)
    reader.feed(body)
    fits = 1 < len(reader.controls) <= MOST and "<table" not in body and all(c.text for c in reader.controls)
    return reader.controls if fits else []
