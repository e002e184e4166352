"""Token ids, grids, position ids and pixels are the reference's, over a table of oddities.

The reference is Hugging Face transformers as installed. For videos it keeps the template's `<|vision_start|>` and
`<|vision_end|>` around the groups of frames; the authors' own reference (transformers 4.57) replaces them, and so do
we. Both agree once the outer pair is taken out of the text before the reference expands it, which `Reference` does.
The per-frame cap of the authors' utilities is on (`cap_pixels_per_frame`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

import media_cases as make
from qwen3_vl_webui.model.pixels import to_patches
from qwen3_vl_webui.processing.messages import MediaBudget, MediaPart, Message, Part, TextPart, ToolCall
from qwen3_vl_webui.processing.processor import Processor
from qwen3_vl_webui.processing.source import Source
from reference import import_transformers

pytestmark = pytest.mark.reference


class Bytes:
    """Encoded media, made at first use, so that collecting the tests costs nothing."""

    def __init__(self, build: Callable[..., bytes], *args: Any, **options: Any) -> None:
        self._build = partial(build, *args, **options)

    @cached_property
    def data(self) -> bytes:
        return self._build()


@dataclass(frozen=True)
class Picture:
    source: Bytes
    in_8_bits: bool = False  # show the reference the values of `grey16` in 8 bits
    budget: MediaBudget = field(default_factory=MediaBudget)

    def reference(self) -> Image.Image:
        if self.in_8_bits:
            return Image.fromarray((make.grey16_values() / 257).round().astype(np.uint8))
        return ImageOps.exif_transpose(Image.open(BytesIO(self.source.data)))


@dataclass(frozen=True)
class Video:
    source: Bytes
    turn: int = 0  # degrees clockwise
    times: Sequence[float] | None = None  # of every frame, where the rate varies
    fps: float | None = None  # of the source, where the container does not say it
    clip: tuple[int, int] | None = None  # first and last frame of the wanted range
    budget: MediaBudget = field(default_factory=MediaBudget)


Content = str | Sequence[str | Picture | Video]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "天气 <b>now</b>",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@dataclass(frozen=True)
class Case:
    turns: Sequence[tuple[str, Content]]
    tools: Sequence[dict[str, Any]] = ()
    vision_ids: bool = False
    thinking: bool = False


def ask(*parts: str | Picture | Video, **options: Any) -> Case:
    return Case([("user", parts)], **options)


def _picture_cases() -> dict[str, Case]:
    sizes = [
        (1, 1), (1, 200), (200, 1), (2, 3), (16, 16), (31, 33), (32, 32), (48, 80), (255, 257), (256, 256), (300, 500),
        (640, 480), (1000, 30), (30, 1000), (1023, 767), (1920, 1080), (6400, 32), (32, 6400), (2, 400), (3000, 2000),
        (7680, 4320),
    ]  # fmt: skip
    cases = {f"picture {w}x{h}": ask(Picture(Bytes(make.bmp, w, h)), "What is this?") for w, h in sizes}
    cases |= {
        "greyscale": ask(Picture(Bytes(make.png, 90, 70, "L"))),
        "grey and alpha": ask(Picture(Bytes(make.transparent, mode="LA"))),
        "RGBA": ask(Picture(Bytes(make.transparent))),
        "RGBA in WebP": ask(Picture(Bytes(make.transparent, "WEBP"))),
        "palette": ask(Picture(Bytes(make.png, 90, 70, "P"))),
        "palette with transparency": ask(Picture(Bytes(make.palette_transparent))),
        "one bit": ask(Picture(Bytes(make.png, 90, 70, "1"))),
        "CMYK": ask(Picture(Bytes(make.cmyk))),
        # Pillow, and with it the reference, clips 16-bit grey to white: here it is shown the same values in 8 bits.
        "16 bit": ask(Picture(Bytes(make.grey16), in_8_bits=True)),
        "TIFF": ask(Picture(Bytes(make.tiff))),
        "progressive JPEG": ask(Picture(Bytes(make.progressive))),
        "animated GIF": ask(Picture(Bytes(make.animation, "GIF"))),
        "animated WebP": ask(Picture(Bytes(make.animation, "WEBP"))),
        "animated PNG": ask(Picture(Bytes(make.animation, "PNG"))),
    }
    cases |= {f"EXIF {n}": ask(Picture(Bytes(make.exif, n)), "Which way is up?") for n in range(2, 9)}
    small = MediaBudget(min_pixels=40_000, max_pixels=50_000)
    cases["budget"] = ask(Picture(Bytes(make.png, 640, 480), budget=small))
    cases["budget above the picture"] = ask(Picture(Bytes(make.png, 64, 48), budget=MediaBudget(min_pixels=1_000_000)))
    return cases


def _video_cases() -> dict[str, Case]:
    stamps = [0, 40, 80, 500, 540, 900, 1800, 1840, 1900, 2500, 4000, 4040]
    seconds = [stamp / 1000 for stamp in stamps]
    return {
        "video of 1 frame": ask(Video(Bytes(make.video, 1)), "What?"),
        "video of 2 frames": ask(Video(Bytes(make.video, 2))),
        "video of 3 frames": ask(Video(Bytes(make.video, 3))),
        "video of 7 frames": ask(Video(Bytes(make.video, 7))),
        "video of odd samples": ask(Video(Bytes(make.video, 60, fps=12, size=(64, 48)), budget=MediaBudget(fps=1.0))),
        "video 24 fps": ask("Watch:", Video(Bytes(make.video, 72)), "What happens?"),
        "video after punctuation": ask("Look!<", Video(Bytes(make.video, 20)), "<3"),
        "video 29.97 fps": ask(Video(Bytes(make.video, 90, fps=Fraction(30000, 1001)))),
        "video 60 fps": ask(Video(Bytes(make.video, 150, fps=60, size=(64, 64)))),
        "video 1 fps": ask(Video(Bytes(make.video, 9, fps=1))),
        "video at 5 fps": ask(Video(Bytes(make.video, 30, fps=10), budget=MediaBudget(fps=5.0))),
        "video of at most 3 frames": ask(Video(Bytes(make.video, 30, fps=10), budget=MediaBudget(max_frames=3))),
        "video budget": ask(Video(Bytes(make.video, 20, (320, 240)), budget=MediaBudget(max_pixels=4 * 64 * 64))),
        "video large": ask(Video(Bytes(make.video, 6, (1920, 1080)))),
        "video wide": ask(Video(Bytes(make.video, 8, (640, 32)))),
        "video tall": ask(Video(Bytes(make.video, 8, (32, 640)))),
        "video thin": ask(Video(Bytes(make.video, 8, (64, 20)))),
        "video 16x16": ask(Video(Bytes(make.video, 8, (16, 16)))),
        "video H.264": ask(Video(Bytes(make.video, 60, codec="libx264", fps=25, gop=10))),
        "video in Matroska": ask(Video(Bytes(make.video, 48, container="matroska"))),
        "video in WebM": ask(Video(Bytes(make.video, 20, container="webm", codec="libvpx"))),
        "video in AVI": ask(Video(Bytes(make.video, 30, container="avi"))),
        "video in a transport stream": ask(Video(Bytes(make.video, 30, container="mpegts", fps=25), fps=25)),
        "video in MPEG": ask(Video(Bytes(make.video, 30, container="mpeg", codec="mpeg2video", fps=25))),
        # What these two claim (24 and 4.6 frames a second) is wrong; the reference is told: 12 frames in 4.1 s.
        "variable rate": ask(
            Video(Bytes(make.video, 12, container="matroska", stamps=stamps), times=seconds, fps=12 / 4.1)
        ),
        "variable rate H.264": ask(
            Video(Bytes(make.video, 12, codec="libx264", stamps=stamps), times=seconds, fps=12 / 4.1)
        ),
        "turned 90": ask(Video(Bytes(make.rotated, 90), turn=90)),
        "turned 180": ask(Video(Bytes(make.rotated, 180), turn=180)),
        "turned 270": ask(Video(Bytes(make.rotated, 270), turn=270)),
        "two hours": ask(
            Video(Bytes(make.video, 7200, (32, 32), 1, gop=60), budget=MediaBudget(max_frames=64)), "Summarise."
        ),
        "clip of a video": ask(
            Video(Bytes(make.video, 100, fps=10), clip=(30, 60), budget=MediaBudget(start=3.0, end=6.0))
        ),
        "truncated Matroska": ask(Video(Bytes(make.truncated, 48, container="matroska"))),
        "truncated fragments": ask(
            Video(Bytes(make.truncated, 48, options={"movflags": "frag_keyframe+empty_moov"}), fps=24)
        ),
        "GIF as video": ask(Video(Bytes(make.animation, "GIF", 9), fps=5)),
    }


def _text_cases() -> dict[str, Case]:
    one, two = Picture(Bytes(make.png, 200, 100)), Picture(Bytes(make.png, 64, 300))
    clip = Video(Bytes(make.video, 12))
    call = ToolCall(id="1", name="weather", arguments='{"city": "上海", "days": [1, 2]}')
    turns: list[tuple[str, Any]] = [
        ("system", "You are brief."),
        ("user", "Weather? 你好"),
        ("assistant", [call]),
        ("tool", "sunny"),
        ("tool", ["see ", one]),
        ("user", "Thanks!"),
    ]
    return {
        "text": ask("Hello,  world!\n\n  你好 \t 12345 it's naïve cafe\u0301 🙂"),
        "empty": ask(""),
        "two pictures": ask(one, two, "Compare."),
        "the same picture twice": ask(one, "and", one),
        "numbered": ask(one, clip, two, "Which?", vision_ids=True),
        "mix in several turns": Case(
            [("system", "Be kind."), ("user", [one, "What?"]), ("assistant", "A cat."), ("user", [clip, "!", two])]
        ),
        "tools": Case(turns, tools=[WEATHER]),
        "Thinking": Case([("user", [one, "Why?"])], thinking=True),
        "Thinking drops old reasoning": Case(
            [("user", "1+1?"), ("assistant", ("hard", "2")), ("user", "and 2+2?")], thinking=True
        ),
        "Thinking keeps it while tools run": Case([*turns[:2], ("assistant", ("hm", call)), turns[3]], thinking=True),
    }


CASES = _picture_cases() | _video_cases() | _text_cases()


def _ours(case: Case, processor: Processor) -> Any:
    messages = []
    for role, content in case.turns:
        reasoning = None
        if isinstance(content, tuple) and role == "assistant":
            reasoning, rest = content
            content = [rest]
        parts: list[Part] = []
        calls = []
        for item in [content] if isinstance(content, str) else content:
            if isinstance(item, ToolCall):
                calls.append(item)
            elif isinstance(item, str):
                parts.append(TextPart(item))
            else:
                kind = "image" if isinstance(item, Picture) else "video"
                parts.append(MediaPart(kind=kind, source=Source.from_bytes(item.source.data), budget=item.budget))
        messages.append(Message(role=role, parts=tuple(parts), reasoning=reasoning, tool_calls=tuple(calls)))
    return processor.prepare(messages, tools=case.tools, add_vision_id=case.vision_ids)


class Reference:
    """The reference's processor of one folder, and its position ids (no weights)."""

    def __init__(self, folder: Path) -> None:
        transformers = import_transformers()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.processor = transformers.AutoProcessor.from_pretrained(folder)
            with torch.device("meta"):
                config = transformers.AutoConfig.from_pretrained(folder)
                self.model = transformers.models.qwen3_vl.modeling_qwen3_vl.Qwen3VLModel(config)

    def __call__(self, case: Case) -> tuple[str, Any, torch.Tensor, torch.Tensor]:
        conversation = []
        pictures: list[Picture] = []
        videos: list[Video] = []
        for role, content in case.turns:
            message: dict[str, Any] = {"role": role}
            if isinstance(content, tuple) and role == "assistant":
                message["reasoning_content"], rest = content
                content = [rest]
            items = [content] if isinstance(content, str) else list(content)
            if calls := [item for item in items if isinstance(item, ToolCall)]:
                import json

                message["tool_calls"] = [
                    {"type": "function", "function": {"name": c.name, "arguments": json.loads(c.arguments)}}
                    for c in calls
                ]
                items = [item for item in items if not isinstance(item, ToolCall)]
            pictures += [item for item in items if isinstance(item, Picture)]
            videos += [item for item in items if isinstance(item, Video)]
            if all(isinstance(item, str) for item in items):
                message["content"] = "".join(items)
            else:
                message["content"] = [
                    {"type": "text", "text": item}
                    if isinstance(item, str)
                    else {"type": "image" if isinstance(item, Picture) else "video"}
                    for item in items
                ]
            conversation.append(message)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = self.processor.tokenizer.apply_chat_template(
                conversation,
                tools=case.tools or None,
                add_generation_prompt=True,
                add_vision_id=case.vision_ids,
                tokenize=False,
            )
            inner = text.replace("<|vision_start|><|video_pad|><|vision_end|>", "<|video_pad|>")
            inputs = self.processor(text=[inner], return_tensors="pt", **self._media(pictures, videos))
            positions, delta = self.model.get_rope_index(
                inputs["input_ids"],
                mm_token_type_ids=inputs["mm_token_type_ids"],
                image_grid_thw=inputs.get("image_grid_thw"),
                video_grid_thw=inputs.get("video_grid_thw"),
            )
        return text, inputs, positions[:, 0], delta

    def _media(self, pictures: list[Picture], videos: list[Video]) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if pictures:
            options["images"] = [picture.reference() for picture in pictures]
            options["images_kwargs"] = {"size": _size(pictures[0].budget, 65536, 16777216)}
        if videos:
            sampled = [self._sample(video) for video in videos]
            options["videos"] = [torch.from_numpy(frames).permute(0, 3, 1, 2) for frames, _ in sampled]
            options["videos_kwargs"] = {
                "do_sample_frames": False,
                "cap_pixels_per_frame": True,
                "size": _size(videos[0].budget, 4096, 25165824),
                "video_metadata": [metadata for _, metadata in sampled],
            }
        return options

    def _sample(self, video: Video) -> tuple[np.ndarray, dict[str, Any]]:
        """Every frame decoded one after the other, and the reference's own choice among them."""
        frames, fps = _decode(video)
        first, last = video.clip or (0, len(frames) - 1)
        from transformers.video_utils import VideoMetadata

        sampler = self.processor.video_processor
        usual = sampler.max_frames, sampler.min_frames
        if video.budget.max_frames is not None:
            sampler.max_frames = video.budget.max_frames
            sampler.min_frames = min(usual[1], video.budget.max_frames)
        metadata = VideoMetadata(total_num_frames=last - first + 1, fps=fps)
        chosen = sampler.sample_frames(metadata, fps=video.budget.fps) + first
        sampler.max_frames, sampler.min_frames = usual
        if len(chosen) == 1:  # which the reference refuses
            chosen = np.repeat(chosen, 2)
        numbers = chosen.tolist()
        if video.times is not None:  # frame numbers of a clock of 1 ms say when the frames are
            numbers, fps = [round(video.times[i] * 1000) for i in numbers], 1000.0
        described = {
            "total_num_frames": len(frames),
            "fps": fps,
            "frames_indices": numbers,
            "duration": len(frames) / fps,
        }
        return frames[chosen], described


