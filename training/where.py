"""Finding things: a few shapes, words, buttons, icons and switches anywhere, and many short questions about where they are, what is at a place and what is on."""

from __future__ import annotations

from random import Random

from training.draw import Canvas, fit, icon, sides, text_width, theme, wear
from training.fonts import choose
from training.gui import facts
from training.gui.rows import row
from training.gui.styled import Styled
from training.icons import ICONS
from training.scene import Box, Sample, Turn, ask, boxes_json, center, points_json, scaled
from training.shapes import SHAPES, paint, sides_of
from training.words import COLORS, color_name, label, phrase

_LABELS = ("button", "tab", "item", "city", "title", "link", "switch")


def _sides(rng: Random, shape: str, w: float) -> tuple[float, float]:
    """Width and height of a shape; those that their sides tell apart keep them, others may be flat or high."""
    if shape in ("square", "rectangle"):
        return sides_of(rng, shape, w)
    return w, w * rng.choice([1.0, 1.0, rng.uniform(0.5, 1.6)])


def _shape(rng: Random, canvas: Canvas, lang: str, shape: str, box: Box) -> str:
    color = rng.choice(list(COLORS))
    paint(canvas, shape, box, rng.choice(COLORS[color][1]), None)
    return color_name(color, "zh") + SHAPES[shape] if lang == "zh" else f"{color} {shape}"


def things(rng: Random, held_out: bool, lang: str, width: int, height: int) -> tuple[Canvas, dict[str, Box]]:
    """Draws things apart from each other; names, all different, and boxes from top to bottom."""
    t = theme(rng, lang, held_out)
    canvas = Canvas(width, height, t.background)
    found: dict[str, Box] = {}
    kind = rng.choice(["shape", "shape", "word", "button", "icon", "all"])
    few, least = rng.choice([1, 2, 3, 5, 8]), min(width, height)
    taken: list[Box] = []
    for _ in range(few * 5):
        if len(found) == few:
            break
        this = rng.choice(["shape", "word", "button", "icon"]) if kind == "all" else kind
        text, shape, size = "", "", rng.randint(13, 26)
        if this in ("word", "button"):
            text = label(rng, rng.choice(_LABELS), lang) if rng.random() < 0.6 else phrase(rng, lang, 1)
            name = choose(rng, lang, held_out)
            size = fit(text, name, size, width - 16, 11)
            w, h = text_width(text, name, size), size * 1.1
            if this == "button":
                w, h = w + size * rng.uniform(0.8, 5), size * rng.uniform(1.7, 2.8)
        elif this == "icon":
            size = rng.randint(16, 34)
            w = h = size * 1.4
        else:
            shape = rng.choice(list(SHAPES))
            w, h = _sides(rng, shape, max(14.0, least * rng.uniform(0.1, 0.4 if few > 2 else 0.6)))
        if w > width - 6 or h > height - 6:
            continue
        x, y = rng.uniform(3, width - w - 3), rng.uniform(3, height - h - 3)
        box = (x, y, x + w, y + h)
        if any(x < o[2] + 4 and o[0] < x + w + 4 and y < o[3] + 4 and o[1] < y + h + 4 for o in taken):
            continue
        state = canvas.image.copy() if this in ("shape", "icon") else None
        if this == "shape":
            called = _shape(rng, canvas, lang, shape, box)
        elif this == "icon":
            which = rng.choice(list(ICONS))
            called = ICONS[which] + "图标" if lang == "zh" else f"{which} icon"
            icon(canvas, which, x + w / 2, y + h / 2, size, t.text, rng)
        else:
            called = text
            if called in found:
                continue
            if this == "button":
                canvas.rect(box, t.accent, None, t.radius * h)
                canvas.text(x + w / 2, y + h / 2, text, name, size, t.on_accent, "mm")
            else:
                box = canvas.text(x, y + h / 2, text, name, size, t.text)
        if called in found:  # a second one of the same name would have no answer
            assert state is not None
            canvas.image.paste(state)
            continue
        taken.append(box)
        found[called] = box
    return canvas, dict(sorted(found.items(), key=lambda item: item[1][1]))


