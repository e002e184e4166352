"""The vision tower: patches to tokens of the decoder's width, on several feature levels (DeepStack).

Patches of all pictures and videos lie flat, each medium's in 2x2 merge-block order, so that the four patches of a
merged token are neighbours. Attention is full within one temporal group of one medium and never leaves it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from qwen3_vl_webui.kernels.linear import Linear
from qwen3_vl_webui.kernels.transfer import to_device
from qwen3_vl_webui.model import rope
from qwen3_vl_webui.model.attention import segment_attention
from qwen3_vl_webui.model.config import VisionConfig

Grid = tuple[int, int, int]  # temporal groups, patch rows, patch columns

_ROPE_THETA = 10_000.0  # fixed by the published architecture; no configuration file has it
_LAYER_NORM_EPS = 1e-6  # likewise
_CACHED_SIZES = 64


@dataclass(frozen=True)
class FramePositions:
    """What depends only on the rows and columns of a frame's grid; patches in merge-block order."""

    taps: Tensor  # [4, patches] int64, into the learned grid
    tap_weights: Tensor  # [4, patches] float32, summing to one
    angles: Tensor  # [patches, head_dim / 2] float32


@dataclass(slots=True, eq=False, kw_only=True)
class Encoding:
    """Media on their way through the tower: layers may be run a few at a time, with other work between."""

    x: Tensor  # [patches, hidden], after `layer` layers
    cos: Tensor  # [patches, head_dim / 2] float32
    sin: Tensor
    lengths: Sequence[int]  # patches of each temporal group: attention stays within one
    starts: Tensor | None = None  # int32 [groups + 1], their sums, for kernels that want them on the device
    layer: int = 0
    levels: list[Tensor] = field(default_factory=list)  # DeepStack features so far, [patches / merge**2, out_hidden]


