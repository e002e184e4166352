"""Weights: published names both ways, errors that name the tensor, little memory beside the model's own."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from checkpoints import config_json, random_network, write_checkpoint
from qwen3_vl_webui.errors import CheckpointError
from qwen3_vl_webui.model.attention import DenseAttention
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import (
    copy_weights,
    initialize,
    load_model,
    published_names,
    random_model,
    save_weights,
)
from shapes import Size
from shapes import config_json as published_config

CPU = torch.device("cpu")
Q_PROJ = "model.language_model.layers.1.self_attn.q_proj.weight"


def load(folder: Path, dtype: torch.dtype = torch.float32) -> Qwen3VL:
    return load_model(folder, device=CPU, dtype=dtype)


def change(folder: Path, **changes: Tensor | None) -> None:
    """Rewrite the single file with tensors replaced, added or (None) removed; dots in names written as `__`."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    for name, tensor in changes.items():
        name = name.replace("__", ".")
        if tensor is None:
            del tensors[name]
        else:
            tensors[name] = tensor
    save_file(tensors, path, metadata={"format": "pt"})


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "checkpoint")


def test_saving_and_loading_gives_the_same_network(tmp_path: Path, tiny_checkpoint: Path) -> None:
    model = random_network(tiny_checkpoint, seed=5)
    save_weights(model, tmp_path, dtype=torch.float32)
    for name in ("config.json", "generation_config.json"):
        (tmp_path / name).write_bytes((tiny_checkpoint / name).read_bytes())
    loaded = load(tmp_path)
    expected = dict(model.named_parameters())
    found = dict(loaded.named_parameters())
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert not any(parameter.requires_grad for parameter in found.values())
    assert not loaded.training


def test_published_names_and_shapes(checkpoint: Path) -> None:
    tensors = load_file(checkpoint / "model.safetensors")
    assert tensors["model.visual.patch_embed.proj.weight"].shape == (32, 3, 2, 16, 16)
    assert tensors["model.language_model.layers.0.self_attn.q_proj.weight"].shape == (128, 64)
    assert tensors["model.language_model.layers.0.self_attn.k_proj.weight"].shape == (64, 64)
    assert tensors["model.language_model.layers.3.mlp.up_proj.weight"].shape == (160, 64)
    assert tensors["model.visual.deepstack_merger_list.2.norm.weight"].shape == (128,)
    assert tensors["model.visual.merger.norm.weight"].shape == (32,)
    assert "lm_head.weight" not in tensors  # tied
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}


def test_copying_from_published_names(checkpoint: Path) -> None:
    model = Qwen3VL(ModelConfig.load(checkpoint))
    copy_weights(model, load_file(checkpoint / "model.safetensors"))
    loaded = dict(load(checkpoint).named_parameters())
    assert all(torch.equal(parameter, loaded[name]) for name, parameter in model.named_parameters())


def test_progress_grows_to_all_bytes(checkpoint: Path) -> None:
    seen: list[tuple[int, int]] = []
    load_model(checkpoint, device=CPU, dtype=torch.float32, progress=lambda done, total: seen.append((done, total)))
    stored = sum(tensor.nbytes for tensor in load_file(checkpoint / "model.safetensors").values())
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {total for _, total in seen} == {stored}
    assert seen[-1] == (stored, stored)


def test_sharded_checkpoints(checkpoint: Path) -> None:
    whole = load(checkpoint)
    path = checkpoint / "model.safetensors"
    tensors = load_file(path)
    names = sorted(tensors)
    shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, held in shards.items():
        save_file({name: tensors[name] for name in held}, checkpoint / file)
    weight_map = {name: file for file, held in shards.items() for name in held}
    index = checkpoint / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    path.unlink()
    sharded = load(checkpoint)
    found = dict(sharded.named_parameters())
    assert all(torch.equal(found[name], parameter) for name, parameter in whole.named_parameters())

    save_file({name: tensors[name] for name in names[1:]}, checkpoint / "model-00002-of-00002.safetensors")
    with pytest.raises(CheckpointError, match=f"{names[2]}.*model-00001-of-00002.*model-00002-of-00002") as caught:
        load(checkpoint)
    assert caught.value.code == "tensor_twice"

    (checkpoint / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match="model-00002-of-00002"):
        load(checkpoint)
    for name in ("../outside.safetensors", "weights.bin", 7):
        index.write_text(json.dumps({"weight_map": {Q_PROJ: name}}))
        with pytest.raises(CheckpointError, match="no safetensors file"):
            load(checkpoint)
    index.write_text("{}")
    with pytest.raises(CheckpointError, match="not an index"):
        load(checkpoint)


def test_a_missing_tensor_is_named(checkpoint: Path) -> None:
    change(checkpoint, **{Q_PROJ: None})
    with pytest.raises(CheckpointError, match=Q_PROJ) as caught:
        load(checkpoint)
    assert caught.value.code == "tensor_missing"


