"""The queries that the store is made of: rows by id, searches, media that nobody shows, rows as records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session, selectinload

from qwen3_vl_webui.errors import NotFound
from qwen3_vl_webui.history.models import Attachment, Conversation, Medium, Message
from qwen3_vl_webui.history.records import ConversationRecord, MediaRecord, MessageRecord

SNIPPET = 40  # characters before and after what a search found


def get_conversation(session: Session, conversation_id: str) -> Conversation:
    every = selectinload(Conversation.messages).selectinload(Message.attachments).selectinload(Attachment.medium)
    row = session.get(Conversation, conversation_id, options=[every])
    if row is None:
        raise NotFound("conversation_absent", field="conversation_id", id=conversation_id)
    return row


def get_message(session: Session, message_id: str) -> Message:
    row = session.get(Message, message_id)
    if row is None:
        raise NotFound("message_absent", field="message_id", id=message_id)
    return row


def delete_messages(session: Session, which: ColumnElement[bool]) -> list[str]:
    hashes = hashes_of(session, which)
    session.execute(delete(Message).where(which))
    forget_unused(session, hashes)
    return hashes


def hashes_of(session: Session, which: ColumnElement[bool]) -> list[str]:
    """The media of some messages."""
    return list(
        session.scalars(select(Attachment.hash).join(Message, Message.id == Attachment.message_id).where(which))
    )


def forget_unused(session: Session, hashes: Sequence[str]) -> None:
    """Delete the rows of media that no message shows and nobody is about to attach."""
    if hashes:
        unused = Medium.pending.is_(None) & ~exists().where(Attachment.hash == Medium.hash)
        session.execute(delete(Medium).where(Medium.hash.in_(hashes) & unused))


def contains(column: Any, search: str) -> ColumnElement[bool]:
    return column.icontains(search, autoescape=True)  # type: ignore[no-any-return]


def matches(search: str) -> ColumnElement[bool]:
    inside = contains(Message.text, search) | contains(Message.reasoning, search)
    return contains(Conversation.title, search) | exists().where((Message.conversation_id == Conversation.id) & inside)


def snippet(session: Session, row: Conversation, search: str) -> str:
    """A line of the first message that holds what was searched."""
    query = select(Message.text).where((Message.conversation_id == row.id) & contains(Message.text, search))
    text = session.scalar(query.order_by(Message.position).limit(1))
    if text is None:
        return ""
    at = max(0, text.lower().find(search.lower()))
    start, end = max(0, at - SNIPPET), at + len(search) + SNIPPET
    line = " ".join(text[start:end].split())
    return ("…" if start else "") + line + ("…" if end < len(text) else "")


def find_message(session: Session, conversation_id: str, search: str) -> str | None:
    """The message that `snippet` is from; where no text holds what was searched, the first whose reasoning does."""
    text, reasoning = contains(Message.text, search), contains(Message.reasoning, search)
    query = select(Message.id).where((Message.conversation_id == conversation_id) & (text | reasoning))
    return session.scalar(query.order_by(text.desc(), Message.position).limit(1))


def message_record(row: Message) -> MessageRecord:
    return MessageRecord(
        id=row.id,
        conversation_id=row.conversation_id,
        role=row.role,  # type: ignore[arg-type]
        text=row.text,
        reasoning=row.reasoning,
        edition=row.edition,
        status=row.status,  # type: ignore[arg-type]
        media=tuple(
            MediaRecord(hash=item.hash, mime=item.medium.mime, size=item.medium.size, name=item.name)
            for item in row.attachments
        ),
        facts=row.facts,
        created=row.created,
        updated=row.updated,
    )


def conversation_record(row: Conversation) -> ConversationRecord:
    return ConversationRecord(
        id=row.id,
        title=row.title,
        settings=row.settings,
        created=row.created,
        updated=row.updated,
        messages=tuple(message_record(message) for message in row.messages),
    )
