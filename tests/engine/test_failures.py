"""What goes wrong costs an honest error and a restart, never the service: vanishing clients, kill, freeze, hang."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import psutil
import pytest

from engine_clients import (
    answer,
    engine_config,
    faulty,
    is_all_free,
    picture_request,
    text_request,
    token_ids,
    until,
    until_ready,
)
from qwen3_vl_webui.engine.client import EngineClient, Watch
from qwen3_vl_webui.engine.request import EngineRequest, Tokens
from qwen3_vl_webui.engine.shared_pixels import NAME
from qwen3_vl_webui.errors import EngineUnavailable, WebUIError

linux = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")
HASTY = Watch(asleep=2.0, no_progress_cpu=3.0)


@asynccontextmanager
async def running_client(folder: Path, *, fault: str = "none", **options: object) -> AsyncGenerator[EngineClient, None]:
    overrides = options.pop("config", {})
    client = EngineClient({"instruct": engine_config(folder, **overrides)}, command=faulty(fault), **options)  # type: ignore[arg-type]
    await client.start()
    await until_ready(client)
    try:
        yield client
    finally:
        await client.stop(drain=5.0)


def pixel_segments(pid: int) -> int:
    """Segments that this process holds or the engine has mapped."""
    gc.collect()
    mine = 0
    for fd in os.listdir("/proc/self/fd"):
        try:
            mine += NAME in os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue
    return mine + Path(f"/proc/{pid}/maps").read_text().count(NAME)


def pid_of(client: EngineClient) -> int:
    pid = client.status().pid
    assert pid is not None
    return pid


@linux
async def test_200_clients_that_vanish_leave_everything_free(tiny_checkpoint: Path) -> None:
    async with running_client(tiny_checkpoint) as client:

        async def vanish(at: int) -> None:
            request, pixels = picture_request(f"v{at}", seed=at % 7, max_tokens=1500)
            async with asyncio.timeout(0.5), aclosing(client.generate(request, pixels)) as stream:
                async for _ in stream:
                    pass

        results = await asyncio.gather(*(vanish(at) for at in range(200)), return_exceptions=True)
        assert sum(isinstance(result, TimeoutError) for result in results) == 200
        freed = await until(lambda: is_all_free(client), "all blocks free")
        started = time.monotonic()
        assert len(token_ids(await answer(client, text_request("next")))) == 8
        assert time.monotonic() - started < 5.0
        await until(lambda: pixel_segments(pid_of(client)) == 0, "no pixels held")
        print(f"all free after {freed:.2f} s")


@linux
async def test_pixels_are_held_while_a_request_waits_and_freed_however_it_ends(tiny_checkpoint: Path) -> None:
    async with running_client(tiny_checkpoint, fault="slow", config={"max_running": 1}) as client:
        async with aclosing(client.generate(text_request("first", max_tokens=1500))) as first:
            await anext(first)
            served, left = (asyncio.create_task(answer(client, *picture_request(name))) for name in ("served", "left"))
            await until(lambda: pixel_segments(pid_of(client)) == 2, "both mapped by the engine, no longer by us")
            left.cancel()
            await until(lambda: pixel_segments(pid_of(client)) == 1, "the cancelled one's are gone")
        assert len(token_ids(await served)) == 8
        await until(lambda: pixel_segments(pid_of(client)) == 0, "no pixels held")


@linux
@pytest.mark.parametrize(
    ("number", "code", "seconds"), [(signal.SIGKILL, "engine_died", 2.0), (signal.SIGSTOP, "engine_stuck", 10.0)]
)
async def test_a_killed_or_frozen_engine_is_replaced(
    tiny_checkpoint: Path, number: signal.Signals, code: str, seconds: float
) -> None:
    async with running_client(tiny_checkpoint, fault="slow") as client:
        first = pid_of(client)
        tasks = [asyncio.create_task(answer(client, *long_picture_request(at))) for at in range(4)]
        await until(lambda: running(client) == 4)
        os.kill(first, number)
        struck = time.monotonic()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert time.monotonic() - struck < seconds
        assert [type(result) for result in results] == [EngineUnavailable] * 4
        assert {result.code for result in results if isinstance(result, WebUIError)} == {code}
        assert client.status().state == "restarting"
        with pytest.raises(EngineUnavailable) as caught:
            await answer(client, text_request("meanwhile"))
        assert caught.value.code == "engine_restarting"
        assert caught.value.retry_after is not None
        await until_ready(client, 20.0)
        status = client.status()
        assert status.restarts == 1
        assert status.last_error
        assert status.pid != first
        assert not psutil.pid_exists(first)  # not even a zombie
        assert len(token_ids(await answer(client, text_request("after")))) == 8
        assert pixel_segments(pid_of(client)) == 0
        assert len(list(Path("/proc/self/task").iterdir())) < 50


def long_picture_request(at: int) -> tuple[EngineRequest, dict]:
    return picture_request(f"long-{at}", seed=at, max_tokens=1500)


def running(client: EngineClient) -> int:
    return sum(status.stats.running for status in client.status().editions.values() if status.stats is not None)


@pytest.mark.parametrize("fault", ["hang", "spin"])
async def test_a_step_that_never_ends_is_noticed_though_the_process_lives(tiny_checkpoint: Path, fault: str) -> None:
    async with running_client(tiny_checkpoint, fault=fault, watch=HASTY) as client:
        assert len(token_ids(await answer(client, text_request("before")))) == 8
        started = time.monotonic()
        with pytest.raises(EngineUnavailable) as caught:
            await answer(client, text_request("fault"))
        assert caught.value.code == "engine_stuck"
        assert time.monotonic() - started < 10.0
        await until_ready(client, 20.0)
        assert len(token_ids(await answer(client, text_request("after")))) == 8


@pytest.mark.parametrize(("fault", "reason"), [("raise", "status 70"), ("exit", "status 0")])
async def test_an_engine_that_ends_by_itself_is_replaced(tiny_checkpoint: Path, fault: str, reason: str) -> None:
    async with running_client(tiny_checkpoint, fault=fault) as client:
        with pytest.raises(EngineUnavailable) as caught:
            await answer(client, text_request("fault"))
        assert caught.value.code == "engine_died"
        await until_ready(client, 20.0)
        assert reason in (client.status().last_error or "")


async def test_a_long_step_that_computes_is_not_taken_for_a_hang(tiny_checkpoint: Path) -> None:
    watch = Watch(asleep=0.5)
    async with running_client(tiny_checkpoint, fault="spin", watch=watch) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer(client, text_request("fault")), 3.0)
        assert client.status().restarts == 0
        os.kill(pid_of(client), signal.SIGKILL)
        await until(lambda: client.status().restarts == 1)
        await until_ready(client, 20.0)


async def test_a_pause_of_the_server_is_not_held_against_the_engine(tiny_checkpoint: Path) -> None:
    async with running_client(tiny_checkpoint, watch=Watch(silence=1.0)) as client:
        time.sleep(2.0)
        await asyncio.sleep(1.0)
        assert client.status().restarts == 0
        assert len(token_ids(await answer(client, text_request("after")))) == 8


async def test_starts_that_keep_failing_back_off_and_stop_ends_them(tiny_checkpoint: Path) -> None:
    client = EngineClient({"instruct": engine_config(tiny_checkpoint)}, command=["/bin/false"])
    await client.start()
    await asyncio.sleep(3.0)
    assert client.status().state == "restarting"
    assert 2 <= client.status().restarts <= 4
    assert client.status().last_error == "exited with status 1"
    assert not await client.stop()


async def test_an_engine_that_dies_while_draining_is_not_replaced(tiny_checkpoint: Path) -> None:
    async with running_client(tiny_checkpoint, fault="slow") as client:
        task = asyncio.create_task(answer(client, text_request("r", max_tokens=1500)))
        await until(lambda: running(client) == 1)
        stopping = asyncio.create_task(client.stop(drain=20.0))
        await asyncio.sleep(0.1)
        os.kill(pid_of(client), signal.SIGKILL)
        with pytest.raises(EngineUnavailable):
            await task
        assert not await stopping
        assert client.status().pid is None


async def test_requests_before_and_after_a_restart_do_not_mix(tiny_checkpoint: Path) -> None:
    """The same request id, used again after its engine died, gets its own tokens only."""
    async with running_client(tiny_checkpoint, fault="slow") as client:
        stream = client.generate(text_request("same", max_tokens=1500))
        assert isinstance(await anext(stream), Tokens)
        os.kill(pid_of(client), signal.SIGKILL)
        await until(lambda: client.status().restarts == 1)
        await until_ready(client, 20.0)
        other = asyncio.create_task(answer(client, text_request("other", max_tokens=10)))
        with pytest.raises(EngineUnavailable):
            async for _ in stream:
                pass
        assert len(token_ids(await answer(client, text_request("same", max_tokens=6)))) == 6
        assert len(token_ids(await other)) == 10
