"""The network equals the reference: logits within 1e-4 and the same greedy answers, in float32 on the CPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from checkpoints import config_json, write_checkpoint
from qwen3_vl_webui.model.weights import load_model
from reference import Reference

from .conftest import PROMPTS, our_greedy, our_logits

pytestmark = pytest.mark.reference

VARIANTS: dict[str, dict[str, Any]] = {
    "published": {},
    "untied": {"tied": False},
    "yarn": {"yarn": True},
    # Nothing divides as it does in the small one: as between the 2B and the 32B, every size comes from the file.
    "other sizes": {
        "hidden_size": 72,
        "intermediate_size": 100,
        "num_hidden_layers": 5,
        "num_attention_heads": 6,
        "num_key_value_heads": 3,
        "rope_theta": 1_000_000,
        "rms_norm_eps": 1e-5,
    },
}
OTHER_TOWER = {
    "depth": 5,
    "hidden_size": 72,
    "intermediate_size": 90,
    "num_heads": 3,
    "num_position_embeddings": 100,
    "out_hidden_size": 72,
    "deepstack_visual_indexes": [1, 4],
}


def config_of(variant: str) -> dict[str, Any]:
    config = config_json(**VARIANTS.get(variant, {}))
    if variant == "other sizes":
        config["vision_config"] |= OTHER_TOWER
    return config


@pytest.fixture(scope="module", params=[*VARIANTS, "sharded"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """The reference and our model on one checkpoint; "sharded" was saved by the reference itself, in several files."""
    folder = tmp_path_factory.mktemp("parity") / request.param
    write_checkpoint(folder, seed=3, config=config_of(request.param))
    reference = Reference(folder)
    if request.param == "sharded":
        reference.model.save_pretrained(folder, max_shard_size="100KB")
        (folder / "model.safetensors").unlink()
        assert len(list(folder.glob("model-*.safetensors"))) > 2
    return reference, load_model(folder, device=torch.device("cpu"), dtype=torch.float32)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_logits_equal(pair, prompt: str) -> None:
    reference, model = pair
    inputs = reference.inputs(*PROMPTS[prompt])
    difference = our_logits(model, inputs, reference.positions(inputs)) - reference.logits(inputs)
    assert difference.abs().max() <= 1e-4


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_answers_equal(pair, prompt: str) -> None:
    reference, model = pair
    inputs = reference.inputs(*PROMPTS[prompt])
    assert our_greedy(model, inputs, reference.positions(inputs), 64) == reference.greedy(inputs, 64)


def test_the_checks_would_see_each_part(pair) -> None:
    """DeepStack, positions and the tower move the logits by far more than the tolerance."""
    reference, model = pair
    inputs = reference.inputs(*PROMPTS["turns"])
    positions = reference.positions(inputs)
    right = our_logits(model, inputs, positions)
    flat = torch.arange(positions.shape[1]).expand(3, -1)
    assert (our_logits(model, inputs, flat) - right).abs().max() > 1e-2
    darker = inputs | {"pixel_values": inputs["pixel_values"] * 0.5}
    assert (our_logits(model, darker, positions) - right).abs().max() > 1e-2
