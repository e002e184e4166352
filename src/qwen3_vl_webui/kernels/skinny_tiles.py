"""Which tiles a product of few rows gets: measured once (benchmarks/log.md) and shipped, so nothing tunes at start."""

from __future__ import annotations

from qwen3_vl_webui.kernels.skinny_linear import RowsTiles, Tiles, VectorTiles
from qwen3_vl_webui.kernels.turned_linear import MAX_EARLY_ROWS, MAX_ROWS, Turned, TurnedTiles


def choose(
    m: int, n: int, k: int, *, gated: bool, shared_memory: int, turned: Turned = Turned.NOT
) -> Tiles | TurnedTiles | None:
    """Tiles for [m, k] times [n, k] (gated: 2 n rows of weight), or None where cuBLAS is to do it.

    shared_memory: the bytes that one program may have. turned: as much of `turned_linear` as the device does.
    """
    if m == 1:
        return VectorTiles(rows=1 if gated else 2, warps=8 if k > 8192 else 4 if k > 2560 else 2)
    if turned == Turned.EARLY and (early := _early(m, n, k, gated)):
        return early
    if turned and m <= MAX_ROWS and k % 8 == n % 8 == 0:
        return _turned(m, n, k, gated)
    tiles = _rows(m, n, k, gated)
    return None if tiles is None else tiles.within(shared_memory, m, gated=gated)


def _rows(m: int, n: int, k: int, gated: bool) -> RowsTiles | None:
    # Beyond, cuBLAS reads as fast; a gated product it leaves to a kernel of its own.
    most = 32 if gated or n >= 32768 or n * k < 12 << 20 else 16
    if m > most:
        return None
    if gated:
        return RowsTiles(rows=64, columns=128, split=1, warps=4, stages=3)
    if n >= 32768:
        return RowsTiles(rows=64, columns=128, split=1, warps=4, stages=4)
    if k > 4096:
        return RowsTiles(rows=64, columns=128, split=4, warps=4, stages=4)
    return RowsTiles(rows=32, columns=128, split=1 if n > 4096 else 4, warps=4, stages=4)


def _turned(m: int, n: int, k: int, gated: bool) -> TurnedTiles:
    if gated:
        return TurnedTiles(columns=64, split=1)
    return TurnedTiles(columns=128, split=1 if n > 4096 else 4 if k > 4096 or m <= 16 else 2)


def _early(m: int, n: int, k: int, gated: bool) -> TurnedTiles | None:
    """None where it is no faster, or the shape is none for it."""
    if m > 16:  # `_turned` is as fast up to its 32, and cuBLAS beyond but for these
        most = MAX_EARLY_ROWS if n >= 32768 else 64 if gated else 0
        if not MAX_ROWS < m <= most:
            return None
    if gated or m > 16:
        tiles = TurnedTiles(columns=64, split=1, early=True)
    elif k > 4096:
        tiles = TurnedTiles(columns=64, split=4, stages=8, early=True)
    else:
        tiles = TurnedTiles(columns=128, split=1 if n > 4096 else 2, early=True)
    return None if n % tiles.rows or k % (tiles.columns * tiles.split) else tiles
