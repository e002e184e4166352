"""The page: its regions put together, and what each button, key and message does.

The browser holds the little state there is (which conversation, which language) in hidden components, so that an open
page goes on after the server restarts. What one event changed is returned as a mapping from components to updates.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import gradio as gr

from qwen3_vl_webui.engine.request import Edition
from qwen3_vl_webui.errors import Language, NotFound, WebUIError
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.server.service import ChatService
from qwen3_vl_webui.ui.answers import Answers
from qwen3_vl_webui.ui.banner import served
from qwen3_vl_webui.ui.chat import Chat, ChatRegion, Question, explain
from qwen3_vl_webui.ui.composer import EDITIONS, Composer
from qwen3_vl_webui.ui.examples import EXAMPLES
from qwen3_vl_webui.ui.presets import preset_of
from qwen3_vl_webui.ui.rendering import ChatbotMessage, button, escape, render_live, render_turns
from qwen3_vl_webui.ui.settings import SettingsPanel
from qwen3_vl_webui.ui.sidebar import PAGE_SIZE, ConversationList
from qwen3_vl_webui.ui.texts import language_of, say

Updates = dict[Any, Any]
BRIDGE = "window.qwen3vl.bridge = (data) => trigger('submit', data)"
OPENED = "(conversation, language) => { window.qwen3vl.translated(language); window.qwen3vl.opened(conversation); }"
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


@dataclass(frozen=True, kw_only=True)
class Now:
    """What the browser says with every event."""

    conversation: str
    language: Language
    editing: str  # the message that the composer's text will replace
    everything: bool  # also show the early messages of a long conversation
    edition: Edition
    search: str
    limit: int
    text: str
    files: tuple[str, ...]
    values: dict[str, Any]
    session: str  # of this browser tab


@dataclass(kw_only=True)
class Tab:
    """What the server remembers of an open browser tab: what it was last sent, for watches that outlast an event."""

    shown: str | None = None  # the conversation
    watch: object | None = None  # the token of its current watch
    listed: tuple[str, int] = field(default=("", PAGE_SIZE))  # the search and the length of the list


class Page:
    """Builds the Blocks. One per server; `blocks` is mounted by `ui.mount`."""

    def __init__(
        self, service: ChatService, history: HistoryStore, *, max_output_tokens: int, max_upload_mb: int
    ) -> None:
        self.service = service
        self.max_upload_mb = max_upload_mb
        self.answers = answers = Answers(service, history)
        self.history = history
        self.chat = Chat(answers, history)
        self._tabs: dict[str, Tab] = {}
        with gr.Blocks(
            title="Qwen3-VL", analytics_enabled=False, fill_width=True, delete_cache=(3600, 24 * 3600)
        ) as self.blocks:
            self._build(max_output_tokens)
            self._wire()

    # building

    def _build(self, max_output_tokens: int) -> None:
        self.conversation = gr.Textbox("", visible=False)
        self.language = gr.Textbox("en", visible=False)
        self.editing = gr.Textbox("", visible=False)
        self.everything = gr.Checkbox(False, visible=False)
        self.opening = gr.Textbox("", visible=False)
        with gr.Sidebar(position="left", open=True, width=280, elem_id="conversations-bar"):
            self.list = ConversationList()
        with gr.Sidebar(position="right", open=False, width=320, elem_id="settings-bar"):
            self.settings = SettingsPanel(partial(preset_of, self.service), max_output_tokens)
        with gr.Column(elem_id="main"):
            self.header = gr.HTML("", elem_id="header", js_on_load=None)
            gr.HTML('<div id="banner" aria-live="polite"></div>', js_on_load=None, elem_id="banner-holder")
            self.region = ChatRegion()
            self.composer = Composer()
        self.labels = gr.HTML("", elem_id="labels", js_on_load=None)
        self.bridge = gr.HTML("", elem_id="bridge", js_on_load=BRIDGE)

    def _wire(self) -> None:
        self.inputs = [
            self.conversation, self.language, self.editing, self.everything, self.composer.edition, self.list.search,
            self.list.limit, self.composer.box, *self.settings.inputs,
        ]  # fmt: skip
        self.outputs: list[Any] = [
            self.conversation,
            self.language,
            self.editing,
            self.everything,
            self.header,
            self.labels,
            self.region.welcome,
            self.region.chatbot,
            self.composer.box,
            self.composer.edition,
            self.composer.notice,
            self.composer.hint,
            self.list.rows,
            self.list.limit,
            self.list.new,
            self.list.search,
            self.list.upload,
            *self._panel(),
        ]
        self.settings.wire(self.composer.edition)
        self._then(
            self.blocks.load(
                self.open_page, [self.opening], self.outputs, js="() => [window.qwen3vl.opening()]", **QUIET
            )
        )
        self._then(self.bridge.submit(self.act, self.inputs, self.outputs, trigger_mode="multiple", **QUIET))
        self._then(self.list.new.click(self.new, self.inputs, self.outputs, **QUIET))
        self._then(self.list.upload.upload(self.bring, [self.list.upload, *self.inputs], self.outputs, **QUIET))
        self._then(self.composer.box.submit(self.send, self.inputs, self.outputs, **QUIET))
        self.composer.box.stop(self.stop, [self.conversation], None, **QUIET)
        self.list.search.change(self.find, self.inputs, [self.list.rows], trigger_mode="always_last", **QUIET)
        self.blocks.unload(self._forget)

    def _panel(self) -> list[Any]:
        return [*self.settings.translate("en"), self.settings.edited]

    def _then(self, event: Any) -> None:
        """After an event the page shows where it is, and watches the answer being written there."""
        event.then(None, [self.conversation, self.language], None, js=OPENED, api_visibility="private")
        watched = event.then(
            self.watch, [self.conversation, self.language, self.everything],
            [self.region.chatbot, self.composer.box, self.list.rows], trigger_mode="multiple", **QUIET,
        )  # fmt: skip
        watched.then(None, None, None, js="() => window.qwen3vl.poll()", api_visibility="private")  # it may have failed

    # events

    async def open_page(self, request: gr.Request, opening: str) -> Updates:
        """The page was loaded: its language, the conversation that its address names, the draft."""
        told = json.loads(opening or "{}")
        language = language_of(str(told.get("language", "")))
        now = Now(
            conversation="", language=language, editing="", everything=False, edition="instruct", search="",
            limit=PAGE_SIZE, text="", files=(), values={}, session=request.session_hash or "",
        )  # fmt: skip
        edition, restored = self.settings.restore(_kept(told, "settings"), _kept(told, "edited"), self._editions())
        now = replace(now, edition=edition)
        draft = {"text": str(told.get("draft") or ""), "files": []}
        return merge(
            await self._translate(now),
            await self._show(now, str(told.get("conversation") or "")),
            {self.composer.box: gr.update(value=draft)},
            restored,
        )

    async def act(self, event: gr.EventData, request: gr.Request, *values: Any) -> Updates:
        """A button inside HTML, or a key."""
        now = self._now(request, values)
        action, target, text = (str(event._data.get(name) or "") for name in ("action", "id", "text"))
        try:
            return await self._act(now, action, target, text)
        except WebUIError as error:
            explain(error, now.language)
            return self._nothing()

    async def _act(self, now: Now, action: str, target: str, text: str) -> Updates:
        match action:
            case "new":
                return await self._show(now, "")
            case "open":
                return await self._show(now, target)
            case "language":
                return await self._translate(replace(now, language="en" if now.language == "zh" else "zh"))
            case "stop":
                await self.answers.stop(now.conversation)
                return self._nothing()
            case "more":
                return await self._list(now, limit=now.limit + PAGE_SIZE) | {self.list.limit: now.limit + PAGE_SIZE}
            case "earlier":
                return {self.everything: True, **await self._messages(now, now.conversation, everything=True)}
            case "rename":
                await asyncio.to_thread(self.history.rename, target, text)
                return await self._list(now)
            case "delete-conversation":
                await self.answers.stop(target)
                await asyncio.to_thread(self.history.delete, target)
                return await self._show(now, "") if target == now.conversation else await self._list(now)
            case "served":
                return {
                    self.header: self._header(now.language),
                    self.composer.edition: self.composer.serve(self._editions(), now.language, now.edition),
                }
            case "too-large":
                gr.Warning(escape(say("too_large", now.language, name=text, limit=self.max_upload_mb)), duration=8)
                return self._nothing()
            case "example":
                return await self._example(now, target)
            case "edit":
                return await self._edit(now, target)
            case "cancel-edit" if now.editing:
                return {self.editing: "", self.composer.notice: "", self.composer.box: {"text": "", "files": []}}
            case "retry":
                if self.answers.running(now.conversation) is None:
                    await self.chat.retry(now.conversation, target, edition=now.edition, values=now.values)
                return await self._messages(now, now.conversation)
            case "delete":
                await self.chat.delete(now.conversation, target)
                return await self._messages(now, now.conversation)
        return self._nothing()

    async def new(self, request: gr.Request, *values: Any) -> Updates:
        return await self._show(self._now(request, values), "")

    async def find(self, request: gr.Request, *values: Any) -> Any:
        return (await self._list(self._now(request, values)))[self.list.rows]

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
            return self._nothing()
        gr.Info(escape(say("imported", now.language, title=record.title)))
        return await self._show(now, record.id)

    async def send(self, request: gr.Request, *values: Any) -> Updates:
        """Ask what is in the composer. Unless it could be stored and started, it stays there."""
        now = self._now(request, values)
        if not now.text.strip() and not now.files:
            gr.Info(say("empty_message", now.language))
            return self._nothing()
        if self.answers.running(now.conversation) is not None:
            gr.Info(say("still_answering", now.language))
            return self._nothing()
        try:
            media = await self.chat.store_files(now.files)
            conversation = await self.chat.ask(
                Question(text=now.text, media=media), now.conversation, edition=now.edition, values=now.values,
                replacing=now.editing,
            )  # fmt: skip
        except WebUIError as error:
            explain(error, now.language)
            return self._nothing()
        return {
            self.conversation: conversation,
            self.editing: "",
            self.composer.notice: "",
            **await self._messages(now, conversation),
            self.composer.box: gr.update(value={"text": "", "files": []}, submit_btn=False, stop_btn=True),
            **await self._list(now, current=conversation),
        }

    async def watch(
        self, conversation: str, language: Language, everything: bool, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Show the conversation's answer while it grows, until it ends or this browser turns to something else."""
        tab = self._tab(request.session_hash or "")
        if not conversation or (tab.shown or conversation) != conversation:
            yield {self.region.chatbot: gr.skip()}  # an event without any update would empty its outputs
            return
        mine = tab.watch = object()
        answer = self.answers.running(conversation)
        if answer is None:  # it may have ended since the question was shown
            yield {
                self.region.chatbot: await self.chat.render(conversation, language, all_turns=everything),
                self.composer.box: Composer.busy(False),
            }
            return
        turns = await self.chat.turns(conversation)
        before = render_turns(turns[:-1], language, all_turns=everything, complete=False)
        async for _ in self.answers.watch(answer):
            if tab.watch is not mine:
                return
            yield {self.region.chatbot: [*before, *render_live(answer, language)]}
        rows = await self._rows(tab, language, conversation)
        yield {self.composer.box: Composer.busy(False), self.list.rows: rows}

    def _tab(self, session: str) -> Tab:
        return self._tabs.setdefault(session, Tab())

    def _forget(self, request: gr.Request) -> None:
        if tab := self._tabs.pop(request.session_hash or "", None):
            tab.watch = None

    # parts of updates

    def _nothing(self) -> Updates:
        return {self.conversation: gr.skip()}

    def _now(self, request: gr.Request, values: tuple[Any, ...]) -> Now:
        conversation, language, editing, everything, edition, search, limit, box, *rest = values
        box = box or {}
        return Now(
            conversation=conversation or "",
            language=cast(Language, language or "en"),
            editing=editing or "",
            everything=bool(everything),
            edition=edition,
            search=(search or "").strip(),
            limit=int(limit or PAGE_SIZE),
            text=box.get("text") or "",
            files=tuple(box.get("files") or ()),
            values=dict(zip(self.settings.names, rest, strict=True)),
            session=request.session_hash or "",
        )

    async def _show(self, now: Now, conversation: str) -> Updates:
        """Turn to a conversation, or to the welcome."""
        self._tab(now.session).watch = None
        updates: Updates = {
            self.conversation: conversation,
            self.everything: False,
            self.editing: "",
            self.composer.notice: "",
        }
        try:
            updates |= await self._messages(now, conversation, everything=False)
        except NotFound:
            gr.Info(say("conversation_gone", now.language))
            conversation = updates[self.conversation] = ""
            updates |= await self._messages(now, "")
        return updates | await self._list(now, current=conversation)

    async def _messages(self, now: Now, conversation: str, *, everything: bool | None = None) -> Updates:
        messages: list[ChatbotMessage] = []
        self._tab(now.session).shown = conversation
        if conversation:
            all_turns = now.everything if everything is None else everything
            messages = await self.chat.render(conversation, now.language, all_turns=all_turns)
        return {
            self.region.chatbot: gr.update(value=messages, visible=bool(messages)),
            self.region.welcome: gr.update(visible=not messages),
            self.composer.box: Composer.busy(self.answers.running(conversation) is not None),
        }

    async def _list(self, now: Now, *, current: str | None = None, limit: int | None = None) -> Updates:
        tab = self._tab(now.session)
        tab.listed = (now.search, limit or now.limit)
        rows = await self._rows(tab, now.language, now.conversation if current is None else current)
        return {self.list.rows: rows}

    async def _rows(self, tab: Tab, language: Language, current: str) -> str:
        search, limit = tab.listed
        rows = await asyncio.to_thread(self.history.list_conversations, search, limit + 1)
        return self.list.render(rows[:limit], language, current=current, searching=bool(search), more=len(rows) > limit)

    async def _example(self, now: Now, name: str) -> Updates:
        """An example was clicked: it is asked at once, in its edition when that is served."""
        example = next((known for known in EXAMPLES if known.name == name), None)
        if example is None:
            return self._nothing()
        media = await self.chat.store_files([str(example.path)])
        text = say(f"example_{name}_prompt", now.language)
        conversation = await self.chat.ask(Question(text=text, media=media), "", edition=now.edition, values=now.values)
        return {
            self.conversation: conversation,
            **await self._messages(now, conversation),
            **await self._list(now, current=conversation),
        }

    async def _edit(self, now: Now, message_id: str) -> Updates:
        """Put an earlier question, with its files, into the composer."""
        record = await asyncio.to_thread(self.history.get_message, message_id)
        if self.answers.running(now.conversation) is not None:
            gr.Info(say("still_answering", now.language))
            return self._nothing()
        files = [await asyncio.to_thread(self._lend, medium.hash, medium.name) for medium in record.media]
        return {
            self.editing: message_id,
            self.composer.notice: self.composer.editing(True, now.language),
            self.composer.box: {"text": record.text, "files": files},
        }

    def _lend(self, digest: str, name: str) -> str:
        """A stored medium under its own name in Gradio's folder of uploads, by a hard link where that works."""
        folder = Path(self.composer.box.GRADIO_CACHE) / "lent" / digest
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / (Path(name).name or digest)
        if not target.exists():
            source = self.history.media_path(digest)
            try:
                os.link(source, target)
            except OSError:  # another file system
                shutil.copyfile(source, target)
        return str(target)

    async def _translate(self, now: Now) -> Updates:
        language = now.language
        return {
            self.language: language,
            self.header: self._header(language),
            self.labels: f'<i data-names="{escape(json.dumps(self._labels(language)))}" '
            f'data-limit="{self.max_upload_mb << 20}"></i>',
            self.region.welcome: gr.update(value=self.region.render_welcome(language)),
            **self.list.translate(language),
            **self.settings.translate(language),
            **await self._translated_chat(now),
            **self.composer.translate(language),
            self.composer.edition: self.composer.serve(self._editions(), language, now.edition),
            self.composer.notice: self.composer.editing(bool(now.editing), language),
            **await self._list(now),
        }

    async def _translated_chat(self, now: Now) -> Updates:
        if not now.conversation:
            return {}
        return {self.region.chatbot: await self.chat.render(now.conversation, now.language, all_turns=now.everything)}

    def _header(self, language: Language) -> str:
        other = button(
            "language", "", say("switch_language_label", language), css="wide", text=say("switch_language", language)
        )
        names = escape(served(self.service))
        return (
            f"<header data-served='{names}'>{button('conversations', '', say('open_sidebar', language))}"
            f"<div class='name'><b>{say('title', language)}</b><small>{names}</small></div>"
            f"{other}{button('theme', '', say('theme', language))}"
            f"{button('settings', '', say('open_settings', language))}</header>"
        )

    def _editions(self) -> tuple[Edition, ...]:
        return tuple(model.edition for model in self.service.models()) or EDITIONS

    @staticmethod
    def _labels(language: Language) -> dict[str, str]:
        return {
            "#box textarea": say("composer", language),
            "#box .upload-button": say("attach", language),
            "#box .submit-button": say("send", language),
            "#box .stop-button": say("stop", language),
            "#conversations-bar .toggle-button": say("open_sidebar", language),
            "#settings-bar .toggle-button": say("open_settings", language),
        }


def _kept(told: dict[str, Any], name: str) -> list[Any]:
    """A list that the browser kept as JSON; anything may stand there."""
    try:
        found = json.loads(str(told.get(name) or "[]"))
    except ValueError:
        return []
    return found if isinstance(found, list) else []


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
