"""Choose the next tokens of a batch on the device, every row by its own parameters.

The order is Hugging Face's: penalties and bias on the logits, masks (stop tokens before `min_tokens`, grammar),
temperature, top_k, top_p, min_p. Log-probabilities are the model's own: of its raw logits, before any of that.

Randomness is counter-based: one uniform number a token, a hash of (seed, sample, index of the token), turned into a
token by the inverse of the cumulative distribution in vocabulary order. So a seeded request draws the same tokens
whatever else runs beside it, and two nearly equal logits that swap places in a sort do not change the draw.
"""

from __future__ import annotations

from collections.abc import Sequence as List
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qwen3_vl_webui.engine.penalties import Penalties, penalised
from qwen3_vl_webui.engine.request import TokenLogprob
from qwen3_vl_webui.engine.sequence import Sequence
from qwen3_vl_webui.engine.transfer import Readback, to_device

NONE = -1  # in place of a token: the row's logits were not finite, or nothing was admissible
MAX_CANDIDATES = 1024  # rows whose top_k is at most this are sorted over their candidates only

Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Row:
    """One token to choose. `index` is the sample's: at the fork of `n` samples all draw from one sequence."""

    sequence: Sequence
    index: int


@dataclass(frozen=True, slots=True)
class Sampled:
    """What was chosen, row by row (`NONE` where nothing could be)."""

    tokens: list[int]
    logprobs: list[TokenLogprob | None]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, still on the device."""

    tokens: Tensor  # int64 [rows]
    _copy: Readback
    _logprobs: list[tuple[int, int]]  # rows that want them, and how many of the most likely

    @classmethod
    def nothing(cls, device: torch.device) -> Choice:
        """Of a step that chose no token; reading it waits for the step nevertheless."""
        tokens = torch.empty(0, dtype=torch.int64, device=device)
        return cls(tokens, Readback(tokens), [])

    def read(self) -> Sampled:
        """Wait for it: the step's only synchronisation."""
        tokens, *logs = (tensor.tolist() for tensor in self._copy.wait())
        logprobs: list[TokenLogprob | None] = [None] * len(tokens)
        for at, (row, most) in enumerate(self._logprobs):
            top = tuple(zip(logs[1][at][:most], logs[2][at][:most], strict=True)) if most else ()
            logprobs[row] = TokenLogprob(tokens[row], logs[0][at], top)
        return Sampled(tokens, logprobs)


