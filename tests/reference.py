"""Hugging Face transformers as an independent reference. Tests that use it carry `pytest.mark.reference`."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from transformers_peer import import_transformers


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Reference:
    """The reference's processor and float32 network for one checkpoint folder."""

    def __init__(self, folder: Path, *, dtype: torch.dtype = torch.float32) -> None:
        transformers = import_transformers()
        with _quiet():
            self.processor = transformers.AutoProcessor.from_pretrained(folder)
            self.model, loading = transformers.Qwen3VLForConditionalGeneration.from_pretrained(
                folder, dtype=dtype, attn_implementation="sdpa", output_loading_info=True
            )
        self.model.eval()
        self.model.generation_config.eos_token_id = None  # greedy answers of a given length
        assert not loading["missing_keys"], loading["missing_keys"]
        assert not loading["unexpected_keys"], loading["unexpected_keys"]

    def inputs(
        self, text: str, images: Sequence[np.ndarray] = (), videos: Sequence[np.ndarray] = (), fps: float = 2.0
    ) -> dict[str, Tensor]:
        """Process a template's output. Pictures uint8 [h, w, 3], videos uint8 [t, h, w, 3] all frames used."""
        from PIL import Image

        kwargs: dict[str, Any] = {}
        if images:
            kwargs["images"] = [Image.fromarray(image) for image in images]
        if videos:
            kwargs["videos"] = [torch.from_numpy(video).permute(0, 3, 1, 2) for video in videos]
            kwargs["do_sample_frames"] = False
            kwargs["video_metadata"] = [
                {
                    "fps": fps,
                    "total_num_frames": len(video),
                    "frames_indices": list(range(len(video))),
                    "duration": len(video) / fps,
                }
                for video in videos
            ]
        with _quiet():
            return dict(self.processor(text=[text], return_tensors="pt", **kwargs))

    @torch.inference_mode()
    def logits(self, inputs: dict[str, Tensor]) -> Tensor:
        """[n, vocab] over the whole prompt."""
        with _quiet():
            self.model.model.rope_deltas = None
            return self.model(**inputs).logits[0]

    @torch.inference_mode()
    def greedy(self, inputs: dict[str, Tensor], count: int) -> list[int]:
        """The next `count` tokens, ends of turn included."""
        with _quiet():
            self.model.model.rope_deltas = None
            out = self.model.generate(**inputs, max_new_tokens=count, do_sample=False)
        return out[0, inputs["input_ids"].shape[1] :].tolist()

    def positions(self, inputs: dict[str, Tensor]) -> Tensor:
        """int64 [3, n]"""
        with _quiet():
            positions, _ = self.model.model.get_rope_index(
                inputs["input_ids"],
                mm_token_type_ids=inputs["mm_token_type_ids"],
                image_grid_thw=inputs.get("image_grid_thw"),
                video_grid_thw=inputs.get("video_grid_thw"),
            )
        return positions[:, 0].long()
