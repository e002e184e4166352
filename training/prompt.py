"""Prompts as the chat template renders them, directly in token ids and MRoPE positions, and pictures in patches."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

from training.scene import Sample, Turn

_TOOLS = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>\n{tools}\n</tools>\n\n"
    "For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n"
    '{{"name": <function-name>, "arguments": <args-json-object>}}\n</tool_call>'
)


@dataclass(frozen=True)
class Prefix:
    """What all conversations about the same media share."""

    ids: np.ndarray  # [n]
    positions: np.ndarray  # [3, n]
    visual: np.ndarray  # [n], 1 + number of the visual token, 0 for text
    patches: np.ndarray  # uint8 [patches, 768 or 1536], merge-block order; channels, (frames,) rows, columns
    place: np.ndarray  # int16 [5, patches]
    next_position: int


@lru_cache(maxsize=4096)
def _encode(tokenizer_id: int, text: str) -> tuple[int, ...]:
    return tuple(_TOKENIZERS[tokenizer_id].encode(text, add_special_tokens=False).ids)


_TOKENIZERS: dict[int, Tokenizer] = {}


def encode(tokenizer: Tokenizer, text: str, *, cached: bool = False) -> list[int]:
    if cached:
        _TOKENIZERS[id(tokenizer)] = tokenizer
        return list(_encode(id(tokenizer), text))
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def system_text(sample: Sample) -> str:
    if sample.tools:
        tools = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in sample.tools)
        return (
            "<|im_start|>system\n"
            + (sample.system + "\n\n" if sample.system else "")
            + _TOOLS.format(tools=tools)
            + "<|im_end|>\n"
        )
    return f"<|im_start|>system\n{sample.system}<|im_end|>\n" if sample.system else ""


def cut(frames: np.ndarray) -> tuple[np.ndarray, int, int]:
    """uint8 [1 or 2, h, w, 3] -> patches [n, 3 * frames * 256] in merge-block order, and the rows and columns of patches."""
    t, h, w, _ = frames.shape
    blocks = frames.reshape(t, h // 32, 2, 16, w // 32, 2, 16, 3).transpose(1, 4, 2, 5, 7, 0, 3, 6)
    return blocks.reshape(-1, 3 * t * 256), h // 16, w // 16


@lru_cache(maxsize=512)
def _grid(rows: int, columns: int) -> np.ndarray:
    """int16 [4, rows * columns]: row, column, rows, columns of each patch in merge-block order."""
    row, column = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    order = [x.reshape(rows // 2, 2, columns // 2, 2).transpose(0, 2, 1, 3).reshape(-1) for x in (row, column)]
    return np.stack([*order, np.full(rows * columns, rows), np.full(rows * columns, columns)]).astype(np.int16)


def prefix(tokenizer: Tokenizer, sample: Sample) -> Prefix:
    """System prompt, the user's opening and all media."""
    ids: list[int] = []
    visual: list[np.ndarray] = []
    positions: list[np.ndarray] = []
    patches: list[np.ndarray] = []
    places: list[np.ndarray] = []
    position = seen = 0

    def text(tokens: Sequence[int]) -> None:
        nonlocal position
        ids.extend(tokens)
        positions.append(np.tile(np.arange(position, position + len(tokens)), (3, 1)))
        visual.append(np.zeros(len(tokens), np.int64))
        position += len(tokens)

    def picture(frames: np.ndarray, pad: int, group: int) -> None:
        nonlocal position, seen
        cells, rows, columns = cut(frames)
        h, w = rows // 2, columns // 2
        ids.extend([pad] * (h * w))
        r, c = np.divmod(np.arange(h * w), w)
        positions.append(position + np.stack([np.zeros(h * w, np.int64), r, c]))
        visual.append(1 + seen + np.arange(h * w))
        position += max(h, w)
        seen += h * w
        patches.append(cells)
        places.append(np.concatenate([_grid(rows, columns), np.full((1, rows * columns), group, np.int16)]))

    start, end = encode(tokenizer, "<|vision_start|>", cached=True), encode(tokenizer, "<|vision_end|>", cached=True)
    opening = system_text(sample) + "<|im_start|>user\n"
    text(encode(tokenizer, opening, cached=not sample.tools))
    for number, pixels in enumerate(sample.pictures, 1):
        if sample.vision_ids:
            text(encode(tokenizer, f"Picture {number}: ", cached=True))
        text(start)
        picture(pixels[None], encode(tokenizer, "<|image_pad|>", cached=True)[0], number)
        text(end)
        position += sample.stretch
    for k, seconds in enumerate(sample.times):
        assert sample.frames is not None
        text(encode(tokenizer, f"<{seconds:.1f} seconds>") + start)
        picture(sample.frames[2 * k : 2 * k + 2], encode(tokenizer, "<|video_pad|>", cached=True)[0], k + 1)
        text(end)
    width = 768 if sample.frames is None else 1536
    return Prefix(
        ids=np.asarray(ids),
        positions=np.concatenate(positions, 1),
        visual=np.concatenate(visual),
        patches=np.concatenate(patches) if patches else np.zeros((0, width), np.uint8),
        place=np.concatenate(places, 1) if places else np.zeros((5, 0), np.int16),
        next_position=position,
    )


