"""The block tables of the running sequences on the device, kept up to date by what changed.

A table of 128K tokens is 32 KB: sending all of them at every step would cost more than the step. `BlockPool` lowers
`Sequence.table_sent` where it replaces an entry that the device has; all after it is sent before the next use.
"""

from __future__ import annotations

from collections.abc import Sequence as List

import numpy as np
import torch

from qwen3_vl_webui.engine.sequence import Array, Sequence
from qwen3_vl_webui.engine.transfer import to_device


class BlockTables:
    """`data`: int32 [max_running + 1, max_blocks]. The last row is for what pads a batch: all its entries `scratch`."""

    def __init__(self, max_running: int, max_blocks: int, scratch: int, device: torch.device) -> None:
        self.device = device
        self.data = torch.full((max_running + 1, max_blocks), scratch, dtype=torch.int32, device=device)
        self.padding_row = max_running
        self._free = list(range(max_running))
        self._rows: dict[Sequence, int] = {}

    def rows(self, sequences: List[Sequence]) -> list[int]:
        """The rows of `data` that hold these sequences' tables, after an update in stream order."""
        rows = []
        index: list[Array] = []
        blocks: list[Array] = []
        width = self.data.shape[1]
        for sequence in sequences:
            row = self._rows.get(sequence)
            if row is None:
                row = self._assign(sequence)
            sent, count = sequence.table_sent, sequence.num_blocks
            if sent < count:
                index.append(np.arange(row * width + sent, row * width + count))
                blocks.append(sequence.block_table[sent:count])
                sequence.table_sent = count
            rows.append(row)
        if index:
            changes = to_device(np.stack((np.concatenate(index), np.concatenate(blocks))), self.device)
            self.data.view(-1).index_copy_(0, changes[0], changes[1].int())
        return rows

    def _assign(self, sequence: Sequence) -> int:
        if not self._free:  # those who ended or were preempted hold no blocks any more
            for other in [one for one in self._rows if not one.num_blocks]:
                self._free.append(self._rows.pop(other))
        sequence.table_sent = 0
        self._rows[sequence] = self._free.pop()
        return self._rows[sequence]
