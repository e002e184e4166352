"""What the page shows, as updates of its components: a conversation, the list, a language."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.errors import Language, NotFound
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.server.service import ChatService
from qwen3_vl_webui.ui.banner import served
from qwen3_vl_webui.ui.chat import Chat
from qwen3_vl_webui.ui.composer import EDITIONS, Composer
from qwen3_vl_webui.ui.drafts import read_draft
from qwen3_vl_webui.ui.header import render_header, render_labels
from qwen3_vl_webui.ui.layout import Layout
from qwen3_vl_webui.ui.markup import escape
from qwen3_vl_webui.ui.rendering import ChatbotMessage
from qwen3_vl_webui.ui.texts import say
from qwen3_vl_webui.ui.visit import Now, Tabs

Updates = dict[Any, Any]


class View:
    """Makes the updates. Those of several methods are joined with `|`, or with `merge` where they share a component."""

    def __init__(
        self, layout: Layout, service: ChatService, history: HistoryStore, chat: Chat, tabs: Tabs, *, max_upload_mb: int
    ) -> None:
        self._layout, self._service, self._history, self._chat, self._tabs = layout, service, history, chat, tabs
        self._max_upload_mb = max_upload_mb

    def nothing(self) -> Updates:
        """An event without any update would empty its outputs."""
        return {self._layout.conversation: gr.skip()}

    async def show(self, now: Now, conversation: str, *, found: str = "") -> Updates:
        """Turn to a conversation, at the message `found` or at its end, or to the welcome."""
        self._tabs.of(now.session).watch = None
        updates: Updates = {
            self._layout.conversation: conversation,
            self._layout.everything: False,
            self._layout.found: found,
            **self.end_editing(now),
        }
        try:
            early = bool(found) and await self._chat.is_early(conversation, found)
            updates[self._layout.everything] = early
            updates = merge(updates, await self.messages(now, conversation, everything=early))
        except NotFound:
            gr.Info(say("conversation_gone", now.language))
            conversation = updates[self._layout.conversation] = ""
            updates = merge(updates, await self.messages(now, ""))
        return updates | await self.conversations(now, current=conversation)

    async def messages(self, now: Now, conversation: str, *, everything: bool | None = None) -> Updates:
        messages: list[ChatbotMessage] = []
        self._tabs.of(now.session).shown = conversation
        if conversation:
            all_turns = now.everything if everything is None else everything
            messages = await self._chat.render(conversation, now.language, all_turns=all_turns)
        return {
            self._layout.region.chatbot: gr.update(value=messages, visible=bool(messages)),
            self._layout.region.welcome: gr.update(visible=not messages),
            self._layout.composer.box: Composer.busy(self._chat.answers.running(conversation) is not None),
        }

    def end_editing(self, now: Now) -> Updates:
        """No earlier message is in the composer; if one was, what stood there before it is there again."""
        layout = self._layout
        updates: Updates = {layout.editing: "", layout.draft: "", layout.composer.notice: ""}
        if now.editing:
            updates[layout.composer.box] = self.draft(now.draft, now.language)
        return updates

    def draft(self, kept: str, language: Language) -> Any:
        """The composer with a draft that the browser kept. Files that are gone are named."""
        draft = read_draft(kept, self.uploads)
        if draft.lost:
            gr.Warning(escape(say("draft_files_lost", language, names=", ".join(draft.lost))), duration=8)
        return gr.update(value={"text": draft.text, "files": list(draft.files)})

    @property
    def uploads(self) -> Path:
        """The folder of what browsers have uploaded."""
        return Path(self._layout.composer.box.GRADIO_CACHE)

    async def conversations(self, now: Now, *, current: str | None = None, limit: int | None = None) -> Updates:
        """The list, as it is searched now."""
        limit = limit or now.limit
        rows = await asyncio.to_thread(self._history.list_conversations, now.search, limit + 1)
        html = self._layout.list.render(
            rows[:limit],
            now.language,
            current=now.conversation if current is None else current,
            searching=bool(now.search),
            more=len(rows) > limit,
            zone=now.zone,
        )
        return {self._layout.list.rows: html}

    async def translate(self, now: Now) -> Updates:
        """Everything in the language of `now`."""
        layout, language = self._layout, now.language
        updates: Updates = {
            layout.language: language,
            layout.labels: render_labels(language, self._max_upload_mb),
            layout.region.welcome: gr.update(value=layout.region.render_welcome(language)),
            **layout.list.translate(language),
            **layout.settings.translate(language),
            **layout.composer.translate(language),
            **self.models(now),
            layout.composer.notice: layout.composer.editing(bool(now.editing), language),
            **await self.conversations(now),
        }
        if now.conversation:
            messages = await self._chat.render(now.conversation, language, all_turns=now.everything)
            updates[layout.region.chatbot] = messages
        return updates

    def models(self, now: Now) -> Updates:
        """What is served: the names, and the choice of edition."""
        return {
            self._layout.header: render_header(served(self._service), now.language),
            self._layout.composer.edition: self._layout.composer.serve(self.editions(), now.language, now.edition),
        }

    def editions(self) -> Sequence[Edition]:
        return tuple(model.edition for model in self._service.models()) or EDITIONS


def merge(*several: Updates) -> Updates:
    """Updates of one event, joined property by property: two of one component would else be the last alone."""
    merged: Updates = {}
    for updates in several:
        for component, update in updates.items():
            before = merged.get(component)
            if isinstance(before, dict) and isinstance(update, dict) and "__type__" in before and "__type__" in update:
                merged[component] = before | update
            else:
                merged[component] = update
    return merged
