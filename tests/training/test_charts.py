"""Charts, tables and figures: what is computed is right, and what is written can be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import add, mul, sub, truediv
from random import Random

import pytest
from tokenizers import Tokenizer
from training.charts.questions import about, extreme, fastest
from training.charts.series import Series, more_categories, round_numbers, shares, written
from training.draw import Canvas
from training.geometry.figures import KINDS
from training.geometry.sketch import Sketch
from training.scene import Box, Sample, Turn

from training import charts, fonts, geometry, shapes, video

pytestmark = pytest.mark.skipif(
    not fonts.available("zh", False) or not fonts.available("en", False),
    reason="needs the fonts named in training/README.md",
)

GENERATORS = [
    (charts.charts, (128, 256, 512)),
    (charts.tables, (96, 256)),
    (charts.typed, (16,)),
    (geometry.geometry, (96, 256)),
    (shapes.shapes, (128, 256)),
    (shapes.overlap, (96,)),
    (video.clips, (128, 256)),
]
QUARTERS = Series(
    lang="zh",
    subject="净利润",
    names=["第一季度", "第二季度", "第三季度", "第四季度"],
    values=[40, 50, 45, 81],
    texts=["40", "50", "45", "81"],
    ordered=True,
)


def drawn(generator: Callable[..., Sample], tokens: tuple[int, ...], count: int) -> list[Turn]:
    found = []
    for number in range(count):
        sample = generator(Random(f"drawn-{number}"), False, tokens[number % len(tokens)])
        found += [turn for turns in sample.conversations for turn in turns]
    return found


@pytest.mark.parametrize(("generator", "tokens"), GENERATORS, ids=lambda value: getattr(value, "__name__", None))
def test_every_equation_is_true_and_every_chain_short(
    generator: Callable[..., Sample], tokens: tuple[int, ...], tokenizer: Tokenizer
) -> None:
    for turn in drawn(generator, tokens, 80):
        assert len(tokenizer.encode(turn.thinking).ids) <= 200, turn.thinking
        for text in (turn.thinking, turn.answer):
            for a, sign, b, c in re.findall(r"(?<![\d.)/*+-])(\d+)([-+*/])(\d+)=(-?[\d.]+)(?![\d%])", text):
                value = {"+": add, "-": sub, "*": mul, "/": truediv}[sign](int(a), int(b))
                assert float(c.rstrip(".")) == pytest.approx(value), text


@pytest.mark.parametrize(
    ("generator", "tokens"),
    [one for one in GENERATORS[:4] if one[0] is not charts.typed],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_texts_lie_inside_the_picture_and_apart(
    generator: Callable[..., Sample], tokens: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes: list[Box] = []
    text = Canvas.text

    def noted(canvas: Canvas, *args: object) -> Box:
        x1, y1, x2, y2 = box = text(canvas, *args)  # type: ignore[arg-type]
        assert x1 >= -1, args
        assert x2 <= canvas.width + 1, args
        assert y1 >= -2, args
        assert y2 <= canvas.height + 2, args
        boxes.append((x1, y1, x2, y2))
        return box

    monkeypatch.setattr(Canvas, "text", noted)
    crossing = 0
    for number in range(80):
        boxes.clear()
        generator(Random(f"inside-{number}"), False, tokens[number % len(tokens)])
        crossing += any(
            a[0] < b[2] - 2 and b[0] < a[2] - 2 and a[1] < b[3] - 4 and b[1] < a[3] - 4
            for k, a in enumerate(boxes)
            for b in boxes[:k]
        )
    assert crossing <= 1


def test_the_examples_of_users_are_asked() -> None:
    asked = {turn.question for turn in drawn(charts.charts, (256,), 700)}
    assert any("哪一季度" in question and "增长最快?请列出计算过程" in question for question in asked)
    asked = {turn.question for turn in drawn(geometry.geometry, (96,), 300)}
    assert any("计算图中三角形面积,并写出步骤" in question for question in asked)
    asked = {turn.question for turn in drawn(video.clips, (128,), 300)}
    assert any(re.search(r"视频第\d+分钟发生了什么", question) for question in asked)
    assert any(re.search(r"[Ww]hen does the \w+ ball appear", question) for question in asked)


def test_the_fastest_growth_ends_with_its_name_and_rate() -> None:
    turn = fastest(Random(0), QUARTERS)
    assert turn
    assert turn.thinking.splitlines()[1:] == [
        "50-40=10; 2: 100-80=20, 5: 200-200=0, 0 = 25% 第二季度",
        "45-50=-5 第三季度",
        "81-45=36; 8: 360-360=0, 0: 0-0=0, 0 = 80% 第四季度",
        "最大 80% 第四季度",
    ]
    assert turn.answer.splitlines()[-1] == "第四季度增长最快,增长率80%。"


def test_an_extreme_is_followed_by_its_name() -> None:
    for number in range(20):
        turn = extreme(Random(number), QUARTERS)
        assert turn
        value, name = turn.thinking.rsplit(" ", 2)[1:]
        assert (value, name) in {("81", "第四季度"), ("40", "第一季度")}
        assert f"{value} {name}" in turn.thinking.split(";")[0]


def test_among_several_series_a_question_names_its_own() -> None:
    series = Series(**{**vars(QUARTERS), "named": True})
    for number in range(20):
        assert all("净利润" in turn.question for turn in about(Random(number), series))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_numbers_have_one_highest_and_names_are_different(lang: str) -> None:
    for number in range(200):
        rng = Random(number)
        names, _ = more_categories(rng, lang, rng.randint(3, 12))
        assert len(set(names)) == len(names) >= 3
        for values, texts in (written(rng, len(names), True), round_numbers(rng, len(names))):
            assert len(values) == len(texts) == len(names)
            assert values.count(max(values)) == values.count(min(values)) == 1
        values, texts = shares(rng, min(len(names), 7))
        assert sum(values) == 100
        assert texts == [f"{value}%" for value in values]


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS], ids=lambda kind: str(kind.__name__))
def test_a_figure_keeps_its_measures_inside_the_picture(kind: Callable[[Sketch], object]) -> None:
    crowded = 0
    for number in range(40):
        rng = Random(f"figure-{number}")
        sketch = Sketch(rng, rng.choice(["en", "zh"]), False, rng.choice([96, 160, 256]))
        kind(sketch)
        crowded += sketch.crowded()
        for x1, y1, x2, y2 in sketch.labels:
            assert 0 <= x1 < x2 <= sketch.canvas.width
            assert 0 <= y1 < y2 <= sketch.canvas.height
    assert crowded < 8  # such drawings are thrown away
