"""The store keeps what it said it kept, stores media once, and removes them with their last message."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwen3_vl_webui.errors import ConfigError, InvalidRequest, NotFound, StorageFailure, TooLarge
from qwen3_vl_webui.history.store import HistoryStore

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HistoryStore]:
    store = HistoryStore(tmp_path)
    yield store
    store.close()


def files(store: HistoryStore) -> set[str]:
    return {path.name for path in store.files.folder.rglob("*") if path.is_file()}


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """No file of this process can grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_an_error_of_its_own_and_what_was_stored_stays(store: HistoryStore) -> None:
    conversation = store.create_conversation("kept")
    with small_disk(200_000):
        with pytest.raises(StorageFailure) as caught:
            store.put_media(PNG + bytes(3_000_000))
        assert caught.value.code == "data_unwritable"
        with pytest.raises(StorageFailure):
            store.put_media(PNG + bytes(199_995))  # what is buffered fits no more when the file is closed
        with pytest.raises(StorageFailure):
            store.add_message(conversation.id, role="user", text="x" * 3_000_000)
    assert files(store) == set()
    assert store.get_conversation(conversation.id).messages == ()
    store.add_message(conversation.id, role="user", text="there is room again")


def test_a_conversation_comes_back_whole_and_in_order(store: HistoryStore) -> None:
    conversation = store.create_conversation(settings={"edition": "thinking"})
    picture = store.put_media(PNG + b"1", name="猫.png")
    question = store.add_message(conversation.id, role="user", text="这是什么?\n第二行", media=[picture])
    answer = store.add_message(conversation.id, role="assistant", edition="thinking", status="streaming")
    store.update_message(answer.id, text="一只猫", reasoning="看起来像猫", status="done", facts={"tokens": 3})
    store.close()
    again = HistoryStore(store.folder)
    found = again.get_conversation(conversation.id)
    assert found.title == "这是什么?"
    assert found.settings == {"edition": "thinking"}
    assert [message.role for message in found.messages] == ["user", "assistant"]
    assert found.messages[0].media == (picture,)
    assert (found.messages[0].id, found.messages[0].text) == (question.id, "这是什么?\n第二行")
    last = found.messages[1]
    assert (last.text, last.reasoning, last.status, last.facts) == ("一只猫", "看起来像猫", "done", {"tokens": 3})
    again.close()


def test_the_latest_conversation_is_listed_first(store: HistoryStore) -> None:
    first, second = store.create_conversation("first"), store.create_conversation("second")
    store.add_message(first.id, role="user", text="hello")
    assert [row.title for row in store.list_conversations()] == ["first", "second"]
    assert [row.messages for row in store.list_conversations()] == [1, 0]
    assert [row.id for row in store.list_conversations(limit=1, offset=1)] == [second.id]
    assert store.count_conversations() == 2


@pytest.mark.parametrize(
    ("search", "titles"),
    [
        ("猫", ["cats"]),
        ("BLACK", ["cats"]),
        ("100%", ["percent"]),
        ("%", ["percent"]),
        ("_", ["under"]),
        ("CATS", ["cats"]),
        ("weighing", ["percent"]),
        ("nothing", []),
    ],
)
def test_search_finds_titles_texts_and_reasoning_literally(store: HistoryStore, search: str, titles: list[str]) -> None:
    for title, text, reasoning in (
        ("cats", "一只黑猫 A Black cat", ""),
        ("percent", "100% sure", "after weighing it"),
        ("under", "snake_case", ""),
    ):
        conversation = store.create_conversation(title)
        store.add_message(conversation.id, role="user", text=text, reasoning=reasoning)
    assert [row.title for row in store.list_conversations(search)] == titles
    assert store.count_conversations(search) == len(titles)


def test_a_search_shows_where_it_was_found(store: HistoryStore) -> None:
    conversation = store.create_conversation("t")
    store.add_message(conversation.id, role="user", text="x " * 200 + "needle" + " y" * 200)
    (row,) = store.list_conversations("NEEDLE")
    assert "needle" in row.snippet
    assert row.snippet.startswith("…")
    assert len(row.snippet) < 120


def test_a_search_finds_the_message_by_its_text_before_any_reasoning(store: HistoryStore) -> None:
    conversation = store.create_conversation("t").id
    store.add_message(conversation, role="assistant", text="x", reasoning="a needle, a pin")
    said, later = (store.add_message(conversation, role="user", text=text).id for text in ("the needle", "needles"))
    assert store.find_message(conversation, "NEEDLE") == said
    assert store.find_message(conversation, "needles") == later
    assert store.find_message(conversation, "pin") == store.get_conversation(conversation).messages[0].id
    assert store.find_message(conversation, "hay") is None


def test_what_is_not_there_is_said(store: HistoryStore) -> None:
    conversation = store.create_conversation()
    for call in (
        lambda: store.get_conversation("x"),
        lambda: store.rename("x", "t"),
        lambda: store.delete("x"),
        lambda: store.add_message("x", role="user"),
        lambda: store.update_message("x", text="t"),
        lambda: store.delete_message("x"),
        lambda: store.truncate_after("x"),
        lambda: store.media_path("0" * 64),
    ):
        with pytest.raises(NotFound):
            call()
    picture = store.put_media(PNG)
    store.sweep(older_than=-1)
    with pytest.raises(NotFound):
        store.add_message(conversation.id, role="user", media=[picture])
    assert store.get_conversation(conversation.id).messages == ()  # the failed call left nothing


