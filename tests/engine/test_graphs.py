"""Steps of a fixed shape: sizes that fit, block tables that follow, and prompts that go the same way as long ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from engine_bench import Bench, Medium
from qwen3_vl_webui.engine.block_tables import BlockTables
from qwen3_vl_webui.engine.graphs import PROMPT_SIZES, PROMPTS, decode_sizes
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


@pytest.mark.parametrize(("size", "prompts"), [(1, False), (8, False), (16, True), (64, True)])
def test_padding_alone_changes_nothing(bench: Bench, size: int, prompts: bool) -> None:
    engine = bench.engine(max_running=8, graphs=True)
    graphs, cache = engine._runner.graphs, engine._runner.cache
    assert graphs is not None
    cache.data.normal_()
    before = cache.data.clone()
    with torch.inference_mode():
        graphs.pad(size, prompts)
    changed = (cache.data != before).any(dim=(0, 1, 2, 4, 5)).nonzero().flatten().tolist()  # type: ignore[call-overload]
    assert set(changed) <= {cache.scratch}


def test_prompts_of_all_sizes_are_answered_alike(bench: Bench) -> None:
    """Around each size and beyond the largest, several at once, with pictures among them, in chunks or whole."""
    lengths = [1, *(size + more for size in PROMPT_SIZES[:6] for more in (0, 1)), PROMPT_SIZES[-1] + 1]
    requests = [bench.request(f"r{n}", [n], text=n, max_tokens=3, ignore_eos=True) for n in lengths]
    requests += [bench.request(f"many{n}", [5 + n], text=n, n=3, max_tokens=3, ignore_eos=True) for n in range(PROMPTS)]
    requests.append(bench.request("picture", [5, Medium(1, 2, 2, 1), 9], max_tokens=3, ignore_eos=True))
    for budget in (64, 4096):
        engine = bench.engine(max_batch_tokens=budget, max_running=16, max_context=1100, num_blocks=2000)
        answers = bench.run(engine, requests)
        for request in requests:
            assert [answer.tokens for answer in answers[request.request_id]] == (
                [bench.greedy(request)] * request.sampling.n
            ), request.request_id
        bench.assert_all_free(engine)


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
