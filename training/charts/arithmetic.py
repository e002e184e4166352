"""Calculations as chains write them: each number follows from what stands just before it."""

from __future__ import annotations


def growth(old: int, new: int) -> int:
    """Per cent, rounded half up."""
    return (2000 * (new - old) // old + 10) // 20 if new >= old else -((2000 * (old - new) // old + 10) // 20)


def division(small: int, large: int) -> str:
    """`small` / `large` in whole per cent, digit by digit: the digit, then what is left when its product is taken away.

    The last digit is of the tenths of a per cent and only rounds.
    """
    steps, rest, digits = [], small, 3
    if small < large:
        rest, digits = 10 * small, 2
    for _ in range(digits):
        digit, left = divmod(rest, large)
        steps.append(f"{digit}: {rest}-{digit * large}={left}")
        rest = 10 * left
    return f"{', '.join(steps)}, {rest // large} = {growth(large, large + small)}%"


def sum_chain(values: list[int]) -> str:
    total, parts = values[0], []
    for value in values[1:]:
        parts.append(f"{total}+{value}={total + value}")
        total += value
    return ", ".join(parts)
