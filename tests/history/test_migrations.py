"""Every old database opens with its conversations; a newer one is refused untouched; models and steps agree."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import inspect

from qwen3_vl_webui.errors import ConfigError
from qwen3_vl_webui.history.database import open_database
from qwen3_vl_webui.history.migrations import STEPS, migrate
from qwen3_vl_webui.history.models import Base
from qwen3_vl_webui.history.store import DATABASE, HistoryStore


@pytest.mark.parametrize("old", range(1, len(STEPS)))
def test_an_old_database_keeps_its_conversations(tmp_path: Path, old: int) -> None:
    path = tmp_path / DATABASE
    engine = open_database(path)
    migrate(engine, path, STEPS[:old])
    with engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("INSERT INTO conversations VALUES ('c', 'old', '{}', 1.0, 1.0)")
        connection.exec_driver_sql(
            "INSERT INTO messages"
            " (id, conversation_id, position, role, text, reasoning, status, facts, created, updated)"
            " VALUES ('m', 'c', 0, 'assistant', 'kept', '', 'streaming', '{}', 1.0, 1.0)"
        )
    engine.dispose()
    store = HistoryStore(tmp_path)
    (message,) = store.get_conversation("c").messages
    assert (message.text, message.status) == ("kept", "interrupted")
    store.close()
    copy = sqlite3.connect(tmp_path / f"{DATABASE}.v{old}.bak")
    assert copy.execute("SELECT text FROM messages").fetchall() == [("kept",)]
    assert copy.execute("PRAGMA user_version").fetchone() == (old,)
    copy.close()


def test_a_newer_database_is_refused_untouched(tmp_path: Path) -> None:
    HistoryStore(tmp_path).close()
    database = sqlite3.connect(tmp_path / DATABASE)
    database.execute("PRAGMA user_version = 999")
    database.close()
    with pytest.raises(ConfigError) as caught:
        HistoryStore(tmp_path)
    assert caught.value.code == "history_newer"
    assert "999" in caught.value.message("zh")


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    engine = open_database(path)
    migrate(engine, path, STEPS[:1])
    with pytest.raises(Exception, match="no such table"):
        migrate(engine, path, (STEPS[0], (*STEPS[1], "INSERT INTO nowhere VALUES (1)")))
    assert "media" not in inspect(engine).get_table_names()
    migrate(engine, path)
    engine.dispose()


def test_models_and_steps_agree(tmp_path: Path) -> None:
    store = HistoryStore(tmp_path)
    engine = open_database(tmp_path / DATABASE)
    inspector = inspect(engine)
    assert set(inspector.get_table_names()) == set(Base.metadata.tables)
    for name, table in Base.metadata.tables.items():
        columns = {column["name"]: column["nullable"] for column in inspector.get_columns(name)}
        keys = set(inspector.get_pk_constraint(name)["constrained_columns"])
        assert set(columns) == set(table.columns.keys()), name
        assert {key for key, nullable in columns.items() if not nullable} | keys == {
            column.name for column in table.columns if not column.nullable
        }, name
    engine.dispose()
    store.close()


def test_facts_are_json_on_disk(tmp_path: Path) -> None:
    store = HistoryStore(tmp_path)
    store.add_message(store.create_conversation().id, role="user", facts={"时间": [1, 2.5, None]})
    store.close()
    database = sqlite3.connect(tmp_path / DATABASE)
    (text,) = database.execute("SELECT facts FROM messages").fetchone()
    assert json.loads(text) == {"时间": [1, 2.5, None]}
    database.close()
