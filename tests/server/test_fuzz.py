"""Requests made up from the OpenAPI description never make the server fail: 2xx or a 4xx in our shape, no 5xx."""

from __future__ import annotations

import warnings
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis

from live_server import Live
from server_media import data_uri, picture

CHAT = "/v1/chat/completions"


def test_no_route_fails(live: Live) -> None:
    schema = schemathesis.openapi.from_url(f"{live.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 15
    seen: set[int] = set()
    for operation in operations:

        @settings(
            max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy())
        def run(case: Any) -> None:
            if isinstance(case.body, dict) and case.path in (CHAT, "/api/predict"):
                case.body["max_tokens"] = 1  # short answers, and an unknown field for the other
            answer = case.call(timeout=30)
            seen.add(answer.status_code)
            assert answer.status_code < 500, (case.method, case.path, answer.status_code, answer.text)
            if answer.status_code >= 400 and "json" in str(answer.headers.get("content-type")):
                assert set(answer.json()["error"]) == {"message", "type", "param", "code"}

        run()
    assert {200, 400} <= seen


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
parts = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": st.text()}),
    st.fixed_dictionaries(
        {
            "type": st.just("image_url"),
            "image_url": st.fixed_dictionaries(
                {"url": st.sampled_from([data_uri(picture(20, 20)), "data:,x", "x", "http://0/"])}
            ),
        },
        optional={"min_pixels": st.integers(-1, 2**33), "max_pixels": st.integers(-1, 2**33)},
    ),
    json_values,
)
schemas = st.dictionaries(st.sampled_from(["type", "properties", "enum", "items", "$ref", "anyOf"]), json_values)
messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "developer", "user", "assistant", "tool"])},
        optional={
            "content": st.text() | st.lists(parts, max_size=3) | json_values,
            "reasoning_content": st.text(),
            "tool_calls": json_values,
            "tool_call_id": st.text(max_size=5),
        },
    ),
    max_size=4,
)
bodies = st.fixed_dictionaries(
    {"messages": messages, "max_tokens": st.just(1)},
    optional={
        "model": st.sampled_from(["instruct", "thinking", "", "x"]),
        "temperature": st.floats(0, 2),
        "top_p": st.floats(0, 1),
        "top_k": st.integers(-2, 2**32),
        "min_p": st.floats(0, 1),
        "repetition_penalty": st.floats(0, 10),
        "presence_penalty": st.floats(-2, 2),
        "logit_bias": st.dictionaries(st.integers(-1, 300).map(str), st.floats(-100, 100), max_size=4),
        "stop_token_ids": st.lists(st.integers(-1, 400), max_size=3),
        "stop": st.lists(st.text(max_size=4), max_size=3),
        "seed": st.integers(-1, 2**64),
        "n": st.integers(0, 3),
        "logprobs": st.booleans(),
        "stream": st.booleans(),
        "tools": json_values,
        "response_format": st.fixed_dictionaries(
            {
                "type": st.just("json_schema"),
                "json_schema": st.fixed_dictionaries(
                    {"name": st.just("x"), "schema": st.dictionaries(st.text(), json_values)}
                ),
            }
        ),
    },
)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(body=bodies)
def test_no_chat_fails(http: httpx.Client, body: dict[str, Any]) -> None:
    answer = http.post(CHAT, json=body)
    assert answer.status_code < 500, (answer.status_code, answer.text, body)
    if body.get("stream") and answer.status_code == 200:
        assert '"error"' not in answer.text
        assert answer.text.endswith("data: [DONE]\n\n")
