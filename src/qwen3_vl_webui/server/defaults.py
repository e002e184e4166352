"""What a request that says nothing samples with: the checkpoint's generation_config.json, else the authors' values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from qwen3_vl_webui.engine.request import Edition, SamplingParams
from qwen3_vl_webui.errors import CheckpointError

# The model card's values. They apply only where the checkpoint brings none of its own.
RECOMMENDED: dict[Edition, SamplingParams] = {
    "instruct": SamplingParams(temperature=0.7, top_p=0.8, top_k=20, presence_penalty=1.5),
    "thinking": SamplingParams(temperature=0.6, top_p=0.95, top_k=20),
}
FIELDS = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")


def default_sampling(folder: Path, edition: Edition) -> SamplingParams:
    """`do_sample: false` is greedy. Raises CheckpointError when the file is there but broken."""
    path = folder / "generation_config.json"
    if not path.is_file():
        return RECOMMENDED[edition]
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = {name: values[name] for name in FIELDS if values.get(name) is not None}
        if values.get("do_sample") is False:
            found = {name: value for name, value in found.items() if name == "repetition_penalty"} | {
                "temperature": 0.0
            }
        return msgspec.convert(found, SamplingParams, strict=False) if found else RECOMMENDED[edition]
    except (OSError, ValueError, AttributeError, msgspec.ValidationError) as error:
        raise CheckpointError("checkpoint_config", path=str(path), reason=str(error)) from error
