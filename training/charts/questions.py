"""Questions about a series of numbers: reading, comparing, computing.

In chains a number stands before its name where the name is looked for, and behind it where the number is: a small
network finds what follows something that it has seen, hardly what came before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random

from training.charts.arithmetic import division, growth, sum_chain
from training.charts.series import Series
from training.scene import Turn, ask, openly


def _ask(rng: Random, s: Series, english: Sequence[str], chinese: Sequence[str], **given: str) -> str:
    """A phrasing; among several series one that names the subject."""
    if s.named:
        english, chinese = ([p for p in phrasings if "{s}" in p] for phrasings in (english, chinese))
    return ask(rng, s.lang, english, chinese, s=s.subject if s.zh else s.subject.lower(), **given)


def _turn(s: Series, kind: str, question: str, answer: str, thinking: str, last: str | None = None) -> Turn:
    """`last` is what the end of a longer answer must say."""
    check = {} if last is None else {"type": "contains", "text": last, "last": True}
    if s.place:  # which series it is comes first, before any number
        thinking = f"{s.subject} {s.place}: {thinking}"
    return Turn(skill=f"{s.skill}_{kind}", question=question, answer=answer, thinking=thinking, check=check)


def _read(s: Series) -> str:
    return ", ".join(f"{n} {v}" for n, v in zip(s.names, s.texts, strict=True))


def extreme(rng: Random, s: Series) -> Turn | None:
    """The highest or lowest, by the written values or by where the bars end."""
    high = rng.random() < 0.6
    k = s.values.index(max(s.values) if high else min(s.values))
    if s.values.count(s.values[k]) > 1:
        return None
    question = _ask(
        rng,
        s,
        ["Which has the {h} {s}?", "Where is the {s} {h}?", "Find the {h} {s}.", "Whose {s} is {h}?"],
        ["哪个的{s}{h}?", "{s}{h}的是哪个?", "{s}在哪里{h}?", "哪一项{s}{h}?"],
        h=("最高" if high else "最低") if s.zh else ("highest" if high else "lowest"),
    )
    if s.marks is not None:
        if min(abs(mark - s.marks[k]) for i, mark in enumerate(s.marks) if i != k) < 15:
            return None  # too close to tell by eye
        small = high == s.upward
        listed = ", ".join(f"{m} {n}" for m, n in zip(s.marks, s.names, strict=True))
        word = ("最小" if small else "最大") if s.zh else ("smallest" if small else "largest")
        answer = f"{s.names[k]}。" if s.zh else f"{s.names[k]}."
        return _turn(s, "extreme", question, answer, f"{listed}; {word} {s.marks[k]} {s.names[k]}", s.names[k])
    listed = ", ".join(f"{v} {n}" for v, n in zip(s.texts, s.names, strict=True))
    word = ("最大" if high else "最小") if s.zh else ("largest" if high else "smallest")
    answer = f"{s.names[k]},{s.texts[k]}。" if s.zh else f"{s.names[k]}, with {s.texts[k]}."
    return _turn(s, "extreme", question, answer, f"{listed}; {word} {s.texts[k]} {s.names[k]}", s.names[k])


def read(rng: Random, s: Series) -> Turn:
    k = rng.randrange(len(s.names))
    question = _ask(
        rng,
        s,
        ["What is the {s} of {a}?", "How much is {a}?", "Read the value for {a}.", "What {s} does {a} have?"],
        ["{a}的{s}是多少?", "{a}是多少?", "读出{a}的数值。", "{a}的{s}有多少?"],
        a=s.names[k],
    )
    return _turn(s, "read", question, s.texts[k], f"{_read(s)}; {s.names[k]} {s.texts[k]}")


def difference(rng: Random, s: Series) -> Turn | None:
    if not s.plain or len(s.values) > 8:
        return None
    i, k = rng.sample(range(len(s.names)), 2)
    question = _ask(
        rng,
        s,
        [
            "What is the difference between {a} and {b}?",
            "How far apart are {a} and {b}?",
            "{a} and {b}: what is the difference?",
            "How far apart is the {s} of {a} and {b}?",
            "What is the difference in {s} between {a} and {b}?",
        ],
        ["{a}和{b}相差多少?", "{a}与{b}的差是多少?", "{a}和{b}的{s}相差多少?", "{a}与{b}的{s}差多少?"],
        a=s.names[i],
        b=s.names[k],
    )
    large, small = max(s.values[i], s.values[k]), min(s.values[i], s.values[k])
    found = f"{large}-{small}={large - small}"
    pair = f"{s.names[i]} {s.texts[i]}, {s.names[k]} {s.texts[k]}"
    return _turn(s, "compute", question, found, f"{_read(s)}; {pair}: {found}", str(large - small))


def total(rng: Random, s: Series) -> Turn | None:
    if not s.plain or len(s.values) > 6:
        return None
    question = _ask(
        rng,
        s,
        ["What is the total {s}?", "Add up all the values.", "What is the sum of all {s}?"],
        ["{s}总计是多少?", "所有数值的总和是多少?", "{s}一共是多少?"],
    )
    steps, result = sum_chain(s.values), sum(s.values)
    answer = f"{steps}\n总计{result}。" if s.zh else f"{steps}\nThe total is {result}."
    return _turn(s, "compute", question, answer, f"{_read(s)}: {steps}", str(result))


def _rises(s: Series) -> list[int]:
    """Where the value is higher than the one before."""
    return [k for k in range(1, len(s.values)) if s.values[k] > s.values[k - 1]]


def _change(s: Series, k: int) -> str:
    return f"{s.values[k]}-{s.values[k - 1]}={s.values[k] - s.values[k - 1]}"


def _divided(s: Series, k: int) -> str:
    return division(s.values[k] - s.values[k - 1], s.values[k - 1])


def rate(rng: Random, s: Series) -> Turn | None:
    """The growth from one period to the next."""
    rises = _rises(s)
    if not s.ordered or not s.plain or max(s.values) > 99 or not rises or len(s.values) > 8:
        return None
    k = rng.choice(rises)
    question = _ask(
        rng,
        s,
        [
            "By how many per cent did {s} grow from {a} to {b}?",
            "What is the growth rate of {s} from {a} to {b}?",
            "What is the growth rate from {a} to {b}?",
        ],
        ["{s}从{a}到{b}增长了百分之多少?", "从{a}到{b}的{s}增长率是多少?", "{b}的{s}比{a}增长了百分之几?"],
        a=s.names[k - 1],
        b=s.names[k],
    )
    found = growth(s.values[k - 1], s.values[k])
    answer = f"({s.values[k]}-{s.values[k - 1]})/{s.values[k - 1]}={found}%"
    pair = f"{s.names[k - 1]} {s.texts[k - 1]}, {s.names[k]} {s.texts[k]}"
    return _turn(s, "compute", question, answer, f"{_read(s)}; {pair}: {_change(s, k)}; {_divided(s, k)}", f"{found}%")


def largest_rise(rng: Random, s: Series) -> Turn | None:
    """The period with the largest increase, not the largest rate."""
    changes = [new - old for old, new in pairwise(s.values)]
    if not s.ordered or not s.plain or max(changes) <= 0 or changes.count(max(changes)) > 1 or len(changes) > 6:
        return None
    k = changes.index(max(changes)) + 1
    question = _ask(
        rng,
        s,
        ["When did {s} increase by the most, and by how much?", "Where is the largest increase of {s}?"],
        ["{s}哪一期增加最多?增加了多少?", "{s}增加量最大的是哪一期?"],
    )
    answer = f"{s.names[k]},+{changes[k - 1]}。" if s.zh else f"{s.names[k]}, by {changes[k - 1]}."
    listed = ", ".join(f"{_change(s, i)} {s.names[i]}" for i in range(1, len(s.values)))
    word = "最大" if s.zh else "largest"
    thinking = f"{_read(s)}; {listed}; {word} {changes[k - 1]} {s.names[k]}"
    return _turn(s, "compute", question, answer, thinking, answer)


def fastest(rng: Random, s: Series) -> Turn | None:
    """The period of the highest growth rate, with the calculation if asked for; few enough rates for a short chain."""
    rises, count = _rises(s), len(s.values)
    if (
        not s.ordered
        or not s.plain
        or max(s.values) > 99
        or len(rises) > (3 if count < 5 else 2)
        or count > (4 if s.place else 5)
    ):
        return None
    rates = {k: growth(s.values[k - 1], s.values[k]) for k in rises}
    if not rises or list(rates.values()).count(max(rates.values())) > 1:
        return None
    best = max(rates, key=lambda k: rates[k])
    quarters = s.names[0] in ("第一季度", "Q1")
    if steps := rng.random() < 0.5:
        question = _ask(
            rng,
            s,
            [
                "Which period of {s} grew fastest? Show the calculation.",
                "Where was the growth of {s} fastest? List the calculation steps.",
                "When did {s} grow the most in per cent? Show your working.",
                *(["In which quarter did {s} grow fastest? Show the calculation."] * 2 if quarters else []),
            ],
            [
                "哪个时期{s}增长最快?请列出计算过程。",
                "{s}哪一期增长率最高?写出计算过程。",
                "{s}哪一期增长最快?请给出步骤。",
                *(["哪一季度{s}增长最快?请列出计算过程。"] * 2 if quarters else []),
            ],
        )
    else:
        question = _ask(
            rng,
            s,
            [
                "Which period grew fastest, and by how many per cent?",
                "Where was the growth rate of {s} highest?",
                "When did {s} grow fastest?",
            ],
            [
                "哪个时期增长最快?增长率是多少?",
                "{s}哪一期增长最快?",
                "{s}增长率最高的是哪一期?",
                *(["哪一季度{s}增长最快?"] * 2 if quarters else []),
            ],
        )
    name, found = s.names[best], f"{rates[best]}%"
    last = f"{name}增长最快,增长率{found}。" if s.zh else f"{name} grew fastest, by {found}."
    listed = [
        f"{s.names[k]}: ({s.values[k]}-{s.values[k - 1]})/{s.values[k - 1]}={rates[k]}%"
        if k in rates
        else f"{s.names[k]}: {_change(s, k)}"
        for k in range(1, len(s.values))
    ]
    chain = [_change(s, k) + (f"; {_divided(s, k)}" if k in rates else "") + f" {s.names[k]}" for k in range(1, count)]
    chain.append(f"{'最大' if s.zh else 'largest'} {found} {name}")
    answer = "\n".join([*listed, last]) if steps else last
    return _turn(s, "compute", question, answer, f"{_read(s)}\n" + "\n".join(chain), last)


def listing(rng: Random, s: Series) -> Turn:
    question = ask(
        rng,
        s.lang,
        ["List all the values.", "Read the data from the chart.", "Describe this chart.", "What does this chart show?"],
        ["列出所有数值。", "读出图表中的数据。", "描述这张图表。", "这张图表显示了什么?"],
    )
    rows = "\n".join(f"{n}: {v}" for n, v in zip(s.names, s.texts, strict=True))
    thinking = f"共{len(s.names)}项。" if s.zh else f"There are {len(s.names)} values."
    return openly(rng, s.lang, _turn(s, "list", question, f"{s.subject}\n{rows}", thinking))


def about(rng: Random, s: Series) -> list[Turn]:
    """Turns about one series; without written values only what can be seen."""
    if s.marks is not None:
        found = extreme(rng, s)
        return [found] if found else []
    turns = [kind(rng, s) for kind in (extreme, read, read, difference, total, rate, largest_rise)]
    if not s.named:
        turns.append(listing(rng, s))
    rng.shuffle(turns)
    growing = fastest(rng, s)  # the hardest, and seldom possible: first when it is
    return [turn for turn in (growing, *turns) if turn]


def questions(rng: Random, lang: str, subject: str, names: list[str], numbers: list[int], ordered: bool) -> list[Turn]:
    """Turns about one series of whole numbers that are written in the chart."""
    texts = [str(v) for v in numbers]
    series = Series(lang=lang, subject=subject, names=names, values=numbers, texts=texts, ordered=ordered)
    return about(rng, series)
