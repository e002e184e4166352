"""The page's regions in their places, and the components that its events read and change."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from qwen3_vl_webui.server.service import ChatService
from qwen3_vl_webui.ui.chat import ChatRegion
from qwen3_vl_webui.ui.composer import Composer
from qwen3_vl_webui.ui.presets import caps_of, preset_of
from qwen3_vl_webui.ui.settings import SettingsPanel
from qwen3_vl_webui.ui.sidebar import ConversationList

BRIDGE = "window.qwen3vl.bridge = (data) => trigger('submit', data)"


class Layout:
    """Builds everything inside the current Blocks.

    `inputs` is what the browser says with every event, in the order of `visit.Now`'s making; `outputs` is what an event
    may change.
    """

    def __init__(self, service: ChatService) -> None:
        self.conversation = gr.Textbox("", visible=False)
        self.language = gr.Textbox("en", visible=False)
        self.zone = gr.Number(0, visible=False, precision=0)
        self.editing = gr.Textbox("", visible=False)
        self.draft = gr.Textbox("", visible=False)  # what stood in the composer before an earlier message
        self.everything = gr.Checkbox(False, visible=False)
        self.found = gr.Textbox("", visible=False)  # the message that a search was opened at
        self.opening = gr.Textbox("", visible=False)
        with gr.Sidebar(position="left", open=True, width=280, elem_id="conversations-bar"):
            self.list = ConversationList()
        with gr.Sidebar(position="right", open=False, width=320, elem_id="settings-bar"):
            self.settings = SettingsPanel(partial(preset_of, service), caps_of(service))
        with gr.Column(elem_id="main"):
            self.header = gr.HTML("", elem_id="header", js_on_load=None)
            gr.HTML('<div id="banner" aria-live="polite"></div>', js_on_load=None, elem_id="banner-holder")
            self.region = ChatRegion()
            self.composer = Composer()
        self.labels = gr.HTML("", elem_id="labels", js_on_load=None)
        self.bridge = gr.HTML("", elem_id="bridge", js_on_load=BRIDGE)
        self.inputs: list[Any] = [
            self.conversation, self.language, self.zone, self.editing, self.draft, self.everything,
            self.composer.edition, self.list.search, self.list.limit, self.composer.box, *self.settings.inputs,
        ]  # fmt: skip
        self.outputs: list[Any] = [
            self.conversation, self.language, self.zone, self.editing, self.draft, self.everything, self.found,
            self.header, self.labels, self.region.welcome, self.region.chatbot, self.composer.box,
            self.composer.edition, self.composer.notice, self.composer.hint, self.list.rows, self.list.limit,
            self.list.new, self.list.search, self.list.upload, *self.settings.translate("en"), self.settings.edited,
        ]  # fmt: skip
