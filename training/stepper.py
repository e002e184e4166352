"""One step of the training; on a GPU its parts are captured once, the passes for each size class, and replayed."""

from __future__ import annotations

from collections.abc import Callable

import torch

from training.feed import frames_of
from training.mixture import SIZES, SizeClass
from training.network import Batched
from training.optimize import Optimizer
from training.pack import Layout
from training.team import Team

Captured = tuple[torch.cuda.CUDAGraph, dict[str, torch.Tensor], torch.Tensor, torch.Tensor]


class Stepper:
    """Forward and backward on one batch, the mean of the team's gradients, and the update."""

    def __init__(self, net: Batched, optimizer: Optimizer, scale: float, *, graphs: bool, team: Team) -> None:
        self.net, self.optimizer, self.team = net, optimizer, team
        parameters = list(net.model.parameters())
        # All gradients lie in one tensor, which a team averages at once.
        self._gradient = torch.zeros(sum(p.numel() for p in parameters), device=parameters[0].device)
        for parameter, part in zip(parameters, self._gradient.split([p.numel() for p in parameters]), strict=True):
            parameter.grad = part.view_as(parameter)
        self._graphs: dict[str, Captured] = {}
        self._update: Callable[[], None] = optimizer.step
        if graphs:
            for name, size in SIZES.items():
                self._graphs[name] = self._capture_passes(name, size.scaled(scale))
            self._update = self._capture_update()

    def __call__(self, size: str, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        if size in self._graphs:
            graph, static, loss, right = self._graphs[size]
            for name, tensor in batch.items():
                static[name].copy_(tensor, non_blocking=True)
            graph.replay()
        else:
            loss, right = self._passes(batch)
        self.team.average(self._gradient)
        self._update()
        return loss, right

    def _passes(self, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        self._gradient.zero_()
        loss, right = self.net.loss(batch)
        loss.backward()
        return loss.detach(), right

    def _capture_passes(self, name: str, size: SizeClass) -> Captured:
        device = self._gradient.device
        static = {
            key: torch.zeros(size.rows, *shape, dtype=getattr(torch, kind), device=device)
            for key, (shape, kind) in Layout.of(size, frames_of(name)).fields.items()
        }
        static["weight"] += 1
        static["place"][:, 2:4] = 2
        static["learn"] += torch.arange(size.learnt, dtype=torch.int16, device=device)
        _warm_up(lambda: self._passes(static))
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            loss, right = self._passes(static)
        return graph, static, loss, right

    def _capture_update(self) -> Callable[[], None]:
        _warm_up(self.optimizer.step)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.optimizer.step()
        return graph.replay


def _warm_up(run: Callable[[], object]) -> None:
    """What a capture wants: some runs on another stream."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
