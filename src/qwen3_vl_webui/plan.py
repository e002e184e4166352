"""From what the user said to what will run: which checkpoints, on which device, in which number format, and why.

`make_plan` decides without touching the network; a checkpoint of the plan may still have to be downloaded
(`Checkpoint.present`). `resolve` is the plan with everything present, as `EngineConfig`s. No "auto" survives here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from qwen3_vl_webui import hub
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.footprint import Footprint, bytes_together
from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.errors import ConfigError, Language, words
from qwen3_vl_webui.hardware import GB, Hardware, probe
from qwen3_vl_webui.texts import PLAN

EDITIONS: tuple[Edition, ...] = ("instruct", "thinking")
SIZES: Mapping[str, Footprint] = {
    "2b": Footprint(
        elements=2_127_532_032,
        tied_elements=151_936 * 2048,
        kv_numbers=57_344,
        hidden_size=2048,
        vision_hidden_size=1024,
    ),
    "4b": Footprint(
        elements=4_437_815_808,
        tied_elements=151_936 * 2560,
        kv_numbers=73_728,
        hidden_size=2560,
        vision_hidden_size=1024,
    ),
    "8b": Footprint(
        elements=8_767_123_696, tied_elements=0, kv_numbers=73_728, hidden_size=4096, vision_hidden_size=1152
    ),
    "32b": Footprint(
        elements=33_357_390_064, tied_elements=0, kv_numbers=131_072, hidden_size=5120, vision_hidden_size=1152
    ),
}
PUBLISHED_CONTEXT = 262_144  # of all sizes
CUDA_BYTES = GB // 2  # CUDA's own part of a card, which is not gone yet when we look
CONTEXT = {"cpu": 40_960, "cuda": 65_536}  # longest context when the user names none
PROMPT_STEP = 4  # times as many tokens may a step take on a GPU while no answer is being written
BLOCK_SIZE = {"cpu": 16, "cuda": 128, "flash-attn": 256}  # tokens; larger ones cost memory and give speed
HUB_ID = re.compile(r"(?!.*(--|\.\.))[^\W_][\w.-]*/[^\W_][\w.-]*", re.ASCII)  # as the hubs have them
DType = Literal["bfloat16", "float16", "float32"]


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something the user should know about the plan; its sentence is in `texts.PLAN`."""

    code: str
    details: Mapping[str, object] = field(default_factory=dict)

    def message(self, language: Language = "en") -> str:
        english, chinese = PLAN[self.code]
        return (chinese if language == "zh" else english).format(**self.details)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """One edition's weights: `source` as the user or the size names it, `folder` where they are or will be."""

    edition: Edition
    source: str  # folder or hub id
    folder: Path
    name: str  # what the API calls it

    @property
    def is_hub_id(self) -> bool:
        return self.source != str(self.folder)

    @property
    def present(self) -> bool:
        return is_complete(self.folder)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`kind` is demo or real; `notes` give the reasons, the most important first."""

    kind: Literal["demo", "real"]
    checkpoints: tuple[Checkpoint, ...]
    device: str
    device_name: str
    dtype: DType
    tower_dtype: Literal["bfloat16"] | None  # of the vision tower, if another
    notes: tuple[Note, ...]

    @property
    def missing(self) -> tuple[Checkpoint, ...]:
        """Those that have to be downloaded first."""
        return tuple(checkpoint for checkpoint in self.checkpoints if not checkpoint.present)


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What the server is built from."""

    plan: Plan
    engines: Mapping[Edition, EngineConfig]
    names: Mapping[Edition, str]  # full model names, beside `instruct` and `thinking`
    folders: Mapping[Edition, Path]

    @property
    def kind(self) -> Literal["demo", "real"]:
        return self.plan.kind


def hub_id(size: str, edition: Edition) -> str:
    """The published checkpoint of a size, the same on Hugging Face and ModelScope."""
    return f"Qwen/Qwen3-VL-{size.upper()}-{edition.capitalize()}"


def demo_folder(edition: Edition) -> Path:
    """Where the bundled checkpoint lies inside the package."""
    return Path(str(files("qwen3_vl_webui"))) / "demo" / edition


def model_folder(settings: Settings, source: str) -> Path:
    """Where a hub id is downloaded to."""
    return settings.data / "models" / source.replace("/", "--")


def is_complete(folder: Path) -> bool:
    """Whether a folder holds a whole checkpoint: configuration, tokenizer, and every shard that its index names."""
    if not (folder / "config.json").is_file() or not (folder / "tokenizer.json").is_file():
        return False
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return (folder / "model.safetensors").is_file()
    try:
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError):
        return False
    return all((folder / shard).is_file() for shard in shards)