def uniforms(seeds: Words, samples: Words, positions: Words) -> NDArray[np.float64]:
    """Numbers in [0, 1) that depend on these three alone (splitmix64 finaliser over their mix)."""
    state = seeds.copy()
    for words in (samples, positions):
        state += (words + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return (state >> np.uint64(11)).astype(np.float64) * 2.0**-53


class Sampler:
    """Chooses tokens; keeps the penalty counts of sequences that need them (`release` gives them back)."""

    def __init__(self, vocab_size: int, max_running: int, device: torch.device) -> None:
        self.vocab_size = vocab_size
        self.device = device
        self.penalties = Penalties(vocab_size, max_running, device)
        self._plan: _Plan | None = None

    def sample(self, logits: Tensor, rows: List[Row], tokens: Tensor | None = None) -> Choice:
        """Choose a token for each row of `logits` [rows, vocab] float32, which is used up. Nothing waits.

        `tokens`: what `chosen` gave for these logits, if that is known already.
        """
        plan = self._plan_for(rows)
        raw = logits[plan.logprob_index].log_softmax(-1) if plan.logprobs else None
        if self._shape(logits, rows, plan) or tokens is None:
            tokens = chosen(*logits.max(-1))
        if plan.random_rows:
            drawn = draw(
                logits if len(plan.random_rows) == len(rows) else logits[plan.random_index],
                plan.temperature,
                plan.top_k,
                plan.top_p,
                plan.min_p,
                self._uniforms(rows, plan),
                max_top_k=plan.max_top_k,
                sort=plan.sort,
            )
            if len(plan.random_rows) < len(rows):
                drawn = tokens.index_copy(0, plan.random_index, drawn)
            tokens = drawn.masked_fill_(tokens == NONE, NONE)
        if plan.penalised:
            self.penalties.count(rows, plan.penalised, tokens)
        return Choice(tokens, Readback(tokens, *_logs(tokens, raw, plan)), plan.logprobs)

    def must_count(self, sequence: Sequence) -> bool:
        """Whether the tokens of the sequence must be known before the next one is chosen: a fork's penalties."""
        return sequence.penalty_slot is None and penalised(sequence.group.request.sampling)

    def release(self, sequence: Sequence) -> None:
        """Forget a sequence that ended or was preempted."""
        self._plan = None
        self.penalties.release(sequence)

    def _plan_for(self, rows: List[Row]) -> _Plan:
        key = [(id(row.sequence), row.index) for row in rows]
        if self._plan is None or self._plan.key != key:
            self._plan = _Plan(key, rows, self.vocab_size, self.device)
        return self._plan

    def _uniforms(self, rows: List[Row], plan: _Plan) -> Tensor:
        positions = np.array([rows[at].sequence.num_chosen for at in plan.random_rows], dtype=np.uint64)
        return to_device(uniforms(plan.seeds, plan.samples, positions), self.device)

    def _shape(self, logits: Tensor, rows: List[Row], plan: _Plan) -> bool:
        """Apply penalties, bias and masks in place; whether there were any."""
        changed = bool(plan.penalised)
        if plan.penalised:
            self.penalties.apply(logits, rows, plan.penalised)
        if plan.bias is not None:
            logits.view(-1).index_add_(0, *plan.bias)
            changed = True
        banned = [
            at * self.vocab_size + token
            for at in plan.stopping_rows
            for token in rows[at].sequence.group.stop_ids
            if not _may_stop(rows[at].sequence)
        ]
        if banned:
            logits.view(-1).index_fill_(0, to_device(np.array(banned), self.device), -torch.inf)
            changed = True
        bound = [at for at in plan.grammar_rows if (state := rows[at].sequence.grammar) is not None and state.bound]
        if bound:
            words = np.empty((len(bound), -(-self.vocab_size // 32)), dtype=np.int32)
            for word, at in zip(words, bound, strict=True):
                state = rows[at].sequence.grammar
                assert state is not None
                state.fill_mask(word)
            where = to_device(np.array(bound), self.device)
            logits[where] = apply_bitmask(logits[where], to_device(words, self.device))
            changed = True
        return changed


def chosen(largest: Tensor, tokens: Tensor) -> Tensor:
    """The most likely tokens [rows], `NONE` where the largest logit is not finite."""
    return torch.where(largest.abs() < torch.inf, tokens, NONE)


def apply_bitmask(logits: Tensor, words: Tensor) -> Tensor:
    """Logits [rows, vocab] with -inf where the bit of `words` int32 [rows, ceil(vocab / 32)] is 0, lowest bit first."""
    bits = (words.view(torch.uint8)[:, :, None] >> torch.arange(8, dtype=torch.uint8, device=words.device)) & 1
    return logits.masked_fill(bits.view(len(words), -1)[:, : logits.shape[1]] == 0, -torch.inf)


def _may_stop(sequence: Sequence) -> bool:
    """Not before `min_tokens`, and not before a grammar that waits for the end of the reasoning has had its say."""
    waits = sequence.grammar is not None and not sequence.grammar.bound
    return sequence.num_chosen >= sequence.group.request.sampling.min_tokens and not waits


class _Plan:
    """What stays the same from step to step while the same rows decode, ready on the device."""

    def __init__(self, key: list[tuple[int, int]], rows: List[Row], vocab_size: int, device: torch.device) -> None:
        params = [row.sequence.group.request.sampling for row in rows]
        self.key = key
        self.penalised = [at for at, p in enumerate(params) if penalised(p)]
        self.random_rows = [at for at, p in enumerate(params) if p.temperature > 0]
        self.logprobs = [(at, p.logprobs) for at, p in enumerate(params) if p.logprobs is not None]
        self.logprob_index = to_device(np.array([at for at, _ in self.logprobs], dtype=np.int64), device)
        self.grammar_rows = [at for at, row in enumerate(rows) if row.sequence.grammar is not None]
        self.stopping_rows = [
            at for at, p in enumerate(params) if p.min_tokens or (p.grammar is not None and p.grammar_after is not None)
        ]
        self.random_index = to_device(np.array(self.random_rows, dtype=np.int64), device)
        chosen = [params[at] for at in self.random_rows]
        self.seeds = np.array([rows[at].sequence.group.seed % (1 << 64) for at in self.random_rows], dtype=np.uint64)
        self.samples = np.array([rows[at].index for at in self.random_rows], dtype=np.uint64)
        self.max_top_k = max((p.top_k for p in chosen), default=0) if all(p.top_k for p in chosen) else 0
        self.sort = any(p.top_k or p.top_p < 1 for p in chosen)
        self.temperature = to_device(np.array([p.temperature for p in chosen], dtype=np.float32), device)
        self.top_k = to_device(np.array([p.top_k for p in chosen], dtype=np.int64), device)
        self.top_p = to_device(np.array([p.top_p for p in chosen], dtype=np.float32), device)
        self.min_p = to_device(np.array([p.min_p for p in chosen], dtype=np.float32), device)
        self.bias = _bias(rows, vocab_size, device)


def _bias(rows: List[Row], vocab_size: int, device: torch.device) -> tuple[Tensor, Tensor] | None:
    """Flat indices and values of all rows' logit bias."""
    index: list[int] = []
    values: list[float] = []
    for at, row in enumerate(rows):
        for token, value in row.sequence.group.request.sampling.logit_bias.items():
            index.append(at * vocab_size + token)
            values.append(value)
    if not index:
        return None
    return to_device(np.array(index), device), to_device(np.array(values, dtype=np.float32), device)


def draw(
    logits: Tensor,
    temperature: Tensor,
    top_k: Tensor,
    top_p: Tensor,
    min_p: Tensor,
    uniforms: Tensor,
    *,
    max_top_k: int,
    sort: bool,
) -> Tensor:
    """Draw a token a row.

    `max_top_k`: the largest top_k if all rows have one, else 0. `sort`: some row has a top_k or top_p.
    """
    # Subtracting the maximum first keeps tiny temperatures finite.
    scaled = (logits - logits.amax(-1, keepdim=True)) / temperature[:, None].clamp(min=1e-6)
    if not sort:
        weights = scaled.exp()
        weights = weights.masked_fill(weights < min_p[:, None], 0)  # the largest weight is 1
        return _invert(weights, uniforms)
    vocab = scaled.shape[1]
    if 0 < max_top_k <= MAX_CANDIDATES:
        values, ids = scaled.topk(min(max_top_k, vocab))
        weights = _filter(values, None, top_k, top_p, min_p)
    else:
        total = scaled.exp().sum(-1, keepdim=True)
        candidates = _few_candidates(scaled, total, top_k, top_p) if scaled.device.type == "cpu" else None
        values, ids = candidates if candidates is not None else scaled.sort(descending=True)
        weights = _filter(values, total, top_k, top_p, min_p)
    ids, order = ids.sort()  # vocabulary order
    chosen = _invert(weights.gather(1, order), uniforms)
    return ids.gather(1, chosen[:, None]).squeeze(1)


def _few_candidates(scaled: Tensor, total: Tensor, top_k: Tensor, top_p: Tensor) -> tuple[Tensor, Tensor] | None:
    """The best tokens, sorted, if top_k and top_p keep no others: sorting 151936 logits is slow on a CPU."""
    values, ids = scaled.topk(min(MAX_CANDIDATES, scaled.shape[1]))
    covered = (top_k == 0) & (top_p < 1) & (values.exp().sum(-1) >= top_p * total[:, 0])
    enough = covered | ((top_k > 0) & (top_k <= MAX_CANDIDATES))
    return (values, ids) if bool(enough.all()) else None


def _filter(values: Tensor, total: Tensor | None, top_k: Tensor, top_p: Tensor, min_p: Tensor) -> Tensor:
    """Weights of sorted candidates (best first, at 0) after top_k, top_p, min_p. `total`: of the whole vocabulary."""
    ranks = torch.arange(values.shape[1], device=values.device)
    limit = torch.where(top_k > 0, top_k, values.shape[1])
    weights = values.exp().masked_fill(ranks >= limit[:, None], 0)
    kept = weights.sum(-1, keepdim=True)
    mass = kept if total is None else torch.where(top_k[:, None] > 0, kept, total)
    before = weights.cumsum(-1) - weights
    dropped = (before >= (top_p[:, None] * mass)) & (top_p[:, None] < 1) | (weights < min_p[:, None])
    dropped[:, 0] = False
    return weights.masked_fill(dropped, 0)


def _invert(weights: Tensor, uniforms: Tensor) -> Tensor:
    """The index at which the cumulative weight passes `uniforms` of the total; never one of weight 0."""
    cumulative = weights.double().cumsum(-1)
    # Strictly below the total even after rounding.
    target = uniforms[:, None] * cumulative[:, -1:] * (1 - 2.0**-52)
    return torch.searchsorted(cumulative, target, right=True).squeeze(1).clamp_(max=weights.shape[1] - 1)


def _logs(tokens: Tensor, raw: Tensor | None, plan: _Plan) -> list[Tensor]:
    """Of the rows that want log-probabilities: the chosen token's, and the most likely ones' ids and values."""
    if raw is None:
        return []
    own = raw.gather(1, tokens[plan.logprob_index][:, None].clamp(min=0)).squeeze(1)
    best = raw.topk(max(most for _, most in plan.logprobs))
    return [own, best.indices, best.values]