def question(tokenizer: Tokenizer, turn: Turn, thinking: bool) -> list[int]:
    """What follows the media: the question and the generation prompt."""
    return encode(tokenizer, f"{turn.question}<|im_end|>\n<|im_start|>assistant\n" + ("<think>\n" if thinking else ""))


def answer_text(turn: Turn, thinking: bool) -> tuple[str, str]:
    """The chain up to its end, if there is one, and the rest; they meet at a token of its own."""
    if not thinking:
        return "", f"{turn.answer}<|im_end|>"
    return f"{turn.thinking}\n</think>", f"\n\n{turn.answer}<|im_end|>"


# In an answer, a number in brackets that is a coordinate: its first digit says most, its last hardly anything.
_COORDINATES = re.compile(r"\[\d+(?:, ?\d+)+\]")
_DIGIT_WEIGHTS = ((1.0,), (2.5, 1.0), (4.0, 2.5, 0.7), (4.0, 2.5, 0.7, 0.7))
# In a chain, a time read off the stamps of a clip: its digits say which event is meant, and everything behind follows from them.
_STAMPS = re.compile(r"\d+\.\d(?= s\b|秒)")
_STAMP_WEIGHT = 3.0
# In a page's code: its tags are what is seen of it as a whole, the digits of its colours are half guessed.
_CODE = [(re.compile(r"</?[a-z]+\d?"), 2.0), (re.compile(r"(?<=#)[0-9a-f]{3}\b"), 0.3)]


def weights(tokenizer: Tokenizer, text: str) -> tuple[list[int], list[float]]:
    """Token ids of something that is learnt, and how much each of them counts."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    ids, counts = list(encoding.ids), [1.0] * len(encoding.ids)
    important = {i: _STAMP_WEIGHT for match in _STAMPS.finditer(text) for i in range(match.start(), match.end())}
    for match in _COORDINATES.finditer(text):
        for number in re.finditer(r"\d+", match[0]):
            for index, weight in enumerate(_DIGIT_WEIGHTS[min(4, len(number[0])) - 1]):
                important[match.start() + number.start() + index] = weight
    if important:
        for index, (start, end) in enumerate(encoding.offsets):
            if end == start + 1 and start in important:
                counts[index] = important[start]
    if "<body>" in text:
        for pattern, weight in _CODE:
            inside = {i for match in pattern.finditer(text) for i in range(*match.span())}
            counts = [
                weight if start in inside or end - 1 in inside else count
                for count, (start, end) in zip(counts, encoding.offsets, strict=True)
            ]
    return ids, counts


class Spoken(NamedTuple):
    """Tokens of one conversation, how much each is to be learnt, and how much its answers count together, without their chains."""

    ids: list[int]
    weights: list[float]
    answers: float


def conversation(tokenizer: Tokenizer, turns: Sequence[Turn], thinking: bool) -> Spoken:
    """Earlier turns appear without their chains, as the template drops them, and Thinking learns only the last.

    Short answers count more than their tokens, and a chain as much a token as the answer that it leads to.
    """
    ids: list[int] = []
    learn: list[float] = []
    answers = 0.0
    for number, turn in enumerate(turns):
        last = number == len(turns) - 1
        if number:
            ids += encode(tokenizer, "\n<|im_start|>user\n", cached=True)
        ids += question(tokenizer, turn, thinking and last)
        learn += [0.0] * (len(ids) - len(learn))
        chain, answer = answer_text(turn, thinking and last)
        given, counts = weights(tokenizer, answer)
        thought, steps = weights(tokenizer, chain) if chain else ([], [])
        ids += thought + given
        share = min(2.0, max(0.4, (16 / len(given)) ** 0.5)) if last or not thinking else 0.0
        learn += [share * count for count in steps + counts]
        answers += share * sum(counts)
    return Spoken(ids, learn, answers)
