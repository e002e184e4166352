"""What the attention kernels share: one step of the online softmax over a tile of keys and values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
import triton
import triton.language as tl

LOG2_E = 1.4426950408889634


@dataclass(frozen=True)
class FlashTiles:
    """Queries and keys of a tile, and the launch. `descriptors`: tiles come through the tensor memory accelerator."""

    queries: int
    keys: int
    warps: int
    stages: int
    descriptors: bool = False


@lru_cache
def capability(device: torch.device) -> tuple[int, int]:
    """Compute capability; on a CPU, where the interpreter runs, the least that the kernels are made for."""
    return torch.cuda.get_device_capability(device) if device.type == "cuda" else (8, 0)


@triton.jit
def attend_tile(query, k, v, mask, largest, total, summed, scale, MASKED: tl.constexpr, PRECISION: tl.constexpr):  # type: ignore[no-untyped-def]
    """Take keys and values [m, d] into the running (largest score, sum of weights, weighted values) of each query.

    `scale` includes log2(e): weights are powers of two. A mask must leave every query at least one key in its first
    tile. Returns the new triple.
    """
    scores = tl.dot(query, tl.trans(k), input_precision=PRECISION)
    if MASKED:
        scores = tl.where(mask, scores, float("-inf"))
    new_largest = tl.maximum(largest, tl.max(scores, axis=1) * scale)
    weights = tl.exp2(scores * scale - new_largest[:, None])
    shrink = tl.exp2(largest - new_largest)
    total = total * shrink + tl.sum(weights, axis=1)
    summed = tl.dot(weights.to(v.dtype), v, summed * shrink[:, None], input_precision=PRECISION)
    return new_largest, total, summed
