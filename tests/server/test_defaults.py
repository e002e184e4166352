"""A request that says nothing samples as its checkpoint says, else as the authors recommend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qwen3_vl_webui.engine.request import SamplingParams
from qwen3_vl_webui.errors import CheckpointError
from qwen3_vl_webui.server.defaults import RECOMMENDED, default_sampling


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, RECOMMENDED["instruct"]),
        ({}, RECOMMENDED["instruct"]),
        ({"eos_token_id": 5}, RECOMMENDED["instruct"]),
        ({"temperature": 0.3, "top_k": 5}, SamplingParams(temperature=0.3, top_k=5)),
        ({"do_sample": False, "temperature": 0.3}, SamplingParams(temperature=0.0)),
        ({"repetition_penalty": 1.05, "top_p": 0.5}, SamplingParams(repetition_penalty=1.05, top_p=0.5)),
    ],
)
def test_defaults(tmp_path: Path, content: Any, expected: SamplingParams) -> None:
    if content is not None:
        (tmp_path / "generation_config.json").write_text(json.dumps(content))
    assert default_sampling(tmp_path, "instruct") == expected


@pytest.mark.parametrize("text", ["{", "[]", '{"temperature": "hot"}'])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "generation_config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"generation_config\.json"):
        default_sampling(tmp_path, "thinking")
