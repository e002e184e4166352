"""Things anywhere: what they are called is what they look like."""

from __future__ import annotations

from random import Random

import pytest

from training import fonts, where

pytestmark = pytest.mark.skipif(
    not fonts.available("zh", False) or not fonts.available("en", False),
    reason="needs the fonts named in training/README.md",
)


def test_a_rectangle_looks_like_none_but_itself() -> None:
    met = set()
    for number in range(200):
        for name, (x1, y1, x2, y2) in where.things(Random(f"things-{number}"), False, "en", 256, 256)[1].items():
            form = name.rpartition(" ")[2]
            if form in ("square", "rectangle"):
                assert (x2 - x1 == pytest.approx(y2 - y1)) == (form == "square"), (number, name)
                met.add(form)
    assert met == {"square", "rectangle"}
