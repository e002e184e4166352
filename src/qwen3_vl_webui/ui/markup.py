"""HTML that the page writes itself: escaped text, and buttons that only it can make.

Buttons carry `ACTION_KEY`, drawn anew at every start, so that nothing the model writes can pass for one of ours.
"""

from __future__ import annotations

import html
import secrets

from qwen3_vl_webui.errors import Language
from qwen3_vl_webui.ui.texts import say

ACTION_KEY = secrets.token_urlsafe(12)


def escape(text: str) -> str:
    """Text as HTML on one line: no tag, no end of a Markdown paragraph, no placeholder of a template."""
    escaped = html.escape(text, quote=True).replace("\r\n", "\n")
    return (
        escaped.replace("\n", "&#10;")
        .replace("{", "&#123;")
        .replace("$", "&#36;")
        .replace("\\", "&#92;")
        .replace("`", "&#96;")
    )


def button(action: str, target: str, label: str, *, css: str = "", text: str = "") -> str:
    """A button that `assets/page.js` turns into an event. All in its class: the Chatbot removes `data-` attributes."""
    return (
        f'<button type="button" class="act act-{action} {css} do-{action} key-{ACTION_KEY} id-{escape(target)}" '
        f'title="{escape(label)}" aria-label="{escape(label)}">{escape(text)}</button>'
    )


def confirm(question: str, action: str, target: str, language: Language) -> str:
    """The question that a button `ask-delete` beside it brings up; only its yes does `action`."""
    yes, no = say("yes_delete", language), say("cancel", language)
    return (
        f'<span class="confirm" hidden><span>{escape(question)}</span>'
        f"{button(action, target, yes, css='yes wide', text=yes)}"
        f"{button('cancel-delete', target, no, css='wide', text=no)}</span>"
    )
