"""Which tiles a product of few rows gets: measured once (benchmarks/log.md) and shipped, so nothing tunes at start."""

from __future__ import annotations

from qwen3_vl_webui.kernels.skinny_linear import MAX_ROWS, RowsTiles, Tiles, VectorTiles


def choose(m: int, n: int, k: int, *, gated: bool) -> Tiles | None:
    """Tiles for [m, k] times [n, k] (gated: 2 n rows of weight), or None where cuBLAS is to do it."""
    if m > MAX_ROWS:
        return None
    if m == 1:
        return VectorTiles(rows=1 if gated or k > 4096 else 2, warps=4 if k > 4096 else 2)
    tall = n >= 128 * 32  # enough rows for a program each
    split = 1 if tall else 4
    if m <= 16:
        return RowsTiles(rows=32, columns=128, split=split, warps=4, stages=4, prefetch=512)
    return RowsTiles(rows=64, columns=64, split=split, warps=4, stages=4, prefetch=512)
