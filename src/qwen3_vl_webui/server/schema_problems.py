"""Why llguidance refuses a schema, as a reason in both languages.

What it says begins with a place in a grammar that no caller wrote and ends with a listing of it; both are left out. The
common reasons have sentences of ours, any other is quoted.
"""

from __future__ import annotations

import re

from qwen3_vl_webui.errors import Words, words

MOST_CHARS = 400  # of what is quoted
_PLACE = re.compile(r"at \d+\(\d+\): |failed to compile JSON schema: ")
_LISTING = re.compile(r"^(?: *\d+ \| |<state>$).*", re.MULTILINE | re.DOTALL)
_KNOWN = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"Unimplemented keys: \[(?P<what>.*)\]", "schema_keys"),
        (r"Unsatisfiable schema: (?P<what>.*)", "schema_unsatisfiable"),
        (r"NoExtensionBias", "schema_endless"),
        (r"regex parse error: (?P<what>.*) error: (?P<why>.*)", "schema_pattern"),
        (r"Invalid type: (?P<what>.*)", "schema_type"),
        (r"Unknown format: (?P<what>.*)", "schema_format"),
        (r"Pointer '(?P<what>.*)' does not exist", "schema_pointer"),
        (r"Resource '(?P<what>.*?)' is not present .*", "schema_remote"),
    )
)


def problem_of(said: str) -> Words:
    """The reason of `InvalidRequest("field_invalid")`, from an error message of llguidance."""
    lines = [line.strip() for line in _PLACE.sub("", _LISTING.sub("", said)).splitlines()]
    text = " ".join(line for line in lines if line.strip("^"))  # ^^^ is below what it means
    for pattern, code in _KNOWN:
        if (found := pattern.fullmatch(text)) is not None:
            return words(code, **{name: _cut(what) for name, what in found.groupdict().items()})
    return words("schema_broken", what=_cut(text))


def _cut(text: str) -> str:
    """The middle is what can be missed: a pattern or a list is quoted first, and what is wrong with it comes last."""
    half = MOST_CHARS // 2
    return text if len(text) <= MOST_CHARS else f"{text[:half]} ... {text[-half:]}"
