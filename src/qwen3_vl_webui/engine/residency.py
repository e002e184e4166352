"""What fits: whether the editions stay in memory together, from their checkpoints' headers, before anything is loaded.

Weights are counted in the number format they will have. How large a KV cache becomes is `engine.memory`'s decision; an
edition that is loaded while others are still to come is told here what to leave for them (`leaving_room`).
"""

from __future__ import annotations

import gc
import json
import math
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import psutil
import torch

from qwen3_vl_webui.engine.config import EngineConfig

FreeMemory = Callable[[str], int]  # bytes that can be had on a device now

USABLE = 0.97  # of the free memory; the rest is for fragmentation
ELEMENT_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
LEAST_CONTEXT = 8192  # tokens of KV cache without which an edition is not worth having in memory
STEP_VALUES = 24  # live at the peak of a step, per token, in hidden sizes
ENCODE_VALUES = 16  # live at the peak of the vision tower, per patch, in its hidden sizes
LARGEST_PICTURE = 16384  # visual tokens: the published limit of 16.8 million pixels; one that large is encoded alone


def fit_together(configs: Sequence[EngineConfig], free: FreeMemory) -> bool:
    """Whether all fit beside each other. A checkpoint that cannot be read counts little: loading it will say why."""
    if len(configs) == 1:
        return True
    for device in {config.device for config in configs}:
        beside = [config for config in configs if config.device == device]
        resident = sum(_resident_bytes(config) + _least_cache_bytes(config) for config in beside)
        # They take turns step by step, so that one's activations are gone when the other's come.
        if resident + max(map(_activation_bytes, beside)) > USABLE * free(device):
            return False
    return True


def leaving_room(
    config: EngineConfig, to_come: Sequence[EngineConfig], resident: Sequence[EngineConfig] = ()
) -> EngineConfig:
    """`config`, told to leave memory for others: what is `resident` may still fill its vision cache, and the editions
    `to_come` need their weights and an equal part of what there is for KV caches.
    """
    beside = [other for other in to_come if other.device == config.device]
    planned = [other for other in beside if not _is_decided(other)]
    reserved = sum(_resident_bytes(other) for other in beside)
    reserved += sum(_least_cache_bytes(other) for other in beside if _is_decided(other))
    reserved += sum(other.vision_cache_bytes for other in resident if other.device == config.device)
    return msgspec.structs.replace(config, reserved_bytes=reserved, kv_share=1 / (1 + len(planned)))


def free_memory(device: str) -> int:
    """The real `FreeMemory`."""
    if device.startswith("cuda"):
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def release_cached() -> None:
    """Give the memory of dropped engines back to the device."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def weight_elements(folder: Path) -> int:
    """Numbers in all safetensors files of a folder, from their headers; 0 where they cannot be read."""
    try:
        return sum(_file_elements(path) for path in folder.glob("*.safetensors"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        return 0


def kv_token_bytes(config: EngineConfig) -> int:
    """Bytes of one token's keys and values over all layers; 0 where config.json cannot be read."""
    text = _section(config.folder, "text_config")
    try:
        heads = int(text.get("num_key_value_heads", text["num_attention_heads"]))
        head_dim = int(text.get("head_dim") or text["hidden_size"] // text["num_attention_heads"])
        return 2 * int(text["num_hidden_layers"]) * heads * head_dim * ELEMENT_BYTES[config.dtype]
    except (KeyError, TypeError, ValueError):
        return 0


def _resident_bytes(config: EngineConfig) -> int:
    """Weights and vision cache, for as long as an edition stays."""
    elements = weight_elements(config.folder)
    if config.device == "cpu" and config.dtype == "bfloat16":
        elements += _tied_elements(config.folder)  # `kernels.linear` packs the output layer: a copy of its own
    return elements * ELEMENT_BYTES[config.dtype] + config.vision_cache_bytes


def _activation_bytes(config: EngineConfig) -> int:
    text, element = _section(config.folder, "text_config"), ELEMENT_BYTES[config.dtype]
    step = config.max_batch_tokens * int(text.get("hidden_size", 0)) * STEP_VALUES * element
    if config.device == "cpu":  # a large picture's peak is short, and the KV cache was given a small share only
        return step
    vision = _section(config.folder, "vision_config")
    patches = min(LARGEST_PICTURE, config.max_context) * int(vision.get("spatial_merge_size", 2)) ** 2
    return max(step, patches * int(vision.get("hidden_size", 0)) * ENCODE_VALUES * element)


def _tied_elements(folder: Path) -> int:
    """Numbers of an embedding that is the output layer too; 0 where they are apart."""
    text = _section(folder, "text_config")
    tied = _section(folder, None).get("tie_word_embeddings", text.get("tie_word_embeddings", False))
    return int(text.get("vocab_size", 0)) * int(text.get("hidden_size", 0)) if tied else 0


def _is_decided(config: EngineConfig) -> bool:
    return config.num_blocks is not None or config.kv_cache_bytes is not None


def _least_cache_bytes(config: EngineConfig) -> int:
    if config.num_blocks is not None:
        return config.num_blocks * config.block_size * kv_token_bytes(config)
    if config.kv_cache_bytes is not None:
        return config.kv_cache_bytes
    return min(config.max_context, LEAST_CONTEXT) * kv_token_bytes(config)


def _section(folder: Path, name: str | None) -> dict[str, Any]:
    """A section of config.json (the whole file where it has none of that name); empty where it cannot be read."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        section = config if name is None else config.get(name, config)
    except (OSError, ValueError, AttributeError):
        return {}
    return section if isinstance(section, dict) else {}


def _file_elements(path: Path) -> int:
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(min(size, 100 << 20)))
    return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
