"""What is exported comes back equal; what was not exported by us is refused with the field named."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qwen3_vl_webui.errors import InvalidRequest, NotFound
from qwen3_vl_webui.history.records import ConversationRecord
from qwen3_vl_webui.history.store import HistoryStore

PNG = b"\x89PNG\r\n\x1a\n"
PNG_HASH = hashlib.sha256(PNG).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HistoryStore]:
    store = HistoryStore(tmp_path / "one")
    yield store
    store.close()


@pytest.fixture
def conversation(store: HistoryStore) -> ConversationRecord:
    row = store.create_conversation("图 & <b>", {"edition": "thinking"})
    media = [store.put_media(PNG + bytes(range(size)), name=f"{size}.png") for size in (1, 2, 3, 100)]
    store.add_message(row.id, role="user", text='"quotes"\n换行', media=media)
    store.add_message(row.id, role="assistant", text="answer", reasoning="chain", edition="thinking", facts={"n": 1})
    return store.get_conversation(row.id)


def content(record: ConversationRecord) -> list[tuple[Any, ...]]:
    return [
        (m.role, m.text, m.reasoning, m.edition, m.status, m.media, dict(m.facts), m.created) for m in record.messages
    ]


def test_an_embedded_export_comes_back_in_another_store(store: HistoryStore, conversation: ConversationRecord) -> None:
    data = b"".join(store.export_json(conversation.id, embed=True))
    other = HistoryStore(store.folder.parent / "two")
    again = other.import_json(data)
    assert (again.title, again.settings, again.created) == (
        conversation.title,
        conversation.settings,
        conversation.created,
    )
    assert content(again) == content(conversation)
    for item in again.messages[0].media:
        assert other.media_path(item.hash).read_bytes() == store.media_path(item.hash).read_bytes()
    other.close()


def test_an_export_without_bytes_finds_what_is_stored_and_names_what_is_not(
    store: HistoryStore, conversation: ConversationRecord
) -> None:
    data = b"".join(store.export_json(conversation.id))
    assert content(store.import_json(data)) == content(conversation)
    other = HistoryStore(store.folder.parent / "two")
    first = other.import_json(data).messages[0]
    assert first.media == ()
    assert first.facts["missing_media"] == [item.hash for item in conversation.messages[0].media]
    other.close()


def test_markdown_is_for_people(store: HistoryStore, conversation: ConversationRecord) -> None:
    english, chinese = store.export_markdown(conversation.id), store.export_markdown(conversation.id, "zh")
    for text in (english, chinese):
        assert text.startswith("# 图 & <b>\n")
        assert '"quotes"\n换行' in text
        assert "chain" in text
        assert "100.png" in text
    assert "Reasoning" in english
    assert "思考过程" in chinese


ENGLISH = r"[A-Za-z]+ [a-z]+"  # two words, in a Chinese message


def good() -> dict[str, Any]:
    return {"format": "qwen3-vl-webui/conversation", "version": 1, "messages": [{"role": "user", "text": "hi"}]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": "chatgpt"}, "format"),
        ({"version": 2}, "version"),
        ({"extra": 1}, "extra"),
        ({"messages": [{"role": "robot"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "text": 1}]}, "messages.0.text"),
        ({"messages": [{"role": "user", "status": "streaming"}]}, "messages.0.status"),
        ({"messages": [{"role": "user", "media": [{"hash": "../x"}]}]}, "messages.0.media.0.hash"),
        ({"messages": [{"role": "user"}] * 10_001}, "messages"),
        ({"media": {"a" * 64: {"mime": "image/png", "size": 1, "data": "!"}}}, "media." + "a" * 64),
        ({"media": {"a" * 64: {"mime": "image/png", "size": 8, "data": "iVBORw0KGgo="}}}, "media." + "a" * 64),
        ({"media": {PNG_HASH: {"mime": "image/png", "size": 9, "data": "iVBORw0KGgo="}}}, "media." + PNG_HASH),
        ({"settings": {"x": "y" * 1_000_001}}, "settings"),
        ({"created": 1e300}, "created"),
        ({"messages": [{"role": "user", "created": -1}]}, "messages.0.created"),
    ],
)
def test_what_is_not_ours_is_refused(store: HistoryStore, change: dict[str, Any], field: str) -> None:
    assert store.import_json(json.dumps(good())).messages[0].text == "hi"
    with pytest.raises(InvalidRequest) as caught:
        store.import_json(json.dumps(good() | change))
    assert field in (caught.value.field or "")
    assert not re.search(ENGLISH, caught.value.message("zh"))
    assert store.count_conversations() == 1


def test_a_refused_import_leaves_nothing(store: HistoryStore) -> None:
    media = {
        PNG_HASH: {"mime": "image/png", "size": 8, "data": base64.b64encode(PNG).decode()},
        "a" * 64: {"mime": "image/png", "size": 1, "data": "!"},
    }
    with pytest.raises(InvalidRequest):
        store.import_json(json.dumps(good() | {"media": media}))
    with pytest.raises(NotFound):
        store.get_media(PNG_HASH)


def test_the_last_second_of_the_calendar_can_be_read(store: HistoryStore) -> None:
    last = {"role": "user", "text": "hi", "created": 253_402_300_799}
    found = store.import_json(json.dumps(good() | {"messages": [last]}))
    assert "9999-12-31 23:59 UTC" in store.export_markdown(found.id)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"null", b"\xff\xfe", PNG])
def test_what_is_no_export_is_refused(store: HistoryStore, data: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        store.import_json(data)
    assert not re.search(ENGLISH, caught.value.message("zh"))
    assert "body" not in caught.value.message("en")  # it is a file as often as the body of a request
