"""Grammars bind the answer and only the answer, whatever a random network would rather say."""

from __future__ import annotations

import json
from threading import Event
from typing import Any

import pytest
from llguidance import LLMatcher

from engine_bench import Bench, Medium
from qwen3_vl_webui.engine import grammar as grammars
from qwen3_vl_webui.engine.request import Failed
from qwen3_vl_webui.errors import InvalidRequest

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "tags": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 1, "maxItems": 3},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}
COMPACT: Any = {"whitespace_flexible": False}
GRAMMAR = LLMatcher.grammar_from_json_schema(SCHEMA, overrides=COMPACT)


def is_valid(value: Any) -> bool:
    return (
        set(value) == {"name", "age", "tags"}
        and isinstance(value["name"], str)
        and len(value["name"]) <= 8
        and 0 <= value["age"] <= 150
        and 1 <= len(value["tags"]) <= 3
        and set(value["tags"]) <= {"a", "b", "c"}
    )


@pytest.mark.parametrize("temperature", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("num_blocks", [256, 40])
def test_answers_satisfy_the_schema(bench: Bench, temperature: float, num_blocks: int) -> None:
    engine = bench.engine(num_blocks=num_blocks, max_context=300)
    requests = [
        bench.request(f"r{at}", [5, Medium(1, 2, 2, 1), at], text=at, seed=at, n=1 + at % 2, temperature=temperature,
                      max_tokens=200, grammar=GRAMMAR, min_tokens=at)
        for at in range(6)
    ]  # fmt: skip
    free = bench.request("free", [9], max_tokens=30, ignore_eos=True)
    answers = bench.run(engine, [*requests, free])
    assert answers["free"][0].tokens == bench.greedy(free)
    for request in requests:
        for answer in answers[request.request_id]:
            assert answer.reason == "stop"
            assert is_valid(json.loads(bench.tokenizer.decode(answer.tokens)))
    bench.assert_all_free(engine)
    engine.close()


def test_with_reasoning_only_the_answer_is_bound(bench: Bench) -> None:
    after = bench.tokenizer.token_to_id("</think>")
    engine = bench.engine()
    request = bench.request(
        "r", [20], n=8, seed=3, temperature=1.5, max_tokens=400, grammar=GRAMMAR, grammar_after=after,
        logit_bias={after: 4.0},
    )  # fmt: skip
    answers = bench.run(engine, [request])["r"]
    assert sum(after in answer.tokens for answer in answers) >= 6
    for answer in answers:
        if after in answer.tokens:
            at = answer.tokens.index(after)
            assert is_valid(json.loads(bench.tokenizer.decode(answer.tokens[at + 1 :])))
            assert answer.reason == "stop"
        else:
            assert answer.reason == "length"  # reasoning may not end the turn before the answer
    assert len({answer.tokens.index(after) for answer in answers if after in answer.tokens}) > 1
    engine.close()


@pytest.mark.parametrize("bad", ["{", "start: nothing", LLMatcher.grammar_from_json_schema({"type": "no such type"})])
def test_a_grammar_that_does_not_compile_fails_its_request_alone(bench: Bench, bad: str) -> None:
    engine = bench.engine()
    good = bench.request("good", [30], max_tokens=9, ignore_eos=True)
    bench.add(engine, bench.request("bad", [10], grammar=bad))
    bench.add(engine, good)
    outputs = bench.drain(engine)
    (failed,) = [output for output in outputs if isinstance(output, Failed)]
    assert (failed.request_id, failed.error, failed.field) == ("bad", "InvalidRequest", "response_format")
    assert bench.collect([o for o in outputs if o is not failed])["good"][0].tokens == bench.greedy(good)
    bench.assert_all_free(engine)
    engine.close()


def test_limits_of_size_and_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = bench.engine()
    with pytest.raises(InvalidRequest):
        bench.add(engine, bench.request("long", [10], grammar="x" * (grammars.MAX_GRAMMAR_CHARS + 1)))
    assert not engine.has_work
    monkeypatch.setattr(grammars, "MAX_COMPILE_SECONDS", 0.05)
    hold = Event()
    monkeypatch.setattr(engine._grammars, "_build", lambda _: hold.wait(10))
    passing = bench.request("passing", [12])
    bench.add(engine, bench.request("slow", [10], grammar=GRAMMAR))
    bench.add(engine, passing)
    outputs = bench.drain(engine)
    hold.set()
    (failed,) = [o for o in outputs if isinstance(o, Failed)]
    assert (failed.request_id, failed.error) == ("slow", "InvalidRequest")
    assert bench.collect([o for o in outputs if o is not failed])["passing"][0].tokens == bench.greedy(passing)
    bench.assert_all_free(engine)
    engine.close()


def test_compiled_grammars_are_kept_and_the_oldest_leaves(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammars, "MAX_KEPT", 2)
    compiler = grammars.GrammarCompiler(bench.folder / "tokenizer.json", 288, bench.config.eos_token_ids)
    texts = [LLMatcher.grammar_from_regex(pattern) for pattern in ("a+", "b+", "c+")]
    first = compiler.compile(texts[0], None, 0.0)
    compiler.compile(texts[1], None, 0.0)
    assert compiler.compile(texts[0], None, 0.0)._compiled is first._compiled
    compiler.compile(texts[2], None, 0.0)
    assert list(compiler._kept) == [texts[0], texts[2]]
    letter = bench.tokenizer.encode("a").ids[0]
    one, other = first.state(), first.state()
    assert one.consume(letter) is None
    assert not other.ended
    assert other.consume(bench.tokenizer.encode("b").ids[0]) is not None  # states are apart: this one is broken
    assert one.consume(letter) is None
    compiler.close()
