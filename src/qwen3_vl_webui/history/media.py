"""Files by the hash of their bytes: `<folder>/ab/abcdef…`. Written in pieces, never held in memory, named by what they
are.

The type is read from the first bytes and not from what the sender says, and only pictures and videos are taken: what
this folder serves to a browser cannot be a page or a script.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qwen3_vl_webui.errors import InvalidRequest, TooLarge

PIECE = 1 << 20  # bytes
HEAD = 64  # bytes that `sniff` needs
HASH = re.compile(r"[0-9a-f]{64}")

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
    (b"FLV\x01", "video/x-flv"),
    (b"0&\xb2u\x8ef\xcf\x11", "video/x-ms-wmv"),
    (b"OggS", "video/ogg"),
)
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"qt  ": "video/quicktime",
}


def sniff(head: bytes) -> str | None:
    """The MIME type of a picture or video by its first bytes; None for anything else."""
    for magic, mime in _MAGIC:
        if head.startswith(magic):
            return mime
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free"):
        return "video/quicktime"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "video/webm" if b"webm" in head else "video/x-matroska"
    if (
        head[:1] == b"\x47" and len(head) < 189
    ):  # an MPEG transport stream has the sync byte and nothing else to know it by
        return "video/mp2t" if head[1:2] in (b"\x40", b"\x41", b"\x00", b"\x1f") else None
    return None


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
        mime = sniff(self._head)
        if mime is None:
            raise InvalidRequest("media_type", field="file")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return StoredFile(hash=self._hash.hexdigest(), mime=mime, size=self._size, path=self._path)

    def discard(self) -> None:
        """Forget the bytes; nothing is left if `finish` was not followed by `keep`."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class MediaFiles:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where the file of a hash lies. Raises `InvalidRequest` for anything that is not a SHA-256 in hex."""
        if not HASH.fullmatch(digest):
            raise InvalidRequest("field_invalid", field="hash", reason="not a SHA-256 in lower-case hex")
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