def make_plan(settings: Settings, hardware: Hardware | None = None) -> Plan:
    """Decide what runs. Raises `ConfigError` for a device, folder or demo that is not there."""
    hardware = probe() if hardware is None else hardware
    device, device_name, free, bfloat16 = _device(settings, hardware)
    if settings.flash_attn:
        _insist_on_flash_attn(device)
    notes: list[Note] = []
    named: dict[Edition, str] = {}
    if settings.instruct:
        named["instruct"] = settings.instruct
    if settings.thinking:
        named["thinking"] = settings.thinking
    size = settings.model
    if size == "auto" and not named:
        size, note = _auto_size(settings, device, free, hardware, bfloat16=bfloat16)
        notes.append(note)
    checkpoints = tuple(
        _checkpoint(settings, edition, named.get(edition), size)
        for edition in EDITIONS
        if edition in named or size != "auto"
    )
    demo = all(checkpoint.folder == demo_folder(checkpoint.edition) for checkpoint in checkpoints)
    if demo:
        notes.append(Note(code="demo"))
    for checkpoint in checkpoints:
        if not checkpoint.present:
            notes.append(Note(code="download", details={"source": checkpoint.source, "folder": checkpoint.folder}))
    dtype = _dtype(settings, device, bfloat16=bfloat16, demo=demo)
    if size in SIZES:
        need = needed_bytes(settings, size, device, dtype)
        if need > free:
            notes.append(Note(code="tight", details={"need": need / GB, "free": free / GB, "device": device_name}))
        elif device == "cpu":
            notes.append(Note(code="slow", details={"size": size.upper()}))
    return Plan(
        kind="demo" if demo else "real",
        checkpoints=checkpoints,
        device=device,
        device_name=device_name,
        dtype=dtype,
        tower_dtype=_tower_dtype(settings, device, dtype, hardware),
        notes=tuple(notes),
    )


def resolve(settings: Settings, hardware: Hardware | None = None) -> Resolved:
    """The plan as engine configurations. Raises `ConfigError` when weights still have to be downloaded."""
    plan = make_plan(settings, hardware)
    for checkpoint in plan.missing:
        raise ConfigError("checkpoint_not_downloaded", field=checkpoint.edition, source=checkpoint.source)
    engines = {
        checkpoint.edition: _engine_config(
            settings,
            checkpoint=str(checkpoint.folder),
            device=plan.device,
            dtype=plan.dtype,
            tower_dtype=plan.tower_dtype,
            max_context=_context(settings, checkpoint.folder, plan.device),
        )
        for checkpoint in plan.checkpoints
    }
    return Resolved(
        plan=plan,
        engines=engines,
        names={checkpoint.edition: checkpoint.name for checkpoint in plan.checkpoints},
        folders={checkpoint.edition: checkpoint.folder for checkpoint in plan.checkpoints},
    )


def needed_bytes(settings: Settings, size: str, device: str, dtype: DType, *, editions: int = 1) -> int:
    """Free memory that so many editions of a published size want in order to be there together."""
    context = min(settings.max_context or CONTEXT[device.partition(":")[0]], PUBLISHED_CONTEXT)
    config = _engine_config(settings, checkpoint="", device=device, dtype=dtype, max_context=context)
    return bytes_together([(config, SIZES[size])] * editions) + (0 if device == "cpu" else CUDA_BYTES)


def where(settings: Settings, hardware: Hardware) -> tuple[str, str, int, DType]:
    """Where a published size would run: the device, its name for people, its free bytes, the number format."""
    device, name, free, bfloat16 = _device(settings, hardware)
    return device, name, free, _dtype(settings, device, bfloat16=bfloat16, demo=False)


def published(settings: Settings, size: str, edition: Edition) -> Checkpoint:
    """The published checkpoint of a size, on this machine or still to be downloaded."""
    return _checkpoint(settings, edition, None, size)


def _engine_config(
    settings: Settings,
    *,
    checkpoint: str,
    device: str,
    dtype: DType,
    max_context: int,
    tower_dtype: Literal["bfloat16"] | None = None,
) -> EngineConfig:
    return EngineConfig(
        checkpoint=checkpoint,
        device=device,
        dtype=dtype,
        tower_dtype=tower_dtype,
        max_context=max_context,
        max_running=settings.max_running,
        max_waiting=settings.max_waiting,
        max_batch_tokens=settings.max_batch_tokens,
        max_prompt_tokens=None if device == "cpu" else PROMPT_STEP * settings.max_batch_tokens,
        block_size=settings.block_size or BLOCK_SIZE["flash-attn" if settings.flash_attn else device.partition(":")[0]],
        attention="flash-attn" if settings.flash_attn else "auto",
        kv_cache_bytes=None if settings.kv_cache_gb is None else int(settings.kv_cache_gb * GB),
        prefix_cache=settings.prefix_cache,
        vision_cache_bytes=settings.vision_cache_mb << 20,
        threads=settings.threads,
    )


