"""The numbers that charts show, and the names below them."""

from __future__ import annotations

from random import Random

from training.words import label

_QUARTERS_ZH = ["第一季度", "第二季度", "第三季度", "第四季度"]
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def categories(rng: Random, lang: str) -> tuple[list[str], bool]:
    """Names on the axis, and whether they follow each other in time."""
    zh, kind = lang == "zh", rng.randrange(5)
    if kind == 0:
        return (_QUARTERS_ZH if zh and rng.random() < 0.7 else ["Q1", "Q2", "Q3", "Q4"]), True
    if kind == 1:
        start, n = rng.randint(0, 6), rng.randint(3, 6)
        return ([f"{start + k + 1}月" for k in range(n)] if zh else _MONTHS[start : start + n]), True
    if kind == 2:
        start, n = rng.randint(1998, 2021), rng.randint(3, 6)
        return [f"{start + k}{'年' if zh and n < 5 else ''}" for k in range(n)], True
    names: list[str] = []
    while len(names) < 3 + (kind == 3) * 2:
        name = label(rng, "item" if kind == 3 else "city", lang)
        if name not in names:
            names.append(name)
    return names, False


def values(rng: Random, count: int) -> list[int]:
    """Whole numbers that differ, so that questions have one answer."""
    while True:
        values = [rng.randint(10, 60)]
        for _ in range(count - 1):
            step = rng.uniform(0.6, 1.9) if rng.random() < 0.8 else rng.uniform(0.3, 2.4)
            values.append(min(99, max(10, round(values[-1] * step))))
        if rng.random() < 0.3:
            values = [round(v, -1) for v in values]
        if len(set(values)) == count:
            return values
