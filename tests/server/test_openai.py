"""The stock OpenAI client against the real server: every field that is accepted does something."""

from __future__ import annotations

import json
import math
from typing import Any

import httpx
import jsonschema_rs
import openai
import pytest

from qwen3_vl_webui.engine.request import SamplingParams
from server_media import data_uri, picture

HELLO: Any = [{"role": "user", "content": "hello"}]
GREEDY: Any = {"temperature": 0, "max_tokens": 12}
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a place",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"enum": ["Paris", "北京"]},
                "days": {"type": "integer", "minimum": 1, "maximum": 9},
            },
            "required": ["place", "days"],
            "additionalProperties": False,
        },
    },
}
CLOCK: Any = {
    "type": "function",
    "function": {
        "name": "clock",
        "parameters": {
            "type": "object",
            "properties": {"zone": {"enum": ["UTC", "CST"]}},
            "required": ["zone"],
            "additionalProperties": False,
        },
    },
}


def ask(client: openai.OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(**{"model": "instruct", "messages": HELLO, **GREEDY, **more})


def image(data: bytes = picture(), **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": data_uri(data)}, **more}


def test_text_is_answered_with_usage(client: openai.OpenAI) -> None:
    answer = ask(client, extra_body={"ignore_eos": True})
    assert answer.object == "chat.completion"
    assert answer.model == "tiny-instruct"
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 12
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 12


def test_streamed_text_equals_the_whole_answer_and_ends_with_usage(client: openai.OpenAI) -> None:
    whole = ask(client)
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == whole.choices[0].finish_reason
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert len({chunk.id for chunk in chunks}) == 1


def test_the_editions_are_named_short_and_in_full(client: openai.OpenAI) -> None:
    names = {model.id for model in client.models.list()}
    assert names == {"instruct", "thinking", "tiny-instruct", "tiny-thinking"}
    assert client.models.retrieve("thinking").id == "thinking"
    short = ask(client, model="thinking")
    full = ask(client, model="tiny-thinking")
    assert short.choices[0].message.reasoning_content == full.choices[0].message.reasoning_content
    with pytest.raises(openai.NotFoundError, match="tiny-instruct"):
        ask(client, model="gpt-4o")


def test_thinking_answers_with_reasoning_apart(client: openai.OpenAI) -> None:
    bias = {str(end_of_thinking(client)): 100}
    answer = ask(client, model="thinking", logit_bias=bias, max_tokens=3)
    assert answer.usage.completion_tokens_details.reasoning_tokens == 1
    answer = ask(client, model="thinking", extra_body={"ignore_eos": True})
    assert answer.choices[0].message.reasoning_content
    assert answer.choices[0].message.content == ""
    assert answer.usage.completion_tokens_details.reasoning_tokens == 12
    streamed = list(ask(client, model="thinking", stream=True, extra_body={"ignore_eos": True}))
    reasoning = "".join(getattr(chunk.choices[0].delta, "reasoning_content", None) or "" for chunk in streamed)
    assert reasoning == answer.choices[0].message.reasoning_content


def end_of_thinking(client: openai.OpenAI) -> int:
    tokens = client.post("/../tokenize", body={"prompt": "</think>"}, cast_to=httpx.Response).json()["tokens"]
    assert len(tokens) == 1
    return int(tokens[0])


def test_pictures_and_videos_count_as_visual_tokens(client: openai.OpenAI, clip: bytes) -> None:
    video = {"type": "video_url", "video_url": {"url": data_uri(clip, "video/mp4")}}
    text = {"type": "text", "text": "compare"}
    one = ask(client, messages=[{"role": "user", "content": [image(), text]}]).usage
    assert one.prompt_tokens_details.image_tokens == 70  # 96x64 grown to 320x224, the least area: 10 x 7
    two = ask(
        client,
        messages=[{"role": "user", "content": [image(), image(picture(300, 200, "blue")), video, text]}],
        extra_body={"add_vision_id": True},
    ).usage
    assert two.prompt_tokens_details.image_tokens > one.prompt_tokens_details.image_tokens
    assert two.prompt_tokens_details.video_tokens > 0


def test_pixel_and_frame_budgets_change_what_is_seen(client: openai.OpenAI, clip: bytes) -> None:
    def tokens(kind: str, part: dict[str, Any], **body: Any) -> int:
        answer = ask(client, messages=[{"role": "user", "content": [part]}], max_tokens=1, extra_body=body)
        return int(getattr(answer.usage.prompt_tokens_details, f"{kind}_tokens"))

    large = picture(800, 800)
    assert tokens("image", image(large)) == 625
    assert tokens("image", image(large, max_pixels=256 * 256)) == 64
    assert tokens("image", image(large), max_pixels=320 * 320, min_pixels=1024) == 100
    low = {"type": "image_url", "image_url": {"url": data_uri(large), "detail": "low"}}
    assert tokens("image", low) == 256
    video = {"type": "video_url", "video_url": {"url": data_uri(clip, "video/mp4")}}
    assert tokens("video", video, fps=4) == 2 * tokens("video", video, fps=2)
    assert tokens("video", {**video, "fps": 8, "max_frames": 4}) == tokens("video", {**video, "fps": 2})
    with pytest.raises(openai.BadRequestError) as refused:
        tokens("image", image(large), max_pixels=2**31)
    assert refused.value.param == "max_pixels"
    with pytest.raises(openai.BadRequestError) as refused:
        tokens("image", image(large, max_pixels=2**31))
    assert refused.value.param == "messages[0].content[0].max_pixels"


def test_an_image_url_on_the_network_is_not_fetched_from_private_addresses(client: openai.OpenAI) -> None:
    part = {"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/x.png"}}
    with pytest.raises(openai.PermissionDeniedError) as refused:
        ask(client, messages=[{"role": "user", "content": [part]}])
    assert refused.value.param == "messages[0].content[0]"


def test_several_samples_share_one_prompt(client: openai.OpenAI) -> None:
    answer = ask(client, n=3, temperature=1.5, seed=5, extra_body={"ignore_eos": True, "top_k": 0})
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in answer.choices}) == 3
    assert answer.usage.completion_tokens == 36
    indices = {chunk.choices[0].index for chunk in ask(client, n=2, stream=True) if chunk.choices}
    assert indices == {0, 1}


