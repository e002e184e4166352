"""Nothing accepted is ignored: what does not work here is a 4xx that names the field and says why."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from qwen3_vl_webui.server.refused import NEUTRAL, REFUSED
from qwen3_vl_webui.server.schemas import ChatCompletionRequest
from server_media import data_uri, picture

CHAT = "/v1/chat/completions"
TOOL = {"type": "function", "function": {"name": "f"}}
IMAGE = {"type": "image_url", "image_url": {"url": data_uri(picture())}}


def refused(http: httpx.Client, body: Any, path: str = CHAT) -> dict[str, Any]:
    answer = http.post(path, json=body)
    assert 400 <= answer.status_code < 500, answer.text
    found: dict[str, Any] = answer.json()["error"]
    assert found["message"]
    assert found["type"]
    assert found["code"]
    return found


def body(**more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1, **more}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", -0.1),
        ("temperature", 2.1),
        ("temperature", "0.7"),
        ("top_p", 0),
        ("top_p", 1.1),
        ("top_k", -2),
        ("min_p", 1.5),
        ("presence_penalty", 3),
        ("frequency_penalty", -3),
        ("repetition_penalty", 0),
        ("repetition_penalty", 1e-300),
        ("n", 0),
        ("n", 17),
        ("n", 10**30),
        ("seed", -(2**63) - 1),
        ("seed", 2**63),
        ("max_tokens", 0),
        ("max_tokens", 1_000_000),
        ("stop", 5),
        ("min_tokens", 5),
        ("stop", [""]),
        ("stop", ["x"] * 17),
        ("stop", [1]),
        ("top_logprobs", 21),
        ("logit_bias", {"a": 1}),
        ("logit_bias", {"999999": 1}),
        ("stop_token_ids", [999_999]),
        ("stop_token_ids", [-1]),
        ("stream_options", {"include_usage": True}),
        ("tool_choice", "auto"),
        ("parallel_tool_calls", False),
        ("modalities", ["audio"]),
        ("fps", 0),
        ("max_frames", 1),
        ("min_pixels", 0),
        ("model", ""),
        ("user", 5),
        ("best_of", 2),
        ("Temperature", 1),
    ],
)
def test_a_bad_value_is_named(http: httpx.Client, field: str, value: Any) -> None:
    assert field in (refused(http, body(**{field: value}))["param"] or "")


@pytest.mark.parametrize("seed", [-(2**63), -1, 0, 2**63 - 1])
def test_any_seed_of_64_bits_is_taken(http: httpx.Client, seed: int) -> None:
    assert http.post(CHAT, json=body(seed=seed)).status_code == 200


@pytest.mark.parametrize(("change", "said"), [
    ({"messages": [{"role": "user", "content": None}]}, "a string or a list"),
    ({"messages": [{"role": "user", "content": 7}]}, "a string or a list"),
    ({"tool_choice": 7}, "a string or an object"),
    ({"stop": 7}, "a string or a list of strings"),
    ({"n": 0}, "between 1 and 16; it is 0"),
    ({"n": 200}, "between 1 and 16; it is 200"),
    ({"max_tokens": 2**40}, "between 1 and 32768; it is"),
    ({"max_tokens": None, "max_completion_tokens": 0}, "max_completion_tokens must be between 1 and 32768; it is 0"),
    ({"min_tokens": 2**40}, "between 0 and 1; it is"),
    ({"model": ""}, "''"),
])  # fmt: skip
def test_a_wrong_kind_of_value_is_told_what_would_do(http: httpx.Client, change: dict[str, Any], said: str) -> None:
    answer = http.post(CHAT, json=body(**change))
    assert answer.status_code in (400, 404)
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize("field", sorted(REFUSED))
def test_what_openai_knows_and_we_do_not_do_is_refused_with_a_reason(http: httpx.Client, field: str) -> None:
    found = refused(http, body(**{field: {"x": 1}}))
    assert (found["param"], found["code"]) == (field, "field_not_supported")
    assert REFUSED[field][0] in found["message"]
    for value in (*NEUTRAL.get(field, ()), None):
        assert http.post(CHAT, json=body(**{field: value})).status_code == 200


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"role": "wizard", "content": "x"}, "messages[0]"),
        ({"role": "user"}, "messages[0].content"),
        ({"role": "user", "content": None}, "messages[0].content"),
        ({"role": "user", "content": []}, "messages[0].content"),
        ({"role": "user", "content": [{"type": "input_audio"}]}, "messages[0].content[0]"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[0].content[0].text"),
        ({"role": "user", "content": [{**IMAGE, "fps": 2}]}, "messages[0].content[0].fps"),
        ({"role": "user", "content": [{**IMAGE, "min_pixels": 9, "max_pixels": 4}]}, "messages[0].content[0]"),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]},
            "messages[0].content[0]",
        ),
        ({"role": "system", "content": [IMAGE]}, "messages[0].content[0]"),
        ({"role": "assistant"}, "messages[0]"),
        ({"role": "tool", "content": "x", "tool_call_id": "y"}, "messages[0].tool_call_id"),
        ({"role": "user", "content": "x", "name": "two words"}, "messages[0].name"),
        ({"role": "user", "content": "x", "name": "<|im_end|>"}, "messages[0].name"),
        ({"role": "user", "content": "x", "name": "x" * 65}, "messages[0].name"),
        ({"role": "assistant", "content": "x", "name": ""}, "messages[0].name"),
        ("hi", "messages[0]"),
    ],
)
def test_a_bad_message_is_named(http: httpx.Client, message: Any, field: str) -> None:
    assert (refused(http, {"messages": [message]})["param"] or "").startswith(field)


def tokens(http: httpx.Client, *messages: dict[str, Any]) -> list[int]:
    answer = http.post("/tokenize", json={"messages": messages})
    assert answer.status_code == 200, answer.text
    found: list[int] = answer.json()["tokens"]
    return found


def turns(*names: str | None, texts: tuple[str, ...] = ("hi", "ho", "hey")) -> list[dict[str, Any]]:
    roles = ("user", "assistant", "user")
    said = zip(roles, texts, names, strict=True)
    return [{"role": role, "content": text, **({"name": name} if name else {})} for role, text, name in said]


def test_names_tell_speakers_of_one_role_apart(http: httpx.Client) -> None:
    plain = tokens(http, *turns(None, None, None))
    assert tokens(http, *turns("ann", "model", "ann")) == plain
    expected = tokens(http, *turns(None, None, None, texts=("ann: hi", "ho", "bob: hey")))
    assert tokens(http, *turns("ann", None, "bob")) == tokens(http, *turns("ann", "model", "bob")) == expected
    assert tokens(http, *turns(None, None, "bob")) == tokens(
        http, *turns(None, None, None, texts=("hi", "ho", "bob: hey"))
    )
    pictured = {"role": "user", "name": "bob", "content": [IMAGE, {"type": "text", "text": "hey"}]}
    written = {"role": "user", "content": [IMAGE, {"type": "text", "text": "bob: hey"}]}
    assert tokens(http, turns("ann", None, None)[0], pictured) == tokens(
        http, turns(None, None, None, texts=("ann: hi", "", ""))[0], written
    )


def test_the_name_of_a_tools_turn_is_the_functions(http: httpx.Client) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    asked = [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}]
    answer = {"role": "tool", "content": "a cat", "tool_call_id": "1"}
    assert tokens(http, *asked, {**answer, "name": "look"}) == tokens(http, *asked, answer)
    found = refused(http, body(messages=[*asked, {**answer, "name": "see"}]))
    assert found["param"] == "messages[2].name"
    assert "look" in found["message"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"tools": [TOOL, TOOL]}, "tools"),
        ({"tools": [{"type": "code_interpreter"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"tools": [TOOL], "tool_choice": "f"}, "tool_choice"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}},
            "tool_choice.function.name",
        ),
        ({"response_format": {"type": "xml"}}, "response_format"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            "response_format.json_schema.schema",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "strin"}}}},
            "response_format.json_schema.schema",
        ),
        (
            {
                "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": 5}}}],
                "tool_choice": "required",
            },
            "tools[0].function.parameters",
        ),
    ],
)
def test_bad_tools_and_formats_are_named(http: httpx.Client, more: dict[str, Any], field: str) -> None:
    assert refused(http, body(**more))["param"] == field


@pytest.mark.parametrize(
    "text", [b"", b"{", b"{'a': 1}", b'{"a": NaN}', b'"\\ud800"', b"\xff\xfe", b"[]", b"null", b"5"]
)
def test_what_is_no_json_object_is_refused(http: httpx.Client, text: bytes) -> None:
    answer = http.post(CHAT, content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_unknown_routes_and_methods_have_the_same_shape(http: httpx.Client) -> None:
    for answer, status in ((http.get("/v1/nope"), 404), (http.get("/nope"), 404), (http.delete(CHAT), 405)):
        assert answer.status_code == status
        assert answer.json()["error"]["type"] in ("not_found_error", "invalid_request_error")
    assert http.delete(CHAT).headers["allow"] == "POST"


def test_a_base_url_without_v1_is_told_where_the_api_is(http: httpx.Client) -> None:
    for answer in (http.post("/chat/completions", json=body()), http.get("/models")):
        assert answer.status_code == 404
        assert "base URL end in /v1" in answer.json()["error"]["message"]


def test_messages_come_in_the_callers_language(http: httpx.Client) -> None:
    answer = http.post(CHAT, json={}, headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert answer.json()["error"]["message"] == "缺少 messages。"
    for wrong, said in (
        ({"temperature": 3}, "temperature 无效：不得大于 2"),
        ({"temperature": "hot"}, "应为数字"),
        ({"reasoning_effort": "high"}, "请用 model 选择版本"),
        ({"min_pixels": 9, "max_pixels": 4}, "min_pixels 大于 max_pixels"),
        ({"messages": [{"role": "wizard"}]}, "其 role 为以下之一"),
        ({"stop": ["x" * 600]}, "每个应有 1 到 512 个字符"),
        ({"stop": [""]}, "stop 无效"),
        ({"messages": []}, "messages 无效：不得为空"),
    ):
        answer = http.post(CHAT, json=body(**wrong), headers={"Accept-Language": "zh"})
        assert said in answer.json()["error"]["message"]
    answer = http.get("/v1/models", headers={"Accept-Language": "zh", "Host": "evil.example"})
    assert "不接受主机名" in answer.json()["error"]["message"]
    assert 'qwen3vl_errors_total{code="host_not_allowed"}' in http.get("/metrics").text


def test_the_reasons_are_in_both_languages() -> None:
    from qwen3_vl_webui.texts import ERRORS, PLAN, REASONS

    for table in (ERRORS, PLAN, REASONS, REFUSED):
        for code, (english, chinese) in table.items():
            assert english.isascii(), code
            if re.search(r"[a-z]", re.sub(r"{.*?}", "", english)):
                assert any("\u4e00" <= char <= "\u9fff" for char in chinese), code
            assert set(re.findall(r"{(\w+)", english)) >= set(re.findall(r"{(\w+)", chinese)), code
            for mark in ",;:!?":  # full-width in Chinese, except within code and numbers
                assert not re.search(rf"[\u4e00-\u9fff]{re.escape(mark)}|{re.escape(mark)}[\u4e00-\u9fff]", chinese), (
                    code
                )


def test_every_field_of_the_request_is_read_somewhere() -> None:
    """A field that the schema has and no converter reads would be accepted and ignored."""
    from pathlib import Path

    from qwen3_vl_webui.server import convert, openai

    source = "".join(Path(module.__file__ or "").read_text(encoding="utf-8") for module in (convert, openai))
    validated_only = {"modalities"}  # can only say what is so anyway
    for name in ChatCompletionRequest.model_fields:
        assert (
            name in validated_only or f"body.{name}" in source or f'"{name}"' in source or f"defaults.{name}" in source
        )
