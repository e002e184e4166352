"""Computations over inputs that stay where they are, which a GPU can replay as one CUDA graph.

The first run computes without a graph, which also compiles what is needed; the second one captures it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor

from qwen3_vl_webui.engine.sequence import Array
from qwen3_vl_webui.engine.transfer import send

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class Capture:
    """Where graphs are captured: they share one pool of memory, for only one of them runs at a time."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.pool = torch.cuda.graph_pool_handle()
        self.stream = torch.cuda.Stream(device)

    def __call__(self, compute: Callable[[], Result]) -> tuple[torch.cuda.CUDAGraph, Result]:
        current = torch.cuda.current_stream(self.device)
        self.stream.wait_stream(current)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.stream(self.stream):
            # Other threads may allocate meanwhile: another edition is being loaded.
            graph.capture_begin(pool=self.pool, capture_error_mode="thread_local")
            try:
                output = compute()
            finally:
                graph.capture_end()
        current.wait_stream(self.stream)
        return graph, output


class Replayed(Generic[Result]):
    """One size: its inputs, int64 and flat, and the graph from them to its output."""

    def __init__(self, inputs: Tensor, compute: Callable[[Tensor], Result], capture: Capture | None) -> None:
        self.inputs = inputs
        self.compute = compute
        self.capture = capture
        self.uses = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.output: Result | None = None

    @property
    def unready(self) -> bool:
        """Whether it has no graph and may have one."""
        return self.graph is None and self.capture is not None

    def run(self, host: Array) -> Result:
        if self.uses:
            send(host, self.inputs)
        self.uses += 1
        if self.capture is not None and self.graph is None and self.uses > 1:
            try:
                self.graph, self.output = self.capture(lambda: self.compute(self.inputs))
            except Exception as error:  # no memory for it, most likely: slower, but right
                logger.warning("a step cannot be replayed: %s", error)
                self.capture = None
        if self.graph is None:
            return self.compute(self.inputs)
        assert self.output is not None
        self.graph.replay()
        return self.output
