"""Numbers in the question instead of a picture: the lookups and calculations of charts, many at the price of one drawing."""

from __future__ import annotations

from random import Random

from training.charts.arithmetic import division, growth
from training.charts.questions import questions
from training.charts.series import more_categories, values
from training.scene import Sample, Turn, ask
from training.words import label


def _listed(rng: Random, lang: str) -> list[list[Turn]]:
    """Questions about a series that is written out before each of them."""
    names, ordered = more_categories(rng, lang, 6)
    numbers, subject = values(rng, len(names)), label(rng, "subject", lang)
    colon, comma, end = rng.choice([(": ", ", ", ". "), (" = ", ", ", "; ")]) if lang == "en" else (" ", ",", "。")
    series = subject + colon + comma.join(f"{n} {v}" for n, v in zip(names, numbers, strict=True)) + end
    turns = questions(rng, lang, subject, names, numbers, ordered)
    return [
        [
            Turn(
                skill="typed",
                question=series + turn.question,
                answer=turn.answer,
                thinking=turn.thinking,
                check=turn.check,
            )
        ]
        for turn in turns
        if turn.skill == "chart_compute"
    ]


def _sum(rng: Random, lang: str) -> Turn:
    """One product, sum, difference or growth."""
    kind = rng.choice(["*", "*", "*", "-", "+", "%", "%"])
    thinking = ""
    if kind == "%":
        small, large = sorted(rng.sample(range(10, 100), 2))
        term = f"({large}-{small})/{small}"
        answer = f"{term}={growth(small, large)}%"
        thinking = f"{large}-{small}={large - small}; {division(large - small, small)}"
    else:
        a, b = rng.randint(2, 99), rng.randint(2, 9)
        if kind != "*":
            b, a = sorted((rng.randint(1, 999), rng.randint(10, 999)))
        elif rng.random() < 0.5:
            a, b = b, a
        term = f"{a}{kind}{b}"
        answer = f"{term}={({'*': a * b, '-': a - b, '+': a + b})[kind]}"
        thinking = answer
    question = ask(
        rng,
        lang,
        ["What is {t}?", "{t}=?", "Compute {t}.", "How much is {t}?"],
        ["{t}等于多少?", "{t}=?", "计算{t}。", "{t}是多少?"],
        t=term + (" in per cent" if lang == "en" and kind == "%" else ""),
    )
    return Turn(skill="typed", question=question, answer=answer, thinking=thinking)


def typed(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Conversations without a picture; `tokens` is of no matter."""
    lang = rng.choice(["en", "zh"])
    return Sample(conversations=[*_listed(rng, lang), *([_sum(rng, rng.choice(["en", "zh"]))] for _ in range(8))])
