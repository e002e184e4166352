"""Generated tokens to events: answer text, reasoning, tool calls. Incremental, and the same whatever the chunking.

- Characters whose bytes come in several tokens appear when they are whole.
- Reasoning ends at `</think>`. It is open from the start when the prompt opened it (`in_reasoning`), or when the
  answer begins with `<think>`. Tool calls and stop strings inside reasoning are not looked at.
- `<tool_call>` JSON `</tool_call>` in the answer becomes a call; loose JSON is read too (`loose_json`); what cannot
  be read stays text, so that nothing the model wrote is lost.
- Stop strings end the visible answer before they appear, also when they are spread over tokens. Text that could be
  the beginning of one, or of a tag, is held back until that is decided.
"""

from __future__ import annotations

import codecs
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from qwen3_vl_webui.engine.request import TokenLogprob
from qwen3_vl_webui.processing.loose_json import LooseJsonError, parse_loose_json

THINK, END_THINK = "<think>", "</think>"
CALL, END_CALL = "<tool_call>", "</tool_call>"
_TAGS = frozenset({THINK, END_THINK, CALL, END_CALL})


@dataclass(frozen=True)
class Reasoning:
    """More reasoning."""

    text: str


@dataclass(frozen=True)
class Answer:
    """More visible text, with the log-probabilities of the tokens that end in it (when the caller feeds any)."""

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True)
class Call:
    """A whole tool call; `position` counts the calls of this answer, `arguments` is JSON text."""

    position: int
    name: str
    arguments: str


OutputEvent = Reasoning | Answer | Call


class TokenDecoder(Protocol):
    """What the parser needs of `processing.tokenizer.Tokenizer`."""

    special_tokens: dict[str, int]

    def token_bytes(self, token_id: int, *, skip_special: bool = True) -> bytes: ...


