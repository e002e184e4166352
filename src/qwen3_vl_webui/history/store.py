"""The store of conversations: `<folder>/history.db` and `<folder>/media/`. Synchronous and thread-safe; callers on an
event loop use threads.

Every call is one transaction, so what returned is kept if the process dies. A medium is stored once however many
messages show it, and leaves the disk with the last of them. Raises `NotFound` for an id that is not there.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from qwen3_vl_webui.errors import ConfigError, Language, NotFound, StorageFailure
from qwen3_vl_webui.history.database import is_alive, open_database, this_process, writing
from qwen3_vl_webui.history.media import MediaFiles, MediaWriter, pieces
from qwen3_vl_webui.history.migrations import migrate
from qwen3_vl_webui.history.models import Attachment, Conversation, Medium, Message
from qwen3_vl_webui.history.queries import (
    conversation_record,
    delete_messages,
    find_message,
    forget_unused,
    get_conversation,
    get_message,
    hashes_of,
    matches,
    message_record,
    snippet,
)
from qwen3_vl_webui.history.records import (
    ConversationRecord,
    ConversationSummary,
    MediaRecord,
    MessageRecord,
    Role,
    Status,
)
from qwen3_vl_webui.history.transfer import (
    ExportedConversation,
    decode,
    from_json,
    to_json,
    to_markdown,
)

TITLE = 60  # characters of an automatic title
PENDING_SECONDS = 24 * 3600.0  # how long an upload that no message shows is kept
DATABASE = "history.db"


class HistoryStore:
    """`folder` is made when it is not there."""

    def __init__(self, folder: Path) -> None:
        """Raises `ConfigError` when the folder cannot be used, or holds the history of a newer program."""
        self.folder = folder
        self.files = MediaFiles(folder / "media")
        self._writer = this_process()
        self._engine = open_database(folder / DATABASE)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            migrate(self._engine, folder / DATABASE)
            self._mark_interrupted()
            self.sweep()
        except OSError as error:
            raise ConfigError("history_unusable", field="data", path=folder, reason=error.strerror) from error
        except StorageFailure as error:
            raise ConfigError("history_unusable", field="data", path=folder, reason=error.details["reason"]) from error
        except DatabaseError as error:
            raise ConfigError("history_unusable", field="data", path=folder / DATABASE, reason=error.orig) from error

    def close(self) -> None:
        self._engine.dispose()

    # conversations

    def create_conversation(
        self, title: str = "", settings: Mapping[str, Any] | None = None, *, created: float | None = None
    ) -> ConversationRecord:
        """A new one; with an empty title it takes the beginning of its first question. `created` is now unless an
        import says otherwise.
        """
        now = time.time()
        row = Conversation(
            id=uuid.uuid4().hex,
            title=title,
            settings=dict(settings or {}),
            created=now if created is None else created,
            updated=now,
        )
        with self._write() as session:
            session.add(row)
            session.flush()
            return conversation_record(row)

    def list_conversations(self, search: str = "", limit: int = 50, offset: int = 0) -> list[ConversationSummary]:
        """The latest first. `search` finds a part of a title, a text or a reasoning; upper and lower case are alike."""
        number = select(func.count()).where(Message.conversation_id == Conversation.id).scalar_subquery()
        query = select(Conversation, number).order_by(Conversation.updated.desc(), Conversation.id)
        if search:
            query = query.where(matches(search))
        with self._read() as session:
            return [
                ConversationSummary(
                    id=row.id,
                    title=row.title,
                    created=row.created,
                    updated=row.updated,
                    messages=messages,
                    snippet=snippet(session, row, search) if search else "",
                )
                for row, messages in session.execute(query.limit(limit).offset(offset)).all()
            ]

    def count_conversations(self, search: str = "") -> int:
        query = select(func.count()).select_from(Conversation)
        with self._read() as session:
            return session.scalar(query.where(matches(search)) if search else query) or 0

    def get_conversation(self, conversation_id: str) -> ConversationRecord:
        with self._read() as session:
            return conversation_record(get_conversation(session, conversation_id))

    def rename(self, conversation_id: str, title: str) -> None:
        with self._write() as session:
            get_conversation(session, conversation_id).title = title

    def update_settings(self, conversation_id: str, settings: Mapping[str, Any]) -> None:
        with self._write() as session:
            get_conversation(session, conversation_id).settings = dict(settings)

    def delete(self, conversation_id: str) -> None:
        """With its messages, and the media that no other conversation shows."""
        with self._write() as session:
            get_conversation(session, conversation_id)
            mine = Message.conversation_id == conversation_id
            hashes = hashes_of(session, mine)
            session.execute(delete(Conversation).where(Conversation.id == conversation_id))
            forget_unused(session, hashes)
        self._remove_files(hashes)

    # messages

    def add_message(
        self,
        conversation_id: str,
        *,
        role: Role,
        text: str = "",
        reasoning: str = "",
        edition: str | None = None,
        status: Status = "done",
        media: Sequence[MediaRecord] = (),
        facts: Mapping[str, Any] | None = None,
        created: float | None = None,
    ) -> MessageRecord:
        """Append a turn. Its media must be stored (`put_media`). `created` is now unless an import says otherwise."""
        now = time.time()
        row = Message(
            id=uuid.uuid4().hex,
            conversation_id=conversation_id,
            role=role,
            text=text,
            reasoning=reasoning,
            edition=edition,
            status=status,
            facts=dict(facts or {}),
            created=now if created is None else created,
            updated=now,
            writer=self._writer if status == "streaming" else None,
        )
        with self._write() as session:
            conversation = session.get(Conversation, conversation_id)
            if conversation is None:
                raise NotFound("conversation_absent", field="conversation_id", id=conversation_id)
            conversation.updated = now
            if not conversation.title and role == "user" and text.strip():
                conversation.title = text.strip().splitlines()[0][:TITLE]
            last = session.scalar(select(func.max(Message.position)).where(Message.conversation_id == conversation_id))
            row.position = 0 if last is None else last + 1
            session.add(row)
            session.flush()
            for position, record in enumerate(media):
                medium = session.get(Medium, record.hash)
                if medium is None:
                    raise NotFound("media_absent", field="media", hash=record.hash)
                medium.pending = None
                session.add(Attachment(message_id=row.id, position=position, hash=record.hash, name=record.name))
            session.flush()
            session.refresh(row)
            return message_record(row)

    def update_message(
        self,
        message_id: str,
        *,
        text: str | None = None,
        reasoning: str | None = None,
        status: Status | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Change what is given. One statement: cheap enough for every half second of a stream."""
        values: dict[str, Any] = {"updated": time.time()}
        for name, value in (("text", text), ("reasoning", reasoning)):
            if value is not None:
                values[name] = value
        if facts is not None:
            values["facts"] = dict(facts)
        if status is not None:
            values |= {"status": status, "writer": self._writer if status == "streaming" else None}
        with self._write() as session:
            statement = update(Message).where(Message.id == message_id).values(**values).returning(Message.id)
            if session.scalar(statement) is None:
                raise NotFound("message_absent", field="message_id", id=message_id)

    def get_message(self, message_id: str) -> MessageRecord:
        with self._read() as session:
            return message_record(get_message(session, message_id))

    def find_message(self, conversation_id: str, search: str) -> str | None:
        """The id of the first message that holds what was searched, in its text or else in its reasoning."""
        with self._read() as session:
            return find_message(session, conversation_id, search)

    def delete_message(self, message_id: str) -> None:
        with self._write() as session:
            get_message(session, message_id)
            hashes = delete_messages(session, Message.id == message_id)
        self._remove_files(hashes)

    def truncate_after(self, message_id: str, *, inclusive: bool = False) -> None:
        """Delete the turns after this one, and with `inclusive` this one too: what editing and retrying need."""
        with self._write() as session:
            row = get_message(session, message_id)
            later = Message.position >= row.position if inclusive else Message.position > row.position
            hashes = delete_messages(session, (Message.conversation_id == row.conversation_id) & later)
        self._remove_files(hashes)

    # media

    def put_media(self, source: bytes | Path, *, name: str = "", limit: int | None = None) -> MediaRecord:
        """Store a picture or video, in pieces. `limit` is in bytes. It stays a day without being in a message."""
        with self.media_writer(name=name, limit=limit) as (writer, finish):
            for piece in pieces(source):
                writer.write(piece)
            return finish()

    @contextmanager
    def media_writer(
        self, *, name: str = "", limit: int | None = None
    ) -> Iterator[tuple[MediaWriter, Callable[[], MediaRecord]]]:
        """For bytes that arrive over time: a writer, and the function that keeps what was written and returns its
        record.
        """
        with writing(), self.files.writer(limit=limit) as writer:

            def finish() -> MediaRecord:
                stored = writer.finish()
                now = time.time()
                with self._write() as session:  # holds the write lock, so that no deletion comes between file and row
                    self.files.keep(stored)
                    medium = session.get(Medium, stored.hash)
                    if medium is None:
                        medium = Medium(hash=stored.hash, mime=stored.mime, size=stored.size, created=now)
                        session.add(medium)
                    medium.pending = now
                return MediaRecord(hash=stored.hash, mime=stored.mime, size=stored.size, name=name)

            yield writer, finish

    def get_media(self, digest: str) -> MediaRecord:
        with self._read() as session:
            medium = session.get(Medium, digest)
            if medium is None:
                raise NotFound("media_absent", field="media", hash=digest)
            return MediaRecord(hash=medium.hash, mime=medium.mime, size=medium.size)

    def media_path(self, digest: str) -> Path:
        """The file of a stored medium, for reading only."""
        self.get_media(digest)
        return self.files.path(digest)

    def sweep(self, *, older_than: float = PENDING_SECONDS) -> None:
        """Remove uploads that no message shows for so many seconds, and files that a crash left without a row."""
        limit = time.time() - older_than
        with self._write() as session:
            old = (Medium.pending <= limit) & ~exists().where(Attachment.hash == Medium.hash)
            hashes = list(session.scalars(delete(Medium).where(old).returning(Medium.hash)))
            known = set(session.scalars(select(Medium.hash)))
        self._remove_files(hashes)
        for file in self.files.strays(known, older_than=limit):
            file.unlink(missing_ok=True)

    # out and in

    def export_json(self, conversation_id: str, *, embed: bool = False) -> Iterator[bytes]:
        """The conversation as JSON, in pieces; with `embed` it holds its media and can be imported elsewhere."""
        return to_json(self.get_conversation(conversation_id), self.media_path, embed=embed)

    def export_markdown(self, conversation_id: str, language: Language = "en") -> str:
        return to_markdown(self.get_conversation(conversation_id), language)

    def import_json(self, data: bytes | str) -> ConversationRecord:
        """A new conversation from the text of an export. Raises `InvalidRequest`; then nothing is left."""
        return self.import_conversation(from_json(data))

    def import_conversation(self, found: ExportedConversation) -> ConversationRecord:
        """The same from a checked export. Media that are neither embedded nor stored here are left out; their hashes
        are in the message's `facts["missing_media"]`.
        """
        embedded = {digest: medium for digest, medium in found.media.items() if medium.data is not None}
        for digest, medium in embedded.items():  # all are right before any is stored
            decode(digest, medium)
        media = {digest: self.put_media(decode(digest, medium)) for digest, medium in embedded.items()}
        conversation = self.create_conversation(found.title, found.settings, created=found.created)
        try:
            for message in found.messages:
                records = [(item, self._stored(item.hash) or media.get(item.hash)) for item in message.media]
                missing = [item.hash for item, record in records if record is None]
                self.add_message(
                    conversation.id,
                    role=message.role,
                    text=message.text,
                    reasoning=message.reasoning,
                    edition=message.edition,
                    status=message.status,
                    media=[replace(record, name=item.name) for item, record in records if record is not None],
                    facts={**message.facts, "missing_media": missing} if missing else message.facts,
                    created=message.created,
                )
        except BaseException:
            self.delete(conversation.id)
            raise
        return self.get_conversation(conversation.id)

    def _stored(self, digest: str) -> MediaRecord | None:
        try:
            return self.get_media(digest)
        except NotFound:
            return None

    # inside

    @contextmanager
    def _read(self) -> Iterator[Session]:
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def _write(self) -> Iterator[Session]:
        engine = self._engine.execution_options(writes=True)
        with writing(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def _remove_files(self, hashes: Sequence[str]) -> None:
        """Remove the files of those that have no row any more, under the lock that `put_media` takes."""
        if hashes:
            with self._write() as session:
                kept = set(session.scalars(select(Medium.hash).where(Medium.hash.in_(hashes))))
                for digest in set(hashes) - kept:
                    self.files.remove(digest)

    def _mark_interrupted(self) -> None:
        """Answers that a process was streaming when it died."""
        with self._write() as session:
            streaming = Message.status == "streaming"
            writers = session.scalars(select(Message.writer).where(streaming).distinct()).all()
            dead = [writer for writer in writers if writer is not None and not is_alive(writer)]
            gone = or_(Message.writer.is_(None), Message.writer.in_(dead))
            session.execute(update(Message).where(streaming & gone).values(status="interrupted", writer=None))
