"""Rotary embedding: the properties it must have, and the reference's numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints import config_json
from qwen3_vl_webui.model import rope
from qwen3_vl_webui.model.config import ModelConfig, TextConfig, Yarn
from transformers_peer import import_transformers


def text_config(*, yarn: bool = False) -> TextConfig:
    return ModelConfig.parse(config_json(yarn=yarn), {}).text


def test_published_interleaving() -> None:
    """Section [24, 20, 20]: row on 1, 4, ..., 58, column on 2, 5, ..., 59, time everywhere else."""
    axes = rope.mrope_axes((24, 20, 20)).tolist()
    assert [i for i, axis in enumerate(axes) if axis == 1] == list(range(1, 59, 3))
    assert [i for i, axis in enumerate(axes) if axis == 2] == list(range(2, 60, 3))
    assert axes.count(0) == 24


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 200_000), st.integers(0, 200_000), st.integers(0, 5000))
def test_scores_depend_on_distance_only(first: int, second: int, shift: int) -> None:
    """For text, where all three axes advance together."""
    config = text_config()
    frequencies, scale = rope.text_frequencies(config)
    frequencies = frequencies.double()
    axes = rope.mrope_axes(config.mrope_section)
    generator = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 1, 1, config.head_dim, generator=generator)

    def score(a: int, b: int) -> float:
        cos, sin = rope.mrope(torch.tensor([[a, b]] * 3), frequencies, axes, scale)
        return (rope.rotate(q, cos[:1], sin[:1]) * rope.rotate(k, cos[1:], sin[1:])).sum().item()

    assert score(first, second) == pytest.approx(score(first + shift, second + shift), abs=0.05)


def test_rotation_keeps_lengths_and_position_zero_is_identity() -> None:
    config = text_config()
    frequencies, scale = rope.text_frequencies(config)
    positions = torch.tensor([[0, 9], [0, 5], [0, 77]])
    cos, sin = rope.mrope(positions, frequencies, rope.mrope_axes(config.mrope_section), scale)
    x = torch.randn(2, 3, config.head_dim, generator=torch.Generator().manual_seed(1))
    turned = rope.rotate(x, cos, sin)
    assert torch.equal(turned[0], x[0])
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_each_axis_turns_its_own_frequencies(axis: int) -> None:
    config = text_config()
    frequencies, scale = rope.text_frequencies(config)
    axes = rope.mrope_axes(config.mrope_section)
    positions = torch.zeros(3, 1, dtype=torch.int64)
    positions[axis] = 3
    _, sin = rope.mrope(positions, frequencies, axes, scale)
    assert ((sin.flatten() != 0) == (axes == axis)).all()


def test_low_precision_inputs_are_turned_in_float32() -> None:
    cos, sin = torch.tensor([[[0.8]]]), torch.tensor([[[0.6]]])
    turned = rope.rotate(torch.ones(1, 1, 2, dtype=torch.bfloat16), cos, sin)
    torch.testing.assert_close(turned, torch.tensor([[[0.2, 1.4]]]))


def test_yarn_keeps_fast_and_slows_slow_frequencies() -> None:
    yarn = Yarn(factor=3.0, original_max_positions=262144, beta_fast=32, beta_slow=1, attention_factor=1.1)
    plain = rope.inverse_frequencies(128, 5e6)
    stretched = rope.yarn_frequencies(128, 5e6, yarn)
    ratio = plain / stretched
    torch.testing.assert_close(ratio[0], torch.tensor(1.0))
    torch.testing.assert_close(ratio[-1], torch.tensor(3.0))
    assert (ratio.diff() >= -1e-6).all()
    same = rope.yarn_frequencies(128, 5e6, replace(yarn, factor=1.0))
    torch.testing.assert_close(same, plain)


@pytest.mark.reference
@pytest.mark.parametrize("yarn", [False, True])
@pytest.mark.parametrize("original", [64, 262144])
def test_equals_the_reference(yarn: bool, original: int) -> None:
    transformers = import_transformers()
    values = config_json(yarn=yarn)
    if yarn:
        values["text_config"]["rope_scaling"]["original_max_position_embeddings"] = original
    config = ModelConfig.parse(values, {}).text
    theirs = transformers.Qwen3VLConfig(**values).text_config
    from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLTextRotaryEmbedding

    rotary = Qwen3VLTextRotaryEmbedding(theirs)
    assert rotary.rope_type == ("yarn" if yarn else "default")
    frequencies, scale = rope.text_frequencies(config)
    torch.testing.assert_close(frequencies, rotary.inv_freq)
    assert scale == pytest.approx(rotary.attention_scaling)
    positions = torch.randint(0, 3000, (3, 50), generator=torch.Generator().manual_seed(2))
    cos, sin = rope.mrope(positions, frequencies, rope.mrope_axes(config.mrope_section), scale)
    their_cos, their_sin = rotary(torch.empty(1, dtype=torch.float32), positions[:, None])
    torch.testing.assert_close(torch.cat((cos, cos), -1)[:, 0], their_cos[0])
    torch.testing.assert_close(torch.cat((sin, sin), -1)[:, 0], their_sin[0])
