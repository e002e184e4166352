"""The engine answers as the network would alone, whatever the batch, the chunks, the caches and the arrivals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from engine_bench import Bench, Medium, Part
from qwen3_vl_webui.engine import engine as engines
from qwen3_vl_webui.engine import runner
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import EngineRequest

SMALL, WIDE, TALL = Medium(1, 2, 2, 1), Medium(1, 2, 5, 2), Medium(1, 6, 3, 3)
CLIP, ODD = Medium(4, 2, 3, 4), Medium(5, 3, 2, 5)
PROMPTS: list[list[Part]] = [
    [1],
    [7],
    [8],
    [9],
    [40],
    [130],
    [SMALL],
    [3, SMALL, 5],
    [WIDE, 2],
    [11, TALL, 17],
    [SMALL, WIDE, TALL],
    [4, TALL, 1, TALL, 6],
    [CLIP, 4],
    [6, ODD, 3],
    [2, CLIP, 9, SMALL, 8],
    [WIDE, 5, ODD, 5],
    [30, SMALL, 30, CLIP, 30],
    [16, SMALL],
    [15, WIDE, 15],
    [64, TALL],
    [5, Medium(7, 2, 2, 6), 2, Medium(1, 4, 4, 7), 3],
    [200],
]


@pytest.fixture(scope="session")
def requests(bench: Bench) -> list[EngineRequest]:
    return [
        bench.request(f"prompt-{at}", parts, text=at, max_tokens=8 + at % 7, ignore_eos=at % 2 == 0)
        for at, parts in enumerate(PROMPTS)
    ]


def check(bench: Bench, requests: Sequence[EngineRequest], answers: dict[str, list[Any]]) -> None:
    for request in requests:
        (answer,) = answers[request.request_id]
        assert answer.tokens == bench.greedy(request), request.request_id
        assert answer.reason == ("length" if len(answer.tokens) == request.sampling.max_tokens else "stop")


def test_alone(bench: Bench, requests: list[EngineRequest]) -> None:
    engine = bench.engine()
    for request in requests:
        check(bench, [request], bench.run(engine, [request]))
    bench.assert_all_free(engine)


@pytest.mark.parametrize("prefix_cache", [True, False])
@pytest.mark.parametrize("chunk", [16, 33, 128, 512])
def test_batched_with_random_arrivals(
    bench: Bench, requests: list[EngineRequest], chunk: int, prefix_cache: bool
) -> None:
    engine = bench.engine(max_batch_tokens=chunk, prefix_cache=prefix_cache)
    rng = np.random.default_rng(chunk)
    outputs = []
    for at in rng.permutation(len(requests)):
        bench.add(engine, requests[at])
        for _ in range(rng.integers(0, 4)):
            outputs += engine.step()
    check(bench, requests, bench.collect(outputs + bench.drain(engine)))
    bench.assert_all_free(engine)


@pytest.mark.parametrize("prefix_cache", [True, False])
@pytest.mark.parametrize("chunk", [16, 64])
def test_preemption_changes_nothing(bench: Bench, chunk: int, prefix_cache: bool) -> None:
    """A cache that holds two or three of the prompts, and a vision cache that holds no picture beyond its use."""
    engine = bench.engine(
        max_batch_tokens=chunk, num_blocks=58, block_size=4, prefix_cache=prefix_cache, vision_cache_bytes=0
    )
    longer = [
        bench.request(f"longer-{at}", parts, text=at, max_tokens=30, ignore_eos=True)
        for at, parts in enumerate(PROMPTS)
        if at % 2
    ]
    check(bench, longer, bench.run(engine, longer))
    assert engine.stats().preemptions > 0
    bench.assert_all_free(engine)


def test_a_second_run_hits_the_prefix_cache(bench: Bench, requests: list[EngineRequest]) -> None:
    engine = bench.engine(num_blocks=1024)
    bench.run(engine, requests)
    again = [bench.request(r.request_id, PROMPTS[at], text=at, max_tokens=20) for at, r in enumerate(requests)]
    for request in again:
        bench.add(engine, request)
    outputs = bench.drain(engine)
    check(bench, again, bench.collect(outputs))
    for name, end in bench.ends(outputs).items():
        assert end.usage is not None
        full = (end.usage.prompt_tokens - 1) // 8 * 8  # whole blocks, and one token is always computed
        assert end.usage.cached_tokens == full, name
    bench.assert_all_free(engine)


@pytest.mark.parametrize("shared", range(1, 30, 3))
def test_a_prefix_that_ends_within_a_picture(bench: Bench, shared: int) -> None:
    """Only the rest of the picture enters the batch, and with the right rows of its features."""
    picture = Medium(1, 5, 5, 11)
    engine = bench.engine(block_size=1, vision_cache_bytes=0)
    first = bench.request("first", [3, picture, 4], text=1)
    # the same up to `shared`, then nothing of it: the cache is cut by dropping the rest of the blocks
    bench.run(engine, [first])
    for block, digest in enumerate(engine._blocks._hashes):
        if digest is not None and digest not in bench_hashes(engine, bench, first)[:shared]:
            del engine._blocks._index[digest]
            engine._blocks._hashes[block] = None
    bench.add(engine, first)
    outputs = bench.drain(engine)
    assert bench.collect(outputs)["first"][0].tokens == bench.greedy(first)
    usage = bench.ends(outputs)["first"].usage
    assert usage is not None
    assert usage.cached_tokens == shared
    bench.assert_all_free(engine)


def bench_hashes(engine: Any, bench: Bench, request: EngineRequest) -> list[bytes]:
    from qwen3_vl_webui.engine.admission import make_group
    from qwen3_vl_webui.engine.sequence import Sequence as Sample

    group = make_group(request, bench.pixels(request), config=bench.config, max_context=512, max_running=8, now=0.0)
    sample = Sample(group, 0, 512)
    engine._blocks.extend_hashes(sample, len(sample) - 1)
    return sample.hashes


def test_another_picture_behind_the_same_tokens_is_another_prefix(bench: Bench) -> None:
    engine = bench.engine()
    for seed in (21, 22):
        request = bench.request("same", [4, Medium(1, 4, 4, seed), 4], text=5)
        bench.add(engine, request)
        outputs = bench.drain(engine)
        assert bench.collect(outputs)["same"][0].tokens == bench.greedy(request)
        usage = bench.ends(outputs)["same"].usage
        assert usage is not None
        assert usage.cached_tokens == 0  # the picture begins in the first block


def test_salts_do_not_share(bench: Bench) -> None:
    engine = bench.engine()
    cached = []
    for salt in ("", "", "other"):
        bench.add(engine, bench.request("r", [50], text=9, salt=salt))
        usage = bench.ends(bench.drain(engine))["r"].usage
        assert usage is not None
        cached.append(usage.cached_tokens)
    assert cached == [0, 48, 0]


def test_samples_share_the_prompt_and_are_as_if_asked_alone(bench: Bench) -> None:
    parts: list[Part] = [21, SMALL, 6]
    settings = {"temperature": 1.5, "seed": 5, "max_tokens": 20, "ignore_eos": True}
    engine = bench.engine()
    bench.add(engine, bench.request("n", parts, n=4, **settings))
    outputs = engine.step()
    # 21 + 4 + 2 + 6 tokens in blocks of 8: all shared, none copied yet
    assert engine.stats().blocks_total - engine.stats().blocks_free == 5
    assert engine.stats().running == 4
    outputs += bench.drain(engine)
    answers = bench.collect(outputs)
    bench.assert_all_free(engine)
    assert bench.ends(outputs)["n"].usage.completion_tokens == 80  # type: ignore[union-attr]
    assert len({tuple(answer.tokens) for answer in answers["n"]}) > 1
    tight = bench.engine(num_blocks=10, block_size=8)  # less than four samples need
    again = bench.run(tight, [bench.request("n", parts, n=4, **settings)])
    assert tight.stats().preemptions > 0
    assert [a.tokens for a in again["n"]] == [a.tokens for a in answers["n"]]
    bench.assert_all_free(tight)


def test_usage_and_timings_are_told_once_at_the_end(bench: Bench) -> None:
    engine = bench.engine()
    bench.add(engine, bench.request("r", [9, CLIP, 2], n=2, max_tokens=5, ignore_eos=True, temperature=1.0))
    ends = [o for o in bench.drain(engine) if o.usage is not None]  # type: ignore[union-attr]
    (end,) = ends
    assert end.usage.prompt_tokens == 9 + 2 * (6 + 2) + 2  # type: ignore[union-attr]
    assert end.usage.visual_tokens == 12  # type: ignore[union-attr]
    assert end.usage.completion_tokens == 10  # type: ignore[union-attr]
    timings = end.timings  # type: ignore[union-attr]
    assert timings is not None
    assert 0 <= timings.queued <= timings.first_token <= timings.total


def test_logprobs_are_the_networks_own(bench: Bench) -> None:
    engine = bench.engine()
    plain = bench.request("r", [12, SMALL, 3], max_tokens=6, ignore_eos=True)
    shaped = bench.request(
        "r", [12, SMALL, 3], max_tokens=6, ignore_eos=True, logprobs=5, temperature=0.7, top_k=20,
        presence_penalty=1.5, seed=3,
    )  # fmt: skip
    answer = bench.run(engine, [shaped])["r"][0]
    assert len(answer.logprobs) == len(answer.tokens) == 6
    for at, (token, told) in enumerate(zip(answer.tokens, answer.logprobs, strict=True)):
        right = bench.logits(plain, answer.tokens[:at]).log_softmax(-1)
        assert told.token_id == token
        assert told.logprob == pytest.approx(float(right[token]), abs=1e-4)
        best = right.topk(5)
        assert [pair[0] for pair in told.top] == best.indices.tolist()
        torch.testing.assert_close(torch.tensor([pair[1] for pair in told.top]), best.values, atol=1e-4, rtol=0)


def test_a_seeded_request_is_the_same_in_any_company(bench: Bench, requests: list[EngineRequest]) -> None:
    def with_seed(name: str, number: int) -> EngineRequest:
        return bench.request(
            name, [10, SMALL, 4], text=77, seed=number, temperature=0.9, top_p=0.9, top_k=50, min_p=0.01,
            repetition_penalty=1.1, frequency_penalty=0.2, max_tokens=24, ignore_eos=True,
        )  # fmt: skip

    alone = bench.run(bench.engine(), [with_seed("s", 42)])["s"][0].tokens
    for settings in ({}, {"max_batch_tokens": 16}, {"num_blocks": 40, "block_size": 4}):
        engine = bench.engine(**{"max_context": 150, **settings})
        company = [r for r in requests if len(r.token_ids) < 130]
        crowd = [*company[:6], with_seed("s", 42), *company[6:], with_seed("other", 43)]
        answers = bench.run(engine, crowd)
        assert answers["s"][0].tokens == alone
        assert answers["other"][0].tokens != alone


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_in_half_precision_each_token_is_the_networks_best_but_for_rounding(bench: Bench, dtype: str) -> None:
    """On a CPU as on a GPU: the number formats that real checkpoints run in, loaded by the engine itself."""
    config = EngineConfig(
        checkpoint=str(bench.folder), dtype=dtype, max_context=512, num_blocks=256, max_batch_tokens=64, max_running=4
    )  # fmt: skip
    engine = Engine(config)
    asked = [
        bench.request(f"half-{at}", parts, text=at, max_tokens=12, ignore_eos=True, logprobs=0)
        for at, parts in enumerate([[5], [90], [12, SMALL, 5], [CLIP, 30]])
    ]
    answers = bench.run(engine, asked)
    for request in asked:
        tokens = answers[request.request_id][0].tokens
        for at, token in enumerate(tokens):
            right = bench.logits(request, tokens[:at])
            assert right.max() - right[token] < 0.1 * right.std(), (request.request_id, at)
    bench.assert_all_free(engine)


def test_small_steps_run_on_one_thread_and_leave_the_setting_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = bench.engine()
    right, seen = engine._runner._run, []

    def run(schedule: Any, rows: Any, unread: Any) -> Any:
        seen.append(torch.get_num_threads())
        return right(schedule, rows, unread)

    monkeypatch.setattr(engine._runner, "_run", run)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        bench.run(engine, [bench.request("r", [10, SMALL], max_tokens=3, ignore_eos=True)])
        monkeypatch.setattr(runner, "SERIAL_WORK", 0)
        bench.run(engine, [bench.request("r", [9], max_tokens=1, ignore_eos=True)])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 1, 1, 2]


def test_a_containers_quota_limits_the_threads(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        bench.engine()
        assert torch.get_num_threads() == min(2, engines.available_cores())
        monkeypatch.setattr(engines, "available_cores", lambda: 1)
        bench.engine()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
