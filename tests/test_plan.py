"""The plan: what "auto" becomes on which machine, and that nothing is left undecided."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from qwen3_vl_webui import plan as plans
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.engine.footprint import Footprint
from qwen3_vl_webui.errors import ConfigError
from qwen3_vl_webui.hardware import GB, Gpu, Hardware, _bfloat16_tiles, parse_gpus, visible
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.plan import is_complete, make_plan, resolve
from shapes import config_json

REAL_CACHED = plans.hub.cached


def gpu(free: float, *, index: int = 0, capability: float = 8.9) -> Gpu:
    return Gpu(
        index=index,
        name="RTX 4090",
        memory_total=24 * GB,
        memory_free=int(free * GB),
        driver="580",
        capability=capability,
    )


def machine(*gpus: Gpu, torch: str | None = "2.13.0", memory: float = 16) -> Hardware:
    return Hardware(gpus=gpus, memory_total=32 * GB, memory_free=int(memory * GB), cores=8, torch=torch)


def checkpoint(folder: Path, *, positions: int = 262_144) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"text_config": {"max_position_embeddings": positions}}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"")
    return folder


@pytest.fixture(autouse=True)
def _demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for edition in plans.EDITIONS:
        checkpoint(tmp_path / "demo" / edition, positions=32_768)
    monkeypatch.setattr(plans.hub, "cached", lambda source, hub: ())  # not this machine's
    monkeypatch.setattr(plans, "demo_folder", lambda edition: tmp_path / "demo" / edition)


@pytest.mark.parametrize(
    ("hardware", "kind", "device", "reason"),
    [
        (machine(), "demo", "cpu", "auto_no_gpu"),
        (machine(gpu(23)), "real", "cuda:0", "auto_4b"),
        (machine(gpu(2), gpu(23, index=1)), "real", "cuda:1", "auto_4b"),
        (machine(gpu(6)), "demo", "cuda:0", "auto_small_gpu"),
        (machine(gpu(23), torch="2.13.0+cpu"), "demo", "cpu", "auto_torch_cpu"),
    ],
)
def test_auto_takes_4b_where_it_fits_and_says_why(
    tmp_path: Path, hardware: Hardware, kind: str, device: str, reason: str
) -> None:
    plan = make_plan(Settings(data=tmp_path), hardware)
    assert (plan.kind, plan.device) == (kind, device)
    assert plan.notes[0].code == reason
    assert [checkpoint.edition for checkpoint in plan.checkpoints] == ["instruct", "thinking"]
    for note in plan.notes:
        assert note.message("en") != note.message("zh")
    if kind == "real":
        assert {checkpoint.source for checkpoint in plan.missing} == {
            "Qwen/Qwen3-VL-4B-Instruct",
            "Qwen/Qwen3-VL-4B-Thinking",
        }
    else:
        assert not plan.missing
        assert "--model 4b" in " ".join(note.message("en") for note in plan.notes)


def test_an_old_card_computes_in_float16() -> None:
    assert make_plan(Settings(model="2b"), machine(gpu(12, capability=7.5))).dtype == "float16"
    assert make_plan(Settings(model="2b"), machine(gpu(12))).dtype == "bfloat16"
    assert make_plan(Settings(model="demo"), machine()).dtype == "float32"


def test_a_named_checkpoint_alone_is_served_alone(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "mine")
    resolved = resolve(Settings(data=tmp_path, instruct=str(folder)), machine())
    assert list(resolved.engines) == ["instruct"]
    assert resolved.names == {"instruct": "mine"}
    assert resolved.kind == "real"
    both = resolve(Settings(data=tmp_path, instruct=str(folder), model="demo"), machine())
    assert list(both.engines) == ["instruct", "thinking"]
    assert both.names["thinking"] == "Qwen3-VL-Demo-Thinking"


def test_what_is_not_downloaded_cannot_be_resolved(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(Settings(data=tmp_path, thinking="Someone/Qwen3-VL-Tuned"), machine())
    assert caught.value.code == "checkpoint_not_downloaded"
    checkpoint(tmp_path / "models" / "Someone--Qwen3-VL-Tuned")
    resolved = resolve(Settings(data=tmp_path, thinking="Someone/Qwen3-VL-Tuned"), machine())
    assert resolved.names == {"thinking": "Qwen3-VL-Tuned"}


@pytest.mark.parametrize(
    "source",
    ["not/a/folder", "nowhere", "/nowhere", "a b/c", "./nowhere", "../nowhere", "a/b--c", "a/b..c", "a/.b", "模型/x"],
)
def test_a_checkpoint_that_is_neither_folder_nor_hub_id_is_refused(source: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_plan(Settings(instruct=source), machine())
    assert caught.value.code == "checkpoint_absent"


def test_a_cpu_needs_room_for_the_packed_output_layer_too() -> None:
    def notes(free: float) -> list[str]:
        return [note.code for note in make_plan(Settings(model="2b", device="cpu"), machine(memory=free)).notes]

    assert "tight" in notes(7.6)  # 4.26 and 0.62 for the weights, 1.88 and 0.54 for the caches, 0.2 for a step
    assert "slow" in notes(7.9)


def test_the_published_sizes_are_those_of_the_network(tmp_path: Path) -> None:
    for size, known in plans.SIZES.items():
        (tmp_path / "config.json").write_text(json.dumps(config_json(size)))
        with torch.device("meta"):
            model = Qwen3VL(ModelConfig.load(tmp_path))
        read = Footprint.read(tmp_path)
        assert known == replace(read, elements=sum(one.numel() for one in model.parameters()))


def test_a_card_that_is_asked_for_is_not_said_to_be_absent() -> None:
    notes = make_plan(Settings(device="cpu"), machine(gpu(23))).notes
    assert notes[0].code == "auto_cpu_asked"


def test_weights_in_hugging_faces_own_cache_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Laid out as `huggingface_hub` does, links to blobs included; an unfinished snapshot is not used."""
    monkeypatch.setattr(plans.hub, "cached", REAL_CACHED)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    repository = tmp_path / "cache" / "models--Qwen--Qwen3-VL-2B-Instruct"
    snapshot = repository / "snapshots" / ("c" * 40)
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("c" * 40)
    blobs = checkpoint(repository / "blobs")
    snapshot.mkdir(parents=True)
    settings = Settings(data=tmp_path / "data", instruct="Qwen/Qwen3-VL-2B-Instruct")
    for path in sorted(blobs.iterdir()):
        assert make_plan(settings, machine()).missing
        (snapshot / path.name).symlink_to(path)
    resolved = resolve(settings, machine())
    assert resolved.folders == {"instruct": snapshot}
    assert resolved.names == {"instruct": "Qwen3-VL-2B-Instruct"}
    assert make_plan(settings.model_copy(update={"hub": "modelscope"}), machine()).missing


