"""What one checkpoint does on this machine through the bare engine: loading, the first token of a picture, decoding.

No tokenizer, server or page: prompts are random tokens and a random 512x512 picture, answers have a fixed length. Each
figure is the median over the rounds, after one round to warm up; the caches of prefixes and pictures are off.
Prints one JSON object.

    python benchmarks/engine_demo.py CHECKPOINT [--dtype float32] [--threads 2] [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time

import numpy as np
import torch

from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import EngineRequest, Failed, MediaInput, Pixels, SamplingParams, Span, Tokens
from qwen3_vl_webui.processing.positions import position_ids

SIDE = 512  # pixels
PROMPT = 128  # tokens


def request(
    engine: Engine, name: str, *, picture: bool, new_tokens: int, preset: bool
) -> tuple[EngineRequest, torch.Tensor]:
    """A prompt of `PROMPT` random tokens, after a picture or not."""
    config = engine.model.config
    rng = np.random.default_rng(abs(hash(name)) % 2**32)
    tokens: list[int] = []
    media: list[MediaInput] = []
    pixels = torch.from_numpy(rng.integers(0, 256, (1, SIDE, SIDE, 3), dtype=np.uint8))
    if picture:
        side = SIDE // config.vision.patch_size
        count = (side // config.vision.spatial_merge_size) ** 2
        tokens = [config.vision_start_token_id, *[config.image_token_id] * count, config.vision_end_token_id]
        shape = (1, SIDE, SIDE, 3)
        media = [
            MediaInput(key=name, grid=(1, side, side), spans=(Span(1, count),), pixels=Pixels(name="", shape=shape))
        ]
    tokens += rng.integers(0, 200, PROMPT).tolist()
    positions, delta = position_ids(len(tokens), media, config.vision.spatial_merge_size)
    sampling = (
        {"temperature": 0.7, "top_p": 0.8, "top_k": 20, "presence_penalty": 1.5} if preset else {"temperature": 0.0}
    )
    built = EngineRequest(
        request_id=name,
        edition="instruct",
        token_ids=tokens,
        positions=positions.tobytes(),
        position_delta=delta,
        media=tuple(media),
        sampling=SamplingParams(max_tokens=new_tokens, ignore_eos=True, **sampling),  # type: ignore[arg-type]
    )
    return built, pixels


def measure(engine: Engine, count: int, *, picture: bool, new_tokens: int, preset: bool = False) -> tuple[float, float]:
    """Seconds to the first tokens of all `count` requests, and tokens a second after them."""
    started = time.perf_counter()
    for at in range(count):
        built, pixels = request(engine, f"{started}-{at}", picture=picture, new_tokens=new_tokens, preset=preset)
        engine.add(built, {built.request_id: pixels} if picture else {})
    seen, first, after = set(), 0.0, 0
    while engine.has_work:
        for output in engine.step():
            assert not isinstance(output, Failed), output
            assert isinstance(output, Tokens)
            seen.add(output.request_id)
            after += len(output.token_ids) if first else 0
        if len(seen) == count and not first:
            first = time.perf_counter()
    return first - started, after / max(time.perf_counter() - first, 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--new-tokens", type=int, default=128)
    args = parser.parse_args()
    started = time.perf_counter()
    engine = Engine(
        EngineConfig(
            checkpoint=args.checkpoint, device=args.device, dtype=args.dtype, threads=args.threads, max_context=4096,
            prefix_cache=False, vision_cache_bytes=0,
        )
    )  # fmt: skip
    loaded = time.perf_counter() - started
    cases = {
        "picture_512": {"count": 1, "picture": True, "new_tokens": 2},
        "decode_1": {"count": 1, "picture": False, "new_tokens": args.new_tokens},
        "decode_8": {"count": 8, "picture": False, "new_tokens": args.new_tokens},
        "decode_1_preset": {"count": 1, "picture": False, "new_tokens": args.new_tokens, "preset": True},
    }
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for _ in range(args.rounds + 1):
        for name, case in cases.items():
            results[name].append(measure(engine, **case))
    median = {
        name: tuple(statistics.median(values) for values in zip(*runs[1:], strict=True))
        for name, runs in results.items()
    }
    print(
        json.dumps(
            {
                "checkpoint": args.checkpoint,
                "dtype": args.dtype,
                "device": args.device,
                "threads": torch.get_num_threads(),
                "processor": platform.processor() or platform.machine(),
                "torch": torch.__version__,
                "load_s": round(loaded, 3),
                "picture_512_first_token_s": round(median["picture_512"][0], 4),
                "prompt_128_first_token_s": round(median["decode_1"][0], 4),
                "decode_tok_s": {name: round(run[1], 1) for name, run in median.items() if name != "picture_512"},
            }
        )
    )


if __name__ == "__main__":
    main()
