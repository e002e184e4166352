"""Attention over the paged KV cache: write a batch's keys and values, then let each query see its own sequence's past.

PyTorch reference, also the CPU's implementation. A batch is described once a step (`Segments`, `plan`) and used in
every layer. The cache of a layer is a pair of [kv_heads, blocks, block_size, d]: a head's keys in a block are one
piece of memory, and what is gathered for a product is contiguous. Tokens lie flat; a segment is a run of one
sequence's tokens that ends its computed part, so the query at offset i of a segment with `context` tokens before it
sees keys [0, context + i].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

QUERY_BLOCK = 256  # queries of a segment with a past that are computed together: bounds the mask
PADDING = 1.25  # decoding sequences are padded to a common length while that reads at most so much more


@dataclass(frozen=True, slots=True)
class Segment:
    """`length` new tokens of a sequence after `context` computed ones; its blocks, enough for both."""

    context: int
    length: int
    blocks: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Decode:
    """Rows [start, end) of the batch, one token each: their blocks [rows, n] and the mask of what is padding."""

    start: int
    end: int
    blocks: Tensor  # flat
    length: int  # of the longest
    mask: Tensor | None  # additive [1, rows, 1, length], None where all are equally long


@dataclass(frozen=True, slots=True)
class _Prefill:
    start: int
    end: int
    context: int
    blocks: Tensor | None  # None: no past, the fresh keys are all there is


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch, as index tensors on the device."""

    slots: Tensor  # [n] where each token's keys and values go, block * block_size + offset
    decodes: list[_Decode]
    prefills: list[_Prefill]
    order: Tensor | None  # rows sorted so that each decode group is a run; None: they are already


