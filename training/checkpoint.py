"""The files of the two checkpoints beside their weights: configuration, tokenizer, chat template, preprocessing, generation settings.

`python -m training.checkpoint FOLDER` builds the tokenizer from generated text and writes FOLDER/instruct and FOLDER/thinking without weights.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from random import Random
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from training import served

SPECIAL = """<|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|> <|quad_start|> <|quad_end|>
<|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|>""".split()
ADDED = """<tool_call> </tool_call> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|repo_name|> <|file_sep|> <tool_response> </tool_response>
<think> </think>""".split()
VOCABULARY = 2560
# Pieces of the JSON answers first, so that a box costs few tokens; then single Han characters and digits, words, the rest.
_SPLIT = r"""\{"bbox_2d": \[|\{"point_2d": \[|\], "label": "|"\},?\n|\n\]\n```|```json\n\[|</?[a-z0-9]+>|, (?=\p{N})|\p{Han}|\p{N}| ?[a-zA-Z]+| ?[^\s\p{L}\p{N}]+|\s+|\p{L}"""
EDITIONS = ("instruct", "thinking")


def build_tokenizer(texts: list[str]) -> Tokenizer:
    """Byte-level BPE trained on the texts, with the published special tokens after the base vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFKC()  # full-width punctuation becomes ASCII, as in the training texts
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    base = VOCABULARY - len(SPECIAL) - len(ADDED)
    trainer = trainers.BpeTrainer(
        vocab_size=base, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False, min_frequency=2
    )
    tokenizer.train_from_iterator(texts, trainer)
    assert tokenizer.get_vocab_size() == base, "too little text for the vocabulary"
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in ADDED])
    return tokenizer


def corpus(count: int, seed: int) -> list[str]:
    """Generated questions, answers and chains, and every character once more."""
    from training.mixture import draw
    from training.words import all_characters

    texts: list[str] = []
    for index in range(count):
        sample = draw(Random(f"tokenizer-{seed}-{index}"), False, ("middle", "middle", "video")[index % 3])
        texts += [
            text
            for turns in sample.conversations
            for turn in turns
            for text in (turn.question, turn.answer, turn.thinking)
        ]
        texts += [sample.system, *(json.dumps(tool, ensure_ascii=False) for tool in sample.tools)]
    return [*texts, *(list(all_characters()) * 20), "<0.2 seconds>" * 50, "Picture 1: Picture 2: " * 50]


def template(edition: str) -> str:
    """A chat template of our own that renders as the published ones do."""
    thinking = edition == "thinking"
    reasoning = (
        """{%- set thought = message.reasoning_content if message.reasoning_content is string else '' %}
{%- if not thought and '</think>' in text %}
{%- set thought = text.split('</think>')[0].split('<think>')[-1] %}
{%- set text = text.split('</think>')[-1] %}
{%- endif %}
{%- set text = text.lstrip('\\n') if thought else text %}
{%- if loop.index0 > state.last_query and (loop.last or thought) %}
{{- '<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' }}
{%- endif %}
"""
        if thinking
        else ""
    )
    text = """{#- Renders as the published Qwen3-VL templates: Hermes-style tools, vision placeholders, merged tool responses. -#}
{%- set state = namespace(pictures=0, videos=0, last_query=-1) %}
{%- macro body(content) %}
{%- if content is string %}{{- content }}
{%- elif content %}
{%- for part in content %}
{%- if part.type == 'image' or 'image' in part or 'image_url' in part %}
{%- set state.pictures = state.pictures + 1 %}
{%- if add_vision_id %}{{- 'Picture ' ~ state.pictures ~ ': ' }}{%- endif %}
{{- '<|vision_start|><|image_pad|><|vision_end|>' }}
{%- elif part.type == 'video' or 'video' in part %}
{%- set state.videos = state.videos + 1 %}
{%- if add_vision_id %}{{- 'Video ' ~ state.videos ~ ': ' }}{%- endif %}
{{- '<|vision_start|><|video_pad|><|vision_end|>' }}
{%- elif 'text' in part %}{{- part.text }}
{%- endif %}
{%- endfor %}
{%- endif %}
{%- endmacro %}
{%- set has_system = messages and messages[0].role == 'system' %}
{%- if tools %}
{{- '<|im_start|>system\\n' }}
{%- if has_system %}{{- body(messages[0].content) + '\\n\\n' }}{%- endif %}
{{- '# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\nYou are provided with function signatures within <tools></tools> XML tags:\\n<tools>' }}
{%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}
{{- '\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\\n<tool_call>\\n{"name": <function-name>, "arguments": <args-json-object>}\\n</tool_call><|im_end|>\\n' }}
{%- elif has_system %}
{{- '<|im_start|>system\\n' + body(messages[0].content) + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'user' %}{%- set state.last_query = loop.index0 %}{%- endif %}
{%- endfor %}
{%- for message in messages %}
{%- if message.role == 'system' and loop.first %}
{%- elif message.role == 'user' or message.role == 'system' %}
{{- '<|im_start|>' + message.role + '\\n' + body(message.content) + '<|im_end|>\\n' }}
{%- elif message.role == 'assistant' %}
{%- set text = body(message.content) %}
{{- '<|im_start|>assistant\\n' }}
REASONING{{- text }}
{%- for call in message.tool_calls or [] %}
{%- set call = call.function or call %}
{{- ('\\n' if text or not loop.first else '') + '<tool_call>\\n{"name": "' + call.name + '", "arguments": ' }}
{{- call.arguments if call.arguments is string else call.arguments | tojson }}
{{- '}\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- elif message.role == 'tool' %}
{%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}{{- '<|im_start|>user' }}{%- endif %}
{{- '\\n<tool_response>\\n' + body(message.content) + '\\n</tool_response>' }}
{%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{- '<|im_end|>\\n' }}{%- endif %}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- 'GENERATION' }}{%- endif %}
"""
    return text.replace("REASONING", reasoning).replace(
        "GENERATION", "<|im_start|>assistant\\n" + ("<think>\\n" if thinking else "")
    )


