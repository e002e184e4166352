"""Batches keep coming, whatever happens to the processes that draw them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
import torch
from training.feed import Feeder, Starved, _best
from training.mixture import SIZES

from training import fonts

DEMO = Path(__file__).parents[2] / "src" / "qwen3_vl_webui" / "demo"

pytestmark = [
    pytest.mark.skipif(not fonts.available("zh", False), reason="needs the fonts named in training/README.md"),
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds the processes in /proc"),
]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_batches_outlive_the_processes_that_draw_them() -> None:
    feeder = Feeder(
        tokenizer=DEMO / "instruct" / "tokenizer.json",
        seed="test",
        phases=["both", "instruct"],
        workers=1,
        device=torch.device("cpu"),
        scale=0.02,
        keep=4,
    )
    feeder.start()
    try:
        for _ in range(3):
            size, batch = feeder.next()
            assert batch["ids"].shape == (1, SIZES[size].scaled(0.02).length)
            assert (batch["weight"] > 0).any()
        watcher = feeder._watcher.pid
        assert watcher is not None
        (drawing,) = children(watcher)
        os.kill(drawing, signal.SIGKILL)
        while children(watcher) in ([], [drawing]):
            time.sleep(0.05)
        feeder.advance()
        for _ in range(6):
            feeder.next()
        assert feeder.samples > 0
    finally:
        feeder.close()
    assert not Path(feeder._folder).exists()


def test_a_feed_that_gives_nothing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.feed._PATIENCE", 0.5)
    feeder = Feeder(
        tokenizer=tmp_path / "missing.json", seed="test", phases=["both"], workers=1, device=torch.device("cpu")
    )
    feeder.start()
    try:
        with pytest.raises(Starved, match="no batch"):
            feeder.next()
    finally:
        feeder.close()


def test_the_class_wanted_comes_first_and_long_ones_wait_for_their_turn() -> None:
    assert _best(["long", "middle", "video"], "video") == 2
    assert _best(["long", "middle", "middle"], "video") == 1
    assert _best(["long"], "middle") == 0
    assert _best(["middle", *["long"] * 7], "video") == 1
