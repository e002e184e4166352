"""Sizes of a checkpoint, read from its `config.json` and `generation_config.json`; nothing has a class default.

A missing or impossible value raises `CheckpointError("checkpoint_config", path=..., reason=...)`. Keys that the network
does not need (dtype, initialiser ranges, versions) are left alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

from qwen3_vl_webui.errors import CheckpointError

# How pixels are normalised, a channel each; `processing.sizes` refuses a checkpoint that says otherwise.
PUBLISHED_MEAN = (0.5, 0.5, 0.5)
PUBLISHED_STD = (0.5, 0.5, 0.5)


@dataclass(frozen=True, kw_only=True)
class Yarn:
    """YaRN context extension (arXiv 2309.00071): how the rotary frequencies are stretched."""

    factor: float
    original_max_positions: int
    beta_fast: float
    beta_slow: float
    attention_factor: float  # multiplies cos and sin


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """Sizes of the decoder."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    rms_norm_eps: float
    rope_theta: float
    mrope_section: tuple[int, int, int]  # rotary frequencies for time, row, column; sums to head_dim / 2
    max_positions: int
    yarn: Yarn | None

    @property
    def kv_numbers_per_token(self) -> int:
        """Numbers that one token adds to the KV cache: keys and values of all layers."""
        return 2 * self.num_layers * self.num_kv_heads * self.head_dim


