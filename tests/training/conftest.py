"""The tests of the generators read `training/` from the repository's root, which is no installed package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "src" / "qwen3_vl_webui" / "demo"

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(DEMO / "instruct" / "tokenizer.json"))
