"""Greedy answers of many rows at once, for the evaluation."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from training.network import Batched, additive, attend, layer_weights, linear, rms, text_after, text_before


@torch.inference_mode()
def generate(
    net: Batched,
    batch: dict[str, Tensor],
    lengths: Tensor,
    next_positions: Tensor,
    stop: int,
    most: int,
    shared: int = 0,
) -> list[list[int]]:
    """Greedy answers of all rows at once. lengths [b]: tokens of each prompt; next_positions [b]: the position of its first new token.

    shared: so many tokens in front, all media among them, are the same in all rows; they are read once, and the patches are one row.
    A step has one shape whatever its number, so that on a GPU it is captured once and replayed.
    """
    text, d = net.config.text, net.model.language_model
    ids, visual, positions = batch["ids"].long(), batch["visual"].long(), batch["positions"].long()
    (b, n), device = ids.shape, ids.device
    whole = -(-(n + most) // 16) * 16
    levels = net.encode_apart(batch["patches"], batch["place"])
    cache = torch.zeros(len(d.layers), 2, b, text.num_kv_heads, whole, text.head_dim, dtype=net.dtype, device=device)

    def read(x: Tensor, added: list[Tensor], positions: Tensor, start: int) -> Tensor:
        """What the layers make of the prompts' tokens from `start` on; the cache gets their keys and values (of one row: for all rows)."""
        end = start + x.shape[1]
        cos, sin = net.rotary(positions)
        mask = None  # causal
        if start:
            mask = additive(torch.ones(1, end - start, end, dtype=torch.bool, device=device).tril(start), net.dtype)
        for number, layer in enumerate(d.layers):
            before, after = layer_weights(layer)
            q, k, v = text_before(x, cos, sin, text.num_heads, text.num_kv_heads, before)
            keys, values = cache[number].unbind(0)
            keys[:, :, start:end], values[:, :, start:end] = k, v
            x = text_after(
                x, attend(q, keys[:, :, :end], values[:, :, :end], mask) if start else attend(q, k, v, None), after
            )
            if number < len(added):
                x = x + added[number]
        return x

    if shared:
        read(*net.embed(ids[:1, :shared], levels, visual[:1, :shared]), positions[:1, :, :shared], 0)
        asked = F.embedding(ids[:, shared:], d.embed_tokens.weight).to(net.dtype)
        x = read(asked, [], positions[:, :, shared:], shared)
    else:
        x = read(*net.embed(ids, levels, visual), positions, 0)
    hidden = rms(x, d.norm.weight)[torch.arange(b, device=device), lengths - 1 - shared]
    token = linear(hidden, net.model.lm_head.weight).argmax(-1)
    bias = additive(torch.arange(whole, device=device)[None, None] < lengths[:, None, None], net.dtype)
    given = torch.full((b, most), stop, device=device)
    done = torch.zeros(b, dtype=torch.bool, device=device)
    at = torch.zeros(1, dtype=torch.long, device=device)

    def step() -> None:
        given.index_copy_(1, at, token[:, None])
        done.logical_or_(token == stop)
        bias.index_fill_(3, n + at, 0.0)
        cos, sin = net.rotary((next_positions + at)[:, None, None].expand(b, 3, 1))
        x = F.embedding(token[:, None], d.embed_tokens.weight).to(net.dtype)
        for number, layer in enumerate(d.layers):
            before, after = layer_weights(layer)
            q, k, v = text_before(x, cos, sin, text.num_heads, text.num_kv_heads, before)
            keys, values = cache[number].unbind(0)
            keys.index_copy_(2, n + at, k)
            values.index_copy_(2, n + at, v)
            grouped = q.view(b, text.num_kv_heads, -1, text.head_dim)  # heads of one group ask the same keys
            out = F.scaled_dot_product_attention(grouped, keys, values, attn_mask=bias)
            x = text_after(x, out.reshape(b, text.num_heads, 1, text.head_dim), after)
        token.copy_(linear(rms(x[:, 0], d.norm.weight), net.model.lm_head.weight).argmax(-1))
        at.add_(1)

    run: Callable[[], None] = step
    for number in range(most):
        run()
        if number == 0 and device.type == "cuda" and most > 16:
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                step()
            run = graph.replay
        if number % 16 == 15 and bool(done.all()):
            break
    return [row[: row.index(stop)] if stop in row else row for row in given.tolist()]
