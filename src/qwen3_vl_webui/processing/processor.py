"""A conversation to what the engine takes: token ids, position ids, media with their pixels.

The checkpoint's template writes one placeholder a medium; here each becomes its visual tokens. A picture is
`<|vision_start|>` pads `<|vision_end|>`. A video replaces the whole `<|vision_start|><|video_pad|><|vision_end|>` of
the template by one `<{t:.1f} seconds><|vision_start|>` pads `<|vision_end|>` for each temporal group, t being the
mean time of its frames: so do the authors' reference (transformers 4.57) and vLLM; later transformers keep the outer
pair.

Pictures are resized here, or by the engine where its device is quicker at it (`device_resizes`); videos always here,
frame by frame. The pixels are kept for the next turns of a conversation, up to `MediaLimits.cache_bytes`.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qwen3_vl_webui.available_cores import available_cores
from qwen3_vl_webui.engine.request import MediaInput, Pixels, Span
from qwen3_vl_webui.errors import CheckpointError, InvalidRequest, words
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.processing.image import decode_image
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.messages import MediaPart, Message
from qwen3_vl_webui.processing.positions import position_ids
from qwen3_vl_webui.processing.sizes import ImageRule, VideoRule, load_rules
from qwen3_vl_webui.processing.source import Source
from qwen3_vl_webui.processing.template import ChatTemplate, Rendered
from qwen3_vl_webui.processing.tokenizer import Tokenizer

DECODING = 4  # media of one request that are decoded at once, at most: each may take much memory
HANDED_OVER = 2.0  # times the pixels that the model will see: a larger source is resized here, for the memory's sake
RESIZE = "bicubic-antialias-1"  # part of a medium's identity: change it when pixels change


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the model sees of one medium."""

    kind: str  # image, video
    original_size: tuple[int, int]  # width, height, upright
    seen_size: tuple[int, int]  # width, height after resizing
    visual_tokens: int
    frame_times: tuple[float, ...] = ()  # seconds in the source, of a video's frames
    fps: float | None = None  # frames a second of a video's source


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A prompt for the engine. `pixels` holds each medium once, by key: uint8 [frames, rows, columns, 3]."""

    text: str  # as the reference would print it, with one pad for each medium
    token_ids: list[int]
    positions: npt.NDArray[np.int32]  # [3, len(token_ids)]
    position_delta: int
    media: tuple[MediaInput, ...]  # in order of appearance
    pixels: dict[str, npt.NDArray[np.uint8]]
    seen: tuple[Seen, ...]  # in order of appearance
    in_reasoning: bool  # the prompt ends inside `<think>`


@dataclass(frozen=True, kw_only=True)
class _Medium:
    """One decoded and resized medium."""

    key: str
    grid: tuple[int, int, int]
    pixels: npt.NDArray[np.uint8]
    seen: Seen
    group_times: tuple[float, ...] = ()  # one for each temporal group of a video


class Processor:
    """The processing of one checkpoint. Safe to use from several threads; `prepare` is CPU work, so call it in one."""

    def __init__(
        self,
        *,
        config: ModelConfig,
        tokenizer: Tokenizer,
        template: ChatTemplate,
        image_rule: ImageRule,
        video_rule: VideoRule,
        limits: MediaLimits,
        device_resizes: bool = False,
    ) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.template = template
        self.image_rule = image_rule
        self.video_rule = video_rule
        self.limits = limits
        self.device_resizes = device_resizes
        self._cache = _MediaCache(limits.cache_bytes)
        vision = config.vision
        self._merge_area = vision.spatial_merge_size**2
        names = {token_id: name for name, token_id in tokenizer.special_tokens.items()}
        wanted = (
            config.image_token_id,
            config.video_token_id,
            config.vision_start_token_id,
            config.vision_end_token_id,
        )
        if missing := [token_id for token_id in wanted if token_id not in names]:
            reason = f"the ids {missing} of config.json are no special tokens"
            raise CheckpointError("checkpoint_config", path="tokenizer.json", reason=reason)
        self._image_pad, self._video_pad, self._vision_start, self._vision_end = (
            names[token_id] for token_id in wanted
        )
        start, image, video, end = map(
            re.escape, (self._vision_start, self._image_pad, self._video_pad, self._vision_end)
        )
        self._pad = re.compile(f"{start}(?P<pad>{image}|{video}){end}")

    @classmethod
    def load(cls, folder: Path, limits: MediaLimits, *, device_resizes: bool = False) -> Processor:
        """Read the tokenizer, the template and the sizes of a checkpoint folder; no weights.

        `device_resizes`: hand pictures to the engine as they are, unless they are much larger than what the model sees.
        """
        config = ModelConfig.load(folder)
        tokenizer = Tokenizer.load(folder)
        image_rule, video_rule = load_rules(folder, config.vision)
        return cls(
            config=config,
            tokenizer=tokenizer,
            template=ChatTemplate.load(folder, tokenizer),
            image_rule=image_rule,
            video_rule=video_rule,
            limits=limits,
            device_resizes=device_resizes,
        )

    @property
    def implicit_think(self) -> bool:
        """The template's generation prompt opens the reasoning, so only `</think>` is generated."""
        return self.template.opens_reasoning

    def prepare(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        add_vision_id: bool = False,
    ) -> Prompt:
        """Build the prompt. `InvalidRequest` or `TooLarge` name the part at fault as `messages[i].parts[j]`."""
        parts = [
            (part, f"messages[{i}].parts[{j}]")
            for i, message in enumerate(messages)
            for j, part in enumerate(message.parts)
            if isinstance(part, MediaPart)
        ]
        self._check_counts([part for part, _ in parts])
        rendered = self.template.render(messages, tools=tools, add_vision_id=add_vision_id)
        kinds = [
            "image" if match["pad"] == self._image_pad else "video" for match in self._pad.finditer(rendered.marked)
        ]
        if kinds != [part.kind for part, _ in parts]:
            raise InvalidRequest("media_position", field="messages")
        media = self._media(parts)
        token_ids, spans = self._expand(self.template.encode(self._with_times(rendered, media)), media)
        inputs = tuple(
            MediaInput(key=item.key, grid=item.grid, spans=runs, pixels=Pixels(name="", shape=_shape(item.pixels)))
            for item, runs in zip(media, spans, strict=True)
        )
        positions, delta = position_ids(len(token_ids), inputs, self.config.vision.spatial_merge_size)
        return Prompt(
            text=rendered.text,
            token_ids=token_ids,
            positions=positions,
            position_delta=delta,
            media=inputs,
            pixels={item.key: item.pixels for item in media},
            seen=tuple(item.seen for item in media),
            in_reasoning=self.template.opens_reasoning,
        )

    def _check_counts(self, parts: Sequence[MediaPart]) -> None:
        for kind, limit in (("image", self.limits.max_images), ("video", self.limits.max_videos)):
            count = sum(part.kind == kind for part in parts)
            if count > limit:
                raise InvalidRequest("media_count", field="messages", kind=words(kind), value=count, limit=limit)

    def _with_times(self, rendered: Rendered, media: Sequence[_Medium]) -> Rendered:
        """Give each temporal group of each video its time and a pad of its own. As text, so that it is tokenised with
        what stands before it, as in the reference."""
        todo = iter(media)

        def groups(match: re.Match[str]) -> str:
            item = next(todo)
            if match["pad"] == self._image_pad:
                return match[0]
            frame = f"{self._vision_start}{self._video_pad}{self._vision_end}"
            return "".join(f"<{time:.1f} seconds>{frame}" for time in item.group_times)

        return Rendered(self._pad.sub(groups, rendered.marked), rendered.mark)

    def _expand(self, ids: list[int], media: Sequence[_Medium]) -> tuple[list[int], list[tuple[Span, ...]]]:
        """Repeat each pad for the visual tokens of its picture or group; the runs of those tokens, medium by medium."""
        pads = (self.config.image_token_id, self.config.video_token_id)
        lengths = iter([item.grid[1] * item.grid[2] // self._merge_area for item in media for _ in range(item.grid[0])])
        out: list[int] = []
        runs: list[Span] = []
        for token in ids:
            if token in pads:
                length = next(lengths)
                runs.append(Span(len(out), length))
                out += [token] * length
            else:
                out.append(token)
        assert next(lengths, None) is None, "a pad was lost in tokenising"
        left = iter(runs)
        return out, [tuple(next(left) for _ in range(item.grid[0])) for item in media]

    def _media(self, parts: Sequence[tuple[MediaPart, str]]) -> list[_Medium]:
        """The media of the parts, each with its field; several are decoded at once, one that comes twice only once."""
        first: dict[object, tuple[MediaPart, str]] = {}
        for part, field in parts:
            first.setdefault(_cache_key(part), (part, field))
        if len(first) < 2:
            return [self._medium(part, field) for part, field in parts]
        with ThreadPoolExecutor(min(len(first), DECODING, available_cores()), "media") as pool:
            waiting = {key: pool.submit(self._medium, *one) for key, one in first.items()}
            try:
                return [waiting[_cache_key(part)].result() for part, _ in parts]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _medium(self, part: MediaPart, field: str) -> _Medium:
        cache_key = _cache_key(part)
        if (found := self._cache.get(cache_key)) is not None:
            return found
        medium = self._image(part, field) if part.kind == "image" else self._video(part, field)
        self._cache.put(cache_key, medium)
        return medium

    def _image(self, part: MediaPart, field: str) -> _Medium:
        source: Source = part.source
        if source.kind != "image":
            raise InvalidRequest("media_kind", field=field, expected=words("image"), mime=source.mime)
        for name in ("fps", "max_frames", "start", "end"):
            if getattr(part.budget, name) is not None:
                raise InvalidRequest("field_not_supported", field=f"{field}.{name}", reason=words("for_videos"))
        rule = self.image_rule.with_budget(part.budget, self.limits, field=field)
        frame = decode_image(source, self.limits.max_image_pixels, field=field)
        height, width = frame.shape[:2]
        rows, columns = rule.size(height, width, field=field)
        pixels = frame[None]
        if not self.device_resizes or height * width > HANDED_OVER * rows * columns:
            pixels = resize_frames(pixels, rows, columns)
        patch = self.config.vision.patch_size
        grid = (1, rows // patch, columns // patch)
        return _Medium(
            key=_identity(source, "image", rows, columns, [0]),
            grid=grid,
            pixels=pixels,
            seen=Seen(
                kind="image",
                original_size=(width, height),
                seen_size=(columns, rows),
                visual_tokens=grid[1] * grid[2] // self._merge_area,
            ),
        )

    def _video(self, part: MediaPart, field: str) -> _Medium:
        source: Source = part.source
        rule = self.video_rule.with_budget(part.budget, self.limits, field=field)
        try:
            from qwen3_vl_webui.processing.video import decode_video  # here: FFmpeg takes a while to load
        except ModuleNotFoundError as error:
            raise InvalidRequest(
                "media_broken", field=field, reason=words("not_installed", package=error.name)
            ) from error
        clip = decode_video(source, rule, part.budget, self.limits, resize_frames, field=field)
        rows, columns = clip.frames.shape[1:3]
        vision = self.config.vision
        group = vision.temporal_patch_size
        times = list(clip.times)
        times += times[-1:] * (-len(times) % group)  # an odd last frame is repeated
        groups = tuple((times[i] + times[i + group - 1]) / 2 for i in range(0, len(times), group))
        grid = (len(groups), rows // vision.patch_size, columns // vision.patch_size)
        return _Medium(
            key=_identity(source, "video", rows, columns, clip.indices),
            grid=grid,
            pixels=clip.frames,
            seen=Seen(
                kind="video",
                original_size=clip.original_size,
                seen_size=(columns, rows),
                visual_tokens=grid[0] * grid[1] * grid[2] // self._merge_area,
                frame_times=clip.times,
                fps=clip.fps,
            ),
            group_times=groups,
        )


def preload() -> None:
    """Get ready for the first picture or video in a process of its own: import what it needs, which takes a second.

    Pictures and frames are resized several at a time, each by one thread: teams would wait for each other's threads.
    """
    import torch

    import qwen3_vl_webui.model.pixels

    with suppress(ModuleNotFoundError):  # told to whoever sends a video
        import qwen3_vl_webui.processing.video  # noqa: F401

    torch.set_num_threads(1)


def resize_frames(frames: npt.NDArray[np.uint8], rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """Frames uint8 [n, height, width, 3] in the reference's resize; unchanged when they have the size already."""
    if frames.shape[1:3] == (rows, columns):
        return frames
    import torch  # here, so that importing this module stays light

    from qwen3_vl_webui.model.pixels import resize

    if not frames.flags.writeable:  # torch warns about sharing read-only memory
        frames = frames.copy()
    result: npt.NDArray[np.uint8] = resize(torch.from_numpy(frames), rows, columns).numpy()
    return result


class _MediaCache:
    """The most recently used media, up to a number of bytes."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._items: OrderedDict[object, _Medium] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object) -> _Medium | None:
        with self._lock:
            if (item := self._items.get(key)) is not None:
                self._items.move_to_end(key)
            return item

    def put(self, key: object, item: _Medium) -> None:
        with self._lock:
            if key in self._items or item.pixels.nbytes > self._capacity:
                return
            self._items[key] = item
            self._size += item.pixels.nbytes
            while self._size > self._capacity:
                _, old = self._items.popitem(last=False)
                self._size -= old.pixels.nbytes


def _cache_key(part: MediaPart) -> object:
    source: Source = part.source
    return source.sha256, part.kind, part.budget


def _identity(source: Source, kind: str, rows: int, columns: int, indices: Sequence[int]) -> str:
    """A hash of the bytes and of everything that changes the features made from them."""
    options = f"{source.sha256}|{kind}|{rows}x{columns}|{RESIZE}|{','.join(map(str, indices))}"
    return hashlib.sha256(options.encode()).hexdigest()


def _shape(pixels: npt.NDArray[np.uint8]) -> tuple[int, int, int, int]:
    frames, rows, columns, channels = pixels.shape
    return frames, rows, columns, channels