def _size(budget: MediaBudget, low: int, high: int) -> dict[str, int]:
    high = budget.max_pixels or high
    return {"shortest_edge": min(budget.min_pixels or low, high), "longest_edge": high}


def _decode(video: Video) -> tuple[np.ndarray, float]:
    if Source.from_bytes(video.source.data).kind == "image":
        image = Image.open(BytesIO(video.source.data))
        frames = []
        for i in range(image.n_frames):
            image.seek(i)
            frames.append(np.asarray(image.convert("RGB")))
    else:
        with av.open(BytesIO(video.source.data)) as container:
            rate = container.streams.video[0].average_rate
            frames = []
            try:
                for frame in container.decode(video=0):
                    frames.append(np.rot90(frame.to_ndarray(format="rgb24"), -video.turn // 90))
            except av.error.FFmpegError:
                assert frames, "nothing at all could be decoded"
    return np.stack(frames), video.fps or float(rate)


@pytest.fixture(scope="module")
def references(instruct_folder: Path, thinking_folder: Path) -> dict[bool, Reference]:
    return {False: Reference(instruct_folder), True: Reference(thinking_folder)}


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", CASES)
def test_prompt_is_the_references(
    name: str, references: dict[bool, Reference], processor: Processor, thinking_processor: Processor
) -> None:
    case = CASES[name]
    ours = _ours(case, thinking_processor if case.thinking else processor)
    text, inputs, positions, delta = references[case.thinking](case)
    assert ours.text == text
    assert ours.token_ids == inputs["input_ids"][0].tolist()
    grids = [inputs[key].tolist() for key in ("image_grid_thw", "video_grid_thw") if key in inputs]
    by_kind = sorted(zip(ours.seen, ours.media, strict=True), key=lambda pair: pair[0].kind)
    assert [list(item.grid) for _, item in by_kind] == [grid for group in grids for grid in group]
    assert np.array_equal(ours.positions, positions.numpy())
    assert ours.position_delta == delta.item()
    patches = [inputs[key] for key in ("pixel_values", "pixel_values_videos") if key in inputs]
    if patches:
        mine = [
            to_patches(torch.from_numpy(ours.pixels[m.key]), processor.config.vision, torch.float32)[0]
            for _, m in by_kind
        ]
        difference = (torch.cat(mine) - torch.cat(patches)).abs().max().item() * 0.5 * 255
        assert difference <= 1.001, f"pixels differ by {difference:.2f}/255"
