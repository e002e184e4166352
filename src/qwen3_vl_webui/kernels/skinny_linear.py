"""Products of few rows with a large matrix, at the speed at which the matrix can be read: the decoder's projections.

    linear(x [m, k], weight [n, k]) = epilogue(norm(x) @ weight^T), m up to 64, bfloat16 or float16, sums in float32

`norm` is RMSNorm with a weight; the epilogue adds a residual, or for a matrix of gate rows above up rows gives
silu(gate) * up. One kernel each way:

- one row (`_vector`): a program holds a few whole rows of the weight, all requested at once and before the kernel
  ahead of it has ended (`dependent_launch`); plain multiply-adds.
- up to 64 rows (`_rows`, without norm): tensor cores over tiles of the weight; where n gives too few programs, k is
  split and the last program to arrive adds the parts in their order, so results never depend on timing.

A row's result does not depend on the other rows or how many they are, except through the choice of kernel and tiles
(`skinny_tiles`), which goes by m. The norm's factor multiplies after the product: it is the same for all k.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor

from qwen3_vl_webui.kernels import dependent_launch

MAX_ROWS = 64
MAX_BLOCKS = 4096  # of n, in a product whose k is split: as many counters there are


@dataclass(frozen=True)
class VectorTiles:
    """How `_vector` cuts its work: rows of the weight a program; a load is 16 bytes a thread."""

    rows: int
    warps: int

    @property
    def columns(self) -> int:
        """Columns a load: with eight a thread, x and the weights are spread over the threads alike."""
        return 256 * self.warps


@dataclass(frozen=True)
class RowsTiles:
    """How `_rows` cuts its work: rows of the weight a program, columns a step, parts that k is split into."""

    rows: int
    columns: int
    split: int
    warps: int
    stages: int

    def within(self, shared_memory: int, m: int, *, gated: bool) -> RowsTiles:
        """With as many stages as so many bytes of shared memory a program allow; one less than that is held there."""
        stage = 2 * self.columns * (padded(m) + self.rows * (2 if gated else 1))
        return replace(self, stages=max(2, min(self.stages, shared_memory // stage + 1)))


Tiles = VectorTiles | RowsTiles


@dataclass(frozen=True)
class Scratch:
    """What split products need on a device between calls. One stream at a time may use it."""

    arrived: Tensor  # int32 [MAX_BLOCKS], zero between kernels

    @classmethod
    def on(cls, device: torch.device) -> Scratch:
        return cls(torch.zeros(MAX_BLOCKS, dtype=torch.int32, device=device))


def linear_reference(
    x: Tensor,
    weight: Tensor,
    *,
    norm: Tensor | None = None,
    eps: float = 0.0,
    residual: Tensor | None = None,
    gated: bool = False,
) -> Tensor:
    """What `linear` computes, in plain PyTorch and the dtype of its input."""
    if norm is not None:
        x = F.rms_norm(x, norm.shape, norm, eps)
    out = F.linear(x, weight)
    if gated:
        gate, up = out.chunk(2, dim=-1)
        out = F.silu(gate) * up
    return out if residual is None else residual + out


def linear(
    x: Tensor,
    weight: Tensor,
    tiles: Tiles,
    scratch: Scratch,
    *,
    norm: Tensor | None = None,
    eps: float = 0.0,
    residual: Tensor | None = None,
    gated: bool = False,
    out: Tensor | None = None,
    dependent: bool = False,
    late: bool = False,
) -> Tensor:
    """x [m, k] times weight [n, k]: [m, n], or [m, n / 2] when gated. All contiguous.

    `out` may be `residual` itself, or of another dtype (float32 logits); else it is allocated like x.
    `dependent`: launch before the kernel ahead has ended (`dependent_launch`), which must then be one that allows it or
    any ordinary kernel. `late`, of one row: let the next one start only when every program is done with its weights.
    """
    m, k = x.shape
    n = weight.shape[0] // 2 if gated else weight.shape[0]
    assert weight.shape[1] == k
    assert 1 <= m <= MAX_ROWS
    assert x.is_contiguous()
    assert weight.is_contiguous()
    assert residual is None or (residual.shape == (m, n) and residual.is_contiguous())
    if out is None:
        out = torch.empty(m, n, dtype=x.dtype, device=x.device)
    blocks = triton.cdiv(n, tiles.rows)
    # What a variant lacks stands for nothing: any pointer will do.
    added = out if residual is None else residual
    flags: dict[str, Any] = {
        "GATED": gated,
        "ADD": residual is not None,
        "DEPENDENT": dependent,
        **dependent_launch.launch_options(dependent),
    }
    if isinstance(tiles, VectorTiles):
        assert m == 1
        _vector[(blocks,)](
            x,
            weight,
            x if norm is None else norm,
            added,
            out,
            n,
            eps,
            K=k,
            ROWS=tiles.rows,
            COLUMNS=tiles.columns,
            STEPS=triton.cdiv(k, tiles.columns),
            NORM=norm is not None,
            LATE=late,
            num_warps=tiles.warps,
            **flags,
        )
        return out
    assert norm is None
    assert not late
    assert tiles.split == 1 or blocks <= MAX_BLOCKS
    width = blocks * tiles.rows * (2 if gated else 1)
    parts = out if tiles.split == 1 else torch.empty(tiles.split, m, width, dtype=torch.float32, device=x.device)
    _rows[(blocks, tiles.split)](
        x,
        weight,
        added,
        out,
        parts,
        scratch.arrived,
        m,
        n,
        K=k,
        PADDED=padded(m),
        ROWS=tiles.rows,
        COLUMNS=tiles.columns,
        STEPS=triton.cdiv(triton.cdiv(k, tiles.columns), tiles.split),
        SPLIT=tiles.split,
        STAGES=tiles.stages,
        num_warps=tiles.warps,
        num_stages=tiles.stages,
        **flags,
    )
    return out


def padded(m: int) -> int:
    """Rows of x in the tensor cores' tiles of m rows."""
    return max(16, 1 << (m - 1).bit_length())


