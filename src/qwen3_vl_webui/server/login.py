"""The login page of a server with an API key: it turns the key into a session cookie for the browser. Two languages."""

from __future__ import annotations

import time
from collections import deque
from html import escape
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from qwen3_vl_webui.errors import QueueFull
from qwen3_vl_webui.server.access import COOKIE, SESSION_SECONDS, AccessPolicy
from qwen3_vl_webui.server.errors import wanted_language

TEXTS = {
    "en": ("Sign in", "API key", "Continue", "The key is wrong."),
    "zh": ("登录", "API 密钥", "继续", "密钥不正确。"),
}
PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Qwen3-VL WebUI</title><link rel="icon" href="data:,"><style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ display: grid; place-items: center; min-height: 100vh; margin: 0 }}
form {{ display: grid; gap: .75rem; width: min(20rem, 90vw) }}
input, button {{ font: inherit; padding: .5rem .75rem }}
[role=alert] {{ color: #c62828 }}
</style></head><body><form method="post" action="login"><h1>{title}</h1>
<label for="key">{label}</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
{alert}<button>{button}</button></form></body></html>"""
ATTEMPTS, WINDOW = 10, 60.0  # wrong keys, seconds
MAX_FORM = 4096  # bytes


def login_router(policy: AccessPolicy) -> APIRouter:
    """`GET /login` shows the form, `POST /login` checks the key and sets an HttpOnly, SameSite=Strict cookie."""
    router = APIRouter(include_in_schema=False)
    failures: deque[float] = deque(maxlen=ATTEMPTS)

    def page(request: Request, *, wrong: bool = False) -> Response:
        language = wanted_language(request.headers)
        title, label, button, alert = TEXTS[language]
        html = PAGE.format(
            language=language,
            title=escape(title),
            label=escape(label),
            button=escape(button),
            alert=f'<p role="alert">{escape(alert)}</p>' if wrong else "",
        )
        return HTMLResponse(html, status_code=401 if wrong else 200, headers={"Cache-Control": "no-store"})

    @router.get("/login")
    async def show(request: Request) -> Response:
        if not policy.api_keys:
            return RedirectResponse("./", status_code=303)
        return page(request)

    @router.post("/login")
    async def submit(request: Request) -> Response:
        now = time.monotonic()
        if len(failures) == ATTEMPTS and now - failures[0] < WINDOW:
            wait = round(WINDOW - (now - failures[0])) + 1
            raise QueueFull("login_throttled", field="key", retry_after=wait)
        body = (await request.body())[:MAX_FORM]
        key = policy.match(parse_qs(body.decode("utf-8", "replace")).get("key", [""])[0])
        if key is None:
            failures.append(now)
            return page(request, wrong=True)
        response = RedirectResponse("./", status_code=303)
        response.set_cookie(
            COOKIE,
            policy.new_session(key),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    @router.post("/logout")
    async def leave() -> Response:
        response = RedirectResponse("./login", status_code=303)
        response.delete_cookie(COOKIE)
        return response

    return router
