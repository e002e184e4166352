"""What fits: whether the editions stay in memory together, from their checkpoints' headers, before anything is loaded.

Weights are counted in the number format they will have. On an accelerator the KV cache is given what is left, so the
shares of editions that stay together are decided here; on the CPU `engine.memory` takes a share of what is available.
"""

from __future__ import annotations

import gc
import json
import math
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import psutil
import torch

from qwen3_vl_webui.engine.config import EngineConfig

FreeMemory = Callable[[str], int]  # bytes that can be had on a device now

USABLE = 0.9  # of the free memory; the rest is for the peaks of activations and for fragmentation
ELEMENT_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
LEAST_CONTEXT = 8192  # tokens of KV cache without which an edition is not worth having in memory
ACTIVATION_ROWS = 24  # live values per token of a step, in hidden sizes


def fit_together(configs: Sequence[EngineConfig], free: FreeMemory) -> bool:
    """Whether all fit beside each other. A checkpoint that cannot be read counts little: loading it will say why."""
    needs: dict[str, int] = {}
    for config in configs:
        needs[config.device] = needs.get(config.device, 0) + _fixed_bytes(config) + _least_cache_bytes(config)
    return len(configs) == 1 or all(need <= USABLE * free(device) for device, need in needs.items())


def with_cache(config: EngineConfig, to_load: Sequence[EngineConfig], free: FreeMemory) -> EngineConfig:
    """`config` with its share of the memory that will be left once all of `to_load` (it included) are loaded."""
    if config.device == "cpu" or config.num_blocks is not None or config.kv_cache_bytes is not None:
        return config
    siblings = [other for other in to_load if other.device == config.device]
    open_siblings = [other for other in siblings if other.num_blocks is None and other.kv_cache_bytes is None]
    decided = sum(_least_cache_bytes(other) for other in siblings if other not in open_siblings)
    left = int(USABLE * free(config.device)) - decided - sum(_fixed_bytes(other) for other in siblings)
    block = config.block_size * kv_token_bytes(config)
    return msgspec.structs.replace(config, kv_cache_bytes=max(left // len(open_siblings), block))


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
    text = _text_config(config.folder)
    try:
        heads = int(text.get("num_key_value_heads", text["num_attention_heads"]))
        head_dim = int(text.get("head_dim") or text["hidden_size"] // text["num_attention_heads"])
        return 2 * int(text["num_hidden_layers"]) * heads * head_dim * ELEMENT_BYTES[config.dtype]
    except (KeyError, TypeError, ValueError):
        return 0


def _fixed_bytes(config: EngineConfig) -> int:
    """Weights, vision cache and activations."""
    hidden = _text_config(config.folder).get("hidden_size", 0)
    element = ELEMENT_BYTES[config.dtype]
    activations = config.max_batch_tokens * hidden * ACTIVATION_ROWS * element
    return weight_elements(config.folder) * element + config.vision_cache_bytes + activations


def _least_cache_bytes(config: EngineConfig) -> int:
    if config.num_blocks is not None:
        return config.num_blocks * config.block_size * kv_token_bytes(config)
    if config.kv_cache_bytes is not None:
        return config.kv_cache_bytes
    return min(config.max_context, LEAST_CONTEXT) * kv_token_bytes(config)


def _text_config(folder: Path) -> dict[str, int]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        text = config.get("text_config", config)
    except (OSError, ValueError, AttributeError):
        return {}
    return text if isinstance(text, dict) else {}


def _file_elements(path: Path) -> int:
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(min(size, 100 << 20)))
    return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
