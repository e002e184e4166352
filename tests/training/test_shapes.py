"""Scenes of shapes: what is said about them follows from where they lie."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from training.draw import Canvas
from training.shapes.counting import counts
from training.shapes.front import crossings, hidden, overlap, pile_up
from training.shapes.ground import textured, visible
from training.shapes.layout import LAYOUTS, arrange, band, free
from training.shapes.relations import direction, relation
from training.shapes.scene import Scene
from training.shapes.thing import SHAPES, Thing, mid, paint
from training.words import COLORS

SIDES = ((256, 256), (480, 320), (192, 384))


def scene(number: int, lang: str = "en") -> Scene:
    rng = Random(f"scene-{number}")
    width, height = rng.choice(SIDES)
    things = arrange(rng, width, height, list(SHAPES), list(COLORS))
    return Scene(lang=lang, width=width, height=height, unordered=things)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: str(layout[0].__name__))
def test_things_of_a_layout_keep_apart(layout: tuple) -> None:
    place, _, (low, high) = layout
    most = 0
    for number in range(60):
        rng = Random(f"layout-{number}")
        boxes = place(rng, *rng.choice(SIDES), rng.randint(low, high))
        most = max(most, len(boxes))
        for k, box in enumerate(boxes):
            assert free(box, boxes[:k], 0), (number, box)
    assert most >= high - 2


def test_reading_goes_by_thirds_from_left_to_right() -> None:
    for number in range(40):
        found = scene(number)
        for a, b in pairwise(found.things):
            assert (band(a.box, found.height), mid(a.box)[0]) <= (band(b.box, found.height), mid(b.box)[0])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_count_is_the_last_number_of_its_chain(lang: str) -> None:
    seen = set()
    for number in range(150):
        found = scene(number, lang)
        for turn in counts(Random(number), found):
            marks = re.findall(r"#(\d+)", turn.thinking)
            assert marks == [str(k + 1) for k in range(len(marks))]
            assert turn.thinking.endswith(f" = {len(marks)}")
            assert re.match(r"\d+", turn.answer)[0] == str(len(marks))  # type: ignore[index]
            for name in set(found.names):
                assert turn.thinking.count(name) >= found.names.count(name)
            seen.add(len(marks))
    assert seen >= set(range(12))


def test_a_scene_of_all_colours_and_forms_can_be_counted() -> None:
    things = [
        Thing(shape=shape, color=color, box=(10 * k, 0, 10 * k + 9, 9))
        for k, (shape, color) in enumerate((s, c) for s in SHAPES for c in COLORS)
    ]
    found = Scene(lang="en", width=10 * len(things), height=10, unordered=things)
    for number in range(40):
        assert len(counts(Random(number), found)) == 2


def test_directions_hold_in_pixels_and_turn_around_with_the_question() -> None:
    asked = 0
    for number in range(120):
        found = scene(number)
        for a, b in pairwise(found.single):
            sides = direction(found, a, b)
            assert direction(found, b, a) == tuple((axis, -sign) for axis, sign in sides)
            for axis, sign in sides:
                assert (mid(a.box)[axis] - mid(b.box)[axis]) * sign > 0
            asked += bool(sides)
    assert asked > 100


def test_a_relation_repeats_the_places_that_it_compares() -> None:
    for number in range(60):
        found = scene(number)
        turn = relation(Random(number), found)
        for x, mark, y in re.findall(r"(\d+)([<>])(\d+)", turn.thinking if turn else ""):
            assert (int(x) < int(y)) == (mark == "<")


@pytest.mark.parametrize("count", [2, 3, 4])
def test_whatever_is_covered_shows_most_of_itself(count: int) -> None:
    for number in range(15):
        pile = pile_up(Random(number), 256, 192, count, list(COLORS))
        shares = hidden(pile, 256, 192)
        assert {k for pair in shares for k in pair} == set(range(count))
        assert all(0.1 < share < 0.5 for share in shares.values())
        for k in range(count):
            assert sum(share for (back, _), share in shares.items() if back == k) < 0.55


def test_where_two_meet_the_one_in_front_is_seen() -> None:
    right, seen = 0, 0
    for number in range(40):
        pile = pile_up(Random(number), 256, 192, 2 + number % 3, list(COLORS))
        canvas = Canvas(256, 192, (255, 255, 255))
        for place, thing in enumerate(pile):
            paint(canvas, thing.shape, thing.box, (40 * place, 0, 0), None)
        picture = canvas.array()
        for (_, front), (x, y) in crossings(pile, 256, 192).items():
            seen += 1
            right += tuple(picture[y * 191 // 1000, x * 255 // 1000]) == (40 * front, 0, 0)
    assert seen > 60
    assert right > 0.95 * seen  # slivers are missed by a pixel


def test_what_is_asked_about_piles_has_one_answer() -> None:
    asked: set[str] = set()
    for number in range(80):
        sample = overlap(Random(number), False, 128)
        answers: dict[str, str] = {}
        for (turn,) in sample.conversations:
            assert answers.setdefault(turn.question, turn.answer) == turn.answer
            asked.add(turn.answer.split(" ")[-1])
    assert len(asked) > 5


def test_colours_stand_out_from_coloured_grounds() -> None:
    for number in range(60):
        canvas, base = textured(Random(number), 128, 96)
        assert isinstance(canvas, Canvas)
        assert canvas.array().shape == (96, 128, 3)
        names = visible(base)
        assert len(names) >= 4
        for name in names:
            for shade in COLORS[name][1]:
                assert np.abs(np.subtract(shade, base)).sum() > 150


def test_a_thing_has_its_name_in_both_languages() -> None:
    thing = Thing(shape="cross", color="red", box=(0, 0, 10, 10))
    assert (thing.name("en"), thing.name("zh")) == ("red cross", "红色十字形")
