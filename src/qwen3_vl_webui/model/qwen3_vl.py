"""Qwen3-VL: a vision tower and a decoder. Single device, flat tokens of any number of sequences.

Module names are the published tensor names without the leading `model.`, except for the fused projections (`weights`).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from qwen3_vl_webui.kernels.host_memory import keep_freed_memory
from qwen3_vl_webui.kernels.linear import Linear
from qwen3_vl_webui.model.attention import Attention
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.text import TextDecoder
from qwen3_vl_webui.model.vision import Grid, VisionTower


class Qwen3VL(nn.Module):
    """The network with uninitialised weights: fill it through `weights.load_model` or `weights.initialize`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.language_model: TextDecoder = TextDecoder(config.text)
        self.visual = VisionTower(config.vision)
        self.lm_head = Linear(config.text.hidden_size, config.text.vocab_size, bias=False)
        self.tie_weights()

    def tie_weights(self) -> None:
        """Let the output layer share the embedding, where the checkpoint says so."""
        if self.config.tie_word_embeddings:
            embedding = self.language_model.embed_tokens.weight
            assert isinstance(embedding, nn.Parameter)
            self.lm_head.weight = embedding

    def encode(self, patches: Tensor, grids: Sequence[Grid]) -> Tensor:
        """Media to visual tokens.

        patches: [num_patches, patch_dim], medium after medium, each in merge-block order (`pixels.to_patches`).
        grids: (temporal groups, patch rows, patch columns) of each medium.
        Returns [1 + DeepStack levels, num_visual_tokens, hidden]: level 0 takes the place of the embeddings, the others
        are added to the hidden states after the first decoder layers.
        """
        return self.visual(patches, grids)

    def forward(
        self,
        token_ids: Tensor,
        positions: Tensor,
        attend: Attention,
        visual: Tensor | None = None,
        visual_index: Tensor | None = None,
        wanted: Tensor | None = None,
    ) -> Tensor:
        """Hidden states after the final norm, [n, hidden], or [w, hidden] of the rows `wanted`.

        token_ids: int64 [n]; positions: int64 [3, n] (time, row, column); attend: called once a layer.
        visual: [1 + levels, m, hidden] from `encode`; visual_index: int64 [m], the distinct rows of n they belong to.
        wanted: int64 [w]; behind the last layer's attention nothing is computed for other rows.
        """
        return self.language_model(token_ids, positions, attend, visual, visual_index, wanted)

    def logits(self, hidden: Tensor) -> Tensor:
        """[m, hidden] -> float32 [m, vocab]."""
        return self.lm_head(hidden).float()

    def greedy(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """[m, vocab] -> the largest logit of each row and its token, int64 [m]."""
        return logits.max(-1)

    def prepare_for_inference(self) -> Qwen3VL:
        """Freeze the weights and pack them where that is faster (`kernels.linear`): no training or saving after it.

        On a CPU it also lets this process keep freed memory (`kernels.host_memory`).
        """
        self.eval().requires_grad_(False)
        for module in self.modules():
            if isinstance(module, Linear):
                module.pack()
        if self.language_model.embed_tokens.weight.device.type == "cpu":
            keep_freed_memory()
        return self
