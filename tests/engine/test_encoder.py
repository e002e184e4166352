"""Pictures pass the tower in slices without a difference, and beside them every step still decodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import torch

from engine_bench import Bench, Medium
from qwen3_vl_webui.engine import encoder as module
from qwen3_vl_webui.engine.encoder import EncodeError, Encoder, Wanted
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import Pixels, Tokens
from qwen3_vl_webui.engine.vision_cache import VisionCache
from qwen3_vl_webui.model.pixels import resize

MEDIA = [Medium(1, 2, 3, 1), Medium(1, 2, 2, 2), Medium(1, 4, 3, 3)]


@pytest.fixture
def layers(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Slices of one layer; how many layers each call of the tower ran."""
    monkeypatch.setattr(module, "SLICE_SECONDS", 0.0)
    ran: list[int] = []
    advance = bench.model.visual.advance

    def counted(encoding: Any, count: int) -> None:
        ran.append(count)
        advance(encoding, count)

    monkeypatch.setattr(bench.model.visual, "advance", counted)
    return ran


def wanted(bench: Bench) -> list[Wanted]:
    """The spans of a prompt with three pictures, each with its sequence."""
    engine = bench.engine()
    bench.add(engine, bench.request("r", [3, *MEDIA]))
    (sequence,) = engine._groups["r"].sequences
    return [(span, sequence) for span in sequence.group.spans]


def encoder(bench: Bench) -> Encoder:
    return Encoder(bench.model.visual, VisionCache(1 << 20), dtype=torch.float32, device=torch.device("cpu"))


def test_slices_give_what_the_whole_gives(bench: Bench, layers: list[int]) -> None:
    spans = wanted(bench)
    whole, sliced = encoder(bench), encoder(bench)
    whole.encode(spans)
    del layers[:]
    for span, _ in spans:
        sliced.vision.pin(span.key)
    depth = bench.config.vision.depth
    for _ in range(depth - 1):
        sliced.advance(spans)
        assert not any(span.key in sliced.vision for span, _ in spans)
    sliced.advance([])  # what was begun goes on as long as it is pinned
    assert [span.key in sliced.vision for span, _ in spans] == [True, False, False]
    while not all(span.key in sliced.vision for span, _ in spans):
        sliced.advance(spans)
    assert layers == [1] * 3 * depth
    for span, _ in spans:
        torch.testing.assert_close(sliced.vision[span.key], whole.vision[span.key])
    sliced.advance(spans)  # nothing is left to do
    assert len(layers) == 3 * depth


def test_what_fits_into_a_slice_passes_whole_and_together(bench: Bench, layers: list[int]) -> None:
    spans = wanted(bench)
    one = encoder(bench)
    for span, _ in spans:
        one.vision.pin(span.key)
    module.SLICE_SECONDS, one._pace._rate = 1.0, 1e18  # the fixture puts the first one back
    one.advance(spans)
    assert layers == [bench.config.vision.depth]
    assert all(span.key in one.vision for span, _ in spans)


def test_what_nobody_needs_any_more_is_dropped(bench: Bench, layers: list[int]) -> None:
    first, second, _ = wanted(bench)
    one = encoder(bench)
    one.vision.pin(first[0].key)
    one.advance([first])
    one.vision.unpin(first[0].key)
    one.vision.pin(second[0].key)
    for _ in range(bench.config.vision.depth):
        one.advance([second])
    assert first[0].key not in one.vision
    assert second[0].key in one.vision


def test_a_slice_under_way_is_ended_when_its_picture_is_needed_at_once(bench: Bench, layers: list[int]) -> None:
    spans = wanted(bench)
    one = encoder(bench)
    one.vision.pin(spans[0][0].key)
    one.advance(spans[:1])
    one.encode(spans)
    assert layers == [1, bench.config.vision.depth - 1, bench.config.vision.depth]
    assert all(span.key in one.vision for span, _ in spans)


def test_a_failure_in_a_slice_is_told_at_the_next_step(
    bench: Bench, layers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = wanted(bench)
    one = encoder(bench)
    patches: Callable[..., torch.Tensor] = one._patches

    def faulty(span: Any, sequence: Any) -> torch.Tensor:
        if span is spans[1][0]:
            raise RuntimeError("a broken picture")
        return patches(span, sequence)

    monkeypatch.setattr(one, "_patches", faulty)
    for span, _ in spans:
        one.vision.pin(span.key)
    module.SLICE_SECONDS, one._pace._rate = 1.0, 1e18
    one.advance(spans)  # the batch fails: each is tried alone
    with pytest.raises(EncodeError) as told:
        one.encode([])
    assert list(told.value.failures) == [spans[1][0].key]
    assert spans[0][0].key in one.vision
    assert spans[2][0].key in one.vision
    one.encode([])  # told once


def test_a_picture_may_come_in_another_size_than_its_grid(bench: Bench) -> None:
    request = bench.request("r", [3, MEDIA[2], 4], max_tokens=6)
    (medium,) = request.media
    source = torch.randint(0, 256, (1, 90, 130, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    resized = resize(source, 16 * medium.grid[1], 16 * medium.grid[2])
    answers = []
    for frames in (source, resized):
        engine = bench.engine()
        media = (msgspec.structs.replace(medium, pixels=Pixels(name="", shape=tuple(frames.shape))),)
        engine.add(msgspec.structs.replace(request, media=media), {medium.key: frames})
        answers.append(bench.collect(bench.drain(engine))["r"][0].tokens)
    assert answers[0] == answers[1]


def test_every_step_decodes_while_pictures_are_encoded(bench: Bench, layers: list[int]) -> None:
    engine = bench.engine()
    talker = bench.request("talker", [5], max_tokens=60, ignore_eos=True)
    viewer = bench.request("viewer", [5, *MEDIA, 4])
    bench.add(engine, talker)
    for _ in range(3):
        engine.step()
    bench.add(engine, viewer)
    del layers[:]
    answers: dict[str, list[int]] = {"talker": [], "viewer": []}
    quiet = 0
    while not answers["viewer"]:
        ran = len(layers)
        outputs = [one for one in engine.step() if isinstance(one, Tokens)]
        assert sum(layers[ran:]) <= 1
        quiet += "talker" not in {one.request_id for one in outputs}
        for one in outputs:
            answers[one.request_id] += one.token_ids
    assert quiet == 0
    assert sum(layers) >= bench.config.vision.depth
    outputs = bench.drain(engine)
    viewed = answers["viewer"] + [
        t for one in outputs if isinstance(one, Tokens) and one.request_id == "viewer" for t in one.token_ids
    ]
    assert viewed == bench.greedy(viewer)
    bench.assert_all_free(engine)


def test_the_tower_may_compute_in_another_format_than_the_decoder(bench: Bench) -> None:
    request = bench.request("r", [3, *MEDIA])
    plain = bench.engine()
    mixed = Engine(msgspec.structs.replace(plain.config, tower_dtype="bfloat16"))
    for engine in (plain, mixed):
        assert bench.run(engine, [request])["r"][0].reason is not None
    assert mixed.model.visual.pos_embed.weight.dtype == torch.bfloat16
    assert mixed.model.lm_head.weight.dtype == torch.float32
    for medium in request.media:
        exact = plain._vision[medium.key, 0]
        away = (mixed._vision[medium.key, 0].float() - exact).norm() / exact.norm()
        assert 0 < away < 0.02
