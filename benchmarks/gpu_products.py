"""Ways to multiply up to 256 rows by the decoder's matrices on a GPU: where decoding several sequences spends its time.

For each product of the 4B shape and each number of rows, us of a replayed CUDA graph over copies of the matrix that
exceed the L2 cache, launched dependently where the card can: cuBLAS's bare product, the engine's kernel
(`kernels.skinny_linear`), and `turned`, which is not used yet: the matrix is the left operand, so that Hopper's
asynchronous tensor cores read both operands from shared memory, and its tiles come through the tensor memory
accelerator. Prints JSON: a line on the machine, then one a product.

    PYTHONPATH=src python benchmarks/gpu_products.py [--rows 8 32 128 256] [--seconds 60] [--out FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor
from triton.tools.tensor_descriptor import TensorDescriptor

from gpu_timing import timed
from qwen3_vl_webui.kernels import dependent_launch
from qwen3_vl_webui.kernels.skinny_linear import Scratch, linear, linear_reference
from qwen3_vl_webui.kernels.skinny_tiles import choose

# name: rows of the weight (of one half where there is a gate), columns, gate, residual
PRODUCTS = {
    "qkv": (6144, 2560, False, False),
    "o": (2560, 4096, False, True),
    "gate_up": (9728, 2560, True, False),
    "down": (2560, 9728, False, True),
    "output": (151936, 2560, False, False),
}
COPIES_BYTES = 400 << 20  # of one matrix, several times an H200's L2 cache
SHARED_MEMORY = 227 << 10


@dataclass(frozen=True)
class TurnedTiles:
    rows: int  # of the matrix a program
    columns: int  # a step
    split: int
    warps: int
    stages: int

    def bytes(self, padded: int, gated: bool) -> int:
        return 2 * self.stages * self.columns * (self.rows * (1 + gated) + padded)


def variants(n: int, k: int, m: int, gated: bool) -> list[TurnedTiles]:
    """What may be worth a try: enough programs for the card, and within its shared memory."""
    found = []
    padded, few = max(16, triton.next_power_of_2(m)), m <= 32
    shapes = [(64, 64, 4), (64, 64, 8), (64, 128, 4), (128, 64, 4), (128, 64, 8), (128, 128, 8)]
    for (rows, columns, warps), split, stages in itertools.product(shapes, (1, 2, 4, 8), (4, 6) if few else (3, 4)):
        tiles = TurnedTiles(rows, columns, split, warps, stages)
        programs = -(-n // rows) * split
        sums = rows * padded * (1 + gated) // (32 * warps)  # numbers that a thread holds
        fits = tiles.bytes(padded, gated) <= SHARED_MEMORY - 1024 and sums <= 128
        wanted = 100 <= programs <= (700 if few else 400) or (split == 1 and programs >= 100)
        if fits and wanted and k % (columns * split) == 0:
            found.append(tiles)
    return found


def turned(
    x: Tensor,
    weight: Tensor,
    tiles: TurnedTiles,
    scratch: Scratch,
    *,
    residual: Tensor | None = None,
    gated: bool = False,
    dependent: bool = False,
) -> Tensor:
    """As `kernels.skinny_linear.linear` of several rows, for shapes that the tiles divide."""
    m, k = x.shape
    n = weight.shape[0] // 2 if gated else weight.shape[0]
    assert k % (tiles.columns * tiles.split) == 0
    out = torch.empty(m, n, dtype=x.dtype, device=x.device)
    padded = max(16, triton.next_power_of_2(m))
    blocks = triton.cdiv(n, tiles.rows)
    assert n % tiles.rows == 0 or not gated
    width = blocks * tiles.rows * (1 + gated)
    parts = out if tiles.split == 1 else torch.empty(tiles.split, width, padded, dtype=torch.float32, device=x.device)
    _turned[(blocks, tiles.split)](
        TensorDescriptor(x, [m, k], [k, 1], [padded, tiles.columns]),
        TensorDescriptor(weight, list(weight.shape), [k, 1], [tiles.rows, tiles.columns]),
        out if residual is None else residual,
        out,
        parts,
        scratch.arrived,
        m,
        n,
        PADDED=padded,
        ROWS=tiles.rows,
        COLUMNS=tiles.columns,
        STEPS=k // tiles.columns // tiles.split,
        SPLIT=tiles.split,
        GATED=gated,
        ADD=residual is not None,
        DEPENDENT=dependent,
        num_warps=tiles.warps,
        num_stages=tiles.stages,
        **dependent_launch.launch_options(dependent),
    )
    return out


@triton.jit(do_not_specialize=["m"])
def _turned(
    x,
    weight,
    residual,
    out,
    parts,
    arrived,
    m,
    n,
    PADDED: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    STEPS: tl.constexpr,
    SPLIT: tl.constexpr,
    GATED: tl.constexpr,
    ADD: tl.constexpr,
    DEPENDENT: tl.constexpr,
):
    if DEPENDENT:
        dependent_launch.launch_dependents()
    block = tl.program_id(0)
    part = tl.program_id(1)
    first = part * STEPS * COLUMNS
    if DEPENDENT:
        dependent_launch.wait()
    total = tl.zeros((ROWS, PADDED), tl.float32)
    up_total = tl.zeros((ROWS, PADDED), tl.float32)
    for step in tl.range(0, STEPS):
        at = first + step * COLUMNS
        values = x.load([0, at]).T
        total = tl.dot(weight.load([block * ROWS, at]), values, total)
        if GATED:
            up_total = tl.dot(weight.load([n + block * ROWS, at]), values, up_total)
    rows = block * ROWS + tl.arange(0, ROWS)
    tokens = tl.arange(0, PADDED)
    if SPLIT > 1:
        width = tl.num_programs(0) * ROWS * (2 if GATED else 1)
        place = parts + rows[:, None] * PADDED + tokens[None, :]
        tl.store(place + part * width * PADDED, total)
        if GATED:
            tl.store(place + (part * width + tl.num_programs(0) * ROWS) * PADDED, up_total)
        tl.debug_barrier()
        last = tl.atomic_add(arrived + block, 1, sem="acq_rel") == SPLIT - 1
        if last:
            total = tl.zeros((ROWS, PADDED), tl.float32)
            up_total = tl.zeros((ROWS, PADDED), tl.float32)
            for other in tl.range(0, SPLIT):
                total += tl.load(place + other * width * PADDED, cache_modifier=".cg")
                if GATED:
                    up_at = place + (other * width + tl.num_programs(0) * ROWS) * PADDED
                    up_total += tl.load(up_at, cache_modifier=".cg")
            _finish(total, up_total, residual, out, rows, tokens, m, n, GATED, ADD)
            tl.store(arrived + block, 0)
    else:
        _finish(total, up_total, residual, out, rows, tokens, m, n, GATED, ADD)


@triton.jit
def _finish(total, up_total, residual, out, rows, tokens, m, n, GATED: tl.constexpr, ADD: tl.constexpr):
    if GATED:
        total = total / (1 + tl.exp(-total)) * up_total
    place = tokens[None, :] * n + rows[:, None]
    inside = (tokens < m)[None, :] & (rows < n)[:, None]
    if ADD:
        total += tl.load(residual + place, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + place, total.to(out.dtype.element_ty), mask=inside)


Call = Callable[[Tensor, Tensor, Tensor], Tensor]  # (x, weight, residual) -> product


def replayed(call: Call, x: Tensor, weights: list[Tensor], residual: Tensor) -> float:
    """us of one product, in a graph over all copies of the matrix."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for weight in weights[:2]:
            call(x, weight, residual)
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        for weight in weights:
            call(x, weight, residual)
    return 1e6 * timed(graph.replay) / len(weights)


