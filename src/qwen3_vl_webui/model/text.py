"""The decoder: RMSNorm, grouped-query attention with normed q and k, SiLU-gated MLP; DeepStack joins on the way.

Projections that read the same input are one matrix: q, k, v in `qkv_proj`, gate and up in `gate_up_proj`
(`weights` knows the published names).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from qwen3_vl_webui.kernels.linear import Linear
from qwen3_vl_webui.model import rope
from qwen3_vl_webui.model.attention import Attention
from qwen3_vl_webui.model.config import TextConfig


class RMSNorm(nn.Module):
    """x / rms(x) * weight over the last dimension."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


class SelfAttention(nn.Module):
    """Projections around the attention that the caller brings."""

    def __init__(self, config: TextConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.num_heads, self.num_kv_heads, self.head_dim = config.num_heads, config.num_kv_heads, config.head_dim
        heads = config.num_heads + 2 * config.num_kv_heads
        self.qkv_proj = Linear(config.hidden_size, heads * config.head_dim, bias=False)
        self.o_proj = Linear(config.num_heads * config.head_dim, config.hidden_size, bias=False)
        self.q_norm = RMSNorm(config.head_dim, config.rms_norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, attend: Attention, wanted: Tensor | None = None) -> Tensor:
        mixed = self.attend(self.qkv_proj(x), cos, sin, attend)
        return self.o_proj(mixed if wanted is None else mixed[wanted])

    def attend(self, qkv: Tensor, cos: Tensor, sin: Tensor, attend: Attention) -> Tensor:
        """What lies between the projections: qkv [n, (heads + 2 kv_heads) * d] -> [n, heads * d]."""
        qk, v = qkv.unflatten(-1, (-1, self.head_dim)).split((self.num_heads + self.num_kv_heads, self.num_kv_heads), 1)
        # q and k are normed and turned together, in float32 until the end: half the kernel launches, one rounding.
        qk = F.rms_norm(qk.float(), (self.head_dim,), None, self.q_norm.eps) * self._norm_weight()
        q, k = rope.rotate(qk, cos, sin).to(qkv.dtype).split((self.num_heads, self.num_kv_heads), dim=1)
        return attend(self.layer, q, k, v).flatten(1)

    def _norm_weight(self) -> Tensor:
        """[heads + kv_heads, head_dim]: the weight of each head's norm."""
        return torch.cat(
            (self.q_norm.weight.expand(self.num_heads, -1), self.k_norm.weight.expand(self.num_kv_heads, -1))
        )


class GatedMLP(nn.Module):
    """down(silu(gate(x)) * up(x))"""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.gate_up_proj = Linear(config.hidden_size, 2 * config.intermediate_size, bias=False)
        self.down_proj = Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(F.silu(gate) * up)


class DecoderLayer(nn.Module):
    """Attention and MLP, each behind a norm and beside a residual."""

    def __init__(self, config: TextConfig, layer: int) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = SelfAttention(config, layer)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = GatedMLP(config)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, attend: Attention, wanted: Tensor | None = None) -> Tensor:
        """[n, hidden] -> the same, or of the `wanted` rows alone; keys and values are those of all."""
        mixed = self.self_attn(self.input_layernorm(x), cos, sin, attend, wanted)
        x = mixed + (x if wanted is None else x[wanted])
        return x + self.mlp(self.post_attention_layernorm(x))


class TextDecoder(nn.Module):
    """Embedding, layers, final norm. Single device, flat tokens."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(
            config.vocab_size,
            config.hidden_size,
            _weight=torch.empty(config.vocab_size, config.hidden_size),
        )
        self.layers = nn.ModuleList(DecoderLayer(config, layer) for layer in range(config.num_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        frequencies, self.rope_scale = rope.text_frequencies(config)
        # Real even under `torch.device("meta")`, no part of a checkpoint, float32 whatever the dtype of the model.
        self._frequencies, self._axes = frequencies, rope.mrope_axes(config.mrope_section)

    def forward(
        self,
        token_ids: Tensor,
        positions: Tensor,
        attend: Attention,
        visual: Tensor | None = None,
        visual_index: Tensor | None = None,
        wanted: Tensor | None = None,
    ) -> Tensor:
        """As `Qwen3VL.forward`."""
        x = self.embed_tokens(token_ids)
        if visual is not None:
            assert visual_index is not None
            x = x.index_copy(0, visual_index, visual[0].to(x.dtype))
        cos, sin = self.rotary(positions)
        last = len(self.layers) - 1
        for number, layer in enumerate(self.layers):
            x = layer(x, cos, sin, attend, wanted if number == last else None)
            if visual is not None and visual_index is not None and number + 1 < len(visual):
                x = x.index_add(0, visual_index, visual[number + 1].to(x.dtype))
        return self.norm(x)

    def rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin for positions [3, n], shared by all layers."""
        frequencies, axes = self.rotary_frequencies(positions.device)
        return rope.mrope(positions, frequencies, axes, self.rope_scale)

    def rotary_frequencies(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """float32 [d / 2] and the position axis of each, int64 [d / 2], on a device."""
        if self._frequencies.device != device:
            with torch.inference_mode(mode=False):  # they outlive this call, and the next one may train
                self._frequencies, self._axes = self._frequencies.to(device), self._axes.to(device)
        return self._frequencies, self._axes
