"""Pages without a template: what an element is written as can be seen, in the order in which it is read."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from tokenizers import Tokenizer
from training.draw import bright, sides
from training.score import structure, tree
from training.web import boxes, sheet
from training.web.free import compose
from training.web.page import Page
from training.web.pieces import Maker, Piece
from training.web.sheet import choose

from drawn_texts import Texts
from training import fonts

pytestmark = pytest.mark.skipif(
    not fonts.available("zh", False) or not fonts.available("en", False),
    reason="needs the fonts named in training/README.md",
)
LUMINANCE = np.array([0.299, 0.587, 0.114])


def composed(number: int) -> tuple[Page, str]:
    rng = Random(f"free-page-{number}")
    size = sides(rng, rng.choice((200, 256, 320, 512)), (0.8, 1.6), (0.6, 1.0))
    page = Page(rng, rng.choice(["en", "zh"]), number % 3 == 0, *size)
    return page, compose(page, rng)


def maker(number: int) -> Maker:
    rng = Random(number)
    return Maker(Page(rng, rng.choice(["en", "zh"]), False, 640, 480), choose(rng))


def test_every_text_is_shown_whole_and_apart_and_is_read_in_the_order_of_writing() -> None:
    for number in range(150):
        page, body = composed(number)
        inked = page.canvas.inked
        Texts(inked).check(page.width, page.canvas.height, number)
        drawn = "".join(said for said, _ in inked).replace(" ", "")
        for part in tree(f"<body>{body}</body>"):
            said = part.split("placeholder=")[-1].rstrip(">") if "placeholder=" in part else part
            assert said.startswith("<") or said.replace(" ", "") in drawn, (number, part)
        if "</main>\n<aside>" in body:  # drawn before, written after
            continue
        for (one, a), (other, b) in pairwise(inked):
            assert b[1] >= a[1] - page.size or b[0] >= a[0] - 1, (number, one, other)


def test_the_style_says_only_what_can_be_seen() -> None:
    seen = set()
    for number in range(120):
        page, body = composed(number)
        style = sheet(page, body)
        colours = {tuple(17 * int(digit, 16) for digit in found) for found in re.findall("background:#(...)", style)}
        shown = page.canvas.array().reshape(-1, 3)[::3].astype(int)
        for colour in colours:
            assert (np.abs(shown - colour).max(-1) <= 9).mean() > 0.0005, (number, style)
        assert set(re.findall("[;{]color:(#...)", style)) <= {"#111", "#fff"}, (number, style)
        for tag in ("header", "button", "aside", "form", "article"):
            assert f"<{tag}>" in body or f"{tag}{{" not in style, (number, style)
        seen |= set(re.findall(r"\}([a-z,]+)\{background", style))
        side = "float:right" if "</main>\n<aside>" in body else "float:left"
        assert (side in style) == ("<aside>" in body)
    assert seen == {"header", "button", "header,button"}


def test_answers_are_short_enough_and_trees_differ(tokenizer: Tokenizer) -> None:
    lengths, trees, deepest = [], set(), 0
    for number in range(150):
        _, body = composed(number)
        lengths.append(len(tokenizer.encode(body).ids))
        parts = structure(f"<body>{body}</body>")
        trees.add(tuple(parts))
        depth = 0
        for part in parts:
            depth += 0 if part in ("<img", "<input", "<hr") else -1 if part.startswith("</") else 1
            deepest = max(deepest, depth)
    assert max(lengths) < 500
    assert sum(lengths) / len(lengths) < 260
    assert len(trees) > 145
    assert deepest >= 6


def test_headings_can_be_told_from_words_by_their_height() -> None:
    for number in range(60):
        m = maker(number)
        made = [m.heading(600, 2), m.heading(600, 3), m.paragraph(600)]
        heights = []
        for piece in made:
            m.page.canvas.inked.clear()
            piece.draw(20, 20)
            (_, (_, y1, _, y2)) = m.page.canvas.inked[0]
            heights.append(y2 - y1)
        assert heights[0] > heights[1] * 1.1 or heights[0] < m.page.size * 1.3  # a long one is drawn smaller
        assert heights[1] >= heights[2]


@pytest.mark.parametrize("style", ["edge", "fill", "both", "shadow"])
def test_a_card_stands_out_from_its_ground(style: str) -> None:
    for number in range(40):
        m = maker(number)
        m.sheet = type(m.sheet)(**{**m.sheet.__dict__, "card": style})
        piece = boxes.card(m, m.paragraph(300), 330, 15)
        before = bright(m.page.ground)
        piece.draw(50, 50)
        edge = m.page.canvas.array()[49:54, 100:300] @ LUMINANCE
        assert np.abs(edge - before).max() > 8, number


def test_what_stands_in_a_band_can_be_read() -> None:
    for number in range(40):
        m = maker(number)
        inner = m.heading(300, 2)
        piece = boxes.band(m, inner, 330, 15, 0, ("accent", "tint", "dark")[number % 3])
        ground, ink = m.page.ground, m.page.ink
        piece.draw(40, 40)
        assert (m.page.ground, m.page.ink) == (ground, ink)
        field = m.page.canvas.array()[42 : 40 + int(piece.high) - 2, 45:365].astype(float) @ np.array(
            [0.299, 0.587, 0.114]
        )
        assert field.max() - field.min() > 60, number


def test_boxes_say_what_they_hold() -> None:
    pieces = [Piece(f"<p>{k}</p>", 10, lambda x, y: None, 20) for k in range(4)]
    assert boxes.stacked(pieces, 5, "<form>{}</form>").html == "<form><p>0</p><p>1</p><p>2</p><p>3</p></form>"
    assert boxes.stacked(pieces, 5).high == 55
    assert boxes.beside(pieces[:2], 5, 100, "right", "nav").html == "<nav><p>0</p><p>1</p></nav>"
    grid = boxes.rows_of([pieces[:2], pieces[2:]], 6)
    assert (grid.html, grid.high) == ("<div><p>0</p><p>1</p><p>2</p><p>3</p></div>", 26)


def test_headings_keep_their_size_in_narrow_places_and_lose_words() -> None:
    for number in range(60):
        made = maker(number)
        page = made.page
        for level, big in ((2, made.sheet.h2), (3, made.sheet.h3)):
            page.canvas.inked.clear()
            heading = made.heading(page.size * 4, level)
            heading.draw(10, 10)
            (said, box), *others = page.canvas.inked
            assert not others
            assert said in heading.html
            assert box[2] - box[0] <= page.size * 4 + 2
            text, size = page.cut("many words in a narrow place", page.size * 4.0, round(page.size * big), True)
            assert size >= round(page.size * big) - 1
            assert "many words in a narrow place".startswith(text)


def test_links_of_a_page_differ_while_there_are_words() -> None:
    for lang in ("en", "zh"):
        page = Page(Random(f"links-{lang}"), lang, False, 640, 480)
        said = [page.fresh_link("tab") for _ in range(10)]
        assert len(set(said)) == len(said)


def test_no_element_looks_like_a_part_of_the_one_above() -> None:
    for number in range(200):
        _, body = composed(number)
        body = body.replace("\n", "")
        for form in re.findall("<form>(.*?)</form><button>", body):
            assert "<label>" not in form.rsplit("<form>", 1)[-1], (number, body)
        for same in ("ul", "ol", "table", "blockquote"):
            assert f"</{same}><{same}>" not in body, (number, body)
