"""Samples to rows of fixed shape: the shared prefix (system prompt and media) once, then independent conversations that do not see each other."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from tokenizers import Tokenizer

from training.mixture import SizeClass
from training.prompt import Prefix, conversation, prefix
from training.scene import Sample

PADDING = 255  # segment number of unused tokens


@dataclass(frozen=True)
class Layout:
    """Names, shapes (of one row) and dtypes of a batch's arrays."""

    fields: dict[str, tuple[tuple[int, ...], str]]

    @classmethod
    def of(cls, size: SizeClass, frames: int) -> Layout:
        p, n = size.patches, size.length
        return cls({
            "patches": ((p, frames * 768), "uint8"),
            "place": ((5, p), "uint8"),  # row, column, rows, columns (of patches), group (0: unused)
            "ids": ((n,), "int16"),
            "positions": ((3, n), "int16"),
            "segment": ((n,), "uint8"),
            "visual": ((n,), "int16"),  # 1 + number of the visual token, 0 for text
            "target": ((n,), "int16"),  # the next token
            "weight": ((n,), "float32"),  # of its loss, 0 where nothing is learnt
        })  # fmt: skip

    def bytes(self, rows: int) -> int:
        return sum(-(-rows * int(np.prod(shape)) * np.dtype(kind).itemsize // 64) * 64 for shape, kind in self.fields.values())

    def arrays(self, buffer: np.ndarray, rows: int) -> dict[str, np.ndarray]:
        """Views of a uint8 buffer."""
        views, start = {}, 0
        for name, (shape, kind) in self.fields.items():
            count = rows * int(np.prod(shape)) * np.dtype(kind).itemsize
            views[name] = buffer[start : start + count].view(kind).reshape(rows, *shape)
            start += -(-count // 64) * 64
        return views


def fill(row: dict[str, np.ndarray], index: int, tokenizer: Tokenizer, sample: Sample, rng: Random, edition: str) -> bool:
    """Writes one sample into row `index` of the arrays. False when not even one conversation fits."""
    length = row["ids"].shape[1]
    head: Prefix = prefix(tokenizer, sample)
    start = len(head.ids)
    if start + 8 > length or head.patches.shape[0] > row["place"].shape[2]:
        return False
    ids, positions, segment = row["ids"][index], row["positions"][index], row["segment"][index]
    visual, target, weight = row["visual"][index], row["target"][index], row["weight"][index]
    ids[:], positions[:], segment[:], visual[:], target[:], weight[:] = 0, 0, PADDING, 0, 0, 0
    ids[:start], positions[:, :start], segment[:start], visual[:start] = head.ids, head.positions, 0, head.visual
    place = row["place"][index]
    place[:] = 0
    place[2:4] = 2
    count = head.patches.shape[0]
    place[:, :count] = head.place
    patches = row["patches"][index]
    wanted = patches.shape[1]
    patches[:count] = head.patches if head.patches.shape[1] == wanted else np.repeat(head.patches.reshape(count, 3, 1, 256), 2, 2).reshape(count, wanted)
    at, number = start, 0
    for turns in sample.conversations:
        thinking = rng.random() < 0.5 if edition == "both" else edition == "thinking"
        tokens, learn = conversation(tokenizer, turns, thinking)
        if at + len(tokens) > length or number >= PADDING - 1:
            continue
        number += 1
        end = at + len(tokens)
        ids[at:end] = tokens
        positions[:, at:end] = head.next_position + np.arange(len(tokens))
        segment[at:end] = number
        target[at : end - 1] = tokens[1:]
        share = np.clip((16 / max(1, sum(learn))) ** 0.5, 0.4, 2.0)
        weight[at : end - 1] = np.asarray(learn[1:], np.float32) * share
        at = end
    return number > 0