class PatchEmbed(nn.Module):
    """The published Conv3d has stride = kernel: a plain matrix product over each patch."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.proj = Linear(config.patch_dim, config.hidden_size, bias=True)

    def forward(self, patches: Tensor) -> Tensor:
        return self.proj(patches)


class VisionAttention(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.qkv = Linear(config.hidden_size, 3 * config.hidden_size, bias=True)
        self.proj = Linear(config.hidden_size, config.hidden_size, bias=True)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, lengths: Sequence[int]) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).unbind(1)
        q, k = rope.rotate(q, cos, sin).to(x.dtype), rope.rotate(k, cos, sin).to(x.dtype)
        return self.proj(segment_attention(q, k, v, lengths, causal=False).flatten(1))


class VisionMLP(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.linear_fc1 = Linear(config.hidden_size, config.intermediate_size, bias=True)
        self.linear_fc2 = Linear(config.intermediate_size, config.hidden_size, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_fc2(F.gelu(self.linear_fc1(x), approximate="tanh"))


class VisionBlock(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.hidden_size, eps=_LAYER_NORM_EPS)
        self.norm2 = nn.LayerNorm(config.hidden_size, eps=_LAYER_NORM_EPS)
        self.attn = VisionAttention(config)
        self.mlp = VisionMLP(config)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, lengths: Sequence[int]) -> Tensor:
        x = x + self.attn(self.norm1(x), cos, sin, lengths)
        return x + self.mlp(self.norm2(x))


class PatchMerger(nn.Module):
    """Four neighbouring patches to one token of the decoder's width; exact GELU.

    The last level norms each patch before the regrouping, DeepStack levels norm the regrouped four.
    """

    def __init__(self, config: VisionConfig, *, norm_after: bool) -> None:
        super().__init__()
        self.width = config.hidden_size * config.spatial_merge_size**2
        self.norm_after = norm_after
        self.norm = nn.LayerNorm(self.width if norm_after else config.hidden_size, eps=_LAYER_NORM_EPS)
        self.linear_fc1 = Linear(self.width, self.width, bias=True)
        self.linear_fc2 = Linear(self.width, config.out_hidden_size, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(x.view(-1, self.width)) if self.norm_after else self.norm(x).view(-1, self.width)
        return self.linear_fc2(F.gelu(self.linear_fc1(x)))


class VisionTower(nn.Module):
    """Patches [n, patch_dim] of media with `grids` -> [1 + levels, n / merge**2, out_hidden_size]."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = PatchEmbed(config)
        shape = (config.num_position_embeddings, config.hidden_size)
        self.pos_embed = nn.Embedding(*shape, _weight=torch.empty(shape))
        self.blocks = nn.ModuleList(VisionBlock(config) for _ in range(config.depth))
        self.merger = PatchMerger(config, norm_after=False)
        self.deepstack_merger_list = nn.ModuleList(
            PatchMerger(config, norm_after=True) for _ in config.deepstack_layers
        )
        self._frames: OrderedDict[tuple[int, int, torch.device], FramePositions] = OrderedDict()

    def forward(self, patches: Tensor, grids: Sequence[Grid]) -> Tensor:
        encoding = self.begin(patches, grids)
        self.advance(encoding, self.config.depth)
        return self.finish(encoding)

    def begin(self, patches: Tensor, grids: Sequence[Grid]) -> Encoding:
        """Embed the patches; no layer has run yet."""
        assert patches.shape[0] == sum(t * h * w for t, h, w in grids), "the grids must cover the patches"
        x = self.patch_embed(patches.to(self.pos_embed.weight.dtype))
        frames = [(t, self._positions(h, w, x.device)) for t, h, w in grids]
        x = x + torch.cat([self.learned_positions(frame).repeat(t, 1) for t, frame in frames]).to(x.dtype)
        angles = torch.cat([frame.angles.repeat(t, 1) for t, frame in frames])
        lengths = [h * w for t, h, w in grids for _ in range(t)]
        return Encoding(x=x, cos=angles.cos(), sin=angles.sin(), lengths=lengths)

    def advance(self, encoding: Encoding, layers: int) -> None:
        """Run the next `layers` layers, or those that are left."""
        cos, sin = encoding.cos.unsqueeze(1), encoding.sin.unsqueeze(1)
        for number in range(encoding.layer, min(encoding.layer + layers, self.config.depth)):
            encoding.x = self.blocks[number](encoding.x, cos, sin, encoding.lengths)
            if number in self.config.deepstack_layers:
                encoding.levels.append(self.deepstack_merger_list[len(encoding.levels)](encoding.x))
            encoding.layer = number + 1

    def finish(self, encoding: Encoding) -> Tensor:
        """The features, once all layers have run."""
        assert encoding.layer == self.config.depth, "layers are left to run"
        return torch.stack([self.merger(encoding.x), *encoding.levels])

    def warm_up(self) -> bool:
        """Make one more common grid quick for when it comes; False, for here none becomes quicker."""
        return False

    def learned_positions(self, frame: FramePositions) -> Tensor:
        """Position embeddings of one frame, [patches, hidden] float32: four taps of the learned grid."""
        total: Tensor = self.pos_embed(frame.taps[0]) * frame.tap_weights[0].unsqueeze(-1)
        for tap, weight in zip(frame.taps[1:], frame.tap_weights[1:], strict=True):
            total = total + self.pos_embed(tap) * weight.unsqueeze(-1)
        return total

    def _positions(self, rows: int, columns: int, device: torch.device) -> FramePositions:
        key = (rows, columns, device)
        if key not in self._frames:
            with torch.inference_mode(mode=False):  # an inference tensor in the cache would spoil a later training step
                self._frames[key] = frame_positions(rows, columns, self.config, device)
            if len(self._frames) > _CACHED_SIZES:
                self._frames.popitem(last=False)
        self._frames.move_to_end(key)
        return self._frames[key]


def merge_order(rows: int, columns: int, merge: int) -> tuple[Tensor, Tensor]:
    """Row and column of each patch, [rows * columns] int64, in merge-block order."""
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")

    def reorder(x: Tensor) -> Tensor:
        return x.reshape(rows // merge, merge, columns // merge, merge).transpose(1, 2).flatten()

    return reorder(row), reorder(column)


def frame_positions(rows: int, columns: int, config: VisionConfig, device: torch.device) -> FramePositions:
    """Interpolation taps and rotary angles of a frame of rows x columns patches.

    The learned grid (side x side) is stretched over the frame with its corners aligned: patch r of R sits at
    r * (side - 1) / (R - 1). Half of the rotary frequencies turn by the row, half by the column.
    """
    side = round(config.num_position_embeddings**0.5)
    row, column = merge_order(rows, columns, config.spatial_merge_size)

    def axis(index: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        place = torch.linspace(0, side - 1, count, dtype=torch.float32)[index]
        low = place.long()  # truncation is floor here
        return low, (low + 1).clamp(max=side - 1), place - low

    top, bottom, down = axis(row, rows)
    left, right, across = axis(column, columns)
    taps = torch.stack((top * side + left, top * side + right, bottom * side + left, bottom * side + right))
    weights = torch.stack(((1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across))
    frequencies = rope.inverse_frequencies(config.hidden_size // config.num_heads // 2, _ROPE_THETA)
    angles = torch.cat((row[:, None] * frequencies, column[:, None] * frequencies), dim=-1)
    return FramePositions(to_device(taps, device), to_device(weights, device), to_device(angles, device))
