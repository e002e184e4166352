"""The vision tower with fused operations, for inference on CUDA: the same features as `VisionTower`'s.

Eight kernels a layer: LayerNorm, the qkv product, the rotary turn in place (`kernels.rotate_qk`), attention, its output
product, LayerNorm, and the two products of the MLP, the first with its bias and GELU in the product's epilogue. The
residual is added inside the products that end a branch; their biases are never added to it but kept apart, summed, and
given to each norm (`kernels.layer_norm`). Weights stay the tower's own; position embeddings and angles are kept by
grid.

A host may need longer to launch these kernels than a GPU to run them: media whose grids were seen before are replayed
as CUDA graphs, with cuDNN's attention where it agrees with ours. It is the fastest there, but it plans anew, for many
milliseconds, for every length; what is computed once only uses ours.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from qwen3_vl_webui.kernels import dependent_launch
from qwen3_vl_webui.kernels.layer_norm import shifted_layer_norm
from qwen3_vl_webui.kernels.rotate_qk import rotate_qk
from qwen3_vl_webui.kernels.segment_attention import segment_attention as triton_attention
from qwen3_vl_webui.kernels.transfer import to_device
from qwen3_vl_webui.model.attention import segment_attention
from qwen3_vl_webui.model.vision import Encoding, Grid, PatchMerger, VisionBlock, VisionTower, frame_positions

logger = logging.getLogger(__name__)

Attend = Callable[[Tensor, Tensor, Tensor, Encoding], Tensor]
"""q, k, v [n, heads, d], rows strided alike, of the media in the encoding -> [n, heads, d]."""

Capture = Callable[[Callable[[], Any]], tuple[Any, Any]]
"""Captures what a function launches: a graph with `replay`, and the function's result, written anew by each replay."""

POSITION_BYTES = 64 << 20  # of position embeddings and angles that are kept, the last grid's always
ALONE = 2048  # patches of a medium that fill a GPU: it gains nothing from company
COMMON: tuple[Grid, ...] = ((1, 64, 64), (1, 32, 32), (1, 48, 64), (1, 64, 48))  # captured before they come
SEEN = 1024  # grids that are remembered
AGREEMENT = 0.03  # how far, relative to all features, cuDNN's may be from ours: a few roundings to bfloat16


@dataclass(frozen=True)
class _Frame:
    """What depends only on the rows and columns of a frame's grid, each [rows * columns, ...] in merge-block order."""

    learned: Tensor  # of the model's dtype
    cos: Tensor
    sin: Tensor

    @property
    def nbytes(self) -> int:
        return self.learned.nbytes + self.cos.nbytes + self.sin.nbytes


@dataclass(frozen=True)
class _Layout:
    """Where media of certain grids lie, one after the other, and what depends on that alone."""

    frames: list[tuple[int, int, Tensor]]  # runs of equal frames: first patch, number of frames, position embeddings
    cos: Tensor
    sin: Tensor
    lengths: list[int]  # patches of each frame
    starts: Tensor  # int32 [frames + 1], their sums


@dataclass(frozen=True)
class _Replay:
    """The tower for one layout, as a graph."""

    patches: Tensor
    layout: _Layout
    graph: Any
    features: Tensor


