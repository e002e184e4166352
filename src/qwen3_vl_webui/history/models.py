"""The tables, as SQLAlchemy sees them. `migrations` makes them; a test holds the two together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Conversation(Base):
    """`created` and `updated` are seconds since the epoch; `settings` is the page's own (edition, sampling, system
    prompt).
    """

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[float]
    updated: Mapped[float]
    messages: Mapped[list[Message]] = relationship(order_by="Message.position", passive_deletes=True)


class Message(Base):
    """One turn. `position` orders a conversation's messages and is never given twice."""

    __tablename__ = "messages"

    id: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    position: Mapped[int]
    role: Mapped[str]
    text: Mapped[str]
    reasoning: Mapped[str]
    edition: Mapped[str | None]
    status: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[float]
    updated: Mapped[float]
    writer: Mapped[str | None]  # the process that streams it, "pid:start time"
    attachments: Mapped[list[Attachment]] = relationship(order_by="Attachment.position", passive_deletes=True)


class Medium(Base):
    """A stored file. `pending` is when it was last uploaded without having been attached since; None: attached."""

    __tablename__ = "media"

    hash: Mapped[str] = mapped_column(primary_key=True)
    mime: Mapped[str]
    size: Mapped[int]
    created: Mapped[float]
    pending: Mapped[float | None]


class Attachment(Base):
    """A medium in a message, under the name it was uploaded with."""

    __tablename__ = "attachments"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(ForeignKey("media.hash"))
    name: Mapped[str]
    medium: Mapped[Medium] = relationship()
