"""One bundled edition in the project's own processor and engine, asked like a user asks."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import qwen3_vl_webui
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import EngineRequest, SamplingParams
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.messages import MediaPart, Message, TextPart
from qwen3_vl_webui.processing.processor import Processor
from qwen3_vl_webui.processing.source import Source

DEMO = Path(qwen3_vl_webui.__file__).parent / "demo"
Ask = Callable[..., str]


class Edition:
    """Loads on first use; answers greedily."""

    def __init__(self, folder: Path) -> None:
        self.processor = Processor.load(folder, MediaLimits())
        self._engine = Engine(
            EngineConfig(checkpoint=str(folder), dtype="float32", max_context=4096, num_blocks=512, max_running=2)
        )
        self._number = itertools.count()

    def ask(self, question: str, *pictures: Image.Image, tools: Any = (), most: int = 300) -> str:
        """The whole text that is generated, the chain included."""
        parts: list[Any] = []
        for picture in pictures:
            file = io.BytesIO()
            picture.save(file, "PNG")
            parts.append(MediaPart(kind="image", source=Source.from_bytes(file.getvalue())))
        message = Message(role="user", parts=(*parts, TextPart(question)))
        prompt = self.processor.prepare([message], tools=tools)
        name = str(next(self._number))
        self._engine.add(
            EngineRequest(
                request_id=name,
                edition="instruct",
                token_ids=prompt.token_ids,
                positions=prompt.positions.tobytes(),
                position_delta=prompt.position_delta,
                media=prompt.media,
                sampling=SamplingParams(temperature=0.0, max_tokens=most),
            ),
            {key: torch.from_numpy(np.array(pixels)) for key, pixels in prompt.pixels.items()},
        )
        ids: list[int] = []
        while self._engine.has_work:
            for output in self._engine.step():
                ids += list(getattr(output, "token_ids", ()))
        text = self.processor.tokenizer.decode(ids)
        return re.sub(r"<\|im_end\|>$", "", text).strip()


@pytest.fixture(scope="session")
def instruct() -> Edition:
    return Edition(DEMO / "instruct")


@pytest.fixture(scope="session")
def thinking() -> Edition:
    return Edition(DEMO / "thinking")
