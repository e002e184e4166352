"""The memory plan: how many KV blocks on which card, for one edition and for two, from numbers instead of a GPU."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import msgspec
import pytest

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.footprint import CONTEXT_TOGETHER
from qwen3_vl_webui.engine.memory import blocks_on_cpu, blocks_on_gpu, bytes_per_block
from qwen3_vl_webui.engine.residency import fit_together, leaving_room
from qwen3_vl_webui.model.config import TextConfig

GB = 1_000_000_000
WEIGHTS = 8.88 * GB  # Qwen3-VL-4B in bfloat16
ACTIVATIONS = int(1.8 * GB)  # about what a picture of 16.8 million pixels needs
TEXT = TextConfig(
    vocab_size=151936,
    hidden_size=2560,
    intermediate_size=9728,
    num_layers=36,
    num_heads=32,
    num_kv_heads=8,
    head_dim=128,
    rms_norm_eps=1e-6,
    rope_theta=5e6,
    mrope_section=(24, 20, 20),
    max_positions=262144,
    yarn=None,
)


def checkpoint(folder: Path, *, tied: bool = True) -> Path:
    """A folder whose headers tell of the 4B shape; nobody reads the weights."""
    folder.mkdir()
    text = {
        "vocab_size": TEXT.vocab_size,
        "hidden_size": TEXT.hidden_size,
        "num_hidden_layers": TEXT.num_layers,
        "num_attention_heads": TEXT.num_heads,
        "num_key_value_heads": TEXT.num_kv_heads,
        "head_dim": TEXT.head_dim,
    }
    vision = {"hidden_size": 1024, "spatial_merge_size": 2}
    config = {"text_config": text, "vision_config": vision, "tie_word_embeddings": tied}
    (folder / "config.json").write_text(json.dumps(config))
    header = json.dumps({"all": {"dtype": "BF16", "shape": [int(WEIGHTS / 2)], "data_offsets": [0, 0]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    return folder


def config_of(folder: Path, **options: object) -> EngineConfig:
    defaults = {"checkpoint": str(folder), "device": "cuda:0", "dtype": "bfloat16", "max_context": 65536}
    return EngineConfig(**(defaults | options))  # type: ignore[arg-type]


@pytest.fixture
def pair(tmp_path: Path) -> list[EngineConfig]:
    return [config_of(checkpoint(tmp_path / name)) for name in ("instruct", "thinking")]


def load_in_turn(pair: list[EngineConfig], free: float) -> list[int]:
    """The tokens of KV cache that each edition gets, loaded one after the other on a card with so much free."""
    tokens = []
    for at, config in enumerate(pair):
        free -= WEIGHTS
        told = leaving_room(config, pair[at + 1 :], pair[:at])
        blocks = blocks_on_gpu(told, TEXT, int(free), ACTIVATIONS)
        free -= blocks * bytes_per_block(told, TEXT)
        tokens.append(blocks * told.block_size)
    assert free > ACTIVATIONS + sum(config.vision_cache_bytes for config in pair), "a step would not fit any more"
    return tokens


def test_a_24_gb_card_takes_turns_so_that_each_4b_edition_has_room_for_pictures_and_videos(
    pair: list[EngineConfig],
) -> None:
    """Together they would have some 11,000 tokens each: less than a video of the default budget."""
    free = 24.9 * GB
    assert not fit_together(pair, lambda device: int(free))
    assert 10_000 < min(load_in_turn(pair, free)) < 12_288
    alone = blocks_on_gpu(leaving_room(pair[0], []), TEXT, int(free - WEIGHTS), ACTIVATIONS) * pair[0].block_size
    assert alone >= 65_536
    # Whoever says that short contexts will do has both at once.
    short = [msgspec.structs.replace(config, max_context=8192) for config in pair]
    assert fit_together(short, lambda device: int(free))
    assert min(load_in_turn(short, free)) >= 8192


def test_a_32_gb_card_holds_both_4b_editions_with_equal_caches(pair: list[EngineConfig]) -> None:
    free = 31 * GB
    assert fit_together(pair, lambda device: int(free))
    first, second = load_in_turn(pair, free)
    assert min(first, second) > CONTEXT_TOGETHER
    assert abs(first - second) < 0.1 * first


def test_a_141_gb_card_holds_both_with_long_contexts_for_many(pair: list[EngineConfig]) -> None:
    free = 149 * GB
    assert fit_together(pair, lambda device: int(free))
    first, second = load_in_turn(pair, free)
    assert min(first, second) > 5 * 65536
    assert abs(first - second) < 0.1 * first


def test_a_16_gb_card_holds_one_at_a_time_with_all_that_is_left(pair: list[EngineConfig]) -> None:
    free = 16 * GB
    assert not fit_together(pair, lambda device: int(free))
    alone = leaving_room(pair[0], [])
    assert alone.reserved_bytes == 0
    tokens = blocks_on_gpu(alone, TEXT, int(free - WEIGHTS), ACTIVATIONS) * alone.block_size
    assert 16_384 < tokens < 65_536


def test_a_cache_is_never_larger_than_its_users_can_fill(pair: list[EngineConfig]) -> None:
    few = msgspec.structs.replace(pair[0], max_running=2, max_context=1000)
    assert blocks_on_gpu(few, TEXT, 200 * GB, 0) == 2 * 63
    assert blocks_on_cpu(few, TEXT, 200 * GB) == 2 * 63


def test_no_cache_worth_having_is_out_of_memory(pair: list[EngineConfig]) -> None:
    with pytest.raises(MemoryError, match=r"3\.0 GB are free"):
        blocks_on_gpu(pair[0], TEXT, 3 * GB, ACTIVATIONS)


def test_editions_on_two_cards_do_not_count_against_each_other(pair: list[EngineConfig]) -> None:
    apart = [pair[0], msgspec.structs.replace(pair[1], device="cuda:1")]
    assert fit_together(apart, lambda device: 16 * GB)
    told = leaving_room(apart[0], apart[1:])
    assert (told.reserved_bytes, told.kv_share) == (0, 1.0)


def test_a_cache_of_a_given_size_is_left_room_for(pair: list[EngineConfig]) -> None:
    decided = msgspec.structs.replace(pair[1], kv_cache_bytes=GB)
    told = leaving_room(pair[0], [decided])
    assert told.kv_share == 1.0
    assert told.reserved_bytes == leaving_room(pair[0], pair[1:]).reserved_bytes + GB


@pytest.mark.parametrize("memory", [14.0, 18.0, 24.0, 64.0])
def test_a_cpus_memory_is_never_promised_twice(pair: list[EngineConfig], memory: float) -> None:
    """Pages of a KV cache are taken as they are used: the second edition sees the first one's as free."""
    configs = [msgspec.structs.replace(config, device="cpu", vision_cache_bytes=GB // 2) for config in pair]
    resident = WEIGHTS + TEXT.vocab_size * TEXT.hidden_size * 2
    together = fit_together(configs, lambda device: int(memory * GB))
    assert together == (memory > 30)
    free, promised, tokens = memory * GB, 0.0, []
    for at in range(2 if together else 1):
        free -= resident
        told = leaving_room(configs[at], configs[at + 1 :] if together else [], configs[:at])
        blocks = blocks_on_cpu(told, TEXT, int(free))
        promised += blocks * bytes_per_block(told, TEXT) + told.vision_cache_bytes
        tokens.append(blocks * told.block_size)
    assert promised < free
    assert min(tokens) >= (CONTEXT_TOGETHER if together else 8192)
    assert max(tokens) == min(tokens)


def test_a_cpu_without_memory_for_a_cache_says_so(pair: list[EngineConfig]) -> None:
    config = msgspec.structs.replace(pair[0], device="cpu")
    with pytest.raises(MemoryError, match=r"0\.6 GB are free"):
        blocks_on_cpu(config, TEXT, int(0.6 * GB))


def test_a_packed_output_layer_counts_twice_on_a_cpu(tmp_path: Path) -> None:
    """It is tied to the embedding, but oneDNN wants it in a layout of its own."""
    reserved = {}
    for tied in (True, False):
        config = config_of(checkpoint(tmp_path / str(tied), tied=tied), device="cpu")
        reserved[tied] = leaving_room(config, [config]).reserved_bytes
    assert reserved[True] - reserved[False] == TEXT.vocab_size * TEXT.hidden_size * 2
