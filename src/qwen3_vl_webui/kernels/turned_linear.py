"""Products of 2 to 32 rows on Hopper, with the matrix as the left operand, and RMSNorm inside the products around it.

    turned_linear(x [m, k], weight [n, k]) = x @ weight^T, gated or not
    turned_add(x, weight, residual [m, n], norm): residual += x @ weight^T, and what the norm of it follows from

As the left operand the matrix is read by the asynchronous tensor cores (`wgmma`) from shared memory, where the tensor
memory accelerator puts it; as the right one, as in `skinny_linear`, it moves through registers.

A norm between two products is no kernel of its own: the product ahead writes its rows times the norm's weight and the
sums of their squares, block by block, and the product behind multiplies by the factor that follows from those. Sums
are added in their order, so results never depend on timing.

`early_linear` has the same kernel once more: for fewer shapes and up to 128 rows, and faster where it is chosen
(`skinny_tiles`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from triton.tools.tensor_descriptor import TensorDescriptor

from qwen3_vl_webui.kernels import dependent_launch
from qwen3_vl_webui.kernels.skinny_linear import MAX_BLOCKS, Scratch, padded, silu

MAX_ROWS = 32
MAX_EARLY_ROWS = 128


class Turned(IntEnum):
    """How much of this a device does; what is more is faster."""

    NOT = 0  # `skinny_linear` instead
    PLAIN = 1
    EARLY = 2  # by `early_linear` where its shapes allow that


@lru_cache
def supported(device: torch.device) -> Turned:
    """The instructions that make this way the faster one are those of compute capability 9.x."""
    hopper = device.type == "cuda" and torch.cuda.get_device_capability(device)[0] == 9
    return Turned.EARLY if hopper else Turned.NOT


@dataclass(frozen=True)
class TurnedTiles:
    """How the work is cut: rows of the weight a program, columns a step, parts that k is split into."""

    columns: int
    split: int
    rows: int = 64
    warps: int = 4
    stages: int = 4
    early: bool = False  # by `early_linear`: n a multiple of `rows`, k of `columns` times `split`, `warps` 4


@dataclass(frozen=True)
class Normed:
    """RMSNorm of rows, its factor still to be multiplied."""

    values: Tensor  # [m, k]: the rows times the norm's weight
    squares: Tensor  # float32 [parts, padded m]: sums of squares of parts of each row
    eps: float


def turned_linear(
    x: Tensor | Normed,
    weight: Tensor,
    tiles: TurnedTiles,
    scratch: Scratch,
    *,
    gated: bool = False,
    out: Tensor | None = None,
    dependent: bool = False,
) -> Tensor:
    """x [m, k] times weight [n, k]: [m, n], or silu(first half) * second half [m, n / 2]. As `skinny_linear.linear`.

    `gated` products are not split. k and n are any multiples of 8; `out` may be float32.
    """
    values = x.values if isinstance(x, Normed) else x
    if out is None:
        n = weight.shape[0] // 2 if gated else weight.shape[0]
        out = torch.empty(len(values), n, dtype=values.dtype, device=values.device)
    _launch(x, weight, tiles, scratch, out, gated=gated, dependent=dependent)
    return out


def turned_add(
    x: Tensor,
    weight: Tensor,
    tiles: TurnedTiles,
    scratch: Scratch,
    residual: Tensor,
    norm: Tensor | None = None,
    eps: float = 0.0,
    *,
    dependent: bool = False,
) -> Normed | None:
    """Adds x [m, k] times weight [n, k] to `residual` [m, n] in place; its norm of weight [n], if there is one."""
    normed = None
    if norm is not None:
        blocks = triton.cdiv(len(weight), tiles.rows)
        squares = torch.empty(blocks, padded(len(x)), dtype=torch.float32, device=x.device)
        normed = Normed(torch.empty_like(residual), squares, eps)
    _launch(x, weight, tiles, scratch, residual, add=True, norm=norm, normed=normed, dependent=dependent)
    return normed


def _launch(
    x: Tensor | Normed,
    weight: Tensor,
    tiles: TurnedTiles,
    scratch: Scratch,
    out: Tensor,
    *,
    gated: bool = False,
    add: bool = False,
    norm: Tensor | None = None,
    normed: Normed | None = None,
    dependent: bool = False,
) -> None:
    values = x.values if isinstance(x, Normed) else x
    squares = x.squares if isinstance(x, Normed) else None
    m, k = values.shape
    n = weight.shape[0] // 2 if gated else weight.shape[0]
    blocks = triton.cdiv(n, tiles.rows)
    assert 1 <= m <= (MAX_EARLY_ROWS if tiles.early else MAX_ROWS)
    assert weight.shape[1] == k
    assert k % 8 == n % 8 == 0  # what a descriptor can address
    assert out.shape == (m, n)
    assert values.is_contiguous()
    assert weight.is_contiguous()
    assert out.is_contiguous()
    assert tiles.split == 1 or (not gated and blocks <= MAX_BLOCKS)
    rows = padded(m)
    parts = out
    if tiles.split > 1:
        parts = torch.empty(tiles.split, blocks * tiles.rows, rows, dtype=torch.float32, device=out.device)
    grid = (blocks, tiles.split)
    # What a variant lacks stands for nothing: any pointer will do.
    arguments = (
        out,
        parts,
        scratch.arrived,
        out if squares is None else squares,
        out if norm is None else norm,
        out if normed is None else normed.values,
        out if normed is None else normed.squares,
        m,
        n,
        x.eps if isinstance(x, Normed) else 0.0,
    )
    flags: dict[str, Any] = {
        "K": k,
        "PADDED": rows,
        "ROWS": tiles.rows,
        "COLUMNS": tiles.columns,
        "STEPS": triton.cdiv(triton.cdiv(k, tiles.columns), tiles.split),
        "SPLIT": tiles.split,
        "STAGES": tiles.stages,
        "LINES": 1 if squares is None else len(squares),
        "GATED": gated,
        "ADD": add,
        "SCALED": squares is not None,
        "NORMED": normed is not None,
        "DEPENDENT": dependent,
        "num_warps": tiles.warps,
        **dependent_launch.launch_options(dependent),
    }
    if tiles.early:
        from qwen3_vl_webui.kernels import early_linear  # not every Triton has what it needs

        early_linear.launch(grid, values, weight, *arguments, **flags)
        return
    _turned[grid](
        TensorDescriptor(values, [m, k], [k, 1], [rows, tiles.columns]),
        TensorDescriptor(weight, list(weight.shape), [k, 1], [tiles.rows, tiles.columns]),
        *arguments,
        num_stages=tiles.stages,
        **flags,
    )


@triton.jit(do_not_specialize=["m"])
def _turned(  # type: ignore[no-untyped-def]
    x,
    weight,
    out,
    parts,
    arrived,
    squares,
    norm,
    normed,
    normed_squares,
    m,
    n,
    eps,
    K: tl.constexpr,
    PADDED: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    STEPS: tl.constexpr,
    SPLIT: tl.constexpr,
    STAGES: tl.constexpr,
    LINES: tl.constexpr,
    GATED: tl.constexpr,
    ADD: tl.constexpr,
    SCALED: tl.constexpr,
    NORMED: tl.constexpr,
    DEPENDENT: tl.constexpr,
):
    if DEPENDENT:
        dependent_launch.launch_dependents()
    block = tl.program_id(0)
    part = tl.program_id(1)
    first = part * STEPS * COLUMNS
    rows = block * ROWS + tl.arange(0, ROWS)
    tokens = tl.arange(0, PADDED)
    if NORMED:
        scale = tl.load(norm + rows, mask=rows < n, other=0.0).to(tl.float32)
    if DEPENDENT:
        dependent_launch.wait()
    if SCALED:  # asked for here, needed at the end
        line = tl.arange(0, triton.next_power_of_2(LINES))
        lines = tl.load(squares + line[:, None] * PADDED + tokens[None, :], mask=(line < LINES)[:, None], other=0.0)
    total = tl.zeros((ROWS, PADDED), tl.float32)
    up_total = tl.zeros((ROWS, PADDED), tl.float32)
    for step in tl.range(0, STEPS, num_stages=STAGES):  # beyond the ends of x and weight zeros are read
        at = first + step * COLUMNS
        values = x.load([0, at]).T
        total = tl.dot(weight.load([block * ROWS, at]), values, total)
        if GATED:
            up_total = tl.dot(weight.load([n + block * ROWS, at]), values, up_total)
    last = True
    if SPLIT > 1:
        width = tl.num_programs(0) * ROWS
        place = parts + rows[:, None] * PADDED + tokens[None, :]
        tl.store(place + part * width * PADDED, total)
        tl.debug_barrier()  # every thread's part is written before the program counts as arrived
        last = tl.atomic_add(arrived + block, 1, sem="acq_rel") == SPLIT - 1
        if last:
            total = tl.zeros((ROWS, PADDED), tl.float32)
            for other in tl.range(0, SPLIT):
                total += tl.load(place + other * width * PADDED, cache_modifier=".cg")
            tl.store(arrived + block, 0)
    if last:
        if SCALED:
            factor = tl.rsqrt(tl.sum(lines, axis=0) / K + eps)[None, :]
            total *= factor
            if GATED:
                up_total *= factor
        if GATED:
            total = silu(total) * up_total
        kind = out.dtype.element_ty
        at_out = tokens[None, :] * n + rows[:, None]
        inside = (tokens < m)[None, :] & (rows < n)[:, None]
        if ADD:
            total += tl.load(out + at_out, mask=inside, other=0.0).to(tl.float32)
        tl.store(out + at_out, total.to(kind), mask=inside)
        if NORMED:
            written = tl.where(inside, total.to(kind).to(tl.float32), 0.0)
            tl.store(normed + at_out, (written * scale[:, None]).to(kind), mask=inside)
            tl.store(normed_squares + block * PADDED + tokens, tl.sum(written * written, axis=0))
