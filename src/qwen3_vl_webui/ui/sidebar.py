"""The list of conversations: new, search, open, rename, delete, export, import."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import gradio as gr

from qwen3_vl_webui.errors import Language
from qwen3_vl_webui.history.records import ConversationSummary
from qwen3_vl_webui.ui.markup import button, confirm, escape
from qwen3_vl_webui.ui.texts import say

Updates = dict[Any, Any]
PAGE_SIZE = 60  # conversations in the list at first; more come on request


class ConversationList:
    """Builds the region inside the current Blocks."""

    def __init__(self) -> None:
        self.new = gr.Button(say("new_chat", "en"), variant="primary", elem_id="new-chat", size="md")
        self.search = gr.Textbox("", show_label=False, container=False, elem_id="search", max_lines=1)
        self.rows = gr.HTML("", elem_id="conversations", js_on_load=None)
        # No `file_types`: Gradio would refuse other files itself, in English.
        self.upload = gr.UploadButton(say("import", "en"), size="sm", elem_id="import", variant="secondary")
        self.limit = gr.Number(PAGE_SIZE, visible=False, precision=0)

    def translate(self, language: Language) -> Updates:
        return {
            self.new: gr.update(value=say("new_chat", language)),
            self.search: gr.update(placeholder=say("search", language), label=say("search", language)),
            self.upload: gr.update(label=say("import", language)),
        }

    @staticmethod
    def render(
        rows: Sequence[ConversationSummary],
        language: Language,
        *,
        current: str,
        searching: bool,
        more: bool,
        zone: int,
        now: datetime | None = None,
    ) -> str:
        """The list as HTML, grouped by day, the open conversation marked; `zone`: the reader's minutes ahead of UTC."""
        if not rows:
            return (
                f'<p class="nothing">{escape(say("nothing_found" if searching else "no_conversations", language))}</p>'
            )
        here = timezone(timedelta(minutes=zone))
        now = datetime.now(here) if now is None else now.astimezone(here)
        lines: list[str] = []
        group = ""
        for row in rows:
            then = datetime.fromtimestamp(row.updated, here)
            if (day := _day(then, now)) != group:
                group = day
                lines.append(f"<h3>{escape(say(day, language))}</h3>")
            when = f'<time title="{then:%Y-%m-%d %H:%M}">{_when(then, now, language)}</time>'
            action = "open-found" if searching else "open"
            lines.append(_row(row, when, action, language, current=row.id == current))
        tail = button(
            "more", "", say("more_conversations", language), css="wide", text=say("more_conversations", language)
        )
        label = escape(say("conversations", language))
        return f'<nav aria-label="{label}">{"".join(lines)}{tail if more else ""}</nav>'


def _day(then: datetime, now: datetime) -> str:
    days = (now.date() - then.date()).days
    return "today" if days <= 0 else "yesterday" if days == 1 else "earlier"


def _when(then: datetime, now: datetime, language: Language) -> str:
    """The time of a day that a heading names; else the date, with the year when it is another."""
    if _day(then, now) != "earlier":
        return f"{then:%H:%M}"
    if then.year != now.year:
        return f"{then:%Y-%m-%d}"
    return say("short_date", language, month=say("months", language).split()[then.month - 1], day=then.day)


def _row(row: ConversationSummary, when: str, action: str, language: Language, *, current: bool) -> str:
    title = row.title or say("untitled", language)
    name = escape(row.id)
    links = "".join(
        f'<a class="act act-export" href="api/conversations/{name}/export?{query}" download title="{label}" '
        f'aria-label="{label}">{suffix}</a>'
        for query, suffix, label in (
            (f"format=markdown&amp;language={language}", "md", escape(say("export_markdown", language))),
            ("format=json&amp;embed=true", "json", escape(say("export_json", language))),
        )
    )
    asked = confirm(say("delete_conversation", language), "delete-conversation", row.id, language)
    snippet = f'<small class="snippet">{escape(row.snippet)}</small>' if row.snippet else ""
    marked = ' aria-current="page"' if current else ""
    return (
        f'<div class="row" data-row="{name}"{marked}>{button(action, row.id, title, css="title", text=title)}{when}'
        f'<span class="tools">{button("row-rename", row.id, say("rename", language))}{links}'
        f"{button('ask-delete', row.id, say('delete', language))}</span>{snippet}{asked}</div>"
    )
