"""The lines of text that generated pictures hold, for the tests of `training`."""

from __future__ import annotations

from itertools import combinations


class Texts(list[tuple[str, tuple[float, float, float, float]]]):
    """The lines of text that have been drawn on canvases, and their boxes."""

    def check(self, width: int, height: int, where: object) -> None:
        """None of them is cut by the picture's edge or drawn over another one."""
        for said, (x1, y1, x2, y2) in self:
            assert -1 <= x1 <= x2 <= width + 1, (where, said)
            assert -2 <= y1 <= y2 <= height + 2, (where, said)
        for (one, a), (other, b) in combinations(self, 2):
            w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            assert w <= 1 or h <= 2, (where, one, other)
