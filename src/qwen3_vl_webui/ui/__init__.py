"""The web page: Gradio over the same chat service and history as the API. `mount` puts it at "/"."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from qwen3_vl_webui.config import Settings
    from qwen3_vl_webui.history.store import HistoryStore
    from qwen3_vl_webui.server.service import ChatService


def mount(app: FastAPI, service: ChatService, history: HistoryStore, settings: Settings) -> None:
    """Add the page to `app` at "/". Every other route must be there already: what comes later at "/" is the page's.

    Importing Gradio takes seconds, so it happens here and not with this module.
    """
    # Both are read when Gradio is imported.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # nothing may leave this machine
    # A folder for the uploads of this server alone: those of one that stops are cleared away.
    os.environ.setdefault("GRADIO_TEMP_DIR", str(settings.data / "uploads"))
    from qwen3_vl_webui.ui.mounting import mount_page

    mount_page(app, service, history, settings)
