"""Calculations as chains write them."""

from __future__ import annotations


def growth(old: int, new: int) -> int:
    """Per cent, rounded half up."""
    return (2000 * (new - old) // old + 10) // 20 if new >= old else -((2000 * (old - new) // old + 10) // 20)


def division(small: int, large: int) -> str:
    """`small` / `large` to whole per cent by long division, as Thinking writes it."""
    rest, digits, steps = small, "", []
    for _ in range(3):
        whole, rest = divmod(rest, large) if not digits and not steps else divmod(rest * 10, large)
        digits += str(whole)
        steps.append(f"{whole}r{rest}")
    half, _ = divmod(rest * 10, large)
    return " ".join(steps) + f" {half}"


def sum_chain(values: list[int]) -> str:
    total, parts = values[0], []
    for value in values[1:]:
        parts.append(f"{total}+{value}={total + value}")
        total += value
    return ", ".join(parts)
