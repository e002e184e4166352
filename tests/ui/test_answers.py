"""Answers apart from any browser: what a conversation shows while the end of an answer is being saved."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from qwen3_vl_webui.errors import InvalidRequest
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.server.events import ChatEvent, TextDelta
from qwen3_vl_webui.server.service import ChatRequest, ChatService
from qwen3_vl_webui.ui.answers import Answers
from qwen3_vl_webui.ui.chat import Chat


class SlowStore(HistoryStore):
    """Saves nothing until it may."""

    may_save = threading.Event()

    def update_message(self, message_id: str, **values: Any) -> None:
        assert self.may_save.wait(20)
        super().update_message(message_id, **values)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SlowStore]:
    store = SlowStore(tmp_path)
    store.may_save = threading.Event()
    yield store
    store.may_save.set()
    store.close()


async def fails(request: ChatRequest) -> AsyncIterator[ChatEvent]:
    yield TextDelta(index=0, text="the beginning")
    raise InvalidRequest("media_base64", field="x")


async def test_an_answer_that_ended_shows_its_end_before_it_is_saved(store: SlowStore) -> None:
    service = cast(ChatService, SimpleNamespace(stream=fails, engine_status=lambda: None))
    chat = Chat(Answers(service, store), store)
    conversation = store.create_conversation("t").id
    answer = await chat.answers.start(conversation, ChatRequest(messages=()))
    async for _ in chat.answers.watch(answer):
        pass
    assert store.get_conversation(conversation).messages[0].status == "streaming"
    [turn] = await chat.turns(conversation)
    assert (turn.status, turn.text) == ("failed", "the beginning")
    assert "not valid base64" in str(await chat.render(conversation, "en"))
    store.may_save.set()
    await chat.answers.stop(conversation)
    assert await chat.turns(conversation) == store.get_conversation(conversation).messages
    assert store.get_conversation(conversation).messages[0].status == "failed"
