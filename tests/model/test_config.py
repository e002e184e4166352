"""Sizes come from the checkpoint's JSON, in the old and the new spelling; what the network cannot do is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checkpoints import config_json, tokenizer
from qwen3_vl_webui.errors import CheckpointError
from qwen3_vl_webui.model.config import ModelConfig
from shapes import SIZES
from shapes import config_json as published_config

GENERATION = {"eos_token_id": [258, 256]}


def test_reads_the_folder(tiny_checkpoint: Path) -> None:
    config = ModelConfig.load(tiny_checkpoint)
    token = tokenizer().token_to_id
    assert config.eos_token_ids == (token("<|im_end|>"), token("<|endoftext|>"))
    assert config.image_token_id == token("<|image_pad|>")
    assert config.tie_word_embeddings
    assert config.text.mrope_section == (6, 5, 5)
    assert config.text.yarn is None
    assert config.text.kv_numbers_per_token == 2 * 4 * 2 * 32
    assert config.vision.patch_dim == 1536


def test_transformers_5_spelling_means_the_same() -> None:
    """`rope_parameters` that holds the theta, no `rope_scaling`, ties and ends only in the text part."""
    old = config_json(yarn=True)
    new = json.loads(json.dumps(old))
    text = new["text_config"]
    text["rope_parameters"] = text.pop("rope_scaling") | {"rope_theta": text.pop("rope_theta")}
    del new["tie_word_embeddings"]
    assert ModelConfig.parse(new, {}) == ModelConfig.parse(old, {})


def test_generation_config_wins_for_the_ends() -> None:
    assert ModelConfig.parse(config_json(), GENERATION).eos_token_ids == (258, 256)
    assert ModelConfig.parse(config_json(), {}).eos_token_ids == (258,)


def _changed(path: str, value: Any) -> dict[str, Any]:
    config = config_json()
    *parents, last = path.split(".")
    section = config
    for parent in parents:
        section = section[parent]
    if value is ...:
        del section[last]
    else:
        section[last] = value
    return config


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("model_type", "qwen3_vl_moe", "qwen3_vl_moe"),
        ("text_config", ..., "text_config"),
        ("text_config.hidden_size", ..., "text_config.hidden_size"),
        ("text_config.hidden_size", "64", "text_config.hidden_size"),
        ("text_config.num_hidden_layers", 1.5, "num_hidden_layers"),
        ("text_config.hidden_act", "gelu", "hidden_act"),
        ("text_config.attention_bias", True, "attention_bias"),
        ("text_config.num_key_value_heads", 3, "KV heads"),
        ("text_config.rope_scaling", None, "rope_scaling"),
        ("text_config.rope_scaling.mrope_section", [6, 5], "mrope_section"),
        ("text_config.rope_scaling.mrope_section", [6, 5, 6], "mrope_section"),
        ("text_config.rope_scaling.mrope_interleaved", False, "mrope_interleaved"),
        ("text_config.rope_scaling.rope_type", "llama3", "llama3"),
        ("vision_config.num_position_embeddings", 143, "square"),
        ("vision_config.out_hidden_size", 32, "out_hidden_size"),
        ("vision_config.deepstack_visual_indexes", [0, 1, 9], "DeepStack"),
        ("vision_config.deepstack_visual_indexes", [1, 0], "deepstack_visual_indexes"),
        ("vision_config.deepstack_visual_indexes", [0, 1, 2, 3], "the last decoder layer takes no DeepStack level"),
        ("vision_config.num_heads", 3, "heads"),
    ],
)
def test_refuses_and_names(path: str, value: Any, named: str) -> None:
    with pytest.raises(CheckpointError, match=named) as caught:
        ModelConfig.parse(_changed(path, value), GENERATION, path="here/config.json")
    assert "here/config.json" in str(caught.value)


def test_unreadable_files_are_errors(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json"):
        ModelConfig.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json"):
        ModelConfig.load(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(CheckpointError, match="not a JSON object"):
        ModelConfig.load(tmp_path)


@pytest.mark.parametrize("size", SIZES)
def test_published_sizes_parse(size: Any) -> None:
    assert ModelConfig.parse(published_config(size), {}).vision.deepstack_layers
