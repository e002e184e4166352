"""The evaluation runs as it does on a GPU: weights in float32, activations in bfloat16."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from training.evaluate import BOOKS, ROWS, SECOND, answers, batches, cases, drawn, load, scored
from training.mixture import SHARES
from training.network import Batched
from training.scene import Sample, Turn

from training import fonts, train

DEMO = Path(__file__).parents[2] / "src" / "qwen3_vl_webui" / "demo"


@pytest.mark.skipif(not fonts.available("zh", False), reason="needs the fonts named in training/README.md")
def test_answers_come_in_bfloat16(tokenizer: Tokenizer) -> None:
    model = load(DEMO / "instruct", torch.device("cpu"))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    items = cases("Chat and honesty", 3, "test")
    given = answers(Batched(model, torch.bfloat16), tokenizer, items, False, 60, torch.device("cpu"))
    assert any(text == turn.answer for text, (_, turn) in zip(given, items, strict=True))


UNMEASURED = {  # exercises, small talk, and what other rows ask in almost the same way
    "typed", "ocr_word", "chat_bye", "chat_thanks", "recall_field", "recall_where", "ocr_text_openly",
    "chat_small_openly",
}  # fmt: skip


@pytest.mark.skipif(not fonts.available("zh", False), reason="needs the fonts named in training/README.md")
def test_what_is_taught_is_measured() -> None:
    measured = {skill for skills, _, _ in ROWS.values() for skill in skills}
    assert not measured & UNMEASURED
    for shares in SHARES.values():
        for generator, _, sizes in shares:
            for number in range(8):
                sample = generator(Random(f"taught-{number}"), True, min(320, *sizes))
                drawn_skills = {turns[0].skill for turns in sample.conversations}
                assert drawn_skills <= measured | UNMEASURED, generator


def test_the_rows_of_books_exist() -> None:
    assert set(BOOKS) <= ROWS.keys()


def _question(text: str) -> Turn:
    return Turn(skill="test", question=text, answer="It.", thinking="", check={"type": "text", "text": "It."})


def test_questions_about_the_same_pages_are_answered_as_each_alone(tokenizer: Tokenizer) -> None:
    rng = np.random.default_rng(0)
    pages = [rng.integers(0, 256, (64, 96, 3), np.uint8) for _ in range(3)]
    items = [
        (Sample(conversations=[], pictures=pages), _question(text))
        for text in ("What?", "Read picture 2.", "第1页写了什么?")
    ]
    net = Batched(load(DEMO / "thinking", torch.device("cpu")), torch.float32)
    together = [(items[0][0], turn) for _, turn in items]
    assert [group.shared > 0 for group in batches(together, tokenizer, True, 16_000)] == [True]
    one, each = (
        [answers(net, tokenizer, cases, True, 24, torch.device("cpu")) for cases in split]
        for split in ([together], [[item] for item in items])
    )
    assert one[0] == [text for given in each for text in given]
    assert any(one[0])


@pytest.mark.skipif(not fonts.available("zh", False), reason="needs the fonts named in training/README.md")
def test_a_page_with_a_wrong_text_has_the_right_tree() -> None:
    row = "HTML, elements and texts equal"
    items = cases(row, 2, "test")
    right = [turn.answer for _, turn in items]
    wrong_text, wrong_tree = right[0].replace("<main>", "<main>x"), right[1].replace("<main>", "")
    assert scored(row, right, items) == {row: [1, 1], SECOND[row][0]: [1, 1]}
    assert scored(row, [wrong_text, wrong_tree], items) == {row: [0, 0], SECOND[row][0]: [1, 0]}


@pytest.mark.skipif(not fonts.available("zh", False), reason="needs the fonts named in training/README.md")
def test_the_cases_do_not_depend_on_how_many_draw_them() -> None:
    rows = ["Chat and honesty", "Counting"]
    asked = [
        {row: [turn.question for _, turn in items] for row, items in drawn(rows, 22, "test", False, workers)}
        for workers in (1, 2)
    ]
    assert asked[0] == asked[1]
    assert [len(asked[0][row]) for row in rows] == [22, 22]


def test_many_pictures_together_stand_alone(tokenizer: Tokenizer) -> None:
    """The attention over them would not fit, and `Batched.encode_apart` takes one row."""
    turn, page = _question("What?"), np.zeros((640, 640, 3), np.uint8)
    items = [(Sample(conversations=[[turn]], pictures=[page] * count), turn) for count in (1, 7, 1, 6, 1, 2)]
    groups = batches([*items, (items[1][0], _question("Why?"))], tokenizer, False, 600_000)
    sizes = [(len(group.indices), *group.arrays["patches"].shape[:2]) for group in groups]
    assert sizes == [(4, 4, 3200), (1, 1, 9600), (2, 1, 11200)]


def test_a_training_without_anyone_to_draw_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train", "--state", "s", "--plan", "both:1", "--seconds", "1", "--workers", "0"])
    with pytest.raises(SystemExit, match="at least 1"):
        train.main()
