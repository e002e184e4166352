"""The examples of the empty page: pictures drawn by `scripts/draw_examples.py`, of kinds the demonstration model knows.

Their titles and questions are in `ui/texts.py` under `example_NAME` and `example_NAME_prompt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Example:
    name: str

    @property
    def path(self) -> Path:
        return Path(__file__).parent / f"{self.name}.png"


EXAMPLES = tuple(Example(name=name) for name in ("phone", "chart", "text", "triangle"))
