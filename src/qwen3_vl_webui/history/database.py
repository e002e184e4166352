"""SQLite as the history uses it: write-ahead log, foreign keys, transactions that say beforehand whether they write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

from qwen3_vl_webui.errors import StorageFailure

BUSY_SECONDS = 20


def open_database(path: Path) -> Engine:
    """An engine on the file. `engine.execution_options(writes=True)` begins transactions that take the write lock at
    once: two writers then queue, where a reader that turns writer would fail with "database is locked".
    """
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS}, pool_size=8, max_overflow=32)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's `begin` event says BEGIN, not the driver
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


@contextmanager
def writing() -> Iterator[None]:
    """Trouble with the disk or the file as `StorageFailure`."""
    try:
        yield
    except OperationalError as error:
        raise StorageFailure("data_unwritable", reason=error.orig) from error
    except OSError as error:
        raise StorageFailure("data_unwritable", reason=error.strerror or error) from error


def this_process() -> str:
    """A name for this process that a later one with the same id does not share."""
    return f"{os.getpid()}:{psutil.Process().create_time():.2f}"


def is_alive(process: str) -> bool:
    """Whether the process of that name still runs."""
    number, _, started = process.partition(":")
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" == started
    except (psutil.Error, ValueError):
        return False
