"""The paged KV cache: its tensors, who holds which block, and the prefix cache over blocks that nobody holds.

A block keeps the keys and values of `block_size` tokens in every layer. A full block is known by a hash over
everything its content depends on: the block before it, its tokens, their positions, the media behind its visual
tokens and the request's salt. Blocks that nobody holds stay findable under their hash until their space is needed,
the least recently used first.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor

from qwen3_vl_webui.engine.sequence import Sequence


class BlockPool:
    """Reference counts, the free list and the prefix index of `num_blocks` blocks. Host-side bookkeeping only."""

    def __init__(self, num_blocks: int, block_size: int, *, prefix_cache: bool) -> None:
        self.num_blocks = num_blocks
        self.block_size = block_size
        self.prefix_cache = prefix_cache
        self.references = [0] * num_blocks
        self._free: OrderedDict[int, None] = OrderedDict((block, None) for block in range(num_blocks))  # next one first
        self._hashes: list[bytes | None] = [None] * num_blocks
        self._index: dict[bytes, int] = {}

    @property
    def num_free(self) -> int:
        """Blocks that can be handed out, those that still hold a cached prefix included."""
        return len(self._free)

    def blocks_for(self, tokens: int) -> int:
        """Blocks that hold this many tokens."""
        return -(-tokens // self.block_size)

    def match(self, sequence: Sequence) -> list[int]:
        """The blocks of the longest cached prefix that leaves at least one token to compute."""
        if not self.prefix_cache:
            return []
        most = (len(sequence) - 1) // self.block_size
        self.extend_hashes(sequence, most)
        found: list[int] = []
        for digest in sequence.hashes[:most]:
            block = self._index.get(digest)
            if block is None:
                break
            found.append(block)
        return found

    def admit(self, sequence: Sequence, prefix: list[int], spare: int = 0) -> bool:
        """Give the sequence its cached prefix and room for all its tokens if `spare` blocks remain; else nothing."""
        assert sequence.num_blocks == sequence.num_computed == 0
        need = self.blocks_for(len(sequence)) - len(prefix)
        if need + spare > len(self._free) - sum(self.references[block] == 0 for block in prefix):
            return False
        for block in prefix:
            self._hold(block)
        blocks = prefix + [self._take() for _ in range(need)]
        sequence.block_table[: len(blocks)] = blocks
        sequence.block_table[len(blocks) :] = blocks[-1]
        sequence.num_blocks = len(blocks)
        sequence.num_computed = len(prefix) * self.block_size
        return True

    def needs_block(self, sequence: Sequence) -> bool:
        """Whether `make_room` would take a block."""
        at = sequence.num_computed // self.block_size
        return at == sequence.num_blocks or self.references[sequence.block_table[at]] > 1

    def make_room(self, sequence: Sequence) -> tuple[bool, tuple[int, int] | None]:
        """Make the next token's slot writable: (done, the copy to make from a block that others share, if any)."""
        at = sequence.num_computed // self.block_size
        if at == sequence.num_blocks:
            if not self._free:
                return False, None
            sequence.block_table[at:] = self._take()
            sequence.num_blocks += 1
            return True, None
        shared = int(sequence.block_table[at])
        if self.references[shared] == 1:
            return True, None
        if not self._free:
            return False, None
        own = self._take()
        self.release_block(shared)
        sequence.block_table[at:] = own
        sequence.table_sent = min(sequence.table_sent, at)
        return True, (shared, own)

    def share(self, sequence: Sequence) -> None:
        """Count a fork's hold on the blocks it was given."""
        for block in sequence.block_table[: sequence.num_blocks].tolist():
            self._hold(block)

    def release(self, sequence: Sequence) -> None:
        """Take all blocks back. Last block first, so that prefixes outlive their continuations."""
        for block in reversed(sequence.block_table[: sequence.num_blocks].tolist()):
            self.release_block(block)
        sequence.num_blocks = 0
        sequence.table_sent = 0
        sequence.num_computed = 0

    def register(self, sequence: Sequence, start: int, end: int) -> None:
        """Make the blocks findable that the computed tokens [start, end) have filled."""
        first, last = start // self.block_size, end // self.block_size
        if first == last or not self.prefix_cache:
            return
        self.extend_hashes(sequence, last)
        for at in range(first, last):
            block, digest = int(sequence.block_table[at]), sequence.hashes[at]
            if digest not in self._index and self._hashes[block] is None:
                self._index[digest] = block
                self._hashes[block] = digest

    def forget(self, blocks: list[int]) -> list[int]:
        """Drop what blocks that nobody holds have cached; return these blocks."""
        unheld = [block for block in blocks if self.references[block] == 0]
        for block in unheld:
            digest, self._hashes[block] = self._hashes[block], None
            if digest is not None:
                del self._index[digest]
            self._free.move_to_end(block, last=False)
        return unheld

    def extend_hashes(self, sequence: Sequence, count: int) -> None:
        """Hash the sequence's full blocks up to `count`."""
        size = self.block_size
        for at in range(len(sequence.hashes), count):
            start, end = at * size, (at + 1) * size
            digest = blake2b(digest_size=16)
            digest.update(sequence.hashes[-1] if at else b"salt:" + sequence.group.request.cache_salt.encode())
            digest.update(sequence.tokens(start, end).tobytes())
            digest.update(sequence.positions(start, end).tobytes())
            for span in sequence.spans(start, end):
                digest.update(
                    repr((span.key, span.grid, max(start - span.start, 0), max(span.start - start, 0))).encode()
                )
            sequence.hashes.append(digest.digest())

    def release_block(self, block: int) -> None:
        self.references[block] -= 1
        assert self.references[block] >= 0
        if self.references[block] == 0:
            self._free[block] = None
            if self._hashes[block] is None:  # nothing worth keeping: the first to be used again
                self._free.move_to_end(block, last=False)

    def _hold(self, block: int) -> None:
        if self.references[block] == 0:
            del self._free[block]
        self.references[block] += 1

    def _take(self) -> int:
        block, _ = self._free.popitem(last=False)
        digest = self._hashes[block]
        if digest is not None:
            del self._index[digest]
            self._hashes[block] = None
        self.references[block] = 1
        return block


