"""Questions about a screen as a whole, and about where one of its controls is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random

from training.gui.controls import Control, function, kind_name, reference
from training.gui.screen import Screen
from training.scene import Turn, ask, boxes_json, center, one_by_one, openly, points_json, scaled

LONGEST = 360  # characters of a chain


def unique(screen: Screen) -> list[Control]:
    texts = [control.text for control in screen.controls]
    return [
        control
        for control in screen.controls
        if texts.count(control.text) == 1 and control.kind not in ("picture", "text")
    ]


def describe(rng: Random, controls: Sequence[Control], lang: str, phone: bool) -> Turn:
    zh = lang == "zh"
    lines = [
        f"{n}. {kind_name(c.kind, lang)}“{c.text}”:{function(c, lang)}"
        if zh
        else f'{n}. {c.kind} "{c.text}": {function(c, lang)}'
        for n, c in enumerate(controls, 1)
    ]
    # the number of controls is not said: an answer that starts with a wrong number goes on with lines too many or too few
    head = (
        f"这是{'手机' if phone else '电脑'}界面,控件如下:"
        if zh
        else f"This is a {'phone' if phone else 'desktop'} screen with these controls:"
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
    turn = Turn(
        skill="gui_describe",
        question=question,
        answer=head + "\n" + "\n".join(lines),
        thinking=one_by_one(lang),
        check={"type": "controls", "controls": [[c.kind, c.text] for c in controls]},
    )
    return openly(rng, lang, turn)


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
    thinking = ("、" if lang == "zh" else ", ").join(c.text for c in chosen)
    if not wanted or len(thinking) > LONGEST:
        thinking = one_by_one(lang)
    return Turn(
        skill="gui_boxes",
        question=question,
        answer=boxes_json(items),
        thinking=thinking,
        check={"type": "boxes", "boxes": [[list(b), n] for b, n in items]},
    )


_ORDINALS = (("first", "第一个"), ("second", "第二个"), ("third", "第三个"), ("fourth", "第四个"), ("fifth", "第五个"))


def in_line(controls: Sequence[Control]) -> bool:
    """Whether they stand below each other or side by side, so that everybody counts them alike."""
    pairs = list(pairwise(c.box for c in controls))
    below = all(a[3] <= b[1] + 3 for a, b in pairs)
    return below or all(a[2] <= b[0] + 3 and abs(a[1] - b[1]) < 6 for a, b in pairs)


def numbered(rng: Random, screen: Screen, lang: str) -> tuple[Control, str, str] | None:
    """A control by its place among those of its kind: the control, how it is called, and the chain that counts to it."""
    groups: dict[str, list[Control]] = {}
    for c in screen.controls:
        groups.setdefault(c.kind, []).append(c)
    lines = [group for kind, group in groups.items() if kind != "text" and 1 < len(group) < 8 and in_line(group)]
    if not lines:
        return None
    group, zh = rng.choice(lines), lang == "zh"
    index = rng.randrange(min(len(group), len(_ORDINALS)))
    kind, ordinal = kind_name(group[0].kind, lang), _ORDINALS[index][zh]
    if index == len(group) - 1 and rng.random() < 0.5:
        ordinal = "最后一个" if zh else "last"
    steps = ("、" if zh else ", ").join(f"{n} {c.text}" for n, c in enumerate(group, 1))
    return group[index], f"{ordinal}{kind}" if zh else f"the {ordinal} {kind}", f"{steps}。" if zh else f"{steps}. "


def one_box(rng: Random, screen: Screen, lang: str) -> Turn | None:
    zh = lang == "zh"
    if rng.random() < 0.15 and (counted := numbered(rng, screen, lang)):
        c, name, steps = counted
    elif options := unique(screen):
        c = rng.choice(options)
        name, steps = reference(rng, c, lang), ""
    else:
        return None
    box = scaled(c.box, screen.canvas.width, screen.canvas.height)
    thinking = steps + (
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
