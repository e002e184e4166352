"""Screens without a plan: whatever is cut, covered or dimmed, what is said of a screen can be seen on it."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from random import Random

import pytest
from training.draw import bright, on_ground, theme
from training.gui import KINDS, overlays, regions
from training.gui.controls import Control
from training.gui.free import compose
from training.gui.regions import Room
from training.gui.styled import Styled

from drawn_texts import Texts
from training import fonts

pytestmark = pytest.mark.skipif(
    not fonts.available("zh", False) or not fonts.available("en", False),
    reason="needs the fonts named in training/README.md",
)


def drawn(number: int) -> Styled:
    rng = Random(f"free-{number}")
    return compose(rng, rng.choice(["en", "zh"]), number % 3 == 0, rng.choice([128, 256, 320, 640]), number % 2 == 0)


def test_names_are_whole_and_apart_and_boxes_lie_inside() -> None:
    for number in range(250):
        screen = drawn(number)
        width, height = screen.canvas.width, screen.canvas.height
        Texts(screen.canvas.inked).check(width, height, number)
        assert len(screen.controls) > 2
        for control in screen.controls:
            assert control.kind in KINDS
            x1, y1, x2, y2 = control.box
            assert -1 <= x1 < x2 <= width + 1, (number, control)
            assert -1 <= y1 < y2 <= height + 1, (number, control)
            if control.kind in ("button", "tab", "item", "link", "menu", "search box"):
                lines = [box for said, box in screen.canvas.inked if said == control.text]
                assert any(x1 - 1 <= box[0] and box[2] <= x2 + 1 for box in lines), (number, control)


def test_controls_overlap_only_where_one_lies_in_the_other_or_something_has_come_up() -> None:
    crossing = 0
    for number in range(250):
        for one, other in combinations(drawn(number).controls, 2):
            both = overlays.shared(one.box, other.box)
            smaller = min(overlays._area(one.box), overlays._area(other.box))
            crossing += 40 < both < 0.9 * smaller
    assert crossing < 20


def test_screens_differ_in_what_they_hold_and_in_how_they_are_cut() -> None:
    """No kind is missing, and hardly two screens have their controls in the same order of kinds."""
    screens = [drawn(number) for number in range(200)]
    assert {control.kind for screen in screens for control in screen.controls} == KINDS.keys()
    orders = {tuple(control.kind for control in screen.controls) for screen in screens}
    assert len(orders) > 190


def test_a_picture_keeps_its_places_when_it_is_shown_smaller_or_larger() -> None:
    scales = set()
    for number in range(40):
        screen = drawn(number)
        width, height = screen.shown
        assert width % 32 == height % 32 == 0
        picture = screen.canvas.shown(width, height)
        assert picture.shape == (height, width, 3)
        scale = screen.canvas.width / width
        assert screen.canvas.height / height == pytest.approx(scale, rel=0.02)
        scales.add((scale > 1) - (scale < 1))
    assert scales == {-1, 0, 1}


def blank() -> Styled:
    return Styled(Random(3), "en", False, 320, 320, 14)


def test_what_is_covered_is_not_said() -> None:
    screen = blank()
    for k in range(3):
        screen.push(10, 20 + 60 * k, 120, 30)
        screen.field(160, 20 + 60 * k, 120)
    kept = [control for control in screen.controls if control.box[1] < 60]
    overlays.cover(screen, (0, 62, 320, 320))
    assert screen.controls == kept
    assert all(box[3] <= 62 for _, box in screen.canvas.inked)


def test_a_dialog_leaves_nothing_below_it_to_be_named() -> None:
    for number in range(30):
        screen = Styled(Random(number), "en", False, 320, 480, 14)
        regions.split(screen, Room(10, 10, 300, 460), 10)
        before, plain = list(screen.controls), screen.canvas.array().astype(int)
        overlays.dialog(screen)
        assert screen.controls
        assert not [control for control in before if any(control is other for other in screen.controls)]
        assert (screen.canvas.array() != plain).any(-1).mean() > 0.4


def test_of_a_scrolled_page_is_said_what_can_be_read() -> None:
    shown = 0
    for number in range(40):
        screen = Styled(Random(number), "en", False, 320, 320, 14)
        room = Room(20, 60, 280, 200)
        overlays.scrolled(screen, room, partial(regions.split, screen, budget=14))
        shown += len(screen.controls)
        for control in screen.controls:
            assert control.box[1] >= 59, control
            assert control.box[3] <= 261, control
        assert all(box[1] >= 59 and box[3] <= 261 for _, box in screen.canvas.inked)
    assert shown > 200


def test_colours_can_be_read_on_any_ground() -> None:
    for number in range(200):
        rng = Random(number)
        ground = (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255))
        t = on_ground(theme(rng, "en", False), ground)
        for ink in (t.text, t.accent):
            assert abs(bright(ink) - bright(ground)) > 80
        assert abs(bright(t.on_accent) - bright(t.accent)) > 80
        assert abs(bright(t.faint) - bright(ground)) > 50


def test_a_region_gives_back_the_colours_and_the_letters() -> None:
    screen = blank()
    before = (screen.theme, screen.size, screen.look, screen.on_color, screen.tint)
    for kind in ("dark", "accent", "panel", "card", "edge", "none"):
        with regions.dressed(screen, Room(10, 10, 200, 200), 8, kind) as inner:
            assert inner == Room(18, 18, 184, 184)
        assert (screen.theme, screen.size, screen.look, screen.on_color, screen.tint) == before


def test_a_name_belongs_to_its_control() -> None:
    control = Control(kind="input", text="Name", box=(100, 100, 200, 130))
    assert overlays._named_by(control, "Name", (102, 82, 140, 96))
    assert not overlays._named_by(control, "Name", (102, 10, 140, 24))
    assert not overlays._named_by(control, "City", (102, 82, 140, 96))