def test_an_extra_tensor_is_named(checkpoint: Path) -> None:
    change(checkpoint, **{"model.language_model.layers.9.extra": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"layers\.9\.extra") as caught:
        load(checkpoint)
    assert caught.value.code == "tensor_extra"


def test_a_wrong_shape_is_named_with_both_shapes(checkpoint: Path) -> None:
    change(checkpoint, **{Q_PROJ: torch.zeros(128, 63)})
    with pytest.raises(CheckpointError, match=Q_PROJ) as caught:
        load(checkpoint)
    assert caught.value.code == "tensor_shape"
    assert "[128, 63]" in str(caught.value)
    assert "[128, 64]" in str(caught.value)


def test_numbers_that_are_not_floats_are_refused(checkpoint: Path) -> None:
    change(checkpoint, **{Q_PROJ: torch.zeros(128, 64, dtype=torch.int8)})
    with pytest.raises(CheckpointError, match=Q_PROJ):
        load(checkpoint)


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"\x08\x00\x00\x00\x00\x00\x00\x00notjson!"])
def test_a_corrupt_file_is_named(checkpoint: Path, content: bytes) -> None:
    (checkpoint / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        load(checkpoint)


def test_a_truncated_file_is_named(checkpoint: Path) -> None:
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        load(checkpoint)


class _Bomb:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("pickle-was-run"),))


def test_pickle_files_are_never_read(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkpoint)
    (checkpoint / "model.safetensors").unlink()
    for name in ("pytorch_model.bin", "model.safetensors"):
        (checkpoint / name).write_bytes(pickle.dumps(_Bomb()))
        with pytest.raises(CheckpointError):
            load(checkpoint)
    assert not (checkpoint / "pickle-was-run").exists()


def test_tied_checkpoints_may_hold_the_output_layer_too(checkpoint: Path) -> None:
    embedding = load_file(checkpoint / "model.safetensors")["model.language_model.embed_tokens.weight"]
    change(checkpoint, **{"lm_head.weight": embedding.clone()})
    model = load(checkpoint)
    assert model.lm_head.weight is model.language_model.embed_tokens.weight
    change(checkpoint, **{"lm_head.weight": embedding[:-1].clone()})
    with pytest.raises(CheckpointError, match="lm_head"):
        load(checkpoint)


def test_untied_checkpoints_must_hold_the_output_layer(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, config=config_json(tied=False))
    model = load(folder)
    assert model.lm_head.weight is not model.language_model.embed_tokens.weight
    change(folder, **{"lm_head.weight": None})
    with pytest.raises(CheckpointError, match="lm_head"):
        load(folder)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_runs_close_to_float32(tiny_checkpoint: Path, dtype: torch.dtype) -> None:
    ids = torch.arange(40)
    positions = ids.expand(3, -1)
    with torch.inference_mode():
        exact, low = (
            model.logits(model(ids, positions, DenseAttention([40])))
            for model in (load(tiny_checkpoint), load(tiny_checkpoint, dtype))
        )
    assert low.dtype == torch.float32
    assert (low - exact).abs().max() < 0.1 * exact.std()


_MEASURE = """
import resource, sys
from pathlib import Path
import torch
from qwen3_vl_webui.model.weights import load_model

folder, dtype = Path(sys.argv[1]), getattr(torch, sys.argv[2])
load_model(Path(sys.argv[3]), device=torch.device("cpu"), dtype=dtype)  # code and libraries are in memory now
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model = load_model(folder, device=torch.device("cpu"), dtype=dtype)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_peak_memory_is_the_model_and_one_group(tmp_path: Path, tiny_checkpoint: Path, dtype: str) -> None:
    """Measured in a process of its own on a network of 67 million parameters, mapped file pages included."""
    config = config_json(hidden_size=1024, intermediate_size=6144, num_hidden_layers=3)
    config["vision_config"] |= {"out_hidden_size": 1024, "deepstack_visual_indexes": [0, 1]}
    folder = write_checkpoint(tmp_path / "larger", config=config)
    stored = load_file(folder / "model.safetensors")
    parameters = sum(tensor.numel() for tensor in stored.values())
    group = 2 * 6144 * 1024  # gate and up
    width = 4 if dtype == "float32" else 2
    head = config["text_config"]["vocab_size"] * 1024 * 2  # packed beside the embedding that it is tied to
    command = [sys.executable, "-c", _MEASURE, str(folder), dtype, str(tiny_checkpoint)]
    grown = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    slack = 6 << 20  # pages of the allocator
    assert grown <= parameters * width + group * max(width, 2) + head + slack


@pytest.mark.parametrize(("size", "millions"), [("2b", 2127), ("4b", 4437), ("8b", 8767), ("32b", 33357)])
def test_published_sizes_have_their_parameters(size: Size, millions: int) -> None:
    with torch.device("meta"):
        model = Qwen3VL(ModelConfig.parse(published_config(size), {}))
    assert sum(parameter.numel() for parameter in model.parameters()) // 10**6 == millions
    assert (model.lm_head.weight is model.language_model.embed_tokens.weight) == (size in ("2b", "4b"))
    names = [name for parts in published_names(model).values() for name in parts]
    assert len(names) == len(set(names))


def test_random_models_repeat_and_differ_by_seed() -> None:
    config = ModelConfig.parse(config_json(), {})
    first, again, other = (
        random_model(config, device=CPU, dtype=torch.float32, seed=seed).visual.patch_embed.proj.weight
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_training_reaches_every_parameter() -> None:
    """Plain autograd through the tower, DeepStack and the decoder, after `initialize`."""
    config = ModelConfig.parse(config_json(), {})
    model = Qwen3VL(config)
    initialize(model, torch.Generator().manual_seed(0))
    features = model.encode(torch.randn(16, config.vision.patch_dim), [(1, 4, 4)])
    ids = torch.arange(12)
    hidden = model(ids, ids.expand(3, -1), DenseAttention([12]), features, torch.arange(4, 8))
    model.logits(hidden).square().mean().backward()
    lacking = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert lacking == []
