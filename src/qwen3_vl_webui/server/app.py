"""The HTTP application: routes, the order of the checks before them, and the life of the service behind them."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount

from qwen3_vl_webui import __version__
from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.plan import Resolved
from qwen3_vl_webui.server.access import AccessMiddleware, AccessPolicy
from qwen3_vl_webui.server.conversations import conversations_router
from qwen3_vl_webui.server.docs import docs_router
from qwen3_vl_webui.server.errors import SurpriseMiddleware, install, install_not_found
from qwen3_vl_webui.server.headers import BodyLimitMiddleware, HeadersMiddleware
from qwen3_vl_webui.server.login import login_router
from qwen3_vl_webui.server.openai import openai_router
from qwen3_vl_webui.server.operations import operations_router
from qwen3_vl_webui.server.page import PageGate
from qwen3_vl_webui.server.predict import predict_router
from qwen3_vl_webui.server.service import ChatService
from qwen3_vl_webui.server.sse import ClientLeft

DESCRIPTION = "Qwen3-VL on one machine: OpenAI's chat completions with pictures and videos, and what the page uses."
UPLOADS = ("/gradio_api/upload", "/api/conversations/media")  # bodies that are streamed to disk


def create_app(
    settings: Settings, resolved: Resolved | None = None, engine: subprocess.Popen[bytes] | None = None
) -> FastAPI:
    """The application. Its lifespan starts the engine without waiting for it and drains it at the end.

    `resolved` is the plan when the caller has made it already, `engine` a process that was started ahead. `app.state`
    holds `service`, `history` and `page`.
    """
    service = ChatService(settings, resolved, engine)
    history = HistoryStore(settings.data)
    policy = AccessPolicy(
        host=settings.host,
        api_keys=settings.api_keys,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=settings.allowed_origins,
    )

    def build_page() -> FastAPI:
        from qwen3_vl_webui import ui

        page = FastAPI(openapi_url=None)
        install(page, service.metrics.failed)
        ui.mount(page, service, history, settings)
        for route in page.routes:
            if isinstance(route, Mount) and isinstance(route.app, Starlette):
                install_not_found(route.app)
        return page

    gate = PageGate(build_page if settings.page else None)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        gate.load()
        try:
            yield
        finally:
            await service.stop()
            await gate.close()
            await asyncio.to_thread(history.close)

    app = FastAPI(
        title="Qwen3-VL WebUI",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service, app.state.history, app.state.page = service, history, gate
    for router in (
        operations_router(service),
        openai_router(service),
        predict_router(service),
        conversations_router(history, max_upload_bytes=settings.max_upload_mb << 20),
        login_router(policy),
        docs_router(app),
    ):
        app.include_router(router)
    app.router.default = gate  # after every route; a path we know with another method stays a 405 of ours
    install(app, service.metrics.failed)

    async def left(_: Request, __: Exception) -> Response:
        return Response(status_code=499)  # nobody reads it

    app.add_exception_handler(ClientLeft, left)
    # the last one added is the first to see a request
    app.add_middleware(SurpriseMiddleware, count=service.metrics.failed)
    app.add_middleware(
        BodyLimitMiddleware,
        max_bytes=service.limits.max_body_bytes,
        max_upload_bytes=(settings.max_upload_mb << 20) + (1 << 20),
        upload_prefixes=UPLOADS,
        count=service.metrics.failed,
    )
    app.add_middleware(AccessMiddleware, policy=policy, count=service.metrics.failed)
    app.add_middleware(HeadersMiddleware)
    return app
