"""A tiny random model, requests made by hand, and the slow and sure way to answer them: recompute everything for each token."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import (
    EngineOutput,
    EngineRequest,
    Failed,
    MediaInput,
    Pixels,
    SamplingParams,
    Span,
    TokenLogprob,
    Tokens,
)
from qwen3_vl_webui.model.attention import DenseAttention
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.pixels import to_patches
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import initialize
from qwen3_vl_webui.processing.positions import position_ids

VOCAB = 320
EOS, VISION_START, VISION_END, IMAGE, VIDEO, END_OF_REASONING = 256, 257, 258, 259, 260, 261
CONFIG: dict[str, Any] = {
    "model_type": "qwen3_vl",
    "image_token_id": IMAGE,
    "video_token_id": VIDEO,
    "vision_start_token_id": VISION_START,
    "vision_end_token_id": VISION_END,
    "eos_token_id": EOS,
    "tie_word_embeddings": True,
    "text_config": {
        "vocab_size": VOCAB,
        "hidden_size": 48,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "rms_norm_eps": 1e-6,
        "max_position_embeddings": 4096,
        "rope_theta": 5_000_000,
        "rope_scaling": {"rope_type": "default", "mrope_interleaved": True, "mrope_section": [4, 2, 2]},
    },
    "vision_config": {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 2,
        "in_channels": 3,
        "patch_size": 16,
        "temporal_patch_size": 2,
        "spatial_merge_size": 2,
        "num_position_embeddings": 64,
        "out_hidden_size": 48,
        "deepstack_visual_indexes": [0, 1],
    },
}


@dataclass(frozen=True)
class Medium:
    """A picture (one frame) or video of random pixels; `rows` and `columns` count merged tokens."""

    frames: int
    rows: int
    columns: int
    seed: int

    @property
    def key(self) -> str:
        return f"{self.frames}x{self.rows}x{self.columns}-{self.seed}"

    @property
    def pixels(self) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed)
        shape = (self.frames, self.rows * 32, self.columns * 32, 3)
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


Part = int | Medium  # so many random text tokens, or a medium


@dataclass(frozen=True)
class Answer:
    """What one sample gave."""

    tokens: list[int]
    reason: str | None
    logprobs: list[TokenLogprob]


class Bench:
    """Makes requests, runs engines, and knows the right answers."""

    def __init__(self, model: Qwen3VL) -> None:
        self.model = model
        self.media: dict[str, Tensor] = {}
        self._oracle: dict[bytes, list[int]] = {}

    def request(
        self, name: str, parts: Sequence[Part], *, seed: int = 0, salt: str = "", **sampling: Any
    ) -> EngineRequest:
        """A request of random text and media; greedy unless told otherwise."""
        rng = np.random.default_rng(seed)
        tokens: list[int] = []
        media: list[MediaInput] = []
        for part in parts:
            if isinstance(part, int):
                tokens += rng.integers(0, 256, part).tolist()
                continue
            groups, spans = -(-part.frames // 2), []
            for _ in range(groups):
                tokens.append(VISION_START)
                spans.append(Span(len(tokens), part.rows * part.columns))
                tokens += [VIDEO if part.frames > 1 else IMAGE] * (part.rows * part.columns) + [VISION_END]
            pixels = self.media.setdefault(part.key, part.pixels)
            shape = tuple(pixels.shape)
            grid = (groups, part.rows * 2, part.columns * 2)
            media.append(MediaInput(key=part.key, grid=grid, spans=tuple(spans), pixels=Pixels(name="", shape=shape)))
        positions, delta = position_ids(len(tokens), media, 2)
        return EngineRequest(
            request_id=name,
            edition="instruct",
            token_ids=tokens,
            positions=positions.tobytes(),
            position_delta=delta,
            media=tuple(media),
            sampling=SamplingParams(**{"temperature": 0.0, "max_tokens": 12, **sampling}),
            cache_salt=salt,
        )

    def pixels(self, request: EngineRequest) -> Mapping[str, Tensor]:
        return {medium.key: self.media[medium.key] for medium in request.media}

    def engine(self, **settings: Any) -> Engine:
        """An engine over the model, small enough for a test."""
        defaults: dict[str, Any] = {
            "checkpoint": ".",
            "max_context": 512,
            "num_blocks": 256,
            "block_size": 8,
            "max_batch_tokens": 256,
            "max_running": 8,
        }
        return Engine(EngineConfig(**{**defaults, **settings}), self.model)

    def add(self, engine: Engine, request: EngineRequest) -> None:
        engine.add(request, self.pixels(request))

    def run(
        self, engine: Engine, requests: Sequence[EngineRequest], *, before: Callable[[int], None] | None = None
    ) -> dict[str, list[Answer]]:
        """Run requests to the end; answers by request, sample by sample. Fails when one fails."""
        for request in requests:
            self.add(engine, request)
        return collect(drain(engine))

    @torch.inference_mode()
    def logits(self, request: EngineRequest, generated: Sequence[int]) -> Tensor:
        """Logits [vocab] after prompt and generated tokens, from a full pass."""
        tokens = [*request.token_ids, *generated]
        prompt = np.frombuffer(request.positions, dtype=np.int32).reshape(3, -1)
        tail = np.arange(len(request.token_ids), len(tokens)) + request.position_delta
        positions = np.concatenate([prompt, np.broadcast_to(tail, (3, len(tail)))], axis=1).astype(np.int64)
        visual = index = None
        if request.media:
            ordered = sorted(request.media, key=lambda medium: medium.spans[0].start)
            patches = torch.cat(
                [to_patches(self.media[m.key], self.model.config.vision, torch.float32)[0] for m in ordered]
            )
            visual = self.model.encode(patches, [m.grid for m in ordered])
            index = torch.cat([torch.arange(s.start, s.start + s.length) for m in ordered for s in m.spans])
        hidden = self.model(
            torch.tensor(tokens), torch.from_numpy(positions), DenseAttention([len(tokens)]), visual, index
        )
        return self.model.logits(hidden[-1:])[0]

    def greedy(self, request: EngineRequest) -> list[int]:
        """The right greedy answer."""
        key = (
            request.request_id.encode()
            + b"".join(m.key.encode() for m in request.media)
            + np.array(request.token_ids).tobytes()
        )
        if key not in self._oracle:
            generated: list[int] = []
            while len(generated) < request.sampling.max_tokens:
                token = int(self.logits(request, generated).argmax())
                if token == EOS:
                    break
                generated.append(token)
            self._oracle[key] = generated
        return self._oracle[key]


def drain(engine: Engine, limit: int = 20_000) -> list[EngineOutput]:
    """Step until nothing is left."""
    outputs: list[EngineOutput] = []
    steps = 0
    while engine.has_work:
        outputs += engine.step()
        steps += 1
        assert steps < limit, "the engine does not come to an end"
    return outputs


def collect(outputs: Sequence[EngineOutput]) -> dict[str, list[Answer]]:
    """Join token chunks by request and sample."""
    gathered: dict[str, dict[int, Answer]] = {}
    for output in outputs:
        assert not isinstance(output, Failed), output
        samples = gathered.setdefault(output.request_id, {})
        old = samples.get(output.index, Answer([], None, []))
        assert old.reason is None, "tokens after the end"
        samples[output.index] = Answer(
            old.tokens + output.token_ids, output.finish_reason, old.logprobs + list(output.logprobs or [])
        )
    return {name: [samples[index] for index in sorted(samples)] for name, samples in gathered.items()}


def usage(outputs: Sequence[EngineOutput]) -> dict[str, Tokens]:
    """The message that ends each request."""
    return {o.request_id: o for o in outputs if isinstance(o, Tokens) and o.usage is not None}


def assert_all_free(engine: Engine) -> None:
    """Nothing is held once nothing runs."""
    stats = engine.stats()
    assert (stats.waiting, stats.running) == (0, 0)
    assert stats.blocks_free == stats.blocks_total
    assert not any(engine._blocks.references)
    assert engine._vision.pinned == 0
    assert engine._sampler.penalties.num_free == engine.config.max_running
    assert not engine.has_work


@pytest.fixture(scope="session")
def tiny_model() -> Qwen3VL:
    model = Qwen3VL(ModelConfig.parse(json.loads(json.dumps(CONFIG)), {}))
    initialize(model, torch.Generator().manual_seed(0), std=0.12)
    return model.prepare_for_inference()


@pytest.fixture(scope="session")
def bench(tiny_model: Qwen3VL) -> Bench:
    return Bench(tiny_model)
