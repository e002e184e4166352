"""The engine's process on its own: messages, their errors, corrupt input, and the parent's death."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_clients import engine_config, faulty, text_request, until
from qwen3_vl_webui import errors
from qwen3_vl_webui.engine import messages
from qwen3_vl_webui.engine.messages import Add, Cancel, Stop, decode_down, decode_up, encode, error_of, failed
from qwen3_vl_webui.engine.request import Failed, Tokens
from qwen3_vl_webui.engine.shared_pixels import Part, Segment
from qwen3_vl_webui.engine.supervisor import FOLDER_PREFIX, EngineProcess, Watch, sweep
from qwen3_vl_webui.errors import EngineFailure, InvalidRequest, QueueFull, words


class Connection:
    """An engine process and what it has said."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.process = EngineProcess(
            {"instruct": engine_config(folder)},
            self.take,
            watch=Watch(),
            log_level="info",
            **options,  # type: ignore[arg-type]
        )
        self.outputs: list[messages.Output] = []

    def take(self, message: messages.Up) -> None:
        if isinstance(message, messages.Outputs):
            self.outputs += message.outputs

    async def read_until_end_of(self, request_id: str) -> list[messages.Output]:
        async with asyncio.timeout(30):
            while True:
                mine = [o for o in self.outputs if o.request_id == request_id]
                if any(isinstance(o, Failed) or (isinstance(o, Tokens) and o.usage is not None) for o in mine):
                    return mine
                await asyncio.sleep(0.005)


def ignore(message: messages.Up) -> None:
    """For tests that only look at the process."""


@pytest.mark.parametrize("transport", ["ipc", "tcp"])
async def test_corrupt_messages_do_not_end_it(tiny_checkpoint: Path, transport: str) -> None:
    connection = Connection(tiny_checkpoint, transport=transport)
    connection.process.send(Add(request=text_request("before")))
    await connection.read_until_end_of("before")
    raw = connection.process._down
    good = encode(Add(request=text_request("cut")))
    halves = (good[: len(good) // 2], good[len(good) // 2 :], good.replace(b"edition", b"edit\xff\xfe\x00"))
    for data in (b"", b"\x00", b"\xff" * 1000, os.urandom(500), *halves):
        raw.send(data)
    connection.process.send(Cancel(request_id="nobody"))
    connection.process.send(Add(request=text_request("after")))
    outputs = await connection.read_until_end_of("after")
    assert isinstance(outputs[-1], Tokens)
    assert await connection.process.end(10.0) == 0


async def test_a_segment_that_is_not_there_is_this_requests_error(tiny_checkpoint: Path) -> None:
    connection = Connection(tiny_checkpoint)
    for at, path in enumerate(("/proc/self/fd/999", "/no/such/file")):
        segment = Segment(path=path, delete=False, parts=(Part("k", 0, (1, 1, 1, 3)),))
        connection.process.send(Add(request=text_request(f"r{at}"), segment=segment))
        outputs = await connection.read_until_end_of(f"r{at}")
        assert isinstance(outputs[-1], Failed)
        assert outputs[-1].code == "engine_failed"
    assert await connection.process.end(10.0) == 0


async def test_the_tokens_of_one_step_come_in_one_message(tiny_checkpoint: Path) -> None:
    steps: list[set[str]] = []

    def take(message: messages.Up) -> None:
        if isinstance(message, messages.Outputs):
            tokens = {o.request_id for o in message.outputs if isinstance(o, Tokens)}
            steps.extend([tokens] if tokens else [])

    process = EngineProcess(
        {"instruct": engine_config(tiny_checkpoint)}, take, watch=Watch(), log_level="info", command=faulty("slow")
    )
    for at in range(5):
        process.send(Add(request=text_request(f"r{at}", max_tokens=4)))
    async with asyncio.timeout(30):
        while sum(len(step) for step in steps) < 20:
            await asyncio.sleep(0.005)
    assert all(len(step) == 5 for step in steps)
    assert await process.end(10.0) == 0


async def test_its_sockets_and_folder_are_private_and_go_with_it(tiny_checkpoint: Path) -> None:
    process = EngineProcess({"instruct": engine_config(tiny_checkpoint)}, ignore, watch=Watch(), log_level="info")
    folder = process.folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert await process.end(0.0) is None  # killed while it starts
    assert not folder.exists()
    assert not psutil.pid_exists(process.pid)


async def test_the_terminals_signals_do_not_end_it(tiny_checkpoint: Path) -> None:
    connection = Connection(tiny_checkpoint)
    connection.process.send(Add(request=text_request("before")))
    await connection.read_until_end_of("before")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        os.kill(connection.process.pid, number)
    connection.process.send(Add(request=text_request("after")))
    assert isinstance((await connection.read_until_end_of("after"))[-1], Tokens)
    assert await connection.process.end(10.0) == 0


PARENT = """
import asyncio, sys
from pathlib import Path
from engine_clients import *
async def main():
    client = EngineClient({"instruct": engine_config(Path(sys.argv[1]))}, command=faulty("slow"))
    await client.start()
    request, pixels = picture_request("r", max_tokens=1500)
    async for message in client.generate(request, pixels):
        if isinstance(message, Tokens):
            print(client.status().pid, client._process.folder, flush=True)
asyncio.run(main())
"""


def test_it_ends_with_its_parent_and_leaves_nothing_behind(tiny_checkpoint: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), str(tiny_checkpoint)], stdout=subprocess.PIPE, env=environment
    )
    assert parent.stdout is not None
    with parent.stdout:
        pid, folder = parent.stdout.readline().decode().split()
        assert is_running(int(pid))
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 5
        while is_running(int(pid)):
            assert time.monotonic() < deadline, "the engine outlives its parent"
            time.sleep(0.02)
    assert Path(folder).name.startswith(FOLDER_PREFIX)
    sweep()  # what the next start does
    assert not Path(folder).exists()


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_sweep_spares_the_living(tiny_checkpoint: Path) -> None:
    process = EngineProcess({"instruct": engine_config(tiny_checkpoint)}, ignore, watch=Watch(), log_level="info")
    sweep()
    assert process.folder.exists()
    await process.kill(show_stacks=False)


