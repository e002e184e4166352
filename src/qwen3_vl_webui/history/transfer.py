"""Conversations on their way out and in: JSON that comes back whole, Markdown for people.

The JSON names each medium by hash; with `embed` it holds the bytes too (base64), written in pieces. What comes in is
checked field by field: unknown fields, wrong types, too many messages and bytes that do not match their hash are
refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from qwen3_vl_webui.errors import InvalidRequest, Language, Words, Wrong, reason_of, words
from qwen3_vl_webui.history.media import pieces
from qwen3_vl_webui.history.records import ConversationRecord, MessageRecord
from qwen3_vl_webui.processing.source import HEAD, sniff

FORMAT = "qwen3-vl-webui/conversation"
MAX_TEXT = 4_000_000  # characters of one text
MAX_MESSAGES = 10_000
MAX_MEDIA = 256  # of one message
MAX_JSON = 1_000_000  # characters of one facts or settings object
WORDS = {
    "user": ("User", "用户"),
    "assistant": ("Assistant", "助手"),
    "system": ("System", "系统"),
    "tool": ("Tool", "工具"),
    "thought": ("Reasoning", "思考过程"),
    "untitled": ("Conversation", "对话"),
}


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(value)) > MAX_JSON:
        raise Wrong("too_large", limit=MAX_JSON)
    return value


SmallObject = Annotated[dict[str, Any], AfterValidator(_small)]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Seconds = Annotated[float, Field(ge=0, le=253_402_300_799)]  # since the epoch, as far as calendars go


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ExportedAttachment(_Strict):
    hash: Hash
    name: Annotated[str, Field(max_length=500)] = ""


class ExportedMessage(_Strict):
    role: Literal["system", "user", "assistant", "tool"]
    text: Text = ""
    reasoning: Text = ""
    edition: Literal["instruct", "thinking"] | None = None
    status: Literal["done", "stopped", "failed", "interrupted"] = "done"
    media: Annotated[list[ExportedAttachment], Field(max_length=MAX_MEDIA)] = []
    facts: SmallObject = {}
    created: Seconds | None = None


class ExportedMedium(_Strict):
    """`mime` says to a reader what it was; here the bytes speak for themselves."""

    mime: str
    size: int
    data: str | None = None  # base64; None: only named


class ExportedConversation(_Strict):
    """The format of an exported conversation."""

    format: Literal["qwen3-vl-webui/conversation"]
    version: Literal[1]
    title: Annotated[str, Field(max_length=1000)] = ""
    settings: SmallObject = {}
    created: Seconds | None = None
    messages: Annotated[list[ExportedMessage], Field(max_length=MAX_MESSAGES)]
    media: dict[Hash, ExportedMedium] = {}


def to_json(record: ConversationRecord, media_path: Callable[[str], Path], *, embed: bool) -> Iterator[bytes]:
    """The JSON in pieces; embedded media are never whole in memory."""
    media = {item.hash: item for message in record.messages for item in message.media}
    head = {
        "format": FORMAT,
        "version": 1,
        "title": record.title,
        "settings": dict(record.settings),
        "created": record.created,
        "messages": [_message(message) for message in record.messages],
    }
    yield (json.dumps(head, ensure_ascii=False)[:-1] + ', "media": {').encode()
    for number, (digest, item) in enumerate(media.items()):
        entry = json.dumps({"mime": item.mime, "size": item.size})
        yield f'{", " if number else ""}"{digest}": {entry if not embed else entry[:-1]}'.encode()
        if embed:
            yield b', "data": "'
            yield from _base64(pieces(media_path(digest)))
            yield b'"}'
    yield b"}}"


def _message(message: MessageRecord) -> dict[str, Any]:
    return {
        "role": message.role,
        "text": message.text,
        "reasoning": message.reasoning,
        "edition": message.edition,
        "status": "interrupted" if message.status == "streaming" else message.status,
        "media": [{"hash": item.hash, "name": item.name} for item in message.media],
        "facts": dict(message.facts),
        "created": message.created,
    }


def _base64(source: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in source:
        whole = rest + piece
        cut = len(whole) - len(whole) % 3  # so that no padding comes in the middle
        rest = whole[cut:]
        yield base64.b64encode(whole[:cut])
    yield base64.b64encode(rest)


def to_markdown(record: ConversationRecord, language: Language = "en") -> str:
    """The conversation to read: texts as they are, reasoning folded, media by name."""

    def word(key: str) -> str:
        return WORDS[key][language == "zh"]

    lines = [f"# {record.title or word('untitled')}", ""]
    for message in record.messages:
        when = datetime.fromtimestamp(message.created, UTC).strftime("%Y-%m-%d %H:%M UTC")
        edition = f" ({message.edition})" if message.edition else ""
        lines += [f"## {word(message.role)}{edition} · {when}", ""]
        for item in message.media:
            lines += [f"- {item.kind}: {item.name or item.hash[:12]} ({item.size} B, {item.mime})"]
        if message.media:
            lines.append("")
        if message.reasoning:
            lines += ["<details>", f"<summary>{word('thought')}</summary>", "", message.reasoning, "", "</details>", ""]
        lines += [message.text, ""]
    return "\n".join(lines)


def from_json(data: bytes | str) -> ExportedConversation:
    """Raises `InvalidRequest`, which names the field unless it is about the whole."""
    try:
        found = ExportedConversation.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if not first["loc"]:
            raise InvalidRequest("conversation_unreadable", reason=reason_of(first)) from None
        raise foreign(".".join(str(part) for part in first["loc"]), reason_of(first)) from None
    return found


def decode(digest: str, medium: ExportedMedium) -> bytes:
    """The bytes of an embedded medium. Raises `InvalidRequest` when they are not those that were exported."""
    field = f"media.{digest}"
    try:
        data = base64.b64decode(medium.data or "", validate=True)
    except (binascii.Error, ValueError):
        raise foreign(field, words("base64")) from None
    if len(data) != medium.size or hashlib.sha256(data).hexdigest() != digest:
        raise foreign(field, words("hash_differs"))
    sniff(data[:HEAD], field=field)
    return data


def foreign(field: str, reason: Words | str) -> InvalidRequest:
    return InvalidRequest("conversation_foreign", field=field, reason=reason)
