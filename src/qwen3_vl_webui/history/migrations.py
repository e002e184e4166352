"""The schema in numbered steps. A database carries the number of its last step (`PRAGMA user_version`).

A step that shipped is never edited; a change of the schema is a new step. Before an existing database is changed, a
copy is left beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine

from qwen3_vl_webui.errors import ConfigError

Step = tuple[str, ...]

STEPS: tuple[Step, ...] = (
    (  # 1: conversations and messages
        """CREATE TABLE conversations (
            id TEXT PRIMARY KEY, title TEXT NOT NULL, settings JSON NOT NULL,
            created REAL NOT NULL, updated REAL NOT NULL)""",
        """CREATE TABLE messages (
            id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
            position INTEGER NOT NULL, role TEXT NOT NULL, text TEXT NOT NULL, reasoning TEXT NOT NULL, edition TEXT,
            status TEXT NOT NULL, facts JSON NOT NULL, created REAL NOT NULL, updated REAL NOT NULL,
            UNIQUE (conversation_id, position))""",
        "CREATE INDEX conversations_by_time ON conversations (updated DESC)",
    ),
    (  # 2: media
        """CREATE TABLE media (
            hash TEXT PRIMARY KEY, mime TEXT NOT NULL, size INTEGER NOT NULL, created REAL NOT NULL, pending REAL)""",
        """CREATE TABLE attachments (
            message_id TEXT NOT NULL REFERENCES messages(id) ON DELETE CASCADE, position INTEGER NOT NULL,
            hash TEXT NOT NULL REFERENCES media(hash), name TEXT NOT NULL, PRIMARY KEY (message_id, position))""",
        "CREATE INDEX attachments_by_hash ON attachments (hash)",
    ),
    (  # 3: who streams an answer, so that a second process does not call it interrupted
        "ALTER TABLE messages ADD COLUMN writer TEXT",
        "CREATE INDEX messages_by_writer ON messages (writer) WHERE writer IS NOT NULL",
    ),
)


def version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def migrate(engine: Engine, path: Path, steps: Sequence[Step] = STEPS) -> None:
    """Bring the database to the last step, all or nothing. Raises `ConfigError` when it is from a newer program."""
    with engine.connect() as connection:
        found = version(connection)
    if found > len(steps):
        raise ConfigError("history_newer", field="data", path=path, found=found, known=len(steps))
    if found == len(steps):
        return
    if found:
        _copy(engine, path.with_name(f"{path.name}.v{found}.bak"))
    with engine.execution_options(writes=True).begin() as connection:
        for number in range(version(connection), len(steps)):  # read again: another process may have been faster
            for statement in steps[number]:
                connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"PRAGMA user_version = {len(steps)}")


def _copy(engine: Engine, target: Path) -> None:
    target.unlink(missing_ok=True)
    with closing(engine.raw_connection()) as connection:  # not SQLAlchemy's: VACUUM runs outside a transaction
        connection.cursor().execute("VACUUM INTO ?", (str(target),))