@pytest.mark.parametrize(
    "layout",
    [
        "models/Qwen--Qwen3-VL-2.5B/snapshots/master",
        "models/Qwen/Qwen3-VL-2___5B",
        "hub/models/Qwen/Qwen3-VL-2___5B",
        "hub/Qwen/Qwen3-VL-2___5B",
    ],
)
def test_weights_in_modelscopes_own_cache_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    monkeypatch.setattr(plans.hub, "cached", REAL_CACHED)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "none"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "cache"))
    settings = Settings(data=tmp_path / "data", thinking="Qwen/Qwen3-VL-2.5B")
    assert make_plan(settings, machine()).missing
    folder = checkpoint(tmp_path / "cache" / layout)
    assert resolve(settings, machine()).folders == {"thinking": folder}
    assert make_plan(settings.model_copy(update={"hub": "huggingface"}), machine()).missing


def test_settings_reach_the_engine(tmp_path: Path) -> None:
    settings = Settings(model="demo", max_running=3, kv_cache_gb=0.5, vision_cache_mb=7, threads=2, prefix_cache=False)
    engine = resolve(settings, machine()).engines["thinking"]
    assert (engine.max_running, engine.kv_cache_bytes, engine.vision_cache_bytes) == (3, GB // 2, 7 << 20)
    assert (engine.threads, engine.prefix_cache, engine.device) == (2, False, "cpu")


def test_the_demos_tower_is_bfloat16_where_the_processor_has_tiles_for_it(tmp_path: Path) -> None:
    tiles = replace(machine(), bfloat16_tiles=True)
    cases = [
        (Settings(data=tmp_path), tiles, "bfloat16"),
        (Settings(data=tmp_path), machine(), None),
        (Settings(data=tmp_path, dtype="float32"), tiles, None),  # who asks for float32 gets nothing else
        (Settings(data=tmp_path), replace(tiles, gpus=(gpu(6),)), None),
    ]
    for settings, hardware, tower in cases:
        configs = resolve(settings, hardware).engines.values()
        assert {config.tower_dtype for config in configs} == {tower}


def test_tiles_are_read_from_the_processors_flags(tmp_path: Path) -> None:
    listing = tmp_path / "cpuinfo"
    for flags, found in (("fpu avx512_bf16 amx_bf16 amx_tile", True), ("fpu avx512_bf16 amx_tile", False)):
        listing.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\n")
        assert _bfloat16_tiles(listing) is found
    assert not _bfloat16_tiles(tmp_path / "none")


def test_the_context_stays_within_the_checkpoint() -> None:
    assert resolve(Settings(model="demo"), machine()).engines["instruct"].max_context == 32_768
    assert resolve(Settings(model="demo", max_context=512), machine()).engines["instruct"].max_context == 512
    with pytest.raises(ConfigError, match="32768"):
        resolve(Settings(model="demo", max_context=40_000), machine())


@pytest.mark.parametrize(
    ("device", "hardware"),
    [
        ("cuda", machine()),
        ("cuda:1", machine(gpu(23))),
        ("cuda", machine(gpu(23), torch="2.13.0+cpu")),
        ("cuda", machine(torch=None)),
    ],
)
def test_a_device_that_is_not_there_is_refused(device: str, hardware: Hardware) -> None:
    with pytest.raises(ConfigError) as caught:
        make_plan(Settings(model="demo", device=device), hardware)
    assert caught.value.code == "device_absent"


def test_a_checkpoint_is_complete_only_with_every_shard(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "sharded")
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}})
    )
    (folder / "1.safetensors").write_bytes(b"")
    assert not is_complete(folder)
    (folder / "2.safetensors").write_bytes(b"")
    assert is_complete(folder)


