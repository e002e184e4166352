"""Outside of code and formulas nothing that a model writes is drawn as anything but its letters."""

from __future__ import annotations

import html

import pytest

from qwen3_vl_webui.ui.markdown import literal

PRICES = "The burger costs $5 and the fries cost $10 today."


@pytest.mark.parametrize(
    "text",
    [
        "```html\n<p>$5 and $6</p>\n```",
        "```html\n<form><input>",  # being written
        "~~~\n<b>\n~~~",
        "a `Vec<String>` and ``<b>`x``",
        "$a<b$, $$x<y$$, \\(p<q\\), \\[r<s\\]",
        "so $\\frac{1}{2}$ it is",
        "1 < 2, a <- b, 5 <= x",
    ],
)
def test_code_and_formulas_are_left_as_they_are(text: str) -> None:
    assert literal(text) == text


@pytest.mark.parametrize(
    "text",
    [
        PRICES,
        "价格是$5和$10。",
        "$5, $6",
        "generic Vec<String> and if a<b then",
        '<form><input value="Bob"><!-- x --></form>',
        "`a` <b>c</b> `d` costs $3",
        "```\n$1 <i>\n```\n<select><option>x</option></select> for $2",
    ],
)
def test_all_else_is_text(text: str) -> None:
    shown = literal(text)
    outside = shown.replace("```\n$1 <i>\n```", "")
    assert "<" not in outside.replace("`d`", "")
    assert "$" not in outside
    assert html.unescape(shown) == text
