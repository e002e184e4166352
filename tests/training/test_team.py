"""Several processes that train one network take the steps that one of them would take with all their batches."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from training.mixture import SizeClass
from training.network import Batched
from training.optimize import Optimizer
from training.pack import Layout, Row
from training.scene import Sample, Turn
from training.stepper import Stepper
from training.team import Team
from training.train import start_model

DEMO = Path(__file__).parents[2] / "src" / "qwen3_vl_webui" / "demo" / "instruct"
SIZE = SizeClass(tokens=16, length=128, learnt=32, rows=1, share=1.0)
MEMBERS = 2


def batch(number: int) -> dict[str, torch.Tensor]:
    turn = Turn(skill="test", question="What?", answer=f"A {number}.", thinking="", check={})
    pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    layout = Layout.of(SIZE, 1)
    arrays = layout.arrays(np.zeros(layout.bytes(1), np.uint8), 1)
    row = Row(arrays, 0)
    tokenizer = Tokenizer.from_file(str(DEMO / "tokenizer.json"))
    assert row.add(tokenizer, Sample(conversations=[[turn]], pictures=[pixels]), Random(0), "instruct")
    row.close()
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def stepper(team: Team) -> Stepper:
    model = start_model(DEMO, torch.device("cpu"), 0)
    optimizer = Optimizer(model)
    optimizer.rates.copy_(torch.tensor([0.01, 0.002]))
    return Stepper(Batched(model, torch.float32), optimizer, 1.0, graphs=False, team=team)


def member(rank: int, port: int, folder: str) -> None:
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(MEMBERS), "LOCAL_RANK": str(rank)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    team = Team()
    mine = stepper(team)
    team.meet(torch.device("cpu"))
    for step in range(2):
        mine("middle", batch(10 * step + rank))
    told = team.told(float(rank + 1), 0.5)
    weights: dict[str, Any] = dict(mine.net.model.named_parameters())
    torch.save(
        {"told": told, "weights": {name: weight.detach() for name, weight in weights.items()}}, f"{folder}/{rank}"
    )
    team.part()


def test_a_team_takes_the_steps_of_one_with_all_its_batches(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(member, (port, str(tmp_path)), nprocs=MEMBERS)  # type: ignore[no-untyped-call]
    first, second = (torch.load(tmp_path / str(rank)) for rank in range(MEMBERS))
    assert first["told"] == second["told"] == [1.0, 0.5]

    class Alone(Team):
        """Adds the gradients of the batches that the others would have had."""

        def average(self, gradient: torch.Tensor) -> None:
            mine = gradient.clone()
            other = batch(10 * self.step + 1)
            gradient.zero_()
            one.net.loss(other)[0].backward()
            gradient.add_(mine).div_(2)
            self.step += 1

        step = 0

    one = stepper(Alone())
    for step in range(2):
        one("middle", batch(10 * step))
    for name, weight in one.net.model.named_parameters():
        assert torch.equal(first["weights"][name], second["weights"][name]), name
        torch.testing.assert_close(first["weights"][name], weight.detach(), atol=2e-3, rtol=1e-2, msg=name)


def test_alone_nothing_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    team, gradient = Team(), torch.ones(3)
    team.meet(torch.device("cpu"))
    team.average(gradient)
    team.copy([gradient])
    team.part()
    assert gradient.tolist() == [1.0, 1.0, 1.0]
    assert team.told(1.0, 2.0) == [1.0, 2.0]
    assert team.first
    assert team.steps == 1
