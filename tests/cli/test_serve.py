"""What `serve` does beside serving."""

from __future__ import annotations

import asyncio
import gc
from typing import cast

import pytest

from qwen3_vl_webui.cli.serve import freeze
from qwen3_vl_webui.server.page import PageGate
from qwen3_vl_webui.server.service import ChatService


class Service:
    """As much of a service as `freeze` asks for."""

    def __init__(self) -> None:
        self.busy = True
        self.is_settled = asyncio.Event()

    async def settled(self) -> None:
        await self.is_settled.wait()


async def test_what_is_there_is_frozen_when_all_is_loaded_and_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda: calls.append("collect"))
    monkeypatch.setattr(gc, "freeze", lambda: calls.append("freeze"))
    service, page = Service(), PageGate(None)
    task = asyncio.create_task(freeze(cast(ChatService, service), page))
    for happens in (page.load, service.is_settled.set):
        await asyncio.sleep(0.05)
        assert not calls
        happens()
    await asyncio.sleep(0.05)
    assert not calls
    service.busy = False
    await asyncio.wait_for(task, 5)
    assert calls == ["collect", "freeze"]
