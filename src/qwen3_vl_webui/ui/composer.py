"""The composer: text, pictures and videos, the edition of the next answer, send and stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.errors import Language
from qwen3_vl_webui.ui.markup import button, escape
from qwen3_vl_webui.ui.texts import say

Updates = dict[Any, Any]
EMPTY: dict[str, Any] = {"text": "", "files": []}
EDITIONS: tuple[Edition, ...] = ("instruct", "thinking")


class Composer:
    """Builds the region inside the current Blocks. Its parts are public: `page` wires them."""

    def __init__(self) -> None:
        with gr.Column(elem_id="composer"):
            self.notice = gr.HTML("", elem_id="editing", js_on_load=None)
            self.box = gr.MultimodalTextbox(
                EMPTY,
                elem_id="box",
                file_count="multiple",
                show_label=False,
                lines=1,
                max_lines=12,
                autofocus=True,
                max_plain_text_length=10_000_000,  # the default turns a pasted text of 1000 letters into a file
                submit_btn=True,
                stop_btn=False,
            )
            with gr.Row(elem_id="under"):
                self.edition = gr.Radio(
                    self._choices("en"), value=EDITIONS[0], show_label=False, container=False, elem_id="edition",
                )  # fmt: skip
                self.hint = gr.HTML("", elem_id="hint", js_on_load=None)

    @staticmethod
    def _choices(language: Language, editions: Sequence[Edition] = EDITIONS) -> list[Any]:
        return [(say(f"mode_{edition}", language), edition) for edition in editions]

    def serve(self, editions: Sequence[Edition], language: Language, chosen: Edition) -> Any:
        """The choice of edition, among those that are served."""
        value = chosen if chosen in editions else editions[0]
        return gr.update(
            choices=self._choices(language, editions),
            label=say("edition", language),
            value=value,
            visible=len(editions) > 1,
        )

    def translate(self, language: Language) -> Updates:
        return {
            self.box: gr.update(placeholder=say("composer_placeholder", language), label=say("composer", language)),
            self.hint: f"<span>{escape(say('keys_hint', language))}</span>",
        }

    def editing(self, on: bool, language: Language) -> str:
        """The line above the composer while an earlier message is edited."""
        if not on:
            return ""
        cancel = button(
            "cancel-edit", "", say("cancel_editing", language), css="wide", text=say("cancel_editing", language)
        )
        return f'<div class="notice note" role="status"><span>{escape(say("editing", language))}</span>{cancel}</div>'

    @staticmethod
    def busy(on: bool) -> Any:
        """While an answer is written the send button is a stop button."""
        return gr.update(submit_btn=not on, stop_btn=on)
