"""Files are looked at before a model is loaded, and errors call them what the user called them."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from qwen3_vl_webui.cli.talk import LocalTalker, Turn, media_file
from qwen3_vl_webui.engine.request import SamplingParams
from qwen3_vl_webui.errors import InvalidRequest
from qwen3_vl_webui.server.chat import ChatRequest
from qwen3_vl_webui.server.events import ChatEvent


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, also the user's own, with a picture, a text, a folder and a pipe."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Image.new("RGB", (32, 32)).save("a.png")
    Path("notes.txt").write_text("no picture")
    Path("photos").mkdir()
    os.mkfifo("pipe.png")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("b.png", "file_absent"),
        ("a.png/b.png", "file_absent"),
        ("photos", "file_folder"),
        ("~/photos/", "file_folder"),
        ("pipe.png", "file_unreadable"),
        ("notes.txt", "media_unknown"),
        ("x" * 300, "file_absent"),
    ],
)
def test_what_is_no_picture_or_video_is_said_by_its_name(folder: Path, name: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        media_file(name)
    assert raised.value.code == code
    for language in ("en", "zh"):
        assert name in raised.value.message(language)  # type: ignore[arg-type]


def test_a_file_may_be_in_the_users_folder(folder: Path) -> None:
    file = media_file("~/a.png")
    assert (file.name, file.source.kind, file.source.path) == ("~/a.png", "image", folder / "a.png")


class Refusing:
    """A service that finds fault with one part."""

    def __init__(self, field: str) -> None:
        self.field = field

    def sampling(self, _: str) -> SamplingParams:
        return SamplingParams()

    async def stream(self, _: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        raise InvalidRequest("media_broken", field=self.field, reason="why")
        yield


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("messages[1].parts[0]", "a.png cannot be decoded"),
        ("messages[2].parts[1]", "~/a.png cannot be decoded"),
        ("messages[9].parts[0]", "messages[9].parts[0] cannot be decoded"),
    ],
)
async def test_an_error_of_an_engine_of_our_own_names_the_file(folder: Path, field: str, said: str) -> None:
    files = [media_file(name) for name in ("a.png", "~/a.png")]
    turns = [
        Turn(role="user", text="hello"),
        Turn(role="user", text="first", media=(files[0],)),
        Turn(role="user", text="second", media=(files[0], files[1])),
    ]
    talker: Any = LocalTalker(Refusing(field), "test")
    with pytest.raises(InvalidRequest) as raised:
        async for _ in talker.answer(turns, "instruct", None):
            pass
    assert raised.value.message("en").startswith(said)
