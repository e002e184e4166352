"""Paged attention equals dense attention over each sequence, for any mix of decoding and prompts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qwen3_vl_webui.kernels import paged_attention as paged

HEADS, KV_HEADS, DIM = 6, 2, 16
CPU = torch.device("cpu")
DEVICES = [
    pytest.param(("cpu", torch.float32, 2e-6), id="cpu"),
    pytest.param(
        ("cuda", torch.bfloat16, 2e-2),
        id="cuda",
        marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")],
    ),
]


def reference(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, context: int) -> torch.Tensor:
    """q [n, heads, d] after `context` tokens, k and v [context + n, kv_heads, d]; float64, one query at a time."""
    q, k, v = q.double(), k.double(), v.double()
    k, v = (x.repeat_interleave(HEADS // KV_HEADS, dim=1) for x in (k, v))
    rows = []
    for at in range(q.shape[0]):
        seen = context + at + 1
        weights = torch.einsum("hd,nhd->hn", q[at], k[:seen]).mul(DIM**-0.5).softmax(-1)
        rows.append(torch.einsum("hn,nhd->hd", weights, v[:seen]))
    return torch.stack(rows)


@pytest.mark.parametrize(
    ("contexts", "lengths"),
    [
        ([0], [1]),
        ([15], [1]),
        ([5, 5, 5], [1, 1, 1]),
        ([16, 17, 18], [1, 1, 1]),  # padded to one product
        ([300, 3, 290, 1, 4], [1, 1, 1, 1, 1]),  # two groups, reordered
        ([0], [40]),
        ([37], [40]),
        ([16], [600]),  # several query blocks
        ([0, 33, 0], [7, 5, 2]),
        ([80, 2, 0, 12], [1, 1, 30, 31]),
        ([200, 2, 190, 300], [1, 1, 1, 300]),
    ],
)
@pytest.mark.parametrize("block_size", [1, 4, 16])
@pytest.mark.parametrize("where", DEVICES)
def test_equals_dense_attention(
    contexts: list[int], lengths: list[int], block_size: int, where: tuple[str, torch.dtype, float]
) -> None:
    device, dtype, tolerance = torch.device(where[0]), *where[1:]
    generator = torch.Generator().manual_seed(0)
    needs = [-(-(context + length) // block_size) for context, length in zip(contexts, lengths, strict=True)]
    num_blocks = sum(needs) + 5
    free = torch.randperm(num_blocks, generator=generator).numpy()
    shape = (KV_HEADS, num_blocks, block_size, DIM)
    cache = tuple(torch.full(shape, 1e4, dtype=dtype) for _ in range(2))  # junk, but finite
    segments, queries, keys, values, wanted = [], [], [], [], []
    for context, length, need in zip(contexts, lengths, needs, strict=True):
        own, free = free[:need], free[need:]
        table = np.concatenate([own, np.zeros(300 * 16, dtype=np.int64)])  # as the engine's tables: zeros beyond
        q = torch.randn(length, HEADS, DIM, generator=generator)
        k, v = (torch.randn(context + length, KV_HEADS, DIM, generator=generator) for _ in range(2))
        q, k, v = (x.to(dtype) for x in (q, k, v))
        slots = torch.tensor(
            [own[at // block_size] * block_size + at % block_size for at in range(context)], dtype=torch.long
        )
        for pool, fresh in zip(cache, (k, v), strict=True):
            pool.flatten(1, 2)[:, slots] = fresh[:context].transpose(0, 1)
        segments.append(paged.Segment(context, length, table))
        queries.append(q)
        keys.append(k[context:])
        values.append(v[context:])
        wanted.append(reference(q, k, v, context))
    plan = paged.plan(segments, block_size, dtype=dtype, device=device)
    q, k, v = (torch.cat(parts).to(device) for parts in (queries, keys, values))
    pair = (cache[0].to(device), cache[1].to(device))
    paged.write_kv(pair, k, v, plan.slots)
    out = paged.paged_attention(q, k, v, pair, plan)
    torch.testing.assert_close(out.cpu().double(), torch.cat(wanted), atol=tolerance, rtol=1e-5 + tolerance)


def test_writes_touch_only_their_slots() -> None:
    pools = (torch.zeros(KV_HEADS, 4, 2, DIM), torch.zeros(KV_HEADS, 4, 2, DIM))
    segments = [paged.Segment(1, 1, np.array([2])), paged.Segment(1, 3, np.array([3, 0]))]
    plan = paged.plan(segments, 2, dtype=torch.float32, device=CPU)
    assert plan.slots.tolist() == [5, 7, 0, 1]
    k = torch.ones(4, KV_HEADS, DIM)
    paged.write_kv(pools, k, 2 * k, plan.slots)
    written = [0, 1, 5, 7]
    for value, pool in enumerate(pools, 1):
        rows = pool.flatten(1, 2).transpose(0, 1).flatten(1)
        assert bool((rows[written] == value).all())
        assert int((rows != 0).any(1).sum()) == len(written)
