"""Charts of one series and of several, and the questions about them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from training.charts import bars, lines
from training.charts.cells import read_cell
from training.charts.frame import Frame, palette
from training.charts.pies import pie
from training.charts.questions import about
from training.charts.series import Series, more_categories, round_numbers, shares, values, written
from training.draw import Color, wear
from training.scene import Sample, Turn
from training.words import LABELS

_UNITS_ZH = ["(万元)", "(亿元)", "(%)", "(万)", "(单位:元)", "(单位:万人)"]
_UNITS_EN = [" (million)", " (k)", " (%)", " ($)", " (units)"]


def _title(rng: Random, lang: str, subject: str, ordered: bool) -> tuple[str, str]:
    """A title that names the subject, and a unit or nothing."""
    zh, roll = lang == "zh", rng.random()
    title = subject
    if roll > 0.85:
        title = f"{rng.randint(2010, 2025)}年{subject}" if zh else f"{subject} {rng.randint(2010, 2025)}"
    elif roll > 0.65:
        title = f"{subject}统计" if zh else f"{subject} by period" if ordered else f"{subject} overview"
    return title, rng.choice(_UNITS_ZH if zh else _UNITS_EN) if rng.random() < 0.35 else ""


def _colors(frame: Frame, count: int) -> list[Color]:
    many = count <= 8 and frame.rng.random() < 0.35
    return palette(frame.rng, count, frame.theme.background) if many else [frame.accent] * count


_SOURCES = (
    ["Source: annual report", "Source: survey", "Figures are rounded.", "Fig. 1", "Data as of {y}", "n = {n}"],
    ["数据来源:年度报告", "注:数据已取整", "图1", "截至{y}年", "样本数 {n}"],
)


def _surround(rng: Random, frame: Frame, lang: str, subject: str, kind: str) -> None:
    """A note below, labels along the axes: now and then."""
    zh = lang == "zh"
    if rng.random() < 0.15:
        frame.note(rng.choice(_SOURCES[zh]).format(y=rng.randint(2010, 2026), n=rng.randint(20, 2000)))
    if kind in ("bar", "line", "area", "dots") and rng.random() < 0.25:
        along = rng.choice(["时期", "类别", "名称", ""] if zh else ["Period", "Category", "Name", ""])
        frame.axis_labels(along, subject if rng.random() < 0.8 else "")


def _one(rng: Random, frame: Frame, lang: str, subject: str) -> Series:
    """Draws a chart of one series; the series is in the language of the chart."""
    pool, weights = ["bar", "line", "area", "row", "pie", "scatter"], [0.32, 0.18, 0.07, 0.17, 0.2, 0.06]
    if not frame.held_out:  # so that the evaluation's rows stay what they were
        pool, weights = [*pool, "dots"], [*weights, 0.12]
    kind = rng.choices(pool, weights)[0]
    most = min(16, int(frame.canvas.width // 28)) if kind in ("bar", "line", "area", "dots") else 7
    names, ordered = more_categories(rng, lang, max(3, most))
    if kind == "scatter":
        names, ordered = list("ABCDEFGH"[: rng.randint(3, 6)]), False
    frame.title(*_title(rng, lang, subject, ordered))
    roll = rng.random()
    shown = kind == "pie" or (kind != "scatter" and roll < 0.82)
    from_axis = kind == "scatter" or (kind != "row" and not shown and roll < 0.92)
    _surround(rng, frame, lang, subject, kind)
    numbers, texts = written(rng, len(names), kind == "bar")
    if from_axis:
        numbers, texts = round_numbers(rng, len(names))
    elif kind == "pie" and rng.random() < 0.4:
        numbers, texts = shares(rng, len(names))
    colors, labels = _colors(frame, len(names)), texts if shown else None
    ends: list[float] = []
    if kind == "pie":
        pie(frame, names, numbers, texts, palette(rng, len(names), frame.theme.background))
    elif kind == "row":
        ends = bars.lying(frame, names, numbers, labels, colors)
    else:
        frame.room_for_names(names)
        step = frame.scale(numbers)
        if shown:
            frame.room_for_numbers()
        divide = 10 if "." in texts[0] else 1
        frame.ticks(step, from_axis or rng.random() < 0.6, from_axis or rng.random() < 0.6, divide)
        if kind == "bar":
            ends = bars.upright(frame, names, numbers, labels, colors)
        elif kind == "scatter":
            top = rng.choice([10, 50, 100])
            xs = [round(top * (k + rng.uniform(0.2, 0.8)) / len(names)) for k in range(len(names))]
            rng.shuffle(xs)
            ends = lines.scatter(frame, names, xs, numbers, top, frame.accent)
        elif kind == "dots":
            ends = lines.dots(frame, numbers, labels, frame.accent)
        else:
            ends = lines.line(frame, numbers, labels, frame.accent, kind == "area")
        frame.axes()
        if kind != "scatter":
            frame.names(names)
    side = frame.canvas.width if kind == "row" else frame.canvas.height
    return Series(
        lang=lang,
        subject=subject,
        names=names,
        values=numbers,
        texts=texts,
        ordered=ordered,
        marks=None if shown or from_axis else [round(1000 * end / side) for end in ends],
        upward=kind != "row",
    )


def _several(rng: Random, frame: Frame, lang: str, subjects: list[str]) -> tuple[list[str], bool, list[list[int]]]:
    """Draws two or three series with a legend: their names along the axis, whether these are ordered, their values."""
    most = max(3, min(6, int(frame.canvas.width // (36 * len(subjects)))))
    names, ordered = more_categories(rng, lang, most)
    rows = [values(rng, len(names)) for _ in subjects]
    kind = rng.choice(["grouped", "grouped", "stacked", "lines"])
    if kind == "stacked":
        rows = [rng.sample(range(20, 99), len(names)) for _ in subjects]
    elif kind == "lines":  # one above the other, so that their numbers keep apart
        rows = [[33 * i + v for v in rng.sample(range(10, 31), len(names))] for i in range(len(rows))]
        rng.shuffle(rows)
    title = rng.choice(
        ["业务统计", "年度数据", "季度报告"] if lang == "zh" else ["Overview", "Annual report", "Key figures"]
    )
    frame.title(title, "")
    colors = palette(rng, len(subjects), frame.theme.background)
    frame.legend(subjects, colors)
    frame.room_for_names(names)
    sums = [sum(row[k] for row in rows) for k in range(len(names))]
    step = frame.scale(sums if kind == "stacked" else [v for row in rows for v in row])
    if kind != "stacked":
        frame.room_for_numbers()
    frame.ticks(step, rng.random() < 0.6, rng.random() < 0.5)
    {"grouped": bars.grouped, "stacked": bars.stacked, "lines": lines.several}[kind](frame, rows, colors)
    frame.axes()
    frame.names(names)
    return names, ordered, rows


def charts(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A chart of one series, or of two or three with a legend."""
    lang = rng.choice(["en", "zh"])
    frame = Frame(rng, lang, held_out, tokens)
    ask_in = lang if rng.random() < 0.75 else ("en" if lang == "zh" else "zh")
    several = rng.random() < 0.22 and frame.canvas.width >= 288
    pairs = rng.sample(LABELS["subject"], rng.randint(2, 3) if several else 1)
    turns: list[Turn] = []
    if several:
        names, ordered, rows = _several(rng, frame, lang, [pair[lang == "zh"] for pair in pairs])
        subjects = [pair[lang == "zh"] for pair in pairs]
        turns.append(
            read_cell(rng, ask_in, subjects, names, [list(column) for column in zip(*rows, strict=True)], "chart")
        )
        k = rng.randrange(len(rows))
        if len(set(rows[k])) == len(rows[k]):
            texts = [str(v) for v in rows[k]]
            series = Series(
                lang=ask_in,
                subject=subjects[k],
                names=names,
                values=rows[k],
                texts=texts,
                ordered=ordered,
                named=True,
                place=f"{k + 1}/{len(rows)}",
            )
            turns += about(rng, series)
    else:
        drawn = _one(rng, frame, lang, pairs[0][lang == "zh"])
        turns = about(rng, replace(drawn, lang=ask_in, subject=pairs[0][ask_in == "zh"]))
    different = {turn.question: turn for turn in turns}
    kept = list(different.values())[:4]
    return Sample(conversations=[[turn] for turn in kept], pictures=[wear(rng, frame.canvas.array(), 0.7)])
