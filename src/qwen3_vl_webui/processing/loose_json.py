"""JSON as language models write it: single quotes, trailing commas, Python's names, raw line breaks, bare keys, a
code fence.

Strict JSON is tried first, so a well-formed text means exactly what it says. Nothing is evaluated.
"""

from __future__ import annotations

import json
import re

MAX_DEPTH = 64
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_WORD = re.compile(r"[A-Za-z_$][\w$-]*")
_SPACE = re.compile(r"\s*")
_FENCE = re.compile(r"\A\s*```\w*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
_NAMES: dict[str, object] = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class LooseJsonError(ValueError):
    """The text is not even loosely JSON."""


def parse_loose_json(text: str) -> object:
    """The value of `text`, which must hold one value and white space. Missing closers at the end are added."""
    if fenced := _FENCE.match(text):
        text = fenced[1]
    try:
        value: object = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        reader = _Reader(text)
        value = reader.value(0)
        reader.skip()
        if reader.at != len(text):
            raise LooseJsonError(f"unexpected text at {reader.at}") from None
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def peek(self) -> str:
        self.skip()
        return self.text[self.at : self.at + 1]

    def value(self, depth: int) -> object:
        if depth > MAX_DEPTH:
            raise LooseJsonError("nested too deeply")
        first = self.peek()
        if first == "{":
            return self.mapping(depth)
        if first in ("[", "("):
            return self.array("]" if first == "[" else ")", depth)
        if first and first in "\"'":
            return self.string()
        if match := _NUMBER.match(self.text, self.at):
            self.at = match.end()
            number = match[0].lstrip("+")
            try:
                return int(number)
            except ValueError:
                return float(number)
        if (match := _WORD.match(self.text, self.at)) and match[0] in _NAMES:
            self.at = match.end()
            return _NAMES[match[0]]
        raise LooseJsonError(f"no value at {self.at}")

    def mapping(self, depth: int) -> dict[str, object]:
        result: dict[str, object] = {}
        self.at += 1
        while (first := self.peek()) not in ("}", ""):
            if first in "\"'":
                key = self.string()
            elif match := _WORD.match(self.text, self.at):
                key, self.at = match[0], match.end()
            else:
                raise LooseJsonError(f"no key at {self.at}")
            if self.peek() != ":":
                raise LooseJsonError(f"no colon at {self.at}")
            self.at += 1
            result[key] = self.value(depth + 1)
            if not self.comma("}"):
                break
        self.at += 1
        return result

    def array(self, closer: str, depth: int) -> list[object]:
        result: list[object] = []
        self.at += 1
        while self.peek() not in (closer, ""):
            result.append(self.value(depth + 1))
            if not self.comma(closer):
                break
        self.at += 1
        return result

    def comma(self, closer: str) -> bool:
        """Step over a comma; whether another item may follow."""
        first = self.peek()
        if first == ",":
            self.at += 1
            return True
        if first not in (closer, ""):
            raise LooseJsonError(f"no comma at {self.at}")
        return False

    def string(self) -> str:
        quote = self.text[self.at]
        parts: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char == quote:
                return "".join(parts)
            if char == "\\" and self.at < len(self.text):
                char = self.escape()
            parts.append(char)
        raise LooseJsonError("a string does not end")

    def escape(self) -> str:
        char = self.text[self.at]
        self.at += 1
        if char == "u" and re.fullmatch(r"[0-9a-fA-F]{4}", self.text[self.at : self.at + 4]):
            code = int(self.text[self.at : self.at + 4], 16)
            self.at += 4
            if 0xD800 <= code < 0xDC00 and (
                low := re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})").match(self.text, self.at)
            ):
                self.at = low.end()
                code = 0x10000 + ((code - 0xD800) << 10) + int(low[1], 16) - 0xDC00
            return chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd"
        return _ESCAPES.get(char, char)
