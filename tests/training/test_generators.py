"""What the generators draw is decided by the seed, and what they say about it is true of the drawing."""

from __future__ import annotations

import json
import re
from random import Random

import numpy as np
import pytest
from training.draw import Canvas
from training.gui import KINDS
from training.mixture import SHARES, SIZES, draw
from training.scene import Generator, Sample

from training import charts, chat, fonts, geometry, gui, ocr, score, shapes, unseen

pytestmark = pytest.mark.skipif(
    not fonts.available("zh", False) or not fonts.available("en", False),
    reason="needs the fonts named in training/README.md",
)


def samples(size: str, count: int) -> list[Sample]:
    return [draw(Random(f"test-{size}-{number}"), False, size) for number in range(count)]


@pytest.mark.parametrize("size", list(SIZES))
def test_the_same_seed_draws_the_same_sample(size: str) -> None:
    first, second = (draw(Random("again"), True, size) for _ in range(2))
    assert [turn for turns in first.conversations for turn in turns] == [
        turn for turns in second.conversations for turn in turns
    ]
    for a, b in zip(first.pictures, second.pictures, strict=True):
        assert np.array_equal(a, b)
    if first.frames is not None:
        assert second.frames is not None
        assert np.array_equal(first.frames, second.frames)


def test_shares_of_a_size_class_sum_to_one() -> None:
    for entries in SHARES.values():
        assert sum(share for _, share, _ in entries) == pytest.approx(1.0)


@pytest.mark.parametrize("size", list(SIZES))
def test_pictures_fit_the_grid_and_the_budget(size: str) -> None:
    for sample in samples(size, 60 if size != "long" else 8):
        tokens = 0
        for picture in sample.pictures:
            height, width, channels = picture.shape
            assert picture.dtype == np.uint8
            assert channels == 3
            assert height % 32 == width % 32 == 0
            tokens += height * width // 1024
        if sample.frames is not None:
            count, height, width, _ = sample.frames.shape
            assert count == 2 * len(sample.times)
            tokens += len(sample.times) * height * width // 1024
        assert tokens <= SIZES[size].tokens


@pytest.mark.parametrize(
    ("generator", "skill"),
    [
        (gui.screens, "gui_describe"),
        (charts.charts, "chart_list"),
        (ocr.texts, "ocr_text"),
        (shapes.shapes, "shapes_describe"),
        (chat.photos, "chat_photo"),
    ],
)
def test_any_kind_of_picture_is_met_with_questions_that_fit_any_picture(generator: Generator, skill: str) -> None:
    """People drop a picture and ask what it is; the answer must follow from the picture, not from the wording."""
    for number in range(300):
        for turns in generator(Random(f"open-{number}"), False, 128).conversations:
            if turns[0].skill == f"{skill}_openly" and re.search(
                r"what do you see|你看到了什么", turns[0].question, re.I
            ):
                return
    pytest.fail("never")


def test_boxes_lie_inside_the_picture_and_answers_score_as_right() -> None:
    for sample in samples("middle", 100) + samples("video", 40):
        for turns in sample.conversations:
            for turn in turns:
                for match in re.findall(r'"bbox_2d": (\[[^\]]*\])', turn.answer):
                    x1, y1, x2, y2 = json.loads(match)
                    assert 0 <= x1 < x2 <= 1000, turn.answer
                    assert 0 <= y1 < y2 <= 1000, turn.answer
                value = score.score(turn.answer, turn.check, KINDS)
                assert value == pytest.approx(0.0 if turn.check["type"] == "ocr" else 1.0), (turn.answer, turn.check)


@pytest.mark.parametrize("layout", list(unseen.LAYOUTS.values()), ids=lambda layout: str(layout.__name__))
def test_kept_back_layouts_have_right_answers_and_stay_out_of_the_training(layout: Generator) -> None:
    assert all(layout is not generator for entries in SHARES.values() for generator, _, _ in entries)
    for number in range(8):
        sample = layout(Random(f"layout-{number}"), True, 200)
        for turn in (turn for turns in sample.conversations for turn in turns):
            value = score.score(turn.answer, turn.check, KINDS)
            assert value == pytest.approx(0.0 if turn.check["type"] == "ocr" else 1.0), (turn.answer, turn.check)


