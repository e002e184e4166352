"""A page that an answer wrote, shown beside the conversation: in a frame that can run scripts and reach nothing."""

from __future__ import annotations

import re

POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; media-src data:; form-action 'none'; frame-ancestors 'self'"
)
_FENCE = re.compile(r"^[ \t]*```+[ \t]*html[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_BARE = re.compile(r"\s*(?:<!doctype html|<html[\s>])", re.IGNORECASE)


def find_page(text: str) -> str | None:
    """The longest HTML of an answer: in a code fence (the last may be cut off), or all of an answer that is a page."""
    if _BARE.match(text):
        return text
    return max(_FENCE.findall(text), key=len, default="").strip() or None


def has_page(text: str) -> bool:
    return find_page(text) is not None
