"""Style sheets: how one page draws its elements. All pages write an element that looks the same in the same way; only the looks differ."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, kw_only=True)
class Sheet:
    leading: float  # height of a line, in letters
    gap: float  # between blocks, in letters
    pad: float  # inside boxes, in letters
    h2: float  # heights of headings, in letters: no h3 looks like an h2
    h3: float
    centred: bool  # headings and bands
    card: str  # edge, fill, both, shadow
    button: str  # filled, edge, soft
    pill: bool
    field: str  # edge, filled, line
    underlined: bool  # links
    bare: bool  # links of bars and sides look like other words
    bullet: str  # disc, square, dash, ring
    table: str  # grid, lines, stripes, bare
    quote: str  # bar, tint, mark
    band: str  # accent, tint, dark
    triangle: str  # of details: filled, line
    caption_centred: bool


def choose(rng: Random) -> Sheet:
    return Sheet(
        leading=rng.uniform(1.3, 1.6),
        gap=rng.uniform(0.55, 1.2),
        pad=rng.uniform(0.6, 1.3),
        h2=rng.uniform(1.55, 2.0),
        h3=rng.uniform(1.18, 1.34),
        centred=rng.random() < 0.2,
        card=rng.choice(["edge", "fill", "both", "shadow"]),
        button=rng.choice(["filled", "filled", "edge", "soft"]),
        pill=rng.random() < 0.3,
        field=rng.choice(["edge", "edge", "filled", "line"]),
        underlined=rng.random() < 0.5,
        bare=rng.random() < 0.6,
        bullet=rng.choice(["disc", "disc", "square", "dash", "ring"]),
        table=rng.choice(["grid", "lines", "stripes", "bare"]),
        quote=rng.choice(["bar", "tint", "mark"]),
        band=rng.choice(["accent", "tint", "tint", "dark"]),
        triangle=rng.choice(["filled", "line"]),
        caption_centred=rng.random() < 0.4,
    )
