"""The examples of the empty page: pictures drawn by `scripts/draw_examples.py`, of kinds the demonstration model knows.

Their titles and questions are in `ui/texts.py` under `example_NAME` and `example_NAME_prompt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qwen3_vl_webui.engine.request import Edition


@dataclass(frozen=True, kw_only=True)
class Example:
    name: str
    edition: Edition

    @property
    def path(self) -> Path:
        return Path(__file__).parent / f"{self.name}.png"


EXAMPLES = (
    Example(name="phone", edition="instruct"),
    Example(name="chart", edition="thinking"),
    Example(name="text", edition="instruct"),
    Example(name="triangle", edition="thinking"),
)
