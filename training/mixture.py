"""Which generator draws the next sample: shares by size class. A size class fixes the shapes of a batch, so that compiled code is reused."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from training import charts, chat, gui, ocr, shapes, video, web
from training.scene import Generator, Sample


@dataclass(frozen=True, kw_only=True)
class SizeClass:
    """Shapes of one kind of batch: every row has the same room for patches and tokens and holds one or more samples."""

    tokens: int  # most visual tokens of a row
    length: int  # tokens of a row
    rows: int  # of a batch
    share: float  # of the batches

    @property
    def patches(self) -> int:
        return self.tokens * 4


SIZES = {
    "small": SizeClass(tokens=128, length=512, rows=64, share=0.36),
    "middle": SizeClass(tokens=256, length=896, rows=32, share=0.40),
    "large": SizeClass(tokens=768, length=1408, rows=10, share=0.12),
    "video": SizeClass(tokens=256, length=896, rows=32, share=0.12),
}
SHARES: dict[str, list[tuple[Generator, float]]] = {
    "small": [(gui.screens, 0.14), (ocr.lines, 0.2), (ocr.form, 0.07), (ocr.pages, 0.06), (shapes.shapes, 0.15), (shapes.overlap, 0.03), (shapes.geometry, 0.12),
              (charts.charts, 0.1), (charts.tables, 0.06), (chat.talk, 0.05), (chat.photos, 0.02)],
    "middle": [(gui.screens, 0.3), (ocr.lines, 0.13), (ocr.form, 0.08), (ocr.pages, 0.04), (shapes.shapes, 0.09), (shapes.geometry, 0.03), (charts.charts, 0.14),
               (charts.tables, 0.07), (web.webpage, 0.11), (chat.photos, 0.01)],
    "large": [(gui.screens, 0.42), (ocr.lines, 0.18), (ocr.form, 0.08), (charts.charts, 0.12), (charts.tables, 0.06), (web.webpage, 0.14)],
    "video": [(video.clips, 1.0)],
}  # fmt: skip


def draw(rng: Random, held_out: bool, size: str) -> Sample:
    """One sample of this size class."""
    generators, weights = zip(*SHARES[size], strict=True)
    generator: Generator = rng.choices(generators, weights)[0]
    return generator(rng, held_out, SIZES[size].tokens)
