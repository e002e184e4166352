"""The page's own addresses under `/ui`: the examples, what of a message is copied or previewed, the server's state.

Media and exports come from `/api/conversations`, which programs use too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from qwen3_vl_webui.errors import Language, NotFound
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.server.files import FileAnswer
from qwen3_vl_webui.ui.drawing import places_in_pixels
from qwen3_vl_webui.ui.examples import EXAMPLES
from qwen3_vl_webui.ui.preview import POLICY, find_page
from qwen3_vl_webui.ui.texts import language_of


def page_router(history: HistoryStore, state: Callable[[Language], dict[str, Any]]) -> APIRouter:
    """`state` gives what the banner shows, in a language."""
    router = APIRouter(prefix="/ui", include_in_schema=False)

    @router.get("/examples/{name}.png")
    async def example(name: str) -> Response:
        for known in EXAMPLES:
            if known.name == name:
                return FileAnswer(known.path, media_type="image/png", headers={"Cache-Control": "max-age=86400"})
        raise NotFound("media_absent", field="name", hash=name)

    @router.get("/text/{message_id}")
    async def text(message_id: str) -> Response:
        return PlainTextResponse((await asyncio.to_thread(history.get_message, message_id)).text)

    @router.get("/places/{message_id}")
    async def places(message_id: str) -> Response:
        message = await asyncio.to_thread(history.get_message, message_id)
        found = places_in_pixels(message.text, message.facts)
        return PlainTextResponse(json.dumps(found, ensure_ascii=False, indent=1))

    @router.get("/preview/{message_id}")
    async def preview(message_id: str) -> Response:
        page = find_page((await asyncio.to_thread(history.get_message, message_id)).text)
        return HTMLResponse(page or "", headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})

    @router.get("/status")
    async def status(language: str = "en") -> Response:
        return JSONResponse(state(language_of(language)), headers={"Cache-Control": "no-store"})

    return router
