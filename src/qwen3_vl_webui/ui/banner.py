"""The line above the conversation: what is served when it is the demonstration model, and how the engine is."""

from __future__ import annotations

import re
import secrets
from typing import Any

from qwen3_vl_webui.engine.status import EngineStatus
from qwen3_vl_webui.errors import Language
from qwen3_vl_webui.server.service import ChatService
from qwen3_vl_webui.ui.markup import ACTION_KEY, button, escape
from qwen3_vl_webui.ui.texts import say

BOOT = secrets.token_hex(8)  # tells the page that the server is another process than before


def served(service: ChatService) -> str:
    """The models that are served; empty until the plan is made. A page that shows another line asks for it again."""
    return " · ".join(model.name for model in service.models())


def banner_state(service: ChatService, language: Language) -> dict[str, Any]:
    """What `assets/page.js` shows: the banner's HTML, and the lines it needs when the server is away."""
    name, html = "", ""
    status = service.engine_status()
    if service.failure is not None:
        name = "failed"
        html = _line("error", escape(say("banner_failed", language, reason=service.failure.message(language))))
    elif status is None:
        name, html = "loading", _line("busy", escape(say("banner_loading", language)))
    elif status.state != "ready":
        name, html = status.state, _state_line(status, language)
    elif service.demo:
        name = "demo"
        html = _line("demo", _code(say("banner_demo", language)), _close("demo", language))
    return {
        "boot": BOOT,
        "key": ACTION_KEY,  # a page that was loaded before a restart learns the buttons' new key here
        "name": name,
        "banner": html,
        "served": served(service),
        "settled": name in ("", "demo"),
        "offline": _line("busy", escape(say("banner_offline", language))),
        "restarted": _line(
            "busy",
            escape(say("banner_reload", language)),
            button("reload", "", say("reload", language), css="wide", text=say("reload", language)),
        ),
    }


def _state_line(status: EngineStatus, language: Language) -> str:
    if status.state == "failed":
        reasons = [edition.error for edition in status.editions.values() if edition.error] or [status.last_error or ""]
        return _line("error", escape(say("banner_failed", language, reason="; ".join(reasons))))
    text = escape(say(f"banner_{status.state}", language))
    fractions = [edition.fraction for edition in status.editions.values() if edition.fraction is not None]
    if status.state == "stopping" or not fractions:
        return _line("busy", text)
    done = sum(fractions) / len(fractions)
    return _line("busy", text, f'<progress max="1" value="{done:.3f}" aria-label="{text}"></progress><b>{done:.0%}</b>')


def _line(kind: str, text: str, tail: str = "") -> str:
    return f'<div class="banner {kind}" role="status"><span>{text}</span>{tail}</div>'


def _close(name: str, language: Language) -> str:
    return button("banner-close", name, say("dismiss", language))


def _code(text: str) -> str:
    """Escaped text whose `quoted` words are code."""
    parts = re.split(r"`([^`]*)`", text)
    return "".join(f"<code>{escape(part)}</code>" if i % 2 else escape(part) for i, part in enumerate(parts))
