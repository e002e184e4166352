"""A visit to the page: what the browser says with every event, and what the server remembers of an open tab."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.errors import Language
from qwen3_vl_webui.ui.sidebar import PAGE_SIZE


@dataclass(frozen=True, kw_only=True)
class Now:
    """What the browser says with every event. The defaults are those of a page that was just opened."""

    session: str  # of this browser tab
    language: Language
    zone: int = 0  # minutes ahead of UTC
    conversation: str = ""
    editing: str = ""  # the message that the composer's text will replace
    draft: str = ""  # what stood in the composer before that, as `ui.drafts` writes it
    everything: bool = False  # also show the early messages of a long conversation
    edition: Edition = "instruct"
    search: str = ""
    limit: int = PAGE_SIZE
    text: str = ""
    files: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Tab:
    """What the server remembers of an open browser tab: what it was last sent, for watches that outlast an event.

    What changes the page holds `turn`: of two conversations opened in haste the later one stays, however long the first
    one takes.
    """

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    shown: str | None = None  # the conversation
    watch: object | None = None  # the token of its current watch


class Tabs:
    """The open tabs, by Gradio's session."""

    def __init__(self) -> None:
        self._tabs: dict[str, Tab] = {}

    def of(self, session: str | None) -> Tab:
        return self._tabs.setdefault(session or "", Tab())

    def forget(self, session: str | None) -> None:
        if tab := self._tabs.pop(session or "", None):
            tab.watch = None


def zone_of(told: dict[str, Any]) -> int:
    """How far the browser's clock is ahead of UTC, in minutes; anything may stand there."""
    zone = told.get("zone")
    return zone if isinstance(zone, int) and abs(zone) < 24 * 60 else 0


def kept_list(told: dict[str, Any], name: str) -> list[Any]:
    """A list that the browser kept as JSON; anything may stand there."""
    try:
        found = json.loads(str(told.get(name) or "[]"))
    except ValueError:
        return []
    return found if isinstance(found, list) else []
