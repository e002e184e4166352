"""Limits that concern bytes, on a server where the body may be larger than one upload."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from live_server import running
from qwen3_vl_webui.config import Settings
from server_media import data_uri, picture

MIB = 1 << 20


@pytest.fixture(scope="module")
def narrow(make_settings: Callable[..., Settings]) -> Iterator[httpx.Client]:
    with running(make_settings(max_upload_mb=1, max_body_mb=4)) as server, server.http() as client:
        yield client


def padded(size: int) -> bytes:
    """A picture of so many bytes."""
    return picture() + os.urandom(size - len(picture()))


def chat(*pictures: bytes) -> dict[str, Any]:
    parts = [{"type": "image_url", "image_url": {"url": data_uri(one)}} for one in pictures]
    return {"messages": [{"role": "user", "content": parts}], "max_tokens": 1}


def test_media_of_one_request_have_a_limit_together(narrow: httpx.Client) -> None:
    path = "/v1/chat/completions"
    assert narrow.post(path, json=chat(padded(MIB // 2), padded(MIB // 2))).status_code == 200
    for media, code in (((padded(MIB + 1),), "media_bytes"), ((padded(MIB // 2 + 9),) * 2, "media_bytes_together")):
        answer = narrow.post(path, json=chat(*media))
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, code)
        assert str(MIB) in answer.json()["error"]["message"]


def test_an_export_may_be_larger_than_one_upload(narrow: httpx.Client) -> None:
    data = padded(2 * MIB)
    digest = hashlib.sha256(data).hexdigest()
    exported = {
        "format": "qwen3-vl-webui/conversation",
        "version": 1,
        "messages": [{"role": "user", "media": [{"hash": digest}]}],
        "media": {digest: {"mime": "image/png", "size": len(data), "data": base64.b64encode(data).decode()}},
    }
    answer = narrow.post("/api/conversations/import", json=exported)
    assert answer.status_code == 201, answer.text
    assert narrow.get(f"/api/conversations/media/{digest}").content == data
    assert narrow.post("/api/conversations/media", content=data).status_code == 413
