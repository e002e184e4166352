"""The evaluation runs as it does on a GPU: weights in float32, activations in bfloat16."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from training.evaluate import FEWER, ROWS, SECOND, answers, cases, load, scored
from training.network import Batched

from training import fonts, train

DEMO = Path(__file__).parents[2] / "src" / "qwen3_vl_webui" / "demo"


@pytest.mark.skipif(not fonts.available("zh", False), reason="needs the fonts named in training/README.md")
def test_answers_come_in_bfloat16(tokenizer: Tokenizer) -> None:
    model = load(DEMO / "instruct", torch.device("cpu"))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    items = cases("Chat and honesty", 3, "test")
    given = answers(Batched(model, torch.bfloat16), tokenizer, items, False, 60, torch.device("cpu"))
    assert any(text == turn.answer for text, (_, turn) in zip(given, items, strict=True))


def test_rows_with_fewer_cases_exist() -> None:
    assert FEWER.keys() <= ROWS.keys()


@pytest.mark.skipif(not fonts.available("zh", False), reason="needs the fonts named in training/README.md")
def test_a_page_with_a_wrong_text_has_the_right_tree() -> None:
    row = "HTML, elements and texts equal"
    items = cases(row, 2, "test")
    right = [turn.answer for _, turn in items]
    wrong_text, wrong_tree = right[0].replace("<main>", "<main>x"), right[1].replace("<main>", "")
    assert scored(row, right, items) == {row: [1, 1], SECOND[row][0]: [1, 1]}
    assert scored(row, [wrong_text, wrong_tree], items) == {row: [0, 0], SECOND[row][0]: [1, 0]}


def test_a_training_without_anyone_to_draw_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train", "--state", "s", "--plan", "both:1", "--seconds", "1", "--workers", "0"])
    with pytest.raises(SystemExit, match="at least 1"):
        train.main()
