"""What the Chatbot is given for each kind of turn, apart from any browser."""

from __future__ import annotations

from typing import Any

import pytest

from qwen3_vl_webui.history.records import MessageRecord
from qwen3_vl_webui.ui.rendering import render_turns
from qwen3_vl_webui.ui.texts import say


def turn(role: Any, text: str, **values: Any) -> MessageRecord:
    return MessageRecord(
        id=f"id{text[:4]}", conversation_id="c", role=role, text=text, created=0.0, updated=0.0, **values
    )


@pytest.mark.parametrize("role", ["system", "tool"])
def test_what_neither_side_said_is_shown_as_what_it_is(role: str) -> None:
    [shown] = render_turns([turn(role, "<b>rain</b>\n  **wet**")], "zh")
    body = shown["content"][0]["text"]
    assert say(f"role_{role}", "zh") in body
    assert "&lt;b&gt;rain&lt;/b&gt;&#10;  **wet**" in body
    assert "act-retry" not in body
    assert say("answer", "zh") not in body


@pytest.mark.parametrize("status", ["done", "failed", "stopped", "interrupted"])
def test_the_last_answer_can_be_tried_again_in_one_place(status: Any) -> None:
    shown = str(render_turns([turn("user", "?"), turn("assistant", "words", status=status)], "en"))
    assert shown.count("do-retry") == 1
    before = str(render_turns([turn("assistant", "words", status=status), turn("user", "again")], "en"))
    assert before.count("do-retry") == 1  # of the question that has no answer
