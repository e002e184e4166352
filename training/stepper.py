"""One step of the training; on a GPU captured once for each size class and replayed."""

from __future__ import annotations

import torch

from training.feed import frames_of
from training.mixture import SIZES, SizeClass
from training.network import Batched
from training.optimize import Optimizer
from training.pack import Layout


class Stepper:
    """Forward, backward and update on one batch."""

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
