"""Files by the hash of their bytes: `<folder>/ab/abcdef…`. Written in pieces, never held in memory, named by what they
are.

The type is read from the first bytes and not from what the sender says, and only pictures and videos are taken: what
this folder serves to a browser cannot be a page or a script.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qwen3_vl_webui.errors import InvalidRequest, TooLarge, words
from qwen3_vl_webui.processing.source import HEAD, sniff

PIECE = 1 << 20  # bytes

HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """What was written. `path` is still a temporary one until `MediaFiles.keep`."""

    hash: str
    mime: str
    size: int
    path: Path


class MediaWriter:
    """Takes a file's bytes as they come. Raises `TooLarge` at the byte that exceeds the limit."""

    def __init__(self, folder: Path, *, limit: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".part-", dir=folder)
        self._file = os.fdopen(handle, "wb")
        self._path = Path(name)
        self._hash = hashlib.sha256()
        self._head = b""
        self._size = 0
        self._limit = limit

    def write(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._limit is not None and self._size > self._limit:
            raise TooLarge("media_too_large", field="file", limit=self._limit >> 20)
        if len(self._head) < HEAD:
            self._head = (self._head + piece)[:HEAD]
        self._hash.update(piece)
        self._file.write(piece)

    def finish(self) -> StoredFile:
        """Close; raises `InvalidRequest` when the bytes are neither a picture nor a video."""
        _, mime = sniff(self._head, field="file")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return StoredFile(hash=self._hash.hexdigest(), mime=mime, size=self._size, path=self._path)

    def discard(self) -> None:
        """Forget the bytes; nothing is left if `finish` was not followed by `keep`."""
        with contextlib.suppress(OSError):  # of a disk that is full: what is buffered finds no room
            self._file.close()
        self._path.unlink(missing_ok=True)


class MediaFiles:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where the file of a hash lies. Raises `InvalidRequest` for anything that is not a SHA-256 in hex."""
        if not HASH.fullmatch(digest):
            raise InvalidRequest("field_invalid", field="hash", reason=words("hash"))
        return self.folder / digest[:2] / digest

    @contextmanager
    def writer(self, *, limit: int | None = None) -> Iterator[MediaWriter]:
        writer = MediaWriter(self.folder, limit=limit)
        try:
            yield writer
        finally:
            writer.discard()

    def keep(self, stored: StoredFile) -> None:
        """Move a finished file to its place, in one step."""
        target = self.path(stored.hash)
        target.parent.mkdir(parents=True, exist_ok=True)
        stored.path.replace(target)

    def remove(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)

    def strays(self, known: set[str], *, older_than: float) -> Iterable[Path]:
        """Files that no row names and parts of uploads that never ended, last written before `older_than`."""
        if not self.folder.is_dir():
            return
        for file in self.folder.rglob("*"):
            if file.is_file() and file.name not in known and file.stat().st_mtime < older_than:
                yield file


def pieces(source: bytes | Path) -> Iterator[bytes]:
    """The bytes of a source, in pieces of at most 1 MiB."""
    if isinstance(source, bytes):
        for start in range(0, len(source), PIECE):
            yield source[start : start + PIECE]
        return
    with source.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
