"""Features of pictures and of videos' temporal groups, by content, within a byte budget.

What a running prompt still needs is pinned and never evicted; the rest leaves in the order of last use. Pinned
features alone may exceed the budget: a prompt that was admitted must be able to go on.
"""

from __future__ import annotations

from collections import Counter, OrderedDict

from torch import Tensor

from qwen3_vl_webui.engine.sequence import FeatureKey


class VisionCache:
    """Feature key to tensor [levels, visual tokens, hidden]."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity  # bytes
        self.size = 0
        self.hits = 0
        self.misses = 0
        self._features: OrderedDict[FeatureKey, Tensor] = OrderedDict()  # least recently used first
        self._pins: Counter[FeatureKey] = Counter()

    def __contains__(self, key: FeatureKey) -> bool:
        return key in self._features

    def __getitem__(self, key: FeatureKey) -> Tensor:
        self._features.move_to_end(key)
        return self._features[key]

    @property
    def pinned(self) -> int:
        """Keys that some sequence pins."""
        return len(self._pins)

    def is_pinned(self, key: FeatureKey) -> bool:
        """Whether some sequence needs it."""
        return key in self._pins

    def put(self, key: FeatureKey, features: Tensor) -> None:
        """Keep features, evicting others that nobody pins."""
        assert key not in self._features
        self._features[key] = features
        self.size += features.nbytes
        self._shrink()

    def pin(self, key: FeatureKey) -> None:
        """Keep the key, present or to come, until it is unpinned as often."""
        self._pins[key] += 1

    def unpin(self, key: FeatureKey) -> None:
        self._pins[key] -= 1
        assert self._pins[key] >= 0
        if self._pins[key] == 0:
            del self._pins[key]
            self._shrink()

    def _shrink(self) -> None:
        if self.size <= self.capacity:
            return
        for key in [key for key in self._features if key not in self._pins]:
            self.size -= self._features.pop(key).nbytes
            if self.size <= self.capacity:
                return
