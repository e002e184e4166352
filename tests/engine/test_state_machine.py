"""After any schedule of requests, cancellations and failures, answers are right and everything is free."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from torch import Tensor

from engine_bench import Bench, Medium, Part, after_forward
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import EngineOutput, EngineRequest, Failed, Tokens
from qwen3_vl_webui.engine.sequence import VisualSpan
from qwen3_vl_webui.errors import QueueFull

MEDIA = [Medium(1, 2, 2, 1), Medium(1, 3, 4, 2), Medium(4, 2, 2, 3), Medium(3, 2, 3, 4)]
PARTS: list[list[Part]] = [
    [3], [20], [45], [20, MEDIA[0]], [8, MEDIA[1], 5], [MEDIA[2], 9], [8, MEDIA[1], MEDIA[3], 2], [70],
]  # fmt: skip


class Fault(RuntimeError):
    pass


class EngineMachine(RuleBasedStateMachine):
    bench: Bench

    def __init__(self) -> None:
        super().__init__()
        self.engine: Engine
        self.asked: dict[str, EngineRequest] = {}
        self.cancelled: set[str] = set()
        self.outputs: list[EngineOutput] = []
        self.broken_forward = self.broken_encode = False

    @initialize(
        blocks=st.sampled_from([28, 40, 200]),
        chunk=st.sampled_from([8, 24, 200]),
        prefix_cache=st.booleans(),
        vision=st.sampled_from([0, 1 << 20]),
        alone=st.sampled_from([None, 60]),
    )
    def build(self, blocks: int, chunk: int, prefix_cache: bool, vision: int, alone: int | None) -> None:
        self.engine = self.bench.engine(
            num_blocks=blocks, block_size=4, max_batch_tokens=chunk, prefix_cache=prefix_cache,
            vision_cache_bytes=vision, max_prompt_tokens=alone, max_running=4, max_waiting=6, max_context=110,
        )  # fmt: skip
        runner = self.engine._runner
        patches = runner.encoder._patches

        def fail(*_: Any) -> None:
            if self.broken_forward:
                self.broken_forward = False
                raise Fault("forward")

        def faulty_patches(span: VisualSpan, sequence: Any) -> Tensor:
            if self.broken_encode:
                raise Fault("encode")
            return patches(span, sequence)

        after_forward(self.engine, fail)
        runner.encoder._patches = faulty_patches  # type: ignore[method-assign]

    @rule(
        parts=st.sampled_from(range(len(PARTS))),
        n=st.sampled_from([1, 1, 1, 2, 3]),
        tokens=st.integers(1, 14),
        penalty=st.booleans(),
        repeat=st.integers(1, 3),
    )
    def ask(self, parts: int, n: int, tokens: int, penalty: bool, repeat: int) -> None:
        for _ in range(repeat):
            name = f"r{len(self.asked)}"
            request = self.bench.request(
                name, PARTS[parts], text=parts, n=n, max_tokens=tokens, ignore_eos=True,
                presence_penalty=1e-6 if penalty else 0.0,
            )  # fmt: skip
            stats = self.engine.stats()
            try:
                self.bench.add(self.engine, request)
            except QueueFull:
                assert stats.waiting >= 6, "refused although the queue has room"
                return
            assert stats.waiting < 6 + 4
            self.asked[name] = request

    @rule(steps=st.integers(1, 8))
    def step(self, steps: int) -> None:
        for _ in range(steps):
            self.outputs += self.engine.step()

    @rule(which=st.integers(0, 1000))
    def cancel(self, which: int) -> None:
        if self.asked:
            name = f"r{which % len(self.asked)}"
            self.cancelled.add(name)
            self.engine.cancel(name)

    @rule()
    def break_next_forward(self) -> None:
        self.broken_forward = True

    @rule(broken=st.booleans())
    def break_encoding(self, broken: bool) -> None:
        self.broken_encode = broken

    @invariant()
    def accounts_balance(self) -> None:
        if not hasattr(self, "engine"):
            return
        scheduler, pool, vision = self.engine._scheduler, self.engine._blocks, self.engine._vision
        held = Counter(b for s in scheduler.running for b in s.block_table[: s.num_blocks].tolist())
        assert pool.references == [held[block] for block in range(pool.num_blocks)]
        assert set(pool._free) == {block for block in range(pool.num_blocks) if not held[block]}
        assert all(pool._hashes[block] == digest for digest, block in pool._index.items())
        pins = Counter(key for s in scheduler.running for key in s.pinned)
        assert vision._pins == pins
        assert vision.size == sum(feature.nbytes for feature in vision._features.values())
        everyone = [*scheduler.running, *scheduler.waiting]
        assert len(set(map(id, everyone))) == len(everyone)
        assert {id(s) for g in self.engine._groups.values() for s in g.sequences} == set(map(id, everyone))
        assert sum(s.group.slots for s in scheduler.running) <= 4
        assert all(s.num_blocks == 0 and not s.pinned for s in scheduler.waiting)

    def teardown(self) -> None:
        if not hasattr(self, "engine"):
            return
        self.broken_encode = False
        self.outputs += self.bench.drain(self.engine)
        self.bench.assert_all_free(self.engine)
        failed = [o.request_id for o in self.outputs if isinstance(o, Failed)]
        ended = [o.request_id for o in self.outputs if isinstance(o, Tokens) and o.usage is not None]
        assert sorted(failed + ended) == sorted(self.asked), "each request ends exactly once"
        answers = self.bench.collect([o for o in self.outputs if o.request_id not in set(failed)])
        for name in ended:
            for answer in answers[name]:
                assert self.bench.is_right(self.asked[name], answer.tokens)
                if answer.reason == "cancelled":
                    assert name in self.cancelled
                else:
                    assert len(answer.tokens) == self.asked[name].sampling.max_tokens


@pytest.mark.timeout(200)
def test_any_schedule(bench: Bench) -> None:
    EngineMachine.bench = bench
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        EngineMachine,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_long_random_life(bench: Bench) -> None:
    """The same machine, driven by dice for a while: longer histories than a search tries."""
    live(bench, seeds=3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_long_random_life_on_a_gpu(tiny_checkpoint: Path, dtype: str) -> None:
    """Kernels, graphs, overlap and all."""
    live(Bench(tiny_checkpoint, device="cuda", dtype=dtype, slack=0.1), seeds=6)


def live(bench: Bench, seeds: int) -> None:
    EngineMachine.bench = bench
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        machine = EngineMachine()
        machine.build(int(rng.choice([28, 60])), int(rng.choice([8, 24])), bool(seed % 2), 0, [None, 60][seed % 2])
        for _ in range(150):
            move = rng.random()
            if move < 0.3:
                machine.ask(
                    int(rng.integers(8)), int(rng.integers(1, 4)), int(rng.integers(1, 15)), bool(rng.integers(2)), 1
                )
            elif move < 0.9:
                machine.step(int(rng.integers(1, 4)))
            elif move < 0.96:
                machine.cancel(int(rng.integers(1000)))
            elif move < 0.98:
                machine.break_next_forward()
            else:
                machine.break_encoding(bool(rng.integers(2)))
            machine.accounts_balance()
        machine.teardown()