def compiled(task: tuple[str, int, TurnedTiles]) -> None:
    """Leaves the kernel in Triton's cache on disk; one that cannot be is left to `measure` to tell of."""
    name, m, tiles = task
    n, k, gated, adds = PRODUCTS[name]
    device = torch.device("cuda")
    weight, x = (torch.zeros(rows, k, dtype=torch.bfloat16, device=device) for rows in (n * (1 + gated), m))
    residual = torch.zeros(m, n, dtype=torch.bfloat16, device=device) if adds else None
    with contextlib.suppress(Exception):
        dependent = dependent_launch.supported(device)
        turned(x, weight, tiles, Scratch.on(device), gated=gated, residual=residual, dependent=dependent)
        torch.cuda.synchronize()


def measure(name: str, m: int, until: float) -> dict[str, object]:
    """All ways for one product: us, of `turned` those of its best tiles; results far from float32's count as failed."""
    n, k, gated, adds = PRODUCTS[name]
    device = torch.device("cuda")
    size = 2 * n * (1 + gated) * k
    weights = [
        torch.randn(n * (1 + gated), k, device=device, dtype=torch.bfloat16) / k**0.5
        for _ in range(max(2, COPIES_BYTES // size))
    ]
    x = torch.randn(m, k, device=device, dtype=torch.bfloat16)
    residual = torch.randn(m, n, device=device, dtype=torch.bfloat16)
    scratch, dependent = Scratch.on(device), dependent_launch.supported(device)
    wanted = linear_reference(x.float(), weights[0].float(), gated=gated, residual=residual.float() if adds else None)
    figures: dict[str, object] = {"product": name, "rows": m, "megabytes": round(size / 1e6, 1)}

    def right(call: Call) -> bool:
        off = (call(x, weights[0], residual).float() - wanted).norm() / wanted.norm()
        return bool(off < 0.01)

    figures["cublas_us"] = replayed(lambda x, w, r: F.linear(x, w), x, weights, residual)
    tiles = choose(m, n, k, gated=gated, shared_memory=SHARED_MEMORY)
    if tiles is not None:

        def ours(x: Tensor, w: Tensor, r: Tensor) -> Tensor:
            return linear(x, w, tiles, scratch, gated=gated, residual=r if adds else None, dependent=dependent)

        figures["engine_us"] = replayed(ours, x, weights, residual) if right(ours) else "wrong"
    found: list[tuple[float, TurnedTiles]] = []
    failed = 0
    for candidate in variants(n, k, m, gated):
        if time.monotonic() > until:
            break

        def way(x: Tensor, w: Tensor, r: Tensor, candidate: TurnedTiles = candidate) -> Tensor:
            return turned(x, w, candidate, scratch, gated=gated, residual=r if adds else None, dependent=dependent)

        try:
            if right(way):
                found.append((replayed(way, x, weights, residual), candidate))
                continue
        except Exception as error:  # a variant that does not compile or fit is one less
            figures["error"] = repr(error)[:300]
        failed += 1
        scratch.arrived.zero_()
    found.sort(key=lambda item: item[0])
    figures["turned"] = [{"us": us, **asdict(tiles)} for us, tiles in found[:4]]
    figures["tried"], figures["failed"] = len(found), failed
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--products", nargs="+", default=list(PRODUCTS))
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--workers", type=int, default=min(12, os.cpu_count() or 1), help="processes that compile")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    begin = time.monotonic()
    machine = {
        "benchmark": "gpu_products",
        "command": " ".join(sys.argv),
        "gpu": torch.cuda.get_device_name(),
        "versions": {"torch": torch.__version__, "triton": triton.__version__},
    }
    lines = [json.dumps(machine)]
    shares = list(itertools.product(args.products, args.rows))
    tasks = [(name, m, tiles) for name, m in shares for tiles in variants(*PRODUCTS[name][:2], m, PRODUCTS[name][2])]
    with ProcessPoolExecutor(args.workers, get_context("spawn")) as pool:
        list(pool.map(compiled, tasks, chunksize=4))
    print(json.dumps({"compiled": len(tasks), "seconds": round(time.monotonic() - begin, 1)}), flush=True)
    for number, (name, m) in enumerate(shares, 1):
        lines.append(json.dumps(measure(name, m, begin + args.seconds * number / len(shares))))
        print(lines[-1], flush=True)
    if args.out:
        args.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
