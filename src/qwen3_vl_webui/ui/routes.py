"""The page's own addresses under `/ui`: the examples, the text of a message to copy, the server's state.

Media and exports come from `/api/conversations`, which programs use too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from qwen3_vl_webui.errors import Language, NotFound
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.ui.examples import EXAMPLES
from qwen3_vl_webui.ui.texts import language_of


def page_router(history: HistoryStore, state: Callable[[Language], dict[str, Any]]) -> APIRouter:
    """`state` gives what the banner shows, in a language."""
    router = APIRouter(prefix="/ui", include_in_schema=False)

    @router.get("/examples/{name}.png")
    async def example(name: str) -> Response:
        for known in EXAMPLES:
            if known.name == name:
                return FileResponse(known.path, media_type="image/png", headers={"Cache-Control": "max-age=86400"})
        raise NotFound("media_absent", field="name", hash=name)

    @router.get("/text/{message_id}")
    async def text(message_id: str) -> Response:
        return PlainTextResponse((await asyncio.to_thread(history.get_message, message_id)).text)

    @router.get("/status")
    async def status(language: str = "en") -> Response:
        return JSONResponse(state(language_of(language)), headers={"Cache-Control": "no-store"})

    return router