def plan(segments: Sequence[Segment], block_size: int, *, dtype: torch.dtype, device: torch.device) -> Plan:
    """Describe a batch whose segments of one token come first."""
    slots = np.concatenate([np.empty(0, dtype=np.int64), *(_slots(segment, block_size) for segment in segments)])
    ones = sum(segment.length == 1 for segment in segments)
    decodes, order = _group(segments[:ones], block_size, dtype, device)
    prefills = []
    start = ones
    for segment in segments[ones:]:
        assert segment.length > 1, "segments of one token come first"
        end, total = start + segment.length, segment.context + segment.length
        used = torch.from_numpy(segment.blocks[: -(-total // block_size)]).to(device) if segment.context else None
        prefills.append(_Prefill(start, end, segment.context, used))
        start = end
    return Plan(torch.from_numpy(slots).to(device), decodes, prefills, order)


def write_kv(cache: tuple[Tensor, Tensor], k: Tensor, v: Tensor, slots: Tensor) -> None:
    """Put k and v [n, kv_heads, d] into their slots of one layer's cache."""
    for pool, fresh in zip(cache, (k, v), strict=True):
        pool.flatten(1, 2).index_copy_(1, slots, fresh.transpose(0, 1).to(pool.dtype))


def paged_attention(q: Tensor, k: Tensor, v: Tensor, cache: tuple[Tensor, Tensor], plan: Plan) -> Tensor:
    """q [n, heads, d], fresh k and v [n, kv_heads, d], already in the cache too -> [n, heads, d]. Scale d ** -0.5."""
    if not plan.prefills and len(plan.decodes) == 1:
        return _decode(q, cache, plan.decodes[0])
    out = torch.empty_like(q)
    if plan.decodes:
        ones = plan.decodes[-1].end
        queries = q[:ones] if plan.order is None else q[plan.order]
        parts = torch.cat([_decode(queries[group.start : group.end], cache, group) for group in plan.decodes])
        if plan.order is None:
            out[:ones] = parts
        else:
            out[plan.order] = parts
    for part in plan.prefills:
        rows = slice(part.start, part.end)
        out[rows] = _prefill(q[rows], k[rows], v[rows], cache, part)
    return out


def _slots(segment: Segment, block_size: int) -> NDArray[np.int64]:
    if segment.length == 1:
        at, offset = divmod(segment.context, block_size)
        return segment.blocks[at : at + 1] * block_size + offset
    index = np.arange(segment.context, segment.context + segment.length)
    return segment.blocks[index // block_size] * block_size + index % block_size


def _group(
    segments: Sequence[Segment], block_size: int, dtype: torch.dtype, device: torch.device
) -> tuple[list[_Decode], Tensor | None]:
    """Gather decoding rows of similar length into groups that one padded product can serve."""
    lengths = [segment.context + 1 for segment in segments]
    order = sorted(range(len(segments)), key=lengths.__getitem__)
    groups: list[list[int]] = []
    total = 0
    for row in order:  # ascending: the newest is the longest
        if groups and lengths[row] * (len(groups[-1]) + 1) <= PADDING * (total + lengths[row]):
            groups[-1].append(row)
            total += lengths[row]
        else:
            groups.append([row])
            total = lengths[row]
    if len(groups) == 1:
        groups = [list(range(len(segments)))]
    decodes = []
    start = 0
    for group in groups:
        longest = max(lengths[row] for row in group)
        width = -(-longest // block_size)
        # Past a shorter one's own blocks its table holds some other valid block: masked anyway.
        blocks = np.stack([segments[row].blocks[:width] for row in group])
        mask = None
        if any(lengths[row] != longest for row in group):
            own = torch.tensor([lengths[row] for row in group], device=device)
            beyond = torch.arange(longest, device=device) >= own[:, None]
            mask = torch.zeros(beyond.shape, dtype=dtype, device=device).masked_fill_(beyond, -torch.inf)[None, :, None]
        flat = torch.from_numpy(blocks.reshape(-1)).to(device)
        decodes.append(_Decode(start, start + len(group), flat, longest, mask))
        start += len(group)
    reorder = [row for group in groups for row in group]
    same = reorder == list(range(len(segments)))
    return decodes, None if same else torch.tensor(reorder, device=device)


def _decode(q: Tensor, cache: tuple[Tensor, Tensor], group: _Decode) -> Tensor:
    rows, heads, d = q.shape
    keys, values = (
        pool.index_select(1, group.blocks).view(pool.shape[0], rows, -1, d)[:, :, : group.length] for pool in cache
    )
    # Batched by KV head and row; the query heads that share a KV head are the rows of one product.
    query = q.view(rows, keys.shape[0], -1, d).transpose(0, 1)
    mask = None if group.mask is None else group.mask.expand(keys.shape[0], -1, query.shape[2], -1)
    return F.scaled_dot_product_attention(query, keys, values, attn_mask=mask).transpose(0, 1).reshape(rows, heads, d)


def _prefill(q: Tensor, k: Tensor, v: Tensor, cache: tuple[Tensor, Tensor], part: _Prefill) -> Tensor:
    query = q.transpose(0, 1)[None]
    if part.blocks is None:
        keys, values = k.transpose(0, 1)[None], v.transpose(0, 1)[None]
        return F.scaled_dot_product_attention(query, keys, values, is_causal=True, enable_gqa=True)[0].transpose(0, 1)
    keys, values = (pool.index_select(1, part.blocks).flatten(1, 2)[None] for pool in cache)
    if q.is_cuda and torch.cuda.get_device_capability(q.device) >= (8, 0):
        from torch.nn.attention.bias import causal_lower_right  # here, for it takes seconds to import

        # Flash attention knows this mask by its name. A mask tensor would rule it out, with the grouped heads also
        # every other kernel that does not write down all scores.
        seen = part.context + q.shape[0]
        lower_right: Tensor = causal_lower_right(q.shape[0], seen)
        out = F.scaled_dot_product_attention(
            query, keys[:, :, :seen], values[:, :, :seen], attn_mask=lower_right, enable_gqa=True
        )
        return out[0].transpose(0, 1)
    outs = []
    for start in range(0, q.shape[0], QUERY_BLOCK):
        end = min(start + QUERY_BLOCK, q.shape[0])
        seen = part.context + end
        outs.append(
            F.scaled_dot_product_attention(
                query[:, :, start:end],
                keys[:, :, :seen],
                values[:, :, :seen],
                attn_mask=_causal_mask(_round_up(seen), q.dtype, q.device)[start - end :, -seen:],
                enable_gqa=True,
            )
        )
    return torch.cat(outs, dim=2)[0].transpose(0, 1)


def _round_up(length: int) -> int:
    return max(1 << (length - 1).bit_length(), QUERY_BLOCK)


@lru_cache(maxsize=2)
def _causal_mask(columns: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Additive mask [QUERY_BLOCK, columns] whose right end is causal: its last rows and columns serve every length."""
    mask = torch.zeros(QUERY_BLOCK, columns, dtype=dtype, device=device)
    mask[:, -QUERY_BLOCK:] = torch.full((QUERY_BLOCK, QUERY_BLOCK), -torch.inf, dtype=dtype, device=device).triu(1)
    return mask
