"""Prompts of every kind, as the reference processes them, and our network run over them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from qwen3_vl_webui.model.attention import DenseAttention
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL

IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
VIDEO = "<|vision_start|><|video_pad|><|vision_end|>"


def noise(*shape: int, seed: int) -> np.ndarray:
    """Smooth random pixels: noise that survives a resize."""
    small = np.random.default_rng(seed).integers(0, 256, (*shape[:-3], shape[-3] // 8 + 1, shape[-2] // 8 + 1, 3))
    return small.repeat(8, -3).repeat(8, -2)[..., : shape[-3], : shape[-2], :].astype(np.uint8)


# name -> text, pictures, videos
PROMPTS: dict[str, tuple[str, list[np.ndarray], list[np.ndarray]]] = {
    "text": ("<|im_start|>user\nA plain question, 一个问题?<|im_end|>\n<|im_start|>assistant\n", [], []),
    "picture": (f"{IMAGE}What is this?", [noise(300, 200, 3, seed=1)], []),
    "pictures": (
        f"{IMAGE}{IMAGE} compare with {IMAGE}",
        [noise(256, 256, 3, seed=2), noise(64, 900, 3, seed=3), noise(400, 180, 3, seed=4)],
        [],
    ),
    "video": (f"{VIDEO}What happens?", [], [noise(7, 96, 160, 3, seed=5)]),
    "turns": (
        f"<|im_start|>user\n{IMAGE}Look.<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n<|im_start|>user\n"
        f"{VIDEO}And {IMAGE}?<|im_end|>\n<|im_start|>assistant\n",
        [noise(280, 300, 3, seed=6), noise(500, 140, 3, seed=7)],
        [noise(4, 100, 70, 3, seed=8)],
    ),
}


def visual_features(model: Qwen3VL, inputs: Mapping[str, Tensor]) -> tuple[Tensor | None, Tensor | None]:
    """Our visual tokens and their rows for inputs in the reference's form."""
    ids = inputs["input_ids"][0]
    features, rows = [], []
    for patches, grids, token in (
        ("pixel_values", "image_grid_thw", model.config.image_token_id),
        ("pixel_values_videos", "video_grid_thw", model.config.video_token_id),
    ):
        if patches in inputs:
            features.append(model.encode(inputs[patches], [(t, h, w) for t, h, w in inputs[grids].tolist()]))
            rows.append((ids == token).nonzero().flatten())
    if not features:
        return None, None
    return torch.cat(features, dim=1), torch.cat(rows)


@torch.inference_mode()
def our_logits(model: Qwen3VL, inputs: Mapping[str, Tensor], positions: Tensor) -> Tensor:
    """[n, vocab] over the whole prompt."""
    ids = inputs["input_ids"][0]
    visual, index = visual_features(model, inputs)
    return model.logits(model(ids, positions, DenseAttention([len(ids)]), visual, index))


@torch.inference_mode()
def our_greedy(model: Qwen3VL, inputs: Mapping[str, Tensor], positions: Tensor, count: int) -> list[int]:
    """The next tokens, each from a run over everything before it: no cache that could hide an error."""
    ids = inputs["input_ids"][0]
    visual, index = visual_features(model, inputs)
    prompt = len(ids)
    for _ in range(count):
        hidden = model(ids, positions, DenseAttention([len(ids)]), visual, index)
        ids = torch.cat((ids, model.logits(hidden[-1:]).argmax(-1)))
        positions = torch.cat((positions, positions.max().expand(3, 1) + 1), dim=1)
    return ids[prompt:].tolist()
