"""Every backend that runs here gives the reference's attention and leaves the same cache behind."""

from __future__ import annotations

import pytest
import torch

from paged_cases import WHERE, Where, paged
from qwen3_vl_webui.engine.attention.base import AttentionBackend, Mixed
from qwen3_vl_webui.engine.attention.torch_backend import TorchBackend
from qwen3_vl_webui.engine.attention.triton_backend import TritonBackend
from qwen3_vl_webui.engine.kv_cache import KVCache
from qwen3_vl_webui.kernels.norm_rope_write import norm_rope_write_reference
from qwen3_vl_webui.kernels.prefill_attention import prefill_attention_reference
from qwen3_vl_webui.model import rope
from qwen3_vl_webui.model.text import RMSNorm

HEADS, KV_HEADS, D, BLOCK = 4, 2, 16, 4
LAYER = 1


def build(name: str, cache: KVCache, rows: int) -> AttentionBackend:
    return TorchBackend(cache) if name == "torch" else TritonBackend(cache, num_heads=HEADS, max_running=rows)


class Case:
    """Sequences with `contexts` tokens in a cache and `lengths` new ones, and what their attention should give."""

    def __init__(self, contexts: list[int], lengths: list[int], where: Where) -> None:
        self.device, self.dtype, self.tolerance = where
        totals = [context + length for context, length in zip(contexts, lengths, strict=True)]
        case = paged(totals, kv_heads=KV_HEADS, d=D, block_size=BLOCK, dtype=self.dtype, device=self.device, junk=3e4)
        blocks = case.cache[0].shape[1]
        self.cache = KVCache(
            num_layers=2,
            num_blocks=blocks,
            block_size=BLOCK,
            num_kv_heads=KV_HEADS,
            head_dim=D,
            dtype=self.dtype,
            device=torch.device(self.device),
        )
        for own, pool in zip(self.cache.layers[LAYER], case.cache, strict=True):
            own[:, :blocks] = pool
        self.tables, self.lengths = case.block_table, case.lengths
        self.starts = torch.tensor([0, *lengths], device=self.device).cumsum(0).int()
        self.context = torch.tensor(contexts, device=self.device).int()
        self.slots = torch.cat([slots[start:] for slots, start in zip(case.slots, contexts, strict=True)])
        count = sum(lengths)
        self.qkv = torch.randn(count, (HEADS + 2 * KV_HEADS) * D, device=self.device).to(self.dtype)
        angles = torch.rand(count, 1, D // 2, device=self.device) * 10
        self.cos, self.sin = angles.cos(), angles.sin()
        self.norms = [RMSNorm(D, 1e-6).to(self.device, self.dtype).requires_grad_(False) for _ in range(2)]
        for norm in self.norms:
            norm.weight.copy_(torch.rand(D) + 0.5)
        self.after = (case.cache[0].clone(), case.cache[1].clone())
        q = norm_rope_write_reference(
            self.qkv, self.norms[0].weight, self.norms[1].weight, 1e-6, self.cos, self.sin, self.after, self.slots
        )
        self.wanted = prefill_attention_reference(q, self.after, self.tables, self.starts, self.context)

    def mixed(self, backend: AttentionBackend) -> object:
        lengths = self.starts.diff().tolist()
        return backend.mixed(
            Mixed(
                tables=self.tables,
                starts=self.starts,
                context=self.context,
                slots=self.slots,
                max_query=max(lengths),
                ones=lengths.count(1),
            )
        )

    def parts(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """q, k and v after norm and rotary."""
        q, k, v = self.qkv.unflatten(1, (-1, D)).split((HEADS, KV_HEADS, KV_HEADS), dim=1)
        q, k = (
            rope.rotate(norm(x).float(), self.cos, self.sin).to(self.dtype)
            for norm, x in zip(self.norms, (q, k), strict=True)
        )
        return q, k, v

    def check(self, attention: object) -> None:
        """By the plain call, and by the fused one where there is one."""
        before = self.cache.data.clone()
        self.compare(attention(LAYER, *self.parts()).flatten(1))
        if (fused := getattr(attention, "fused", None)) is not None:
            self.cache.data.copy_(before)
            self.compare(fused(LAYER, self.qkv, *self.norms, self.cos, self.sin))

    def compare(self, found: torch.Tensor, *, padded: bool = False) -> None:
        torch.testing.assert_close(
            found.double(), self.wanted.flatten(1), atol=3 * self.tolerance, rtol=3 * self.tolerance
        )
        for pool, wanted in zip(self.cache.layers[LAYER], self.after, strict=True):
            torch.testing.assert_close(
                pool[:, : wanted.shape[1]], wanted, atol=3 * self.tolerance, rtol=3 * self.tolerance
            )
        assert not bool(self.cache.layers[1 - LAYER][0].any())
        assert padded or not bool(self.cache.layers[LAYER][0][:, self.cache.scratch].any())


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("name", ["torch", "triton"])
def test_decoding(name: str, where: Where) -> None:
    case = Case([0, 6, 40, 7], [1, 1, 1, 1], where)
    case.check(build(name, case.cache, 4).decode(case.tables, case.lengths))


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("name", ["torch", "triton"])
@pytest.mark.parametrize(
    ("contexts", "lengths"), [([3, 9], [1, 1]), ([0], [21]), ([5, 30, 0, 6], [1, 1, 9, 20])], ids=str
)
def test_mixed_batches(name: str, contexts: list[int], lengths: list[int], where: Where) -> None:
    case = Case(contexts, lengths, where)
    case.check(case.mixed(build(name, case.cache, len(lengths))))


@pytest.mark.parametrize("where", WHERE)
def test_rows_that_pad_touch_nothing(where: Where) -> None:
    """Static shapes: segments of no tokens, slots of -1, a larger `max_query`, rows of length 0."""
    case = Case([5, 8], [1, 9], where)
    backend = TritonBackend(case.cache, num_heads=HEADS, max_running=2)
    pad = torch.nn.functional.pad
    batch = Mixed(
        tables=pad(case.tables, (0, 0, 0, 1)),
        starts=pad(case.starts, (0, 1), value=10),
        context=pad(case.context, (0, 1)),
        slots=pad(case.slots, (0, 3), value=-1),
        max_query=16,
        ones=1,
    )
    qkv, cos, sin = pad(case.qkv, (0, 0, 0, 3)), pad(case.cos, (0, 0, 0, 0, 0, 3)), pad(case.sin, (0, 0, 0, 0, 0, 3))
    out = backend.mixed(batch).fused(LAYER, qkv, *case.norms, cos, sin)
    case.compare(out[:10])


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("name", ["torch", "triton"])
def test_idle_rows_stand_between_decoding_and_prompts(name: str, where: Where) -> None:
    """A static shape for both: two rows of one token that nobody has, with the scratch block, and three that pad."""
    case = Case([5, 8], [1, 9], where)
    used = torch.tensor([0, *range(3, 12)], device=case.device)
    idle = torch.full_like(case.tables[:1], case.cache.scratch)
    slots = case.slots.new_full((15,), -1)
    slots[used] = case.slots
    batch = Mixed(
        tables=torch.cat((case.tables[:1], idle, idle, case.tables[1:], idle)),
        starts=torch.tensor([0, 1, 2, 3, 12, 12], device=case.device).int(),
        context=torch.tensor([5, 0, 0, 8, 0], device=case.device).int(),
        slots=slots,
        max_query=16,
        ones=3,
    )

    def spread(rows: torch.Tensor) -> torch.Tensor:
        return rows.new_ones(15, *rows.shape[1:]).index_copy(0, used, rows)

    attention = build(name, case.cache, 3).mixed(batch)
    before = case.cache.data.clone()
    case.compare(attention(LAYER, *map(spread, case.parts())).flatten(1)[used], padded=True)
    if (fused := getattr(attention, "fused", None)) is not None:
        case.cache.data.copy_(before)
        found = fused(LAYER, spread(case.qkv), *case.norms, spread(case.cos), spread(case.sin))
        case.compare(found[used], padded=True)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("name", ["torch", "triton"])
def test_decoding_beside_rows_that_pad(name: str, where: Where) -> None:
    """A row of length 0 has no table; it leaves the sequences' blocks alone and gives something finite."""
    case = Case([5, 8], [1, 1], where)
    tables, lengths = (torch.cat((x, x)) for x in (case.tables, case.lengths))
    tables[2:], lengths[2:] = 1 << 28, 0
    attention = build(name, case.cache, 4).decode(tables, lengths)
    q, k, v = (x.repeat(2, 1, 1) for x in case.parts())
    out = attention(LAYER, q, k, v)
    case.compare(out[:2].flatten(1), padded=True)
    assert bool(out.isfinite().all())
    if (fused := getattr(attention, "fused", None)) is not None:
        out = fused(LAYER, case.qkv.repeat(2, 1), *case.norms, case.cos.repeat(2, 1, 1), case.sin.repeat(2, 1, 1))
        case.compare(out[:2], padded=True)
        assert not bool(out[2:].any())
