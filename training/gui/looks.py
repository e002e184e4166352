"""Looks: how one toolkit draws its controls. A real application keeps to one look on all its screens."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, kw_only=True)
class Look:
    button: str  # filled, outlined, flat, raised, tinted
    second: str  # the same for buttons of less weight
    field: str  # outlined, filled, underlined
    names: str  # where a field's name stands: inside, above, left, border
    boxes_left: bool  # checkboxes and radio buttons stand left of their names
    rounded: bool  # boxes to tick have round corners; round ones would look like radio buttons
    tick: str  # filled, check, dot
    switch: str  # pill, thin, outline, square, word
    rows: str  # lines, cards, plain
    tabs: str  # underline, pill, boxes, plain
    lead: str  # of rows: tile, icon, none
    chevrons: bool
    density: float  # height of a row in letters
    pad: float  # inner distance from a row's ends, in letters
    holder: str  # what icons stand on: none, filled, filled square, ring, ring square
    badges: bool  # red dots at icons
    green: bool  # switches are green when on, whatever the accent


def choose(rng: Random) -> Look:
    return Look(
        button=rng.choice(["filled", "filled", "filled", "raised", "outlined", "tinted"]),
        second=rng.choice(["outlined", "flat", "tinted", "outlined"]),
        field=rng.choice(["outlined", "outlined", "filled", "underlined"]),
        names=rng.choice(["inside", "above", "above", "left", "border"]),
        boxes_left=rng.random() < 0.7,
        rounded=rng.random() < 0.5,
        tick=rng.choice(["filled", "filled", "check", "dot"]),
        switch=rng.choice(["pill", "pill", "thin", "outline", "square", "word"]),
        rows=rng.choice(["lines", "lines", "cards", "plain"]),
        tabs=rng.choice(["underline", "pill", "boxes", "plain"]),
        lead=rng.choice(["none", "none", "tile", "icon"]),
        chevrons=rng.random() < 0.6,
        density=rng.uniform(2.2, 3.5),
        pad=rng.uniform(0.4, 1.0),
        holder=rng.choice(["none"] * 6 + ["filled", "filled square", "ring", "ring square"]),
        badges=rng.random() < 0.1,
        green=rng.random() < 0.25,
    )
