"""The detector hears loops of every period soon, and keeps quiet over what only looks like one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from qwen3_vl_webui.engine.repetition import MAX_PERIOD, MIN_ROUNDS, MIN_TOKENS, RepetitionDetector


def first_alarm(tokens: list[int]) -> int | None:
    detector = RepetitionDetector()
    for at, token in enumerate(tokens):
        detector.feed(token)
        if detector.looping:
            return at + 1
    return None


@pytest.mark.parametrize("period", [1, 2, 3, 7, 16, 63, 64, 100, MAX_PERIOD])
@pytest.mark.parametrize("lead", [0, 5, 300])
def test_hears_a_loop(period: int, lead: int) -> None:
    rng = np.random.default_rng(period)
    loop = rng.permutation(1000)[:period].tolist()
    tokens = rng.integers(1000, 2000, lead).tolist() + loop * 2000
    # the first round repeats nothing; then so many tokens equal those a period before
    assert first_alarm(tokens[:3000]) == lead + period + MIN_TOKENS + MIN_ROUNDS * period


def test_a_loop_with_one_slip_starts_again() -> None:
    half = [1, 2] * 100
    assert first_alarm(half * 2) is not None
    assert first_alarm([*half, 3, *half]) is None


def text(value: str) -> list[int]:
    return list(value.encode())


@pytest.mark.parametrize(
    "tokens",
    [
        text("\n".join(json.dumps({"id": at, "name": f"item {at}", "value": at * 3}) for at in range(400))),
        text("\n".join(f"| {at} | {at * at} | yes |" for at in range(500))),
        text("| a | b | c |\n|---|---|---|\n" + "|   |   |   |\n" * 15),  # an empty table
        text("=" * 80 + "\n" + "-" * 80),
        text(", ".join(str(at) for at in range(2000))),
        text("[" + ", ".join(f"[{at}, 0, 0, 0]" for at in range(300)) + "]"),
        np.random.default_rng(0).integers(0, 3, 20_000).tolist(),
        text("ha" * 60),
    ],
    ids=["json list", "table", "empty table", "rules", "counting", "matrix", "noise of three tokens", "laughter"],
)
def test_keeps_quiet(tokens: list[int]) -> None:
    assert first_alarm(tokens) is None
