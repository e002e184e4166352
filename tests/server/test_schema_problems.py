"""What is wrong with a schema is said whole, in both languages, and without the grammar that was made of it."""

from __future__ import annotations

from typing import Any

import pytest

from qwen3_vl_webui.errors import InvalidRequest
from qwen3_vl_webui.server.grammar import build_grammar
from qwen3_vl_webui.server.schema_problems import MOST_CHARS


def refused(schema: dict[str, Any] | None = None, *parameters: dict[str, Any]) -> InvalidRequest:
    tools = [{"type": "function", "function": {"name": f"f{i}", "parameters": one}} for i, one in enumerate(parameters)]
    with pytest.raises(InvalidRequest) as raised:
        build_grammar(
            json_schema=schema,
            tools=tools,
            tool_choice="required" if tools else "auto",
            parallel_tool_calls=True,
            after_reasoning=False,
        )
    return raised.value


@pytest.mark.parametrize(
    ("schema", "english", "chinese"),
    [
        ({"type": "strin"}, "strin is not a type of JSON schema", "strin 不是 JSON schema 的类型"),
        ({"not": {}, "if": {}}, 'keywords that are not supported: "if", "not"', "不支持的关键字"),
        (
            {"type": "string", "pattern": "(?=x)y"},
            "its pattern (?=x)y cannot be used: look-around, including",
            "(?=x)y 无法使用",
        ),
        ({"type": "string", "pattern": "("}, "( cannot be used: unclosed group", "pattern ( 无法使用"),
        ({"$ref": "#"}, "no text could satisfy it", "没有任何文本能满足它"),
        ({"$ref": "#/$defs/a"}, "its $ref /$defs/a leads nowhere", "不存在"),
        ({"$ref": "http://x/y"}, "not to http://x/y", "不能指向 http://x/y"),
        ({"type": "string", "format": "no"}, "the format no is not known", "未知的 format：no"),
        ({"type": "integer", "minimum": 5, "maximum": 1}, "minimum (5) is greater than maximum (1)", "没有内容能满足"),
        ({"properties": []}, "it cannot be compiled: properties must be an object", "无法编译"),
    ],
)
def test_the_reason_is_whole_and_in_both_languages(schema: dict[str, Any], english: str, chinese: str) -> None:
    error = refused(schema)
    assert english in error.message("en")
    assert chinese in error.message("zh")
    for language in ("en", "zh"):
        message = error.message(language)  # type: ignore[arg-type]
        assert "\n" not in message
        assert "whitespace_pattern" not in message
        assert " at " not in message


def test_a_long_reason_keeps_its_beginning_and_its_end() -> None:
    message = refused({"type": "string", "pattern": "(" + "x" * 5000}).message("en")
    assert len(message) < MOST_CHARS + 150
    assert "(xxx" in message
    assert message.endswith("unclosed group")


def test_the_tool_at_fault_is_named() -> None:
    good, bad = {"type": "object", "properties": {"x": {"type": "integer"}}}, {"type": "nothing"}
    error = refused(None, good, bad)
    assert error.field == "tools[1].function.parameters"
    assert "nothing is not a type" in error.message("en")
