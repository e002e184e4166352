"""Grammars for answers (JSON schema and the like) through llguidance: compiled beside the loop, applied as masks.

Compiling happens on a thread of its own (llguidance releases the interpreter lock) under limits of size, work and
time; meanwhile the request waits and others go on. Compiled grammars are kept, the least recently used leave. A state
belongs to one sequence.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qwen3_vl_webui.errors import InvalidRequest, Words, words

MAX_GRAMMAR_CHARS = 256 * 1024
MAX_COMPILE_SECONDS = 20.0
MAX_KEPT = 64


class GrammarState:
    """Where one sequence stands in its grammar. `bound` is false while it still reasons (before the token `after`)."""

    __slots__ = ("_after", "_matcher", "bound")

    def __init__(self, matcher: Any, after: int | None, *, bound: bool | None = None) -> None:
        self._matcher = matcher
        self._after = after
        self.bound = after is None if bound is None else bound

    @property
    def ended(self) -> bool:
        """The grammar admits nothing more: the sequence can only stop."""
        return self.bound and bool(self._matcher.is_stopped())

    def fill_mask(self, words: NDArray[np.int32]) -> None:
        """Write the mask of admissible tokens, a bit a token, lowest first."""
        self._matcher.unsafe_compute_mask_ptr(words.ctypes.data, words.nbytes)

    def consume(self, token: int) -> str | None:
        """Take a sampled token; return what went wrong, if anything did."""
        if not self.bound:
            self.bound = token == self._after
            return None
        return None if self._matcher.consume_token(token) else str(self._matcher.get_error())

    def fork(self) -> GrammarState:
        return GrammarState(self._matcher.deep_copy(), self._after, bound=self.bound)


class PendingGrammar:
    """A grammar under compilation for one request."""

    def __init__(self, compiled: Future[Any], after: int | None, deadline: float) -> None:
        self._compiled = compiled
        self._after = after
        self._deadline = deadline

    @property
    def ready(self) -> bool:
        return self._compiled.done()

    def state(self) -> GrammarState:
        """The compiled grammar at its start. Raises InvalidRequest when it did not compile."""
        return GrammarState(self._compiled.result().deep_copy(), self._after)

    def check(self, now: float) -> None:
        """Raise InvalidRequest when compilation failed or takes too long."""
        if self.ready:
            self._compiled.result()
        elif now > self._deadline:
            raise _refused(words("compile_seconds", limit=MAX_COMPILE_SECONDS))

    def wait(self, seconds: float) -> None:
        """Sleep until compiled, at most so long."""
        try:
            self._compiled.exception(timeout=seconds)
        except TimeoutError:
            return


class GrammarCompiler:
    """Compiles grammars for one vocabulary. The tokenizer is read when the first grammar comes."""

    def __init__(self, tokenizer: Path, vocab_size: int, eos_token_ids: tuple[int, ...]) -> None:
        self._tokenizer_path = tokenizer
        self._vocab_size = vocab_size
        self._eos_token_ids = eos_token_ids
        self._tokenizer: Any = None
        self._thread: ThreadPoolExecutor | None = None
        self._kept: OrderedDict[str, Future[Any]] = OrderedDict()

    def compile(self, grammar: str, after: int | None, now: float) -> PendingGrammar:
        """Start compiling, or find it compiled. Raises InvalidRequest for one that is too long."""
        if len(grammar) > MAX_GRAMMAR_CHARS:
            raise _refused(words("too_large", limit=MAX_GRAMMAR_CHARS))
        if grammar not in self._kept:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="grammar")
            self._kept[grammar] = self._thread.submit(self._build, grammar)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(grammar)
        return PendingGrammar(self._kept[grammar], after, now + MAX_COMPILE_SECONDS)

    def close(self) -> None:
        """Let the thread end."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _build(self, grammar: str) -> Any:
        from llguidance import LLMatcher, LLParserLimits, LLTokenizer

        if self._tokenizer is None:
            if not self._tokenizer_path.is_file():
                raise _refused("the checkpoint has no tokenizer.json")
            self._tokenizer = LLTokenizer(
                str(self._tokenizer_path), n_vocab=self._vocab_size, eos_token=list(self._eos_token_ids)
            )
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0, limits=LLParserLimits(verbose_errors=False))
        if matcher.is_error():
            raise _refused(words("schema_broken", what=str(matcher.get_error()).partition("\n")[0]))
        return matcher


def _refused(reason: Words | str) -> InvalidRequest:
    return InvalidRequest("field_invalid", field="response_format", reason=reason)
