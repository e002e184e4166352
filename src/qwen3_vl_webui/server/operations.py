"""The routes that watch over the server: `/health`, `/ready`, `/metrics`, `/version`, `/api/status`."""

from __future__ import annotations

import asyncio
import platform
from typing import Any

import msgspec
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response

from qwen3_vl_webui import __version__
from qwen3_vl_webui.server.service import START_RETRY, ChatService

FRESH = {"Cache-Control": "no-store"}


def operations_router(service: ChatService) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.head("/health", include_in_schema=False)
    @router.get("/health", summary="Is the process alive?")
    async def health() -> Response:
        """Live: answers as long as the server's process does. The only route that needs no key."""
        return JSONResponse({"status": "ok"}, headers=FRESH)

    @router.head("/ready", include_in_schema=False)
    @router.get("/ready", summary="Would a request be answered now?", responses={503: {"description": "Not yet"}})
    async def ready() -> Response:
        """503 with Retry-After while a checkpoint loads, the engine restarts or the server shuts down."""
        body = {"ready": service.ready, "state": _state(service), "models": _models(service)}
        if service.ready:
            return JSONResponse(body, headers=FRESH)
        return JSONResponse(body, status_code=503, headers={**FRESH, "Retry-After": f"{START_RETRY:.0f}"})

    @router.get("/metrics", summary="Prometheus metrics")
    async def metrics() -> Response:
        return Response(await asyncio.to_thread(service.metrics.render), media_type=CONTENT_TYPE_LATEST, headers=FRESH)

    @router.get("/version", summary="What runs here")
    async def version() -> Response:
        return JSONResponse({"version": __version__, "python": platform.python_version()})

    @router.get("/api/status", summary="The editions, how far they are loaded, and the limits")
    async def status() -> Response:
        return JSONResponse(status_body(service), headers=FRESH)

    return router


def status_body(service: ChatService) -> dict[str, Any]:
    """What the page and programs show of the server."""
    engine = service.engine_status()
    limits, media = service.limits, service.media_limits
    return {
        "version": __version__,
        "ready": service.ready,
        "state": _state(service),
        "error": service.failure.message("en") if service.failure is not None else None,
        "kind": None if not service.models() else "demo" if service.demo else "real",
        "models": _models(service),
        "engine": None if engine is None else {"restarts": engine.restarts, "last_error": engine.last_error},
        "limits": {
            "max_body_bytes": limits.max_body_bytes,
            "max_output_tokens": limits.max_output_tokens,
            "max_n": limits.max_n,
            "max_upload_bytes": media.max_bytes,
            "max_images": media.max_images,
            "max_videos": media.max_videos,
            "max_image_pixels": media.max_image_pixels,
            "max_pixels": media.max_pixels,
            "max_video_pixels": media.max_video_pixels,
            "max_video_frames": media.max_video_frames,
            "max_video_seconds": media.max_video_seconds,
            "max_fps": media.max_fps,
        },
    }


def _state(service: ChatService) -> str:
    if service.failure is not None:
        return "failed"
    engine = service.engine_status()
    if engine is None:
        return "loading"
    return "loading" if engine.state == "ready" and not service.ready else engine.state


def _models(service: ChatService) -> list[dict[str, Any]]:
    listed = []
    for one in service.models():
        sampling = msgspec.to_builtins(one.sampling)
        listed.append(
            {
                "edition": one.edition,
                "name": one.name,
                "demo": one.demo,
                "state": one.state,
                "fraction": one.fraction,
                "error": one.error,
                "max_context": one.max_context,
                "sampling": {name: sampling[name] for name in ("temperature", "top_p", "top_k", "presence_penalty")},
            }
        )
    return listed