def _insist_on_flash_attn(device: str) -> None:
    """Refuse at once what can be known without loading PyTorch; the engine checks the rest."""
    reason = None
    if device == "cpu":
        reason = words("attention_no_gpu")
    elif find_spec("flash_attn") is None:
        reason = words("not_installed", package="flash-attn")
    if reason is not None:
        raise ConfigError("attention_unusable", field="flash_attn", backend="flash-attn", reason=reason)


def _device(settings: Settings, hardware: Hardware) -> tuple[str, str, int, bool]:
    """Device, its name for people, its free bytes, whether it computes in bfloat16."""
    cpu = ("cpu", f"CPU ({hardware.cores} cores)", hardware.memory_free, True)
    if settings.device == "cpu":
        return cpu
    gpu = hardware.best_gpu
    if settings.device != "auto":
        if not hardware.torch_has_cuda:
            absent = hardware.torch is None
            reason = words("torch_absent") if absent else words("torch_cpu", version=hardware.torch)
            raise ConfigError("device_absent", field="device", device=settings.device, reason=reason)
        if ":" in settings.device:
            index = int(settings.device.partition(":")[2])
            gpu = next((card for card in hardware.gpus if card.index == index), None)
        if gpu is None:
            cards = ", ".join(f"cuda:{card.index} {card.name}" for card in hardware.gpus)
            reason = words("found", cards=cards) if cards else words("found_none")
            raise ConfigError("device_absent", field="device", device=settings.device, reason=reason)
    if gpu is None:
        return cpu
    return f"cuda:{gpu.index}", gpu.name, gpu.memory_free, gpu.has_bfloat16


def _auto_size(
    settings: Settings, device: str, free: int, hardware: Hardware, *, bfloat16: bool
) -> tuple[Literal["demo", "4b"], Note]:
    if device == "cpu":
        if hardware.gpus and not hardware.torch_has_cuda:
            return "demo", Note(code="auto_torch_cpu", details={"gpu": hardware.gpus[0].name, "torch": hardware.torch})
        return "demo", Note(code="auto_cpu_asked" if settings.device == "cpu" else "auto_no_gpu")
    need = needed_bytes(settings, "4b", device, _dtype(settings, device, bfloat16=bfloat16, demo=False))
    facts: dict[str, object] = {"need": need / GB, "free": free / GB}
    if free < need:
        return "demo", Note(code="auto_small_gpu", details=facts)
    return "4b", Note(code="auto_4b", details=facts)


def _checkpoint(settings: Settings, edition: Edition, named: str | None, size: str) -> Checkpoint:
    if named is None and size == "demo":
        folder = demo_folder(edition)
        if not is_complete(folder):
            raise ConfigError("demo_absent", field="model")
        return Checkpoint(
            edition=edition, source=str(folder), folder=folder, name=f"Qwen3-VL-Demo-{edition.capitalize()}"
        )
    source = named or hub_id(size, edition)
    folder = Path(source).expanduser()
    if folder.is_dir():
        folder = folder.absolute()
        if not is_complete(folder):
            raise ConfigError("checkpoint_absent", field=edition, source=source)
        return Checkpoint(edition=edition, source=str(folder), folder=folder, name=folder.name)
    if not HUB_ID.fullmatch(source):
        raise ConfigError("checkpoint_absent", field=edition, source=source)
    folder = model_folder(settings, source)
    if not is_complete(folder):  # another program may have downloaded it already
        folder = next((there for there in hub.cached(source, settings.hub) if is_complete(there)), folder)
    return Checkpoint(edition=edition, source=source, folder=folder, name=source.rpartition("/")[2])


def _dtype(settings: Settings, device: str, *, bfloat16: bool, demo: bool) -> DType:
    if settings.dtype != "auto":
        return settings.dtype
    if device == "cpu":  # a small model is quickest in float32, a large one is bound by its bytes
        return "float32" if demo else "bfloat16"
    return "bfloat16" if bfloat16 else "float16"


def _tower_dtype(settings: Settings, device: str, dtype: DType, hardware: Hardware) -> Literal["bfloat16"] | None:
    """A picture is many rows at once, which pass twice as fast through tiles; a single token gains nothing by them."""
    undecided = settings.dtype == "auto" and device == "cpu" and dtype == "float32"
    return "bfloat16" if undecided and hardware.bfloat16_tiles else None


def _context(settings: Settings, folder: Path, device: str) -> int:
    """The context asked for, within what the checkpoint's positions reach."""
    try:
        text = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        limit = int(text.get("text_config", text)["max_position_embeddings"])
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ConfigError("checkpoint_absent", field="model", source=folder) from error
    if settings.max_context is None:
        return min(limit, CONTEXT[device.partition(":")[0]])
    if settings.max_context > limit:
        raise ConfigError(
            "value_out_of_range", field="max_context", minimum=256, maximum=limit, value=settings.max_context
        )
    return settings.max_context
