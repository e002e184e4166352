"""A training in several calls is the one that a single long call would be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import nn
from training.average import Average
from training.mixture import SizeClass
from training.pack import Layout, Row
from training.plan import Place, Plan
from training.scene import Sample, Turn
from training.state import load_pieces
from training.team import Team
from training.train import Trainer, follow_plan, parser

from training import train

DEMO = Path(__file__).parents[2] / "src" / "qwen3_vl_webui" / "demo" / "instruct"
PLAN = "both:8,instruct:4,thinking:4"
SIZE = SizeClass(tokens=16, length=128, learnt=32, rows=1, share=1.0)


def test_the_rate_falls_over_the_trunk_and_from_there_to_zero_over_each_edition() -> None:
    plan = Plan.parse(PLAN, "1,0.4")
    assert [plan.rate(Place(0, share)) for share in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.7, 0.4])
    for phase in (1, 2):
        assert [plan.rate(Place(phase, share)) for share in (0.0, 0.5, 1.0)] == pytest.approx([0.4, 0.2, 0.0])
    assert plan.left(Place()) == 16
    assert plan.left(Place(1, 0.25)) == pytest.approx(7)


class Feed:
    """One batch, always; every batch that is taken is a second."""

    def __init__(self, batch: dict[str, torch.Tensor], clock: Callable[[float], None]) -> None:
        self.batch, self.clock, self.phase = batch, clock, 0
        self.easy = SimpleNamespace(value=0.0)
        self.samples = self.drawn = self.repeated = self.waited = 0

    def start(self) -> None: ...

    def advance(self) -> None:
        self.phase += 1

    def next(self, wanted: str) -> tuple[str, dict[str, torch.Tensor]]:
        self.clock(1.0)
        return "middle", self.batch


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a much smaller network's configuration."""
    config = json.loads((DEMO / "config.json").read_text())
    config["text_config"] |= {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3}
    config["text_config"] |= {"num_attention_heads": 2, "num_key_value_heads": 1}
    config["vision_config"] |= {"hidden_size": 48, "intermediate_size": 64, "depth": 4, "out_hidden_size": 64}
    folder = tmp_path_factory.mktemp("small")
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def batch(tokenizer: Tokenizer) -> dict[str, torch.Tensor]:
    turn = Turn(skill="test", question="What?", answer="A 1.", thinking="So.", check={"type": "text", "text": "A 1."})
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    layout = Layout.of(SIZE, 1)
    arrays = layout.arrays(np.zeros(layout.bytes(1), np.uint8), 1)
    row = Row(arrays, 0)
    assert row.add(tokenizer, Sample(conversations=[[turn]], pictures=[pixels]), Random(0), "instruct")
    row.close()
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


Run = Callable[[Path, list[list[str]]], tuple[list[list[float]], list[Trainer]]]


@pytest.fixture
def carried_out(batch: dict[str, torch.Tensor], small: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls of the training; gives the rates of every step, and the trainer that each call leaves."""
    now = [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(train, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=wait))
    monkeypatch.setattr(train, "_WARM_UP", 4)

    def run(folder: Path, calls: list[list[str]]) -> tuple[list[list[float]], list[Trainer]]:
        rates: list[list[float]] = []
        trainers = []
        for more in calls:
            places = ["--state", str(folder / "state"), "--out", str(folder / "out"), "--folder", str(small)]
            arguments = [*places, "--plan", PLAN, "--device", "cpu", "--record", str(folder / "log.jsonl"), *more]
            args = parser().parse_args(arguments)
            trainer = Trainer(args, torch.device("cpu"), load_pieces(args.state), Team())
            take: Callable[..., Any] = trainer.stepper

            def noted(*given: Any, trainer: Trainer = trainer, take: Callable[..., Any] = take) -> Any:
                rates.append(trainer.optimizer.rates.tolist())
                return take(*given)

            trainer.stepper = noted  # type: ignore[assignment]
            follow_plan(args, Plan.parse(PLAN, args.rates), Feed(batch, wait), trainer, now[0])  # type: ignore[arg-type]
            trainers.append(trainer)
        return rates, trainers

    return run


def test_several_calls_are_one_long_call(tmp_path: Path, carried_out: Run) -> None:
    long, (whole,) = carried_out(tmp_path / "long", [["--seconds", "100"]])
    short = ["--seconds", str(8 + 7)]  # seven seconds of training: calls end within the trunk and within an edition
    parts, trainers = carried_out(tmp_path / "short", [short, short, short])
    assert len(long) == len(parts) == 16
    assert np.allclose(long, parts, rtol=1e-5)
    assert [trainer.runs for trainer in trainers] == [0, 1, 2]
    assert trainers[-1].place == whole.place == Place(3)
    assert trainers[-1].steps == whole.steps == 16
    for name, weight in whole.model.named_parameters():  # but for the rounding of weights and momentum at two borders
        other = dict(trainers[-1].model.named_parameters())[name]
        assert (weight - other).norm() < 0.05 * weight.norm(), name
    state = load_pieces(tmp_path / "short" / "state")
    assert state is not None
    assert state["phase"] == 3
    for edition in ("instruct", "thinking"):
        assert (tmp_path / "short" / "out" / edition / "model.safetensors").exists()


def test_a_state_without_its_optimizer_warms_up_again(tmp_path: Path, carried_out: Run) -> None:
    carried_out(tmp_path, [["--seconds", "12"]])
    for piece in (tmp_path / "state").glob("optimizer.*"):
        piece.unlink()
    rates, _ = carried_out(tmp_path, [["--seconds", "10"]])
    plan = Plan.parse(PLAN, "1,0.4")
    assert rates[0][0] == pytest.approx(train.MUON_RATE * plan.rate(Place(0, 4 / 8)) / 4)


def test_the_last_call_may_hurry(tmp_path: Path, carried_out: Run) -> None:
    rates, (trainer,) = carried_out(tmp_path, [["--seconds", str(8 + 8), "--finish"]])
    assert trainer.place == Place(3)
    assert len(rates) == 8


def test_a_state_belongs_to_its_plan(tmp_path: Path, carried_out: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    carried_out(tmp_path, [["--seconds", "10"]])
    arguments = ["train", "--state", str(tmp_path / "state"), "--seconds", "9", "--device", "cpu", "--plan"]
    monkeypatch.setattr("sys.argv", [*arguments, "both:9"])
    with pytest.raises(SystemExit, match="belongs to the plan"):
        train.main()


def test_the_state_of_an_edition_fits_what_travels(tmp_path: Path) -> None:
    args = parser().parse_args(["--state", str(tmp_path), "--plan", PLAN, "--seconds", "1", "--device", "cpu"])
    trainer = Trainer(args, torch.device("cpu"), None, Team())
    trainer.place = Place(1, 0.5)
    trainer.save(Plan.parse(PLAN, args.rates))
    pieces = list(tmp_path.iterdir())
    assert len(pieces) <= 8
    assert sum(piece.stat().st_size for piece in pieces) < 62 << 20


def test_the_mean_follows_the_weights_over_a_tenth_of_the_steps_at_most() -> None:
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(0.0)
    average = Average(model)
    for step in range(1, 4001):
        with torch.no_grad():
            model.weight.fill_(step / 4000)
        average.update()
    with average.used():
        mean = model.weight.item()
    assert model.weight.item() == 1.0
    assert 1 - 1.2 * 400 / 4000 < mean < 1 - 0.5 * 400 / 4000
    average.restart()
    with average.used():
        assert model.weight.item() == 1.0
