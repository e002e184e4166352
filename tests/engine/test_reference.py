"""The engine's greedy answers are the ones of Hugging Face transformers, on text, pictures, videos and mixtures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine_bench import Bench
from qwen3_vl_webui.engine.request import EngineRequest, MediaInput, Pixels, SamplingParams, Span
from reference import Reference

pytestmark = pytest.mark.reference
COUNT = 24


def frames(seed: int, count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"
VIDEO = "<|vision_start|><|video_pad|><|vision_end|>"
# Sizes that the reference's processor leaves as they are, so that both see the same pixels.
SQUARE, WIDE, TALL = (frames(0, 1, 256, 256), frames(1, 1, 256, 384), frames(2, 1, 352, 256))
CLIP, SHORT = frames(3, 4, 64, 96), frames(4, 6, 96, 64)
CASES: list[tuple[str, list[np.ndarray], list[np.ndarray]]] = [
    *(
        (text, [], [])
        for text in ("a", "Hello, world!", "你好", "x" * 70, "one two three " * 12, "{}[]", "?!", "Z" * 33)
    ),
    (PICTURE, [SQUARE], []),
    (f"Look: {PICTURE} what is it?", [WIDE], []),
    (f"{PICTURE} and", [TALL], []),
    (f"{PICTURE}{PICTURE}", [SQUARE, TALL], []),
    (f"A {PICTURE} B {PICTURE} C {PICTURE} D", [WIDE, SQUARE, TALL], []),
    (f"the same {PICTURE} twice {PICTURE}", [SQUARE, SQUARE], []),
    (f"{VIDEO}", [], [CLIP]),
    (f"Watch {VIDEO} and tell.", [], [SHORT]),
    (f"{VIDEO} then {VIDEO}", [], [CLIP, SHORT]),
    (f"{PICTURE} before {VIDEO}", [WIDE], [CLIP]),
    (f"{VIDEO} after {PICTURE} end", [TALL], [SHORT]),
    (f"turn one {PICTURE} answer. turn two {VIDEO} answer. turn three {PICTURE}?", [SQUARE, WIDE], [CLIP]),
]


@pytest.fixture(scope="module")
def answered(bench: Bench) -> list[tuple[EngineRequest, list[int]]]:
    """Requests built from the reference's own tokens, grids and positions, with its greedy answers."""
    reference = Reference(bench.folder)
    out = []
    for at, (text, images, videos) in enumerate(CASES):
        inputs = reference.inputs(text, [image[0] for image in images], videos)
        ids = inputs["input_ids"][0]
        positions = reference.positions(inputs).numpy().astype(np.int32)
        queues = {
            bench.config.image_token_id: [(image, [1, *np.array(image.shape[1:3]) // 16]) for image in images],
            bench.config.video_token_id: [(v, [len(v) // 2, *np.array(v.shape[1:3]) // 16]) for v in videos],
        }  # fmt: skip
        media = []
        for token, queue in queues.items():
            visual = (ids == token).nonzero().flatten().tolist()
            for pixels, (groups, rows, columns) in queue:
                size, spans = int(rows * columns) // 4, []
                for _ in range(groups):
                    spans.append(Span(visual[0], size))
                    visual = visual[size:]
                key = f"{pixels.shape}{int(pixels[0, 0, 0].sum())}"
                bench.media[key] = torch.from_numpy(pixels)
                media.append(
                    MediaInput(
                        key=key,
                        grid=(groups, int(rows), int(columns)),
                        spans=tuple(spans),
                        pixels=Pixels(name="", shape=pixels.shape),
                    )
                )
            assert not visual
        request = EngineRequest(
            request_id=f"case-{at}",
            edition="instruct",
            token_ids=ids.tolist(),
            positions=np.ascontiguousarray(positions).tobytes(),
            position_delta=int(positions.max()) + 1 - len(ids),
            media=tuple(media),
            sampling=SamplingParams(temperature=0.0, max_tokens=COUNT, ignore_eos=True),
        )
        out.append((request, reference.greedy(inputs, COUNT)))
    return out


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_batch_tokens": 16},
        {"max_batch_tokens": 512, "prefix_cache": False},
        {"max_batch_tokens": 64, "num_blocks": 95, "block_size": 4, "vision_cache_bytes": 0},
    ],
    ids=["one after another", "chunks of 16", "no prefix cache", "preemption"],
)
def test_greedy_answers(
    bench: Bench, answered: list[tuple[EngineRequest, list[int]]], settings: dict[str, int]
) -> None:
    engine = bench.engine(max_context=600, **settings)
    if settings:
        rng = np.random.default_rng(0)
        outputs = []
        for at in rng.permutation(len(answered)):
            bench.add(engine, answered[at][0])
            outputs += [output for _ in range(rng.integers(0, 3)) for output in engine.step()]
        answers = bench.collect(outputs + bench.drain(engine))
    else:
        answers = {}
        for request, _ in answered:
            answers |= bench.run(engine, [request])
    wrong = [r.request_id for r, right in answered if answers[r.request_id][0].tokens != right]
    assert not wrong
    if "num_blocks" in settings:
        assert engine.stats().preemptions > 0
    bench.assert_all_free(engine)