def test_the_cards_in_nvidia_smis_answer() -> None:
    answer = (
        "GPU-aa, NVIDIA H200, 143771, 143100, 580.1, 9.0\nGPU-bb, [Unknown Error], x, x, x, x\n"
        "GPU-cc, NVIDIA GeForce RTX 4090, 24564, 23000, 580.1, 8.9\n"
    )
    cards = parse_gpus(answer)
    assert [card.name for _, card in cards] == ["NVIDIA H200", "NVIDIA GeForce RTX 4090"]
    assert [card.name for card in visible(cards, None)] == ["NVIDIA H200", "NVIDIA GeForce RTX 4090"]
    assert [(card.index, card.name) for card in visible(cards, "1")] == [(0, "NVIDIA GeForce RTX 4090")]
    assert [card.name for card in visible(cards, "GPU-cc,0")] == ["NVIDIA GeForce RTX 4090", "NVIDIA H200"]
    assert visible(cards, "") == visible(cards, "-1,0") == ()


def test_flash_attention_is_insisted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option changes what is built, or is refused with the reason before anything is loaded."""
    settings = Settings(data=tmp_path, model="demo", flash_attn=True)
    with pytest.raises(ConfigError, match="needs an NVIDIA GPU"):
        resolve(settings, machine())
    monkeypatch.setattr(plans, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="flash-attn is not installed"):
        resolve(settings, machine(gpu(23)))
    monkeypatch.setattr(plans, "find_spec", lambda name: object())
    (engine, *_) = resolve(settings, machine(gpu(23))).engines.values()
    assert (engine.attention, engine.block_size) == ("flash-attn", 256)


def test_blocks_are_larger_on_a_gpu(tmp_path: Path) -> None:
    for hardware, expected in ((machine(), 16), (machine(gpu(23)), 128)):
        settings = Settings(data=tmp_path, model="demo")
        engines = resolve(settings, hardware).engines.values()
        assert {(engine.attention, engine.block_size) for engine in engines} == {("auto", expected)}
    (engine, *_) = resolve(Settings(data=tmp_path, model="demo", block_size=32), machine(gpu(23))).engines.values()
    assert engine.block_size == 32
