"""What the engine as a whole draws has the distribution that a request describes: penalties, bias, filters, seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine_bench import Bench, Medium

REQUESTS, SAMPLES = 100, 50  # one token each


def described(logits: Tensor, prompt: list[int], **sampling: Any) -> np.ndarray:
    """The distribution of the first token, spelled out: bias and penalties, then temperature, then the filters."""
    logits = logits.clone()
    for token, bias in sampling.get("logit_bias", {}).items():
        logits[token] += bias
    factor = sampling.get("repetition_penalty", 1.0)
    seen = torch.tensor(sorted(set(prompt)))
    logits[seen] = torch.where(logits[seen] > 0, logits[seen] / factor, logits[seen] * factor)
    p = (logits.double() / sampling.get("temperature", 1.0)).softmax(-1).numpy()
    order = np.argsort(-p, kind="stable")
    kept = p[order]
    kept[sampling.get("top_k") or len(kept) :] = 0
    kept /= kept.sum()
    before = np.cumsum(kept) - kept
    kept[(before >= sampling.get("top_p", 1.0)) | (kept < sampling.get("min_p", 0.0) * kept[0])] = 0
    p[order] = kept / kept.sum()
    return p


@pytest.mark.parametrize(
    "sampling",
    [
        {"temperature": 1.0},
        {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
        {"temperature": 1.3, "min_p": 0.1, "repetition_penalty": 1.3},
        {"temperature": 0.9, "top_p": 0.95, "logit_bias": {3: 2.5, 200: -100.0}},
    ],
    ids=str,
)
def test_first_tokens_over_many_seeds_and_samples(bench: Bench, sampling: dict[str, Any]) -> None:
    """A batch mixes seeds, samples and greedy company; neighbouring seeds and samples are independent draws."""
    engine = bench.engine(max_running=SAMPLES + 4, max_batch_tokens=256)
    parts = [21, Medium(1, 2, 2, 1), 7]
    counts = np.zeros(bench.config.text.vocab_size)
    repeated = []
    for seed in range(REQUESTS):
        ask = bench.request("r", parts, n=SAMPLES, seed=seed, max_tokens=1, ignore_eos=True, **sampling)
        company = bench.request("c", [5 + seed % 9], max_tokens=1)
        answers = bench.run(engine, [company, ask] if seed % 2 else [ask, company])
        tokens = [answer.tokens[0] for answer in answers["r"]]
        repeated.append(len(set(tokens)) == 1)
        np.add.at(counts, tokens, 1)
    expected = described(bench.logits(ask, []), ask.token_ids, **sampling) * counts.sum()
    assert not counts[expected == 0].any(), "a token outside of the filters"
    common = expected >= 8
    observed = np.append(counts[common], counts[~common].sum())
    wanted = np.append(expected[common], expected[~common].sum())
    statistic = ((observed - wanted) ** 2 / np.maximum(wanted, 1e-9))[wanted > 0].sum()
    freedom = (wanted > 0).sum() - 1
    assert freedom > 3, "the distribution is too narrow to test anything"
    assert abs(statistic - freedom) / np.sqrt(2 * freedom) < 5
    assert not all(repeated)
    bench.assert_all_free(engine)
