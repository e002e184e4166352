"""Requests end in a result or a typed error, their neighbours go on, and nothing stays held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from engine_bench import Bench, Medium, after_forward
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import Failed, Tokens
from qwen3_vl_webui.engine.scheduler import Chunk
from qwen3_vl_webui.engine.sequence import VisualSpan
from qwen3_vl_webui.errors import ConfigError, InvalidRequest, QueueFull


def test_a_prompt_that_can_never_fit_is_refused_at_once(bench: Bench) -> None:
    for settings in ({"max_context": 64}, {"max_context": 4096, "num_blocks": 8, "block_size": 8}):
        engine = bench.engine(**settings)
        assert engine.max_context == 64
        with pytest.raises(InvalidRequest) as refused:
            bench.add(engine, bench.request("long", [64]))
        assert refused.value.code == "context_too_long"
        assert refused.value.details == {"prompt_tokens": 64, "limit": 63, "context": 64}
        assert not engine.has_work


def test_max_tokens_are_clipped_to_the_context(bench: Bench) -> None:
    engine = bench.engine(max_context=64, num_blocks=8)
    requests = [bench.request(f"r{n}", [n], max_tokens=1000, ignore_eos=True) for n in (63, 60, 20)]
    answers = bench.run(engine, requests)
    assert [len(answers[r.request_id][0].tokens) for r in requests] == [1, 4, 44]
    assert {answer.reason for (answer,) in answers.values()} == {"length"}
    bench.assert_all_free(engine)


def test_a_full_queue_says_when_to_come_back(bench: Bench) -> None:
    engine = bench.engine(max_running=1, max_waiting=2)
    for name in ("runs", "a", "b"):
        bench.add(engine, bench.request(name, [10], max_tokens=2))
    with pytest.raises(QueueFull) as full:
        bench.add(engine, bench.request("c", [10]))
    assert 1 <= (full.value.retry_after or 0) <= 60
    assert "2 requests" in full.value.message("en")
    while engine.stats().waiting > 1:
        engine.step()
    bench.add(engine, bench.request("c", [10]))
    bench.drain(engine)
    bench.assert_all_free(engine)


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_only_those_who_find_no_place_count_as_waiting(bench: Bench, steps: int) -> None:
    """However many arrive within one step, and whether or not samples have forked."""
    engine = bench.engine(max_running=4, max_waiting=1)
    asked = 0

    def ask(n: int) -> None:
        nonlocal asked
        asked += 1
        bench.add(engine, bench.request(f"r{asked}", [10], n=n, max_tokens=20, ignore_eos=True))

    def step() -> None:
        for _ in range(steps):
            engine.step()

    ask(2)
    step()
    ask(1)
    step()
    assert not engine.is_full
    ask(2)  # one place is free: it waits, and so does whoever comes after it
    assert engine.is_full
    for n in (1, 2):
        with pytest.raises(QueueFull):
            ask(n)
    bench.drain(engine)
    ask(1)
    bench.drain(engine)
    bench.assert_all_free(engine)


@pytest.mark.parametrize(
    ("field", "sampling"),
    [
        ("n", {"n": 9}),
        ("n", {"n": 0}),
        ("max_tokens", {"max_tokens": 0}),
        ("min_tokens", {"min_tokens": 20}),
        ("temperature", {"temperature": -1.0}),
        ("temperature", {"temperature": float("nan")}),
        ("top_p", {"top_p": 1.5}),
        ("top_k", {"top_k": -1}),
        ("min_p", {"min_p": 2.0}),
        ("logprobs", {"logprobs": 1000}),
        ("repetition_penalty", {"repetition_penalty": 0.0}),
        ("logit_bias", {"logit_bias": {100_000: 1.0}}),
        ("stop_token_ids", {"stop_token_ids": (-1,)}),
    ],
)
def test_impossible_sampling_is_refused(bench: Bench, field: str, sampling: dict[str, Any]) -> None:
    engine = bench.engine()
    with pytest.raises(InvalidRequest) as refused:
        bench.add(engine, bench.request("r", [10], **sampling))
    assert refused.value.field == field
    assert not engine.has_work


def test_media_that_do_not_fit_their_tokens_are_refused(bench: Bench) -> None:
    engine = bench.engine()
    request = bench.request("r", [4, Medium(3, 2, 2, 1), 4])
    pixels = bench.pixels(request)
    key = request.media[0].key
    for wrong in ({}, {key: pixels[key].float()}, {key: pixels[key][:1]}, {key: pixels[key][:, :32]}):
        with pytest.raises(InvalidRequest) as refused:
            engine.add(request, wrong)
        assert refused.value.field == "media"
    engine.add(request, pixels)
    assert bench.collect(bench.drain(engine))["r"][0].tokens == bench.greedy(request)


def test_a_budget_below_the_running_sequences_is_a_configuration_error(bench: Bench) -> None:
    with pytest.raises(ConfigError):
        bench.engine(max_running=32, max_batch_tokens=16)


def test_cancelling(bench: Bench) -> None:
    """Waiting, in the middle of a prompt, and while decoding; the others do not notice."""
    engine = bench.engine(max_batch_tokens=16, max_running=3)
    stays = bench.request("stays", [40, Medium(1, 3, 3, 1), 5], max_tokens=20, ignore_eos=True)
    for name, length in (("decoding", 3), ("stays", 0), ("prompt", 100), ("waiting", 30)):
        bench.add(engine, stays if name == "stays" else bench.request(name, [length], max_tokens=100, ignore_eos=True))
    outputs = [output for _ in range(6) for output in engine.step()]
    for name in ("decoding", "prompt", "waiting", "never heard of"):
        engine.cancel(name)
        engine.cancel(name)
    outputs += bench.drain(engine)
    answers = bench.collect(outputs)
    assert answers["stays"][0].tokens == bench.greedy(stays)
    assert {name: answers[name][0].reason for name in ("decoding", "prompt", "waiting")} == dict.fromkeys(
        ("decoding", "prompt", "waiting"), "cancelled"
    )
    assert 0 < len(answers["decoding"][0].tokens) < 100
    assert set(bench.ends(outputs)) == set(answers)
    bench.assert_all_free(engine)


def test_cancelling_before_samples_fork_ends_each_of_them(bench: Bench) -> None:
    engine = bench.engine()
    bench.add(engine, bench.request("r", [10], n=3))
    engine.cancel("r")
    outputs = bench.drain(engine)
    assert [(o.index, o.finish_reason, o.usage is None) for o in outputs if isinstance(o, Tokens)] == [
        (0, "cancelled", True),
        (1, "cancelled", True),
        (2, "cancelled", False),
    ]
    bench.assert_all_free(engine)


class Fault(RuntimeError):
    pass


def break_forward(engine: Engine, when: int) -> None:
    """Let the `when`-th forward pass from now fail half-way."""
    calls = [0]

    def fail(*_: Any) -> None:
        calls[0] += 1
        if calls[0] == when:
            raise Fault("injected")

    after_forward(engine, fail)


@pytest.mark.parametrize("when", [1, 2, 5, 9])
def test_a_failing_step_fails_its_requests_and_no_others(bench: Bench, when: int) -> None:
    engine = bench.engine(max_batch_tokens=32, max_running=4)
    break_forward(engine, when)
    requests = [
        bench.request(
            f"r{at}", [10 * at + 1, Medium(1, 2, 2, at), 3], text=at, n=1 + at % 2, max_tokens=6, ignore_eos=True
        )
        for at in range(6)
    ]
    for request in requests:
        bench.add(engine, request)
    outputs = bench.drain(engine)
    failed = {output.request_id: output for output in outputs if isinstance(output, Failed)}
    assert 0 < len(failed) <= 4
    assert all((f.error, f.code) == ("EngineFailure", "engine_failed") for f in failed.values())
    assert "injected" in str(next(iter(failed.values())).details["reason"])
    answers = bench.collect([o for o in outputs if isinstance(o, Tokens) and o.request_id not in failed])
    for request in requests:
        if request.request_id not in failed:
            assert [a.tokens for a in answers[request.request_id]] == [bench.greedy(request)] * request.sampling.n
    bench.assert_all_free(engine)


def test_a_picture_that_cannot_be_encoded_fails_those_who_show_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = bench.engine()
    right = engine._runner.encoder._patches
    poison = Medium(1, 3, 2, 99)

    def patches(span: VisualSpan, sequence: Any) -> Tensor:
        if span.key[0] == poison.key:
            raise Fault("cannot encode")
        return right(span, sequence)

    monkeypatch.setattr(engine._runner.encoder, "_patches", patches)
    good = [bench.request(f"good{at}", [5, Medium(1, 2, 3, at), 5], text=at) for at in range(3)]
    bad = [bench.request(f"bad{at}", [7, poison, 3], text=at) for at in range(2)]
    for request in (good[0], bad[0], good[1], bad[1], good[2]):
        bench.add(engine, request)
    outputs = bench.drain(engine)
    assert {o.request_id for o in outputs if isinstance(o, Failed)} == {"bad0", "bad1"}
    answers = bench.collect([o for o in outputs if isinstance(o, Tokens)])
    for request in good:
        assert answers[request.request_id][0].tokens == bench.greedy(request)
    bench.assert_all_free(engine)


def test_a_lost_device_is_told_to_the_caller(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's process must end then, and a new one take over: going on would fail every request."""
    engine = bench.engine()
    break_forward(engine, 1)

    def lost() -> None:
        raise Fault("device lost")

    monkeypatch.setattr(engine._runner, "check", lost)
    bench.add(engine, bench.request("r", [10]))
    with pytest.raises(Fault, match="device lost"):
        engine.step()


