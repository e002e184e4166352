"""Rotary position embedding: interleaved MRoPE with YaRN for the decoder, two axes for the vision tower.

Both use the rotate-half convention: number i of a head turns together with number i + d/2. Angles are computed and
applied in float32, whatever the dtype of the queries and keys.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from qwen3_vl_webui.model.config import TextConfig, Yarn


def inverse_frequencies(dim: int, theta: float) -> Tensor:
    """[dim / 2] float32: theta ** (-2i / dim)."""
    return 1.0 / (theta ** (torch.arange(0, dim, 2, dtype=torch.float32, device="cpu") / dim))


def yarn_frequencies(dim: int, theta: float, yarn: Yarn) -> Tensor:
    """[dim / 2] float32, "NTK by parts" (YaRN, section 3.2).

    Frequencies that turn more than `beta_fast` times within the original context stay; those that turn less than
    `beta_slow` times are slowed down by `factor`; a linear ramp over the index lies between.
    """

    def index_of(turns: float) -> float:
        return dim * math.log(yarn.original_max_positions / (turns * 2 * math.pi)) / (2 * math.log(theta))

    low = max(math.floor(index_of(yarn.beta_fast)), 0)
    high = min(math.ceil(index_of(yarn.beta_slow)), dim - 1)
    plain = inverse_frequencies(dim, theta)
    width = high - low if high != low else 1e-3  # a ramp of no width is a step
    slowed = ((torch.arange(dim // 2, dtype=torch.float32, device="cpu") - low) / width).clamp(0, 1)
    return plain * (1 - slowed) + plain / yarn.factor * slowed


def text_frequencies(config: TextConfig) -> tuple[Tensor, float]:
    """The decoder's frequencies [head_dim / 2] and the factor on cos and sin."""
    if config.yarn is None:
        return inverse_frequencies(config.head_dim, config.rope_theta), 1.0
    return yarn_frequencies(config.head_dim, config.rope_theta, config.yarn), config.yarn.attention_factor


def mrope_axes(section: tuple[int, int, int]) -> Tensor:
    """[head_dim / 2] int64: which position axis (0 time, 1 row, 2 column) turns each frequency.

    Interleaved: row on 1, 4, 7, ... and column on 2, 5, 8, ... as often as `section` says, time everywhere else.
    """
    axes = torch.zeros(sum(section), dtype=torch.int64, device="cpu")
    for axis in (1, 2):
        axes[axis : 3 * section[axis] : 3] = axis
    return axes


def mrope(positions: Tensor, frequencies: Tensor, axes: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """cos and sin, each [n, 1, head_dim / 2] float32, of positions [3, n]."""
    angles = positions[axes].float().t() * frequencies
    angles = angles.unsqueeze(1)  # the same for every head
    return angles.cos() * scale, angles.sin() * scale


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn x [n, heads, d] by angles [n, 1, d / 2]; computed in float32, returned in float32."""
    first, second = x.float().chunk(2, dim=-1)
    return torch.cat(
        (torch.addcmul(first * cos, second, sin, value=-1), torch.addcmul(second * cos, first, sin)),
        dim=-1,
    )
