"""Which generator draws the next sample: shares by size class. A size class fixes the shapes of a batch, so that compiled code is reused.

A batch is one long row: samples of any size follow each other in it, and attention keeps them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from training import charts, chat, geometry, gui, ocr, shapes, video, web, where
from training.scene import Generator, Sample
from training.served import served

BLOCK = 128  # queries and keys that the attention kernel takes at once


@dataclass(frozen=True, kw_only=True)
class SizeClass:
    """Shapes of one kind of batch: every row has the same room for patches and tokens and holds samples one after the other."""

    tokens: int  # most visual tokens of a row
    length: int  # tokens of a row
    learnt: int  # most tokens of a row that are learnt
    rows: int  # of a batch
    share: float  # of the batches
    misses: int = 6  # samples that may find no room before a row counts as full

    @property
    def patches(self) -> int:
        return self.tokens * 4

    def scaled(self, scale: float) -> SizeClass:
        """The same with shorter rows; lengths stay multiples of `BLOCK`."""

        def part(count: int) -> int:
            return max(1, round(count * scale / BLOCK)) * BLOCK

        return replace(self, tokens=part(self.tokens), length=part(self.length), learnt=part(self.learnt))


SIZES = {
    "middle": SizeClass(tokens=14336, length=24576, learnt=8192, rows=1, share=0.785),
    "video": SizeClass(tokens=8192, length=24576, learnt=10240, rows=1, share=0.18),
    "long": SizeClass(tokens=28672, length=32768, learnt=2048, rows=1, share=0.035, misses=2),
}
LONGEST = max(SIZES, key=lambda name: SIZES[name].tokens)  # whose steps take several times as long
_FOLLOWED = 0.12  # share of the samples with a conversation of two turns
Entry = tuple[
    Generator, float, tuple[int, ...]
]  # share of the samples, visual tokens that it may draw (one chosen at random); more or fewer are shown
SHARES: dict[str, list[Entry]] = {
    "middle": [
        (where.find, 0.034, (24, 64, 128, 256)),
        (gui.screens, 0.25, (128, 256, 320, 320, 400, 640, 900)),
        (ocr.words, 0.015, (16,)),
        (ocr.lines, 0.045, (64, 128, 256, 320, 512)),
        (ocr.form, 0.025, (96, 160, 256, 400)),
        (ocr.texts, 0.085, (64, 96, 128, 160, 256, 400)),
        (ocr.pages, 0.012, (64, 128, 256)),
        (ocr.book, 0.002, (1000, 2000, 4000, 8000)),
        (ocr.binder, 0.004, (1000, 2000, 4000)),
        (shapes.shapes, 0.13, (128, 256)),
        (shapes.overlap, 0.04, (64, 96, 128)),
        (geometry.geometry, 0.035, (96, 160, 256)),
        (charts.charts, 0.08, (128, 256, 320, 320, 512)),
        (charts.tables, 0.025, (96, 160, 256)),
        (charts.typed, 0.01, (16,)),
        (web.webpage, 0.185, (200, 256, 320, 320, 512, 800)),
        (chat.talk, 0.009, (16,)),
        (chat.photos, 0.008, (64, 256)),
        (chat.small, 0.006, (400, 640, 1024)),
    ],
    "video": [(video.clips, 0.96, (64, 128, 128, 256, 256)), (chat.films, 0.04, (128, 256))],
    "long": [(ocr.book, 0.7, (7000, 7000, 14000, 28000)), (ocr.binder, 0.3, (7000, 14000, 28000))],
}


def draw(rng: Random, held_out: bool, size: str, easy: float = 0.0, room: int = 1 << 20) -> Sample:
    """One sample of this size class as the model is shown it, drawn with `room` visual tokens at most; `easy` is the share of single words, with which reading starts."""
    if easy and size == "middle" and rng.random() < easy:
        return served(ocr.words(rng, held_out, 16))
    generators, weights, tokens = zip(*SHARES[size], strict=True)
    index = rng.choices(range(len(generators)), weights)[0]
    generator: Generator = generators[index]
    sample = served(generator(rng, held_out, min(room, rng.choice(tokens[index]))))
    return chat.follow_up(rng, sample) if generator is not chat.talk and rng.random() < _FOLLOWED else sample