def test_a_loop_ends_with_its_own_reason(bench: Bench) -> None:
    engine = bench.engine(max_context=1024)
    loop = {65: 100.0}  # always the same token
    ask = {"max_tokens": 600, "logit_bias": loop, "ignore_eos": True}
    answers = bench.run(
        engine, [bench.request("off", [5], **ask), bench.request("on", [5], **ask, stop_repetition=True)]
    )
    assert (len(answers["off"][0].tokens), answers["off"][0].reason) == (600, "length")
    assert (len(answers["on"][0].tokens), answers["on"][0].reason) == (261, "repetition")


def test_stop_tokens(bench: Bench) -> None:
    """A stop token ends the answer and is not part of it; `min_tokens` and `ignore_eos` hold it off."""
    engine = bench.engine()
    free = bench.greedy(bench.request("free", [30], max_tokens=12, ignore_eos=True))
    eos = bench.config.eos_token_ids[0]
    stop = free[4]
    first = free.index(stop)

    def run(**sampling: Any) -> Any:
        return bench.run(engine, [bench.request("r", [30], **{"max_tokens": 12, **sampling})])["r"][0]

    stopped = run(stop_token_ids=(stop,), ignore_eos=True)
    assert (stopped.tokens, stopped.reason) == (free[:first], "stop")
    late = run(stop_token_ids=(stop,), ignore_eos=True, min_tokens=12)
    assert (len(late.tokens), late.reason) == (12, "length")
    assert stop not in late.tokens
    pushed = {"logit_bias": {eos: 100.0}}
    assert (run(**pushed).tokens, run(**pushed).reason) == ([], "stop")
    assert run(**pushed, ignore_eos=True).tokens == [eos] * 12
    assert len(run(**pushed, min_tokens=5).tokens) == 5


