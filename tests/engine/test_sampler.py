"""The sampler draws from the distribution that its parameters describe, row by row, whatever path it takes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from qwen3_vl_webui.engine import sampler
from qwen3_vl_webui.engine.sampler import apply_bitmask, draw, uniforms

DRAWS = 12_000


def uniform(seed: int, sample: int, position: int) -> float:
    return float(uniforms(*(np.array([word], dtype=np.uint64) for word in (seed, sample, position)))[0])


def plain(logits: Tensor, temperature: float, top_k: int, top_p: float, min_p: float) -> np.ndarray:
    """The distribution, spelled out for one row in float64 by sorting."""
    p = (logits.double() / temperature).softmax(-1).numpy()
    order = np.argsort(-p, kind="stable")
    kept = p[order]
    if top_k:
        kept[top_k:] = 0
    kept /= kept.sum()
    outside = (np.cumsum(kept) - kept) >= top_p if top_p < 1 else np.zeros(len(kept), dtype=bool)
    outside |= kept < min_p * kept[0]
    outside[0] = False
    kept[outside] = 0
    out = np.zeros_like(p)
    out[order] = kept / kept.sum()
    return out


def chi_square(counts: np.ndarray, expected: np.ndarray) -> float:
    """Standard deviations by which the statistic lies above its mean; rare outcomes are pooled."""
    expected = expected * counts.sum()
    rare = expected < 8
    pooled = np.append(counts[~rare], counts[rare].sum()), np.append(expected[~rare], expected[rare].sum())
    statistic = sum((c - e) ** 2 / e for c, e in zip(*pooled, strict=True) if e > 0)
    freedom = max(int((pooled[1] > 0).sum()) - 1, 1)
    return float((statistic - freedom) / np.sqrt(2 * freedom))


@pytest.mark.parametrize("vocab", [50, 3000])
@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p", "min_p"),
    [
        (1.0, 0, 1.0, 0.0),
        (0.7, 20, 0.8, 0.0),
        (0.6, 20, 0.95, 0.0),
        (2.0, 0, 0.5, 0.0),
        (1.0, 0, 0.999, 0.0),
        (1.0, 0, 1.0, 0.1),
        (1.3, 7, 1.0, 0.05),
        (0.9, 1500, 0.9, 0.02),
        (1.0, 1, 1.0, 0.0),
        (1.0, 0, 0.0, 0.0),
        (1e-3, 0, 1.0, 0.0),
    ],
)
def test_draws_from_the_described_distribution(
    vocab: int, temperature: float, top_k: int, top_p: float, min_p: float
) -> None:
    logits = torch.randn(vocab, generator=torch.Generator().manual_seed(vocab)) * 3
    expected = plain(logits, temperature, min(top_k, vocab), top_p, min_p)
    position = np.arange(DRAWS, dtype=np.uint64)
    numbers = torch.from_numpy(uniforms(np.full_like(position, 7), np.zeros_like(position), position))
    counts = np.zeros(vocab)
    for part in numbers.split(4000):
        rows = len(part)
        tokens = draw(
            logits.expand(rows, -1), torch.full((rows,), temperature), torch.full((rows,), top_k),
            torch.full((rows,), top_p), torch.full((rows,), min_p), part,
            max_top_k=top_k, sort=bool(top_k) or top_p < 1,
        )  # fmt: skip
        counts += np.bincount(tokens.numpy(), minlength=vocab)
    assert not counts[expected == 0].any(), "a token outside of the filters"
    assert abs(chi_square(counts, expected)) < 5


def test_rows_do_not_depend_on_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row alone, on its fastest path, draws what it draws in a mixed batch, sorted in full or over candidates."""
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(40, 5000, generator=generator) * 4
    temperature = torch.rand(40, generator=generator) + 0.3
    top_k = torch.tensor([0, 5, 2000, 50, 0] * 8)
    top_p = torch.tensor([1.0, 0.9, 0.95, 1.0, 0.7] * 8)
    min_p = torch.tensor([0.0, 0.0, 0.01, 0.05] * 10)
    numbers = torch.rand(40, dtype=torch.float64, generator=generator)
    every = (logits, temperature, top_k, top_p, min_p, numbers)
    mixed = draw(*every, max_top_k=0, sort=True)
    for at in range(40):
        own = [x[at : at + 1] for x in every]
        k = int(top_k[at])
        alone = draw(*own, max_top_k=k, sort=bool(k) or float(top_p[at]) < 1)  # type: ignore[arg-type]
        assert int(alone) == int(mixed[at]), at
    monkeypatch.setattr(sampler, "_few_candidates", lambda *_: None)
    assert draw(*every, max_top_k=0, sort=True).tolist() == mixed.tolist()


@pytest.mark.parametrize("u", [0.0, 0.49, 0.51, 1 - 2.0**-53])
def test_the_ends_of_the_unit_interval_hit_possible_tokens(u: float) -> None:
    logits = torch.full((1, 1000), -torch.inf)
    logits[0, [3, 500]] = 1.0
    for top_k, sort in ((0, False), (10, True), (0, True)):
        token = draw(
            logits, torch.ones(1), torch.tensor([top_k]), torch.ones(1), torch.zeros(1),
            torch.tensor([u], dtype=torch.float64), max_top_k=top_k, sort=sort,
        )  # fmt: skip
        assert int(token) == (3 if u < 0.5 else 500)


def test_uniform_numbers_are_uniform_and_unrelated() -> None:
    axes = np.meshgrid(*(np.arange(n, dtype=np.uint64) for n in (200, 4, 50)), indexing="ij")
    grid = uniforms(*axes)
    counts = np.histogram(grid, bins=50, range=(0, 1))[0]
    assert chi_square(counts, np.full(50, 1 / 50)) < 5
    for axis in range(3):
        neighbours = np.moveaxis(grid, axis, 0)
        assert abs(np.corrcoef(neighbours[:-1].ravel(), neighbours[1:].ravel())[0, 1]) < 0.02
    assert len(np.unique(grid)) == grid.size
    assert uniform(2**63 - 1, 0, 0) != uniform(0, 0, 0)


def test_bitmask_keeps_the_set_bits() -> None:
    rng = np.random.default_rng(0)
    allowed = rng.integers(0, 2, (3, 100)).astype(bool)
    packed = np.packbits(np.pad(allowed, ((0, 0), (0, 28))), axis=1, bitorder="little").view(np.int32)
    out = apply_bitmask(torch.zeros(3, 100), torch.from_numpy(packed.copy()))
    assert (out.numpy() == 0).tolist() == allowed.tolist()