def test_turns_after_an_edited_one_go(store: HistoryStore) -> None:
    conversation = store.create_conversation()
    ids = [store.add_message(conversation.id, role="user", text=str(number)).id for number in range(5)]
    store.truncate_after(ids[3])
    assert [message.text for message in store.get_conversation(conversation.id).messages] == ["0", "1", "2", "3"]
    store.truncate_after(ids[2], inclusive=True)
    store.delete_message(ids[0])
    store.add_message(conversation.id, role="user", text="new")
    assert [message.text for message in store.get_conversation(conversation.id).messages] == ["1", "new"]


def test_a_medium_is_stored_once_and_under_its_real_type(store: HistoryStore) -> None:
    first, second = store.put_media(PNG, name="a.png"), store.put_media(PNG, name="b.html")
    assert (first.hash, first.mime) == (second.hash, "image/png")
    assert files(store) == {first.hash}
    assert store.media_path(first.hash).read_bytes() == PNG


@pytest.mark.parametrize(
    "content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"#!/bin/sh", b"PK\x03\x04"]
)
def test_what_is_no_picture_or_video_is_not_stored(store: HistoryStore, content: bytes) -> None:
    with pytest.raises(InvalidRequest):
        store.put_media(content, name="picture.png")
    assert files(store) == set()


def test_a_file_over_the_limit_leaves_nothing(store: HistoryStore) -> None:
    with pytest.raises(TooLarge):
        store.put_media(PNG + bytes(3 << 20), limit=2 << 20)
    assert files(store) == set()


@pytest.mark.parametrize("digest", ["../../etc/passwd", "a" * 63, "A" * 64, "", "a" * 64 + "\n"])
def test_only_hashes_are_paths(store: HistoryStore, digest: str) -> None:
    with pytest.raises((InvalidRequest, NotFound)):
        store.media_path(digest)
    with pytest.raises(InvalidRequest):
        store.files.path(digest)


def test_uploads_that_nobody_sent_are_swept(store: HistoryStore) -> None:
    sent, unsent = store.put_media(PNG + b"sent"), store.put_media(PNG + b"unsent")
    store.add_message(store.create_conversation().id, role="user", media=[sent])
    store.sweep()
    assert files(store) == {sent.hash, unsent.hash}
    store.sweep(older_than=-1)
    assert files(store) == {sent.hash}


def test_an_upload_outlives_the_deletion_of_another_conversation(store: HistoryStore) -> None:
    old, new = store.create_conversation(), store.create_conversation()
    store.add_message(old.id, role="user", media=[store.put_media(PNG)])
    uploaded = store.put_media(PNG)  # again, for a message that is not sent yet
    store.delete(old.id)
    store.add_message(new.id, role="user", media=[uploaded])
    assert store.media_path(uploaded.hash).read_bytes() == PNG


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 2), st.lists(st.integers(0, 3), max_size=3)),
        st.tuples(st.just("delete message"), st.integers(0, 9), st.none()),
        st.tuples(st.just("truncate"), st.integers(0, 9), st.none()),
        st.tuples(st.just("delete"), st.integers(0, 2), st.none()),
    ),
    max_size=12,
)


@given(steps)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_files_are_exactly_those_that_messages_show(
    store: HistoryStore, steps: list[tuple[str, int, list[int] | None]]
) -> None:
    for row in store.list_conversations(limit=1000):
        store.delete(row.id)
    conversations = [store.create_conversation().id for _ in range(3)]
    messages: list[tuple[str, str, set[str]]] = []  # conversation, message, hashes
    for action, number, media in steps:
        if action == "add" and conversations[number]:
            records = [store.put_media(PNG + bytes([content])) for content in media or ()]
            message = store.add_message(conversations[number], role="user", media=records)
            messages.append((conversations[number], message.id, {record.hash for record in records}))
        elif action == "delete" and conversations[number]:
            store.delete(conversations[number])
            messages = [entry for entry in messages if entry[0] != conversations[number]]
            conversations[number] = ""
        elif action in ("delete message", "truncate") and messages:
            conversation, message_id, _ = messages[number % len(messages)]
            if action == "truncate":
                store.truncate_after(message_id, inclusive=True)
                at = next(index for index, entry in enumerate(messages) if entry[1] == message_id)
                messages = [entry for index, entry in enumerate(messages) if index < at or entry[0] != conversation]
            else:
                store.delete_message(message_id)
                messages = [entry for entry in messages if entry[1] != message_id]
        assert files(store) == set().union(*(hashes for _, _, hashes in messages))


def test_threads_lose_nothing(store: HistoryStore) -> None:
    conversation = store.create_conversation("shared")
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                media = [store.put_media(PNG + bytes([turn % 3]))]
                message = store.add_message(conversation.id, role="user", text=f"{number}/{turn}", media=media)
                store.update_message(message.id, text=f"{number}/{turn}!")
                own = store.create_conversation()
                store.add_message(own.id, role="user", media=media)
                store.delete(own.id)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    messages = store.get_conversation(conversation.id).messages
    assert {message.text for message in messages} == {f"{number}/{turn}!" for number in range(6) for turn in range(10)}
    assert files(store) == {message.media[0].hash for message in messages}


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "history.db").write_text("this is no database, whatever its name says")
    for folder in (tmp_path / "file", tmp_path / "bad"):
        with pytest.raises(ConfigError) as caught:
            HistoryStore(folder)
        assert caught.value.field == "data"
        assert str(folder) in caught.value.message("zh")
    assert (tmp_path / "bad" / "history.db").read_text().startswith("this is no database")
