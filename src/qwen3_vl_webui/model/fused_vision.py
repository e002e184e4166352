"""The vision tower with fused operations, for inference on CUDA: the same features as `VisionTower`'s.

Eight kernels a layer: residual add + LayerNorm (`kernels.layer_norm`), the qkv product, the rotary turn in place
(`kernels.rotate_qk`), attention, its output product, add + norm, and the two products of the MLP, the first with its
bias and GELU in the product's epilogue. Weights stay the tower's own. Position embeddings and angles are kept by grid.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from qwen3_vl_webui.kernels.layer_norm import add_layer_norm
from qwen3_vl_webui.kernels.rotate_qk import rotate_qk
from qwen3_vl_webui.model.attention import segment_attention
from qwen3_vl_webui.model.vision import Encoding, Grid, VisionBlock, VisionTower, frame_positions

Attend = Callable[[Tensor, Tensor, Tensor, Sequence[int]], Tensor]
"""q, k, v [n, heads, d] (rows may be strided) and the segments' lengths -> [n, heads, d]."""

POSITION_BYTES = 64 << 20  # of position embeddings and angles that are kept, the last grid's always


@dataclass(frozen=True)
class _Frame:
    """What depends only on the rows and columns of a frame's grid, each [rows * columns, ...] in merge-block order."""

    learned: Tensor  # of the model's dtype
    cos: Tensor
    sin: Tensor

    @property
    def nbytes(self) -> int:
        return self.learned.nbytes + self.cos.nbytes + self.sin.nbytes


class FusedTower:
    """Runs over the weights of a tower that is ready for inference on a CUDA device. Same steps as `VisionTower`."""

    def __init__(self, tower: VisionTower, attend: Attend | None = None) -> None:
        self.tower = tower
        self.config = tower.config
        self._attend = attend or _torch_attention
        self._frames: OrderedDict[tuple[int, int], _Frame] = OrderedDict()
        self._frame_bytes = 0

    @torch.inference_mode()
    def __call__(self, patches: Tensor, grids: Sequence[Grid]) -> Tensor:
        """Patches [n, patch_dim] -> [1 + levels, n / merge**2, out_hidden_size]."""
        encoding = self.begin(patches, grids)
        self.advance(encoding, self.config.depth)
        return self.finish(encoding)

    @torch.inference_mode()
    def begin(self, patches: Tensor, grids: Sequence[Grid]) -> Encoding:
        assert patches.shape[0] == sum(t * h * w for t, h, w in grids), "the grids must cover the patches"
        x = self.tower.patch_embed(patches.to(self.tower.pos_embed.weight.dtype))
        cos, sin = [], []
        start = 0
        for (rows, columns), count in _runs(grids):
            frame = self._frame(rows, columns)
            end = start + count * rows * columns
            x[start:end].unflatten(0, (count, -1)).add_(frame.learned)
            cos += [frame.cos] * count
            sin += [frame.sin] * count
            start = end
        lengths = [h * w for t, h, w in grids for _ in range(t)]
        return Encoding(x=x, cos=torch.cat(cos), sin=torch.cat(sin), lengths=lengths)

    @torch.inference_mode()
    def advance(self, encoding: Encoding, layers: int) -> None:
        x = encoding.x
        delta: Tensor | None = None  # what the next norm adds to x
        for number in range(encoding.layer, min(encoding.layer + layers, self.config.depth)):
            block = self.tower.blocks[number]
            assert isinstance(block, VisionBlock)
            delta = self._block(block, x, delta, encoding)
            if number in self.config.deepstack_layers:
                x.add_(delta)
                delta = None
                encoding.levels.append(self.tower.deepstack_merger_list[len(encoding.levels)](x))
            encoding.layer = number + 1
        if delta is not None:
            x.add_(delta)

    @torch.inference_mode()
    def finish(self, encoding: Encoding) -> Tensor:
        return self.tower.finish(encoding)

    def _block(self, block: VisionBlock, x: Tensor, delta: Tensor | None, encoding: Encoding) -> Tensor:
        attn, mlp = block.attn, block.mlp
        normed = add_layer_norm(x, delta, block.norm1.weight, block.norm1.bias, block.norm1.eps)
        qkv = attn.qkv(normed).unflatten(-1, (3, attn.num_heads, -1))
        rotate_qk(qkv, encoding.cos, encoding.sin)
        q, k, v = qkv.unbind(1)
        mixed = self._attend(q, k, v, encoding.lengths).flatten(1)
        normed = add_layer_norm(x, attn.proj(mixed), block.norm2.weight, block.norm2.bias, block.norm2.eps)
        assert mlp.linear_fc1.bias is not None
        # On CUDA this GELU is the tanh form, as the architecture wants it.
        inner = torch._addmm_activation(mlp.linear_fc1.bias, normed, mlp.linear_fc1.weight.t(), use_gelu=True)
        return mlp.linear_fc2(inner)

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


def _torch_attention(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int]) -> Tensor:
    return segment_attention(q, k, v, lengths, causal=False)


def _runs(grids: Sequence[Grid]) -> Iterator[tuple[tuple[int, int], int]]:
    """(rows, columns) of neighbouring frames of one grid, and how many they are."""
    for size, run in groupby(grids, key=lambda grid: grid[1:]):
        yield size, sum(grid[0] for grid in run)