def test_a_seed_repeats_and_another_differs(client: openai.OpenAI) -> None:
    def text(seed: int) -> str:
        return str(ask(client, temperature=1.2, seed=seed, extra_body={"top_k": 0}).choices[0].message.content)

    assert text(-3) == text(-3) != text(3)

    assert text(1) == text(1)
    assert len({text(seed) for seed in range(4)}) > 1


def test_stop_strings_end_the_answer_and_are_not_shown(client: openai.OpenAI) -> None:
    bias = {str(ord_token(client, "a")): 100}
    whole = ask(client, logit_bias=bias)
    assert whole.choices[0].message.content == "a" * 12
    answer = ask(client, logit_bias=bias, stop=["aaaa"], max_tokens=500)
    assert answer.choices[0].message.content == ""
    assert answer.choices[0].finish_reason == "stop"
    assert 4 <= answer.usage.completion_tokens < 500
    streamed = list(ask(client, logit_bias=bias, stop="aaa", stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed if chunk.choices) == ""
    assert streamed[-1].usage.completion_tokens >= 3


def ord_token(client: openai.OpenAI, text: str) -> int:
    return int(client.post("/../tokenize", body={"prompt": text}, cast_to=httpx.Response).json()["tokens"][0])


def test_stop_token_ids_min_tokens_and_ignore_eos(client: openai.OpenAI) -> None:
    a, b = ord_token(client, "a"), ord_token(client, "b")
    bias = {str(a): 60, str(b): 50}
    stopped = ask(client, logit_bias=bias, extra_body={"stop_token_ids": [a]})
    assert (stopped.choices[0].finish_reason, stopped.choices[0].message.content) == ("stop", "")
    longer = ask(client, logit_bias=bias, extra_body={"stop_token_ids": [a], "min_tokens": 5})
    assert longer.choices[0].message.content == "b" * 5
    assert longer.choices[0].finish_reason == "stop"


def test_max_completion_tokens_bounds_the_answer(client: openai.OpenAI) -> None:
    answer = ask(client, max_tokens=openai.omit, max_completion_tokens=3, extra_body={"ignore_eos": True})
    assert answer.usage.completion_tokens == 3


def test_an_answer_never_outgrows_the_context(client: openai.OpenAI, live: Any) -> None:
    prompt = [{"role": "user", "content": "x" * 2000}]
    answer = ask(client, messages=prompt, max_tokens=1000, extra_body={"ignore_eos": True})
    assert answer.usage.total_tokens == live.settings.max_context
    assert answer.choices[0].finish_reason == "length"
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, messages=[{"role": "user", "content": "x" * 3000}])
    assert refused.value.code == "context_too_long"


