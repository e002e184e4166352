"""For the engine's tests: requests made by hand over a tiny checkpoint, and the slow and sure way to answer them.

The sure way is to recompute the whole sequence for each token, without cache, batch or chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from tokenizers import Tokenizer
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
from qwen3_vl_webui.engine.sampler import chosen
from qwen3_vl_webui.engine.scheduler import Chunk
from qwen3_vl_webui.model.attention import DenseAttention
from qwen3_vl_webui.model.pixels import to_patches
from qwen3_vl_webui.model.weights import load_model
from qwen3_vl_webui.processing.positions import position_ids


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

    def __init__(self, folder: Path, *, slack: float = 0.0, **settings: Any) -> None:
        """`settings` of all its engines. `slack`: how far below the largest a greedy token's logit may lie, in standard
        deviations of the logits: more than 0 where engines compute in a coarser format than the right answers.
        """
        self.folder = folder
        self.settings = settings
        self.slack = slack
        self.model = load_model(folder, device=torch.device("cpu"), dtype=torch.float32)
        self._served = self.model  # by the engines
        if (device := settings.get("device", "cpu")) != "cpu":
            self._served = load_model(folder, device=torch.device(device), dtype=getattr(torch, settings["dtype"]))
        self.config = self.model.config
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.media: dict[str, Tensor] = {}
        self._oracle: dict[bytes, list[int]] = {}

    def request(
        self, name: str, parts: Sequence[Part], *, text: int = 0, salt: str = "", **sampling: Any
    ) -> EngineRequest:
        """A request of random text (drawn with `text`) and media; greedy unless told otherwise."""
        rng = np.random.default_rng(text)
        tokens: list[int] = []
        media: list[MediaInput] = []
        for part in parts:
            if isinstance(part, int):
                tokens += rng.integers(0, 256, part).tolist()
                continue
            groups, spans = -(-part.frames // 2), []
            for _ in range(groups):
                tokens.append(self.config.vision_start_token_id)
                spans.append(Span(len(tokens), part.rows * part.columns))
                pad = self.config.video_token_id if part.frames > 1 else self.config.image_token_id
                tokens += [pad] * spans[-1].length + [self.config.vision_end_token_id]
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
            "checkpoint": str(self.folder),
            "max_context": 512,
            "num_blocks": 256,
            "block_size": 8,
            "max_batch_tokens": 256,
            "max_running": 8,
        }
        return Engine(EngineConfig(**{**defaults, **self.settings, **settings}), self._served)

    def add(self, engine: Engine, request: EngineRequest) -> None:
        engine.add(request, self.pixels(request))

    def run(self, engine: Engine, requests: Sequence[EngineRequest]) -> dict[str, list[Answer]]:
        """Run requests to the end; answers by request, sample by sample. Fails when one fails."""
        for request in requests:
            self.add(engine, request)
        return self.collect(self.drain(engine))

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
        key = msgspec.msgpack.encode(request)
        if key not in self._oracle:
            ends = () if request.sampling.ignore_eos else self.config.eos_token_ids
            generated: list[int] = []
            while len(generated) < request.sampling.max_tokens:
                token = int(self.logits(request, generated).argmax())
                if token in ends:
                    break
                generated.append(token)
            self._oracle[key] = generated
        return self._oracle[key]

    def is_right(self, request: EngineRequest, tokens: Sequence[int]) -> bool:
        """Whether a greedy answer may begin with these tokens."""
        if not self.slack:
            return list(tokens) == self.greedy(request)[: len(tokens)]
        for at, token in enumerate(tokens):
            logits = self.logits(request, tokens[:at])
            if float(logits.max() - logits[token]) > self.slack * float(logits.std()):
                return False
        return True

    def drain(self, engine: Engine, limit: int = 20_000) -> list[EngineOutput]:
        """Step until nothing is left."""
        outputs: list[EngineOutput] = []
        steps = 0
        while engine.has_work:
            outputs += engine.step()
            steps += 1
            assert steps < limit, "the engine does not come to an end"
        return outputs

    def collect(self, outputs: Sequence[EngineOutput]) -> dict[str, list[Answer]]:
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

    def ends(self, outputs: Sequence[EngineOutput]) -> dict[str, Tokens]:
        """The message that ends each request."""
        return {o.request_id: o for o in outputs if isinstance(o, Tokens) and o.usage is not None}

    def assert_all_free(self, engine: Engine) -> None:
        """Nothing is held once nothing runs."""
        stats = engine.stats()
        assert (stats.waiting, stats.running) == (0, 0)
        assert stats.blocks_free == stats.blocks_total
        assert not any(engine._blocks.references)
        assert engine._vision.pinned == 0
        assert engine._sampler.penalties.num_free == engine.config.max_running
        assert not engine.has_work


def after_forward(engine: Engine, hook: Callable[[Sequence[Chunk], Tensor], None]) -> None:
    """Call `hook` with the chunks of every step from now on and what was computed: a row a token, to be spoilt."""
    runner = engine._runner
    forward, decode, graphs = runner._forward, runner._decode, runner.graphs

    def spoilt(chunks: list[Chunk], last: list[int]) -> Tensor:
        """Which of the rows `last` the hook spoils, [rows, 1]."""
        rows = torch.zeros(sum(chunk.length for chunk in chunks), 1)
        hook(chunks, rows)
        return rows[last].isnan()

    def hooked_forward(chunks: list[Chunk], unread: Any, last: list[int]) -> Tensor:
        hidden = forward(chunks, unread, last)
        marks = spoilt(chunks, last)
        return hidden.masked_fill(marks.to(hidden.device), torch.nan) if last else hidden

    def hooked_decode(graphs: Any, chunks: list[Chunk], unread: Any) -> Any:
        logits, _ = decode(graphs, chunks, unread)
        hook(chunks, logits)
        return logits, chosen(*logits.max(-1))

    runner._forward, runner._decode = hooked_forward, hooked_decode  # type: ignore[method-assign]
    if graphs is None:
        return
    prompts = graphs.prompts

    def hooked_prompts(shape: Any, chunks: list[Chunk], last: list[int], *inputs: Any) -> Any:
        logits, tokens = prompts(shape, chunks, last, *inputs)
        marks = spoilt(chunks, last)
        if not marks.any():
            return logits, tokens
        logits = logits.masked_fill(marks.to(logits.device), torch.nan)
        return logits, chosen(*logits.max(-1))

    graphs.prompts = hooked_prompts  # type: ignore[method-assign]
