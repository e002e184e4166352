"""Mounting the page on the server's application, with Gradio's settings that matter for privacy and safety."""

from __future__ import annotations

import contextlib
import logging
import time
from functools import partial
from pathlib import Path

import gradio as gr
from fastapi import FastAPI, Request
from gradio.route_utils import FnIndexInferError
from starlette.responses import JSONResponse, Response

from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.errors import NotFound
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.server.errors import error_body, wanted_language
from qwen3_vl_webui.server.service import ChatService
from qwen3_vl_webui.ui.banner import banner_state
from qwen3_vl_webui.ui.page import UPLOADS_KEPT, Page
from qwen3_vl_webui.ui.routes import page_router
from qwen3_vl_webui.ui.theme import head, theme

logger = logging.getLogger(__name__)


async def not_there(request: Request, exception: Exception) -> Response:
    """Gradio looks up what a request names without asking first. What its functions raise does not come here, but
    what else its routes look up in vain does: the log has where.
    """
    logger.warning("%s %s: not found", request.method, request.url.path, exc_info=exception)
    name = exception.args[0] if isinstance(exception, KeyError) else request.path_params["api_name"]
    error, language = NotFound("function_unknown", field=None, name=name), wanted_language(request.headers)
    body = error_body(error, language) | {"detail": error.message(language)}  # what Gradio's script shows
    return JSONResponse(body, status_code=error.status)


def clear_uploads(folder: Path) -> None:
    """Removes what a server that was killed left there; Gradio only knows its own files."""
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if file.is_file() and file.stat().st_mtime < time.time() - UPLOADS_KEPT:
                file.unlink()


def mount_page(app: FastAPI, service: ChatService, history: HistoryStore, settings: Settings) -> Page:
    page = Page(service, history, max_upload_mb=settings.max_upload_mb)
    clear_uploads(page.view.uploads)
    page.blocks.queue(default_concurrency_limit=None, api_open=False)
    app.include_router(page_router(history, partial(banner_state, service)))
    gr.mount_gradio_app(
        app,
        page.blocks,
        path="/",
        show_error=False,  # an internal error is logged; its text is not for the browser
        max_file_size=settings.max_upload_mb << 20,
        ssr_mode=False,
        run_history=False,
        enable_monitoring=False,
        mcp_server=False,
        footer_links=[],
        theme=theme(),
        head=head(),
        app_kwargs={"exception_handlers": {KeyError: not_there, FnIndexInferError: not_there}},
    )
    return page
