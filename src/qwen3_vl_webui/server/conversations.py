"""`/api/conversations`: the history over HTTP, for the page and for programs. The same store, the same rules.

Uploads are streamed to disk as they arrive. What is downloaded has the type that its bytes have, may not be sniffed
into another and runs in a sandbox, so that a stored file can never act as a page of this server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from qwen3_vl_webui.errors import Language, NotFound
from qwen3_vl_webui.history import records
from qwen3_vl_webui.history.media import PIECE
from qwen3_vl_webui.history.store import HistoryStore
from qwen3_vl_webui.history.transfer import MAX_MEDIA, ExportedAttachment, ExportedConversation, SmallObject, Text
from qwen3_vl_webui.server.body import JsonRoute
from qwen3_vl_webui.server.files import FileAnswer

Title = Annotated[str, Field(max_length=1000)]
Id = Annotated[str, Path(pattern=r"^[0-9a-zA-Z_-]{1,64}$")]
Hash = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
NO_ACTION = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, max-age=31536000, immutable",
}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewConversation(_Body):
    title: Title = ""
    settings: SmallObject = {}


class ConversationChange(_Body):
    title: Title | None = None
    settings: SmallObject | None = None


class NewMessage(_Body):
    role: records.Role
    text: Text = ""
    reasoning: Text = ""
    edition: Literal["instruct", "thinking"] | None = None
    status: Literal["streaming", "done", "stopped", "failed"] = "done"
    media: Annotated[list[ExportedAttachment], Field(max_length=MAX_MEDIA)] = []
    facts: SmallObject = {}


class MessageChange(_Body):
    text: Text | None = None
    reasoning: Text | None = None
    status: Literal["streaming", "done", "stopped", "failed"] | None = None
    facts: SmallObject | None = None


class Medium(BaseModel):
    """A stored picture or video."""

    hash: str
    mime: str
    size: int
    name: str
    kind: Literal["image", "video"]


class ConversationList(BaseModel):
    items: list[records.ConversationSummary]
    total: int


def conversations_router(store: HistoryStore, *, max_upload_bytes: int) -> APIRouter:
    """The routes over a store."""
    router = APIRouter(prefix="/api/conversations", tags=["conversations"], route_class=JsonRoute)

    @router.get("", summary="List or search conversations")
    def list_conversations(
        search: Annotated[str, Query(max_length=500)] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    ) -> ConversationList:
        return ConversationList(
            items=store.list_conversations(search, limit, offset), total=store.count_conversations(search)
        )

    @router.post("", status_code=201, summary="Begin a conversation")
    def create(body: NewConversation) -> records.ConversationRecord:
        return store.create_conversation(body.title, body.settings)

    @router.post("/import", status_code=201, summary="Import an exported conversation")
    def import_conversation(body: ExportedConversation) -> records.ConversationRecord:
        return store.import_conversation(body)

    @router.post(
        "/media",
        status_code=201,
        summary="Upload a picture or video as the body",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )
    async def upload(request: Request, name: Annotated[str, Query(max_length=500)] = "") -> Medium:
        with store.media_writer(name=name, limit=max_upload_bytes) as (writer, finish):
            held = bytearray()
            async for piece in request.stream():
                held += piece
                if len(held) >= PIECE:
                    await asyncio.to_thread(writer.write, bytes(held))
                    held.clear()
            await asyncio.to_thread(writer.write, bytes(held))
            return _medium(await asyncio.to_thread(finish))

    @router.get("/media/{digest}", summary="Download a picture or video", response_class=FileAnswer)
    def download(
        digest: Hash, name: Annotated[str, Query(max_length=500)] = "", attachment: bool = False
    ) -> FileAnswer:
        medium = store.get_media(digest)
        return FileAnswer(
            store.media_path(digest),
            media_type=medium.mime,
            headers=NO_ACTION,
            filename=name or f"{digest[:12]}.{medium.mime.partition('/')[2].removeprefix('x-')}",
            content_disposition_type="attachment" if attachment else "inline",
        )

    @router.get("/{conversation_id}", summary="Read a conversation")
    def get(conversation_id: Id) -> records.ConversationRecord:
        return store.get_conversation(conversation_id)

    @router.patch("/{conversation_id}", summary="Rename a conversation or change its settings")
    def change(conversation_id: Id, body: ConversationChange) -> records.ConversationRecord:
        if body.title is not None:
            store.rename(conversation_id, body.title)
        if body.settings is not None:
            store.update_settings(conversation_id, body.settings)
        return store.get_conversation(conversation_id)

    @router.delete("/{conversation_id}", status_code=204, summary="Delete a conversation and the media only it shows")
    def delete(conversation_id: Id) -> None:
        store.delete(conversation_id)

    @router.get("/{conversation_id}/export", summary="Export as JSON or Markdown", response_class=Response)
    def export(
        conversation_id: Id,
        format: Literal["json", "markdown"] = "json",
        embed: bool = False,
        language: Language = "en",
    ) -> Response:
        if format == "markdown":
            text = store.export_markdown(conversation_id, language)
            return Response(text, media_type="text/markdown", headers=_attachment(conversation_id, "md"))
        pieces = store.export_json(conversation_id, embed=embed)
        return StreamingResponse(pieces, media_type="application/json", headers=_attachment(conversation_id, "json"))

    @router.post("/{conversation_id}/messages", status_code=201, summary="Append a message")
    def add_message(conversation_id: Id, body: NewMessage) -> records.MessageRecord:
        media = [records.MediaRecord(hash=item.hash, mime="", size=0, name=item.name) for item in body.media]
        return store.add_message(
            conversation_id,
            role=body.role,
            text=body.text,
            reasoning=body.reasoning,
            edition=body.edition,
            status=body.status,
            media=media,
            facts=body.facts,
        )

    @router.patch("/{conversation_id}/messages/{message_id}", summary="Change a message")
    def change_message(conversation_id: Id, message_id: Id, body: MessageChange) -> records.MessageRecord:
        _check_belongs(store, conversation_id, message_id)
        store.update_message(message_id, text=body.text, reasoning=body.reasoning, status=body.status, facts=body.facts)
        return store.get_message(message_id)

    @router.delete(
        "/{conversation_id}/messages/{message_id}",
        status_code=204,
        summary="Delete a message, with `following` also those after it",
    )
    def delete_message(conversation_id: Id, message_id: Id, following: bool = False) -> None:
        _check_belongs(store, conversation_id, message_id)
        if following:
            store.truncate_after(message_id, inclusive=True)
        else:
            store.delete_message(message_id)

    return router


def _check_belongs(store: HistoryStore, conversation_id: str, message_id: str) -> None:
    if store.get_message(message_id).conversation_id != conversation_id:
        raise NotFound("message_absent", field="message_id", id=message_id)


def _medium(record: records.MediaRecord) -> Medium:
    return Medium(hash=record.hash, mime=record.mime, size=record.size, name=record.name, kind=record.kind)


def _attachment(conversation_id: str, suffix: str) -> Mapping[str, str]:
    name = f"conversation-{conversation_id[:12]}.{suffix}"
    return {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
