"""Grammars that hold an answer to a JSON schema or to tool calls, in llguidance's Lark dialect, checked before use.

Compilation is bounded by llguidance's own fuel (no backtracking regexes, a limit on grammar size); a schema that is too
costly or not understood is the caller's error and never reaches a decoding step.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from llguidance import LLMatcher, LLParserLimits, LLTokenizer

from qwen3_vl_webui.errors import InvalidRequest, words
from qwen3_vl_webui.server.schema_problems import problem_of

MAX_SCHEMA_DEPTH = 32
ANY_OBJECT: dict[str, Any] = {"type": "object"}
NO_ARGUMENTS: dict[str, Any] = {"type": "object", "additionalProperties": False}
# Whitespace in JSON is free but short: a model that dithers would otherwise fill the answer with it.
JSON_OPTIONS = {"whitespace_pattern": r"[ \n\t]{0,16}"}


def build_grammar(
    *,
    json_schema: dict[str, Any] | None,
    tools: Sequence[dict[str, Any]],
    tool_choice: str,
    parallel_tool_calls: bool,
    after_reasoning: bool,
) -> str | None:
    """The grammar of one answer, or None when anything may be said.

    `tool_choice` is auto, none, required or a function's name; `tools` are OpenAI's. A schema beside callable tools
    binds the answer that is not a call. With "auto" and no schema only functions marked `strict` bind, once called.
    """
    functions = [tool["function"] for tool in tools] if tool_choice != "none" else []
    forced = tool_choice not in ("auto", "none")
    if forced and tool_choice != "required":
        functions = [function for function in functions if function["name"] == tool_choice]
    if json_schema is None and not forced and not any(function.get("strict") for function in functions):
        return None
    rules = ["%llguidance {}"]
    more = "" if not parallel_tool_calls or (forced and tool_choice != "required") else r' ("\n" call)*'
    calls = f"call{more}"
    if forced:
        answer = calls
    elif json_schema is not None:
        rules.append(f"json: %json {_with_options(json_schema, 'response_format.json_schema.schema')}")
        answer = f"json | {calls}" if functions else "json"
    else:
        rules.append(r"TEXT: /(.|\n)*/")
        answer = f"(TEXT call){'*' if parallel_tool_calls else '?'} TEXT"
    start = f"start: BREAK answer\nBREAK: /\\n{{0,2}}/\nanswer: {answer}" if after_reasoning else f"start: {answer}"
    rules.insert(1, start)
    if functions:
        rules.append(f"body: %json {_calls(functions, tools, strict_only=not forced)}")
        rules.append(r'call: <tool_call> "\n" body "\n" </tool_call>')  # both are tokens, not text
    grammar = LLMatcher.grammar_from_lark("\n".join(rules))
    if problem := _problem(grammar):
        field = "response_format.json_schema.schema" if json_schema is not None and not functions else "tools"
        raise InvalidRequest("field_invalid", field=field, reason=problem_of(problem))
    return grammar


def check_schema(schema: dict[str, Any], field: str, max_bytes: int) -> None:
    """Bounds on a schema of a request. Raises InvalidRequest."""
    size = len(json.dumps(schema, ensure_ascii=False).encode())
    if size > max_bytes:
        raise InvalidRequest("too_long", field=field, value=size, unit=words("bytes"), limit=max_bytes)
    if _depth(schema) > MAX_SCHEMA_DEPTH:
        raise InvalidRequest("field_invalid", field=field, reason=words("deep", limit=MAX_SCHEMA_DEPTH))


def _calls(functions: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], *, strict_only: bool) -> str:
    """The schema of a call of one of the functions; an error names the tool at fault."""
    try:
        return _with_options(_call_schema(functions, strict_only=strict_only), "tools")
    except InvalidRequest:
        for i, tool in enumerate(tools):
            if tool["function"] in functions:
                _with_options(
                    _call_schema([tool["function"]], strict_only=strict_only), f"tools[{i}].function.parameters"
                )
        raise


def _call_schema(functions: Sequence[dict[str, Any]], *, strict_only: bool) -> dict[str, Any]:
    """`{"name": ..., "arguments": {...}}` of one of the functions."""
    options = []
    for function in functions:
        bound = function.get("strict") or not strict_only
        options.append(
            {
                "type": "object",
                "properties": {
                    "name": {"const": function["name"]},
                    "arguments": _arguments(function.get("parameters") or {}) if bound else ANY_OBJECT,
                },
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    return options[0] if len(options) == 1 else {"anyOf": options}


def _arguments(parameters: dict[str, Any]) -> dict[str, Any]:
    """A function that declares no parameters takes none; JSON schema alone would let the model make some up."""
    said = {name for name, value in parameters.items() if value or name not in ("properties", "required")}
    none = parameters.get("type", "object") == "object" and not said - {"$schema", "title", "description", "type"}
    return NO_ARGUMENTS if none else parameters


def _with_options(schema: dict[str, Any], field: str) -> str:
    if "x-guidance" in schema:
        raise InvalidRequest("field_not_supported", field=f"{field}.x-guidance", reason=words("plain_schema"))
    text = json.dumps({**(schema or ANY_OBJECT), "x-guidance": JSON_OPTIONS}, ensure_ascii=False)
    if problem := _dead_end(text):
        raise InvalidRequest("field_invalid", field=field, reason=problem_of(problem))
    return text


@lru_cache(maxsize=64)
def _dead_end(schema: str) -> str:
    """Why no text could satisfy a schema, as one that only refers to itself; "" when some could begin.

    llguidance finds that with the first mask, not when it compiles; bytes are vocabulary enough to ask for one.
    """
    matcher = LLMatcher(LLTokenizer("byte"), f"start: json\njson: %json {schema}", log_level=0, limits=_limits())
    if not matcher.is_error():
        matcher.compute_bitmask()
    return str(matcher.get_error()) if matcher.is_error() else ""


def _limits() -> LLParserLimits:
    return LLParserLimits(initial_lexer_fuel=1_000_000, max_grammar_size=200_000, max_lexer_states=50_000)


@lru_cache(maxsize=64)
def _problem(grammar: str) -> str:
    """What is wrong with a grammar; "" when nothing is."""
    is_error, messages = LLMatcher.validate_grammar_with_warnings(grammar, None, limits=_limits())
    return str(messages[0]) if is_error else ""


def _depth(value: Any) -> int:
    level, layer = 0, [value]
    while layer:
        level += 1
        layer = [
            inner
            for one in layer
            for inner in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
    return level
