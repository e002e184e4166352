"""Block accounting, the prefix index and the order in which cached blocks are given up."""

from __future__ import annotations

import numpy as np
import psutil
import pytest
import torch

from engine_bench import Bench
from qwen3_vl_webui.engine.admission import make_group
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.kv_cache import BlockPool, KVCache
from qwen3_vl_webui.engine.memory import bytes_per_block, plan_num_blocks
from qwen3_vl_webui.engine.sequence import Sequence


def sequence(bench: Bench, length: int, text: int = 0, salt: str = "") -> Sequence:
    request = bench.request("r", [length], text=text, salt=salt)
    group = make_group(request, {}, config=bench.config, max_context=4096, max_running=8, now=0.0)
    return Sequence(group, 0, 64)


def computed(pool: BlockPool, one: Sequence) -> list[int]:
    """Admit a sequence and pretend that its prompt was computed; its blocks."""
    assert pool.admit(one, pool.match(one))
    before, one.num_computed = one.num_computed, len(one)
    pool.register(one, before, one.num_computed)
    return one.block_table[: one.num_blocks].tolist()


def test_a_cached_prefix_is_shared_and_always_leaves_a_token(bench: Bench) -> None:
    pool = BlockPool(20, 4, prefix_cache=True)
    first = computed(pool, sequence(bench, 16))
    again = sequence(bench, 16)
    assert pool.match(again) == first[:3]
    longer = sequence(bench, 17)  # the same random stream, one token more
    assert pool.match(longer) == first
    assert pool.match(sequence(bench, 16, text=1)) == []
    assert pool.match(sequence(bench, 16, salt="else")) == []
    assert pool.admit(again, pool.match(again))
    assert [pool.references[block] for block in first] == [2, 2, 2, 1]


def test_blocks_nobody_holds_are_reused_oldest_first_and_tails_before_heads(bench: Bench) -> None:
    pool = BlockPool(8, 4, prefix_cache=True)
    old, new = sequence(bench, 16), sequence(bench, 16, text=1)
    old_blocks, new_blocks = computed(pool, old), computed(pool, new)
    pool.release(old)
    pool.release(new)
    assert pool.num_free == 8
    other = sequence(bench, 24, text=2)
    assert pool.admit(other, [])
    assert other.block_table[: other.num_blocks].tolist() == [*old_blocks[::-1], new_blocks[3], new_blocks[2]]
    assert pool.match(sequence(bench, 16)) == []
    assert pool.match(sequence(bench, 16, text=1)) == new_blocks[:2]


def test_admission_is_all_or_nothing(bench: Bench) -> None:
    pool = BlockPool(8, 4, prefix_cache=True)
    held = sequence(bench, 12)
    computed(pool, held)
    assert not pool.admit(one := sequence(bench, 22, text=1), [])
    assert not pool.admit(one := sequence(bench, 20, text=1), [], spare=1)
    assert (one.num_blocks, pool.num_free) == (0, 5)
    pool.release(held)
    # its three cached blocks are free, but taking them as a prefix uses them up
    longer = sequence(bench, 33)
    assert not pool.admit(longer, pool.match(longer))
    assert pool.num_free == 8
    exact = sequence(bench, 32)
    assert pool.admit(exact, pool.match(exact))
    assert pool.num_free == 0


def test_a_shared_block_is_copied_before_it_is_written(bench: Bench) -> None:
    pool = BlockPool(4, 4, prefix_cache=True)
    parent = sequence(bench, 6)
    blocks = computed(pool, parent)
    child = parent.fork(1)
    pool.share(child)
    done, copy = pool.make_room(parent)
    assert done
    assert copy is not None
    assert copy[0] == blocks[1]
    assert parent.block_table[1] == copy[1] != blocks[1]
    assert pool.make_room(child) == (True, None)  # the last holder writes in place
    pool.release(parent)
    pool.release(child)
    assert pool.num_free == 4


def test_copies_read_before_they_write() -> None:
    cache = KVCache(
        num_layers=2,
        num_blocks=4,
        block_size=2,
        num_kv_heads=1,
        head_dim=2,
        dtype=torch.float32,
        device=torch.device("cpu"),
    )
    cache.data.copy_(torch.arange(5.0).view(1, 1, 1, 5, 1, 1).expand_as(cache.data))
    cache.copy([(0, 1), (1, 2)])
    assert cache.data[1, 1, 0, :, 1, 1].tolist() == [0, 0, 1, 3, 4]


def test_hashes_cover_generated_tokens_and_stay_the_same_in_pieces(bench: Bench) -> None:
    pool = BlockPool(20, 4, prefix_cache=True)
    whole, pieces = sequence(bench, 10), sequence(bench, 10)
    whole.generated = pieces.generated = list(range(9))
    pool.extend_hashes(whole, 4)
    for count in (1, 2, 4):
        pool.extend_hashes(pieces, count)
    assert whole.hashes == pieces.hashes
    assert len(set(whole.hashes)) == 4
    other = sequence(bench, 10)
    other.generated = [*range(5), 99]
    pool.extend_hashes(other, 4)
    assert [a == b for a, b in zip(whole.hashes, other.hashes, strict=True)] == [True, True, True, False]


def test_tokens_and_positions_continue_the_prompt(bench: Bench) -> None:
    one = sequence(bench, 5)
    one.generated = [7, 8, 9]
    everything = [*one.group.prompt.tolist(), 7, 8, 9]
    for start in range(8):
        for end in range(start + 1, 9):
            assert one.tokens(start, end).tolist() == everything[start:end]
            assert np.array_equal(one.positions(start, end), np.tile(np.arange(start, end), (3, 1)))


@pytest.mark.parametrize(("settings", "blocks"), [({"num_blocks": 7}, 7), ({"kv_cache_bytes": 10_000_000}, 0)])
def test_planning(bench: Bench, settings: dict[str, int], blocks: int) -> None:
    config = EngineConfig(checkpoint="x", max_running=64, **settings)  # type: ignore[arg-type]
    size = bytes_per_block(config, bench.model.config.text)
    assert size == 4 * 2 * 2 * 32 * 4 * 16  # layers, keys and values, heads, width, bytes, tokens
    assert plan_num_blocks(config, bench.model) == (blocks or 10_000_000 // size)
    free = EngineConfig(checkpoint="x", max_running=1, max_context=64)
    assert plan_num_blocks(free, bench.model) == 4  # no more than can ever be used


def test_an_empty_cache_on_the_cpu_is_zero_and_takes_no_memory() -> None:
    before = psutil.Process().memory_info().rss
    cache = KVCache(
        num_layers=2,
        num_blocks=4095,
        block_size=16,
        num_kv_heads=8,
        head_dim=128,
        dtype=torch.bfloat16,
        device=torch.device("cpu"),
    )
    assert cache.data.nbytes == 512 << 20
    assert psutil.Process().memory_info().rss - before < 64 << 20
    assert not cache.data[:, :, :, 4000:4010].any()
