"""Trains a network on what the generators draw, along a plan of phases, and goes on from saved state.

    python -m training.train --state STATE --plan both:900,instruct:280,thinking:280 --seconds 540 --out FOLDER

A call ends after `--seconds`, wherever the plan stands; the same command goes on there, with the rates, the optimizer and the
phases of one long call. State is written every minute. Under `torchrun` several GPUs train one network (`training.team`).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from pathlib import Path
from random import Random
from typing import Any, TextIO

import torch

from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import initialize, save_weights
from training.average import Average
from training.checkpoint import EDITIONS
from training.feed import Feeder
from training.mixture import SIZES
from training.network import Batched
from training.optimize import Optimizer
from training.plan import TRUNK, Place, Plan
from training.state import load_pieces, save_pieces
from training.stepper import Stepper
from training.team import Team

MUON_RATE, ADAM_RATE = 0.012, 2e-3
_SAVE_EVERY = 60.0  # seconds
_ENDING = 8.0  # seconds that writing and closing may take
_WARM_UP = 200  # steps of a fresh optimizer
_ALIKE = 2000  # steps after which all members of a team get the first one's weights
_SIZES = list(SIZES), [size.share for size in SIZES.values()]
_WAVES = 0.25  # amplitude of the first positions, about that of the patches


def start_model(folder: Path, device: torch.device, seed: int) -> Qwen3VL:
    """Random weights; what writes into the residual streams starts small."""
    model = Qwen3VL(ModelConfig.load(folder)).to(device)
    initialize(model, torch.Generator(device).manual_seed(seed), std=0.04)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight", "attn.proj.weight", "mlp.linear_fc2.weight")) or (
                "deepstack" in name and name.endswith("linear_fc2.weight")
            ):
                parameter.mul_(0.2)
        place_waves(model)
    return model


def place_waves(model: Qwen3VL) -> None:
    table = model.visual.pos_embed.weight
    with torch.no_grad():
        table.copy_(_WAVES * waves(round(table.shape[0] ** 0.5), table.shape[1]))


def waves(side: int, width: int) -> torch.Tensor:
    """Positions [side * side, width] as waves along both axes, mixed into all channels, of variance one.

    Left to themselves learned positions stayed noise that the network ignored, and it could not say where anything is.
    """
    at = torch.linspace(0, 1, side)
    parts = [at, *(f(math.pi * k * at) for k in (1, 2, 3, 4, 6, 8, 12) for f in (torch.sin, torch.cos))]
    axis = torch.stack([(part - part.mean()) / part.std() for part in parts], 1)
    down, across = (axis[:, None].expand(side, side, -1), axis[None].expand(side, side, -1))
    both = torch.cat([down, across], -1).flatten(0, 1)
    mixed = torch.randn(width, both.shape[1], generator=torch.Generator().manual_seed(0))
    table = both @ torch.linalg.qr(mixed)[0].T
    return table / table.std()


def take_mean(model: Qwen3VL, folders: list[Path]) -> None:
    """Gives the model the mean of the checkpoints' weights."""
    from training.evaluate import load

    device = next(model.parameters()).device
    sources = [dict(load(folder, device).named_parameters()) for folder in folders]
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.stack([source[name] for source in sources]).mean(0))


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path("src/qwen3_vl_webui/demo/instruct"), help="configuration and tokenizer"
    )
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument(
        "--plan",
        required=True,
        help="phases and their seconds of training, e.g. both:900,instruct:280,thinking:280; an edition starts from the trunk ('both')",
    )
    parser.add_argument("--seconds", type=float, required=True, help="of this call, start-up included")
    parser.add_argument("--finish", action="store_true", help="hurry, so that the plan ends with this call")
    parser.add_argument("--out", type=Path, help="folder for the editions' weights")
    parser.add_argument("--workers", type=int, default=15)
    parser.add_argument("--scale", type=float, default=1.0, help="of the length of a batch")
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="checkpoints whose mean is the start")
    parser.add_argument("--waves", action="store_true", help="with --weights: start with new positions")
    parser.add_argument(
        "--rates", default="1,0.4", help="of the full learning rate at the beginning and at the end of the trunk"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--seed", default="train")
    parser.add_argument("--record", type=Path, default=Path("training-log.jsonl"))
    return parser


def main() -> None:
    args = parser().parse_args()
    if args.workers < 1:
        raise SystemExit("--workers must be at least 1: somebody has to draw")
    begin = time.monotonic()
    team, plan = Team(), Plan.parse(args.plan, args.rates)
    device = torch.device(args.device, team.local) if args.device == "cuda" else torch.device(args.device)
    state = load_pieces(args.state)
    if state and state["plan"] != args.plan:
        raise SystemExit(f"the state in {args.state} belongs to the plan {state['plan']}")
    runs, phase = (state["runs"], state["phase"]) if state else (0, 0)
    if phase == len(plan.phases):
        raise SystemExit("the plan is carried out")
    feeder = Feeder(
        tokenizer=args.folder / "tokenizer.json",
        seed=f"{args.seed}-{runs}" + (f".{team.rank}" if team.rank else ""),
        phases=[phase.edition for phase in plan.phases[phase:]],
        workers=args.workers,
        device=device,
        scale=args.scale,
    )
    torch.set_float32_matmul_precision("high")
    try:
        if device.type == "cuda":  # after the fork of those who draw
            torch.cuda.set_device(device)
        trainer = Trainer(args, device, state, team)
        team.meet(device)
        follow_plan(args, plan, feeder, trainer, begin)
    finally:
        feeder.close()
    team.part()


def follow_plan(args: argparse.Namespace, plan: Plan, feeder: Feeder, trainer: Trainer, begin: float) -> None:
    """Phase after phase until the plan or the call ends; each leaves its weights."""
    team = trainer.team
    print(json.dumps({"ready": round(time.monotonic() - begin, 1), "way": trainer.way}), flush=True)
    feeder.start()
    log_path = args.record if team.first else Path(os.devnull)
    log_path.parent.mkdir(parents=True, exist_ok=True)
    until = begin + args.seconds - _ENDING
    pace = max(1.0, plan.left(trainer.place) / max(1.0, until - time.monotonic())) if args.finish else 1.0
    over = True
    with log_path.open("a") as log:
        while over and trainer.place.phase < len(plan.phases):
            edition = plan.phases[trainer.place.phase].edition
            try:
                over = trainer.run(feeder, plan, log, begin=begin, until=until, pace=pace)
            except RuntimeError as error:  # what has been learnt so far must not be lost
                print(f"{edition} ended early: {error!r}"[:600], flush=True)
                if team.size > 1:  # the others wait for this one
                    raise
            if args.out and team.first:
                with trainer.average.used():  # of the trunk for both: better than nothing, should the rest not come
                    for name in EDITIONS if edition == TRUNK else [edition]:
                        save_weights(trainer.model, args.out / name)
            if over:
                trainer.advance(plan)
                if trainer.place.phase < len(plan.phases):
                    feeder.advance()
            trainer.save(plan)
    figures = {"done": args.plan} if over else {"to go": round(plan.left(trainer.place)), "of": args.plan}
    figures |= {"samples": feeder.samples, "repeated": feeder.repeated}
    print(json.dumps(figures | {"seconds": round(time.monotonic() - begin, 1)}), flush=True)


Weights = dict[str, torch.Tensor]


class Trainer:
    """A model, its optimizer, the mean of its weights, and where the training stands."""

    def __init__(
        self, args: argparse.Namespace, device: torch.device, state: dict[str, Any] | None, team: Team
    ) -> None:
        self.args, self.device, self.team = args, device, team
        self.steps = self.runs = 0
        self.warm = 0  # steps that the optimizer has taken since it was fresh
        self.place = Place()
        cuda = device.type == "cuda"
        # The fastest way first; what this machine's PyTorch cannot do is left out.
        ways = [(True, True), (True, False), (False, False)] if cuda and not args.no_compile else [(False, False)]
        for flex, graphs in ways:
            self.model = start_model(args.folder, device, 0)
            if args.weights and state is None:
                take_mean(self.model, args.weights)
                if args.waves:
                    place_waves(self.model)
            self.optimizer = Optimizer(self.model)
            start = self.weights(torch.float32)
            net = Batched(
                self.model, torch.bfloat16 if cuda else torch.float32, compiled=cuda and not args.no_compile, flex=flex
            )
            try:
                self.stepper = Stepper(net, self.optimizer, args.scale, graphs=graphs, team=team)
            except Exception as error:  # anything: the next way may do
                if (flex, graphs) == ways[-1]:
                    raise
                print(f"without flex={flex} graphs={graphs}: {error!r}"[:2000], flush=True)
                continue
            self.way = f"flex={flex} graphs={graphs}"
            break
        self.average = Average(self.model)
        self.trunk: Weights = {name: weight.bfloat16() for name, weight in start.items()}  # where the editions start
        self._put(start)  # the warm-up before the capture changed everything
        self.optimizer.reset()
        if state:
            self._load(state)

    def weights(self, dtype: torch.dtype) -> Weights:
        return {n: p.detach().to("cpu", dtype, copy=True) for n, p in self.model.named_parameters()}

    def _put(self, weights: Weights) -> None:
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(weights[name])
        self.average.restart()

    def advance(self, plan: Plan) -> None:
        """To the next phase: an edition starts where the trunk ended, with a fresh optimizer."""
        if plan.phases[self.place.phase].edition == TRUNK:
            self.trunk = self.weights(torch.bfloat16)
        self.place = Place(self.place.phase + 1)
        if self.place.phase < len(plan.phases) and plan.phases[self.place.phase].edition != TRUNK:
            self._put(self.trunk)
            self.optimizer.reset()
            self.warm = 0

    def save(self, plan: Plan) -> None:
        """Weights in bfloat16: rounding once a call is far below one step. The optimizer lies apart, and may be left behind."""
        if not self.team.first:
            return
        ahead = plan.phases[self.place.phase : self.place.phase + 2]
        state = {
            "model": self.weights(torch.bfloat16),
            "trunk": self.trunk if len(ahead) == 2 and ahead[0].edition != TRUNK else {},
            "steps": self.steps,
            "runs": self.runs + 1,
            "plan": self.args.plan,
            "phase": self.place.phase,
            "share": self.place.share,
        }
        save_pieces(state, self.args.state)
        optimizer = {"optimizer": self.optimizer.state(), "warm": self.warm, "steps": self.steps}
        save_pieces(optimizer, self.args.state, "optimizer")

    def _load(self, state: dict[str, Any]) -> None:
        self._put(state["model"])
        self.trunk, self.steps, self.runs = state["trunk"], state["steps"], state["runs"]
        self.place = Place(state["phase"], state["share"])
        stored = load_pieces(self.args.state, "optimizer")
        if stored and stored["steps"] == self.steps:
            self.optimizer.load(stored["optimizer"])
            self.warm = stored["warm"]

    def run(self, feeder: Feeder, plan: Plan, log: TextIO, *, begin: float, until: float, pace: float = 1.0) -> bool:
        """Trains until the phase is over (true) or the time comes. A fresh optimizer warms up; reading starts with single words."""
        sums: dict[str, list[Any]] = {}
        edition, seconds = plan.phases[self.place.phase].edition, plan.phases[self.place.phase].seconds
        start = last = saved = time.monotonic()
        before = self.place.share
        step = timed = 0
        launching = 0.0  # seconds that the host took to launch steps: near a step's time, the device waits for it
        while step < self.args.steps:
            now = time.monotonic()
            if step % self.team.steps == 0:
                share = min(1.0, before + (now - start) * pace / seconds)
                self.place.share, over = self.team.told(share, now >= until)
                if self.place.share == 1:
                    break
                if over:
                    return False
            if step % _ALIKE == 0:
                self.team.copy(self.model.parameters())
            size, batch = feeder.next(Random(f"{self.runs}-{self.steps}").choices(*_SIZES)[0])
            self.warm += 1
            rate = min(1.0, self.warm / _WARM_UP) * plan.rate(self.place)
            fresh = edition == TRUNK and not self.args.weights
            feeder.easy.value = max(0.0, 0.5 - 2 * self.place.share) if fresh else 0.0
            self.optimizer.rates.copy_(torch.tensor([MUON_RATE * rate, ADAM_RATE * rate]))
            at = time.monotonic()
            loss, right = self.stepper(size, batch)
            launching += time.monotonic() - at
            self.average.update()
            total = sums.setdefault(size, [torch.zeros((), device=self.device), torch.zeros((), device=self.device), 0])
            total[0] += loss
            total[1] += right
            total[2] += 1
            step += 1
            self.steps += 1
            if now - saved > _SAVE_EVERY:
                self.save(plan)
                saved = now
            if step % 100 and step != 20:
                continue
            values = {name: [round(float(a) / n, 4), round(float(b) / n, 4)] for name, (a, b, n) in sums.items()}
            now = time.monotonic()
            line = {
                "edition": edition,
                "run": self.runs,
                "step": self.steps,
                "share": round(self.place.share, 4),
                "rate": round(rate, 4),
                "seconds": round(now - begin, 1),
                "step_ms": round((now - last) / (step - timed) * 1000, 1),
                "launch_ms": round(launching / (step - timed) * 1000, 1),
                "loss_right": values,
                "samples": feeder.samples,
                "drawn": feeder.drawn,
                "repeated": feeder.repeated,
                "waited": feeder.waited,
            }
            last, timed, sums, launching = now, step, {}, 0.0
            log.write(json.dumps(line) + "\n")
            log.flush()
            if step % 2000 == 0 or step in (20, 100, 500, 1000):
                print(json.dumps(line), flush=True)
            if any(v[0] != v[0] for v in values.values()):
                raise FloatingPointError("the loss is not a number")
        return True


if __name__ == "__main__":
    main()
