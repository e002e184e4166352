"""The products of `turned_linear` with the weights on their way before the kernel ahead has ended. Hopper, in Gluon.

Weights never change, so a program may ask for them before it waits for what the kernel ahead computes: all that fits
into its shared memory. Triton's own pipeliner places its first loads behind that wait; Gluon leaves the place to us.
There is no interpreter for Gluon: that it is right is tested on a GPU, and checked at every start.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
from torch import Tensor
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import (
    fence_async_shared,
    mbarrier,
    tma,
    warpgroup_mma,
    warpgroup_mma_wait,
)
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor

from qwen3_vl_webui.kernels import dependent_launch

_KINDS = {torch.bfloat16: gl.bfloat16, torch.float16: gl.float16}

# Names that Triton has changed between 3.6 and 3.9.
_barrier = gl.barrier if hasattr(gl, "barrier") else gl.thread_barrier
_load = tma.async_load if hasattr(tma, "async_load") else tma.async_copy_global_to_shared


def launch(grid: tuple[int, int], x: Tensor, weight: Tensor, *arguments: Any, **flags: Any) -> None:
    """As `turned_linear._turned` with four warps, whose arguments and flags it takes, on the matrices themselves.

    n is a multiple of ROWS, k one of COLUMNS times SPLIT.
    """
    kind = _KINDS[weight.dtype]
    k, columns = x.shape[1], flags["COLUMNS"]
    flags["STAGES"] = min(flags["STAGES"], flags["STEPS"])

    def described(matrix: Tensor, rows: int) -> TensorDescriptor:
        layout = gl.NVMMASharedLayout.get_default_for([rows, columns], kind)
        return TensorDescriptor(matrix, list(matrix.shape), [k, 1], [rows, columns], layout)

    _early[grid](described(x, flags["PADDED"]), described(weight, flags["ROWS"]), *arguments, **flags)


@gluon.jit(do_not_specialize=["m"])
def _early(  # type: ignore[no-untyped-def]
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
    K: gl.constexpr,
    PADDED: gl.constexpr,
    ROWS: gl.constexpr,
    COLUMNS: gl.constexpr,
    STEPS: gl.constexpr,
    SPLIT: gl.constexpr,
    STAGES: gl.constexpr,
    LINES: gl.constexpr,
    GATED: gl.constexpr,
    ADD: gl.constexpr,
    SCALED: gl.constexpr,
    NORMED: gl.constexpr,
    DEPENDENT: gl.constexpr,
    num_warps: gl.constexpr,
):
    if DEPENDENT:
        dependent_launch.launch_dependents()
    SUMS: gl.constexpr = gl.NVMMADistributedLayout([3, 0], [num_warps, 1], [16, PADDED, 16])
    BYTES: gl.constexpr = 2 * COLUMNS * ((2 if GATED else 1) * ROWS + PADDED)  # of a stage
    block = gl.program_id(0)
    part = gl.program_id(1)
    first = part * STEPS * COLUMNS
    kind: gl.constexpr = weight.dtype
    # Tuples: of stages in one array Triton 3.6 does not see that they lie apart, and puts barriers between them.
    tiles = ()
    up_tiles = ()
    values = ()
    ready = ()
    for _ in gl.static_range(STAGES):
        tiles += (gl.allocate_shared_memory(kind, [ROWS, COLUMNS], weight.layout),)  # type: ignore[assignment]
        if GATED:
            up_tiles += (gl.allocate_shared_memory(kind, [ROWS, COLUMNS], weight.layout),)  # type: ignore[assignment]
        values += (gl.allocate_shared_memory(kind, [PADDED, COLUMNS], x.layout),)  # type: ignore[assignment]
        ready += (gl.allocate_shared_memory(gl.int64, [1], mbarrier.MBarrierLayout()),)  # type: ignore[assignment]
    for stage in gl.static_range(STAGES):
        mbarrier.init(ready[stage], count=1)
    fence_async_shared()
    _barrier()
    for stage in gl.static_range(STAGES):
        mbarrier.expect(ready[stage], BYTES)
    for stage in gl.static_range(STAGES):
        _load(weight, [block * ROWS, first + stage * COLUMNS], ready[stage], tiles[stage])
        if GATED:
            _load(weight, [n + block * ROWS, first + stage * COLUMNS], ready[stage], up_tiles[stage])
    rows = block * ROWS + gl.arange(0, ROWS, layout=gl.SliceLayout(1, SUMS))
    tokens = gl.arange(0, PADDED, layout=gl.SliceLayout(0, SUMS))
    if NORMED:
        scale = gl.load(norm + rows).to(gl.float32)
    if DEPENDENT:
        dependent_launch.wait()
    for stage in gl.static_range(STAGES):
        _load(x, [0, first + stage * COLUMNS], ready[stage], values[stage])
    if SCALED:  # asked for here, needed at the end; spread over all threads
        SPREAD: gl.constexpr = gl.BlockedLayout([1, 4], [128 // PADDED, PADDED // 4], [num_warps, 1], [1, 0])
        line = gl.arange(0, triton.next_power_of_2(LINES), layout=gl.SliceLayout(1, SPREAD))
        token = gl.arange(0, PADDED, layout=gl.SliceLayout(0, SPREAD))
        at_line = squares + gl.expand_dims(line, 1) * PADDED + gl.expand_dims(token, 0)
        lines = gl.load(at_line, mask=gl.expand_dims(line < LINES, 1), other=0.0)
    total = gl.zeros([ROWS, PADDED], gl.float32, layout=SUMS)
    up_total = gl.zeros([ROWS, PADDED], gl.float32, layout=SUMS)
    ROUNDS: gl.constexpr = (STEPS + STAGES - 1) // STAGES
    for turn in range(ROUNDS):
        for stage in gl.static_range(STAGES):
            mbarrier.wait(ready[stage], turn & 1)
            right = values[stage].permute((1, 0))  # type: ignore[var-annotated]
            total = warpgroup_mma(tiles[stage], right, total, is_async=True)
            if GATED:
                up_total = warpgroup_mma(up_tiles[stage], right, up_total, is_async=True)
                total, up_total = warpgroup_mma_wait(0, deps=(total, up_total))
            else:
                total = warpgroup_mma_wait(0, deps=(total,))
            if ROUNDS > 1:  # the stage is free again; beyond its part a program reads zeros, behind the end of k
                more = turn + 1 < ROUNDS
                step = (turn + 1) * STAGES + stage
                at = gl.where(step < STEPS, first + step * COLUMNS, K)
                mbarrier.expect(ready[stage], BYTES, pred=more)
                _load(weight, [block * ROWS, at], ready[stage], tiles[stage], pred=more)
                if GATED:
                    _load(weight, [n + block * ROWS, at], ready[stage], up_tiles[stage], pred=more)
                _load(x, [0, at], ready[stage], values[stage], pred=more)
    if SCALED:
        factor = gl.convert_layout(gl.rsqrt(gl.sum(lines, axis=0) / K + eps), gl.SliceLayout(0, SUMS))
    last = True
    if SPLIT > 1:
        width = gl.num_programs(0) * ROWS
        place = parts + gl.expand_dims(rows, 1) * PADDED + gl.expand_dims(tokens, 0)
        gl.store(place + part * width * PADDED, total)
        _barrier()  # every thread's part is written before the program counts as arrived
        last = gl.atomic_add(arrived + block, 1, sem="acq_rel") == SPLIT - 1
        if last:
            total = gl.zeros([ROWS, PADDED], gl.float32, layout=SUMS)
            for other in gl.static_range(SPLIT):
                total += gl.load(place + other * width * PADDED, cache_modifier=".cg")
            gl.store(arrived + block, 0)
    if last:
        if SCALED:
            total *= gl.expand_dims(factor, 0)
            if GATED:
                up_total *= gl.expand_dims(factor, 0)
        if GATED:
            total = total / (1 + gl.exp(-total)) * up_total
        at_out = gl.expand_dims(tokens, 0) * n + gl.expand_dims(rows, 1)
        inside = gl.expand_dims(tokens < m, 0)
        if ADD:
            total += gl.load(out + at_out, mask=inside, other=0.0).to(gl.float32)
        written_kind: gl.constexpr = out.dtype.element_ty
        gl.store(out + at_out, total.to(written_kind), mask=inside)
        if NORMED:
            written = gl.where(inside, total.to(written_kind).to(gl.float32), 0.0)
            gl.store(normed + at_out, (written * gl.expand_dims(scale, 1)).to(written_kind), mask=inside)
            gl.store(normed_squares + block * PADDED + tokens, gl.sum(written * written, axis=0))
