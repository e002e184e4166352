"""Bytes that arrive over time: in memory while they are few, then in a file without a name.

Such a file takes disk and no memory, and nothing is left of it when its last user goes, even if the process is killed.
"""

from __future__ import annotations

import io
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any, BinaryIO, cast

from qwen3_vl_webui.errors import StorageFailure


class UnnamedFile:
    """A file on disk that is removed already. Readers have positions of their own and keep it alive."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` is made when it is not there; None is the system's temporary folder."""
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self.handle, name = tempfile.mkstemp(prefix=".part-", dir=folder)
        weakref.finalize(self, os.close, self.handle)
        os.unlink(name)

    def write(self, data: bytes | bytearray) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(self.handle, left) :]

    def open(self) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(_Reader(self)))


class _Reader(io.RawIOBase):
    def __init__(self, file: UnnamedFile) -> None:
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}.get(whence)
        at = offset + (os.fstat(self._file.handle).st_size if base is None else base)
        if at < 0:
            raise OSError("a position before the beginning")
        self._at = at
        return at

    def readinto(self, buffer: Any) -> int:
        count = os.preadv(self._file.handle, [buffer], self._at)
        self._at += count
        return count


class Spool:
    """Takes bytes as they come; `content` is all of them."""

    def __init__(self, *, in_memory: int, folder: Path | None) -> None:
        """More than `in_memory` bytes go to a file in `folder`."""
        self._in_memory = in_memory
        self._folder = folder
        self._held = bytearray()
        self._file: UnnamedFile | None = None
        self.size = 0

    @property
    def must_write(self) -> bool:
        """The next `flush` goes to the disk."""
        return len(self._held) > (self._in_memory if self._file is None else io.DEFAULT_BUFFER_SIZE << 6)

    def add(self, piece: bytes) -> None:
        self._held += piece
        self.size += len(piece)

    def flush(self) -> None:
        """Move what is held to the file. Blocks. Raises `StorageFailure` when there is no room."""
        try:
            self._file = self._file or UnnamedFile(self._folder)
            self._file.write(self._held)
        except OSError as error:
            raise StorageFailure("data_unwritable", reason=error.strerror or error) from error
        self._held.clear()

    def content(self) -> bytes | UnnamedFile:
        if self._file is None:
            return bytes(self._held)
        self.flush()
        return self._file
