"""A local HTTP server that answers as Hugging Face and ModelScope do, as far as their client libraries ask."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHubs:
    """Both hubs on one port. `break_after`: cut the first download of a file after so many bytes. `spoil`: serve wrong
    bytes so many times."""

    files: dict[str, bytes]
    source: str = "Qwen/Qwen3-VL-Tiny-Instruct"
    url: str = ""
    break_after: int | None = None
    spoil: int = 0
    large: tuple[str, ...] = (".safetensors",)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)  # method, path, Range

    def ranges(self, name: str) -> list[str | None]:
        return [wanted for method, path, wanted in self.requests if method == "GET" and name in path]


@contextmanager
def serve(hubs: FakeHubs) -> Iterator[FakeHubs]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            parts = urlsplit(self.path)
            hubs.requests.append((self.command, unquote(self.path), self.headers.get("Range")))
            query = parse_qs(parts.query)
            resolve = re.fullmatch(rf"/{hubs.source}/resolve/[^/]+/(.+)", unquote(parts.path))
            if unquote(parts.path) == f"/api/models/{hubs.source}":
                self.json(self.huggingface(), body=body)
            elif parts.path == f"/api/v1/models/{hubs.source}/repo/files":
                self.json({"Code": 200, "Success": True, "Data": {"Files": self.modelscope()}}, body=body)
            elif parts.path == f"/api/v1/models/{hubs.source}/revisions":
                revisions = {"Branches": [{"Revision": "master"}], "Tags": []}
                self.json({"Code": 200, "Success": True, "Data": {"RevisionMap": revisions}}, body=body)
            elif parts.path == f"/api/v1/models/{hubs.source}":
                self.json({"Code": 200, "Success": True, "Data": {"Name": "tiny"}}, body=body)
            elif resolve and resolve[1] in hubs.files:
                self.file(resolve[1], body=body)
            elif parts.path == f"/api/v1/models/{hubs.source}/repo" and query["FilePath"][0] in hubs.files:
                self.file(query["FilePath"][0], body=body)
            else:
                self.json({"Code": 404, "Success": False, "Message": "not found"}, status=404, body=body)

        def huggingface(self) -> dict[str, Any]:
            siblings = []
            for name, content in hubs.files.items():
                entry: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": "b"}
                if name.endswith(hubs.large):
                    entry["lfs"] = {"sha256": sha256(content), "size": len(content), "pointerSize": 130}
                siblings.append(entry)
            return {"id": hubs.source, "sha": COMMIT, "siblings": siblings}

        def modelscope(self) -> list[dict[str, Any]]:
            return [
                {"Path": name, "Name": name, "Size": len(content), "Sha256": sha256(content), "Type": "blob"}
                for name, content in hubs.files.items()
            ]

        def json(self, value: Any, *, status: int = 200, body: bool) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                self.wfile.write(data)

        def file(self, name: str, *, body: bool) -> None:
            content = hubs.files[name]
            start, end = 0, len(content)
            if found := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or ""):
                start, end = int(found[1]), int(found[2]) + 1 if found[2] else len(content)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(end - start))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", f'"{sha256(content)}"')
            self.send_header("X-Repo-Commit", COMMIT)
            if name.endswith(hubs.large):
                self.send_header("X-Linked-Etag", f'"{sha256(content)}"')
                self.send_header("X-Linked-Size", str(len(content)))
            self.end_headers()
            if not body:
                return
            data = content[start:end]
            if name.endswith(hubs.large):
                if hubs.spoil:
                    hubs.spoil -= 1
                    data = bytes(len(data))
                if hubs.break_after is not None:
                    data, hubs.break_after = data[: hubs.break_after], None
                    self.close_connection = True
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hubs.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hubs
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
