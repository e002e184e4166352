"""Tell when an answer has fallen into a loop, the model family's known failure, from its tokens alone.

A tail loops with period p when each of its tokens equals the one p before it. The detector keeps the length of that
tail for every period at once, a few numpy operations on a short array a token. It speaks up only after `MIN_TOKENS`
looping tokens and `MIN_ROUNDS` rounds more: table rules, columns of equal cells and lists whose numbers change stay
below that.
"""

from __future__ import annotations

import numpy as np

MAX_PERIOD = 128  # tokens
MIN_TOKENS = 256
MIN_ROUNDS = 4


class RepetitionDetector:
    """Feed each generated token; `looping` stays true once a loop was seen."""

    __slots__ = ("_limits", "_recent", "_runs", "_seen", "looping")

    def __init__(self) -> None:
        self.looping = False
        self._recent = np.full(MAX_PERIOD, -1, dtype=np.int64)  # _recent[(t - p) % MAX_PERIOD] is the token p before t
        self._runs = np.zeros(MAX_PERIOD, dtype=np.int64)  # by period: tail tokens equal to the one a period before
        self._limits = MIN_TOKENS + MIN_ROUNDS * np.arange(1, MAX_PERIOD + 1)
        self._seen = 0

    def feed(self, token: int) -> None:
        """Take the next token."""
        at = self._seen % MAX_PERIOD
        # equal[p - 1]: the token p before equals this one. Reading backwards from `at` wraps around the ring once.
        equal = np.concatenate([self._recent[:at][::-1], self._recent[at:][::-1]]) == token
        self._runs += 1
        self._runs *= equal
        self._recent[at] = token
        self._seen += 1
        if not self.looping and self._seen > MIN_TOKENS:
            self.looping = bool((self._runs >= self._limits).any())
