"""Grammars admit what they should and nothing else, over a real tokenizer."""

from __future__ import annotations

from typing import Any

import pytest
from llguidance import LLMatcher, LLTokenizer

from checkpoints import tokenizer
from qwen3_vl_webui.errors import InvalidRequest
from qwen3_vl_webui.server.grammar import build_grammar, check_schema

POINT = {
    "type": "object",
    "properties": {"x": {"type": "integer"}},
    "required": ["x"],
    "additionalProperties": False,
}
CLICK: dict[str, Any] = {"type": "function", "function": {"name": "click", "parameters": POINT}}
STRICT: dict[str, Any] = {"type": "function", "function": {"name": "move", "parameters": POINT, "strict": True}}
CLICKED = '<tool_call>\n{"name": "click", "arguments": {"x": 1}}\n</tool_call>'
MOVED = CLICKED.replace("click", "move")


def grammar(**more: Any) -> str | None:
    defaults: dict[str, Any] = {
        "json_schema": None,
        "tools": (),
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "after_reasoning": False,
    }
    return build_grammar(**{**defaults, **more})


def accepts(built: str | None, text: str) -> bool:
    assert built is not None
    backend = tokenizer()
    matcher = LLMatcher(LLTokenizer(backend.to_str(), eos_token=backend.token_to_id("<|im_end|>")), built)
    assert not matcher.is_error(), matcher.get_error()
    ids = backend.encode(text).ids
    return matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting()


def test_nothing_is_bound_without_a_wish() -> None:
    assert grammar() is None
    assert grammar(tools=[CLICK]) is None
    assert grammar(tools=[STRICT], tool_choice="none") is None


def test_a_schema_binds_the_whole_answer() -> None:
    built = grammar(json_schema=POINT)
    assert accepts(built, '{"x": 5}')
    assert accepts(built, '{\n  "x": -5\n}')
    for wrong in ('{"x": "5"}', '{"y": 5}', "text", '{"x": 5} text', '\n\n{"x": 5}', '{"x":' + " " * 40 + "5}"):
        assert not accepts(built, wrong), wrong


def test_after_reasoning_a_blank_line_may_come_first() -> None:
    assert accepts(grammar(json_schema=POINT, after_reasoning=True), '\n\n{"x": 5}')
    assert accepts(grammar(tools=[CLICK], tool_choice="required", after_reasoning=True), "\n\n" + CLICKED)


def test_an_empty_schema_is_any_object() -> None:
    built = grammar(json_schema={})
    assert accepts(built, '{"任意": [1, {"a": null}]}')
    assert not accepts(built, "[1]")


def test_required_means_one_or_more_calls() -> None:
    built = grammar(tools=[CLICK, STRICT], tool_choice="required")
    assert accepts(built, CLICKED)
    assert accepts(built, f"{CLICKED}\n{MOVED}")
    assert not accepts(built, "no")
    assert not accepts(built, CLICKED.replace("1", '"1"'))
    single = grammar(tools=[CLICK, STRICT], tool_choice="required", parallel_tool_calls=False)
    assert accepts(single, MOVED)
    assert not accepts(single, f"{CLICKED}\n{MOVED}")


def test_a_named_function_is_the_only_one() -> None:
    built = grammar(tools=[CLICK, STRICT], tool_choice="move")
    assert accepts(built, MOVED)
    assert not accepts(built, CLICKED)


@pytest.mark.parametrize(
    "parameters", [None, {}, {"type": "object"}, {"type": "object", "properties": {}, "required": [], "title": "t"}]
)
def test_a_function_without_parameters_takes_none(parameters: dict[str, Any] | None) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": parameters}}
    built = grammar(tools=[tool], tool_choice="look")
    call = '<tool_call>\n{"name": "look", "arguments": {}}\n</tool_call>'
    assert accepts(built, call)
    assert not accepts(built, call.replace("{}", '{"made": "up"}'))
    tool["function"]["parameters"] = {"type": "object", "properties": {}, "additionalProperties": True}  # type: ignore[index]
    assert accepts(grammar(tools=[tool], tool_choice="look"), call.replace("{}", '{"any": "thing"}'))


def test_strict_binds_only_its_own_calls() -> None:
    built = grammar(tools=[CLICK, STRICT])
    for text in ("plain words", f"first {MOVED} then", CLICKED, CLICKED.replace('{"x": 1}', '{"free": []}')):
        assert accepts(built, text), text
    assert not accepts(built, MOVED.replace("1", '"1"'))
    assert not accepts(built, MOVED.replace("move", "drop"))


def test_a_schema_beside_tools_is_either() -> None:
    built = grammar(json_schema=POINT, tools=[CLICK])
    assert accepts(built, '{"x": 2}')
    assert accepts(built, CLICKED)
    assert not accepts(built, "words")


@pytest.mark.parametrize(
    "schema",
    [{"type": "strin"}, {"$ref": "#"}, {"$ref": "http://x/y"}, {"pattern": "(", "type": "string"}, {"not": {}}],
)
def test_what_cannot_be_compiled_is_the_callers_error(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as raised:
        grammar(json_schema=schema)
    assert raised.value.field == "response_format.json_schema.schema"


def test_schemas_are_bounded_in_size_and_depth() -> None:
    check_schema(POINT, "f", 1000)
    with pytest.raises(InvalidRequest, match="bytes"):
        check_schema({"enum": ["x" * 1000]}, "f", 1000)
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"items": deep}
    with pytest.raises(InvalidRequest, match="deeper"):
        check_schema(deep, "f", 100_000)
