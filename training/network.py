"""Qwen3VL on batches of fixed shape: the same parameters and the same arithmetic as `model.qwen3_vl`, in a form that compiles and fills a GPU.

Tokens see the prefix (media) of their sample and their own conversation; patches see their own picture or pair of frames.
`tests/training` holds the two forms together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, flex_attention

from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.rope import inverse_frequencies, mrope, mrope_axes
from training.mixture import BLOCK

_EPS = 1e-6
# Left to itself the forward kernel takes 128 x 128 at once with four warps, keeps 4 kB a thread in memory, and is 20 times slower.
_KERNEL = {"fwd_BLOCK_M": 64, "fwd_BLOCK_N": 64, "fwd_num_warps": 4, "fwd_num_stages": 2}


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = x.float().chunk(2, -1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1).to(x.dtype)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.linear(x, weight.to(x.dtype), None if bias is None else bias.to(x.dtype))


def _norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.layer_norm(x.float(), (x.shape[-1],), weight, bias, _EPS).to(x.dtype)


def rms(x: Tensor, weight: Tensor) -> Tensor:
    return (F.rms_norm(x.float(), (x.shape[-1],), None, _EPS) * weight).to(x.dtype)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Any) -> Tensor:
    """q [b, h, n, d], k and v [b, kv, n, d]; the mask is additive, None (causal) or, on GPUs, a BlockMask."""
    if mask is None or isinstance(mask, Tensor):
        repeat = q.shape[1] // k.shape[1]
        k, v = (x.repeat_interleave(repeat, 1) if repeat > 1 else x for x in (k, v))
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
    grouped = q.shape[1] != k.shape[1]
    return flex_attention(q, k, v, block_mask=mask, enable_gqa=grouped, kernel_options=_KERNEL)  # type: ignore[return-value, arg-type]


def vision_start(
    patches: Tensor,
    place: Tensor,
    weight: Tensor,
    bias: Tensor,
    learned: Tensor,
    frequencies: Tensor,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor, Tensor]:
    """Embedded patches with their learned positions [b, p, c], and the cosines and sines of the rotation [b, p, 1, d / 2]."""
    x = linear(patches.to(dtype) * (2 / 255) - 1, weight, bias)
    row, column, rows, columns = place[:, 0].float(), place[:, 1].float(), place[:, 2], place[:, 3]
    side = round(learned.shape[0] ** 0.5)
    down, across = row * (side - 1) / (rows - 1).clamp(min=1), column * (side - 1) / (columns - 1).clamp(min=1)
    cells = torch.arange(side, device=x.device)  # bilinear interpolation as a product with hat functions
    first, second = ((1 - (at[..., None] - cells).abs()).clamp(min=0) for at in (down, across))
    hats = (first[..., :, None] * second[..., None, :]).flatten(-2).to(dtype)
    angles = torch.cat((row[..., None] * frequencies, column[..., None] * frequencies), -1).unsqueeze(2)
    return x + hats @ learned.to(dtype), angles.cos(), angles.sin()


def vision_before(
    x: Tensor, cos: Tensor, sin: Tensor, heads: int, w: tuple[Tensor, ...]
) -> tuple[Tensor, Tensor, Tensor]:
    """x [b, p, c], cos and sin [b, p, 1, d / 2] -> queries, keys, values [b, h, p, d]."""
    norm_w, norm_b, weight, bias = w
    q, k, v = linear(_norm(x, norm_w, norm_b), weight, bias).unflatten(-1, (3, heads, -1)).unbind(2)
    return _rotate(q, cos, sin).transpose(1, 2), _rotate(k, cos, sin).transpose(1, 2), v.transpose(1, 2)


def vision_after(x: Tensor, out: Tensor, w: tuple[Tensor, ...]) -> Tensor:
    ow, ob, nw, nb, f1w, f1b, f2w, f2b = w
    x = x + linear(out.transpose(1, 2).flatten(2), ow, ob)
    return x + linear(F.gelu(linear(_norm(x, nw, nb), f1w, f1b), approximate="tanh"), f2w, f2b)


def text_before(
    x: Tensor, cos: Tensor, sin: Tensor, heads: int, kv_heads: int, w: tuple[Tensor, ...]
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries [b, h, n, d], keys and values [b, kv, n, d]."""
    norm, qkv, qn, kn = w
    q, k, v = linear(rms(x, norm), qkv).unflatten(-1, (heads + 2 * kv_heads, -1)).split((heads, kv_heads, kv_heads), 2)
    return (
        _rotate(rms(q, qn), cos, sin).transpose(1, 2),
        _rotate(rms(k, kn), cos, sin).transpose(1, 2),
        v.transpose(1, 2),
    )


