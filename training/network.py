"""Qwen3VL on batches of fixed shape: the same parameters and the same arithmetic as `model.qwen3_vl`, in a form that compiles and fills a GPU.

Rows are samples. Tokens see the shared prefix and their own conversation; patches see their own picture or pair of frames.
`tests/training` holds the two forms together.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.rope import inverse_frequencies, mrope, mrope_axes

_EPS = 1e-6


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = x.float().chunk(2, -1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1).to(x.dtype)


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.linear(x, weight.to(x.dtype), None if bias is None else bias.to(x.dtype))


def _norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.layer_norm(x.float(), (x.shape[-1],), weight, bias, _EPS).to(x.dtype)


def _rms(x: Tensor, weight: Tensor) -> Tensor:
    return (F.rms_norm(x.float(), (x.shape[-1],), None, _EPS) * weight).to(x.dtype)


def vision_block(x: Tensor, cos: Tensor, sin: Tensor, bias: Tensor, heads: int, w: tuple[Tensor, ...]) -> Tensor:
    """x [b, p, c], cos and sin [b, p, 1, d / 2], bias [b, 1, p, p]."""
    n1w, n1b, qw, qb, ow, ob, n2w, n2b, f1w, f1b, f2w, f2b = w
    q, k, v = _linear(_norm(x, n1w, n1b), qw, qb).unflatten(-1, (3, heads, -1)).unbind(2)
    q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
    out = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), attn_mask=bias)
    x = x + _linear(out.transpose(1, 2).flatten(2), ow, ob)
    return x + _linear(F.gelu(_linear(_norm(x, n2w, n2b), f1w, f1b), approximate="tanh"), f2w, f2b)


def text_before(x: Tensor, cos: Tensor, sin: Tensor, heads: int, kv_heads: int, w: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Queries [b, h, n, d], keys and values [b, kv, n, d]."""
    norm, qkv, qn, kn = w
    q, k, v = _linear(_rms(x, norm), qkv).unflatten(-1, (heads + 2 * kv_heads, -1)).split((heads, kv_heads, kv_heads), 2)
    return _rotate(_rms(q, qn), cos, sin).transpose(1, 2), _rotate(_rms(k, kn), cos, sin).transpose(1, 2), v.transpose(1, 2)


def text_after(x: Tensor, out: Tensor, w: tuple[Tensor, ...]) -> Tensor:
    ow, norm, gate_up, down = w
    x = x + _linear(out.transpose(1, 2).flatten(2), ow)
    gate, up = _linear(_rms(x, norm), gate_up).chunk(2, -1)
    return x + _linear(F.silu(gate) * up, down)


def text_block(x: Tensor, cos: Tensor, sin: Tensor, bias: Tensor, heads: int, kv_heads: int, before: tuple[Tensor, ...], after: tuple[Tensor, ...]) -> Tensor:
    q, k, v = text_before(x, cos, sin, heads, kv_heads, before)
    repeat = heads // kv_heads
    out = F.scaled_dot_product_attention(q, k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1), attn_mask=bias)
    return text_after(x, out, after)