def test_a_line_of_glyphs_is_as_wide_as_it_says_and_stands_where_pillow_puts_it() -> None:
    from PIL import Image, ImageDraw

    for name, text in ((fonts.available("en", False)[0], "Hello (7)"), (fonts.available("zh", False)[0], "你好,世界")):
        ours = Canvas(240, 60, (255, 255, 255))
        box = ours.text(120, 30, text, name, 24, (0, 0, 0), "mm")
        theirs = Image.new("RGB", (240, 60), (255, 255, 255))
        ImageDraw.Draw(theirs).text((120, 30), text, fill=(0, 0, 0), font=fonts.font(name, 24), anchor="mm")
        rows, columns = np.nonzero(ours.array()[..., 0] < 128)
        other_rows, other_columns = np.nonzero(np.asarray(theirs)[..., 0] < 128)
        assert abs(rows.min() - other_rows.min()) <= 1
        assert abs(columns.min() - other_columns.min()) <= 2
        assert abs(columns.max() - other_columns.max()) <= 3
        assert box[0] - 1 <= columns.min()
        assert columns.max() <= box[2] + 1


@pytest.mark.parametrize("half", range(1, 44))
def test_boxes_of_any_size_and_roundness_are_drawn(half: int) -> None:
    """Also those one pixel wider than high, and those whose sides have changed places, of which nothing is seen."""
    canvas = Canvas(64, 64, (255, 255, 255))
    for width in range(-2, 24):
        for height in range(-2, 24):
            canvas.rect((20, 20, 20 + width, 20 + height), (0, 0, 0), (9, 9, 9), half / 2, 2)
    assert canvas.array().min() == 0
    assert canvas.array()[:18].min() == canvas.array()[:, :18].min() == 255


def test_a_wrong_answer_scores_as_wrong() -> None:
    for sample in samples("middle", 40):
        for turns in sample.conversations:
            value = score.score("nonsense", turns[0].check, KINDS)
            assert value > 0.5 if turns[0].check["type"] == "ocr" else value == 0.0


def test_a_counted_colour_is_really_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The box of a coloured shape holds pixels of that colour; wear, which changes tones, is left out."""
    from training.words import COLORS

    monkeypatch.setattr("training.shapes.questions.wear", lambda rng, picture: picture)
    seen = 0
    for number in range(60):
        rng = Random(f"colour-{number}")
        sample = shapes.shapes(rng, False, 128)
        picture = sample.pictures[0].astype(int)
        height, width = picture.shape[:2]
        for turn in (turn for turns in sample.conversations for turn in turns if turn.check["type"] == "box"):
            name = json.loads(re.search(r"\[.*\]", turn.answer, re.S)[0])[0]["label"]  # type: ignore[index]
            color = next(c for c, (zh, _) in COLORS.items() if name.startswith((c, zh)))
            x1, y1, x2, y2 = (v * side / 1000 for v, side in zip(turn.check["box"], (width, height) * 2, strict=True))
            patch = picture[round(y1) : round(y2) + 1, round(x1) : round(x2) + 1].reshape(-1, 3)
            distance = min(np.abs(patch - np.array(shade)).sum(1).min() for shade in COLORS[color][1])
            assert distance < 10, (turn.answer, distance)
            seen += 1
    assert seen > 10


@pytest.mark.parametrize(("old", "new"), [(40, 52), (53, 61), (61, 94), (94, 99), (10, 99), (30, 50)])
def test_the_written_division_gives_the_rate(old: int, new: int) -> None:
    written = charts.division(new - old, old)
    assert written.endswith(f" = {round((new - old) / old * 100)}%")
    assert charts.growth(old, new) == round((new - old) / old * 100)
    steps = re.findall(r"(\d): (\d+)-(\d+)=(\d+)", written)
    for digit, rest, product, left in steps:
        assert int(digit) * old == int(product)
        assert 0 <= int(rest) - int(product) == int(left) < old
    percent = int("".join(digit for digit, *_ in steps)) + (int(written.split(" = ")[0].split(", ")[-1]) >= 5)
    assert percent == round((new - old) / old * 100)


def test_products_are_taken_apart_correctly() -> None:
    for a, b in ((14, 18), (7, 24), (12, 10), (9, 6)):
        chain = geometry.product_chain(a, b)
        assert chain.endswith(f"={a * b}")
        for left, right in (part.split("=") for part in chain.split(", ")):
            assert eval(left) == int(right)  # our own digits
