"""The page's header, and the names of what Gradio leaves unnamed."""

from __future__ import annotations

import json

from qwen3_vl_webui.errors import Language
from qwen3_vl_webui.ui.markup import button, escape
from qwen3_vl_webui.ui.texts import say


def render_header(served: str, language: Language) -> str:
    """The bar above the conversation; `served` are the models' names."""
    names = escape(served)
    other = button(
        "language", "", say("switch_language_label", language), css="wide", text=say("switch_language", language)
    )
    return (
        f"<header data-served='{names}'>{button('conversations', '', say('open_sidebar', language))}"
        f"<div class='name'><b>{say('title', language)}</b><small>{names}</small></div>"
        f"{other}{button('theme', '', say('theme', language))}"
        f"{button('settings', '', say('open_settings', language))}</header>"
    )


def render_labels(language: Language, max_upload_mb: int) -> str:
    """What the scripts in `assets` read: names of elements by their selectors, and the size of the largest upload."""
    names = {
        "#box textarea": say("composer", language),
        "#box .upload-button": say("attach", language),
        "#box .submit-button": say("send", language),
        "#box .stop-button": say("stop", language),
        "#conversations-bar .toggle-button": say("open_sidebar", language),
        "#settings-bar .toggle-button": say("open_settings", language),
        "#chat [data-testid=user]": say("you", language),
        "#chat [data-testid=bot]:not(:has(.aside))": say("answer", language),
        "#chat [data-testid=bot]:has(.aside.system)": say("role_system", language),
        "#chat [data-testid=bot]:has(.aside.tool)": say("role_tool", language),
    }
    return f'<i data-names="{escape(json.dumps(names))}" data-limit="{max_upload_mb << 20}"></i>'