def text_after(x: Tensor, out: Tensor, w: tuple[Tensor, ...]) -> Tensor:
    ow, norm, gate_up, down = w
    x = x + linear(out.transpose(1, 2).flatten(2), ow)
    gate, up = linear(rms(x, norm), gate_up).chunk(2, -1)
    return x + linear(F.silu(gate) * up, down)


def merge(x: Tensor, norm_after: bool, w: tuple[Tensor, ...]) -> Tensor:
    nw, nb, f1w, f1b, f2w, f2b = w
    b, p, c = x.shape
    x = _norm(x.view(b, p // 4, 4 * c), nw, nb) if norm_after else _norm(x, nw, nb).view(b, p // 4, 4 * c)
    return linear(F.gelu(linear(x, f1w, f1b)), f2w, f2b)


class _Lookup(torch.autograd.Function):
    """`F.embedding` whose backward is a matrix product with one-hot rows: many equal ids make the usual one crawl."""

    @staticmethod
    def forward(ctx: Any, ids: Tensor, table: Tensor) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.rows = table.shape[0]
        return table[ids]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor]:
        (ids,) = ctx.saved_tensors
        kind = torch.bfloat16 if gradient.device.type == "cuda" else gradient.dtype
        hot = torch.zeros(ids.numel(), ctx.rows, dtype=kind, device=gradient.device)
        hot.scatter_(1, ids.reshape(-1, 1), 1)
        return None, (hot.t() @ gradient.reshape(-1, gradient.shape[-1]).to(kind)).to(gradient.dtype)


class _Pick(torch.autograd.Function):
    """Rows of a matrix, no row twice, so that the backward is a copy."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.count = x.shape[0]
        return x[rows]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        return gradient.new_zeros(ctx.count, gradient.shape[1]).index_copy_(0, rows, gradient), None


class Batched:
    """Forward passes over rows. `dtype` is that of activations; parameters stay as they are."""

    def __init__(self, model: Qwen3VL, dtype: torch.dtype, compiled: bool = False, flex: bool = False) -> None:
        self.flex = flex
        self.model, self.config, self.dtype = model, model.config, dtype
        wrap: Callable[..., Callable[..., Tensor]] = (
            (lambda f: torch.compile(f, dynamic=False)) if compiled else (lambda f: f)
        )
        # Attention is compiled by itself: fused with the rotary embedding before it, it was five times slower.
        self._vision_before, self._vision_after, self._text_before, self._text_after = (
            wrap(vision_before),
            wrap(vision_after),
            wrap(text_before),
            wrap(text_after),
        )
        self._vision_start, self._attend, self.merge, self._loss_core = (
            wrap(vision_start),
            wrap(attend),
            wrap(merge),
            wrap(_loss_core),
        )
        device = next(model.parameters()).device
        config: ModelConfig = model.config
        self._axes = mrope_axes(config.text.mrope_section).to(device)
        self._text_frequencies = inverse_frequencies(config.text.head_dim, config.text.rope_theta).to(device)
        self._vision_frequencies = inverse_frequencies(
            config.vision.hidden_size // config.vision.num_heads // 2, 10_000.0
        ).to(device)

    def encode(self, patches: Tensor, place: Tensor) -> list[Tensor]:
        """patches uint8 [b, p, 768 or 1536], place int16 [b, 5, p] -> levels of [b, p / 4, hidden]."""
        vision, v = self.config.vision, self.model.visual
        width = patches.shape[-1]
        weight = v.patch_embed.proj.weight
        if width == 768:  # a picture is two equal frames
            weight = weight.view(-1, 3, 2, 256).sum(2).flatten(1)
        x, cos, sin = self._vision_start(
            patches, place, weight, v.patch_embed.proj.bias, v.pos_embed.weight, self._vision_frequencies, self.dtype
        )
        mask = self._vision_mask(place[:, 4])
        levels = []
        for number, block in enumerate(v.blocks):
            a, m = block.attn, block.mlp
            q, k, v_ = self._vision_before(
                x, cos, sin, vision.num_heads, (block.norm1.weight, block.norm1.bias, a.qkv.weight, a.qkv.bias)
            )
            x = self._vision_after(
                x,
                self._attend(q, k, v_, mask),
                (
                    a.proj.weight,
                    a.proj.bias,
                    block.norm2.weight,
                    block.norm2.bias,
                    m.linear_fc1.weight,
                    m.linear_fc1.bias,
                    m.linear_fc2.weight,
                    m.linear_fc2.bias,
                ),
            )
            if number in vision.deepstack_layers:
                levels.append(self._merge(v.deepstack_merger_list[len(levels)], x, True))
        return [self._merge(v.merger, x, False), *levels]

    def encode_apart(self, patches: Tensor, place: Tensor, most: int = 2048) -> list[Tensor]:
        """`encode`, but of one row with very many patches some pictures after the others, or each alone: together, attention takes time and room for all pairs."""
        if patches.shape[0] > 1 or patches.shape[1] <= most:
            return self.encode(patches, place)
        ends = [*(place[0, 4].diff() != 0).nonzero()[:, 0].add(1).tolist(), patches.shape[1]]
        parts: list[list[Tensor]] = []
        start = previous = 0
        for end in [*ends, 0]:
            if previous > start and (end - start > most or not end):
                parts.append(self.encode(patches[:, start:previous], place[:, :, start:previous]))
                start = previous
            previous = end
        return [torch.cat(level, 1) for level in zip(*parts, strict=True)]

    def _vision_mask(self, group: Tensor) -> Any:
        if not self.flex:
            return additive(group[:, :, None] == group[:, None, :], self.dtype)
        low, high = _ends(group)
        return _blocks(
            (low[:, :, None] <= high[:, None]) & (low[:, None] <= high[:, :, None]),
            lambda row, head, q, k: group[row, q] == group[row, k],
        )

    def _text_mask(self, segment: Tensor, owner: Tensor) -> Any:
        n = segment.shape[1]
        if not self.flex:
            order = torch.ones(n, n, dtype=torch.bool, device=segment.device).tril()
            return additive(
                order & ((segment[:, :, None] == segment[:, None, :]) | (owner[:, :, None] == segment[:, None, :])),
                self.dtype,
            )
        # Segments are numbered as they come, so that nothing before a block's first prefix can matter to it.
        blocks = n // BLOCK
        earlier = torch.ones(blocks, blocks, dtype=torch.bool, device=segment.device).tril()
        return _blocks(
            earlier & (_ends(segment)[1][:, None] >= _ends(owner)[0][:, :, None]),
            lambda row, head, q, k: (
                (q >= k) & ((segment[row, q] == segment[row, k]) | (owner[row, q] == segment[row, k]))
            ),
        )

    def _merge(self, m: torch.nn.Module, x: Tensor, norm_after: bool) -> Tensor:
        return self.merge(
            x,
            norm_after,
            (
                m.norm.weight,
                m.norm.bias,
                m.linear_fc1.weight,
                m.linear_fc1.bias,
                m.linear_fc2.weight,
                m.linear_fc2.bias,
            ),
        )

    def embed(self, ids: Tensor, levels: list[Tensor], visual: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Embeddings with visual tokens in place, and what DeepStack adds after the first layers; each [b, n, hidden]."""
        x = _Lookup.apply(ids, self.model.language_model.embed_tokens.weight).to(self.dtype)
        b, n = ids.shape
        m, hidden = levels[0].shape[1:]
        # Where each visual token goes; those that stand for no picture all go to one row behind the others.
        token = torch.arange(n, device=ids.device).expand(b, n)
        goal = torch.full((b, m + 1), -1, device=ids.device).scatter_(1, visual, token)[:, 1:]
        goal = torch.where(goal < 0, b * n, goal + n * torch.arange(b, device=ids.device)[:, None]).flatten()
        placed = [
            level.new_zeros(b * n + 1, hidden).index_copy(0, goal, level.flatten(0, 1))[:-1].view(b, n, hidden)
            for level in levels
        ]
        return torch.where((visual > 0)[..., None], placed[0], x), placed[1:]

    def rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """positions [b, 3, n] -> cos and sin [b, n, 1, d / 2]."""
        b, _, n = positions.shape
        cos, sin = mrope(positions.transpose(0, 1).reshape(3, -1), self._text_frequencies, self._axes, 1.0)
        return cos.view(b, n, 1, -1), sin.view(b, n, 1, -1)

    def hidden(
        self, ids: Tensor, positions: Tensor, segment: Tensor, owner: Tensor, levels: list[Tensor], visual: Tensor
    ) -> Tensor:
        """Hidden states after the final norm, [b, n, hidden]."""
        text, d = self.config.text, self.model.language_model
        x, added = self.embed(ids, levels, visual)
        cos, sin = self.rotary(positions)
        mask = self._text_mask(segment, owner)
        for number, layer in enumerate(d.layers):
            before, after = layer_weights(layer)
            q, k, v = self._text_before(x, cos, sin, text.num_heads, text.num_kv_heads, before)
            x = self._text_after(x, self._attend(q, k, v, mask), after)
            if number < len(added):
                x = x + added[number]
        return rms(x, d.norm.weight)

    def loss(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Cross-entropy, weighted, and the share of learnt tokens that are right."""
        levels = self.encode(batch["patches"], batch["place"])
        hidden = self.hidden(
            batch["ids"].long(),
            batch["positions"].long(),
            batch["segment"],
            batch["owner"],
            levels,
            batch["visual"].long(),
        )
        b, n, _ = hidden.shape
        rows = (batch["learn"].long() + n * torch.arange(b, device=hidden.device)[:, None]).flatten()
        chosen = _Pick.apply(hidden.flatten(0, 1), rows)
        return self._loss_core(chosen, self.model.lm_head.weight, batch["target"], batch["weight"])


def _loss_core(chosen: Tensor, head: Tensor, target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """chosen [k, hidden] are the tokens whose next one may be learnt; it is where the weight is not 0."""
    logits = linear(chosen, head).float()
    target, weight = target.long().flatten(), weight.flatten()
    loss = (
        F.cross_entropy(logits, target, reduction="none") * weight
    ).mean()  # the weights of answers are one in the mean
    learnt = (weight > 0).float()
    return loss, ((logits.argmax(-1) == target) * learnt).sum() / learnt.sum()


def layer_weights(layer: torch.nn.Module) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    a = layer.self_attn
    return (layer.input_layernorm.weight, a.qkv_proj.weight, a.q_norm.weight, a.k_norm.weight), (
        a.o_proj.weight,
        layer.post_attention_layernorm.weight,
        layer.mlp.gate_up_proj.weight,
        layer.mlp.down_proj.weight,
    )


def _ends(number: Tensor) -> tuple[Tensor, Tensor]:
    """Smallest and largest number [b, blocks] in every block of tokens."""
    parts = number.unflatten(1, (-1, BLOCK))
    return parts.amin(2), parts.amax(2)


def _blocks(needed: Tensor, allowed: Callable[..., Tensor]) -> BlockMask:
    """The mask of the attention kernel from the blocks [b, blocks of queries, blocks of keys] that hold anything allowed."""
    count = needed.sum(2, dtype=torch.int32)
    order = torch.argsort(needed.to(torch.int8), dim=2, descending=True, stable=True).to(torch.int32)
    return BlockMask.from_kv_blocks(count[:, None], order[:, None], BLOCK_SIZE=BLOCK, mask_mod=allowed)


def additive(allowed: Tensor, dtype: torch.dtype) -> Tensor:
    return (
        torch.zeros(allowed.shape, dtype=dtype, device=allowed.device)
        .masked_fill_(~allowed, float("-inf"))
        .unsqueeze(1)
    )
