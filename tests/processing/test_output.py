"""The output parser: the same events whatever the chunking, and the right ones."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import checkpoints
from qwen3_vl_webui.engine.request import TokenLogprob
from qwen3_vl_webui.processing.output import Answer, Call, OutputEvent, OutputParser, Reasoning
from qwen3_vl_webui.processing.tokenizer import Tokenizer

BYTES = Tokenizer(checkpoints.tokenizer())  # every byte a token, so that every character of Chinese is split
PIECES = st.sampled_from(
    [
        "<think>", "</think>", "<tool_call>", "</tool_call>", "<tool", "</", "<", ">", "think>", "call",
        "\n", "\n\n", " ", "  ",
        "你好", "🙂", "naïve", "a", "b", "ab", "abc", "bc", "c", "END", "EN", "D",
        '{"name": "f", "arguments": {"x": 1}}',
        "{'name': 'g', 'arguments': {}}", "{", "}", '"', "[1, 2]", ".", "\ufffd",
    ]
)  # fmt: skip
STOPS = st.lists(st.sampled_from(["END", "abc", "bc", "b", "\n\n", "你好", " ", "<t", "🙂"]), max_size=3)
OPTIONS = st.fixed_dictionaries({"in_reasoning": st.booleans(), "stop": STOPS, "tools": st.booleans()})


def joined(events: list[OutputEvent]) -> list[OutputEvent]:
    """Neighbours of one kind put together."""
    result: list[OutputEvent] = []
    for event in events:
        last = result[-1] if result else None
        if isinstance(event, Reasoning) and isinstance(last, Reasoning):
            result[-1] = Reasoning(last.text + event.text)
        elif isinstance(event, Answer) and isinstance(last, Answer):
            result[-1] = Answer(last.text + event.text, last.logprobs + event.logprobs)
        else:
            result.append(event)
    return result


def parse(ids: list[int], sizes: list[int] | None = None, **options: object) -> tuple[list[OutputEvent], OutputParser]:
    """All events, feeding chunks of the given sizes, then the rest. Each token's log-probability is its place."""
    parser = OutputParser(BYTES, **options)  # type: ignore[arg-type]
    logprobs = [TokenLogprob(token, -float(place)) for place, token in enumerate(ids)]
    events: list[OutputEvent] = []
    at = 0
    for size in [*(sizes or []), len(ids)]:
        events += parser.feed(ids[at : at + size], logprobs[at : at + size])
        at += size
    return joined(events + parser.finish()), parser


def read(text: str, **options: object) -> list[OutputEvent]:
    events, _ = parse(BYTES.encode(text), **options)
    return [Answer(event.text) if isinstance(event, Answer) else event for event in events]


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join), st.lists(st.integers(1, 9), max_size=30), OPTIONS)
def test_any_chunking_gives_the_same_events(text: str, sizes: list[int], options: dict[str, object]) -> None:
    # Tags as single tokens, and the same text with every tag spelt out byte by byte.
    spelt = (
        [token for byte in text.encode() for token in BYTES.encode(chr(byte), literal=True)] if text.isascii() else []
    )
    for ids in (BYTES.encode(text), spelt):
        whole, at_once = parse(ids, **options)
        pieces, in_parts = parse(ids, sizes, **options)
        assert pieces == whole
        assert (in_parts.stopped, in_parts.num_calls) == (at_once.stopped, at_once.num_calls)
        assert in_parts.reasoning_tokens == at_once.reasoning_tokens


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join), STOPS)
def test_without_tags_the_answer_is_the_text_up_to_the_first_stop(text: str, stop: list[str]) -> None:
    text = text.replace("<think>", "")
    if text.lstrip().startswith("<think>"):
        return
    events = read(text, stop=stop)
    ends = [(text.find(mark) + len(mark), text.find(mark)) for mark in stop if mark in text]
    expected = text[: min(ends)[1]] if ends else text
    assert "".join(event.text for event in events if isinstance(event, Answer)) == expected


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40), st.lists(st.integers(1, 5), max_size=20))
def test_multi_byte_characters_come_whole(text: str, sizes: list[int]) -> None:
    text = text.encode("utf-8", errors="ignore").decode()
    ids = BYTES.encode(text, literal=True)
    events, _ = parse(ids, sizes)
    answer = "".join(event.text for event in events if isinstance(event, Answer))
    assert answer == text or text.lstrip().startswith("<think>")


