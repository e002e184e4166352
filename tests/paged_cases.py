"""Random paged caches for the attention kernels' tests: every block is junk but for what its sequence has written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

LARGE = 3e4  # finite in float16, and shows up wherever it is not masked

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
INTERPRETER = pytest.mark.skipif(torch.cuda.is_available(), reason="the kernels run on the GPU here")
WHERE = [
    pytest.param(
        ("cpu", torch.float32, 1e-5),
        id="interpreter",
        marks=[pytest.mark.skipif(torch.cuda.is_available(), reason="runs on the GPU here")],
    ),
    pytest.param(("cuda", torch.bfloat16, 2e-2), id="bfloat16", marks=[pytest.mark.gpu, CUDA]),
    pytest.param(("cuda", torch.float16, 3e-3), id="float16", marks=[pytest.mark.gpu, CUDA]),
]
Where = tuple[str, torch.dtype, float]


@dataclass(frozen=True)
class Paged:
    """A cache whose sequences hold `lengths` tokens each, and the table of their blocks."""

    cache: tuple[Tensor, Tensor]
    block_table: Tensor
    lengths: Tensor
    slots: list[Tensor]  # of each sequence's tokens


def paged(
    lengths: Sequence[int],
    *,
    kv_heads: int,
    d: int,
    block_size: int,
    dtype: torch.dtype,
    device: str,
    junk: float = torch.nan,
) -> Paged:
    """Keys and values of `lengths` tokens in shuffled blocks; entries of the table past them name no block at all."""
    spare = 3
    needs = [-(-length // block_size) for length in lengths]
    num_blocks = sum(needs) + spare
    order = torch.randperm(num_blocks)
    table = torch.full((len(lengths), max(needs) + spare), 1 << 28)  # whoever follows one crashes
    pools = tuple(torch.full((kv_heads, num_blocks, block_size, d), junk) for _ in range(2))
    slots = []
    for row, (length, need) in enumerate(zip(lengths, needs, strict=True)):
        own, order = order[:need], order[need:]
        table[row, :need] = own
        at = torch.arange(length)
        slots.append((own[at // block_size] * block_size + at % block_size).to(device))
        for pool in pools:
            pool.flatten(1, 2)[:, slots[-1].cpu()] = torch.randn(kv_heads, length, d)
    keys, values = (pool.to(dtype).to(device) for pool in pools)
    return Paged((keys, values), table.int().to(device), torch.tensor(lengths, dtype=torch.int32, device=device), slots)