class KVCache:
    """The tensors: [layers, 2 (keys, values), num_kv_heads, num_blocks + 1, block_size, head_dim].

    The last block, `scratch`, is nobody's: rows that pad a batch to a fixed size write there.
    """

    def __init__(
        self,
        *,
        num_layers: int,
        num_blocks: int,
        block_size: int,
        num_kv_heads: int,
        head_dim: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self.scratch = num_blocks
        shape = (num_layers, 2, num_kv_heads, num_blocks + 1, block_size, head_dim)
        self.data = _zeros(shape, dtype, device)
        self.block_size = block_size
        self.layers: list[tuple[Tensor, Tensor]] = [(layer[0], layer[1]) for layer in self.data]

    def clear(self, blocks: list[int]) -> None:
        """Overwrite blocks with zeros."""
        self.data[:, :, :, torch.tensor(blocks, dtype=torch.int64, device=self.data.device)] = 0

    def copy(self, copies: list[tuple[int, int]]) -> None:
        """Copy whole blocks, (from, to), in all layers."""
        if copies:
            source, target = (torch.tensor(side, device=self.data.device) for side in zip(*copies, strict=True))
            self.data[:, :, :, target] = self.data[:, :, :, source]


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros, not just room: a masked slot still enters 0 x value, which must not be 0 x NaN.

    On a CPU they are the system's untouched zero pages, so that a cache costs neither time nor memory before it is
    filled; `torch.zeros` writes them (5 s for 3 GiB, measured).
    """
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    return torch.from_numpy(np.zeros(math.prod(shape) * dtype.itemsize, dtype=np.uint8)).view(dtype).view(shape)
