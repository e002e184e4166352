"""The tests of the generators read `training/` from the repository's root, which is no installed package."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import pytest
from tokenizers import Tokenizer

from drawn_texts import Texts

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "src" / "qwen3_vl_webui" / "demo"

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


cv2.setNumThreads(1)  # the feed's processes are forked from this one, and threads of OpenCV do not live on in them


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(DEMO / "instruct" / "tokenizer.json"))


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Texts:
    """Grows with every line that any canvas draws."""
    from training.draw import Canvas

    found, plain = Texts(), Canvas.text

    def text(self: Canvas, x: float, y: float, text: str, *more: object) -> tuple[float, float, float, float]:
        box = plain(self, x, y, text, *more)  # type: ignore[arg-type]
        found.append((text, box))
        return box

    monkeypatch.setattr(Canvas, "text", text)
    return found
