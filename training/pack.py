"""Samples to rows of fixed shape: each sample's prefix (system prompt and media) once, then its conversations, which do not see each other."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from tokenizers import Tokenizer

from training.mixture import SizeClass, draw
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
        return cls(
            {
                "patches": ((p, frames * 768), "uint8"),
                "place": ((5, p), "uint8"),  # row, column, rows, columns (of patches), group (0: unused)
                "ids": ((n,), "int16"),
                "positions": ((3, n), "int16"),
                "segment": ((n,), "uint8"),  # number of the prefix or conversation
                "owner": ((n,), "uint8"),  # number of the prefix that a conversation belongs to
                "visual": ((n,), "int16"),  # 1 + number of the visual token in the row, 0 for text
                "target": ((n,), "int16"),  # the next token
                "weight": ((n,), "float32"),  # of its loss, 0 where nothing is learnt
            }
        )

    def bytes(self, rows: int) -> int:
        return sum(
            -(-rows * int(np.prod(shape)) * np.dtype(kind).itemsize // 64) * 64 for shape, kind in self.fields.values()
        )

    def arrays(self, buffer: np.ndarray, rows: int) -> dict[str, np.ndarray]:
        """Views of a uint8 buffer."""
        views, start = {}, 0
        for name, (shape, kind) in self.fields.items():
            count = rows * int(np.prod(shape)) * np.dtype(kind).itemsize
            views[name] = buffer[start : start + count].view(kind).reshape(rows, *shape)
            start += -(-count // 64) * 64
        return views


class Row:
    """Writes samples one after the other into row `index` of the arrays."""

    def __init__(self, arrays: dict[str, np.ndarray], index: int) -> None:
        self._row = {name: array[index] for name, array in arrays.items()}
        for name in ("ids", "positions", "visual", "target", "weight", "place"):
            self._row[name][:] = 0
        self._row["place"][2:4] = 2
        self._row["segment"][:] = self._row["owner"][:] = PADDING
        self.tokens = self.patches = self.groups = self.segments = 0

    def add(self, tokenizer: Tokenizer, sample: Sample, rng: Random, edition: str) -> bool:
        """False when the sample does not fit; an empty row takes what fits of it."""
        row, length = self._row, len(self._row["ids"])
        head: Prefix = prefix(tokenizer, sample)
        start, count = len(head.ids), len(head.patches)
        parts = [
            conversation(tokenizer, turns, rng.random() < 0.5 if edition == "both" else edition == "thinking")
            for turns in sample.conversations
        ]
        room = length - self.tokens - start
        if self.tokens and sum(len(tokens) for tokens, _ in parts) > room:
            return False
        parts = (
            parts
            if sum(len(tokens) for tokens, _ in parts) <= room
            else [part for k, part in enumerate(parts) if sum(len(tokens) for tokens, _ in parts[: k + 1]) <= room]
        )
        groups = int(head.place[4].max()) if count else 0
        if (
            not parts
            or self.patches + count > row["place"].shape[1]
            or self.groups + groups >= 255
            or self.segments + 1 + len(parts) >= PADDING
        ):
            return False
        at, owner = self.tokens, self.segments
        row["ids"][at : at + start], row["positions"][:, at : at + start] = head.ids, head.positions
        row["visual"][at : at + start] = np.where(head.visual > 0, head.visual + self.patches // 4, 0)
        row["segment"][at : at + start] = row["owner"][at : at + start] = owner
        cells, place = (
            row["patches"][self.patches : self.patches + count],
            row["place"][:, self.patches : self.patches + count],
        )
        wanted = cells.shape[1]
        cells[:] = (
            head.patches
            if head.patches.shape[1] == wanted
            else np.repeat(head.patches.reshape(count, 3, 1, 256), 2, 2).reshape(count, wanted)
        )
        place[:] = head.place
        place[4] += self.groups
        at += start
        for number, (tokens, learn) in enumerate(parts, 1):
            end = at + len(tokens)
            row["ids"][at:end] = tokens
            row["positions"][:, at:end] = head.next_position + np.arange(len(tokens))
            row["segment"][at:end], row["owner"][at:end] = owner + number, owner
            row["target"][at : end - 1] = tokens[1:]
            share = np.clip((16 / max(1, sum(learn))) ** 0.5, 0.4, 2.0)  # short answers count more than their tokens
            row["weight"][at : end - 1] = np.asarray(learn[1:], np.float32) * share
            at = end
        self.tokens, self.patches = at, self.patches + count
        self.groups, self.segments = self.groups + groups, owner + 1 + len(parts)
        return True


def pack(
    tokenizer: Tokenizer,
    arrays: dict[str, np.ndarray],
    rows: int,
    size: str,
    seed: str,
    edition: str,
    easy: float = 0.0,
) -> int:
    """Fills all rows with samples of one size class; the seed decides everything. Returns the number of samples."""
    waiting: list[tuple[Sample, Random]] = []
    number = packed = 0
    for index in range(rows):
        row = Row(arrays, index)
        left: list[tuple[Sample, Random]] = []
        misses = 0
        while misses < 3:
            if waiting:
                sample, rng = waiting.pop(0)
            else:
                rng = Random(f"{seed}-{number}")
                number += 1
                sample = draw(rng, False, size, easy)
            if row.add(tokenizer, sample, rng, edition):
                packed += 1
            elif row.tokens == 0:
                continue  # too large for any row
            else:
                misses += 1
                left.append((sample, rng))
        waiting = left + waiting
    return packed