async def test_an_exit_while_loading_is_noticed_with_its_status(tiny_checkpoint: Path) -> None:
    process = EngineProcess(
        {"instruct": engine_config(tiny_checkpoint)},
        ignore,
        watch=Watch(),
        log_level="info",
        command=faulty("crash-load"),
    )
    await until(lambda: process.check() is not None, seconds=30.0)
    assert process.check() == ("engine_died", "exited with status 3")
    await process.kill(show_stacks=False)


def test_errors_survive_the_journey() -> None:
    error = QueueFull("queue_full", retry_after=7.0, limit=3)
    back = error_of(decode_failed(failed("r", error)))
    assert type(back) is QueueFull
    assert (back.code, back.retry_after, back.message("zh")) == ("queue_full", 7.0, error.message("zh"))
    back = error_of(decode_failed(failed("r", InvalidRequest("field_invalid", field="seed", reason=ValueError("x")))))
    assert (back.field, back.details["reason"]) == ("seed", "x")
    error = InvalidRequest("field_invalid", field="stop_token_ids", reason=words("token_ids", last=9))
    back = error_of(decode_failed(failed("r", error)))
    for language in ("en", "zh"):
        assert back.message(language) == error.message(language)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "message",
    [
        Failed(request_id="r", error="Language", code="queue_full"),
        Failed(request_id="r", error="NoSuchClass", code="queue_full"),
        Failed(request_id="r", error="QueueFull", code="no_such_code"),
        Failed(request_id="r", error="QueueFull", code="queue_full"),  # its facts are missing
        Failed(request_id="r", error="QueueFull", code="queue_full", details={"code": "twice"}),
    ],
)
def test_an_error_unknown_here_is_still_an_error(message: Failed) -> None:
    assert isinstance(error_of(message), EngineFailure)


def decode_failed(message: Failed) -> Failed:
    up = decode_up(encode(messages.Outputs(outputs=[message])))
    assert isinstance(up, messages.Outputs)
    assert isinstance(up.outputs[0], Failed)
    return up.outputs[0]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_decode_error(data: bytes) -> None:
    for decode in (decode_down, decode_up):
        with contextlib.suppress(msgspec.DecodeError):
            assert isinstance(decode(data), msgspec.Struct)


def test_messages_survive_the_journey() -> None:
    segment = Segment(path="/proc/1/fd/2", delete=False, parts=(Part("k", 64, (1, 2, 3, 3)),))
    for message in (Add(request=text_request("r"), segment=segment), Cancel(request_id="r"), Stop()):
        assert decode_down(encode(message)) == message
    assert issubclass(errors.QueueFull, errors.WebUIError)
