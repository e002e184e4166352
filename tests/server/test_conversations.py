"""The conversations API: everything the page does, over HTTP, with files that cannot turn into pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.server import errors
from qwen3_vl_webui.server.conversations import conversations_router

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
ROOT = "/api/conversations"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HistoryStore]:
    store = HistoryStore(tmp_path)
    yield store
    store.close()


@pytest.fixture
def client(store: HistoryStore) -> Iterator[TestClient]:
    app = FastAPI()
    errors.install(app)
    app.include_router(conversations_router(store, max_upload_bytes=3 << 20))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def new(client: TestClient, **body: Any) -> str:
    answer = client.post(ROOT, json=body)
    assert answer.status_code == 201
    return str(answer.json()["id"])


def test_a_conversation_lives_and_dies(client: TestClient, store: HistoryStore) -> None:
    conversation = new(client, settings={"edition": "thinking"})
    picture = client.post(f"{ROOT}/media?name=猫.png", content=PNG).json()
    assert (picture["mime"], picture["kind"], picture["name"]) == ("image/png", "image", "猫.png")
    question = client.post(
        f"{ROOT}/{conversation}/messages",
        json={"role": "user", "text": "什么?", "media": [{"hash": picture["hash"], "name": "猫.png"}]},
    )
    assert question.status_code == 201
    answer = client.post(f"{ROOT}/{conversation}/messages", json={"role": "assistant", "status": "streaming"}).json()
    changed = client.patch(f"{ROOT}/{conversation}/messages/{answer['id']}", json={"text": "猫", "status": "done"})
    assert (changed.json()["text"], changed.json()["status"]) == ("猫", "done")
    found = client.get(f"{ROOT}/{conversation}").json()
    assert found["title"] == "什么?"
    assert [message["text"] for message in found["messages"]] == ["什么?", "猫"]
    assert found["messages"][0]["media"][0]["size"] == len(PNG)
    assert client.patch(f"{ROOT}/{conversation}", json={"title": "cat"}).json()["title"] == "cat"
    assert [row["title"] for row in client.get(ROOT, params={"search": "猫"}).json()["items"]] == ["cat"]
    assert client.get(ROOT, params={"search": "dog"}).json() == {"items": [], "total": 0}
    assert client.delete(f"{ROOT}/{conversation}").status_code == 204
    assert client.get(f"{ROOT}/{conversation}").status_code == 404
    assert client.get(f"{ROOT}/media/{picture['hash']}").status_code == 404
    assert not any(path.is_file() for path in store.files.folder.rglob("*"))


def test_messages_are_deleted_alone_or_with_those_after(client: TestClient) -> None:
    conversation, other = new(client), new(client)
    ids = [
        client.post(f"{ROOT}/{conversation}/messages", json={"role": "user", "text": str(number)}).json()["id"]
        for number in range(4)
    ]
    assert client.delete(f"{ROOT}/{other}/messages/{ids[0]}").status_code == 404  # not of that conversation
    assert client.patch(f"{ROOT}/{other}/messages/{ids[0]}", json={"text": "x"}).status_code == 404
    assert client.delete(f"{ROOT}/{conversation}/messages/{ids[0]}").status_code == 204
    assert client.delete(f"{ROOT}/{conversation}/messages/{ids[2]}?following=true").status_code == 204
    assert [message["text"] for message in client.get(f"{ROOT}/{conversation}").json()["messages"]] == ["1"]


def test_exports_come_back(client: TestClient) -> None:
    conversation = new(client, title="t")
    picture = client.post(f"{ROOT}/media", content=PNG).json()
    body = {"role": "user", "text": "hi", "media": [{"hash": picture["hash"]}]}
    client.post(f"{ROOT}/{conversation}/messages", json=body)
    exported = client.get(f"{ROOT}/{conversation}/export", params={"embed": True})
    assert "attachment" in exported.headers["content-disposition"]
    client.delete(f"{ROOT}/{conversation}")
    imported = client.post(f"{ROOT}/import", json=exported.json())
    assert imported.status_code == 201
    assert imported.json()["messages"][0]["media"][0]["hash"] == picture["hash"]
    assert client.get(f"{ROOT}/media/{picture['hash']}").content == PNG
    markdown = client.get(f"{ROOT}/{imported.json()['id']}/export?format=markdown&language=zh")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "用户" in markdown.text


def test_a_stored_file_cannot_act_as_a_page(client: TestClient) -> None:
    digest = client.post(f"{ROOT}/media", content=PNG).json()["hash"]
    answer = client.get(f"{ROOT}/media/{digest}", params={"name": 'a"\r\nX: y.html'})
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert "x" not in answer.headers
    assert client.get(f"{ROOT}/media/{digest}?attachment=true").headers["content-disposition"].startswith("attachment")
    part = client.get(f"{ROOT}/media/{digest}", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, PNG[1:4])  # what seeking in a video needs
    for content in (b"<html><script>1</script>", b"<svg onload=alert(1)>", b"", b"text"):
        assert client.post(f"{ROOT}/media", content=content).status_code == 400


@pytest.mark.parametrize("part", ["bytes=1000-", "bytes=5-1", "bytes=x-y", "bytes=", "bytes", ""])
def test_a_part_that_a_file_does_not_have_is_an_error_in_our_shape(client: TestClient, part: str) -> None:
    digest = client.post(f"{ROOT}/media", content=PNG).json()["hash"]
    answer = client.get(f"{ROOT}/media/{digest}", headers={"Range": part, "Accept-Language": "zh"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(PNG)}")
    error = answer.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", "Range", "field_invalid")
    assert error["message"] == "Range 无效：不是此文件中的字节范围"


def test_parts_in_other_units_than_bytes_are_not_understood_and_the_whole_file_comes(client: TestClient) -> None:
    digest = client.post(f"{ROOT}/media", content=PNG).json()["hash"]
    answer = client.get(f"{ROOT}/media/{digest}", headers={"Range": "seconds=1-3"})
    assert (answer.status_code, answer.content) == (200, PNG)


def test_an_upload_over_the_limit_is_cut_off(client: TestClient, store: HistoryStore) -> None:
    answer = client.post(f"{ROOT}/media", content=(PNG + bytes(1 << 20) for _ in range(4)))
    assert answer.status_code == 413
    assert "3 MB" in answer.json()["error"]["message"]
    assert not any(path.is_file() for path in store.files.folder.rglob("*"))


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", "", {"titel": "x"}, 400, "titel"),
        ("POST", "", {"title": "x" * 1001}, 400, "title"),
        ("POST", "", {"settings": {"x": "y" * 1_000_001}}, 400, "settings"),
        ("PATCH", "/nobody", {"title": "x"}, 404, "conversation_id"),
        ("POST", "/nobody/messages", {"role": "user"}, 404, "conversation_id"),
        ("POST", "/nobody/messages", {"role": "robot"}, 400, "role"),
        ("POST", "/nobody/messages", {"role": "user", "media": [{"hash": "x"}]}, 400, "media[0].hash"),
        ("POST", "/import", {"format": "chatgpt", "version": 1, "messages": []}, 400, "format"),
        ("GET", "?limit=0", None, 400, "limit"),
        ("GET", "/media/xyz", None, 400, "digest"),
        ("GET", "/media/" + "0" * 64, None, 404, "media"),
        ("GET", "/nobody/export?format=pdf", None, 400, "format"),
        ("GET", "/nobody", None, 404, "conversation_id"),
    ],
)
def test_what_is_wrong_is_named(client: TestClient, method: str, path: str, body: Any, status: int, field: str) -> None:
    answer = client.request(method, ROOT + path, json=body) if body is not None else client.request(method, ROOT + path)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, field), answer.text
    assert answer.json()["error"]["message"]


def test_the_error_speaks_the_callers_language(client: TestClient) -> None:
    english = client.get(f"{ROOT}/nobody").json()["error"]["message"]
    chinese = client.get(f"{ROOT}/nobody", headers={"Accept-Language": "zh-CN"}).json()["error"]["message"]
    assert english != chinese
    assert json.dumps(chinese) != json.dumps(english)
