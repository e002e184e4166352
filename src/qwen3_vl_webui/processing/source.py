"""A picture or video by its encoded bytes: in memory, in a file, or in one without a name, with its hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from qwen3_vl_webui.errors import InvalidRequest
from qwen3_vl_webui.processing.spool import UnnamedFile

Kind = Literal["image", "video"]
HEAD = 189  # bytes that are enough to tell the format: a packet of an MPEG transport stream and the next one's first


@dataclass(frozen=True, kw_only=True)
class Source:
    """Encoded media. `kind` and `mime` come from the bytes, never from a name or a header."""

    sha256: str
    size: int
    kind: Kind  # an animated GIF or WebP is an image here; it may be used as a video all the same
    mime: str
    data: bytes | UnnamedFile | None = field(default=None, repr=False)
    path: Path | None = None  # of a file that is not ours

    @classmethod
    def from_bytes(cls, data: bytes | UnnamedFile, *, field: str | None = None) -> Source:
        """`InvalidRequest` naming `field` when the bytes are no known picture or video."""
        with BytesIO(data) if isinstance(data, bytes) else data.open() as file:
            return cls(**_identify(file, field), data=data)

    @classmethod
    def from_path(cls, path: Path, *, field: str | None = None) -> Source:
        """Refer to a file without reading it into memory. It must not change while it is in use."""
        with path.open("rb") as file:
            return cls(**_identify(file, field), path=path)

    def open(self) -> BinaryIO:
        """The bytes as a seekable file; the caller closes it."""
        if isinstance(self.data, bytes):
            return BytesIO(self.data)
        if self.data is not None:
            return self.data.open()
        assert self.path is not None, "a source has bytes or a path"
        return self.path.open("rb")


def _identify(file: BinaryIO, field: str | None) -> dict[str, Any]:
    kind, mime = sniff(file.read(HEAD), field=field)
    file.seek(0)
    digest = hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
    return {"sha256": digest, "size": file.seek(0, 2), "kind": kind, "mime": mime}


def sniff(head: bytes, *, field: str | None = None) -> tuple[Kind, str]:
    """The format of media by its first bytes. `InvalidRequest("media_unknown")` for anything else."""
    for magic, offset, kind, mime in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind, mime
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"avif", b"avis"):
            return "image", "image/avif"
        if brand in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
            raise InvalidRequest("media_unsupported", field=field, format="HEIC")
        return "video", "video/quicktime" if brand == b"qt  " else "video/mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):  # QuickTime from before brands
        return "video", "video/quicktime"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image", "image/webp"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video", "video/x-msvideo"
    if head[:1] == b"G" == head[188:189]:  # MPEG transport stream: a sync byte opens every packet
        return "video", "video/mp2t"
    if head[:5] in (b"<svg ", b"<?xml"):
        raise InvalidRequest("media_unsupported", field=field, format="SVG")
    raise InvalidRequest("media_unknown", field=field)


_MAGIC: tuple[tuple[bytes, int, Kind, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, "image", "image/png"),
    (b"\xff\xd8\xff", 0, "image", "image/jpeg"),
    (b"GIF87a", 0, "image", "image/gif"),
    (b"GIF89a", 0, "image", "image/gif"),
    (b"BM", 0, "image", "image/bmp"),
    (b"II*\x00", 0, "image", "image/tiff"),
    (b"MM\x00*", 0, "image", "image/tiff"),
    (b"P4\n", 0, "image", "image/x-portable-anymap"),
    (b"P5\n", 0, "image", "image/x-portable-anymap"),
    (b"P6\n", 0, "image", "image/x-portable-anymap"),
    (b"\x1aE\xdf\xa3", 0, "video", "video/x-matroska"),
    (b"FLV\x01", 0, "video", "video/x-flv"),
    (b"OggS", 0, "video", "video/ogg"),
    (b"\x00\x00\x01\xba", 0, "video", "video/mpeg"),
    (b"\x00\x00\x01\xb3", 0, "video", "video/mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", 0, "video", "video/x-ms-asf"),
)