def test_a_cut_character_becomes_a_replacement_character() -> None:
    ids = BYTES.encode("好的")[:-1]
    events, _ = parse(ids)
    assert [event.text for event in events if isinstance(event, Answer)] == ["好\ufffd"]


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("so\n</think>\n\nHi", {"in_reasoning": True}, [Reasoning("so"), Answer("Hi")]),
        ("<think>\nso\n</think>\n\nHi", {}, [Reasoning("so"), Answer("Hi")]),
        ("\n<think>so</think>Hi", {}, [Reasoning("so"), Answer("Hi")]),
        ("only thoughts", {"in_reasoning": True}, [Reasoning("only thoughts")]),
        ("<think>only thoughts", {}, [Reasoning("only thoughts")]),
        ("I say <think> aloud", {}, [Answer("I say <think> aloud")]),
        ("  indented", {}, [Answer("  indented")]),
        ("<thin", {}, [Answer("<thin")]),
        ("a</think>b", {}, [Answer("a</think>b")]),
    ],
)
def test_reasoning_and_answer(text: str, options: dict[str, object], expected: list[OutputEvent]) -> None:
    assert read(text, **options) == expected


def test_reasoning_tokens_count_the_tags() -> None:
    _, parser = parse(BYTES.encode("ab</think>cd"), in_reasoning=True)
    assert parser.reasoning_tokens == 3


CALL = '<tool_call>\n{"name": "f", "arguments": {"city": "上海"}}\n</tool_call>'
PARSED = Call(0, "f", '{"city": "上海"}')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CALL, [PARSED]),
        (f"Let me see.\n{CALL}", [Answer("Let me see."), PARSED]),
        (f"{CALL}\n{CALL}", [PARSED, Call(1, "f", PARSED.arguments)]),
        (f"{CALL}\n\nDone.", [PARSED, Answer("Done.")]),
        (CALL.removesuffix("</tool_call>"), [PARSED]),
        (
            "<tool_call>{'name': 'f', 'arguments': {'on': True, 'x': None,},}</tool_call>",
            [Call(0, "f", '{"on": true, "x": null}')],
        ),
        ('<tool_call>{"name": "f", "arguments": "{\\"a\\": 1}"}</tool_call>', [Call(0, "f", '{"a": 1}')]),
        ('<tool_call>```json\n{"name": "f", "parameters": {}}\n```</tool_call>', [Call(0, "f", "{}")]),
        ('<tool_call>{"name": "f"}</tool_call>', [Call(0, "f", "{}")]),
        ('<tool_call>{"name": "f", "arguments": {"a": 1}</tool_call>', [Call(0, "f", '{"a": 1}')]),
        ("<tool_call>nonsense</tool_call>!", [Answer("<tool_call>nonsense</tool_call>!")]),
        ('<tool_call>{"arguments": {}}</tool_call>', [Answer('<tool_call>{"arguments": {}}</tool_call>')]),
        ("<tool_call>{cut", [Answer("<tool_call>{cut")]),
    ],
)
def test_tool_calls(text: str, expected: list[OutputEvent]) -> None:
    assert read(text, tools=True) == expected


@pytest.mark.parametrize("value", ["NaN", "Infinity", "[" * 2000 + "]" * 2000])
def test_arguments_that_json_cannot_hold_stay_text(value: str) -> None:
    text = f'<tool_call>{{"name": "f", "arguments": {{"a": {value}}}}}</tool_call>'
    assert read(text, tools=True) == [Answer(text)]


def test_half_a_surrogate_pair_never_leaves() -> None:
    text = r'<tool_call>{"name": "f", "arguments": {"a": "\ud83d"}}</tool_call>'
    assert read(text, tools=True) == [Call(0, "f", '{"a": "?"}')]