def _question(rng: Random, lang: str, name: str, box: list[int]) -> Turn:
    """One short question about one thing."""
    zh, kind = lang == "zh", rng.random()
    near = str(center(box))
    if kind < 0.5:
        return Turn(
            skill="where_box",
            question=ask(
                rng,
                lang,
                [
                    "Where is the {n}? Give its box.",
                    "Locate the {n}.",
                    "bbox_2d of the {n}",
                    "Find the {n}, output bbox_2d in JSON.",
                ],
                ["{n}在哪里?请框出来。", "定位{n}。", "{n}的bbox_2d", "找到{n},以JSON输出bbox_2d。"],
                n=name,
            ),
            answer=boxes_json([(box, name)]),
            thinking=near,
            check={"type": "box", "box": box},
        )
    if kind < 0.8:
        return Turn(
            skill="where_point",
            question=ask(
                rng,
                lang,
                ["Point to the {n}.", "Click the {n}.", "point_2d of the {n}", "Tap {n}."],
                ["指出{n}。", "点击{n}。", "{n}的point_2d", "点按{n},请给出坐标。"],
                n=name,
            ),
            answer=points_json([(center(box), name)]),
            thinking=near,
            check={"type": "point", "box": box},
        )
    place = str(center(box) if rng.random() < 0.5 else box)
    return Turn(
        skill="where_what",
        question=ask(rng, lang, ["What is at {p}?", "What is in {p}?"], ["{p}处是什么?", "{p}里有什么?"], p=place),
        answer=name + ("。" if zh else "."),
        thinking=near,
        check={"type": "text", "text": name + ("。" if zh else ".")},
    )


def states(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A few switches, boxes to tick and options anywhere, and whether they are on."""
    lang = rng.choice(["en", "zh"])
    width, height = sides(rng, tokens, (0.6, 2.2), (0.3, 1.0))
    largest = max(10, min(22, width // 8))
    screen = Styled(rng, lang, held_out, width, height, rng.randint(min(12, largest), largest))
    few, high = rng.choice([1, 2, 3, 5, 8]), screen.size * rng.uniform(1.8, 2.6)
    taken: list[Box] = []
    for _ in range(few * 4):
        if len(taken) == few:
            break
        w = rng.uniform(min(screen.size * 7, width - 6), width - 6)
        x, y = rng.uniform(2, width - w - 2), rng.uniform(2, height - high - 2)
        if any(x < o[2] + 4 and o[0] < x + w + 4 and y < o[3] + 4 and o[1] < y + high + 4 for o in taken):
            continue
        taken.append((x, y, x + w, y + high))
        if rng.random() < 0.5:
            row(screen, x, y, w, high, "switch", kind="switch", line=False)
        else:
            kind = rng.choice(["checkbox", "radio button"])
            screen.choice(x, y, w, high, kind, rng.random() < 0.5, "checkbox" if kind == "checkbox" else "option")
    ask_in = lang if rng.random() < 0.85 else ("en" if lang == "zh" else "zh")
    makes = [facts.state] * min(6, 2 * len(taken)) + [facts.states]
    turns = [turn for make in makes if (turn := make(rng, screen, ask_in))]
    return Sample(conversations=[[turn] for turn in turns], pictures=[wear(rng, screen.canvas.array(), 0.6)])


def find(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Things anywhere, and a question for each, often two; or things that are on or off."""
    if rng.random() < 0.15:
        return states(rng, held_out, tokens)
    lang = rng.choice(["en", "zh"])
    width, height = sides(rng, tokens, (0.45, 2.2), (0.2, 1.0))
    canvas, found = things(rng, held_out, lang, width, height)
    ask_in = lang if rng.random() < 0.85 else ("en" if lang == "zh" else "zh")
    boxes = [(name, scaled(box, width, height)) for name, box in found.items()]
    conversations = [[_question(rng, ask_in, *rng.choice(boxes))] for _ in range(min(8, 2 * len(boxes)))]
    if rng.random() < 0.3:
        zh = ask_in == "zh"
        question = ask(
            rng,
            ask_in,
            [
                "Detect everything and output boxes in JSON.",
                "Locate all things. Report bbox coordinates in JSON format.",
            ],
            ["检测所有东西,以JSON输出边界框。", "找出所有东西的bbox_2d。"],
        )
        items = [(box, name) for name, box in boxes]
        conversations.append(
            [
                Turn(
                    skill="where_all",
                    question=question,
                    answer=boxes_json(items),
                    thinking=f"{len(items)}个。" if zh else f"{len(items)} of them.",
                    check={"type": "boxes", "boxes": [[b, n] for b, n in items]},
                )
            ]
        )
    return Sample(conversations=conversations, pictures=[wear(rng, canvas.array(), 0.6)])
