"""Write tiny Qwen3-VL checkpoint folders in the published format, with random weights: what most tests run on.

The tokenizer is byte-level without merges (every byte is a token), the templates follow the published conversation
format: turns in `<|im_start|>role ... <|im_end|>`, Hermes-style tools, and for Thinking a generation prompt that ends
in `<think>`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models
from tokenizers.pre_tokenizers import ByteLevel

from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import initialize, save_weights

SPECIAL_TOKENS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
ADDED_TOKENS = [
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
]
VOCAB_SIZE = 288  # a few rows more than the tokenizer has, like the published checkpoints

_TEMPLATE = """\
{%- macro content_of(message) -%}
  {%- if message.content is string -%}{{ message.content }}
  {%- elif message.content -%}
    {%- for part in message.content -%}
      {%- if part.type == 'image' or 'image' in part -%}
        {%- set counts.images = counts.images + 1 -%}
        {%- if add_vision_id -%}Picture {{ counts.images }}: {% endif -%}
        <|vision_start|><|image_pad|><|vision_end|>
      {%- elif part.type == 'video' or 'video' in part -%}
        {%- set counts.videos = counts.videos + 1 -%}
        {%- if add_vision_id -%}Video {{ counts.videos }}: {% endif -%}
        <|vision_start|><|video_pad|><|vision_end|>
      {%- else -%}{{ part.text }}{%- endif -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro -%}
{%- set counts = namespace(images=0, videos=0) -%}
{%- set last = namespace(query=-1) -%}
{%- for message in messages -%}
  {%- if message.role == 'user' -%}{%- set last.query = loop.index0 -%}{%- endif -%}
{%- endfor -%}
{%- if tools -%}
<|im_start|>system
{% if messages[0].role == 'system' -%}{{ content_of(messages[0]) }}

{% endif -%}
# Tools

<tools>
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
</tools>

Answer with <tool_call>
{"name": ..., "arguments": ...}
</tool_call> to call one.<|im_end|>
{% endif -%}
{%- for message in messages -%}
  {%- if message.role == 'system' -%}
    {%- if not (tools and loop.first) -%}
<|im_start|>system
{{ content_of(message) }}<|im_end|>
{% endif -%}
  {%- elif message.role == 'assistant' -%}
<|im_start|>assistant
{% if message.reasoning_content and KEEP_REASONING and loop.index0 > last.query -%}
<think>
{{ message.reasoning_content }}
</think>

{% endif -%}
{{ content_of(message) }}
    {%- for call in message.tool_calls or [] -%}
      {%- set function = call.function or call %}
<tool_call>
{"name": "{{ function.name }}", "arguments": {{ function.arguments | tojson }}}
</tool_call>
    {%- endfor -%}
<|im_end|>
{% elif message.role == 'tool' -%}
    {%- if loop.first or messages[loop.index0 - 1].role != 'tool' -%}<|im_start|>user{%- endif %}
<tool_response>
{{ content_of(message) }}
</tool_response>
    {%- if loop.last or messages[loop.index0 + 1].role != 'tool' -%}<|im_end|>
{% endif -%}
  {%- else -%}
