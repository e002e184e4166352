"""Screens of all families: nothing is cut or drawn over, every state can be seen, and what is said of them is true."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from random import Random

import numpy as np
import pytest
from training.gui import KINDS, Screen, facts, families, pages, questions, screens
from training.gui.controls import STATES, Control
from training.gui.rows import Area
from training.gui.styled import Styled
from training.scene import Box

from drawn_texts import Texts
from training import fonts, where

pytestmark = pytest.mark.skipif(
    not fonts.available("zh", False) or not fonts.available("en", False),
    reason="needs the fonts named in training/README.md",
)
Draw = Callable[[Random, str, bool, int], Styled]


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


@pytest.mark.parametrize("draw", [families.phone, families.desktop], ids=["phone", "desktop"])
def test_nothing_is_cut_or_drawn_over(draw: Draw, texts: Texts) -> None:
    for number in range(120):
        texts.clear()
        rng = Random(f"screen-{number}")
        screen = draw(rng, rng.choice(["en", "zh"]), number % 2 == 0, rng.choice([128, 256, 320]))
        width, height = screen.canvas.width, screen.canvas.height
        texts.check(width, height, number)
        for control in screen.controls:
            assert control.kind in KINDS
            x1, y1, x2, y2 = control.box
            assert -1 <= x1 < x2 <= width + 1, (number, control)
            assert -1 <= y1 < y2 <= height + 1, (number, control)
            if control.kind in ("button", "tab", "item", "link", "menu", "search box"):
                inside = [x1 - 1 <= box[0] and box[2] <= x2 + 1 for said, box in texts if said == control.text]
                assert any(inside), (number, control)
        for one_control, other_control in combinations(screen.controls, 2):
            a, b = one_control.box, other_control.box
            w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            smaller = min(area(a), area(b))
            assert w <= 2 or h <= 2 or w * h > 0.9 * smaller, (number, one_control, other_control)


@pytest.mark.parametrize("choices", [pages.PHONE, pages.DESKTOP], ids=["phone", "desktop"])
def test_every_page_holds_controls(choices: list[tuple[pages.Page, float]]) -> None:
    for page, share in choices:
        assert share > 0
        counts = []
        for number in range(6):
            screen = Styled(Random(number), "en", False, 480, 640, 16)
            page(Area(screen, 16, 16, 448, 620))
            counts.append(len(screen.controls))
        assert min(counts) >= 1
        assert max(counts) >= 3


def test_all_kinds_of_controls_are_drawn() -> None:
    kinds = set()
    for number in range(150):
        draw = (families.phone, families.desktop)[number % 2]
        kinds |= {control.kind for control in draw(Random(f"kind-{number}"), "en", False, 256).controls}
    assert kinds == KINDS.keys()


def test_on_and_off_look_different() -> None:
    """In every look, and the place that is named is where they differ."""
    for number in range(60):
        pictures = []
        for on in (False, True):
            screen = Styled(Random(f"look-{number}"), "en", False, 96, 96, 16)
            marks = [screen.knob(80, 20, on), screen.tick(48, 48, on), screen.dot(48, 76, on)]
            pictures.append(screen.canvas.array().astype(int))
        for x1, y1, x2, y2 in marks:
            part = np.s_[round(y1) : round(y2) + 1, round(x1) : round(x2) + 1]
            changed = np.abs(pictures[0][part] - pictures[1][part]).sum(-1) > 60
            assert changed.mean() > 0.1, (number, screen.look)
            for picture in pictures:
                picture[part] = 0
        assert np.abs(pictures[0] - pictures[1]).max() == 0


def screen_of(controls: list[Control]) -> Screen:
    screen = Screen(Random(0), "en", False, 100, 200)
    screen.controls = controls
    return screen


def test_facts_are_those_of_the_controls() -> None:
    screen = screen_of(
        [
            Control(kind="title", text="Settings", box=(0, 0, 50, 20)),
            Control(kind="switch", text="Wi-Fi", box=(0, 40, 100, 60), on=True, mark=(80, 40, 100, 60)),
            Control(kind="switch", text="Sync", box=(0, 80, 100, 100), on=False, mark=(80, 80, 100, 100)),
            Control(kind="input", text="Name", box=(0, 120, 100, 140), value="Anna"),
            Control(kind="tab", text="Home", box=(0, 180, 50, 200)),
            Control(kind="tab", text="Me", box=(50, 180, 100, 200), selected=True),
        ]
    )
    answers = [turn for number in range(20) if (turn := facts.state(Random(number), screen, "en"))]
    assert {(turn.answer, turn.thinking) for turn in answers} == {
        ("Wi-Fi is on.", 'The switch of "Wi-Fi" is at [900, 250]: on.'),
        ("Sync is off.", 'The switch of "Sync" is at [900, 450]: off.'),
    }
    which = {turn.answer for number in range(20) if (turn := facts.states(Random(number), screen, "en"))}
    assert which == {"Wi-Fi.", "Sync."}
    said = [make(Random(0), screen, "en") for make in (facts.selected, facts.value, facts.title)]
    assert [turn.answer for turn in said if turn] == ["Me.", "Anna", "Settings"]
    counted = {turn.answer for number in range(20) if (turn := facts.count(Random(number), screen, "en"))}
    assert counted == {"2.", "1."}
    assert STATES.keys() <= KINDS.keys()


def test_controls_are_numbered_only_where_everybody_counts_alike() -> None:
    column = [Control(kind="button", text=str(k), box=(0, 30.0 * k, 50, 30.0 * k + 20)) for k in range(3)]
    turns = [questions.numbered(Random(number), screen_of(column), "en") for number in range(20)]
    assert {(found[1], found[0].text) for found in turns if found} == {
        ("the first button", "0"),
        ("the second button", "1"),
        ("the third button", "2"),
        ("the last button", "2"),
    }
    assert all(found and found[2] == "1 0, 2 1, 3 2. " for found in turns)
    beside = Control(kind="button", text="3", box=(60, 30, 90, 50))
    assert questions.numbered(Random(0), screen_of([*column, beside]), "en") is None


def test_switches_anywhere_are_asked_about(texts: Texts) -> None:
    skills = set()
    for number in range(60):
        texts.clear()
        sample = where.states(Random(f"state-{number}"), False, 64)
        height, width = sample.pictures[0].shape[:2]
        texts.check(width, height, number)
        assert sample.conversations
        skills |= {turn.skill for turns in sample.conversations for turn in turns}
    assert skills == {"gui_state"}


@pytest.mark.parametrize("seed", [36, 140, 195])
def test_switches_fit_the_narrowest_pictures(seed: int) -> None:
    sample = where.states(Random(seed), False, 24)
    assert sample.pictures[0].shape[1] == 64
    assert sample.conversations


def test_chains_are_short_and_answers_begin_without_a_number() -> None:
    for number in range(40):
        sample = screens(Random(f"chain-{number}"), False, 256)
        for turn in (turn for turns in sample.conversations for turn in turns):
            assert len(turn.thinking) < 400
            if turn.skill == "gui_describe":
                # neither numbers nor kinds: they would bind the answer
                assert not any(char.isdigit() for char in turn.thinking)
                assert not any(kind in turn.thinking for kind in ("button", "icon", "按钮", "图标"))
                assert not any(char.isdigit() for char in turn.answer.splitlines()[0])
