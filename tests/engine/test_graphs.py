"""Steps of a fixed shape: sizes that fit, block tables that follow, and prompts that go the same way as long ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine_bench import Answer, Bench, Medium, Part
from qwen3_vl_webui.engine.block_tables import BlockTables
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.graphs import (
    MIXED_DECODES,
    MIXED_PROMPTS,
    PROMPT_SIZES,
    PROMPTS,
    Shape,
    _leading,
    decode_sizes,
)
from qwen3_vl_webui.engine.request import EngineRequest
from qwen3_vl_webui.engine.scheduler import Chunk
from qwen3_vl_webui.engine.sequence import Sequence


@pytest.mark.parametrize("most", [1, 2, 3, 7, 8, 16, 33, 100, 128, 129, 256, 1000])
def test_every_number_of_sequences_has_a_size(most: int) -> None:
    sizes = decode_sizes(most)
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == most
    assert all(
        next(size for size in sizes if size >= count) < max(2 * count, count + 64) for count in range(1, most + 1)
    )


def test_tables_on_the_device_follow_those_of_the_sequences() -> None:
    """Through growth, replaced blocks, release and rows that change hands."""
    rng = np.random.default_rng(0)
    tables = BlockTables(4, 16, scratch=999, device=torch.device("cpu"))
    pool = [Sequence.__new__(Sequence) for _ in range(9)]
    for one in pool:
        one.block_table, one.num_blocks, one.table_sent = np.zeros(16, dtype=np.int64), 0, 0
    for _ in range(500):
        running = [one for one in pool if one.num_blocks]
        one = pool[int(rng.integers(len(pool)))]
        if not one.num_blocks and len(running) < 4:
            one.num_blocks = int(rng.integers(1, 6))
            one.block_table[: one.num_blocks] = rng.integers(0, 900, one.num_blocks)
        elif one.num_blocks and rng.random() < 0.2:
            one.num_blocks = one.table_sent = 0
        elif one.num_blocks and rng.random() < 0.5 and one.num_blocks < 16:
            one.block_table[one.num_blocks] = int(rng.integers(900))
            one.num_blocks += 1
        elif one.num_blocks:
            at = one.num_blocks - 1  # a copied block
            one.block_table[at] = int(rng.integers(900))
            one.table_sent = min(one.table_sent, at)
        running = [one for one in pool if one.num_blocks]
        for one, row in zip(running, tables.rows(running), strict=True):
            assert tables.data[row, : one.num_blocks].tolist() == one.block_table[: one.num_blocks].tolist()
        assert tables.data[tables.padding_row].eq(999).all()


@pytest.mark.parametrize(
    "step", [("decode", 1), ("decode", 8), ("text", 16), ("text", 64), ("pictures", 64), ("mixed", 128)]
)
def test_padding_alone_changes_nothing(bench: Bench, step: tuple[str, int]) -> None:
    engine = bench.engine(max_running=8, graphs=True)
    graphs, cache = engine._runner.graphs, engine._runner.cache
    assert graphs is not None
    cache.data.normal_()
    before = cache.data.clone()
    kind, size = step
    with torch.inference_mode():
        shapes = {
            "text": Shape(size, pictured=False, decodes=0, prompts=PROMPTS),
            "pictures": Shape(size, pictured=True, decodes=0, prompts=PROMPTS),
            "mixed": Shape(size, pictured=True, decodes=8, prompts=MIXED_PROMPTS),
        }
        graphs.pad_decode(size) if kind == "decode" else graphs.pad_prompts(shapes[kind])
    changed = (cache.data != before).any(dim=(0, 1, 2, 4, 5)).nonzero().flatten().tolist()  # type: ignore[call-overload]
    assert set(changed) <= {cache.scratch}


def test_prompts_of_all_sizes_are_answered_alike(bench: Bench) -> None:
    """Around each size and beyond the largest, several at once, with pictures among them, in chunks or whole."""
    lengths = [1, *(size + more for size in PROMPT_SIZES[:6] for more in (0, 1)), PROMPT_SIZES[-1] + 1]
    requests = [bench.request(f"r{n}", [n], text=n, max_tokens=3, ignore_eos=True) for n in lengths]
    requests += [bench.request(f"many{n}", [5 + n], text=n, n=3, max_tokens=3, ignore_eos=True) for n in range(PROMPTS)]
    requests.append(bench.request("picture", [5, Medium(1, 2, 2, 1), 9], max_tokens=3, ignore_eos=True))
    for budget in (64, 4096):
        engine = bench.engine(max_batch_tokens=budget, max_running=16, max_context=1900, num_blocks=2000)
        answers = bench.run(engine, requests)
        for request in requests:
            assert [answer.tokens for answer in answers[request.request_id]] == (
                [bench.greedy(request)] * request.sampling.n
            ), request.request_id
        bench.assert_all_free(engine)


def pictured(bench: Bench) -> list[EngineRequest]:
    """Prompts with pictures: at their ends, several, of a few sizes, exactly as long as a size, and a video."""
    parts: list[list[Part]] = [
        [Medium(1, 2, 2, 1)],
        [5, Medium(1, 2, 3, 2), Medium(1, 4, 2, 3), 9],
        [Medium(1, 3, 5, 4), 200],
        [64 - 2 - 16 - 3, Medium(1, 4, 4, 5), 3],  # with start and end of the picture 64
        [7, Medium(5, 2, 4, 6), 30],
        [400, Medium(1, 6, 6, 7), 1],
    ]
    return [bench.request(f"p{n}", each, text=n, max_tokens=4, ignore_eos=True) for n, each in enumerate(parts)]


def test_prompts_with_pictures_are_answered_alike(bench: Bench) -> None:
    """One by one and together, in chunks that cut pictures or whole, among prompts of text."""
    requests = pictured(bench)
    assert len(requests[3].token_ids) in PROMPT_SIZES
    text = [bench.request(f"t{n}", [n], text=n, max_tokens=3, ignore_eos=True) for n in (4, 90)]
    for budget in (24, 4096):
        engine = bench.engine(max_batch_tokens=budget, max_running=16, max_context=600)
        for batch in ([requests[0]], [requests[3]], requests[1:3], [*text, *requests[4:]]):
            answers = bench.run(engine, batch)
            for request in batch:
                assert answers[request.request_id][0].tokens == bench.greedy(request), request.request_id
        bench.assert_all_free(engine)


def test_steps_with_pictures_keep_their_shape(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """They go through the sizes, whatever was computed in the same buffers before, and none kernel by kernel."""
    engine = bench.engine(graphs=True, max_batch_tokens=1024, max_context=600, prefix_cache=False)
    graphs = engine._runner.graphs
    assert graphs is not None
    monkeypatch.setattr(engine._runner, "_forward", None)
    for request in [*pictured(bench), *reversed(pictured(bench))]:
        graphs._features[:, ::3].fill_(7.0)
        answers = bench.run(engine, [request])
        assert answers[request.request_id][0].tokens == bench.greedy(request), request.request_id
    assert all(shape.pictured for shape in graphs._prompts)
    assert {shape.size for shape in graphs._prompts} <= set(PROMPT_SIZES)


def newcomers(bench: Bench) -> dict[int, list[EngineRequest]]:
    """Texts, pictures and samples to be forked, one by one and many at once, by the step before which they come."""
    early = [bench.request(f"early{n}", [3 + 5 * n], text=n, max_tokens=30, ignore_eos=True) for n in range(3)]
    late = [bench.request(f"late{n}", [2 + n], text=50 + n, max_tokens=4, ignore_eos=True) for n in range(12)]
    late.append(bench.request("forked", [9], text=70, n=3, max_tokens=4, ignore_eos=True))
    return {0: early, 4: pictured(bench)[:1], 7: [late[0]], 11: pictured(bench)[1:], 14: late[1:]}


def answers_to_newcomers(bench: Bench, engine: Engine) -> list[tuple[EngineRequest, list[Answer]]]:
    arrivals, outputs = newcomers(bench), []
    steps = 0
    while engine.has_work or steps <= max(arrivals):
        for request in arrivals.get(steps, []):
            bench.add(engine, request)
        assert engine._runner.graphs is not None
        engine._runner.graphs._features[:, ::3].fill_(7.0)
        outputs += engine.step()
        steps += 1
    answers = bench.collect(outputs)
    return [(request, answers[request.request_id]) for batch in arrivals.values() for request in batch]


@pytest.mark.parametrize("overlap", [False, True])
def test_newcomers_beside_those_who_decode_keep_the_shapes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, overlap: bool
) -> None:
    """All in shapes, answered as alone."""
    engine = bench.engine(
        graphs=True, overlap=overlap, max_batch_tokens=1024, max_running=40, max_context=600, num_blocks=2000,
        prefix_cache=False,
    )  # fmt: skip
    monkeypatch.setattr(engine._runner, "_forward", None)
    for request, answers in answers_to_newcomers(bench, engine):
        assert [answer.tokens for answer in answers] == [bench.greedy(request)] * request.sampling.n, request.request_id
    assert engine._runner.graphs is not None
    mixed = [shape for shape in engine._runner.graphs._prompts if shape.decodes]
    assert {shape.decodes for shape in mixed} == {MIXED_DECODES}
    assert len(mixed) > 2
    bench.assert_all_free(engine)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(("dtype", "block_size"), [("bfloat16", 8), ("float16", 8), ("bfloat16", 128)])
def test_captured_steps_with_newcomers_give_right_answers(tiny_checkpoint: Path, dtype: str, block_size: int) -> None:
    """Computed, captured, and replayed twice; blocks of 128 bring the tiles that GPUs are given."""
    bench = Bench(tiny_checkpoint, device="cuda", dtype=dtype, slack=0.1)
    engine = bench.engine(
        max_batch_tokens=1024, max_running=40, max_context=600, num_blocks=2000, block_size=block_size,
        prefix_cache=False,
    )  # fmt: skip
    for _ in range(4):
        for request, answers in answers_to_newcomers(bench, engine):
            assert all(bench.is_right(request, answer.tokens) for answer in answers), request.request_id
    assert engine._runner.graphs is not None
    # The first round encodes the pictures, the others find their features: a shape of the first may not come again.
    mixed = [step for shape, step in engine._runner.graphs._prompts.items() if shape.decodes and step.uses > 1]
    assert len(mixed) > 2
    assert all(step.graph is not None for step in mixed)


def test_who_decodes_again_behind_a_prompt_is_computed_as_one(bench: Bench) -> None:
    """A preempted sequence whose blocks are still known has one token to compute, behind others' prompts of one."""
    engine = bench.engine(graphs=True, max_running=4)
    graphs = engine._runner.graphs
    assert graphs is not None
    groups = [bench.request(f"r{n}", [20], text=n, max_tokens=9, ignore_eos=True) for n in range(3)]
    for request in groups:
        bench.add(engine, request)
    for _ in range(3):
        engine.step()
    first, second, third = engine._scheduler.running
    chunks = [Chunk(first, len(first) - 1, 1), Chunk(second, 5, 1), Chunk(third, len(third) - 1, 1)]
    shape = graphs.shape_for(chunks, 2)
    assert shape is not None
    assert (shape.decodes, _leading(chunks)) == (4, 1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_captured_prompts_give_what_launched_ones_give(tiny_checkpoint: Path, dtype: str) -> None:
    """Each size computed, then captured, then replayed; greedy answers as right as without graphs."""
    bench = Bench(tiny_checkpoint, device="cuda", dtype=dtype, slack=0.1)
    engine = bench.engine(max_batch_tokens=1024, max_context=600, prefix_cache=False)
    graphs = engine._runner.graphs
    assert graphs is not None
    for _ in range(4):
        for request in pictured(bench):
            (answer,) = bench.run(engine, [request])[request.request_id]
            assert bench.is_right(request, answer.tokens), request.request_id
    replayed = [step for shape, step in graphs._prompts.items() if shape.pictured]
    assert replayed
    assert all(step.graph is not None for step in replayed)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_replay_gives_the_numbers_of_the_step_it_was_captured_from(tiny_checkpoint: Path) -> None:
    """Hidden states of padded prompts with features: computed, then captured and replayed, then replayed again."""
    bench = Bench(tiny_checkpoint, device="cuda", dtype="bfloat16", slack=0.1)
    engine = bench.engine(max_batch_tokens=2048, max_context=600, prefix_cache=False)
    graphs = engine._runner.graphs
    assert graphs is not None
    seen: list[torch.Tensor] = []
    choose = graphs._choose_after

    def watched(hidden: torch.Tensor, count: int) -> Any:
        seen.append(hidden[:count].clone())
        return choose(hidden, count)

    graphs._choose_after = watched  # type: ignore[method-assign]
    for request in pictured(bench):
        seen.clear()
        for _ in range(3):
            bench.run(engine, [request])
        assert len(seen) == 3
        assert torch.equal(seen[2], seen[1]), request.request_id
        assert (seen[1] - seen[0]).norm() <= 0.01 * seen[0].norm(), request.request_id


def test_what_cannot_be_captured_is_computed(bench: Bench) -> None:
    """For want of memory, say; the answers are the same, and getting ready comes to an end."""
    engine = bench.engine(graphs=True)
    graphs = engine._runner.graphs
    assert graphs is not None
    tries = []

    def capture(compute: Any) -> Any:
        tries.append(compute)
        raise torch.OutOfMemoryError("no room for a graph")

    graphs.capture, engine._warming = capture, True  # type: ignore[assignment]
    steps = 0
    while engine.warm_up():
        steps += 1
        assert steps < 100
    assert tries
    requests = [bench.request(f"r{n}", [n], text=n, max_tokens=6, ignore_eos=True) for n in (3, 20, 40)]
    answers = bench.run(engine, requests)
    for request in requests:
        assert answers[request.request_id][0].tokens == bench.greedy(request)