@dataclass(frozen=True, kw_only=True)
class VisionConfig:
    """Sizes of the vision tower."""

    depth: int
    hidden_size: int
    intermediate_size: int
    num_heads: int
    in_channels: int
    patch_size: int
    temporal_patch_size: int
    spatial_merge_size: int
    num_position_embeddings: int  # a square grid
    out_hidden_size: int
    deepstack_layers: tuple[int, ...]  # after these blocks a feature level is taken for the decoder

    @property
    def patch_dim(self) -> int:
        """Numbers in one patch: channels x frames x rows x columns."""
        return self.in_channels * self.temporal_patch_size * self.patch_size * self.patch_size


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Everything `Qwen3VL` is built from, and the token ids that mark media and ends."""

    text: TextConfig
    vision: VisionConfig
    image_token_id: int
    video_token_id: int
    vision_start_token_id: int
    vision_end_token_id: int
    eos_token_ids: tuple[int, ...]
    tie_word_embeddings: bool

    @classmethod
    def load(cls, folder: Path) -> ModelConfig:
        """Read a checkpoint folder; for the end tokens `generation_config.json` wins over `config.json`."""
        path = folder / "config.json"
        generation = folder / "generation_config.json"
        return cls.parse(_read(path), _read(generation) if generation.is_file() else {}, path=str(path))

    @classmethod
    def parse(
        cls, config: Mapping[str, Any], generation: Mapping[str, Any], *, path: str = "config.json"
    ) -> ModelConfig:
        """Build from parsed JSON. `path` is only for messages."""
        root = _Section(config, path)
        if (kind := config.get("model_type")) != "qwen3_vl":
            raise root.error(f"model_type is {kind!r}; this program runs the dense 'qwen3_vl' models")
        text_section, vision_section = root.section("text_config"), root.section("vision_config")
        tied = config.get("tie_word_embeddings", text_section.values.get("tie_word_embeddings", False))
        ends = generation.get("eos_token_id", config.get("eos_token_id", text_section.values.get("eos_token_id")))
        if ends is None:
            raise root.error("eos_token_id is missing")
        parsed = cls(
            text=_text(text_section),
            vision=_vision(vision_section),
            image_token_id=root.integer("image_token_id"),
            video_token_id=root.integer("video_token_id"),
            vision_start_token_id=root.integer("vision_start_token_id"),
            vision_end_token_id=root.integer("vision_end_token_id"),
            eos_token_ids=tuple(ends) if isinstance(ends, list) else (int(ends),),
            tie_word_embeddings=bool(tied),
        )
        _check(parsed, root)
        return parsed


class _Section:
    """One JSON object, with errors that name the file and the key."""

    def __init__(self, values: Mapping[str, Any], path: str, prefix: str = "") -> None:
        self.values, self.path, self.prefix = values, path, prefix

    def error(self, reason: str) -> CheckpointError:
        return CheckpointError("checkpoint_config", path=self.path, reason=reason)

    def section(self, key: str) -> _Section:
        value = self.values.get(key)
        if not isinstance(value, Mapping):
            raise self.error(f"{self.prefix}{key} is missing or not an object")
        return _Section(value, self.path, f"{self.prefix}{key}.")

    def number(self, key: str) -> float:
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(f"{self.prefix}{key} is missing or not a number")
        return float(value)

    def integer(self, key: str) -> int:
        value = self.number(key)
        if value != int(value) or value < 0:
            raise self.error(f"{self.prefix}{key} must be a whole number, not {value}")
        return int(value)

    def integers(self, key: str) -> tuple[int, ...]:
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
            raise self.error(f"{self.prefix}{key} is missing or not a list of whole numbers")
        return tuple(value)

    def require(self, key: str, *allowed: object) -> None:
        """Refuse a variant of the network that the code does not have, instead of computing something else."""
        if key in self.values and self.values[key] not in allowed:
            raise self.error(f"{self.prefix}{key} = {self.values[key]!r} is not supported")


def _read(path: Path) -> dict[str, Any]:
    try:
        parsed = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError("checkpoint_config", path=str(path), reason=str(error)) from error
    if not isinstance(parsed, dict):
        raise CheckpointError("checkpoint_config", path=str(path), reason="not a JSON object")
    return parsed


def _text(section: _Section) -> TextConfig:
    section.require("hidden_act", "silu")
    section.require("attention_bias", False)
    heads = section.integer("num_attention_heads")
    rope = _rope(section)
    sections = rope.integers("mrope_section")
    if len(sections) != 3:
        raise rope.error(f"{rope.prefix}mrope_section must have three numbers")
    rope.require("mrope_interleaved", True)
    rope.require("partial_rotary_factor", 1, 1.0)
    # transformers 4 keeps rope_theta beside rope_scaling, transformers 5 inside rope_parameters.
    theta = rope.number("rope_theta") if "rope_theta" in rope.values else section.number("rope_theta")
    return TextConfig(
        vocab_size=section.integer("vocab_size"),
        hidden_size=section.integer("hidden_size"),
        intermediate_size=section.integer("intermediate_size"),
        num_layers=section.integer("num_hidden_layers"),
        num_heads=heads,
        num_kv_heads=section.integer("num_key_value_heads"),
        head_dim=section.integer("head_dim"),
        rms_norm_eps=section.number("rms_norm_eps"),
        rope_theta=theta,
        mrope_section=(sections[0], sections[1], sections[2]),
        max_positions=section.integer("max_position_embeddings"),
        yarn=_yarn(rope),
    )


def _rope(section: _Section) -> _Section:
    for key in ("rope_parameters", "rope_scaling"):
        if isinstance(section.values.get(key), Mapping):
            return section.section(key)
    raise section.error(f"{section.prefix}rope_scaling (or rope_parameters) with mrope_section is missing")


def _yarn(rope: _Section) -> Yarn | None:
    kind = rope.values.get("rope_type", rope.values.get("type", "default"))
    if kind in ("default", "mrope"):
        return None
    if kind != "yarn":
        raise rope.error(f"{rope.prefix}rope_type = {kind!r} is not supported (default, yarn)")
    rope.require("truncate", True)
    for key in ("mscale", "mscale_all_dim"):
        rope.require(key, None)
    factor = rope.number("factor")
    attention_factor = rope.values.get("attention_factor")
    return Yarn(
        factor=factor,
        original_max_positions=rope.integer("original_max_position_embeddings"),
        beta_fast=float(rope.values.get("beta_fast") or 32),
        beta_slow=float(rope.values.get("beta_slow") or 1),
        attention_factor=float(attention_factor) if attention_factor is not None else 0.1 * log(max(factor, 1.0)) + 1.0,
    )


def _vision(section: _Section) -> VisionConfig:
    section.require("hidden_act", "gelu_pytorch_tanh")
    return VisionConfig(
        depth=section.integer("depth"),
        hidden_size=section.integer("hidden_size"),
        intermediate_size=section.integer("intermediate_size"),
        num_heads=section.integer("num_heads"),
        in_channels=section.integer("in_channels"),
        patch_size=section.integer("patch_size"),
        temporal_patch_size=section.integer("temporal_patch_size"),
        spatial_merge_size=section.integer("spatial_merge_size"),
        num_position_embeddings=section.integer("num_position_embeddings"),
        out_hidden_size=section.integer("out_hidden_size"),
        deepstack_layers=section.integers("deepstack_visual_indexes"),
    )


def _check(config: ModelConfig, root: _Section) -> None:
    """Relations between sizes that would otherwise fail deep inside a matrix product."""
    text, vision = config.text, config.vision
    side = round(vision.num_position_embeddings**0.5)
    for holds, reason in (
        (sum(text.mrope_section) * 2 == text.head_dim, "mrope_section must sum to half of head_dim"),
        (text.num_kv_heads > 0 and text.num_heads % text.num_kv_heads == 0, "heads must be a multiple of KV heads"),
        (
            vision.num_heads > 0 and vision.hidden_size % (4 * vision.num_heads) == 0,
            "vision heads must divide the width",
        ),
        (vision.out_hidden_size == text.hidden_size, "vision out_hidden_size differs from the decoder's hidden_size"),
        (side * side == vision.num_position_embeddings, "num_position_embeddings is not a square"),
        (all(layer < vision.depth for layer in vision.deepstack_layers), "a DeepStack layer lies beyond the tower"),
        (
            list(vision.deepstack_layers) == sorted(set(vision.deepstack_layers)),
            "deepstack_visual_indexes must increase",
        ),
        (len(vision.deepstack_layers) < text.num_layers, "the last decoder layer takes no DeepStack level"),
    ):
        if not holds:
            raise root.error(reason)
