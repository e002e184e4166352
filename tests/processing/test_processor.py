"""Prompts: media identity, the cache of decoded media, budgets, counts, and what a wrong checkpoint or part is told."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run
from typing import Any

import numpy as np
import pytest
import torch

import media_cases as make
from qwen3_vl_webui.errors import CheckpointError, InvalidRequest, TooLarge
from qwen3_vl_webui.model.pixels import resize
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.messages import MediaBudget, MediaPart, Message, TextPart
from qwen3_vl_webui.processing.processor import Processor, Prompt, preload
from qwen3_vl_webui.processing.source import Source

PICTURE, CLIP = make.png(400, 300), make.video(40, (64, 64), 10)


def image(data: bytes = PICTURE, **budget: Any) -> MediaPart:
    return MediaPart(kind="image", source=Source.from_bytes(data), budget=MediaBudget(**budget))


def video(data: bytes = CLIP, **budget: Any) -> MediaPart:
    return MediaPart(kind="video", source=Source.from_bytes(data), budget=MediaBudget(**budget))


def prepare(processor: Processor, *parts: MediaPart | TextPart) -> Prompt:
    return processor.prepare([Message(role="user", parts=parts)])


def key(processor: Processor, part: MediaPart) -> str:
    return prepare(processor, part).media[0].key


def test_a_medium_is_known_by_its_bytes_and_by_what_changes_its_features(processor: Processor) -> None:
    same = [image(), image(max_pixels=1_000_000), image(min_pixels=1000)]  # budgets that change nothing here
    assert len({key(processor, part) for part in same}) == 1
    other = [
        image(),
        image(make.png(400, 301)),
        image(max_pixels=60_000),
        video(),
        video(fps=5.0),
        video(start=1.0),
        video(max_frames=3),
        video(max_pixels=10_000),
        MediaPart(kind="video", source=Source.from_bytes(PICTURE)),
    ]
    assert len({key(processor, part) for part in other}) == len(other)


def test_the_same_picture_twice_travels_once(processor: Processor) -> None:
    prompt = prepare(processor, image(), image())
    assert len(prompt.media) == 2
    assert len(prompt.pixels) == 1
    assert prompt.media[0].spans != prompt.media[1].spans


def test_media_decoded_together_stay_in_order_and_each_is_decoded_once(
    instruct_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [(400, 300), (64, 320), (320, 64), (256, 256)]
    pictures = [make.png(*size) for size in sizes]
    processor = Processor.load(instruct_folder, MediaLimits())
    decoded: list[str] = []
    one_by_one = processor._image

    def counted(part: MediaPart, field: str) -> Any:
        decoded.append(field)
        return one_by_one(part, field)

    monkeypatch.setattr(processor, "_image", counted)
    prompt = prepare(processor, *map(image, pictures), video(), *map(image, reversed(pictures)))
    assert [one.original_size for one in prompt.seen if one.kind == "image"] == sizes + sizes[::-1]
    assert sorted(decoded) == [f"messages[0].parts[{at}]" for at in range(4)]


def test_the_first_broken_medium_is_named(processor: Processor) -> None:
    broken = image(make.png(300, 200)[:60])
    with pytest.raises(InvalidRequest) as refused:
        prepare(processor, image(make.png(40, 41)), broken, image(make.png(40, 42)), broken)
    assert refused.value.field == "messages[0].parts[1]"


def test_spans_cover_exactly_the_pads(processor: Processor) -> None:
    prompt = prepare(processor, TextPart("a"), image(), video(), TextPart("b"))
    pads = {processor.config.image_token_id, processor.config.video_token_id}
    covered = [i for item in prompt.media for span in item.spans for i in range(span.start, span.start + span.length)]
    assert covered == [i for i, token in enumerate(prompt.token_ids) if token in pads]
    for item, seen in zip(prompt.media, prompt.seen, strict=True):
        frames, rows, columns, channels = item.pixels.shape
        assert prompt.pixels[item.key].shape == item.pixels.shape
        assert (rows // 16, columns // 16, channels) == (*item.grid[1:], 3)
        assert item.grid[0] == -(-frames // 2) if seen.kind == "video" else 1
        assert len(item.spans) == item.grid[0]
        assert sum(span.length for span in item.spans) == seen.visual_tokens


def test_a_device_that_resizes_gets_the_picture_as_it_is_unless_it_is_much_larger(instruct_folder: Path) -> None:
    here, there = (Processor.load(instruct_folder, MediaLimits(), device_resizes=where) for where in (False, True))
    for part, as_it_is in ((image(), True), (image(make.png(40, 30)), True), (image(max_pixels=40_000), False)):
        (ours,), (theirs,) = (prepare(one, part).media for one in (here, there))
        assert ours.key == theirs.key
        assert ours.grid == theirs.grid
        _, rows, columns, _ = ours.pixels.shape
        assert (rows, columns) == (16 * ours.grid[1], 16 * ours.grid[2])
        assert (theirs.pixels.shape == ours.pixels.shape) != as_it_is
    resized = torch.from_numpy(prepare(here, image()).pixels[key(here, image())])
    source = torch.from_numpy(prepare(there, image()).pixels[key(there, image())])
    assert torch.equal(resize(source, *resized.shape[1:3]), resized)
    assert prepare(here, video()).media[0].pixels == prepare(there, video()).media[0].pixels


def test_what_was_seen_is_told(processor: Processor) -> None:
    picture, clip = prepare(processor, image(max_pixels=70_000), video()).seen
    assert (picture.kind, picture.original_size, picture.frame_times, picture.fps) == ("image", (400, 300), (), None)
    assert picture.seen_size[0] * picture.seen_size[1] <= 70_000
    assert (clip.kind, clip.original_size, clip.seen_size, clip.fps) == ("video", (64, 64), (64, 64), 10.0)
    assert clip.frame_times == pytest.approx((0, 0.6, 1.1, 1.7, 2.2, 2.8, 3.3, 3.9))


def test_media_of_earlier_turns_are_not_decoded_again(instruct_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qwen3_vl_webui.processing import processor as module

    decoded: list[str] = []
    real = module.decode_image
    monkeypatch.setattr(module, "decode_image", lambda *args, **options: decoded.append("") or real(*args, **options))
    processor = Processor.load(instruct_folder, MediaLimits(cache_bytes=1_000_000))
    first, again = prepare(processor, image()), prepare(processor, image())
    assert len(decoded) == 1
    assert np.array_equal(first.pixels[first.media[0].key], again.pixels[again.media[0].key])
    for width in range(300, 330):  # more than the cache holds
        prepare(processor, image(make.png(width, 200)))
    prepare(processor, image())
    assert len(decoded) == 32


def test_several_threads_share_a_processor(processor: Processor) -> None:
    parts = [image(make.png(60 + i % 5, 50)) for i in range(30)]
    alone = [prepare(processor, part).token_ids for part in parts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda part: prepare(processor, part).token_ids, parts)) == alone


def test_a_video_too_narrow_is_told_its_own_size(processor: Processor) -> None:
    with pytest.raises(InvalidRequest, match="2 x 512"):
        prepare(processor, video(make.video(4, (2, 512))))


@pytest.mark.parametrize(
    ("part", "code", "field"),
    [
        (image(fps=2.0), "field_not_supported", "messages[0].parts[1].fps"),
        (image(start=2.0), "field_not_supported", "messages[0].parts[1].start"),
        (image(max_pixels=100), "value_out_of_range", "messages[0].parts[1].max_pixels"),
        (image(max_pixels=10**9), "value_out_of_range", "messages[0].parts[1].max_pixels"),
        (image(min_pixels=70_000, max_pixels=60_000), "value_out_of_range", "messages[0].parts[1].min_pixels"),
        (image(make.bmp(201, 1)), "media_aspect", "messages[0].parts[1]"),
        (image(PICTURE[:60]), "media_broken", "messages[0].parts[1]"),
        (image(CLIP), "media_kind", "messages[0].parts[1]"),
        (video(make.video(4, (2, 512))), "media_aspect", "messages[0].parts[1]"),
    ],
)
def test_errors_name_the_part(processor: Processor, part: MediaPart, code: str, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        prepare(processor, TextPart("Look:"), part)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.message("zh")


def test_without_the_videos_decoder_all_else_goes_on(processor: Processor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "qwen3_vl_webui.processing.video", raising=False)
    monkeypatch.setitem(sys.modules, "av", None)  # as if it were not installed
    preload()
    prepare(processor, image(), TextPart("a"))
    with pytest.raises(InvalidRequest, match="the package av is not installed") as caught:
        prepare(processor, video(make.video(5, (64, 64))))
    assert caught.value.code == "media_broken"


def test_counts_and_sizes_are_limited(instruct_folder: Path) -> None:
    processor = Processor.load(instruct_folder, MediaLimits(max_images=2, max_videos=1, max_image_pixels=30_000))
    with pytest.raises(InvalidRequest, match="3 pictures and the limit is 2"):
        prepare(processor, image(), image(), image())
    with pytest.raises(InvalidRequest, match="2 videos and the limit is 1"):
        prepare(processor, video(), video())
    with pytest.raises(TooLarge, match="400 x 300"):
        prepare(processor, image())


def test_a_server_may_cap_what_the_checkpoint_would_take(instruct_folder: Path) -> None:
    processor = Processor.load(instruct_folder, MediaLimits(max_pixels=70_000, max_video_frames=3))
    picture, clip = prepare(processor, image(make.png(640, 640)), video()).seen
    assert picture.seen_size == (256, 256)
    assert len(clip.frame_times) == 3


def _change(folder: Path, name: str, **values: Any) -> None:
    path = folder / name
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | values), encoding="utf-8")


def test_sizes_come_from_the_checkpoints_files(instruct_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(instruct_folder, tmp_path / "copy"))
    _change(folder, "preprocessor_config.json", size={"shortest_edge": 32 * 32, "longest_edge": 64 * 64})
    _change(folder, "video_preprocessor_config.json", fps=1, min_frames=2, max_frames=3, cap_pixels_per_frame=False)
    processor = Processor.load(folder, MediaLimits())
    assert prepare(processor, image(make.png(640, 640))).seen[0].seen_size == (64, 64)
    large = make.video(8, (1280, 720), 2)
    assert len(prepare(processor, video(large)).seen[0].frame_times) == 3
    assert prepare(processor, video(large)).seen[0].seen_size == (1280, 704)
    (folder / "video_preprocessor_config.json").unlink()  # older checkpoints: the published numbers
    rows, columns = prepare(Processor.load(folder, MediaLimits()), video(large)).media[0].grid[1:]
    assert rows * columns // 4 <= 768


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "preprocessor_config.json"])
def test_a_missing_or_broken_file_is_named(name: str, instruct_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(instruct_folder, tmp_path / "copy"))
    (folder / name).write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match=name):
        Processor.load(folder, MediaLimits())
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        Processor.load(folder, MediaLimits())


def test_files_that_disagree_are_refused(instruct_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(instruct_folder, tmp_path / "copy"))
    _change(folder, "preprocessor_config.json", patch_size=14)
    with pytest.raises(CheckpointError, match="patch_size is 14, the model has 16"):
        Processor.load(folder, MediaLimits())
    folder = Path(shutil.copytree(instruct_folder, tmp_path / "copy2"))
    _change(folder, "config.json", image_token_id=5)
    with pytest.raises(CheckpointError, match="are no special tokens"):
        Processor.load(folder, MediaLimits())


@pytest.mark.parametrize("name", ["preprocessor_config.json", "video_preprocessor_config.json"])
@pytest.mark.parametrize(
    ("key", "value"), [("image_mean", [0.48, 0.46, 0.41]), ("image_std", [0.27, 0.26, 0.28]), ("do_normalize", False)]
)
def test_another_normalisation_than_the_engines_is_refused(
    instruct_folder: Path, tmp_path: Path, name: str, key: str, value: object
) -> None:
    folder = Path(shutil.copytree(instruct_folder, tmp_path / "copy"))
    _change(folder, name, **{key: value})
    with pytest.raises(CheckpointError, match=f"{name}.*{key}"):
        Processor.load(folder, MediaLimits())


def test_importing_processing_loads_no_network_library() -> None:
    """The command line and the fetching side start without PyTorch."""
    code = "import sys, qwen3_vl_webui.processing.{0}; assert 'torch' not in sys.modules"
    for module in ("processor", "media", "output"):
        assert run([sys.executable, "-c", code.format(module)], check=False).returncode == 0
    code = "import sys, qwen3_vl_webui.server.service; assert 'av' not in sys.modules"  # nor FFmpeg, for its own sake
    assert run([sys.executable, "-c", code], check=False).returncode == 0
