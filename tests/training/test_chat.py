"""Conversations go on about the same picture."""

from __future__ import annotations

from random import Random

import pytest
from training.mixture import draw

from training import chat, fonts

pytestmark = pytest.mark.skipif(
    not fonts.available("zh", False) or not fonts.available("en", False),
    reason="needs the fonts named in training/README.md",
)


def test_follow_ups_keep_every_question_once() -> None:
    met = 0
    for number in range(60):
        sample = draw(Random(f"follow-{number}"), False, "middle")
        if all(len(turns) == 1 for turns in sample.conversations):
            joined = chat.follow_up(Random(number), sample)
            before = [turn for turns in sample.conversations for turn in turns]
            after = [turn for turns in joined.conversations for turn in turns]
            assert len(joined.conversations[0]) == 2
            assert all(sum(one is turn for one in after) == 1 for turn in before)
            assert all(turn in before or turn.skill.startswith("chat") for turn in after)
            met += 1
    assert met > 30


def test_letters_that_are_too_small_are_said_to_be_so() -> None:
    answers = set()
    for number in range(8):
        sample = chat.small(Random(f"small-{number}"), number % 2 == 0, (400, 1024)[number % 2])
        (picture,) = sample.pictures
        assert picture.shape[0] % 32 == picture.shape[1] % 32 == 0
        assert picture.std() > 8, "something is written there"
        answers |= {turns[0].answer for turns in sample.conversations}
    assert len(answers) == 2
    assert all("4b" in answer for answer in answers)
