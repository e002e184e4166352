"""How much memory an edition takes, by the sizes of its checkpoint: before anything is loaded, and without PyTorch.

The one place where that is reckoned. The engine asks for the checkpoints it was given (`engine.residency`); `plan` and
`doctor` ask for the published sizes, which may not have been downloaded yet. How large a KV cache becomes in the end is
`engine.memory`'s decision.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qwen3_vl_webui.engine.config import EngineConfig

USABLE = 0.97  # of the free memory; the rest is for fragmentation
ELEMENT_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
LEAST_CONTEXT = 8192  # tokens of KV cache without which an edition is not worth having in memory
# Tokens of KV cache without which two editions had better take turns, each with the whole memory, than stay together:
# the largest picture (16,384) or a video of the default budget (12,288), and an answer with its reasoning.
CONTEXT_TOGETHER = 24576
CPU_SHARE = 0.5  # of what the editions leave of the memory, for KV caches; the rest is for the other programs
STEP_VALUES = 24  # live at the peak of a step, per token, in hidden sizes
ENCODE_VALUES = 18  # live at the peak of the vision tower, per patch, in its hidden sizes (17.2 measured on an H200)
LARGEST_PICTURE = 16384  # visual tokens: the published limit of 16.8 million pixels; one that large is encoded alone


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """The sizes that memory depends on. Zero is what could not be read: loading will say why."""

    elements: int  # numbers in all weights
    tied_elements: int  # of them in an embedding that is the output layer too
    kv_numbers: int  # in the keys and values of one token, over all layers
    hidden_size: int
    vision_hidden_size: int
    merge: int = 2  # patches along a side of a visual token

    @classmethod
    def read(cls, folder: Path) -> Footprint:
        """From the headers and config.json of a checkpoint folder."""
        config = _config(folder)
        text, vision = _section(config, "text_config"), _section(config, "vision_config")
        hidden = _number(text, "hidden_size")
        heads = _number(text, "num_attention_heads")
        head_dim = _number(text, "head_dim") or (hidden // heads if heads else 0)
        tied = config.get("tie_word_embeddings", text.get("tie_word_embeddings", False))
        return cls(
            elements=weight_elements(folder),
            tied_elements=_number(text, "vocab_size") * hidden if tied else 0,
            kv_numbers=2 * _number(text, "num_hidden_layers") * _number(text, "num_key_value_heads", heads) * head_dim,
            hidden_size=hidden,
            vision_hidden_size=_number(vision, "hidden_size"),
            merge=_number(vision, "spatial_merge_size", 2),
        )


def bytes_together(editions: Sequence[tuple[EngineConfig, Footprint]]) -> int:
    """Free memory that editions on one device want in order to be there together."""
    context = LEAST_CONTEXT if len(editions) == 1 else CONTEXT_TOGETHER
    resident = sum(resident_bytes(*edition) + least_cache_bytes(*edition, context) for edition in editions)
    # They take turns step by step, so that one's activations are gone when the other's come.
    return int((resident + max(activation_bytes(*edition) for edition in editions)) / USABLE)


def resident_bytes(config: EngineConfig, size: Footprint) -> int:
    """Weights and vision cache, for as long as an edition stays."""
    elements = size.elements
    if config.device == "cpu" and config.dtype == "bfloat16":
        elements += size.tied_elements  # `kernels.linear` packs the output layer: a copy of its own
    return elements * ELEMENT_BYTES[config.dtype] + config.vision_cache_bytes


def activation_bytes(config: EngineConfig, size: Footprint) -> int:
    """The peak of a step, or of the largest picture."""
    element = ELEMENT_BYTES[config.dtype]
    step = config.largest_step * size.hidden_size * STEP_VALUES * element
    if config.device == "cpu":  # a large picture's peak is short, and the KV cache was given a small share only
        return step
    patches = min(LARGEST_PICTURE, config.max_context) * size.merge**2
    return max(step, patches * size.vision_hidden_size * ENCODE_VALUES * element)


def least_cache_bytes(config: EngineConfig, size: Footprint, context: int = LEAST_CONTEXT) -> int:
    """The KV cache as configured, else the memory that a plan wants to see for one of so many tokens."""
    token = kv_token_bytes(config, size)
    if config.num_blocks is not None:
        return config.num_blocks * config.block_size * token
    if config.kv_cache_bytes is not None:
        return config.kv_cache_bytes
    least = min(config.max_context, context) * token
    return int(least / CPU_SHARE) if config.device == "cpu" else least


def kv_token_bytes(config: EngineConfig, size: Footprint) -> int:
    """Bytes of one token's keys and values over all layers."""
    return size.kv_numbers * ELEMENT_BYTES[config.dtype]


def weight_elements(folder: Path) -> int:
    """Numbers in all safetensors files of a folder, from their headers; 0 where they cannot be read."""
    try:
        return sum(_file_elements(path) for path in folder.glob("*.safetensors"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        return 0


def _file_elements(path: Path) -> int:
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(min(size, 100 << 20)))
    return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def _section(config: dict[str, Any], name: str) -> dict[str, Any]:
    """A section of config.json; the whole where it has none of that name."""
    section = config.get(name, config)
    return section if isinstance(section, dict) else {}


def _number(values: dict[str, Any], name: str, otherwise: int = 0) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else otherwise
