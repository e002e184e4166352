"""Questions about a series of numbers: reading, comparing, computing."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from training.charts.arithmetic import division, growth, sum_chain
from training.scene import Turn, ask


def questions(
    rng: Random,
    lang: str,
    subject: str,
    names: list[str],
    values: list[int],
    ordered: bool,
    labelled: bool,
    table: bool = False,
) -> list[Turn]:
    """Turns about one series of numbers."""
    zh, turns = lang == "zh", []
    data = dict(zip(names, values, strict=True))
    read = ", ".join(f"{n} {v}" for n, v in data.items())
    best, worst = max(data, key=lambda n: data[n]), min(data, key=lambda n: data[n])
    skill = "table" if table else "chart"

    def turn(kind: str, question: str, answer: str, thinking: str, short: str | None = None) -> Turn:
        return Turn(
            skill=f"{skill}_{kind}",
            question=question,
            answer=answer,
            thinking=thinking,
            check={"type": "text" if short is None else "contains", "text": answer if short is None else short},
        )

    high = rng.random() < 0.6
    target = best if high else worst
    question = ask(
        rng,
        lang,
        ["Which has the {h} {s}?", "Where is the {s} {h}?", "Find the {h} {s}."],
        ["哪个的{s}{h}?", "{s}{h}的是哪个?", "{s}在哪里{h}?"],
        h=("最高" if high else "最低") if zh else ("highest" if high else "lowest"),
        s=subject.lower() if not zh else subject,
    )
    if labelled:
        turns.append(
            turn(
                "extreme",
                question,
                f"{target},{data[target]}。" if zh else f"{target}, with {data[target]}.",
                f"{read}。{'最大' if high else '最小'}是{data[target]}。"
                if zh
                else f"{read}. The {'largest' if high else 'smallest'} is {data[target]}.",
                target,
            )
        )
    else:
        return [
            turn(
                "extreme",
                question,
                f"{target}。" if zh else f"{target}.",
                f"比较各个:{target}。" if zh else f"I compare them: {target}.",
                target,
            )
        ]
    a, b = rng.sample(names, 2)
    question = ask(
        rng,
        lang,
        ["What is the {s} of {a}?", "How much is {a}?", "Read the value for {a}."],
        ["{a}的{s}是多少?", "{a}是多少?", "读出{a}的数值。"],
        a=a,
        s=subject if zh else subject.lower(),
    )
    turns.append(turn("read", question, f"{data[a]}", f"{a} {data[a]}"))
    difference = abs(data[a] - data[b])
    question = ask(
        rng,
        lang,
        [
            "What is the difference between {a} and {b}?",
            "How far apart are {a} and {b}?",
            "{a} and {b}: what is the difference?",
        ],
        ["{a}和{b}相差多少?", "{a}与{b}的差是多少?", "{a}比{b}差多少?"],
        a=a,
        b=b,
    )
    larger, smaller = max(data[a], data[b]), min(data[a], data[b])
    turns.append(
        turn("compute", question, f"{difference}", f"{a} {data[a]}, {b} {data[b]}: {larger}-{smaller}={difference}")
    )
    if len(values) <= 6:
        total = sum(values)
        question = ask(
            rng,
            lang,
            ["What is the total {s}?", "Add up all the values.", "What is the sum of all {s}?"],
            ["{s}总计是多少?", "所有数值的总和是多少?", "{s}一共是多少?"],
            s=subject if zh else subject.lower(),
        )
        turns.append(turn("compute", question, f"{total}", f"{read}: {sum_chain(values)}"))
    if ordered:
        rates = [growth(x, y) for x, y in pairwise(values)]
        if max(rates) > 0 and rates.count(max(rates)) == 1:
            k = rates.index(max(rates)) + 1
            steps = rng.random() < 0.4
            chain = []
            for i in range(1, len(values)):
                old, new = values[i - 1], values[i]
                chain.append(
                    f"{names[i]}: {new}-{old}={new - old}"
                    + (f", /{old}: {division(new - old, old)} = {rates[i - 1]}%" if new > old else "")
                )
            chain.append(f"{'最大' if zh else 'largest'}: {names[k]} {rates[k - 1]}%")
            if steps:
                question = ask(
                    rng,
                    lang,
                    [
                        "Which period grew fastest? Show the calculation.",
                        "Where was the growth of {s} fastest? List the calculation steps.",
                        "Which grew the most in per cent? Show your working.",
                    ]
                    + (
                        ["In which quarter did {s} grow fastest? Show the calculation."] * 2
                        if names[0] in ("第一季度", "Q1")
                        else []
                    ),
                    [
                        "哪个时期{s}增长最快?请列出计算过程。",
                        "哪一期增长率最高?写出计算过程。",
                        "{s}哪一期增长最快?请给出步骤。",
                    ]
                    + (["哪一季度{s}增长最快?请列出计算过程。"] * 2 if names[0] in ("第一季度", "Q1") else []),
                    s=subject if zh else subject.lower(),
                )
                listing = [
                    f"{names[i]}: ({values[i]}-{values[i - 1]})/{values[i - 1]}={rates[i - 1]}%"
                    for i in range(1, len(values))
                ]
                answer = (
                    "\n".join(listing)
                    + "\n"
                    + (
                        f"增长最快的是{names[k]},增长率{rates[k - 1]}%。"
                        if zh
                        else f"{names[k]} grew fastest, by {rates[k - 1]}%."
                    )
                )
            else:
                question = ask(
                    rng,
                    lang,
                    [
                        "Which period grew fastest, and by how many per cent?",
                        "Where was the growth rate of {s} highest?",
                        "When did {s} grow fastest?",
                    ],
                    ["哪个时期增长最快?增长率是多少?", "{s}哪一期增长最快?", "增长率最高的是哪一期?"]
                    + (["哪一季度{s}增长最快?"] * 2 if names[0] in ("第一季度", "Q1") else []),
                    s=subject if zh else subject.lower(),
                )
                answer = (
                    f"{names[k]}增长最快,增长率{rates[k - 1]}%。"
                    if zh
                    else f"{names[k]} grew fastest, by {rates[k - 1]}%."
                )
            last = answer.split("\n")[-1]
            turns.append(turn("compute", question, answer, f"{read}\n" + "\n".join(chain), last))
    listing = "\n".join(f"{n}: {v}" for n, v in data.items())
    question = ask(
        rng,
        lang,
        ["List all the values.", "Read the data from the chart.", "Describe this chart.", "What does this chart show?"],
        ["列出所有数值。", "读出图表中的数据。", "描述这张图表。", "这张图表显示了什么?"],
    )
    turns.append(
        turn(
            "list",
            question,
            f"{subject}\n{listing}",
            f"共{len(names)}项。" if zh else f"There are {len(names)} values.",
        )
    )
    rng.shuffle(turns)
    return turns
