"""Steps that others wait in are bounded by what their prompts cost, not by how many tokens they have."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine_bench import Bench
from qwen3_vl_webui.engine.kv_cache import BlockPool
from qwen3_vl_webui.engine.scheduler import Scheduler, even_context
from qwen3_vl_webui.engine.vision_cache import VisionCache


def scheduler(even: int) -> Scheduler:
    return Scheduler(
        BlockPool(8, 16, prefix_cache=False), VisionCache(0), max_running=4, max_batch_tokens=2048,
        max_prompt_tokens=2048, max_encode_tokens=2048, even_context=even,
    )  # fmt: skip


def cost(tokens: int, start: int, even: int) -> float:
    """Of each token one, and as much again for every `even` tokens before it."""
    return tokens + tokens * (start + tokens / 2) / even


@settings(deadline=None)
@given(st.integers(1, 20_000), st.integers(0, 262_144), st.integers(1, 4096))
def test_as_many_tokens_as_the_budget_pays_for(even: int, start: int, budget: int) -> None:
    count = scheduler(even)._affordable(start, budget)
    assert count == 1 or cost(count, start, even) <= budget * (1 + 1e-9)
    assert cost(count + 2, start, even) > budget
    assert count <= budget


def test_a_long_prompt_takes_smaller_chunks_the_longer_its_past(bench: Bench) -> None:
    even = even_context(bench.config.text)
    engine = bench.engine(max_batch_tokens=64, max_context=1024, num_blocks=140, block_size=16)
    bench.add(engine, bench.request("talker", [4], max_tokens=200, ignore_eos=True))
    for _ in range(3):
        engine.step()
    prompt = bench.request("newcomer", [600])
    bench.add(engine, prompt)
    chunks: list[tuple[int, int]] = []
    schedule = engine._scheduler.schedule

    def watched(now: float) -> object:
        made = schedule(now)
        chunks.extend((one.start, one.length) for one in made.chunks if one.sequence.group.request is prompt)
        return made

    engine._scheduler.schedule = watched  # type: ignore[method-assign, assignment]
    while sum(length for _, length in chunks) < 600:
        engine.step()
    lengths = [length for _, length in chunks]
    assert lengths[:-1] == sorted(lengths[:-1], reverse=True)
    assert lengths[-2] < lengths[0] / 2
    assert all(cost(length, start, even) <= 64 for start, length in chunks)
    bench.drain(engine)
    bench.assert_all_free(engine)
