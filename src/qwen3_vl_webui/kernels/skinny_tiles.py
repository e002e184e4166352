"""Which tiles a product of few rows gets: measured once (benchmarks/log.md) and shipped, so nothing tunes at start."""

from __future__ import annotations

from qwen3_vl_webui.kernels.skinny_linear import MAX_ROWS, RowsTiles, Tiles, VectorTiles

MOST_VECTORS = 4  # rows up to which plain multiply-adds keep up with memory


def choose(m: int, n: int, k: int, *, gated: bool, shared_memory: int) -> Tiles | None:
    """Tiles for [m, k] times [n, k] (gated: 2 n rows of weight), or None where cuBLAS is to do it.

    shared_memory: the bytes that one program may have.
    """
    if m > MAX_ROWS:
        return None
    if m <= MOST_VECTORS:
        return VectorTiles(rows=2, warps=4 if k > 2560 else 2)
    return _rows(n, k, gated).within(shared_memory, m, gated=gated)


def _rows(n: int, k: int, gated: bool) -> RowsTiles:
    if n >= 32768:
        return RowsTiles(rows=64, columns=128, split=1, warps=4, stages=4)
    if k > 4096:
        return RowsTiles(rows=16, columns=256, split=2, warps=2, stages=4)
    return RowsTiles(rows=64, columns=64 if gated else 128, split=1 if gated else 4, warps=4, stages=4)
