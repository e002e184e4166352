"""Which tiles a product of few rows gets: measured once (benchmarks/log.md) and shipped, so nothing tunes at start."""

from __future__ import annotations

from qwen3_vl_webui.kernels.skinny_linear import MAX_ROWS, RowsTiles, Tiles, VectorTiles

MOST_VECTORS = 4  # rows up to which plain multiply-adds keep up with memory


def choose(m: int, n: int, k: int, *, gated: bool) -> Tiles | None:
    """Tiles for [m, k] times [n, k] (gated: 2 n rows of weight), or None where cuBLAS is to do it."""
    if m > MAX_ROWS:
        return None
    if m <= MOST_VECTORS:
        return VectorTiles(rows=2, warps=4 if k > 2560 else 2)
    if n >= 32768:
        return RowsTiles(rows=64, columns=128, split=1, warps=4, stages=4)
    if k > 4096:
        return RowsTiles(rows=16, columns=256, split=2, warps=2, stages=4)
    return RowsTiles(rows=64, columns=64 if gated else 128, split=1 if gated else 4, warps=4, stages=4)
