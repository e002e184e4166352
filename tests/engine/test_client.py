"""The engine through its client: the same answers as in process, typed errors, limits, cancelling, draining."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import torch

from engine_clients import (
    answer,
    engine_config,
    faulty,
    generated,
    is_all_free,
    picture_request,
    text_request,
    token_ids,
    until,
    until_ready,
)
from qwen3_vl_webui.engine.client import EngineClient, Loading, _Stream, start_ahead
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.request import EngineRequest, Timings, TokenLogprob, Tokens, Usage
from qwen3_vl_webui.errors import EngineUnavailable, InvalidRequest, NotFound, QueueFull, WebUIError

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def client(tiny_checkpoint: Path, tiny_thinking_checkpoint: Path) -> AsyncGenerator[EngineClient, None]:
    client = EngineClient(
        {"instruct": engine_config(tiny_checkpoint), "thinking": engine_config(tiny_thinking_checkpoint)}
    )
    await client.start()
    await until_ready(client)
    yield client
    assert await client.stop()


def in_process(folder: Path, request: EngineRequest, pixels: dict[str, np.ndarray] | None = None) -> list[int]:
    engine = Engine(engine_config(folder))
    engine.add(request, {key: torch.from_numpy(array) for key, array in (pixels or {}).items()})
    outputs = []
    while engine.has_work:
        outputs += engine.step()
    assert all(isinstance(o, Tokens) for o in outputs), outputs
    return token_ids([o for o in outputs if isinstance(o, Tokens)])


async def test_text_and_pictures_get_the_answers_of_the_engine_in_process(
    client: EngineClient, tiny_checkpoint: Path
) -> None:
    request = text_request("text", max_tokens=30)
    messages = await answer(client, request)
    assert token_ids(messages) == in_process(tiny_checkpoint, request)
    assert messages[-1].usage is not None
    assert messages[-1].usage.completion_tokens == 30
    for side in (64, 1184):  # small ones are copied in the event loop, large ones in a thread
        request, pixels = picture_request(f"picture-{side}", side=side, max_tokens=10)
        assert token_ids(await answer(client, request, pixels)) == in_process(tiny_checkpoint, request, pixels)


async def test_many_at_once_on_both_editions(client: EngineClient) -> None:
    requests = [
        text_request(f"m{at}", edition="thinking" if at % 2 else "instruct", tokens=range(10 + at)) for at in range(40)
    ]
    together = await asyncio.gather(*(answer(client, request) for request in requests))
    assert all(len(token_ids(messages)) == 8 for messages in together)
    for request, messages in list(zip(requests, together, strict=True))[::13]:
        assert token_ids(await answer(client, request)) == token_ids(messages)
    await until(lambda: is_all_free(client))


async def test_several_samples_end_with_one_usage(client: EngineClient) -> None:
    messages = await answer(client, text_request("samples", n=3, temperature=1.0, seed=1))
    assert {m.index for m in messages} == {0, 1, 2}
    assert [m.usage is not None for m in messages] == [False] * (len(messages) - 1) + [True]


async def test_errors_arrive_as_the_class_they_were(client: EngineClient) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await answer(client, text_request("too-long", tokens=[1] * 4000))
    assert caught.value.code == "context_too_long"
    assert "4000" in caught.value.message("zh")
    only_instruct = EngineClient({})
    with pytest.raises(NotFound):
        await answer(only_instruct, text_request("r"))


async def test_pixels_of_a_wrong_kind_or_count_are_this_requests_error_alone(client: EngineClient) -> None:
    request, pixels = picture_request("wrong", seed=5)
    with pytest.raises(WebUIError):
        await answer(client, request, {key: array[:, :32] for key, array in pixels.items()})
    with pytest.raises(WebUIError):
        await answer(client, request, {})
    assert len(token_ids(await answer(client, text_request("after")))) == 8


async def test_a_request_id_in_use_is_refused(client: EngineClient) -> None:
    async with aclosing(client.generate(text_request("twice", max_tokens=500))) as first:
        await anext(first)
        with pytest.raises(InvalidRequest, match="in use"):
            await answer(client, text_request("twice"))
    await until(lambda: is_all_free(client))


async def test_closing_early_frees_the_blocks(client: EngineClient) -> None:
    before = generated(client)
    async with aclosing(client.generate(text_request("early", max_tokens=1500))) as stream:
        async for message in stream:
            assert isinstance(message, Tokens)
            break
    await until(lambda: is_all_free(client))
    assert generated(client) - before < 1500


async def test_an_idle_engine_does_not_spin(client: EngineClient) -> None:
    import psutil

    process = psutil.Process(client.status().pid)
    await asyncio.sleep(1.5)  # after a second it uses the rest to get ready for more
    before = process.cpu_times()
    await asyncio.sleep(1.5)
    after = process.cpu_times()
    assert after.user + after.system - before.user - before.system < 0.08


async def test_tcp_serves_where_unix_sockets_lack(tiny_checkpoint: Path) -> None:
    client = EngineClient({"instruct": engine_config(tiny_checkpoint)}, transport="tcp")
    await client.start()
    request, pixels = picture_request("r")
    assert len(token_ids(await answer(client, request, pixels))) == 8
    assert await client.stop()


async def test_requests_during_the_first_load_are_told_how_far_it_is(tiny_checkpoint: Path) -> None:
    client = EngineClient({"instruct": engine_config(tiny_checkpoint)}, command=faulty("slow-load"))
    await client.start()
    assert client.status().state == "loading"
    fractions, tokens = [], []
    async for message in client.generate(text_request("r")):
        if isinstance(message, Loading):
            fractions.append(message.fraction)
            assert client.status().state == "loading"
        else:
            tokens += message.token_ids
    assert len(fractions) > 5
    assert fractions == sorted(fractions)
    assert len(tokens) == 8
    assert client.status().restarts == 0
    assert await client.stop()


async def test_a_checkpoint_that_cannot_be_loaded_is_reported_without_restarts(tmp_path: Path) -> None:
    client = EngineClient({"instruct": engine_config(tmp_path)})
    await client.start()
    with pytest.raises(WebUIError):
        await answer(client, text_request("r"))
    await until(lambda: client.status().state == "failed")
    assert "config.json" in (client.status().editions["instruct"].error or "")
    assert client.status().restarts == 0
    assert await client.stop()


async def test_a_full_queue_says_when_to_come_back(tiny_checkpoint: Path) -> None:
    config = engine_config(tiny_checkpoint, max_running=1, max_waiting=2)
    client = EngineClient({"instruct": config}, command=faulty("slow"))
    await client.start()
    await until_ready(client)
    tasks = [asyncio.create_task(answer(client, text_request(f"r{at}", max_tokens=20))) for at in range(8)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    refused = [result for result in results if isinstance(result, BaseException)]
    assert len(refused) == 5  # one runs, two wait, also when all come before the first step
    assert all(isinstance(error, QueueFull) and (error.retry_after or 0) > 0 for error in refused)
    assert len(await answer(client, text_request("later"))) > 0
    assert await client.stop()


async def test_stopping_refuses_new_requests_and_finishes_running_ones(tiny_checkpoint: Path) -> None:
    client = EngineClient({"instruct": engine_config(tiny_checkpoint)}, command=faulty("slow"))
    await client.start()
    await until_ready(client)
    running = asyncio.create_task(answer(client, text_request("running", max_tokens=15)))
    await until(lambda: sum(s.stats.running for s in client.status().editions.values() if s.stats) == 1)
    stopping = asyncio.create_task(client.stop(drain=20.0))
    await asyncio.sleep(0)
    assert client.status().state == "stopping"
    with pytest.raises(EngineUnavailable) as caught:
        await answer(client, text_request("late"))
    assert caught.value.code == "engine_stopping"
    assert len(token_ids(await running)) == 15
    assert await stopping


async def test_what_outlasts_the_drain_gets_a_typed_error(tiny_checkpoint: Path) -> None:
    client = EngineClient({"instruct": engine_config(tiny_checkpoint)}, command=faulty("slow"))
    await client.start()
    await until_ready(client)
    running = asyncio.create_task(answer(client, text_request("running", max_tokens=1500)))
    await until(lambda: sum(s.stats.running for s in client.status().editions.values() if s.stats) == 1)
    assert await client.stop(drain=0.2)
    with pytest.raises(EngineUnavailable) as caught:
        await running
    assert caught.value.code == "engine_stopping"


async def test_a_lagging_reader_gets_the_tokens_of_several_steps_joined() -> None:
    stream = _Stream("instruct")
    logprob = TokenLogprob(1, -0.5)
    for at in range(3):
        stream.push(Tokens(request_id="r", token_ids=[at], logprobs=[logprob]))
    stream.push(Tokens(request_id="r", index=1, token_ids=[9], logprobs=[logprob]))
    stream.push(Tokens(request_id="r", index=1, finish_reason="stop"))
    usage = Usage(prompt_tokens=1, completion_tokens=5, cached_tokens=0, visual_tokens=0)
    timings = Timings(queued=0.0, first_token=0.0, total=0.0)
    stream.push(Tokens(request_id="r", token_ids=[3], finish_reason="length", usage=usage, timings=timings))
    messages = [await stream.next() for _ in range(4)]
    assert [(m.index, m.token_ids, len(m.logprobs or []), m.finish_reason) for m in messages] == [
        (0, [0, 1, 2], 3, None),
        (1, [9], 1, None),
        (1, [], 0, "stop"),
        (0, [3], 0, "length"),
    ]
    assert messages[-1].usage == usage


async def test_the_client_does_not_import_pytorch() -> None:
    """The server's process need not wait for it, nor touch a device, because of the client."""
    code = "import sys, qwen3_vl_webui.engine.client; sys.exit('torch' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0


async def test_a_process_that_was_started_ahead_is_the_first_engine(tiny_checkpoint: Path) -> None:
    ahead = start_ahead()
    client = EngineClient({"instruct": engine_config(tiny_checkpoint)}, ahead=ahead)
    await client.start()
    try:
        await until_ready(client)
        assert client.status().pid == ahead.pid
        assert len(token_ids(await answer(client, text_request("r")))) == 8
        ahead.kill()
        await until(lambda: client.status().restarts == 1, "noticed")
        await until_ready(client)
        assert client.status().pid != ahead.pid
    finally:
        await client.stop(drain=0)


async def test_a_process_that_nobody_takes_over_ends_by_itself() -> None:
    ahead = start_ahead()
    assert ahead.stdin is not None
    ahead.stdin.close()
    assert ahead.wait(20) == 0