def test_calls_inside_reasoning_are_not_calls() -> None:
    events, parser = parse(BYTES.encode(f"maybe {CALL} hm</think>\n{CALL}"), in_reasoning=True, tools=True)
    assert events == [Reasoning(f"maybe {CALL} hm"), PARSED]
    assert parser.num_calls == 1


def test_calls_are_text_where_no_tools_were_offered() -> None:
    assert read(CALL) == [Answer(CALL)]


def test_stop_strings_do_not_cut_reasoning_or_calls() -> None:
    events = read(f"a\nb</think>x{CALL}y\nz", in_reasoning=True, tools=True, stop=["\n"])
    assert events == [Reasoning("a\nb"), Answer("x"), PARSED, Answer("y")]


@given(st.lists(PIECES, max_size=12).map("".join), st.integers(0, 40), st.lists(st.integers(0, 9), max_size=8), OPTIONS)
def test_stop_strings_count_only_after_the_least_tokens(
    text: str, least: int, sizes: list[int], options: dict[str, object]
) -> None:
    ids = BYTES.encode(text)
    events, parser = parse(ids, sizes, min_tokens=least, **options)
    assert (events, parser.stopped) == (parse(ids, min_tokens=least, **options)[0], parser.stopped)
    if least >= len(ids):
        assert parser.stopped is None
        assert events == parse(ids, **{**options, "stop": []})[0]


def test_a_stop_string_ends_the_answer_after_the_least_tokens() -> None:
    events, parser = parse(BYTES.encode("one END two END three"), stop=["END"], min_tokens=7)
    assert (read("one END two END three", stop=["END"], min_tokens=7), parser.stopped) == (
        [Answer("one END two ")],
        "END",
    )
    assert isinstance(events[0], Answer)
    assert len(events[0].logprobs) == len("one END two ")


def test_nothing_comes_after_a_stop_string() -> None:
    parser = OutputParser(BYTES, stop=["END"])
    first = parser.feed(BYTES.encode("so EN"))
    assert joined(first) == [Answer("so ")]
    assert parser.stopped is None
    assert parser.feed(BYTES.encode("D and more")) == []
    assert parser.stopped == "END"
    assert parser.feed(BYTES.encode("more")) == []
    assert parser.finish() == []


def test_logprobs_follow_the_visible_text() -> None:
    text = f"ab\n</think>\n\n好 x{CALL}yEND"
    ids = BYTES.encode(text)
    events, _ = parse(ids, in_reasoning=True, tools=True, stop=["END"])
    shown = {
        event.text: [int(-item.logprob) for item in event.logprobs] for event in events if isinstance(event, Answer)
    }
    start = ids.index(BYTES.encode("</think>")[0]) + 3
    # the three bytes of the character, the space, the x; then the y after the call
    assert shown == {"好 x": list(range(start, start + 5)), "y": [len(ids) - 4]}


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join), OPTIONS)
def test_each_logprob_comes_at_most_once_and_in_order(text: str, options: dict[str, object]) -> None:
    events, _ = parse(BYTES.encode(text), **options)
    places = [-item.logprob for event in events if isinstance(event, Answer) for item in event.logprobs]
    assert places == sorted(set(places))


def test_special_tokens_are_not_shown() -> None:
    ids = [
        *BYTES.encode("a"),
        BYTES.special_tokens["<|box_start|>"],
        *BYTES.encode("b"),
        BYTES.special_tokens["<|im_end|>"],
    ]
    events, _ = parse(ids)
    assert [event.text for event in events if isinstance(event, Answer)] == ["ab"]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
            max_leaves=6,
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_any_arguments_come_back_as_json_or_as_python(arguments: dict[str, object], python: bool) -> None:
    try:
        written = repr(arguments) if python else json.dumps(arguments, ensure_ascii=False)
        written.encode()
    except UnicodeEncodeError:
        return
    if "</tool_call>" in written or "\\x" in written or "\\U" in written:
        return
    name = "'name': 'f', 'arguments': " if python else '"name": "f", "arguments": '
    events = read(f"<tool_call>{{{name}{written}}}</tool_call>", tools=True)
    assert len(events) == 1
    assert isinstance(events[0], Call)
    assert json.loads(events[0].arguments) == arguments
