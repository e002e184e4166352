"""The rows of `gpu.py` for transformers: its own network and cache, eager, scaled-dot-product attention, greedy."""

from __future__ import annotations

import copy
import gc
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

from gpu_media import SIDE, decoded, jpegs
from gpu_ours import AFTER_PICTURE, PROMPT
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.pixels import to_patches
from shapes import Size, config_json
from transformers_peer import import_transformers

STEPS = 24  # of decoding, after four that warm up


class Peer:
    """transformers' network with random weights, made at the first row that needs it."""

    def __init__(self, size: Size, device: torch.device) -> None:
        self.size, self.device = size, device
        self.config = ModelConfig.parse(config_json(size), {})
        self._model: Any = None

    @property
    def model(self) -> Any:
        if self._model is None:
            transformers = import_transformers()
            parsed = transformers.Qwen3VLConfig(**copy.deepcopy(config_json(self.size)))
            with torch.device(self.device):
                self._model = transformers.Qwen3VLForConditionalGeneration._from_config(
                    parsed, dtype=torch.bfloat16, attn_implementation="sdpa"
                ).eval()
            generator = torch.Generator(self.device).manual_seed(0)
            with torch.no_grad():
                for parameter in self._model.parameters():
                    if parameter.dim() > 1:
                        parameter.normal_(std=0.02, generator=generator)
        return self._model

    def reset(self) -> None:
        gc.collect()
        torch.cuda.empty_cache()

    def close(self) -> None:
        self._model = None
        self.reset()

    # ---- rows

    @torch.inference_mode()
    def decode(self, count: int) -> dict[str, Any]:
        cache = import_transformers().DynamicCache()
        token = self._next(input_ids=self._words(count, PROMPT), past_key_values=cache, use_cache=True)
        times = []
        for _ in range(4 + STEPS):
            begin = time.perf_counter()
            token = self._next(input_ids=token[:, None], past_key_values=cache, use_cache=True)
            token.tolist()
            times.append(time.perf_counter() - begin)
        return {"value": round(count / statistics.median(times[4:]), 1), "steps": STEPS}

    @torch.inference_mode()
    def prefill(self, count: int) -> dict[str, Any]:
        return self._timed(lambda at: self._next(input_ids=self._words(count, PROMPT), use_cache=True), 5)

    @torch.inference_mode()
    def vision(self, count: int) -> dict[str, Any]:
        tower = self.config.vision
        side = SIDE // tower.patch_size
        patches = torch.randn(count * side**2, tower.patch_dim, device=self.device, dtype=torch.bfloat16)
        grids = torch.tensor([[1, side, side]] * count, device=self.device)
        return self._timed(lambda at: self.model.model.visual(patches, grid_thw=grids), 4)

    @torch.inference_mode()
    def pictures(self, count: int) -> dict[str, Any]:
        """JPEG decoding in threads and our patches on the device, so that only the network differs."""
        tower = self.config.vision
        side = SIDE // tower.patch_size
        visual = side**2 // tower.spatial_merge_size**2
        grids = torch.tensor([[1, side, side]] * count, device=self.device)
        ids = self._words(count, AFTER_PICTURE + visual + 2)
        ids[:, AFTER_PICTURE // 2] = self.config.vision_start_token_id
        ids[:, AFTER_PICTURE // 2 + 1 : AFTER_PICTURE // 2 + 1 + visual] = self.config.image_token_id
        ids[:, AFTER_PICTURE // 2 + 1 + visual] = self.config.vision_end_token_id
        files = jpegs(range(2000, 2000 + count))  # nothing is cached

        def first_tokens(at: int) -> torch.Tensor:
            with ThreadPoolExecutor() as pool:
                media = list(pool.map(decoded, files))
            patches = [
                to_patches(torch.from_numpy(medium.frames).to(self.device), tower, torch.bfloat16)[0]
                for medium in media
            ]
            kinds = (ids == self.config.image_token_id).int()
            return self._next(
                input_ids=ids,
                pixel_values=torch.cat(patches),
                image_grid_thw=grids,
                mm_token_type_ids=kinds,
                use_cache=True,
            )

        return self._timed(first_tokens, 3)

    # ---- helpers

    def _words(self, count: int, length: int) -> torch.Tensor:
        most = min(self.config.text.vocab_size, 150_000) - 8
        return torch.randint(0, most, (count, length), device=self.device)

    def _next(self, **inputs: Any) -> torch.Tensor:
        """The most likely next token of each row."""
        logits: torch.Tensor = self.model(**inputs, logits_to_keep=1).logits
        return logits[:, -1].argmax(-1)

    def _timed(self, run: Callable[[int], Any], rounds: int) -> dict[str, Any]:
        times = []
        for at in range(rounds + 1):
            torch.cuda.synchronize()
            begin = time.perf_counter()
            run(at % (rounds + 1))
            torch.cuda.synchronize()
            times.append(1000 * (time.perf_counter() - begin))
        return {"value": round(statistics.median(times[1:]), 2), "runs": [round(value, 2) for value in times[1:]]}