def merge(x: Tensor, norm_after: bool, w: tuple[Tensor, ...]) -> Tensor:
    nw, nb, f1w, f1b, f2w, f2b = w
    b, p, c = x.shape
    x = _norm(x.view(b, p // 4, 4 * c), nw, nb) if norm_after else _norm(x, nw, nb).view(b, p // 4, 4 * c)
    return _linear(F.gelu(_linear(x, f1w, f1b)), f2w, f2b)


class Batched:
    """Forward passes over rows. `dtype` is that of activations; parameters stay as they are."""

    def __init__(self, model: Qwen3VL, dtype: torch.dtype, compiled: bool = False) -> None:
        self.model, self.config, self.dtype = model, model.config, dtype
        wrap: Callable[..., Callable[..., Tensor]] = (lambda f: torch.compile(f, dynamic=False)) if compiled else (lambda f: f)
        self.vision_block, self.text_block, self.merge = wrap(vision_block), wrap(text_block), wrap(merge)
        self._loss_core = wrap(_loss_core)
        config: ModelConfig = model.config
        self._axes = mrope_axes(config.text.mrope_section)
        self._text_frequencies = inverse_frequencies(config.text.head_dim, config.text.rope_theta)
        self._vision_frequencies = inverse_frequencies(config.vision.hidden_size // config.vision.num_heads // 2, 10_000.0)

    def encode(self, patches: Tensor, place: Tensor) -> list[Tensor]:
        """patches uint8 [b, p, 768 or 1536], place uint8 [b, 5, p] -> levels of [b, p / 4, hidden]."""
        vision, v = self.config.vision, self.model.visual
        b, p, width = patches.shape
        x = patches.to(self.dtype) * (2 / 255) - 1
        weight = v.patch_embed.proj.weight
        if width == 768:  # a picture is two equal frames
            weight = weight.view(-1, 3, 2, 256).sum(2).flatten(1)
        x = _linear(x, weight, v.patch_embed.proj.bias)
        row, column, rows, columns, group = (part.squeeze(1).long() for part in place.split(1, 1))
        side = round(vision.num_position_embeddings**0.5)
        down, across = row * (side - 1) / (rows - 1).clamp(min=1), column * (side - 1) / (columns - 1).clamp(min=1)
        top, left = down.long(), across.long()
        bottom, right = (top + 1).clamp(max=side - 1), (left + 1).clamp(max=side - 1)
        dy, dx = (down - top).unsqueeze(-1), (across - left).unsqueeze(-1)
        table = v.pos_embed.weight
        learned = (
            F.embedding(top * side + left, table) * (1 - dy) * (1 - dx)
            + F.embedding(top * side + right, table) * (1 - dy) * dx
            + F.embedding(bottom * side + left, table) * dy * (1 - dx)
            + F.embedding(bottom * side + right, table) * dy * dx
        )
        x = x + learned.to(self.dtype)
        frequencies = self._vision_frequencies.to(x.device)
        angles = torch.cat((row[..., None] * frequencies, column[..., None] * frequencies), -1).unsqueeze(2)
        cos, sin = angles.cos(), angles.sin()
        bias = _additive(group[:, :, None] == group[:, None, :], self.dtype)
        levels = []
        for number, block in enumerate(v.blocks):
            a, m = block.attn, block.mlp
            x = self.vision_block(x, cos, sin, bias, vision.num_heads, (
                block.norm1.weight, block.norm1.bias, a.qkv.weight, a.qkv.bias, a.proj.weight, a.proj.bias, block.norm2.weight, block.norm2.bias,
                m.linear_fc1.weight, m.linear_fc1.bias, m.linear_fc2.weight, m.linear_fc2.bias))  # fmt: skip
            if number in vision.deepstack_layers:
                levels.append(self._merge(v.deepstack_merger_list[len(levels)], x, True))
        return [self._merge(v.merger, x, False), *levels]

    def _merge(self, m: torch.nn.Module, x: Tensor, norm_after: bool) -> Tensor:
        return self.merge(x, norm_after, (m.norm.weight, m.norm.bias, m.linear_fc1.weight, m.linear_fc1.bias, m.linear_fc2.weight, m.linear_fc2.bias))

    def embed(self, ids: Tensor, levels: list[Tensor], visual: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Embeddings with visual tokens in place, and what DeepStack adds after the first layers; each [b, n, hidden]."""
        x = F.embedding(ids, self.model.language_model.embed_tokens.weight).to(self.dtype)
        b, m, hidden = levels[0].shape
        index = torch.where(visual > 0, visual - 1 + torch.arange(b, device=ids.device)[:, None] * m, b * m)
        placed = [F.embedding(index, torch.cat((level.reshape(b * m, hidden), level.new_zeros(1, hidden)))) for level in levels]
        return torch.where((visual > 0)[..., None], placed[0], x), placed[1:]

    def rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """positions [b, 3, n] -> cos and sin [b, n, 1, d / 2]."""
        b, _, n = positions.shape
        cos, sin = mrope(positions.transpose(0, 1).reshape(3, -1), self._text_frequencies.to(positions.device), self._axes.to(positions.device), 1.0)
        return cos.view(b, n, 1, -1), sin.view(b, n, 1, -1)

    def hidden(self, ids: Tensor, positions: Tensor, segment: Tensor, levels: list[Tensor], visual: Tensor) -> Tensor:
        """Hidden states after the final norm, [b, n, hidden]."""
        text, d = self.config.text, self.model.language_model
        x, added = self.embed(ids, levels, visual)
        cos, sin = self.rotary(positions)
        n = ids.shape[1]
        order = torch.ones(n, n, dtype=torch.bool, device=ids.device).tril()
        bias = _additive(order & ((segment[:, :, None] == segment[:, None, :]) | (segment[:, None, :] == 0)), self.dtype)
        for number, layer in enumerate(d.layers):
            x = self.text_block(x, cos, sin, bias, text.num_heads, text.num_kv_heads, *layer_weights(layer))
            if number < len(added):
                x = x + added[number]
        return _rms(x, d.norm.weight)

    def loss(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Weighted mean cross-entropy, and the share of learnt tokens that are right."""
        levels = self.encode(batch["patches"], batch["place"])
        hidden = self.hidden(batch["ids"].long(), batch["positions"].long(), batch["segment"], levels, batch["visual"].long())
        return self._loss_core(hidden, self.model.lm_head.weight, batch["target"], batch["weight"])


def _loss_core(hidden: Tensor, head: Tensor, target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    logits = _linear(hidden, head).float().flatten(0, 1)
    target, weight = target.long().flatten(), weight.flatten()
    loss = (F.cross_entropy(logits, target, reduction="none") * weight).sum() / weight.sum()
    learnt = (weight > 0).float()
    return loss, ((logits.argmax(-1) == target) * learnt).sum() / learnt.sum()


def layer_weights(layer: torch.nn.Module) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    a = layer.self_attn
    return (layer.input_layernorm.weight, a.qkv_proj.weight, a.q_norm.weight, a.k_norm.weight), (
        a.o_proj.weight, layer.post_attention_layernorm.weight, layer.mlp.gate_up_proj.weight, layer.mlp.down_proj.weight)  # fmt: skip


def _additive(allowed: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill_(~allowed, float("-inf")).unsqueeze(1)


@torch.inference_mode()
def generate(net: Batched, batch: dict[str, Tensor], lengths: Tensor, next_positions: Tensor, stop: int, most: int) -> list[list[int]]:
    """Greedy answers of all rows at once. lengths [b]: tokens of each prompt; next_positions [b]: the position of its first new token."""
    text, d = net.config.text, net.model.language_model
    ids, visual = batch["ids"].long(), batch["visual"].long()
    b, n = ids.shape
    levels = net.encode(batch["patches"], batch["place"])
    x, added = net.embed(ids, levels, visual)
    cos, sin = net.rotary(batch["positions"].long())
    device, repeat = ids.device, text.num_heads // text.num_kv_heads
    shape = (b, text.num_kv_heads, n + most, text.head_dim)
    cache = [(torch.zeros(shape, dtype=net.dtype, device=device), torch.zeros(shape, dtype=net.dtype, device=device)) for _ in d.layers]
    bias = _additive(torch.ones(n, n, dtype=torch.bool, device=device).tril()[None], net.dtype)

    def layers(x: Tensor, cos: Tensor, sin: Tensor, bias: Tensor, at: int, added: list[Tensor]) -> Tensor:
        end = at + x.shape[1]
        for number, layer in enumerate(d.layers):
            before, after = layer_weights(layer)
            q, k, v = text_before(x, cos, sin, text.num_heads, text.num_kv_heads, before)
            keys, values = cache[number]
            keys[:, :, at:end], values[:, :, at:end] = k, v
            out = F.scaled_dot_product_attention(q, keys[:, :, :end].repeat_interleave(repeat, 1), values[:, :, :end].repeat_interleave(repeat, 1), attn_mask=bias)
            x = text_after(x, out, after)
            if number < len(added):
                x = x + added[number]
        return _rms(x, d.norm.weight)

    hidden = layers(x, cos, sin, bias, 0, added)[torch.arange(b, device=device), lengths - 1]
    real = torch.arange(n + most, device=device)[None] < lengths[:, None]
    answers: list[Tensor] = []
    done = torch.zeros(b, dtype=torch.bool, device=device)
    for step in range(most):
        token = _linear(hidden, net.model.lm_head.weight).float().argmax(-1)
        answers.append(token)
        done |= token == stop
        if step % 8 == 7 and bool(done.all()):
            break
        real[:, n + step] = True
        cos, sin = net.rotary((next_positions + step)[:, None, None].expand(b, 3, 1))
        x = F.embedding(token[:, None], d.embed_tokens.weight).to(net.dtype)
        hidden = layers(x, cos, sin, _additive(real[:, None, : n + step + 1], net.dtype), n + step, [])[:, 0]
    rows = torch.stack(answers, 1).tolist()
    return [row[: row.index(stop)] if stop in row else row for row in rows]