def test_penalties_follow_their_definitions(bench: Bench) -> None:
    engine = bench.engine(num_blocks=24, max_context=120)  # several at once preempt each other
    cases = [
        {"presence_penalty": 1.5},
        {"frequency_penalty": 0.7},
        {"repetition_penalty": 1.4},
        {"presence_penalty": -0.5, "frequency_penalty": 0.3, "repetition_penalty": 0.8},
    ]
    requests = [bench.request(f"r{at}", [25], max_tokens=40, ignore_eos=True, **case) for at, case in enumerate(cases)]
    answers = bench.run(engine, requests)
    assert engine.stats().preemptions > 0
    for request in requests:
        p, generated = request.sampling, []
        for _ in range(40):
            logits = bench.logits(request, generated)
            counts = torch.bincount(torch.tensor(generated, dtype=torch.long), minlength=len(logits)).float()
            seen = counts > 0
            seen[torch.tensor(request.token_ids)] = True
            factor = torch.where(logits > 0, 1 / p.repetition_penalty, p.repetition_penalty)
            logits = torch.where(seen, logits * factor, logits)
            logits = logits - p.frequency_penalty * counts - p.presence_penalty * (counts > 0)
            generated.append(int(logits.argmax()))
        assert answers[request.request_id][0].tokens == generated
    bench.assert_all_free(engine)


def test_nan_fails_its_request_and_does_not_spread(bench: Bench) -> None:
    """Blocks that held NaN are wiped: a later sequence's padding, or a prefix hit, would take them in."""
    engine = bench.engine(num_blocks=20)
    sick: list[str] = []

    def spoil(chunks: Sequence[Chunk], out: torch.Tensor) -> None:
        at = 0
        for chunk in chunks:
            if chunk.sequence.group.request.request_id in sick:
                out[at : at + chunk.length] = torch.nan
                engine._runner.cache.data[:, :, :, chunk.sequence.block_table[: chunk.sequence.num_blocks]] = torch.nan
            at += chunk.length

    after_forward(engine, spoil)
    good = [bench.request(f"good{n}", [n], text=n, max_tokens=20, ignore_eos=True) for n in (5, 30)]
    bench.add(engine, good[0])
    bench.add(engine, bench.request("sick", [40], temperature=0.8, logprobs=2, presence_penalty=1.0, n=2))
    engine.step()
    sick.append("sick")
    outputs = [output for _ in range(2) for output in engine.step()]
    (failed,) = [o for o in outputs if isinstance(o, Failed)]
    assert (failed.request_id, failed.code) == ("sick", "engine_failed")
    assert not engine._runner.cache.data.isnan().any()
    sick.clear()
    again = bench.request("sick", [40], max_tokens=5)
    for request in (good[1], again):
        bench.add(engine, request)
    outputs = bench.drain(engine)
    answers = bench.collect(outputs)
    assert answers["good30"][0].tokens == bench.greedy(good[1])
    assert answers["sick"][0].tokens == bench.greedy(again)
    assert bench.ends(outputs)["sick"].usage.cached_tokens == 0  # type: ignore[union-attr]
    bench.assert_all_free(engine)
