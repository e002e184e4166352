"""The numbers that charts and tables show, how they are written, and the names beside them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from training.words import NAMES_EN, NAMES_ZH, label

_QUARTERS_ZH = ["第一季度", "第二季度", "第三季度", "第四季度"]
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
_DAYS_ZH = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"]


@dataclass(frozen=True, kw_only=True)
class Series:
    """One row of numbers under one subject, in the language of the questions."""

    lang: str
    subject: str
    names: list[str]
    values: list[int]  # what is compared and computed with
    texts: list[str]  # what is written
    ordered: bool = False  # the names follow each other in time
    skill: str = "chart"
    named: bool = False  # beside other series: questions must name the subject
    place: str = ""  # among several series, for instance "2/3": the second of each group, or the second column
    marks: list[int] | None = None  # without written values: where bars or points end, on the scale 0-1000
    upward: bool = True  # marks are heights on the page, smaller ones higher

    @property
    def zh(self) -> bool:
        return self.lang == "zh"

    @property
    def plain(self) -> bool:
        """Whether the texts are whole numbers without units, fit to compute with."""
        return all(text.isdecimal() for text in self.texts)


def categories(rng: Random, lang: str, most: int = 6) -> tuple[list[str], bool]:
    """At most `most` (at least three) names for an axis, and whether they follow each other in time."""
    zh, kind = lang == "zh", rng.randrange(5)
    if kind == 0 and most >= 4:
        return (_QUARTERS_ZH if zh and rng.random() < 0.7 else ["Q1", "Q2", "Q3", "Q4"]), True
    if kind == 1:
        n = rng.randint(3, min(12, most))
        start = rng.randint(0, 12 - n)
        return ([f"{start + k + 1}月" for k in range(n)] if zh else _MONTHS[start : start + n]), True
    if kind == 2:
        start, n = rng.randint(1998, 2021), rng.randint(3, most)
        return [f"{start + k}{'年' if zh and n < 5 else ''}" for k in range(n)], True
    names: list[str] = []
    count = 3 if kind == 4 else rng.randint(3, most) if most > 6 else min(5, most)
    while len(names) < count:
        name = label(rng, "item" if kind == 3 else "city", lang)
        if name not in names:
            names.append(name)
    return names, False


def more_categories(rng: Random, lang: str, most: int) -> tuple[list[str], bool]:
    """Besides those of `categories`: weekdays, half years, quarters over years, people, products, groups by letter."""
    zh, kind = lang == "zh", rng.randrange(9)
    if kind == 0:
        n = rng.randint(3, min(7, most))
        return (_DAYS_ZH if zh else _DAYS)[:n], True
    if kind == 1:
        year, n = rng.randint(2008, 2025), rng.randint(3, min(6, most))
        per, sign = (4, "Q") if rng.random() < 0.6 else (2, "H")
        return [f"{(year + k // per) % 100:02}{sign}{k % per + 1}" for k in range(n)], True
    if kind == 2:
        return rng.sample(NAMES_ZH if zh else NAMES_EN, rng.randint(3, min(6, most))), False
    if kind == 3:
        word = rng.choice(["产品", "部门", "方案"] if zh else ["Plan ", "Team ", "Class ", ""])
        return [f"{word}{letter}" for letter in "ABCDEFGH"[: rng.randint(3, min(6, most))]], False
    return categories(rng, lang, most)


def values(rng: Random, count: int) -> list[int]:
    """Whole numbers that differ, so that questions have one answer."""
    while True:
        found = [rng.randint(10, 60)]
        for _ in range(count - 1):
            step = rng.uniform(0.6, 1.9) if rng.random() < 0.8 else rng.uniform(0.3, 2.4)
            found.append(min(99, max(10, round(found[-1] * step))))
        if rng.random() < 0.3 and count <= 6:
            found = [round(v, -1) for v in found]
        if len(set(found)) == count:
            return found


def written(rng: Random, count: int, negative: bool = False) -> tuple[list[int], list[str]]:
    """Numbers and how a chart writes them: mostly plain, else larger, with decimals, per cent or units, some below zero."""
    roll = rng.random()
    if negative and roll < 0.12:
        found = rng.sample([v for v in range(-40, 90) if abs(v) > 4], count)
        return found, [str(v) for v in found]
    if roll < 0.62:
        found = values(rng, count)
        return found, [str(v) for v in found]
    if roll < 0.72:
        found = rng.sample(range(100, 999), count)
        return found, [str(v) for v in found]
    if roll < 0.8:
        found = [10 * v for v in rng.sample(range(100, 990), count)]
        comma = rng.random() < 0.6
        return found, [f"{v:,}" if comma else str(v) for v in found]
    if roll < 0.88:
        found = rng.sample(range(11, 400), count)
        return found, [f"{v / 10:.1f}" for v in found]
    found = values(rng, count)
    before, after = rng.choice([("", "%"), ("", "%"), ("$", ""), ("¥", ""), ("", "k"), ("", "M")])
    return found, [f"{before}{v}{after}" for v in found]


def round_numbers(rng: Random, count: int) -> tuple[list[int], list[str]]:
    """Multiples of ten, to be read from the lines of an axis; some may be equal, the extremes are not."""
    while True:
        found = [10 * rng.randint(1, 10) for _ in range(count)]
        if found.count(max(found)) == found.count(min(found)) == 1:
            return found, [str(v) for v in found]


def shares(rng: Random, count: int) -> tuple[list[int], list[str]]:
    """Different per cents, together a hundred."""
    while True:
        cuts = sorted(rng.sample(range(6, 95), count - 1))
        found = [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
        if min(found) >= 6 and len(set(found)) == count:
            return found, [f"{v}%" for v in found]
