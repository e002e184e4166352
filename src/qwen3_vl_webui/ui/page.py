"""The page: what each button, key and message does.

The browser holds the little state there is (which conversation, which language) in hidden components, so that an open
page goes on after the server restarts. What one event changed is returned as a mapping from components to updates.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import gradio as gr

from qwen3_vl_webui.errors import Language, WebUIError
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.server.service import ChatService
from qwen3_vl_webui.ui.answers import Answers
from qwen3_vl_webui.ui.chat import Chat, Question, explain
from qwen3_vl_webui.ui.composer import EMPTY, Composer
from qwen3_vl_webui.ui.drafts import write_draft
from qwen3_vl_webui.ui.examples import EXAMPLES
from qwen3_vl_webui.ui.layout import Layout
from qwen3_vl_webui.ui.markup import escape
from qwen3_vl_webui.ui.rendering import render_live, render_turns
from qwen3_vl_webui.ui.sidebar import PAGE_SIZE
from qwen3_vl_webui.ui.texts import language_of, say
from qwen3_vl_webui.ui.updates import Updates, View, merge
from qwen3_vl_webui.ui.visit import Now, Tabs, kept_list, zone_of

OPENED = """(conversation, language, found) => {
    window.qwen3vl.translated(language);
    window.qwen3vl.opened(conversation, found);
}"""
KEPT = "(composer, editing) => window.qwen3vl.kept(composer, editing)"
UPLOADS_KEPT = 24 * 3600  # seconds
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


class Page:
    """Builds the Blocks. One per server; `blocks` is mounted by `ui.mount`."""

    def __init__(self, service: ChatService, history: HistoryStore, *, max_upload_mb: int) -> None:
        self.max_upload_mb = max_upload_mb
        self.history = history
        self.answers = Answers(service, history)
        self.chat = Chat(self.answers, history)
        self._tabs = Tabs()
        with gr.Blocks(
            title="Qwen3-VL", analytics_enabled=False, fill_width=True, delete_cache=(3600, UPLOADS_KEPT)
        ) as self.blocks:
            self.layout = Layout(service)
            self.view = View(self.layout, service, history, self.chat, self._tabs, max_upload_mb=max_upload_mb)
            self._wire()

    def _wire(self) -> None:
        page, inputs, outputs = self.layout, self.layout.inputs, self.layout.outputs
        page.settings.wire(page.composer.edition)
        self._then(
            self.blocks.load(self.open_page, [page.opening], outputs, js="() => [window.qwen3vl.opening()]", **QUIET)
        )
        self._then(page.bridge.submit(self.act, inputs, outputs, trigger_mode="multiple", **QUIET))
        self._then(page.list.new.click(self.new, inputs, outputs, **QUIET))
        self._then(page.list.upload.upload(self.bring, [page.list.upload, *inputs], outputs, **QUIET))
        self._then(page.composer.box.submit(self.send, inputs, outputs, **QUIET))
        page.composer.box.change(None, [page.composer.box, page.editing], None, js=KEPT, api_visibility="private")
        page.composer.box.stop(self.stop, [page.conversation], None, **QUIET)
        page.list.search.change(self.find, inputs, [page.list.rows], trigger_mode="always_last", **QUIET)
        self.blocks.unload(self._forget)

    def _then(self, event: Any) -> None:
        """After an event the page shows where it is, and watches the answer being written there."""
        page = self.layout
        shown = [page.conversation, page.language, page.found]
        event.then(None, shown, None, js=OPENED, api_visibility="private")
        watched = event.then(
            self.watch, [page.conversation, page.language, page.everything],
            [page.region.chatbot, page.composer.box], trigger_mode="multiple", **QUIET,
        )  # fmt: skip
        watched.then(None, None, None, js="() => window.qwen3vl.poll()", api_visibility="private")  # it may have failed

    # events

    async def open_page(self, request: gr.Request, opening: str) -> Updates:
        """The page was loaded: its language, the conversation that its address names, the draft."""
        told = json.loads(opening or "{}")
        language = language_of(str(told.get("language", "")))
        now = Now(session=request.session_hash or "", language=language, zone=zone_of(told))
        kept = kept_list(told, "settings"), kept_list(told, "edited")
        edition, restored = self.layout.settings.restore(*kept, self.view.editions())
        now = replace(now, edition=edition)
        kept_draft = str(told.get("draft") or "")
        return merge(
            {self.layout.zone: now.zone},
            await self.view.translate(now),
            await self.view.show(now, str(told.get("conversation") or "")),
            # Only where there is one: files may have been dropped in since the page was seen.
            {self.layout.composer.box: self.view.draft(kept_draft, language)} if kept_draft else {},
            restored,
        )

    async def act(self, event: gr.EventData, request: gr.Request, *values: Any) -> Updates:
        """A button inside HTML, or a key."""
        now = self._now(request, values)
        action, target, text = (str(event._data.get(name) or "") for name in ("action", "id", "text"))
        try:
            async with self._tabs.of(now.session).turn:
                return await self._act(now, action, target, text)
        except WebUIError as error:
            explain(error, now.language)
            return self.view.nothing()

    async def _act(self, now: Now, action: str, target: str, text: str) -> Updates:
        match action:
            case "new":
                return await self.view.show(now, "")
            case "open":
                return await self.view.show(now, target)
            case "open-found":
                found = await asyncio.to_thread(self.history.find_message, target, now.search)
                return await self.view.show(now, target, found=found or "")
            case "language":
                return await self.view.translate(replace(now, language="en" if now.language == "zh" else "zh"))
            case "stop":
                await self.answers.stop(now.conversation)
                return self.view.nothing()
            case "more":
                longer = now.limit + PAGE_SIZE
                return {self.layout.list.limit: longer, **await self.view.conversations(now, limit=longer)}
            case "earlier":
                return {
                    self.layout.everything: True,
                    **await self.view.messages(now, now.conversation, everything=True),
                }
            case "rename":
                await asyncio.to_thread(self.history.rename, target, text)
                return await self.view.conversations(now)
            case "delete-conversation":
                await self.answers.stop(target)
                await asyncio.to_thread(self.history.delete, target)
                return (
                    await self.view.show(now, "") if target == now.conversation else await self.view.conversations(now)
                )
            case "served":
                return self.view.models(now)
            case "too-large":
                gr.Warning(escape(say("too_large", now.language, name=text, limit=self.max_upload_mb)), duration=8)
                return self.view.nothing()
            case "attached":
                kept, wrong = await self.chat.sift(now.files)
                for error in wrong:
                    explain(error, now.language)
                return {self.layout.composer.box: {"text": now.text, "files": kept}} if wrong else self.view.nothing()
            case "out-of-range" if target in self.layout.settings.limits:
                gr.Warning(escape(self.layout.settings.explain(target, now.values[target], now.language)), duration=8)
                return self.view.nothing()
            case "example":
                return await self._example(now, target)
            case "edit":
                return await self._edit(now, target)
            case "cancel-edit" if now.editing:
                return self.view.end_editing(now)
            case "retry":
                if self.answers.running(now.conversation) is None:
                    await self.chat.retry(now.conversation, target, edition=now.edition, values=now.values)
                return await self.view.messages(now, now.conversation)
            case "delete":
                if not await self.chat.delete(now.conversation, target):
                    return await self.view.show(now, "")
                return await self.view.messages(now, now.conversation)
        return self.view.nothing()

    async def new(self, request: gr.Request, *values: Any) -> Updates:
        now = self._now(request, values)
        async with self._tabs.of(now.session).turn:
            return await self.view.show(now, "")

    async def find(self, request: gr.Request, *values: Any) -> Any:
        return (await self.view.conversations(self._now(request, values)))[self.layout.list.rows]

    async def stop(self, conversation: str) -> None:
        await self.answers.stop(conversation)

    async def bring(self, request: gr.Request, path: str, *values: Any) -> Updates:
        """Import a conversation from a JSON export."""
        now = self._now(request, values)
        try:
            data = await asyncio.to_thread(Path(path).read_bytes)
            record = await asyncio.to_thread(self.history.import_json, data)
        except WebUIError as error:
            gr.Warning(escape(say("import_failed", now.language, reason=error.message(now.language))))
            return self.view.nothing()
        gr.Info(escape(say("imported", now.language, title=record.title)))
        async with self._tabs.of(now.session).turn:
            return await self.view.show(now, record.id)

    async def send(self, request: gr.Request, *values: Any) -> Updates:
        now = self._now(request, values)
        async with self._tabs.of(now.session).turn:
            return await self._send(now)

    async def _send(self, now: Now) -> Updates:
        """Ask what is in the composer. Unless it could be stored and started, it stays there."""
        if not now.text.strip() and not now.files:
            gr.Info(say("empty_message", now.language))
            return self.view.nothing()
        if self.answers.running(now.conversation) is not None:
            gr.Info(say("still_answering", now.language))
            return self.view.nothing()
        try:
            media = await self.chat.store_files(now.files)
            conversation = await self.chat.ask(
                Question(text=now.text, media=media), now.conversation, edition=now.edition, values=now.values,
                replacing=now.editing,
            )  # fmt: skip
        except WebUIError as error:
            explain(error, now.language)
            return self.view.nothing()
        return merge(
            {self.layout.conversation: conversation, self.layout.composer.box: gr.update(value=EMPTY)},
            await self.view.messages(now, conversation),
            await self.view.conversations(now, current=conversation),
            self.view.end_editing(now),
        )

    async def watch(
        self, conversation: str, language: Language, everything: bool, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Show the conversation's answer while it grows, until it ends or this browser turns to something else."""
        tab = self._tabs.of(request.session_hash)
        if not conversation or (tab.shown or conversation) != conversation:
            yield {self.layout.region.chatbot: gr.skip()}  # an event without any update would empty its outputs
            return
        mine = tab.watch = object()
        answer = self.answers.running(conversation)
        if answer is None:  # it may have ended since the question was shown
            yield {
                self.layout.region.chatbot: await self.chat.render(conversation, language, all_turns=everything),
                self.layout.composer.box: Composer.busy(False),
            }
            return
        turns = await self.chat.turns(conversation)
        before = render_turns(turns[:-1], language, all_turns=everything, complete=False)
        async for _ in self.answers.watch(answer):
            if tab.watch is not mine:
                yield {self.layout.region.chatbot: gr.skip()}  # it may be the first
                return
            yield {self.layout.region.chatbot: [*before, *render_live(answer, language)]}
        # The list stays as it is: one sent now could come after that of a search made meanwhile.
        yield {self.layout.composer.box: Composer.busy(False)}

    def _forget(self, request: gr.Request) -> None:
        self._tabs.forget(request.session_hash)

    def _now(self, request: gr.Request, values: tuple[Any, ...]) -> Now:
        conversation, language, zone, editing, draft, everything, edition, search, limit, box, *rest = values
        box = box or {}
        return Now(
            conversation=conversation or "",
            language=cast(Language, language or "en"),
            zone=int(zone or 0),
            editing=editing or "",
            draft=draft or "",
            everything=bool(everything),
            edition=edition,
            search=(search or "").strip(),
            limit=int(limit or PAGE_SIZE),
            text=box.get("text") or "",
            files=tuple(box.get("files") or ()),
            values=dict(zip(self.layout.settings.names, rest, strict=True)),
            session=request.session_hash or "",
        )

    async def _example(self, now: Now, name: str) -> Updates:
        """An example was clicked: it is asked at once, in the mode that is chosen."""
        example = next((known for known in EXAMPLES if known.name == name), None)
        if example is None:
            return self.view.nothing()
        media = await self.chat.store_files([str(example.path)])
        text = say(f"example_{name}_prompt", now.language)
        conversation = await self.chat.ask(Question(text=text, media=media), "", edition=now.edition, values=now.values)
        return {
            self.layout.conversation: conversation,
            **await self.view.messages(now, conversation),
            **await self.view.conversations(now, current=conversation),
        }

    async def _edit(self, now: Now, message_id: str) -> Updates:
        """Put an earlier question, with its files, into the composer."""
        record = await asyncio.to_thread(self.history.get_message, message_id)
        if self.answers.running(now.conversation) is not None:
            gr.Info(say("still_answering", now.language))
            return self.view.nothing()
        files = [await asyncio.to_thread(self.chat.lend, medium, self.view.uploads) for medium in record.media]
        return {
            self.layout.editing: message_id,
            self.layout.draft: now.draft if now.editing else write_draft(now.text, now.files),
            self.layout.composer.notice: self.layout.composer.editing(True, now.language),
            self.layout.composer.box: {"text": record.text, "files": files},
        }
