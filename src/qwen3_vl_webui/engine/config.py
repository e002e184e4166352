"""What one edition's engine is built from. `config.Settings` resolves every "auto" before this is frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one engine. Sizes in tokens, blocks or bytes as named."""

    checkpoint: str  # folder
    device: str = "cpu"  # "cpu", "cuda", "cuda:1"
    dtype: Literal["bfloat16", "float16", "float32"] = "float32"
    tower_dtype: Literal["bfloat16"] | None = None  # of the vision tower; None: `dtype`
    max_context: int = 32768  # prompt and answer together
    max_running: int = 16  # sequences decoding together
    max_waiting: int = 256  # requests that wait for a place; one more is refused with 429
    max_batch_tokens: int = 2048  # token budget of a step: decoding first, then chunks of prompts
    max_prompt_tokens: int | None = None  # of a step in which nobody decodes, if more: nobody's next token is late then
    block_size: int = 16  # tokens a KV block
    num_blocks: int | None = None  # None: from `kv_cache_bytes`
    kv_cache_bytes: int | None = None  # None: planned from the free memory (`engine.memory`)
    reserved_bytes: int = 0  # of the device's memory, for editions that will be loaded beside this one
    kv_share: float = 1.0  # of what is then left for KV caches, this engine's part
    prefix_cache: bool = True
    vision_cache_bytes: int = 512 << 20
    graphs: bool | None = None  # decode over static buffers, as CUDA graphs on a GPU (`engine.graphs`); None: on a GPU
    attention: Literal["auto", "torch", "triton", "flash-attn"] = "auto"  # `engine.attention`; auto: the fastest
    overlap: bool | None = None  # prepare a step while the one before is computed; None: on a GPU
    threads: int | None = None  # None: on a CPU PyTorch's choice, at most `available_cores`; one beside a GPU

    @property
    def largest_step(self) -> int:
        """Tokens of the largest step."""
        return max(self.max_batch_tokens, self.max_prompt_tokens or 0)

    @property
    def folder(self) -> Path:
        return Path(self.checkpoint)
