"""What a decoding step needs from what the host sent of it, in one kernel: token ids, lengths and block tables.

    step_inputs(rows, lengths, known, places, newest, tables) -> token ids [n], lengths int32 [n], tables int32 [n, w]

rows, lengths, known, places: int64 [n], a row of `tables` int32 [m, w], the tokens of its sequence, and the id of the
newest, which is `newest[place]` instead where the place is not -1 (it was chosen by the step before, and -1 there means
that nothing could be chosen: 0 stands for it). Of a block table what the length needs is copied; the rest is 0: a
block that is there, should anyone look.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

_ENTRIES = 1024  # of a table that a program copies


def step_inputs(
    rows: Tensor, lengths: Tensor, known: Tensor, places: Tensor, newest: Tensor, tables: Tensor, block_size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """On a GPU; `block_size`: tokens for which a sequence needs an entry of its table."""
    count, width = len(rows), tables.shape[1]
    assert all(x.is_contiguous() and x.dtype == torch.int64 for x in (rows, lengths, known, places, newest))
    assert tables.is_contiguous()
    assert tables.dtype == torch.int32
    tokens = torch.empty_like(known)
    short = torch.empty(count, dtype=torch.int32, device=rows.device)
    gathered = torch.empty(count, width, dtype=torch.int32, device=rows.device)
    _step_inputs[(count, triton.cdiv(width, _ENTRIES))](
        rows, lengths, known, places, newest, tables, tokens, short, gathered, width, block_size, ENTRIES=_ENTRIES
    )
    return tokens, short, gathered


@triton.jit
def _step_inputs(  # type: ignore[no-untyped-def]
    rows, lengths, known, places, newest, tables, tokens, short, gathered, width, block_size, ENTRIES: tl.constexpr
):
    row = tl.program_id(0).to(tl.int64)
    part = tl.program_id(1)
    length = tl.load(lengths + row)
    if part == 0:
        place = tl.load(places + row)
        token = tl.load(known + row)
        sampled = tl.load(newest + tl.maximum(place, 0))
        tl.store(tokens + row, tl.maximum(tl.where(place < 0, token, sampled), 0))
        tl.store(short + row, length.to(tl.int32))
    at = part * ENTRIES + tl.arange(0, ENTRIES)
    needed = (at < width) & (at.to(tl.int64) * block_size < length)
    source = tables + tl.load(rows + row) * width
    tl.store(gathered + row * width + at, tl.load(source + at, mask=needed, other=0), mask=at < width)
