"""Short questions about a screen: what is on, chosen, typed, how the page is called, how many controls of a kind there are."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from training.gui.controls import STATES, kind_name
from training.gui.questions import LONGEST, unique
from training.gui.screen import Screen
from training.scene import Turn, ask, center, scaled


def _turn(skill: str, question: str, answer: str, thinking: str) -> Turn:
    return Turn(skill=skill, question=question, answer=answer, thinking=thinking)


def state(rng: Random, screen: Screen, lang: str) -> Turn | None:
    """Is this switch on, this box ticked? The chain says where to look."""
    options = [c for c in unique(screen) if c.on is not None]
    if not options:
        return None
    c, zh = rng.choice(options), lang == "zh"
    assert c.on is not None
    english, chinese = {
        "switch": (
            ["Is {t} on?", "Is the {t} switch turned on or off?", "What is the state of {t}?"],
            ["{t}开着吗?", "{t}开关是开启还是关闭?", "{t}现在是什么状态?"],
        ),
        "checkbox": (["Is {t} checked?", "Is the box {t} ticked?"], ["{t}勾选了吗?", "{t}选中了吗?"]),
        "radio button": (["Is {t} chosen?", "Is the option {t} selected?"], ["{t}选中了吗?", "选的是{t}吗?"]),
    }[c.kind]
    word, name = STATES[c.kind][c.on][zh], kind_name(c.kind, lang)
    at = center(scaled(c.mark or c.box, screen.canvas.width, screen.canvas.height))
    return _turn(
        "gui_state",
        ask(rng, lang, english, chinese, t=c.text),
        f"{c.text}{word}。" if zh else f"{c.text} is {word}.",
        f"“{c.text}”的{name}在{at}:{word}。" if zh else f'The {name} of "{c.text}" is at {at}: {word}.',
    )


def states(rng: Random, screen: Screen, lang: str) -> Turn | None:
    """Which of the switches (boxes, options) are on? The chain goes through all of them."""
    kinds = sorted({c.kind for c in screen.controls if c.on is not None})
    if not kinds:
        return None
    kind, zh = rng.choice(kinds), lang == "zh"
    found = [c for c in screen.controls if c.kind == kind]
    if len(found) < 2:
        return None
    wanted = True if kind == "radio button" else rng.random() < 0.6
    word, name = STATES[kind][wanted][zh], kind_name(kind, lang)
    question = ask(
        rng,
        lang,
        ["Which {k} elements are {w}?", "Name every {k} that is {w}.", "List each {k} that is {w}."],
        ["哪些{k}{w}?", "列出{w}的{k}。", "{w}的{k}有哪些?"],
        k=name,
        w=word,
    )
    names = [c.text for c in found if c.on == wanted]
    answer = ("、" if zh else ", ").join(names) or ("没有" if zh else "None")
    steps = [
        f"{c.text}{STATES[kind][bool(c.on)][1]}" if zh else f"{c.text} {STATES[kind][bool(c.on)][0]}" for c in found
    ]
    return _turn(
        "gui_state",
        question,
        answer + ("。" if zh else "."),
        ("、" if zh else ", ").join(steps) + ("。" if zh else "."),
    )


def selected(rng: Random, screen: Screen, lang: str) -> Turn | None:
    """Which tab is the one that is shown?"""
    tabs = [c for c in screen.controls if c.kind == "tab"]
    current = [c for c in tabs if c.selected]
    if len(current) != 1 or any(c.kind == "tab" and c.text == current[0].text for c in tabs if c is not current[0]):
        return None
    zh, name = lang == "zh", current[0].text
    question = ask(
        rng,
        lang,
        ["Which tab is selected?", "Which tab is active?", "What is the current tab?"],
        ["当前选中的是哪个标签?", "哪个标签被选中了?", "现在在哪个标签页?"],
    )
    at = center(scaled(current[0].box, screen.canvas.width, screen.canvas.height))
    others = ("、" if zh else ", ").join(c.text for c in tabs)
    return _turn(
        "gui_value",
        question,
        name + ("。" if zh else "."),
        f"{others}。{at}处不同。" if zh else f"{others}. The one at {at} looks different.",
    )


def value(rng: Random, screen: Screen, lang: str) -> Turn | None:
    """What a field holds, or a row says at its end."""
    options = [c for c in unique(screen) if c.value]
    if not options:
        return None
    c, zh = rng.choice(options), lang == "zh"
    english, chinese = (
        (["What is typed in {t}?", "What does the {t} field contain?"], ["{t}里填了什么?", "{t}的内容是什么?"])
        if c.kind in ("input", "dropdown")
        else (
            ["What is the value of {t}?", "What does the row {t} say at its end?"],
            ["{t}的值是多少?", "{t}右边写着什么?"],
        )
    )
    at = center(scaled(c.box, screen.canvas.width, screen.canvas.height))
    return _turn(
        "gui_value",
        ask(rng, lang, english, chinese, t=c.text),
        c.value,
        f"“{c.text}”在{at}。" if zh else f'"{c.text}" is at {at}.',
    )


def title(rng: Random, screen: Screen, lang: str) -> Turn | None:
    titles = [c for c in screen.controls if c.kind == "title"]
    if len(titles) != 1:
        return None
    question = ask(
        rng,
        lang,
        ["What is the title of this page?", "Which page is this?", "What does the title say?"],
        ["这个页面的标题是什么?", "这是什么页面?", "标题写了什么?"],
    )
    return _turn("gui_title", question, titles[0].text, "标题在上方。" if lang == "zh" else "The title is at the top.")


def count(rng: Random, screen: Screen, lang: str) -> Turn | None:
    """How many controls of a kind? The chain numbers them."""
    counts = sorted({c.kind for c in screen.controls} - {"title", "picture", "text", "search box"})
    if not counts:
        return None
    kind, zh = rng.choice(counts), lang == "zh"
    found = [c.text for c in screen.controls if c.kind == kind]
    question = ask(
        rng,
        lang,
        ["How many {k} elements are there?", "Count the {k} elements."],
        ["有几个{k}?", "数一数有多少个{k}。"],
        k=kind_name(kind, lang),
    )
    steps = ("、" if zh else ", ").join(f"{n} {text}" for n, text in enumerate(found, 1))
    if len(steps) > LONGEST:
        return None
    return _turn(
        "gui_count", question, f"{len(found)}个。" if zh else f"{len(found)}.", f"{steps}。" if zh else f"{steps}."
    )


SMALL: list[Callable[[Random, Screen, str], Turn | None]] = [state, state, state, states, selected, value, title, count]


def small_question(rng: Random, screen: Screen, lang: str) -> Turn | None:
    """One short question: the first kind, of a few tried at random, that the screen has an answer for."""
    return next((turn for make in rng.sample(SMALL, 4) if (turn := make(rng, screen, lang))), None)