def config(token_id: dict[str, int]) -> dict[str, Any]:
    """Sizes: about 9.6 million parameters, half of them in the vision tower."""
    text = {
        "model_type": "qwen3_vl_text",
        "vocab_size": VOCABULARY,
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 7,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6,
        "hidden_act": "silu",
        "attention_bias": False,
        "rope_theta": 10000,
        "tie_word_embeddings": True,
        "dtype": "bfloat16",
        "eos_token_id": token_id["<|im_end|>"],
        "rope_scaling": {"rope_type": "default", "mrope_interleaved": True, "mrope_section": [12, 10, 10]},
    }
    vision = {
        "model_type": "qwen3_vl",
        "depth": 6,
        "hidden_size": 192,
        "intermediate_size": 512,
        "num_heads": 3,
        "hidden_act": "gelu_pytorch_tanh",
        "in_channels": 3,
        "patch_size": 16,
        "temporal_patch_size": 2,
        "spatial_merge_size": 2,
        "num_position_embeddings": 576,
        "out_hidden_size": 256,
        "deepstack_visual_indexes": [1, 3],
    }
    return {
        "architectures": ["Qwen3VLForConditionalGeneration"],
        "model_type": "qwen3_vl",
        "dtype": "bfloat16",
        "tie_word_embeddings": True,
        "image_token_id": token_id["<|image_pad|>"],
        "video_token_id": token_id["<|video_pad|>"],
        "vision_start_token_id": token_id["<|vision_start|>"],
        "vision_end_token_id": token_id["<|vision_end|>"],
        "text_config": text,
        "vision_config": vision,
    }


def write(folder: Path, edition: str, tokenizer: Tokenizer) -> None:
    """All files but the weights and the model card."""
    folder.mkdir(parents=True, exist_ok=True)
    token_id = {token: tokenizer.token_to_id(token) for token in SPECIAL + ADDED}

    def save(name: str, content: dict[str, Any]) -> None:
        (folder / name).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    save("config.json", config(token_id))
    sampling = (
        {"temperature": 0.1, "top_p": 0.8, "top_k": 20}
        if edition == "instruct"
        else {"temperature": 0.1, "top_p": 0.95, "top_k": 20}
    )
    save(
        "generation_config.json",
        {
            "eos_token_id": [token_id["<|im_end|>"], token_id["<|endoftext|>"]],
            "pad_token_id": token_id["<|endoftext|>"],
            "do_sample": True,
            **sampling,
        },
    )
    save(
        "tokenizer_config.json",
        {
            "tokenizer_class": "Qwen2TokenizerFast",
            "model_max_length": 32768,
            "eos_token": "<|im_end|>",
            "pad_token": "<|endoftext|>",
            "bos_token": None,
            "unk_token": None,
            "add_prefix_space": False,
            "chat_template": template(edition),
        },
    )
    shared = {
        "patch_size": 16,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "processor_class": "Qwen3VLProcessor",
    }
    save(
        "preprocessor_config.json",
        shared
        | {
            "size": {"longest_edge": served.RULE.max_pixels, "shortest_edge": served.RULE.min_pixels},
            "image_processor_type": "Qwen2VLImageProcessorFast",
        },
    )
    save(
        "video_preprocessor_config.json",
        shared
        | {
            "size": {"longest_edge": 524288, "shortest_edge": 4096},
            "fps": 2,
            "min_frames": 4,
            "max_frames": 32,
            "max_video_tokens": 30,
            "video_processor_type": "Qwen3VLVideoProcessor",
        },
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--samples", type=int, default=6000)
    args = parser.parse_args()
    tokenizer = build_tokenizer(corpus(args.samples, 0))
    for edition in EDITIONS:
        write(args.out / edition, edition, tokenizer)


if __name__ == "__main__":
    main()
