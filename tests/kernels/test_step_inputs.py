"""A decoding step's inputs: the right ids, lengths and as much of the tables as the lengths need."""

from __future__ import annotations

import pytest
import torch

from paged_cases import WHERE, Where
from qwen3_vl_webui.kernels.step_inputs import step_inputs


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(("count", "width", "block_size"), [(1, 5, 16), (7, 1500, 16), (3, 2048, 1)])
def test_equals_what_the_arguments_say(where: Where, count: int, width: int, block_size: int) -> None:
    device = where[0]
    tables = torch.randint(0, 1 << 20, (count + 2, width), dtype=torch.int32, device=device)
    rows = torch.randperm(count + 2, device=device)[:count]
    lengths = torch.randint(0, width * block_size + 1, (count,), device=device)
    lengths[0] = width * block_size
    known = torch.randint(0, 150_000, (count,), device=device)
    newest = torch.randint(0, 150_000, (count,), device=device)
    newest[0] = -1
    places = torch.randint(-1, count, (count,), device=device)
    tokens, short, gathered = step_inputs(rows, lengths, known, places, newest, tables, block_size)
    for row, place in enumerate(places.tolist()):
        chosen = int(known[row] if place < 0 else newest[place])
        assert int(tokens[row]) == max(chosen, 0)
        needed = -(-int(lengths[row]) // block_size)
        assert torch.equal(gathered[row, :needed], tables[rows[row], :needed])
        assert not gathered[row, needed:].any()
    assert short.dtype == gathered.dtype == torch.int32
    assert short.tolist() == lengths.tolist()
