"""Clips in which things appear, move, change and leave: what happens at a time, when it happens, in which order."""

from training.video.clips import clips

__all__ = ["clips"]
