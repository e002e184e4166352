"""Checkpoint folders without weights whose tokenizer has real merges, and the reference's processor beside ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

import checkpoints
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.processor import Processor

# How Qwen's tokenizers cut text before merging.
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CORPUS = [
    "system user assistant tool <tool_call> What is in this picture? Describe the video, please. 12.5 seconds> <0.3",
    "请描述这张图片。视频里发生了什么?你好,世界!图中有什么文字?",
    'def call(name, arguments): return {"name": name, "arguments": arguments}  # <| |> <|im_ vision pad start end',
    "The quick brown fox jumps over the lazy dog!< Look!<1 (see)<3 \n\n  indented\n\ttabbed",
]


def _trained_tokenizer() -> Tokenizer:
    built = Tokenizer(models.BPE())
    built.normalizer = normalizers.NFC()
    built.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    built.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False, min_frequency=1
    )
    built.train_from_iterator(_CORPUS * 3, trainer)
    built.add_special_tokens([AddedToken(token, special=True) for token in checkpoints.SPECIAL_TOKENS])
    built.add_tokens([AddedToken(token, special=False, normalized=False) for token in checkpoints.ADDED_TOKENS])
    return built


def _write(folder: Path, edition: checkpoints.Edition) -> Path:
    checkpoints.write_checkpoint(folder, edition=edition, weights=False)
    built = _trained_tokenizer()
    built.save(str(folder / "tokenizer.json"))
    token = built.token_to_id
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["text_config"] |= {"vocab_size": built.get_vocab_size(), "eos_token_id": token("<|im_end|>")}
    for key, name in (
        ("image_token_id", "<|image_pad|>"),
        ("video_token_id", "<|video_pad|>"),
        ("vision_start_token_id", "<|vision_start|>"),
        ("vision_end_token_id", "<|vision_end|>"),
    ):
        config[key] = token(name)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    ends = {"eos_token_id": [token("<|im_end|>"), token("<|endoftext|>")]}
    (folder / "generation_config.json").write_text(json.dumps(ends), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def instruct_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("processing") / "instruct", "instruct")


@pytest.fixture(scope="session")
def thinking_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("processing") / "thinking", "thinking")


@pytest.fixture(scope="session")
def processor(instruct_folder: Path) -> Processor:
    return Processor.load(instruct_folder, MediaLimits())


@pytest.fixture(scope="session")
def thinking_processor(thinking_folder: Path) -> Processor:
    return Processor.load(thinking_folder, MediaLimits())
