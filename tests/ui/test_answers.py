"""Answers apart from any browser: what a conversation shows while the end of an answer is being saved."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from qwen3_vl_webui.errors import InvalidRequest, words
from qwen3_vl_webui.history.records import Role
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.processing.messages import MediaPart
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.events import ChatEvent, TextDelta
from qwen3_vl_webui.server.service import ChatService
from qwen3_vl_webui.ui.answers import Answers
from qwen3_vl_webui.ui.chat import Chat, Question
from qwen3_vl_webui.ui.presets import PRESETS
from qwen3_vl_webui.ui.settings import sampling_of


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


async def test_what_is_wrong_with_a_file_is_said_by_its_name(store: SlowStore, tmp_path: Path) -> None:
    async def refuse(request: ChatRequest) -> AsyncIterator[ChatEvent]:
        for i, message in enumerate(request.messages):
            for j, part in enumerate(message.parts):
                if isinstance(part, MediaPart) and part.kind == "video":
                    raise InvalidRequest("media_broken", field=f"messages[{i}].parts[{j}]", reason=words("no_stream"))
        yield TextDelta(index=0, text="unreachable")

    store.may_save.set()
    chat = Chat(Answers(cast(ChatService, SimpleNamespace(stream=refuse, engine_status=lambda: None)), store), store)
    files = {"猫.png": b"\x89PNG\r\n\x1a\n", "song.mp4": bytes(4) + b"ftypisom"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    media = await chat.store_files([str(tmp_path / name) for name in files])
    values = {
        **PRESETS["instruct"],
        "seed": "",
        "stop_repetition": True,
        "system_prompt": "be brief",
        "max_pixels": 640,
    }
    values |= {"video_pixels": 640, "fps": 2, "max_frames": 8}
    conversation = await chat.ask(Question(text="?", media=media), "", edition="instruct", values=values)
    answer = chat.answers.latest(conversation)
    assert answer is not None
    async for _ in chat.answers.watch(answer):
        pass
    assert answer.facts()["error"]["en"].startswith("song.mp4 cannot be decoded")
    assert answer.facts()["error"]["zh"].startswith("无法解码 song.mp4")
    (tmp_path / "notes.png").write_text("hello")
    with pytest.raises(InvalidRequest) as caught:
        await chat.store_files([str(tmp_path / "猫.png"), str(tmp_path / "notes.png")])
    assert caught.value.message("en").startswith("notes.png is not a picture")


async def test_the_model_is_told_who_said_what(store: SlowStore) -> None:
    asked: list[ChatRequest] = []

    async def note(request: ChatRequest) -> AsyncIterator[ChatEvent]:
        asked.append(request)
        yield TextDelta(index=0, text="ok")

    store.may_save.set()
    conversation = store.create_conversation("t").id
    roles: tuple[Role, ...] = ("system", "user", "assistant", "tool", "user")
    for role in roles:
        store.add_message(conversation, role=role, text=f"said by {role}")
    chat = Chat(Answers(cast(ChatService, SimpleNamespace(stream=note, engine_status=lambda: None)), store), store)
    values = {**PRESETS["instruct"], "seed": "", "stop_repetition": True}
    await chat.answer(conversation, edition="instruct", values=values)
    await chat.answers.stop(conversation)
    assert tuple(message.role for message in asked[0].messages) == roles


@pytest.mark.parametrize("seed", ["abc", "1.5", "9" * 19])
def test_a_seed_that_is_none_says_what_it_may_be(seed: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        sampling_of({**PRESETS["instruct"], "seed": seed, "stop_repetition": True})
    assert "64" in caught.value.message("en")
    assert "64 位整数" in caught.value.message("zh")
