"""Web pages: nothing is cut or drawn over, and the HTML says what the page shows, in one way for each look."""

from __future__ import annotations

import re
from random import Random

import numpy as np
import pytest
from training.score import structure, tree
from training.web import Page, blocks, webpage
from training.web.described import controls
from training.web.window import Window

from drawn_texts import Texts
from training import fonts

pytestmark = pytest.mark.skipif(
    not fonts.available("zh", False) or not fonts.available("en", False),
    reason="needs the fonts named in training/README.md",
)


def test_pages_show_every_text_of_their_html_and_nothing_is_cut(texts: Texts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.web.enlarged", lambda rng, lang: 1.0)  # as large as it is drawn
    monkeypatch.setattr("training.web._FRAMED", 0.0)
    for number in range(150):
        texts.clear()
        rng = Random(f"web-{number}")
        sample = webpage(rng, number % 2 == 0, rng.choice([200, 256, 320]))
        height, width = sample.pictures[0].shape[:2]
        texts.check(width, height, number)
        drawn = "".join(said for said, _ in texts).replace(" ", "")
        for part in tree(sample.conversations[0][0].answer):
            said = part.split("placeholder=")[-1].rstrip(">") if "placeholder=" in part else part
            assert said.startswith("<") or said.replace(" ", "") in drawn, (number, part)


def test_elements_are_closed_and_all_are_used() -> None:
    seen = set()
    for number in range(300):
        turn = webpage(Random(f"tree-{number}"), False, 320).conversations[0][0]
        opened: list[str] = []
        for part in structure(turn.answer):
            if part.startswith("</"):
                assert opened.pop() == part[2:], turn.answer
            elif part not in ("<img", "<input", "<hr"):
                opened.append(part[1:])
            seen.add(part.strip("</"))
        assert not opened
        assert len(turn.answer) < 1800
        assert len(turn.thinking) < 300
    wanted = "header nav a h1 h2 h3 main aside section article div p ul ol li button input img figure figcaption"
    assert seen == {
        *wanted.split(),
        *[
            "blockquote",
            "table",
            "tr",
            "th",
            "td",
            "form",
            "label",
            "select",
            "option",
            "textarea",
            "footer",
            "hr",
            "details",
            "summary",
        ],
    }


@pytest.mark.parametrize(("block", "share"), blocks.BLOCKS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_block_stays_in_its_room(block: blocks.Block, share: float, texts: Texts) -> None:
    """Or says that there is none."""
    assert share > 0
    drawn = 0
    for number in range(30):
        texts.clear()
        page = Page(Random(number), ("en", "zh")[number % 2], False, 640, 320)
        part = block(page, 20, 20, 600 if number % 3 else 300)
        if part is None:
            continue
        drawn += 1
        assert 20 < part.bottom <= page.bottom + page.size * 0.5
        assert all(box[1] + 4 >= 20 and box[3] <= part.bottom + 2 and box[2] <= 622 for _, box in texts)
    assert drawn > 8
    texts.clear()
    page = Page(Random(0), "en", False, 640, 320)
    assert block(page, 20, page.bottom - 5, 600) is None
    assert not texts


def test_the_trainings_pages_are_seen_in_windows_of_browsers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        page = np.random.default_rng(number).integers(0, 256, (96, 320, 3), dtype=np.uint8)
        rng = Random(f"window-{number}")
        frame = Window.chosen(rng)
        shown = frame.around(rng, ("en", "zh")[number % 2], page)
        assert shown.shape == (96 + frame.high, 320 + frame.wide, 3)
        at = [
            (y, x)
            for y in range(sum(frame.bars), frame.high + 1)
            for x in range(frame.edge, frame.wide + 1)
            if (shown[y:, x:][:96, :320] == page).all()
        ]
        assert len(at) == 1, "the page is there, whole and as it was"
    monkeypatch.setattr("training.web._FRAMED", 1.0)
    with monkeypatch.context() as without:
        without.setattr("training.web._FRAMED", 0.0)
        held_out, plain = _page(True), _page(False)
    assert (held_out == _page(True)).all(), "the window held out is another one"
    assert plain.shape != _page(False).shape or (plain != _page(False)).any()


def _page(held_out: bool) -> np.ndarray:
    return webpage(Random("in a window"), held_out, 256).pictures[0]


def test_a_page_is_described_by_what_its_html_says() -> None:
    body = (
        '<header><h1>Shop</h1><nav><a>Cart</a></nav><input placeholder="Search shoes"></header>\n<main><h2>Sign in</h2>'
        "<form><label>Name</label><input><label>Size</label><select><option>Large</option></select><label>"
        '<input type="checkbox">Agree</label><button>Send</button></form><ul><li><a>Help</a></li><li>Tea</li></ul>'
        "<figure><img><figcaption>A cup</figcaption></figure><textarea></textarea></main>"
    )
    assert controls(body, "en") == [], "a field without a name cannot be listed"
    listed = controls(body.replace("<textarea></textarea>", "<footer>© 2020 Rome<a>Blog</a></footer>"), "en")
    assert ", ".join(f"{c.kind}: {c.text}" for c in listed) == (
        "title: Shop, link: Cart, search box: Search shoes, text: Sign in, input: Name, dropdown: Size, "
        "checkbox: Agree, button: Send, link: Help, text: Tea, picture: photo, text: A cup, "
        "text: © 2020 Rome, link: Blog"
    )
    assert controls("<table><tr><td>1</td></tr></table><p>a</p><p>b</p>", "en") == []
    assert controls("<p>a</p>" * 40, "en") == []


def test_nothing_on_a_described_page_is_left_out_or_made_up() -> None:
    described = 0
    for number in range(60):
        first, *others = [turns[0] for turns in webpage(Random(f"described-{number}"), False, 256).conversations]
        body = first.answer.split("<body>")[1]
        for turn in others:
            described += 1
            listed = turn.check["controls"]
            assert all(text in body or kind == "picture" for kind, text in listed)
            assert [text for kind, text in listed if kind == "link"] == re.findall("<a>(.*?)</a>", body)
            assert [text for kind, text in listed if kind == "button"] == re.findall("<button>(.*?)</button>", body)
            assert sum(kind == "picture" for kind, _ in listed) == body.count("<img>")
            assert sum(kind == "title" for kind, _ in listed) == body.count("<h1>")
    assert described > 10
