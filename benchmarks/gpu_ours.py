"""The rows of `gpu.py` that this engine measures: `Engine` in the process, random weights, greedy answers."""

from __future__ import annotations

import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gpu_media import SIDE, Medium, decoded, jpegs, video_file
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import EngineRequest, Failed, MediaInput, Pixels, SamplingParams, Span
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import initialize
from qwen3_vl_webui.processing.positions import position_ids
from shapes import Size, config_json

PROMPT, NEW, AFTER_PICTURE = 512, 256, 64
BLOCK = 128  # and four times the tokens while nobody decodes: what `plan` gives to GPUs
MOST = 256  # sequences


@dataclass
class Run:
    """When tokens came: seconds from the start, by request."""

    times: dict[str, list[float]]

    @property
    def first(self) -> float:
        """Until all have their first token."""
        return max(times[0] for times in self.times.values())

    @property
    def rate(self) -> float:
        """Tokens a second from when all have begun until the first of them ends."""
        begin, end = self.first, min(times[-1] for times in self.times.values())
        return sum(sum(begin < at <= end for at in times) for times in self.times.values()) / (end - begin)


class Ours:
    """One engine for all rows, made at the first that needs it."""

    def __init__(self, size: Size, device: torch.device) -> None:
        self.size, self.device = size, device
        self.config = ModelConfig.parse(config_json(size), {})
        self._engine: Engine | None = None
        self._model: Qwen3VL | None = None
        self._count = 0
        self._prefill_s: dict[int, float] = {}

    def limits(self, copy_bytes_per_second: float, product_operations_per_second: float) -> dict[str, float]:
        """What the ceilings allow."""
        text, tower = self.config.text, self.config.vision
        heads = text.num_heads + 2 * text.num_kv_heads
        layer = text.hidden_size * ((heads + text.num_heads) * text.head_dim + 3 * text.intermediate_size)
        weights = text.num_layers * layer + text.vocab_size * text.hidden_size
        token = 2 * text.kv_numbers_per_token  # bytes
        bandwidth, rate = copy_bytes_per_second, product_operations_per_second

        def decode(count: int, context: float) -> float:
            return count * bandwidth / (2 * weights + count * context * token)

        def prompt(tokens: int, count: int) -> float:
            pairs = tokens * tokens / 2
            attention = 4 * pairs * text.num_heads * text.head_dim * text.num_layers
            output = 2 * text.vocab_size * text.hidden_size
            return count * (2 * tokens * layer * text.num_layers + attention + output) / rate

        patches = (SIDE // tower.patch_size) ** 2
        block = 2 * patches * tower.hidden_size * (4 * tower.hidden_size + 2 * tower.intermediate_size)
        picture = tower.depth * (block + 4 * patches**2 * tower.hidden_size) / rate
        limits = {f"decode_tok_s.{n}": decode(n, PROMPT + NEW / 2) for n in (1, 8, 32, 128, 256)}
        limits |= {f"prefill_ms.{n}x{PROMPT}": 1000 * max(prompt(PROMPT, n), 2 * weights / bandwidth) for n in (1, 32)}
        limits |= {f"vision_ms.{n}": 1000 * n * picture for n in (1, 32)}
        tokens = AFTER_PICTURE + patches // tower.spatial_merge_size**2
        limits |= {f"image_ttft_ms.{n}": 1000 * n * (picture + prompt(tokens, 1)) for n in (1, 32)}
        limits |= {f"decode_context_tok_s.{n}k": decode(1, n * 1024) for n in (32, 128)}
        limits["prefill_s.128k"] = prompt(128 * 1024, 1)
        return {name: round(limit, 4) for name, limit in limits.items()}

    # ---- rows

    def decode(self, count: int) -> dict[str, Any]:
        """The median of three rounds, after one of few tokens that warms up."""
        self.run([self.text(4) for _ in range(count)])
        runs = [self.run([self.text(NEW) for _ in range(count)]) for _ in range(3)]
        rates = [run.rate for run in runs]
        return {"value": round(statistics.median(rates), 1), "runs": [round(rate, 1) for rate in rates]}

    def prefill(self, count: int) -> dict[str, Any]:
        self.run([self.text(2) for _ in range(count)])
        times = [1000 * self.run([self.text(1) for _ in range(count)]).first for _ in range(9 if count == 1 else 5)]
        return {"value": round(statistics.median(times), 2), "runs": [round(value, 2) for value in times]}

    @torch.inference_mode()
    def vision(self, count: int) -> dict[str, Any]:
        tower = self.config.vision
        side = SIDE // tower.patch_size
        patches = torch.randn(count * side**2, tower.patch_dim, device=self.device, dtype=torch.bfloat16)
        encode = self.engine._runner.encoder.tower
        grids = [(1, side, side)] * count
        times = []
        for _ in range(24 if count == 1 else 5):
            torch.cuda.synchronize()
            begin = time.perf_counter()
            encode(patches, grids)
            torch.cuda.synchronize()
            times.append(1000 * (time.perf_counter() - begin))
        times = times[9 if count == 1 else 1 :]  # the clocks are still what the row before has made of them
        return {"value": round(statistics.median(times), 2), "runs": [round(value, 2) for value in times]}

    def pictures(self, count: int) -> dict[str, Any]:
        """Decoded in threads, handed in as they come."""
        times, decoding = [], []
        for at in range(6 if count == 1 else 4):
            files = jpegs(range(1000 * at, 1000 * at + count))
            begin = time.perf_counter()
            with ThreadPoolExecutor() as pool:
                run = self.run_as_they_come(pool.map(decoded, files), begin)
            times.append(1000 * run.first)
            begin = time.perf_counter()
            decoded(files[0])
            decoding.append(1000 * (time.perf_counter() - begin))
        times, decoding = times[1:], decoding[1:]  # the first warms up
        return {
            "value": round(statistics.median(times), 1),
            "runs": [round(value, 1) for value in times],
            "jpeg_decode_ms": round(statistics.median(decoding), 2),
        }

    def pause(self) -> dict[str, Any]:
        """31 streams decode; a prompt of 16,384 tokens with eight pictures is handed in on the way. Thrice."""
        worst, usual, waits = [], [], []
        for at in range(4):
            streams = [self.text(300) for _ in range(31)]
            media = [decoded(file) for file in jpegs(range(50_000 + 8 * at, 50_008 + 8 * at))]
            newcomer = self.prompt([(16384 - 8 * 1026) // 9] * 9, media, new=2)
            run = self.run(streams, later=(newcomer, 60))
            (name, request_media) = newcomer[0].request_id, newcomer[1]
            assert request_media
            own = [times for request, times in run.times.items() if request != name]
            gaps = [np.diff(times) for times in own]
            worst.append(1000 * max(float(gap.max()) for gap in gaps))
            usual.append(1000 * float(np.median(np.concatenate(gaps))))
            waits.append(1000 * (run.times[name][0] - self._later_at))
        return {
            "value": round(statistics.median(worst[1:]), 1),
            "runs": [round(value, 1) for value in worst[1:]],
            "usual_gap_ms": round(statistics.median(usual[1:]), 2),
            "newcomer_first_token_ms": round(statistics.median(waits[1:]), 1),
        }

    def video(self) -> dict[str, Any]:
        """Decoding, sampling and resizing on the host, then the engine; twice, the first warms up."""
        from qwen3_vl_webui.processing.limits import MediaLimits
        from qwen3_vl_webui.processing.messages import MediaBudget
        from qwen3_vl_webui.processing.processor import resize_frames
        from qwen3_vl_webui.processing.sizes import VideoRule
        from qwen3_vl_webui.processing.source import Source
        from qwen3_vl_webui.processing.video import decode_video

        data = video_file(seconds=300, width=1280, height=720)
        limits = MediaLimits()
        rule = VideoRule(
            factor=32, temporal_factor=2, min_pixels=4096, max_pixels=limits.max_video_pixels, frame_tokens=768,
            fps=2.0, min_frames=4, max_frames=limits.max_video_frames,
        )  # fmt: skip
        result: dict[str, Any] = {}
        for at in range(2):
            begin = time.perf_counter()
            clip = decode_video(Source.from_bytes(data), rule, MediaBudget(), limits, resize_frames, field="video")
            read = time.perf_counter() - begin
            height, width = clip.frames.shape[1:3]
            medium = Medium(clip.frames, height // 32, width // 32, f"video-{at}")
            request = self.prompt([8] * medium.groups + [AFTER_PICTURE], [medium], new=1)
            run = self.run([request])
            result = {
                "value": round(read + run.first, 3),
                "read_s": round(read, 3),
                "engine_s": round(run.first, 3),
                "frames": len(clip.frames),
                "frame_size": [width, height],
                "prompt_tokens": len(request[0].token_ids),
            }
        return result

    def decode_behind(self, context: int) -> dict[str, Any]:
        run = self.run([self.text(NEW, context)])
        self._prefill_s[context] = run.first
        return {"value": round(run.rate, 1), "prompt_s": round(run.first, 3)}

    def long_prompt(self, tokens: int) -> dict[str, Any]:
        times = [self._prefill_s[tokens]] if tokens in self._prefill_s else []
        times.append(self.run([self.text(1, tokens)]).first)
        return {"value": round(min(times), 3), "runs": [round(value, 3) for value in times]}

    # ---- the engine

    @property
    def model(self) -> Qwen3VL:
        if self._model is None:
            with torch.device("meta"):
                model = Qwen3VL(self.config).to(torch.bfloat16)
            model.to_empty(device=self.device)
            model.tie_weights()
            initialize(model, torch.Generator(self.device).manual_seed(0))
            self._model = model.prepare_for_inference()
        return self._model

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            config = EngineConfig(
                checkpoint="",
                device=str(self.device),
                dtype="bfloat16",
                max_context=128 * 1024 + 512,
                max_running=MOST,
                max_waiting=4 * MOST,
                num_blocks=MOST * (-(-(PROMPT + NEW) // BLOCK) + 1),
                block_size=BLOCK,
                max_prompt_tokens=4 * 2048,
                prefix_cache=False,
                vision_cache_bytes=2 << 30,
            )
            self._engine = Engine(config, self.model)
            while self._engine.warm_up():  # as its process does when there is nothing else to do
                pass
        return self._engine

    def reset(self) -> None:
        """Forget the engine: a row was cut off in its midst."""
        if self._engine is not None:
            self._engine.close()
        self._engine = None
        gc.collect()
        torch.cuda.empty_cache()

    def close(self) -> None:
        """Give the memory back."""
        self._model = None
        self.reset()

    def text(self, new: int, length: int = PROMPT) -> tuple[EngineRequest, dict[str, Tensor]]:
        return self.prompt([length], [], new)

    def prompt(
        self, words: Sequence[int], media: Sequence[Medium], new: int
    ) -> tuple[EngineRequest, dict[str, Tensor]]:
        """A request of runs of random tokens, with the groups of the media between them."""
        self._count += 1
        rng = np.random.default_rng(self._count)
        tokens: list[int] = rng.integers(0, min(self.config.text.vocab_size, 150_000) - 8, words[0]).tolist()
        inputs, at = [], 1
        for medium in media:
            spans = []
            for _ in range(medium.groups):
                pad = self.config.video_token_id if len(medium.frames) > 1 else self.config.image_token_id
                tokens.append(self.config.vision_start_token_id)
                spans.append(Span(len(tokens), medium.rows * medium.columns))
                tokens += [pad] * spans[-1].length + [self.config.vision_end_token_id]
                tokens += rng.integers(0, min(self.config.text.vocab_size, 150_000) - 8, words[at]).tolist()
                at += 1
            shape = tuple(medium.frames.shape)
            grid = (medium.groups, 2 * medium.rows, 2 * medium.columns)
            inputs.append(
                MediaInput(key=medium.key, grid=grid, spans=tuple(spans), pixels=Pixels(name="", shape=shape))
            )
        positions, delta = position_ids(len(tokens), inputs, 2)
        request = EngineRequest(
            request_id=str(self._count),
            edition="instruct",
            token_ids=tokens,
            positions=positions.tobytes(),
            position_delta=delta,
            media=tuple(inputs),
            sampling=SamplingParams(temperature=0.0, max_tokens=new, ignore_eos=True),
        )
        return request, {medium.key: torch.from_numpy(medium.frames) for medium in media}

    def run(
        self,
        requests: Sequence[tuple[EngineRequest, dict[str, Tensor]]],
        later: tuple[tuple[EngineRequest, dict[str, Tensor]], int] | None = None,
    ) -> Run:
        """Hand them in and run them to the end; `later`: another one, and after how many steps."""
        engine = self.engine
        torch.cuda.synchronize()
        begin = time.perf_counter()
        for request, pixels in requests:
            engine.add(request, pixels)
        times: dict[str, list[float]] = defaultdict(list)
        steps = 0
        while engine.has_work:
            if later is not None and steps == later[1]:
                self._later_at = time.perf_counter() - begin
                engine.add(*later[0])
            steps += 1
            self._step(engine, times, begin)
        return Run(times)

    def run_as_they_come(self, media: Any, begin: float) -> Run:
        """A question about each picture, handed in when it is decoded."""
        engine, times = self.engine, defaultdict(list)
        for medium in media:
            engine.add(*self.prompt([AFTER_PICTURE // 2, AFTER_PICTURE // 2], [medium], new=1))
        while engine.has_work:
            self._step(engine, times, begin)
        return Run(times)

    def _step(self, engine: Engine, times: dict[str, list[float]], begin: float) -> None:
        outputs = engine.step()
        now = time.perf_counter() - begin
        for output in outputs:
            if isinstance(output, Failed):
                raise RuntimeError(str(output))
            times[output.request_id] += [now] * len(output.token_ids)
