"""The checkpoint's tokenizer: `tokenizer.json` and the names in `tokenizer_config.json`, over the `tokenizers`
library.

Byte-level BPE only, as in every Qwen checkpoint, so that a token is a string of bytes and decoding can go token by
token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import tokenizers

from qwen3_vl_webui.errors import CheckpointError


class Tokenizer:
    """Text to ids and back. Safe to use from several threads."""

    def __init__(self, backend: tokenizers.Tokenizer, config: dict[str, Any] | None = None) -> None:
        """`backend` must be byte-level; `config` is the parsed tokenizer_config.json."""
        self.config = config or {}
        self._backend = backend
        # A second instance, because "treat special tokens as text" is a switch on the instance.
        self._literal = tokenizers.Tokenizer.from_str(backend.to_str())
        self._literal.encode_special_tokens = True
        added = backend.get_added_tokens_decoder()
        self.special_tokens: dict[str, int] = {token.content: i for i, token in added.items() if token.special}
        self._added: dict[int, str] = {i: token.content for i, token in added.items()}
        self._special_ids = frozenset(self.special_tokens.values())

    @classmethod
    def load(cls, folder: Path) -> Tokenizer:
        """Read a checkpoint folder. `CheckpointError` when the files are absent or not a byte-level tokenizer."""
        path = folder / "tokenizer.json"
        try:
            backend = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception
            raise CheckpointError("checkpoint_config", path=str(path), reason=str(error)) from error
        state = json.loads(backend.to_str())
        if "ByteLevel" not in json.dumps(state.get("decoder")):
            raise CheckpointError("checkpoint_config", path=str(path), reason="not a byte-level tokenizer")
        config_path = folder / "tokenizer_config.json"
        config: dict[str, Any] = {}
        if config_path.is_file():
            try:
                config = json.loads(config_path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise CheckpointError("checkpoint_config", path=str(config_path), reason=str(error)) from error
        return cls(backend, config)

    @property
    def vocab_size(self) -> int:
        """Ids that mean something, added tokens included (the network's vocabulary may be padded beyond it)."""
        return self._backend.get_vocab_size(with_added_tokens=True)

    @cached_property
    def special_pattern(self) -> re.Pattern[str]:
        """Matches any special token's text, the longest first."""
        names = sorted(self.special_tokens, key=len, reverse=True)
        return re.compile("|".join(re.escape(name) for name in names) or r"(?!)")

    def token_to_id(self, token: str) -> int | None:
        return self._backend.token_to_id(token)

    def encode(self, text: str, *, literal: bool = False) -> list[int]:
        """Ids of `text`. With `literal`, special tokens' text is plain text, as it must be in what users write."""
        backend = self._literal if literal else self._backend
        if not text.isascii():  # JSON can carry halves of surrogate pairs, which are no text
            text = text.encode("utf-8", errors="replace").decode()
        # As a batch of one: `encode` keeps the interpreter's lock, and a long text would stop the whole server.
        ids: list[int] = backend.encode_batch_fast([text], add_special_tokens=False)[0].ids
        return ids

    def decode(self, ids: Sequence[int], *, skip_special: bool = True) -> str:
        """Text of `ids`; bytes that are no UTF-8 become the replacement character. Unknown ids are empty."""
        return b"".join(self.token_bytes(i, skip_special=skip_special) for i in ids).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int, *, skip_special: bool = True) -> bytes:
        """The bytes of one token; empty for a special token (unless asked) and for an id beyond the vocabulary."""
        if (content := self._added.get(token_id)) is not None:
            return b"" if skip_special and token_id in self._special_ids else content.encode()
        token = self._backend.id_to_token(token_id)
        if token is None:
            return b""
        try:
            return bytes(_BYTES[char] for char in token)
        except KeyError:  # a filler entry whose name is not in the byte alphabet
            return token.encode()

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """Each token as text for display (special tokens by name, partial characters as replacement characters)."""
        return [self.token_bytes(i, skip_special=False).decode("utf-8", errors="replace") for i in ids]


def _byte_alphabet() -> dict[str, int]:
    """GPT-2's printable stand-ins for bytes: printable Latin-1 stays itself, the rest moves above 255 in order."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in kept]
    return {chr(byte): byte for byte in kept} | {chr(256 + i): byte for i, byte in enumerate(moved)}


_BYTES = _byte_alphabet()
