"""Trains a network on what the generators draw, for a given time, and goes on from saved state.

    python -m training.train --state STATE --seconds 500 --plan both:6,instruct:1,thinking:1 --out FOLDER

The learning rate falls linearly over the trunk, and from there to zero over an edition. State is written as pieces of at most 15 MiB, every minute.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import time
from pathlib import Path
from typing import Any, TextIO

import torch

from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import initialize, save_weights
from training.checkpoint import EDITIONS
from training.feed import Feeder, frames_of
from training.mixture import SIZES, SizeClass
from training.network import Batched
from training.optimize import Optimizer
from training.pack import Layout

_PIECE = 15 << 20
MUON_RATE, ADAM_RATE = 0.012, 2e-3
_SAVE_EVERY = 60.0  # seconds
_WAVES = 0.25  # amplitude of the first positions, about that of the patches


def save_pieces(state: dict[str, Any], folder: Path) -> None:
    """Whoever is stopped while writing leaves the last state whole."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data = buffer.getvalue()
    count = -(-len(data) // _PIECE)
    for number in range(count):
        (folder / f"new.{number:03}").write_bytes(data[number * _PIECE : (number + 1) * _PIECE])
    for old in sorted(folder.glob("state.*"))[count:]:
        old.unlink()
    for number in range(count):
        (folder / f"new.{number:03}").replace(folder / f"state.{number:03}")


def load_pieces(folder: Path) -> dict[str, Any] | None:
    pieces = sorted(folder.glob("state.*"))
    if not pieces:
        return None
    state: dict[str, Any] = torch.load(
        io.BytesIO(b"".join(piece.read_bytes() for piece in pieces)), map_location="cpu", weights_only=True
    )
    return state


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


def compact(state: dict[str, Any], runs: int) -> dict[str, Any]:
    """A snapshot as it travels between machines: weights in bfloat16; the optimizer soon knows again what it knew."""
    weights = {name: tensor.bfloat16() for name, tensor in state["model"].items()}
    return {"model": weights, "steps": state["steps"], "runs": runs}


class Stepper:
    """Forward, backward and update on one batch; on a GPU captured once for each size class and replayed."""

    def __init__(self, net: Batched, optimizer: Optimizer, scale: float, *, graphs: bool) -> None:
        self.net, self.optimizer = net, optimizer
        self._graphs: dict[str, tuple[torch.cuda.CUDAGraph, dict[str, torch.Tensor], torch.Tensor, torch.Tensor]] = {}
        for name, size in SIZES.items() if graphs else ():
            self._graphs[name] = self._capture(name, size.scaled(scale))

    def __call__(self, size: str, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        if size not in self._graphs:
            return self._step(batch)
        graph, static, loss, right = self._graphs[size]
        for name, tensor in batch.items():
            static[name].copy_(tensor, non_blocking=True)
        graph.replay()
        return loss, right

    def _step(self, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        for parameter in self.net.model.parameters():
            parameter.grad = None
        loss, right = self.net.loss(batch)
        loss.backward()
        self.optimizer.step()
        return loss.detach(), right

    def _capture(
        self, name: str, size: SizeClass
    ) -> tuple[torch.cuda.CUDAGraph, dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        device = self.optimizer.rates.device
        static = {
            key: torch.zeros(size.rows, *shape, dtype=getattr(torch, kind), device=device)
            for key, (shape, kind) in Layout.of(size, frames_of(name)).fields.items()
        }
        static["weight"] += 1
        static["place"][:, 2:4] = 2
        static["learn"] += torch.arange(size.learnt, dtype=torch.int16, device=device)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self._step(static)
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        for parameter in self.net.model.parameters():
            parameter.grad = None
        with torch.cuda.graph(graph):
            loss, right = self._step(static)
        return graph, static, loss, right


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path("src/qwen3_vl_webui/demo/instruct"), help="configuration and tokenizer"
    )
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument(
        "--plan",
        required=True,
        help="phases and their shares of the time, e.g. both:6,instruct:1,thinking:1; an edition starts from the trunk ('both')",
    )
    parser.add_argument("--seconds", type=float, required=True, help="of the whole run, start-up included")
    parser.add_argument("--out", type=Path, help="folder for the editions' weights")
    parser.add_argument("--workers", type=int, default=15)
    parser.add_argument("--scale", type=float, default=1.0, help="of the length of a batch")
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="checkpoints whose mean is the start")
    parser.add_argument(
        "--follow",
        type=Path,
        help="start from the trunk that another process leaves here, once the file `go` lies beside it",
    )
    parser.add_argument("--waves", action="store_true", help="with --weights: start with new positions")
    parser.add_argument(
        "--rates", default="1,0.4", help="of the full learning rate at the beginning and at the end of the trunk"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--seed", default="train")
    parser.add_argument("--log", type=Path, default=Path("training-log.jsonl"))
    return parser


def main() -> None:
    args = parser().parse_args()
    if args.workers < 1:
        raise SystemExit("--workers must be at least 1: somebody has to draw")
    begin = time.monotonic()
    device = torch.device(args.device)
    plan = [(name, float(seconds)) for name, seconds in (part.split(":") for part in args.plan.split(","))]
    state = load_pieces(args.state)
    runs = state["runs"] if state else 0
    phases = [name for name, _ in plan]
    feeder = Feeder(
        tokenizer=args.folder / "tokenizer.json",
        seed=f"{args.seed}-{runs}",
        phases=phases,
        workers=args.workers,
        device=device,
        scale=args.scale,
    )
    torch.set_float32_matmul_precision("high")
    try:
        follow_plan(args, plan, feeder, Trainer(args, device, state), runs, begin)
    finally:
        feeder.close()


def follow_plan(
    args: argparse.Namespace,
    plan: list[tuple[str, float]],
    feeder: Feeder,
    trainer: Trainer,
    runs: int,
    begin: float,
) -> None:
    """Phase after phase; each leaves its weights."""
    print(json.dumps({"ready": round(time.monotonic() - begin, 1)}), flush=True)
    if args.follow:
        while not (args.follow / "go").exists():
            time.sleep(0.1)
        take_mean(trainer.model, [args.follow / plan[0][0]])
        print(json.dumps({"follows": round(time.monotonic() - begin, 1)}), flush=True)
    feeder.start()
    args.log.parent.mkdir(parents=True, exist_ok=True)
    trunk = trainer.snapshot()
    per_share = (args.seconds - 8 - (time.monotonic() - begin)) / sum(share for _, share in plan)
    with args.log.open("a") as log:
        for number, (edition, share) in enumerate(plan):
            if number:
                feeder.advance()
            if edition != "both":
                trainer.restore(trunk)
            try:
                trainer.run(feeder, edition, share * per_share, runs, log, begin)
            except RuntimeError as error:  # what has been learnt so far must not be lost
                print(f"{edition} ended early: {error!r}"[:600], flush=True)
            if edition == "both":
                trunk = trainer.snapshot()
                save_pieces(compact(trunk, runs + 1), args.state)
                for name in EDITIONS if args.out else ():  # better than nothing, should the rest not come
                    save_weights(trainer.model, args.out / name)
                if args.out:
                    (args.out / "trunk").touch()
            elif args.out:
                save_weights(trainer.model, args.out / edition)
    figures = {"done": args.plan, "samples": feeder.samples, "repeated": feeder.repeated}
    print(json.dumps(figures | {"seconds": round(time.monotonic() - begin, 1)}), flush=True)


class Trainer:
    """A model, its optimizer, and the steps that have been taken."""

    def __init__(self, args: argparse.Namespace, device: torch.device, state: dict[str, Any] | None) -> None:
        self.args, self.device, self.steps = args, device, 0
        self.taken = 0  # steps of this process
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
            start = self.snapshot()
            net = Batched(
                self.model, torch.bfloat16 if cuda else torch.float32, compiled=cuda and not args.no_compile, flex=flex
            )
            try:
                self.stepper = Stepper(net, self.optimizer, args.scale, graphs=graphs)
            except Exception as error:  # anything: the next way may do
                if (flex, graphs) == ways[-1]:
                    raise
                print(f"without flex={flex} graphs={graphs}: {error!r}"[:2000], flush=True)
                continue
            self.way = f"flex={flex} graphs={graphs}"
            break
        self.restore(state or start)  # the warm-up before the capture changed everything

    def snapshot(self) -> dict[str, Any]:
        return {
            "model": {n: p.detach().cpu().clone() for n, p in self.model.named_parameters()},
            "optimizer": self.optimizer.state(),
            "steps": self.steps,
        }

    def restore(self, state: dict[str, Any]) -> None:
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(state["model"][name])
        if "optimizer" in state:
            self.optimizer.load(state["optimizer"])
        else:
            self.optimizer.reset()
        self.steps = state["steps"]

    def run(self, feeder: Feeder, edition: str, seconds: float, runs: int, log: TextIO, begin: float) -> None:
        """Trains for so many seconds. A process warms up over 200 steps; reading starts with single words; an edition's rate falls to zero."""
        sums: dict[str, list[Any]] = {}
        start = last = saved = time.monotonic()
        first, end = map(float, self.args.rates.split(","))
        step = timed = 0
        while step < self.args.steps and (share := (time.monotonic() - start) / seconds) < 1:
            size, batch = feeder.next()
            self.taken += 1
            rate = min(1.0, self.taken / 200) * (
                first + (end - first) * share if edition == "both" else end * (1 - share)
            )
            fresh = edition == "both" and not runs and not self.args.weights
            feeder.easy.value = max(0.0, 0.5 - 2 * share) if fresh else 0.0
            self.optimizer.rates.copy_(torch.tensor([MUON_RATE * rate, ADAM_RATE * rate]))
            loss, right = self.stepper(size, batch)
            total = sums.setdefault(size, [torch.zeros((), device=self.device), torch.zeros((), device=self.device), 0])
            total[0] += loss
            total[1] += right
            total[2] += 1
            step += 1
            self.steps += 1
            if edition == "both" and time.monotonic() - saved > _SAVE_EVERY:
                save_pieces(compact(self.snapshot(), runs + 1), self.args.state)
                saved = time.monotonic()
            if step % 100 and step != 20:
                continue
            values = {name: [round(float(a) / n, 4), round(float(b) / n, 4)] for name, (a, b, n) in sums.items()}
            now = time.monotonic()
            line = {
                "edition": edition,
                "run": runs,
                "step": self.steps,
                "seconds": round(now - begin, 1),
                "step_ms": round((now - last) / (step - timed) * 1000, 1),
                "loss_right": values,
                "samples": feeder.samples,
                "drawn": feeder.drawn,
                "repeated": feeder.repeated,
                "waited": feeder.waited,
            }
            last, timed, sums = now, step, {}
            log.write(json.dumps(line) + "\n")
            log.flush()
            if step % 2000 == 0 or step in (20, 100, 500, 1000):
                print(json.dumps(line), flush=True)
            if any(v[0] != v[0] for v in values.values()):
                raise FloatingPointError("the loss is not a number")


if __name__ == "__main__":
    main()
