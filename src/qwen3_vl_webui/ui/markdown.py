"""What a model wrote as Markdown in which its tags and its prices are text.

An answer transcribes pages: a tag outside of code would be drawn, or swallowed with what follows it, and the words
between two prices would be set as a formula. Code and formulas are left as they are.
"""

from __future__ import annotations

import re

_KEPT = re.compile(
    r"""
    ^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n]*(?:\n.*?(?:^[ ]{0,3}(?P=fence)|\Z)|\Z)   # a fence, also one being written
    | (?P<ticks>(?<!`)`+(?!`)).+?(?<!`)(?P=ticks)(?!`)
    | \$\$.+?\$\$ | \\\[(?:(?!\\[\[\]]).)+\\\] | \\\((?:(?!\\[()]).)+\\\)
    | \$(?![\s$])[^$\n]*?(?<![\s\\])\$(?!\d)   # a formula touches its dollar signs, and no digit follows
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def literal(text: str) -> str:
    """Markdown that shows tags and single dollar signs as they were written."""
    parts: list[str] = []
    at = 0
    for kept in _KEPT.finditer(text):
        parts += [_as_text(text[at : kept.start()]), kept[0]]
        at = kept.end()
    return "".join([*parts, _as_text(text[at:])])


def _as_text(text: str) -> str:
    return _TAG.sub("&lt;", text).replace("$", "&#36;")
