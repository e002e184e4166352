"""The largest number of each row and where it is, the lowest place of several: greedy choice on the device."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from qwen3_vl_webui.kernels import dependent_launch

BLOCK = 4096
LARGEST = 1 << 20  # columns: what one program merges are the blocks of a row


def argmax_reference(x: Tensor) -> tuple[Tensor, Tensor]:
    """What `argmax` computes, in plain PyTorch."""
    largest = x.amax(dim=1)
    columns = torch.arange(x.shape[1], device=x.device)
    return largest, torch.where(x == largest[:, None], columns, x.shape[1]).amin(dim=1)


def argmax(x: Tensor, *, dependent: bool = False) -> tuple[Tensor, Tensor]:
    """x float32 [n, k] contiguous, no NaN -> largest float32 [n], place int64 [n].

    `dependent`: as in `skinny_linear.linear`.
    """
    rows, columns = x.shape
    assert x.is_contiguous()
    assert columns <= LARGEST
    blocks = triton.cdiv(columns, BLOCK)
    values = torch.empty(rows, blocks, dtype=torch.float32, device=x.device)
    places = torch.empty(rows, blocks, dtype=torch.int32, device=x.device)
    largest = torch.empty(rows, dtype=torch.float32, device=x.device)
    place = torch.empty(rows, dtype=torch.int64, device=x.device)
    options = dependent_launch.launch_options(dependent)
    _block_maxima[(rows, blocks)](x, values, places, columns, BLOCK=BLOCK, DEPENDENT=dependent, num_warps=4, **options)
    merged = triton.next_power_of_2(blocks)
    _merge[(rows,)](values, places, largest, place, blocks, BLOCK=merged, DEPENDENT=dependent, num_warps=1, **options)
    return largest, place


@triton.jit
def _block_maxima(x, values, places, columns, BLOCK: tl.constexpr, DEPENDENT: tl.constexpr):  # type: ignore[no-untyped-def]
    if DEPENDENT:
        dependent_launch.launch_dependents()
        dependent_launch.wait()
    row, block = tl.program_id(0), tl.program_id(1)
    at = block * BLOCK + tl.arange(0, BLOCK)
    numbers = tl.load(x + row.to(tl.int64) * columns + at, mask=at < columns, other=-float("inf"))
    largest = tl.max(numbers, axis=0)
    slot = row * tl.num_programs(1) + block
    tl.store(values + slot, largest)
    tl.store(places + slot, tl.min(tl.where(numbers == largest, at, 0x7FFFFFFF), axis=0))


@triton.jit
def _merge(values, places, largest, place, blocks, BLOCK: tl.constexpr, DEPENDENT: tl.constexpr):  # type: ignore[no-untyped-def]
    if DEPENDENT:
        dependent_launch.launch_dependents()
        dependent_launch.wait()
    row = tl.program_id(0)
    at = tl.arange(0, BLOCK)
    inside = at < blocks
    numbers = tl.load(values + row * blocks + at, mask=inside, other=-float("inf"))
    indices = tl.load(places + row * blocks + at, mask=inside, other=0x7FFFFFFF)
    best = tl.max(numbers, axis=0)
    tl.store(largest + row, best)
    tl.store(place + row, tl.min(tl.where(numbers == best, indices, 0x7FFFFFFF), axis=0).to(tl.int64))