class FusedTower:
    """Runs over the weights of a tower that is ready for inference on a CUDA device. Same steps as `VisionTower`."""

    def __init__(
        self,
        tower: VisionTower,
        *,
        attend: Attend | None = None,
        capture: Capture | None = None,
        largest: int = 0,
        kept: int = 0,
    ) -> None:
        """`attend` stands in for our own attention. With `capture`, up to `largest` patches are replayed together, and
        graphs of `kept` patches in all stay (`replay_bytes` in `engine.encoder`).
        """
        self.tower = tower
        self.config = tower.config
        self._blocks = [block for block in tower.blocks if isinstance(block, VisionBlock)]
        self._attend = attend or _attention_for(tower)
        self._dependent = dependent_launch.supported(tower.pos_embed.weight.device)
        self._capture = capture
        self._largest, self._kept = largest, kept
        self._seen: OrderedDict[tuple[Grid, ...], None] = OrderedDict()
        self._graphs: OrderedDict[tuple[Grid, ...], _Replay] = OrderedDict()
        self._frames: OrderedDict[tuple[int, int], _Frame] = OrderedDict()
        self._frame_bytes = 0
        # The biases that the residual lacks, in front of each norm, and after the last layer.
        ends = [linear for block in self._blocks for linear in (block.attn.proj, block.mlp.linear_fc2)]
        biases = [linear.bias.detach().float() for linear in ends if linear.bias is not None]
        self._lacking = list(accumulate(biases, initial=torch.zeros_like(biases[0])))
        # What the residual lacks at each merger, as wide as its norm.
        mergers = [*tower.deepstack_merger_list, tower.merger]
        layers = [*(layer + 1 for layer in self.config.deepstack_layers), self.config.depth]
        self._mergers = [
            (merger, self._lacking[2 * layer].repeat(merger.norm.weight.shape[0] // self.config.hidden_size))
            for merger, layer in zip(mergers, layers, strict=True)
            if isinstance(merger, PatchMerger)
        ]

    @torch.inference_mode()
    def __call__(self, patches: Tensor, grids: Sequence[Grid]) -> Tensor:
        """Patches [n, patch_dim] -> [1 + levels, n / merge**2, out_hidden_size]."""
        parts = list(_parts(grids))
        if self._capture is None or len(parts) == 1:
            return self._encode(patches, grids)
        sizes = [_patches(part) for part in parts]
        return torch.cat([self._encode(*one) for one in zip(patches.split(sizes), parts, strict=True)], dim=1)

    @torch.inference_mode()
    def warm_up(self) -> bool:
        """Capture the next of the common grids; False when there is none left."""
        if self._capture is None:
            return False
        for grid in COMMON:
            if (grid,) not in self._seen and _patches([grid]) <= self._largest:
                weight = self.tower.pos_embed.weight
                patches = torch.zeros(_patches([grid]), self.config.patch_dim, dtype=weight.dtype, device=weight.device)
                for _ in range(2):
                    self._encode(patches, [grid])
                return True
        return False

    def _encode(self, patches: Tensor, grids: Sequence[Grid]) -> Tensor:
        """Replay, or compute and perhaps capture."""
        if self._capture is None or patches.shape[0] > self._largest:
            return self._compute(patches, grids)
        key = tuple(grids)
        if (replay := self._graphs.get(key)) is not None:
            self._graphs.move_to_end(key)
            replay.patches.copy_(patches)
            replay.graph.replay()
            return replay.features.clone()
        features = self._compute(patches, grids)
        if key in self._seen:
            self._graphs[key] = self._capture_for(patches, key, features)
            while sum(map(_patches, self._graphs)) > self._kept:
                self._graphs.popitem(last=False)
        self._seen[key] = None
        if len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        return features

    @torch.inference_mode()
    def begin(self, patches: Tensor, grids: Sequence[Grid]) -> Encoding:
        assert patches.shape[0] == _patches(grids), "the grids must cover the patches"
        return self._embed(patches, self._layout(grids))

    @torch.inference_mode()
    def advance(self, encoding: Encoding, layers: int) -> None:
        self._advance(encoding, layers, self._attend)

    @torch.inference_mode()
    def finish(self, encoding: Encoding) -> Tensor:
        assert encoding.layer == self.config.depth, "layers are left to run"
        return torch.stack([self._merge(encoding, -1), *encoding.levels])

    def _compute(self, patches: Tensor, grids: Sequence[Grid]) -> Tensor:
        encoding = self.begin(patches, grids)
        self.advance(encoding, self.config.depth)
        return self.finish(encoding)

    def _embed(self, patches: Tensor, layout: _Layout) -> Encoding:
        x = self.tower.patch_embed(patches.to(self.tower.pos_embed.weight.dtype))
        for start, count, learned in layout.frames:
            x[start : start + count * len(learned)].unflatten(0, (count, -1)).add_(learned)
        return Encoding(x=x, cos=layout.cos, sin=layout.sin, lengths=layout.lengths, starts=layout.starts)

    def _advance(self, encoding: Encoding, layers: int, attend: Attend) -> None:
        for number in range(encoding.layer, min(encoding.layer + layers, self.config.depth)):
            self._run_block(number, encoding, attend)
            encoding.layer = number + 1
            if number in self.config.deepstack_layers:
                encoding.levels.append(self._merge(encoding, len(encoding.levels)))

    def _run_block(self, number: int, encoding: Encoding, attend: Attend) -> None:
        block, x = self._blocks[number], encoding.x
        attn, mlp = block.attn, block.mlp
        normed = self._norm(block.norm1, x, self._lacking[2 * number])
        qkv = attn.qkv(normed).unflatten(-1, (3, attn.num_heads, -1))
        rotate_qk(qkv, encoding.cos, encoding.sin, dependent=self._dependent)
        q, k, v = qkv.unbind(1)
        x.addmm_(attend(q, k, v, encoding).flatten(1), attn.proj.weight.t())
        normed = self._norm(block.norm2, x, self._lacking[2 * number + 1])
        assert mlp.linear_fc1.bias is not None
        # On CUDA this GELU is the tanh form, as the architecture wants it.
        inner = torch._addmm_activation(mlp.linear_fc1.bias, normed, mlp.linear_fc1.weight.t(), use_gelu=True)
        x.addmm_(inner, mlp.linear_fc2.weight.t())

    def _merge(self, encoding: Encoding, number: int) -> Tensor:
        """A level of features from the residual as it is now."""
        merger, lacking = self._mergers[number]
        x = self._norm(merger.norm, encoding.x.view(-1, len(lacking)), lacking).view(-1, merger.width)
        return merger.linear_fc2(F.gelu(merger.linear_fc1(x)))

    def _norm(self, norm: nn.LayerNorm, x: Tensor, lacking: Tensor) -> Tensor:
        return shifted_layer_norm(x, lacking, norm.weight, norm.bias, norm.eps, dependent=self._dependent)

    def _capture_for(self, patches: Tensor, grids: tuple[Grid, ...], features: Tensor) -> _Replay:
        """Capture what has just given `features`."""
        assert self._capture is not None
        inputs, layout = patches.clone(), self._layout(grids)

        def compute(attend: Attend) -> Tensor:
            encoding = self._embed(inputs, layout)
            self._advance(encoding, self.config.depth, attend)
            return self.finish(encoding)

        attend = self._attend
        try:
            if distance(compute(_cudnn_attention), features) <= AGREEMENT:  # it makes its plans here
                attend = _cudnn_attention
        except RuntimeError as error:
            logger.info("cuDNN's attention is not used for the vision tower: %s", error)
        graph, result = self._capture(lambda: compute(attend))
        return _Replay(inputs, layout, graph, result)

    def _layout(self, grids: Sequence[Grid]) -> _Layout:
        frames, cos, sin = [], [], []
        start = 0
        for (rows, columns), count in _runs(grids):
            frame = self._frame(rows, columns)
            frames.append((start, count, frame.learned))
            cos += [frame.cos] * count
            sin += [frame.sin] * count
            start += count * rows * columns
        lengths = [h * w for t, h, w in grids for _ in range(t)]
        starts = torch.tensor([0, *accumulate(lengths)], dtype=torch.int32)
        return _Layout(frames, torch.cat(cos), torch.cat(sin), lengths, to_device(starts, cos[0].device))

    def _frame(self, rows: int, columns: int) -> _Frame:
        if (found := self._frames.get((rows, columns))) is not None:
            self._frames.move_to_end((rows, columns))
            return found
        weight = self.tower.pos_embed.weight
        positions = frame_positions(rows, columns, self.config, weight.device)
        learned = self.tower.learned_positions(positions).to(weight.dtype)
        frame = _Frame(learned, positions.angles.cos(), positions.angles.sin())
        self._frames[rows, columns] = frame
        self._frame_bytes += frame.nbytes
        while self._frame_bytes > POSITION_BYTES and len(self._frames) > 1:
            self._frame_bytes -= self._frames.popitem(last=False)[1].nbytes
        return frame


def _attention_for(tower: VisionTower) -> Attend:
    width = tower.config.hidden_size // tower.config.num_heads
    on_cuda = tower.pos_embed.weight.device.type == "cuda"
    return _triton_attention if on_cuda and width & (width - 1) == 0 else _torch_attention


def _triton_attention(q: Tensor, k: Tensor, v: Tensor, encoding: Encoding) -> Tensor:
    assert encoding.starts is not None
    return triton_attention(q, k, v, encoding.starts, max(encoding.lengths))


def _torch_attention(q: Tensor, k: Tensor, v: Tensor, encoding: Encoding) -> Tensor:
    return segment_attention(q, k, v, encoding.lengths, causal=False)


def _cudnn_attention(q: Tensor, k: Tensor, v: Tensor, encoding: Encoding) -> Tensor:
    with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
        return segment_attention(q, k, v, encoding.lengths, causal=False)


def distance(found: Tensor, expected: Tensor) -> float:
    """Relative to all of `expected`; not a number counts as far."""
    distance = ((found.float() - expected.float()).norm() / expected.float().norm()).item()
    return distance if distance == distance else float("inf")


def _patches(grids: Sequence[Grid]) -> int:
    return sum(t * h * w for t, h, w in grids)


def _parts(grids: Sequence[Grid]) -> Iterator[list[Grid]]:
    """What is encoded together: each large medium alone, small ones with their neighbours."""
    together: list[Grid] = []
    for grid in grids:
        if _patches([grid]) < ALONE:
            together.append(grid)
            continue
        if together:
            yield together
            together = []
        yield [grid]
    if together:
        yield together


def _runs(grids: Sequence[Grid]) -> Iterator[tuple[tuple[int, int], int]]:
    """(rows, columns) of neighbouring frames of one grid, and how many they are."""
    for size, run in groupby(grids, key=lambda grid: grid[1:]):
        yield size, sum(grid[0] for grid in run)
