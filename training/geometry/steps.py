"""Steps of a calculation, each easy from what stands before it, and what a figure asks for."""

from __future__ import annotations

from dataclasses import dataclass

WORDS = {
    "area": ("area", "面积"),
    "perimeter": ("perimeter", "周长"),
    "circumference": ("circumference", "周长"),
    "hypotenuse": ("hypotenuse", "斜边"),
    "leg": ("missing leg", "未知直角边"),
    "angle": ("missing angle", "未知角"),
    "side": ("missing side", "未知边"),
    "height": ("height", "高"),
    "volume": ("volume", "体积"),
    "surface": ("surface area", "表面积"),
    "shaded": ("shaded area", "阴影面积"),
    "length": ("length of AB", "AB的长度"),
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """One question about a figure: what is asked (a key of WORDS), the result with its unit, the steps to it."""

    what: str
    result: str
    steps: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawn figure: its name in both languages, the measures that are written in it, and what may be asked."""

    name: tuple[str, str]
    given: list[tuple[str, str, str]]  # (English, Chinese, value)
    tasks: list[Task]

    def read(self, zh: bool) -> str:
        return ", ".join(f"{chinese if zh else english} {value}" for english, chinese, value in self.given)


def product_chain(a: int, b: int) -> str:
    """a x b by tens and ones."""
    tens, ones = b // 10 * 10, b % 10
    if not tens or not ones:
        return f"{a}*{b}={a * b}"
    return f"{a}*{tens}={a * tens}, {a}*{ones}={a * ones}, {a * tens}+{a * ones}={a * b}"


def half(value: int) -> str:
    return f"{value}/2={value // 2}"


def hundredth(value: int) -> str:
    return f"{value // 100}.{value % 100:02}"


def times_pi(value: int) -> str:
    """3.14 x value."""
    return f"314*{value}={314 * value}, {314 * value}/100={hundredth(314 * value)}"