@triton.jit
def silu(x):  # type: ignore[no-untyped-def]
    return x / (1 + tl.exp(-x))


@triton.jit
def _vector(  # type: ignore[no-untyped-def]
    x,
    weight,
    norm,
    residual,
    out,
    n,
    eps,
    K: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    STEPS: tl.constexpr,
    NORM: tl.constexpr,
    GATED: tl.constexpr,
    ADD: tl.constexpr,
    DEPENDENT: tl.constexpr,
    LATE: tl.constexpr,
):
    if DEPENDENT and not LATE:
        dependent_launch.launch_dependents()
    block = tl.program_id(0)
    rows = block * ROWS + tl.arange(0, ROWS)
    inside = rows < n
    columns = tl.arange(0, COLUMNS)
    own = weight + rows.to(tl.int64)[:, None] * K + columns[None, :]
    # All of the program's weights are requested here, before anything is waited for.
    tiles = ()
    others = ()
    scales = ()
    for step in tl.static_range(STEPS):
        mask = inside[:, None] & (step * COLUMNS + columns < K)[None, :]
        tile = tl.load(own + step * COLUMNS, mask=mask, other=0.0, eviction_policy="evict_first")
        tiles += (tile,)  # type: ignore[assignment]
        if GATED:
            up = own + tl.cast(n, tl.int64) * K
            tile = tl.load(up + step * COLUMNS, mask=mask, other=0.0, eviction_policy="evict_first")
            others += (tile,)  # type: ignore[assignment]
    if NORM:
        for step in tl.static_range(STEPS):
            at = step * COLUMNS + columns
            scales += (tl.load(norm + at, mask=at < K, other=0.0),)  # type: ignore[assignment]
    if DEPENDENT:
        dependent_launch.wait()
    else:
        tl.debug_barrier()  # else the compiler moves the loads down to where they are used
    total = tl.zeros((ROWS, COLUMNS), tl.float32)
    other_total = tl.zeros((ROWS, COLUMNS), tl.float32)
    squares = tl.zeros((COLUMNS,), tl.float32)
    for step in tl.static_range(STEPS):
        at = step * COLUMNS + columns
        vector = tl.load(x + at, mask=at < K, other=0.0).to(tl.float32)
        if NORM:
            squares += vector * vector
            vector *= scales[step].to(tl.float32)
        total += tiles[step].to(tl.float32) * vector[None, :]
        if GATED:
            other_total += others[step].to(tl.float32) * vector[None, :]
    if DEPENDENT and LATE:
        dependent_launch.launch_dependents()
    result = tl.sum(total, axis=1)
    if NORM:
        factor = tl.rsqrt(tl.sum(squares, axis=0) / K + eps)
        result *= factor
    if GATED:
        other = tl.sum(other_total, axis=1)
        if NORM:
            other *= factor
        result = silu(result) * other
    if ADD:
        result += tl.load(residual + rows, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + rows, result.to(out.dtype.element_ty), mask=inside)


