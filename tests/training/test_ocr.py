"""Texts stand where the page says, whole and apart; what is asked about them follows from their lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from training.ocr.content import han, sentence, tokens_of
from training.ocr.page import Page
from training.ocr.texts import KINDS, texts
from training.served import served, shown
from training.words import all_characters

from drawn_texts import Texts
from training import fonts, ocr

pytestmark = pytest.mark.skipif(
    not fonts.available("zh", False) or not fonts.available("en", False),
    reason="needs the fonts named in training/README.md",
)

Kind = Callable[[Random, str, bool, int], Page]


@pytest.mark.parametrize("kind", list(KINDS), ids=lambda kind: str(kind.__name__))
def test_lines_stand_inside_the_picture_and_apart(kind: Kind) -> None:
    for number in range(60):
        rng = Random(f"{kind.__name__}-{number}")
        page = kind(rng, rng.choice(["en", "zh"]), number % 2 == 0, rng.choice([64, 96, 160, 256]))
        assert len(page.lines) == len(page.boxes) > 0
        assert all(line and line == line.strip() for line in page.lines), page.lines
        for line, (x1, y1, x2, y2) in zip(page.lines, page.boxes, strict=True):
            assert -2 <= x1 < x2 <= page.width + 2, (number, line)
            assert -4 <= y1 < y2 <= page.height + 4, (number, line)
        for k, a in enumerate(page.boxes):
            for b in page.boxes[:k]:
                high, wide = min(a[3], b[3]) - max(a[1], b[1]), min(a[2], b[2]) - max(a[0], b[0])
                assert wide <= 1 or high <= 0.25 * (a[3] - a[1]), (number, page.lines)
        for _, value in page.parts:
            assert any(value in line for line in page.lines)


def test_all_kinds_and_all_questions_come_up_and_answers_are_on_the_page() -> None:
    skills: Counter[str] = Counter()
    chains: Counter[str] = Counter()
    drawable = set(all_characters()) | {"\n"}
    for number in range(300):
        sample = texts(Random(f"kinds-{number}"), False, 128)
        whole = sample.conversations[0][0]
        chains[whole.thinking.split(";")[0].split(",")[0]] += 1
        for (turn,) in sample.conversations:
            skills[turn.skill] += 1
            assert turn.answer in whole.answer
            assert set(turn.answer) <= drawable
    assert set(skills) == {"ocr_text", "ocr_text_openly", "ocr_part", "ocr_line"}
    assert all(chains[english] or chains[chinese] for _, english, chinese in KINDS.values())


def test_pages_of_a_binder_answer_one_question_each_way() -> None:
    skills: Counter[str] = Counter()
    for number in range(60):
        tokens = [1000, 2000, 5000][number % 3]
        sample = served(ocr.binder(Random(f"binder-{number}"), number % 2 == 0, tokens))
        assert sum(h * w for h, w, _ in (picture.shape for picture in sample.pictures)) <= 1024 * tokens
        for (turn,) in sample.conversations:
            skills[turn.skill] += 1
            assert turn.thinking.splitlines()[0].split(":")[0].lower() in turn.question.lower()
            assert turn.thinking.endswith(turn.answer)
            assert turn.skill != "recall_where" or sample.vision_ids
    assert set(skills) == {"recall_field", "recall_where"}


def test_in_some_books_the_same_number_names_several_things() -> None:
    """Then half of the question is not enough to find the page."""
    several = 0
    for number in range(20):
        sample = ocr.book(Random(f"near-{number}"), False, 3000)
        facts = {turn.thinking.split(":")[0] for (turn,) in sample.conversations if turn.skill == "recall"}
        numbers = Counter("".join(char for char in fact if char.isdigit()) for fact in facts)
        several += max(numbers.values(), default=0) > 1
    assert 3 < several < 17


def test_a_book_asks_for_what_stands_on_its_pages(texts: Texts) -> None:
    """Each fact once, under a name of its own, whole on its page."""
    for number in range(12):
        texts.clear()
        sample = ocr.book(Random(f"book-{number}"), number % 2 == 0, 6000)
        assert sum(shown(picture.shape[1], picture.shape[0]) for picture in sample.pictures) <= 6000
        lines = Counter(line for line, _ in texts)
        for (turn,) in sample.conversations:
            for fact in (turn.answer if turn.skill == "recall_page" else turn.thinking).split("\n"):
                name, value = fact.split(": ")
                assert lines[fact] + min(lines[name], lines[value]) >= 1
                assert lines[fact] + lines[name] == 1
        height, width, _ = sample.pictures[0].shape
        assert all(x1 >= 0 and x2 <= width + 1 and y1 >= 0 and y2 <= height + 1 for _, (x1, y1, x2, y2) in texts)


def test_every_character_is_drawn_often_enough() -> None:
    rng = Random("coverage")
    seen: Counter[str] = Counter()
    for _ in range(8000):
        seen.update(sentence(rng, rng.choice(["en", "zh"]), 6))
    printable = [chr(code) for code in range(33, 127) if chr(code) not in "`"]
    assert min(seen[char] for char in printable) > 10
    assert sum(seen[char] > 4 for char in han()) > 0.97 * len(han())
    digits = [seen[char] for char in "0123456789"]
    assert max(digits) < 1.6 * min(digits)


def test_lines_end_between_words_and_never_before_a_mark() -> None:
    text = "今天天气,很好。Version 2.0更新!"
    assert "".join(tokens_of(text)) == text
    assert not any(token[0] in ",。!" for token in tokens_of(text))
    assert tokens_of("one two") == ["one ", "two"]


def test_wide_punctuation_is_only_drawn_after_chinese() -> None:
    page = Page(Random(0), "zh", False, 320, 64)
    page.wide = True
    assert page.shown("时间:12:30,很好(7)") == "时间\uff1a12:30,很好(7)"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_font_has_every_character_that_it_may_draw(lang: str) -> None:
    chars = [chr(code) for code in range(33, 127)] + list("¥€£×÷°")
    if lang == "zh":
        chars += [*han(), *"。、\uff0c\uff1a\uff1b\uff1f\uff01\uff08\uff09"]
    for name in {*fonts.available(lang, False), *fonts.available(lang, True)}:
        face = fonts.font(name, 12)
        missing = bytes(face.getmask("\uffff"))
        assert not [char for char in chars if bytes(face.getmask(char)) == missing], name
