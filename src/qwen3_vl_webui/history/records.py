"""What the store hands out: plain frozen values, safe to pass between threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]
Status = Literal["streaming", "done", "stopped", "failed", "interrupted"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")
STATUSES: tuple[Status, ...] = ("streaming", "done", "stopped", "failed", "interrupted")


@dataclass(frozen=True, kw_only=True)
class MediaRecord:
    """A stored picture or video; `name` is what the sender called it."""

    hash: str  # SHA-256 of the bytes, in hex
    mime: str
    size: int  # bytes
    name: str = ""

    @property
    def kind(self) -> Literal["image", "video"]:
        return "image" if self.mime.startswith("image/") else "video"


@dataclass(frozen=True, kw_only=True)
class MessageRecord:
    """One turn. `facts` holds figures of an answer, what the model saw, its error: JSON that the page defines."""

    id: str
    conversation_id: str
    role: Role
    text: str = ""
    reasoning: str = ""
    edition: str | None = None
    status: Status = "done"  # interrupted: the process died while it streamed
    media: tuple[MediaRecord, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    created: float  # seconds since the epoch
    updated: float


@dataclass(frozen=True, kw_only=True)
class ConversationSummary:
    """A conversation in the list; `snippet` is the text around what a search found, if not in the title."""

    id: str
    title: str
    created: float
    updated: float
    messages: int
    snippet: str = ""


@dataclass(frozen=True, kw_only=True)
class ConversationRecord:
    id: str
    title: str
    settings: Mapping[str, Any]
    created: float
    updated: float
    messages: tuple[MessageRecord, ...]