@triton.jit(do_not_specialize=["m"])
def _rows(  # type: ignore[no-untyped-def]
    x,
    weight,
    residual,
    out,
    parts,
    arrived,
    m,
    n,
    K: tl.constexpr,
    PADDED: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    STEPS: tl.constexpr,
    SPLIT: tl.constexpr,
    STAGES: tl.constexpr,
    GATED: tl.constexpr,
    ADD: tl.constexpr,
    DEPENDENT: tl.constexpr,
):
    if DEPENDENT:
        dependent_launch.launch_dependents()
    block = tl.program_id(0)
    part = tl.program_id(1)
    first = part * STEPS * COLUMNS
    rows = block * ROWS + tl.arange(0, ROWS)
    known = tl.minimum(rows, n - 1).to(tl.int64)  # beyond the end: some row, never stored
    tokens = tl.arange(0, PADDED)
    columns = tl.arange(0, COLUMNS)
    up = tl.cast(n, tl.int64) * K
    if DEPENDENT:
        dependent_launch.wait()
    gate_total = tl.zeros((PADDED, ROWS), tl.float32)
    up_total = tl.zeros((PADDED, ROWS), tl.float32)
    for step in tl.range(0, STEPS, num_stages=STAGES):
        at = first + step * COLUMNS + columns
        if K % (COLUMNS * SPLIT) == 0:
            values = tl.load(x + tokens[:, None] * K + at[None, :], mask=(tokens < m)[:, None], other=0.0)
            tile = tl.load(weight + known[None, :] * K + at[:, None], eviction_policy="evict_first")
        else:
            mask = (tokens < m)[:, None] & (at < K)[None, :]
            values = tl.load(x + tokens[:, None] * K + at[None, :], mask=mask, other=0.0)
            tile = tl.load(weight + known[None, :] * K + at[:, None], mask=(at < K)[:, None], other=0.0)
        gate_total = tl.dot(values, tile, gate_total)
        if GATED:
            if K % (COLUMNS * SPLIT) == 0:
                tile = tl.load(weight + up + known[None, :] * K + at[:, None], eviction_policy="evict_first")
            else:
                tile = tl.load(weight + up + known[None, :] * K + at[:, None], mask=(at < K)[:, None], other=0.0)
            up_total = tl.dot(values, tile, up_total)
    if SPLIT == 1:
        _finish(gate_total, up_total, residual, out, tokens, rows, m, n, GATED, ADD)
    else:
        width = tl.num_programs(0) * ROWS * (2 if GATED else 1)
        place = parts + tokens[:, None] * width + rows[None, :]
        mine = place + part * m * width
        inside = (tokens < m)[:, None] & (rows >= 0)[None, :]
        tl.store(mine, gate_total, mask=inside)
        if GATED:
            tl.store(mine + tl.num_programs(0) * ROWS, up_total, mask=inside)
        tl.debug_barrier()  # every thread's part is written before the program counts as arrived
        before = tl.atomic_add(arrived + block, 1, sem="acq_rel")
        if before == SPLIT - 1:
            gate_total = tl.zeros((PADDED, ROWS), tl.float32)
            up_total = tl.zeros((PADDED, ROWS), tl.float32)
            for other in tl.range(0, SPLIT):
                theirs = place + other * m * width
                gate_total += tl.load(theirs, mask=inside, other=0.0, cache_modifier=".cg")
                if GATED:
                    theirs += tl.num_programs(0) * ROWS
                    up_total += tl.load(theirs, mask=inside, other=0.0, cache_modifier=".cg")
            _finish(gate_total, up_total, residual, out, tokens, rows, m, n, GATED, ADD)
            tl.store(arrived + block, 0)


@triton.jit
def _finish(result, up_total, residual, out, tokens, rows, m, n, GATED: tl.constexpr, ADD: tl.constexpr):  # type: ignore[no-untyped-def]
    """The epilogue of `_rows`."""
    if GATED:
        result = silu(result) * up_total
    place = tokens[:, None] * n + rows[None, :]
    inside = (tokens < m)[:, None] & (rows < n)[None, :]
    if ADD:
        result += tl.load(residual + place, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + place, result.to(out.dtype.element_ty), mask=inside)
