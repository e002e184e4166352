"""Samples to rows of fixed shape: each sample's prefix (system prompt and media) once, then its conversations, which do not see each other."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from tokenizers import Tokenizer

from training.mixture import BLOCK, SIZES, SizeClass, draw
from training.prompt import Prefix, Spoken, conversation, prefix
from training.scene import Sample

# Unused tokens and patches are numbered from here on, behind all that come, a block at a time: of one number, they would all
# attend to each other, which grows with their square.
PADDING = 30_000


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
                "place": ((5, p), "int16"),  # row, column, rows, columns (of patches), group (from PADDING on: unused)
                "ids": ((n,), "int16"),
                "positions": ((3, n), "int16"),
                "segment": ((n,), "int16"),  # number of the prefix or conversation
                "owner": ((n,), "int16"),  # number of the prefix that a conversation belongs to
                "visual": ((n,), "int16"),  # 1 + number of the visual token in the row, 0 for text
                "learn": ((size.learnt,), "int16"),  # tokens whose next one is learnt
                "target": ((size.learnt,), "int16"),  # the next token
                "weight": ((size.learnt,), "float32"),  # of its loss, 0 where the list has ended
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
    """Writes samples one after the other into row `index` of the arrays; `close` ends the row."""

    def __init__(self, arrays: dict[str, np.ndarray], index: int) -> None:
        self._row = {name: array[index] for name, array in arrays.items()}
        for name in ("ids", "positions", "visual", "target", "weight", "place"):
            self._row[name][:] = 0
        self._row["place"][2:4] = 2
        for unused in (self._row["place"][4], self._row["segment"], self._row["owner"]):
            unused[:] = PADDING + np.arange(len(unused)) // BLOCK
        self.tokens = self.patches = self.groups = self.segments = self.learnt = 0
        self.answers = 0.0  # sum of the weights of all answers, without chains

    @property
    def full(self) -> bool:
        """Nothing of use fits any more."""
        row = self._row
        return (
            self.tokens > len(row["ids"]) - 96
            or self.patches > row["place"].shape[1] - 64
            or self.learnt > len(row["learn"]) - 32
        )

    def add(self, tokenizer: Tokenizer, sample: Sample, rng: Random, edition: str) -> bool:
        """False when the sample does not fit; an empty row takes what fits of it."""
        row = self._row
        head: Prefix = prefix(tokenizer, sample)
        start, count = len(head.ids), len(head.patches)
        parts = [
            conversation(tokenizer, turns, rng.random() < 0.5 if edition == "both" else edition == "thinking")
            for turns in sample.conversations
        ]
        room, learnable = len(row["ids"]) - self.tokens - start, len(row["learn"]) - self.learnt
        kept: list[Spoken] = []
        for part in parts:
            room, learnable = room - len(part.ids), learnable - sum(weight > 0 for weight in part.weights)
            if room >= 0 and learnable >= 0:
                kept.append(part)
        groups = int(head.place[4].max()) if count else 0
        if (
            not kept
            or (self.tokens and len(kept) < len(parts))
            or self.patches + count > row["place"].shape[1]
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
        for number, (tokens, weights, answers) in enumerate(kept, 1):
            end = at + len(tokens)
            row["ids"][at:end] = tokens
            row["positions"][:, at:end] = head.next_position + np.arange(len(tokens))
            row["segment"][at:end], row["owner"][at:end] = owner + number, owner
            weight = np.asarray(weights[1:], np.float32)
            learn = np.flatnonzero(weight)
            places = slice(self.learnt, self.learnt + len(learn))
            row["learn"][places] = at + learn
            row["target"][places] = np.asarray(tokens[1:])[learn]
            row["weight"][places] = weight[learn]
            self.learnt += len(learn)
            self.answers += answers
            at = end
        self.tokens, self.patches = at, self.patches + count
        self.groups, self.segments = self.groups + groups, owner + 1 + len(kept)
        return True

    def close(self) -> None:
        """Names other tokens, without weight, where the list of learnt ones has ended: none may come twice.

        The weights of the answers come to one a place of the list. Chains come on top: were they counted in, what an answer
        teaches would fade the more, the longer the chains of the row are, and a chain is mostly easy.
        """
        learn = self._row["learn"]
        if self.answers:
            self._row["weight"] *= len(learn) / self.answers
        free = np.ones(len(self._row["ids"]), bool)
        free[learn[: self.learnt]] = False
        learn[self.learnt :] = np.flatnonzero(free)[: len(learn) - self.learnt]


def pack(
    tokenizer: Tokenizer,
    arrays: dict[str, np.ndarray],
    size: str,
    seed: str,
    edition: str,
    waiting: list[tuple[Sample, Random]],
    easy: float = 0.0,
) -> int:
    """Fills all rows with samples of one size class; the seed, and what is `waiting` from the batch before, decide everything.

    Samples that find no room wait for the next batch. Returns the number of samples.
    """
    number = packed = 0
    misses_allowed, room = SIZES[size].misses, arrays["place"].shape[-1] // 4
    for index in range(len(arrays["ids"])):
        row = Row(arrays, index)
        left: list[tuple[Sample, Random]] = []
        misses = 0
        while misses < misses_allowed and not row.full:
            if waiting:
                sample, rng = waiting.pop(0)
            else:
                rng = Random(f"{seed}-{number}")
                number += 1
                sample = draw(rng, False, size, easy, room)
            if row.add(tokenizer, sample, rng, edition):
                packed += 1
            elif row.tokens == 0:
                continue  # too large for any row
            else:
                misses += 1
                left.append((sample, rng))
        row.close()
        waiting[:0] = left
    return packed