def test_logprobs_are_distributions_over_tokens(client: openai.OpenAI) -> None:
    answer = ask(client, logprobs=True, top_logprobs=3, extra_body={"ignore_eos": True}, max_tokens=6)
    items = answer.choices[0].logprobs.content
    assert 1 <= len(items) <= 6
    for item in items:
        assert item.logprob == pytest.approx(item.top_logprobs[0].logprob, abs=1e-4)  # greedy
        assert len(item.top_logprobs) == 3
        assert sum(math.exp(top.logprob) for top in item.top_logprobs) <= 1.0001
    streamed = [
        item
        for chunk in ask(client, logprobs=True, stream=True, extra_body={"ignore_eos": True}, max_tokens=6)
        if chunk.choices and chunk.choices[0].logprobs
        for item in chunk.choices[0].logprobs.content
    ]
    assert [item.token for item in streamed] == [item.token for item in items]


def test_penalties_and_truncations_reach_the_sampler(client: openai.OpenAI) -> None:
    a = str(ord_token(client, "a"))
    repeated = ask(client, logit_bias={a: 30}).choices[0].message.content
    assert repeated == "a" * 12
    for penalty in ({"frequency_penalty": 2}, {"presence_penalty": 2}, {"extra_body": {"repetition_penalty": 9.0}}):
        bias = {a: 3}
        plain = ask(client, logit_bias=bias).choices[0].message.content
        assert ask(client, logit_bias=bias, **penalty).choices[0].message.content != plain, penalty
    for off in ({"top_k": 1}, {"min_p": 1.0}):
        hot = ask(client, temperature=2, seed=3, extra_body=off).choices[0].message.content
        assert hot == ask(client).choices[0].message.content
    assert ask(client, temperature=2, top_p=1e-6, seed=3).choices[0].message.content == hot


def test_a_loop_can_end_with_its_own_reason(client: openai.OpenAI) -> None:
    bias = {str(ord_token(client, "a")): 100}
    answer = ask(client, logit_bias=bias, max_tokens=1500, extra_body={"stop_repetition": True})
    assert answer.choices[0].finish_reason == "repetition"
    assert answer.usage.completion_tokens < 1500


@pytest.mark.parametrize("model", ["instruct", "thinking"])
def test_a_json_schema_binds_the_answer(client: openai.OpenAI, model: str) -> None:
    schema = {
        "type": "object",
        "properties": {"kind": {"enum": ["button", "text"]}, "n": {"type": "integer", "minimum": 0, "maximum": 9}},
        "required": ["kind", "n"],
        "additionalProperties": False,
    }
    more: Any = {"temperature": 1, "seed": 2, "max_tokens": 600}
    if model == "thinking":  # so that random weights come to an end of their reasoning
        more["logit_bias"] = {str(end_of_thinking(client)): 8}
    answer = ask(
        client,
        model=model,
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}},
        **more,
    )
    jsonschema_rs.validate(schema, json.loads(answer.choices[0].message.content))
    assert answer.choices[0].finish_reason == "stop"


def test_json_object_is_any_object(client: openai.OpenAI) -> None:
    bias = {str(ord_token(client, "}")): 12, str(ord_token(client, '"')): 6}
    answer = ask(
        client, response_format={"type": "json_object"}, logit_bias=bias, max_tokens=400, temperature=1, seed=1
    )
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


def test_a_forced_tool_is_called_with_valid_arguments(client: openai.OpenAI) -> None:
    named = ask(
        client,
        tools=[WEATHER, CLOCK],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
        max_tokens=400,
    )
    call = named.choices[0].message.tool_calls[0]
    assert named.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "get_weather"
    jsonschema_rs.validate(WEATHER["function"]["parameters"], json.loads(call.function.arguments))
    assert named.choices[0].message.content is None

    streamed = list(
        ask(client, tools=[CLOCK], tool_choice="required", parallel_tool_calls=False, stream=True, max_tokens=400)
    )
    calls = [call for chunk in streamed if chunk.choices for call in chunk.choices[0].delta.tool_calls or ()]
    assert [(call.index, call.function.name) for call in calls] == [(0, "clock")]
    assert json.loads(calls[0].function.arguments)["zone"] in ("UTC", "CST")
    assert streamed[-1].choices[0].finish_reason == "tool_calls"