class OutputParser:
    """One for each sample of a request. Feed it every token once, then call `finish`."""

    def __init__(
        self,
        tokenizer: TokenDecoder,
        *,
        in_reasoning: bool = False,
        stop: Sequence[str] = (),
        min_tokens: int = 0,
        tools: bool = False,
    ) -> None:
        """`in_reasoning`: the prompt ends inside `<think>`. `tools`: calls are wanted; else `<tool_call>` is text.

        Stop strings are looked for in the text after the first `min_tokens` tokens.
        """
        self.stopped: str | None = None  # the stop string that was met; nothing is produced after it
        self.num_calls = 0
        self.reasoning_tokens = 0  # tokens read while reasoning was open, its tags included
        self._tokenizer = tokenizer
        # tags are text to this parser even where a tokenizer calls them special
        self._tag_ids = {i for name, i in tokenizer.special_tokens.items() if name in _TAGS}
        self._stop = tuple(text for text in stop if text)
        self._min_tokens = min_tokens
        self._tokens = 0  # read so far
        self._tools = tools
        self._utf8 = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._mode: Literal["start", "reasoning", "answer", "call"] = "reasoning" if in_reasoning else "start"
        self._held = ""  # text not yet decided on
        self._blank = ""  # white space that is shown only if text follows
        self._fresh = True  # nothing shown yet since the mode began: leading line breaks are dropped
        self._events: list[OutputEvent] = []
        # answer text is counted in characters, to give each token's log-probability to the event it ends in
        self._read = 0  # characters of the stream decoded so far
        self._passed = 0  # characters of the stream decided on: shown or dropped
        self._logprobs: deque[tuple[int, TokenLogprob]] = deque()

    def feed(self, token_ids: Sequence[int], logprobs: Sequence[TokenLogprob] | None = None) -> list[OutputEvent]:
        """Read more tokens (and, in step, their log-probabilities); returns what can be shown now."""
        for i, token_id in enumerate(token_ids):
            if self.stopped is not None:
                break
            if self._mode == "reasoning":
                self.reasoning_tokens += 1
            self._tokens += 1
            text = self._utf8.decode(self._tokenizer.token_bytes(token_id, skip_special=token_id not in self._tag_ids))
            self._read += len(text)
            if logprobs is not None:
                inside = bool(self._utf8.getstate()[0])  # it ends within the next character
                self._logprobs.append((self._read + inside, logprobs[i]))
            self._held += text
            self._advance()
        return self._drain()

    def finish(self) -> list[OutputEvent]:
        """The generation ended: whatever was held back is decided."""
        if self.stopped is None:
            tail = self._utf8.decode(b"", final=True)
            self._read += len(tail)
            self._held += tail
            self._advance()
        if self.stopped is None and self._mode == "start":
            self._mode, self._fresh = "answer", False
            self._advance()
        if self.stopped is None:
            rest = self._take(len(self._held))
            if self._mode == "reasoning":
                self._show_reasoning(rest)
            elif self._mode == "call":
                self._call(rest, closed=False)
            else:
                self._show(rest, final=True)
        return self._drain()

    # the machine

    def _advance(self) -> None:
        while self._step():
            pass

    def _step(self) -> bool:
        """Decide on a part of the held text. Whether the mode changed, so that the rest needs another look."""
        match self._mode:
            case "start":
                text = self._held.lstrip()
                if text.startswith(THINK):
                    self._drop(len(self._held) - len(text) + len(THINK))
                    self._enter("reasoning")
                    return True
                if THINK.startswith(text):  # includes: nothing but white space so far
                    return False
                self._mode, self._fresh = "answer", False
                return True
            case "reasoning":
                at = self._held.find(END_THINK)
                if at >= 0:
                    self._show_reasoning(self._take(at))
                    self._drop(len(END_THINK))
                    self._blank = ""  # line breaks before the tag
                    self._enter("answer")
                    return True
                self._show_reasoning(self._take(len(self._held) - _overlap(self._held, (END_THINK,))))
                return False
            case "answer":
                return self._step_answer()
            case "call":
                at = self._held.find(END_CALL)
                if at < 0:
                    return False
                self._call(self._take(at), closed=True)
                self._drop(len(END_CALL))
                self._enter("answer")
                return True

    def _step_answer(self) -> bool:
        marks = self._stop if self._tokens > self._min_tokens else ()
        marks = (*marks, CALL) if self._tools else marks
        # The mark that is complete first wins, so that reading more at once changes nothing; then the earlier one.
        found = [(at + len(mark), at, mark) for mark in marks if (at := self._held.find(mark)) >= 0]
        if not found:
            self._show(self._take(len(self._held) - _overlap(self._held, marks)))
            return False
        _, at, mark = min(found)
        if mark in self._stop:
            self._show(self._take(at), final=True)
            self.stopped = mark
            self._held = ""
            return False
        self._show(self._take(at))
        self._blank = ""
        self._drop(len(CALL))
        self._mode = "call"
        return True

    def _enter(self, mode: Literal["reasoning", "answer"]) -> None:
        self._mode, self._fresh, self._blank = mode, True, ""

    def _take(self, length: int) -> str:
        text, self._held = self._held[:length], self._held[length:]
        self._passed += length
        return text

    def _drop(self, length: int) -> None:
        """Pass over text that is never shown as answer, and over its log-probabilities."""
        self._take(length)
        self._forget(self._passed)

    def _forget(self, end: int) -> None:
        while self._logprobs and self._logprobs[0][0] <= end:
            self._logprobs.popleft()

    # what is shown

    def _show_reasoning(self, text: str) -> None:
        if text := self._settle(text, hold="\n"):
            self._events.append(Reasoning(text))
        self._drop(0)

    def _show(self, text: str, *, final: bool = False) -> None:
        """Visible text. White space around calls is theirs, so where calls are read it waits for text to follow."""
        if final and self._fresh and self.num_calls and not (self._blank + text).strip():
            return
        text = self._settle(text, hold=None if self._tools and not final else "")
        if text:
            self._events.append(Answer(text, self._due()))

    def _settle(self, text: str, *, hold: str | None) -> str:
        """`text` without line breaks that open a mode, held white space put before it, its end of `hold` held back.

        `hold` is a set of characters as `str.rstrip` takes it; None is all white space, "" holds nothing.
        """
        text = self._blank + text
        if self._fresh:
            text = text.lstrip("\n")
            self._forget(self._passed - len(text))
        shown = text if hold == "" else text.rstrip(hold)
        self._blank = text[len(shown) :]
        self._fresh = self._fresh and not shown
        return shown

    def _due(self) -> tuple[TokenLogprob, ...]:
        """Log-probabilities of the tokens that end in what was shown since the last call."""
        shown = self._passed - len(self._blank)
        due = []
        while self._logprobs and self._logprobs[0][0] <= shown:
            due.append(self._logprobs.popleft()[1])
        return tuple(due)

    def _call(self, text: str, *, closed: bool) -> None:
        call = read_call(text)
        if call is None:
            self._events.append(Answer(CALL + text + (END_CALL if closed else ""), self._due()))
            return
        self._events.append(Call(self.num_calls, *call))
        self.num_calls += 1

    def _drain(self) -> list[OutputEvent]:
        """The new events, neighbours of one kind joined."""
        joined: list[OutputEvent] = []
        for event in self._events:
            last = joined[-1] if joined else None
            if isinstance(event, Reasoning) and isinstance(last, Reasoning):
                joined[-1] = Reasoning(last.text + event.text)
            elif isinstance(event, Answer) and isinstance(last, Answer):
                joined[-1] = Answer(last.text + event.text, last.logprobs + event.logprobs)
            else:
                joined.append(event)
        self._events = []
        return joined


def read_call(text: str) -> tuple[str, str] | None:
    """Name and arguments (JSON text) of a call as the model wrote it, or None."""
    try:
        value = parse_loose_json(text)
    except LooseJsonError:
        return None
    if not isinstance(value, dict) or not isinstance(name := value.get("name"), str) or not name:
        return None
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        try:
            arguments = parse_loose_json(arguments)
        except LooseJsonError:
            return None
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        return None
    try:
        written = json.dumps(arguments, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return _encodable(name), _encodable(written)


def _encodable(text: str) -> str:
    """Without halves of surrogate pairs, which an escape can bring in and no client could be sent."""
    return text.encode("utf-8", errors="replace").decode()


def _overlap(text: str, marks: Sequence[str]) -> int:
    """Length of the longest end of `text` that one of `marks` begins with."""
    longest = 0
    for mark in marks:
        for length in range(min(len(mark) - 1, len(text)), longest, -1):
            if mark.startswith(text[-length:]):
                longest = length
                break
    return longest
