"""A chat that says and shows nothing is refused; what clients rightly leave empty is not."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ASKED = {"role": "user", "content": "hi"}


def post(http: httpx.Client, messages: list[dict[str, Any]], **more: Any) -> httpx.Response:
    return http.post("/v1/chat/completions", json={"messages": messages, "max_tokens": 1, **more})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "user", "content": ""}],
        [{"role": "user", "content": " \n"}],
        [{"role": "user", "content": [{"type": "text", "text": ""}]}],
        [{"role": "system", "content": ""}, {"role": "user", "content": ""}],
        [{"role": "user", "content": ""}, {"role": "assistant", "content": ""}, {"role": "user", "content": ""}],
    ],
)
def test_nothing_at_all_is_refused_by_its_field(
    http: httpx.Client, messages: list[dict[str, Any]], stream: bool
) -> None:
    answer = post(http, messages, stream=stream)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "messages")


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": ""}, ASKED],
        [{"role": "system", "content": "You greet."}],
        [ASKED, {"role": "assistant", "content": None, "tool_calls": [CALL]}],
        [
            {"role": "user", "content": ""},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "", "tool_call_id": "1"},
        ],
        [ASKED, {"role": "assistant", "content": "hello"}, {"role": "user", "content": ""}],
        [{"role": "assistant", "content": ""}, ASKED],
    ],
)
def test_parts_of_a_conversation_may_be_empty(http: httpx.Client, messages: list[dict[str, Any]]) -> None:
    assert post(http, messages).status_code == 200


def test_tokens_of_nothing_can_be_counted(http: httpx.Client) -> None:
    answer = http.post("/tokenize", json={"messages": [{"role": "user", "content": ""}]})
    assert answer.json()["count"] > 0


def test_an_empty_prompt_without_an_image_is_refused(http: httpx.Client) -> None:
    error = http.post("/api/predict", json={"data": [" "]}).json()["error"]
    assert error["param"] == "data[0]"
    assert "nothing to answer" in error["message"]
