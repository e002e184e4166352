"""The decoder over fused kernels on a GPU: the same weights and the same meaning as `TextDecoder` and the output layer.

A layer of a decoding step is four products (`kernels.skinny_linear`, from two rows on and on Hopper
`kernels.turned_linear`: norms in front of them, residual and gate behind) and the attention between them; nothing waits
for the host, so a step can be captured as a CUDA graph. With many rows cuBLAS multiplies, the residual is added inside
its product, and norm and gate are one kernel each. Sums and what lies between the fused parts stay in float32, so the
results are at least as exact as the reference's, not equal to it.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
import triton
from torch import Tensor

from qwen3_vl_webui.kernels import dependent_launch
from qwen3_vl_webui.kernels.argmax import argmax
from qwen3_vl_webui.kernels.gated import gated
from qwen3_vl_webui.kernels.rms_norm import rms_norm
from qwen3_vl_webui.kernels.rope_tables import rope_tables
from qwen3_vl_webui.kernels.skinny_linear import Scratch, Tiles, VectorTiles, linear
from qwen3_vl_webui.kernels.skinny_tiles import choose
from qwen3_vl_webui.kernels.turned_linear import Normed, TurnedTiles, turned_add, turned_linear
from qwen3_vl_webui.kernels.turned_linear import supported as turned_supported
from qwen3_vl_webui.model.attention import Attention
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.text import DecoderLayer, RMSNorm

QKV, OUT, GATE_UP, DOWN = range(4)  # the products of a layer in their order; the output layer's follows the last one's

# In a step of one row these products let the next kernel start when they are nearly done, all others at once: programs
# of attention, and of the product behind it, that start among those of a long kernel crowd on few multiprocessors.
LATE = (QKV, OUT)


class FusedDecoder:
    """`Qwen3VL.forward` and `.logits` over fused kernels. One stream at a time may run it."""

    def __init__(self, model: Qwen3VL) -> None:
        self.decoder = model.language_model
        self.output = model.lm_head.weight
        device = self.output.device
        self.layers: list[DecoderLayer] = list(self.decoder.layers)  # type: ignore[arg-type]
        self.scratch = Scratch.on(device)
        self.frequencies, self.axes = self.decoder.rotary_frequencies(device)
        self.dependent = dependent_launch.supported(device)
        self.turned = turned_supported(device)
        self.shared_memory = _shared_memory(device)
        weights: list[Tensor] = []
        for layer in self.layers:
            attention, mlp = layer.self_attn, layer.mlp
            parts = (attention.qkv_proj, attention.o_proj, mlp.gate_up_proj, mlp.down_proj)
            weights += [part.weight for part in parts]
        self.weights = [*weights, self.output]

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
        x = F.embedding(token_ids, self.decoder.embed_tokens.weight)
        if visual is not None:
            assert visual_index is not None
            x.index_copy_(0, visual_index, visual[0].to(x.dtype))
        cos, sin = rope_tables(positions, self.frequencies, self.axes, self.decoder.rope_scale)
        fused = getattr(attend, "fused", None)
        ahead: Normed | None = None  # the next norm of x, where the product before it has begun it
        following = [*(layer.input_layernorm for layer in self.layers[1:]), None]
        for number, layer in enumerate(self.layers):
            attention, first = layer.self_attn, 4 * number
            qkv = self._norm_linear(x, layer.input_layernorm, first + QKV, ahead)
            if fused is not None:
                mixed = fused(number, qkv, attention.q_norm, attention.k_norm, cos, sin)
            else:
                mixed = attention.attend(qkv, cos, sin, attend)
            if wanted is not None and number + 1 == len(self.layers):
                x, mixed = x[wanted], mixed[wanted]
            ahead = self._add_linear(x, mixed, first + OUT, layer.post_attention_layernorm)
            hidden = self._norm_linear(x, layer.post_attention_layernorm, first + GATE_UP, ahead, gate=True)
            raised = visual[number + 1] if visual is not None and number + 1 < len(visual) else None
            ahead = self._add_linear(x, hidden, first + DOWN, following[number] if raised is None else None)
            if raised is not None:
                assert visual_index is not None
                # Not `index_add_`: its atomic sums crawl where much padding goes to one row.
                x.index_copy_(0, visual_index, x.index_select(0, visual_index).add_(raised))
        return rms_norm(x, self.decoder.norm.weight, self.decoder.norm.eps, dependent=self.dependent)

    def logits(self, hidden: Tensor) -> Tensor:
        """[m, hidden] -> float32 [m, vocab]."""
        tiles = self._tiles(len(hidden), self.output)
        if tiles is None:
            if hidden.device.type == "cpu":
                return F.linear(hidden, self.output).float()
            return torch.mm(hidden, self.output.t(), out_dtype=torch.float32)
        out = torch.empty(len(hidden), len(self.output), dtype=torch.float32, device=hidden.device)
        if isinstance(tiles, TurnedTiles):
            return turned_linear(hidden, self.output, tiles, self.scratch, out=out, dependent=self.dependent)
        return self._linear(hidden, len(self.weights) - 1, tiles, out=out)

    def greedy(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """float32 [m, vocab] -> the largest logit of each row, float32 [m], and its token, int64 [m]."""
        return argmax(logits, dependent=self.dependent)

    @torch.inference_mode()
    def check(self, rows: int) -> float:
        """Run the first layer's products on random numbers: the largest relative distance to the plain layer's."""
        layer, weight = self.layers[0], self.output
        attention, mlp = layer.self_attn, layer.mlp
        generator = torch.Generator(weight.device).manual_seed(0)

        def random(columns: int) -> Tensor:
            return torch.randn(rows, columns, generator=generator, device=weight.device).to(weight.dtype)

        def distance(found: Tensor, expected: Tensor) -> float:
            off = (found.float() - expected.float()).norm() / expected.float().norm()
            return float(off.nan_to_num(nan=torch.inf))

        x, mixed, hidden = (
            random(weight.shape[1]),
            random(attention.o_proj.in_features),
            random(mlp.down_proj.in_features),
        )
        norm = layer.input_layernorm
        added, fed = x.clone(), x.clone()
        ahead = self._add_linear(added, mixed, OUT, norm)
        gate, up = mlp.gate_up_proj(norm(added)).chunk(2, dim=-1)
        self._add_linear(fed, hidden, DOWN)
        logits = self.logits(x)
        return max(
            distance(self._norm_linear(x, norm, QKV), attention.qkv_proj(norm(x))),
            distance(self._norm_linear(added, norm, GATE_UP, ahead, gate=True), F.silu(gate) * up),
            distance(added, x + attention.o_proj(mixed)),
            distance(fed, x + mlp.down_proj(hidden)),
            distance(logits, F.linear(x, weight)),
            distance(self.greedy(logits)[0], logits.amax(dim=1)),
        )

    def _norm_linear(
        self, x: Tensor, norm: RMSNorm, product: int, ahead: Normed | None = None, *, gate: bool = False
    ) -> Tensor:
        """norm(x), or what is `ahead` of it, times a weight; `gate`: then silu(first half) * second half."""
        weight = self.weights[product]
        tiles = self._tiles(len(x), weight, gate=gate)
        if isinstance(tiles, VectorTiles):
            return self._linear(x, product, tiles, norm=norm.weight, eps=norm.eps, gated=gate)
        if isinstance(tiles, TurnedTiles) and ahead is not None:
            return turned_linear(ahead, weight, tiles, self.scratch, gated=gate, dependent=self.dependent)
        x = rms_norm(x, norm.weight, norm.eps, dependent=self.dependent)
        if isinstance(tiles, TurnedTiles):
            return turned_linear(x, weight, tiles, self.scratch, gated=gate, dependent=self.dependent)
        if tiles is not None:
            return self._linear(x, product, tiles, gated=gate)
        out = F.linear(x, weight)
        return gated(out, dependent=self.dependent) if gate else out

    def _add_linear(self, x: Tensor, mixed: Tensor, product: int, norm: RMSNorm | None = None) -> Normed | None:
        """x += mixed times a weight; what a product behind needs of norm(x), if this one can give it."""
        weight = self.weights[product]
        tiles = self._tiles(len(x), weight)
        if isinstance(tiles, TurnedTiles):
            normed = (None, 0.0) if norm is None else (norm.weight, norm.eps)
            return turned_add(mixed, weight, tiles, self.scratch, x, *normed, dependent=self.dependent)
        if tiles is None:
            x.addmm_(mixed, weight.t())
        else:
            self._linear(mixed, product, tiles, residual=x, out=x)
        return None

    def _tiles(self, m: int, weight: Tensor, *, gate: bool = False) -> Tiles | TurnedTiles | None:
        rows, columns = weight.shape
        return choose(
            m,
            rows // 2 if gate else rows,
            columns,
            gated=gate,
            shared_memory=self.shared_memory,
            turned=self.turned,
        )

    def _linear(self, x: Tensor, product: int, tiles: Tiles, **options: Any) -> Tensor:
        return linear(
            x,
            self.weights[product],
            tiles,
            self.scratch,
            dependent=self.dependent,
            late=len(x) == 1 and product % 4 in LATE,
            **options,
        )


def _shared_memory(device: torch.device) -> int:
    """Bytes that one program may have."""
    if device.type != "cuda":
        return 99 << 10
    index = torch.cuda.current_device() if device.index is None else device.index
    return int(triton.runtime.driver.active.utils.get_device_properties(index)["max_shared_mem"])
