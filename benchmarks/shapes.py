"""The published sizes of Qwen3-VL as `config.json` objects, for benchmarks with random weights and for shape tests."""

from __future__ import annotations

from typing import Any, Literal

Size = Literal["tiny", "2b", "4b", "8b", "32b"]

# hidden, layers, heads, KV heads, head width, MLP, tied embeddings, vocabulary
_TEXT: dict[Size, tuple[int, int, int, int, int, int, bool, int]] = {
    "tiny": (64, 4, 4, 2, 32, 160, True, 512),
    "2b": (2048, 28, 16, 8, 128, 6144, True, 151936),
    "4b": (2560, 36, 32, 8, 128, 9728, True, 151936),
    "8b": (4096, 36, 32, 8, 128, 12288, False, 151936),
    "32b": (5120, 64, 64, 8, 128, 25600, False, 151936),
}
# depth, hidden, MLP, heads, DeepStack layers
_SMALL_TOWER = (24, 1024, 4096, 16, [5, 11, 17])
_LARGE_TOWER = (27, 1152, 4304, 16, [8, 16, 24])
_VISION: dict[Size, tuple[int, int, int, int, list[int]]] = {
    "tiny": (4, 32, 64, 2, [0, 1, 2]),
    "2b": _SMALL_TOWER,
    "4b": _SMALL_TOWER,
    "8b": _LARGE_TOWER,
    "32b": _LARGE_TOWER,
}
SIZES: tuple[Size, ...] = tuple(_TEXT)


def config_json(size: Size) -> dict[str, Any]:
    """A `config.json`; special token ids are the published ones, or the last of a tiny vocabulary."""
    hidden, layers, heads, kv_heads, head_dim, mlp, tied, vocab = _TEXT[size]
    depth, vision_hidden, vision_mlp, vision_heads, deepstack = _VISION[size]
    token = {"vision_start": 151652, "vision_end": 151653, "image": 151655, "video": 151656, "end": 151645}
    if size == "tiny":
        token = {name: vocab - 1 - place for place, name in enumerate(token)}
    section = [head_dim // 2 - 2 * (head_dim * 5 // 32), head_dim * 5 // 32, head_dim * 5 // 32]
    return {
        "architectures": ["Qwen3VLForConditionalGeneration"],
        "model_type": "qwen3_vl",
        "tie_word_embeddings": tied,
        "image_token_id": token["image"],
        "video_token_id": token["video"],
        "vision_start_token_id": token["vision_start"],
        "vision_end_token_id": token["vision_end"],
        "text_config": {
            "model_type": "qwen3_vl_text",
            "vocab_size": vocab,
            "hidden_size": hidden,
            "intermediate_size": mlp,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": kv_heads,
            "head_dim": head_dim,
            "hidden_act": "silu",
            "attention_bias": False,
            "rms_norm_eps": 1e-6,
            "rope_theta": 5_000_000,
            "rope_scaling": {"rope_type": "default", "mrope_interleaved": True, "mrope_section": section},
            "max_position_embeddings": 262144,
            "eos_token_id": token["end"],
            "tie_word_embeddings": tied,
        },
        "vision_config": {
            "model_type": "qwen3_vl",
            "depth": depth,
            "hidden_size": vision_hidden,
            "intermediate_size": vision_mlp,
            "num_heads": vision_heads,
            "hidden_act": "gelu_pytorch_tanh",
            "in_channels": 3,
            "patch_size": 16,
            "temporal_patch_size": 2,
            "spatial_merge_size": 2,
            "num_position_embeddings": 2304,
            "out_hidden_size": hidden,
            "deepstack_visual_indexes": deepstack,
        },
    }