def test_required_tools_may_be_called_in_parallel(client: openai.OpenAI) -> None:
    more = {"min_tokens": 170}  # so that random weights do not stop after the first
    answer = ask(client, tools=[CLOCK], tool_choice="required", max_tokens=800, extra_body=more)
    calls = answer.choices[0].message.tool_calls
    assert len(calls) > 1
    assert len({call.id for call in calls}) == len(calls)


def test_thinking_may_be_forced_to_call(client: openai.OpenAI) -> None:
    answer = ask(
        client,
        model="thinking",
        tools=[CLOCK],
        tool_choice="required",
        parallel_tool_calls=False,
        logit_bias={str(end_of_thinking(client)): 100},
        max_tokens=600,
    )
    assert answer.choices[0].message.tool_calls[0].function.name == "clock"


def test_tool_results_and_earlier_reasoning_are_taken_back(client: openai.OpenAI) -> None:
    answer = ask(client, tools=[CLOCK], tool_choice="required", parallel_tool_calls=False, max_tokens=400)
    message = answer.choices[0].message
    history = [
        *HELLO,
        message.model_dump(),
        {
            "role": "tool",
            "tool_call_id": message.tool_calls[0].id,
            "content": [{"type": "text", "text": "12:00"}, image()],
        },
    ]
    after = ask(client, messages=history, tools=[CLOCK])
    assert after.usage.prompt_tokens > answer.usage.prompt_tokens
    assert after.usage.prompt_tokens_details.image_tokens > 0
    history[-1]["tool_call_id"] = "call_unknown"
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, messages=history)
    assert refused.value.param == "messages[2].tool_call_id"


def test_tool_choice_none_leaves_the_tools_out(client: openai.OpenAI) -> None:
    assert ask(client, tools=[CLOCK], tool_choice="none").usage.prompt_tokens == ask(client).usage.prompt_tokens
    assert ask(client, tools=[CLOCK]).usage.prompt_tokens > ask(client).usage.prompt_tokens


def test_a_repeated_prompt_is_cached_unless_its_salt_differs(client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": "the same long beginning " * 20}]

    def cached(**more: Any) -> int:
        usage = ask(client, messages=messages, max_tokens=1, **more).usage
        return int(usage.prompt_tokens_details.cached_tokens)

    cached()
    assert cached() > 300
    assert cached(user="alice") == 0
    assert cached(user="alice") > 300
    assert cached(prompt_cache_key="k") == 0
    assert cached(extra_body={"cache_salt": "s"}) == 0


def test_usage_is_right_when_a_stop_string_ends_a_cached_prompt(client: openai.OpenAI) -> None:
    bias = {str(ord_token(client, "z")): 100}
    messages = [{"role": "user", "content": "cached and stopped " * 20}]
    for _ in range(2):
        usage = ask(client, messages=messages, stop="zz", logit_bias=bias, max_tokens=200).usage
    assert usage.prompt_tokens > 380
    assert usage.prompt_tokens_details.cached_tokens > 300
    assert 2 <= usage.completion_tokens <= 200


def test_the_async_client_runs_many_at_once(live: Any) -> None:
    import asyncio

    async def main() -> list[Any]:
        async with openai.AsyncOpenAI(base_url=f"{live.url}/v1", api_key="none", max_retries=0) as client:
            return await asyncio.gather(
                *(
                    client.chat.completions.create(
                        model=("instruct", "thinking")[i % 2],
                        messages=[{"role": "user", "content": f"number {i % 4}"}],
                        max_tokens=8,
                        temperature=0,
                    )
                    for i in range(12)
                )
            )

    answers = asyncio.run(main())
    texts = [
        (answer.choices[0].message.content, getattr(answer.choices[0].message, "reasoning_content", None))
        for answer in answers
    ]
    assert texts[:4] == texts[4:8] == texts[8:]


def test_the_defaults_are_the_checkpoints(live: Any) -> None:
    assert live.service.sampling("instruct") == SamplingParams(temperature=0.7, top_p=0.8, top_k=20)


def test_tokenize_counts_text_and_conversations(http: httpx.Client) -> None:
    text = http.post("/tokenize", json={"prompt": "héllo"}).json()
    assert text["count"] == len(text["tokens"]) == 6  # bytes, in the tiny tokenizer
    chat = http.post("/tokenize", json={"messages": [{"role": "user", "content": [image()]}]}).json()
    assert chat["count"] > 70
