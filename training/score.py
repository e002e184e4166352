"""What counts as right, one function a kind of answer; each returns a number between 0 and 1 (or an error rate for OCR)."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any


def edit_distance(a: Sequence[Any], b: Sequence[Any]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def character_error_rate(answer: str, truth: str) -> float:
    return min(1.0, edit_distance(answer, truth) / max(1, len(truth)))


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)


def read_json(answer: str) -> list[dict[str, Any]]:
    match = re.search(r"```json\s*(.*?)```", answer, re.S)
    try:
        value = json.loads(match[1] if match else answer)
    except ValueError:
        return []
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


_CONTROL = re.compile(r'^\d+\. (.*?) ?[“"](.*)[”"][::]')


def controls_f1(answer: str, truth: list[list[str]], kinds: dict[str, str]) -> float:
    """F1 over (kind, text) pairs of a described screen."""
    names = {chinese: english for english, chinese in kinds.items()}
    found = Counter((names.get(m[1], m[1]), m[2]) for line in answer.splitlines() if (m := _CONTROL.match(line)))
    wanted = Counter((kind, text) for kind, text in truth)
    both = sum((found & wanted).values())
    return 2 * both / max(1, sum(found.values()) + sum(wanted.values()))


def boxes_recall(answer: str, truth: list[list[Any]]) -> float:
    """Share of the true boxes that have a box of the same label at IoU 0.5."""
    found = [(item.get("bbox_2d", [0, 0, 0, 0]), item.get("label")) for item in read_json(answer)]
    hits = 0
    for box, label in truth:
        match = next(
            (
                k
                for k, (other, name) in enumerate(found)
                if name == label and len(other) == 4 and overlap(box, other) >= 0.5
            ),
            None,
        )
        if match is not None:
            hits += 1
            found.pop(match)
    return hits / max(1, len(truth))


def inside(point: Sequence[float], box: Sequence[float]) -> bool:
    return len(point) == 2 and box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def click(answer: str, box: Sequence[float], name: str) -> float:
    match = re.search(r"<tool_call>\n(.*?)\n</tool_call>", answer, re.S)
    try:
        call = json.loads(match[1]) if match else {}
        return float(call.get("name") == name and inside(call["arguments"]["coordinate"], box))
    except (ValueError, KeyError, TypeError):
        return 0.0


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append("<" + tag + "".join(f" {k}={v}" for k, v in attrs if k == "placeholder") + ">")

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append(data.strip())


def tree(answer: str, texts: bool = True) -> list[str]:
    """The elements (and texts) of the body in the answer's html fence, in order."""
    parser = _Tree()
    body = re.search(r"<body>(.*)</body>", answer, re.S)
    parser.feed(body[1] if body else "")
    return [part for part in parser.found if texts or part.startswith("<")]


def structure(answer: str) -> list[str]:
    """The elements alone, without texts and attributes."""
    return [part.split(" ")[0].rstrip(">") for part in tree(answer, False)]


def same_structure(answer: str, check: dict[str, Any]) -> float:
    """Whether a page's tree of elements is right, whatever its texts say; for checks of the type "html"."""
    return float(structure(answer) == structure(check["text"]))


def seconds(text: str) -> float:
    minutes, rest = text.split(":")
    return int(minutes) * 60 + float(rest)


def span(answer: str, start: float, end: float) -> float:
    """Both ends within one second (the written times are cut to whole seconds)."""
    match = re.search(r"(\d+:\d+) - (\d+:\d+)", answer)
    if not match:
        return 0.0
    return float(abs(seconds(match[1]) - int(start)) <= 1 and abs(seconds(match[2]) - int(end)) <= 1)


def score(answer: str, check: dict[str, Any], kinds: dict[str, str]) -> float:
    """1 is right, 0 wrong. For "ocr" it is the character error rate: 0 is right."""
    kind, answer = check["type"], answer.strip()
    if kind == "text":
        return float(answer == check["text"].strip())
    if kind == "contains":
        last = answer.splitlines()[-1] if check.get("last") and answer else answer
        return float(re.search(rf"(?<![\d.]){re.escape(check['text'])}(?![\d])", last) is not None)
    if kind == "ocr":
        return character_error_rate(answer, check["text"])
    if kind == "controls":
        return controls_f1(answer, check["controls"], kinds)
    if kind == "boxes":
        return boxes_recall(answer, check["boxes"])
    if kind == "box":
        found = read_json(answer)
        return float(
            bool(found) and len(found[0].get("bbox_2d", [])) == 4 and overlap(found[0]["bbox_2d"], check["box"]) >= 0.5
        )
    if kind == "point":
        found = read_json(answer)
        return float(bool(found) and inside(found[0].get("point_2d", []), check["box"]))
    if kind == "click":
        return click(answer, check["box"], check["name"])
    if kind == "html":
        return float(tree(answer) == tree(check["text"]))
    if kind == "span":
        return span(answer, check["start"], check["end"])
    if kind == "set":
        words = re.split(r"[、,。.:]\s*|和", answer.replace("图中有", "").replace("There are", ""))
        return float(sorted(word.strip() for word in words if word.strip()) == sorted(check["items"]))
    raise ValueError(kind)
