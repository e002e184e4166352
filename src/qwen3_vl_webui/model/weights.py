"""Weights in and out: safetensors in the published names, streamed to the device, projections fused on the way.

Nothing but safetensors is read: no pickle, no code from a checkpoint. Each parameter of `Qwen3VL` is one or several
published tensors laid along the rows (`published_names`). On a CPU, reading one parameter at a time bounds the host
memory by the model itself plus that group; to a CUDA device they go through a few pinned buffers (`model.upload`).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from qwen3_vl_webui.errors import CheckpointError
from qwen3_vl_webui.kernels.linear import Linear, can_pack
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.upload import Stretch, opened, read, stretches, upload

Progress = Callable[[int, int], None]  # bytes done, bytes in all

SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
_FLOATS = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


@dataclass(frozen=True)
class Part:
    """One published tensor that fills `rows` rows of a parameter."""

    name: str
    shape: tuple[int, ...]
    rows: int


def load_model(
    folder: Path,
    *,
    device: torch.device,
    dtype: torch.dtype,
    progress: Progress | None = None,
) -> Qwen3VL:
    """Load a checkpoint folder, ready for inference.

    `progress` is called now and then with the stored bytes read so far and in all. Raises `CheckpointError`
    that names the tensor which is missing, extra, there twice or wrongly shaped, or the file that cannot be read,
    before any move.
    """
    config = ModelConfig.load(folder)
    with torch.device("meta"):
        model = Qwen3VL(config).to(dtype)
    files = _Files(folder)
    plan = {name: _parts(name, parameter, config) for name, parameter in model.named_parameters()}
    _check_names(files, plan, config)
    total = sum(files.bytes(part.name) for parts in plan.values() for part in parts)
    done = 0

    def count(size: int) -> None:
        nonlocal done
        done += size
        if progress is not None:
            progress(done, total)

    try:
        if device.type == "cpu":
            _read(model, files, plan, dtype, count)
        else:
            _upload(model, files, plan, device, dtype, count)
    except OSError as error:
        raise CheckpointError("checkpoint_config", path=error.filename or str(folder), reason=str(error)) from error
    model.tie_weights()
    return model.prepare_for_inference()


def save_weights(model: Qwen3VL, folder: Path, *, dtype: torch.dtype = torch.bfloat16) -> None:
    """Write `model.safetensors` in the published names and shapes, from a model not prepared for inference."""
    tensors: dict[str, Tensor] = {}
    for name, parameter in model.named_parameters():
        parts = _parts(name, parameter, model.config)
        for part, rows in zip(parts, parameter.detach().split([part.rows for part in parts]), strict=True):
            tensors[part.name] = rows.to("cpu", dtype, copy=True).reshape(part.shape).contiguous()
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / SINGLE_FILE, metadata={"format": "pt"})


def copy_weights(model: Qwen3VL, published: Mapping[str, Tensor]) -> None:
    """Fill a model from tensors in the published names (another implementation's state), casting to its dtype."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parts = _parts(name, parameter, model.config)
            for part, rows in zip(parts, parameter.split([part.rows for part in parts]), strict=True):
                rows.copy_(published[part.name].reshape(rows.shape))


def random_model(config: ModelConfig, *, device: torch.device, dtype: torch.dtype, seed: int) -> Qwen3VL:
    """A model with random weights, ready for inference: for benchmarks, whose speed does not depend on the values."""
    with torch.device("meta"):
        model = Qwen3VL(config).to(dtype)
    model.to_empty(device=device)
    model.tie_weights()  # `to_empty` makes two of a shared parameter
    initialize(model, torch.Generator(device).manual_seed(seed))
    return model.prepare_for_inference()


def initialize(model: Qwen3VL, generator: torch.Generator, *, std: float = 0.02) -> None:
    """Fill all weights for a start from nothing: matrices normal with `std`, norms one, biases zero."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=std, generator=generator)
            else:
                parameter.fill_(0.0 if name.endswith("bias") else 1.0)


def published_names(model: Qwen3VL) -> dict[str, tuple[str, ...]]:
    """Our parameter names -> the published tensors that fill each, in the order of its rows."""
    return {
        name: tuple(part.name for part in _parts(name, parameter, model.config))
        for name, parameter in model.named_parameters()
    }


def _parts(name: str, parameter: Tensor, config: ModelConfig) -> tuple[Part, ...]:
    """Where the rows of the parameter `name` come from."""
    prefix = "" if name.startswith("lm_head.") else "model."
    text, vision = config.text, config.vision
    rows, *rest = parameter.shape
    if name.endswith("self_attn.qkv_proj.weight"):
        heads = {"q_proj": text.num_heads, "k_proj": text.num_kv_heads, "v_proj": text.num_kv_heads}
        pieces = {name.replace("qkv_proj", key): count * text.head_dim for key, count in heads.items()}
    elif name.endswith("mlp.gate_up_proj.weight"):
        pieces = {name.replace("gate_up_proj", key): text.intermediate_size for key in ("gate_proj", "up_proj")}
    else:
        pieces = {name: rows}
    if name == "visual.patch_embed.proj.weight":  # published as a Conv3d kernel: the same numbers
        rest = [vision.in_channels, vision.temporal_patch_size, vision.patch_size, vision.patch_size]
    return tuple(Part(prefix + piece, (count, *rest), count) for piece, count in pieces.items())


def _read(
    model: Qwen3VL, files: _Files, plan: Mapping[str, tuple[Part, ...]], dtype: torch.dtype, done: Callable[[int], None]
) -> None:
    """Fill the parameters in the host's memory, one after the other.

    Packing copies a weight: those to be packed are read into one and the same piece of memory.
    """
    owners = {name: _owner(model, name) for name in plan}
    shapes = {name: getattr(*owner).shape for name, owner in owners.items()}
    packed: dict[str, Linear] = {}
    if can_pack(torch.empty(0, dtype=dtype)):
        packed = {name: one for name, (one, kind) in owners.items() if isinstance(one, Linear) and kind == "weight"}
    shared = torch.empty(max((shapes[name].numel() for name in packed), default=0), dtype=dtype)
    with opened(files.paths) as handles:
        for name, parts in plan.items():
            module, attribute = owners[name]
            shape = shapes[name]
            target = shared[: shape.numel()].view(shape) if name in packed else torch.empty(shape, dtype=dtype)
            for stretch in files.stretches(target, parts):
                read(stretch, handles)
            setattr(module, attribute, _frozen(target))
            if name in packed:
                packed[name].pack()
            done(sum(files.bytes(part.name) for part in parts))


def _upload(
    model: Qwen3VL,
    files: _Files,
    plan: Mapping[str, tuple[Part, ...]],
    device: torch.device,
    dtype: torch.dtype,
    done: Callable[[int], None],
) -> None:
    """Fill the parameters on a device, from several threads."""
    work: list[Stretch] = []
    for name, parts in plan.items():
        module, attribute = _owner(model, name)
        tensor = torch.empty(getattr(module, attribute).shape, dtype=dtype, device=device)
        setattr(module, attribute, _frozen(tensor))
        work += files.stretches(tensor, parts)
    upload(work, device, done=done)


def _owner(model: nn.Module, name: str) -> tuple[nn.Module, str]:
    path, _, attribute = name.rpartition(".")
    return model.get_submodule(path), attribute


def _frozen(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor, requires_grad=False)


def _check_names(files: _Files, plan: Mapping[str, tuple[Part, ...]], config: ModelConfig) -> None:
    """Every tensor is there in its shape, and none is left over."""
    expected = {part.name: part.shape for parts in plan.values() for part in parts}
    if config.tie_word_embeddings and "lm_head.weight" in files:
        # A copy of the embedding that some tools write: checked, not read.
        expected["lm_head.weight"] = (config.text.vocab_size, config.text.hidden_size)
    for name, shape in expected.items():
        if name not in files:
            raise CheckpointError("tensor_missing", name=name)
        files.check(name, shape)
    for name in files:
        if name not in expected:
            raise CheckpointError("tensor_extra", name=name)


class _Files:
    """The tensors of a checkpoint, over one file or many."""

    def __init__(self, folder: Path) -> None:
        self._where: dict[str, tuple[Path, str, tuple[int, ...]]] = {}  # name -> file, dtype, shape
        self._offsets: dict[str, int] = {}  # name -> where its numbers begin in the file
        for path in _weight_files(folder):
            try:
                with safe_open(path, framework="pt") as file:
                    for name in file.keys():  # noqa: SIM118  (not a dict: it has no iterator)
                        if name in self._where:
                            first = self._where[name][0].name
                            raise CheckpointError("tensor_twice", name=name, first=first, second=path.name)
                        view = file.get_slice(name)
                        self._where[name] = path, view.get_dtype(), tuple(view.get_shape())
                self._offsets |= _offsets(path)
            except (SafetensorError, OSError, ValueError) as error:
                raise CheckpointError("checkpoint_config", path=str(path), reason=str(error)) from error

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def check(self, name: str, expected: tuple[int, ...]) -> None:
        path, dtype, shape = self._where[name]
        if dtype not in _FLOATS:
            raise CheckpointError("checkpoint_config", path=str(path), reason=f"{name} has the number type {dtype}")
        if shape != expected:
            raise CheckpointError("tensor_shape", name=name, found=list(shape), expected=list(expected))

    def bytes(self, name: str) -> int:
        _, dtype, shape = self._where[name]
        return _product(shape) * _FLOATS[dtype].itemsize

    @property
    def paths(self) -> set[Path]:
        return {path for path, _, _ in self._where.values()}

    def stretches(self, target: Tensor, parts: tuple[Part, ...]) -> list[Stretch]:
        """What is to be read to fill the rows of `target` with the parts."""
        work: list[Stretch] = []
        for part, rows in zip(parts, target.split([part.rows for part in parts]), strict=True):
            path, dtype, _ = self._where[part.name]
            work += stretches(path, self._offsets[part.name], _FLOATS[dtype], rows)
        return work


def _offsets(path: Path) -> dict[str, int]:
    """Where each tensor's numbers begin. The safetensors library, which checks the header, does not tell."""
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
    return {name: 8 + size + entry["data_offsets"][0] for name, entry in header.items() if name != "__metadata__"}


def _weight_files(folder: Path) -> list[Path]:
    """The one file, or the shards that the index names, which must be plain names inside the folder."""
    index = folder / INDEX_FILE
    if not index.is_file():
        if not (folder / SINGLE_FILE).is_file():
            reason = f"neither {SINGLE_FILE} nor {INDEX_FILE} is here (other formats are not read)"
            raise CheckpointError("checkpoint_config", path=str(folder), reason=reason)
        return [folder / SINGLE_FILE]
    try:
        parsed: Any = json.loads(index.read_text(encoding="utf-8"))
        names = sorted(set(parsed["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError("checkpoint_config", path=str(index), reason=f"not an index: {error!r}") from error
    for name in names:
        if not isinstance(name, str) or not name.endswith(".safetensors") or Path(name).name != name:
            raise CheckpointError("checkpoint_config", path=str(index), reason=f"{name!r} is no safetensors file")
        if not (folder / name).is_file():
            raise CheckpointError("checkpoint_config", path=str(index), reason=f"the shard {name} is missing")
    return [folder / name for name in names]


def _product(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total
