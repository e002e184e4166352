"""Files as answers, whole or the part that `Range` asks for (RFC 9110, section 14.2)."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send


class FileAnswer(FileResponse):
    """A file. A part that it does not have raises a 416, for `errors` to answer; Starlette's own answers are plain."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        unit, given, _ = Headers(scope=scope).get("range", "").partition("=")
        if given and unit.strip().lower() != "bytes":  # it must be ignored
            scope = {**scope, "headers": [header for header in scope["headers"] if header[0] != b"range"]}

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (400, 416):
                raise HTTPException(416, headers={"Content-Range": f"bytes */{self.headers['content-length']}"})
            await send(message)

        await super().__call__(scope, receive, watched)
