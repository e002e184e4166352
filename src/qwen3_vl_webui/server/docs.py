"""`/docs`: the API's reference as one page made from its OpenAPI description, readable without a network or scripts."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse, Response

STYLE = """:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
section { border-top: 1px solid #8884; padding: .5rem 0 }
h2 { font-size: 1rem; margin: .5rem 0 } code { font-family: ui-monospace, monospace }
pre { overflow-x: auto; font-size: .8rem } .method { text-transform: uppercase; font-weight: 700 }"""


def docs_router(app: FastAPI) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def docs() -> Response:
        return HTMLResponse(render(app.openapi()))

    return router


def render(openapi: dict[str, Any]) -> str:
    """The page. Everything that comes from the description is escaped."""
    sections = [
        _section(path, method, operation)
        for path, operations in openapi.get("paths", {}).items()
        for method, operation in operations.items()
    ]
    schemas = "".join(
        _details(name, json.dumps(schema, indent=1, ensure_ascii=False))
        for name, schema in openapi.get("components", {}).get("schemas", {}).items()
    )
    info = openapi["info"]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
        f"<h1>{title}</h1><p>{escape(info.get('description', ''))} "
        f'The machine-readable form is <a href="openapi.json">openapi.json</a>.</p>'
        f"{''.join(sections)}<h1>Schemas</h1>{schemas}</body></html>"
    )


def _section(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [f'<section><h2><span class="method">{escape(method)}</span> <code>{escape(path)}</code></h2>']
    parts.append(f"<p>{escape(operation.get('summary', ''))}</p>")
    if description := operation.get("description"):
        parts.append(f"<p>{escape(description)}</p>")
    for name in ("parameters", "requestBody"):
        if name in operation:
            parts.append(_details(name, json.dumps(operation[name], indent=1, ensure_ascii=False)))
    return "".join(parts) + "</section>"


def _details(title: str, text: str) -> str:
    return f"<details><summary><code>{escape(title)}</code></summary><pre>{escape(text)}</pre></details>"