<|im_start|>{{ message.role }}
{{ content_of(message) }}<|im_end|>
{% endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant{{ "\\n" }}THINK{%- endif -%}
"""

Edition = Literal["instruct", "thinking"]


def chat_template(edition: Edition) -> str:
    thinking = edition == "thinking"
    template = _TEMPLATE.replace("KEEP_REASONING", "true" if thinking else "false")
    return template.replace("THINK", '{{ "<think>\\n" }}' if thinking else "")


def tokenizer() -> Tokenizer:
    """Byte-level BPE without merges: token i < 256 is a byte."""
    byte_tokens = {char: index for index, char in enumerate(sorted(ByteLevel.alphabet()))}
    built = Tokenizer(models.BPE(vocab=byte_tokens, merges=[]))
    built.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    built.decoder = decoders.ByteLevel()
    built.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL_TOKENS])
    built.add_tokens(ADDED_TOKENS)
    return built


def config_json(*, tied: bool = True, yarn: bool = False, **text_overrides: Any) -> dict[str, Any]:
    """`config.json` of the tiny model as published checkpoints write it (transformers 4 keys)."""
    token = tokenizer().token_to_id
    rope: dict[str, Any] = {"rope_type": "default", "mrope_interleaved": True, "mrope_section": [6, 5, 5]}
    if yarn:
        rope |= {"rope_type": "yarn", "factor": 3.0, "original_max_position_embeddings": 64}
    text = {
        "model_type": "qwen3_vl_text",
        "vocab_size": VOCAB_SIZE,
        "hidden_size": 64,
        "intermediate_size": 160,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "hidden_act": "silu",
        "attention_bias": False,
        "rms_norm_eps": 1e-6,
        "rope_theta": 5_000_000,
        "rope_scaling": rope,
        "max_position_embeddings": 262144,
        "eos_token_id": token("<|im_end|>"),
        "tie_word_embeddings": tied,
        "dtype": "bfloat16",
    } | text_overrides
    vision = {
        "model_type": "qwen3_vl",
        "depth": 4,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 2,
        "hidden_act": "gelu_pytorch_tanh",
        "in_channels": 3,
        "patch_size": 16,
        "temporal_patch_size": 2,
        "spatial_merge_size": 2,
        "num_position_embeddings": 144,
        "out_hidden_size": 64,
        "deepstack_visual_indexes": [0, 1, 2],
    }
    return {
        "architectures": ["Qwen3VLForConditionalGeneration"],
        "model_type": "qwen3_vl",
        "dtype": "bfloat16",
        "tie_word_embeddings": tied,
        "image_token_id": token("<|image_pad|>"),
        "video_token_id": token("<|video_pad|>"),
        "vision_start_token_id": token("<|vision_start|>"),
        "vision_end_token_id": token("<|vision_end|>"),
        "text_config": text,
        "vision_config": vision,
    }


def write_checkpoint(
    folder: Path,
    *,
    edition: Edition = "instruct",
    seed: int = 0,
    config: dict[str, Any] | None = None,
    weights: bool = True,
) -> Path:
    """Write a whole checkpoint folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    built = tokenizer()
    built.save(str(folder / "tokenizer.json"))
    config = config or config_json()
    ends = [built.token_to_id("<|im_end|>"), built.token_to_id("<|endoftext|>")]
    media = {
        "patch_size": 16,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "processor_class": "Qwen3VLProcessor",
    }
    files: dict[str, dict[str, Any]] = {
        "config.json": config,
        "generation_config.json": {
            "eos_token_id": ends,
            "pad_token_id": ends[1],
            "do_sample": True,
            "temperature": 0.7,
            "top_p": 0.8,
            "top_k": 20,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "Qwen2TokenizerFast",
            "model_max_length": 262144,
            "eos_token": "<|im_end|>",
            "pad_token": "<|endoftext|>",
            "bos_token": None,
            "unk_token": None,
            "add_prefix_space": False,
            "chat_template": chat_template(edition),
        },
        "preprocessor_config.json": media
        | {
            "size": {"shortest_edge": 65536, "longest_edge": 16777216},
            "image_processor_type": "Qwen2VLImageProcessorFast",
        },
        "video_preprocessor_config.json": media
        | {"size": {"shortest_edge": 4096, "longest_edge": 25165824}, "video_processor_type": "Qwen3VLVideoProcessor"},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")
    if weights:
        save_weights(random_network(folder, seed=seed), folder)
    return folder


def random_network(folder: Path, *, seed: int) -> Qwen3VL:
    """The checkpoint's network with weights wide enough that every part of it moves the logits; float32, trainable."""
    model = Qwen3VL(ModelConfig.load(folder))
    generator = torch.Generator().manual_seed(seed)
    initialize(model, generator, std=0.08)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:  # norms and biases that matter too
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model
