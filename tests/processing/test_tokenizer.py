"""The tokenizer wrapper decodes as the library does, token by token."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from tokenizers import models

import checkpoints
from qwen3_vl_webui.errors import CheckpointError
from qwen3_vl_webui.processing.processor import Processor
from qwen3_vl_webui.processing.tokenizer import Tokenizer

BACKEND = checkpoints.tokenizer()
TOKENIZER = Tokenizer(BACKEND)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, TOKENIZER.vocab_size - 1), max_size=30), st.booleans())
def test_decoding_is_the_librarys(ids: list[int], skip: bool) -> None:
    # The library decodes the text between added tokens on its own; whole characters only are compared.
    ours = TOKENIZER.decode(ids, skip_special=skip)
    theirs = BACKEND.decode(ids, skip_special_tokens=skip)
    assert ours.replace("\ufffd", "") == theirs.replace("\ufffd", "") or "\ufffd" in theirs


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_text_round_trips(text: str) -> None:
    text = text.encode("utf-8", errors="ignore").decode()
    for literal in (False, True):
        assert TOKENIZER.decode(TOKENIZER.encode(text, literal=literal), skip_special=False) == text


def test_half_a_surrogate_pair_is_a_question_mark() -> None:
    assert TOKENIZER.decode(TOKENIZER.encode("a\ud83db")) == "a?b"


def test_special_tokens_are_text_only_when_asked() -> None:
    text = "a<|im_end|><think>"
    assert TOKENIZER.encode(text)[1:] == [TOKENIZER.special_tokens["<|im_end|>"], TOKENIZER.token_to_id("<think>")]
    literal = TOKENIZER.encode(text, literal=True)
    assert literal[-1] == TOKENIZER.token_to_id("<think>")  # a tag is no control token
    assert not set(literal) & set(TOKENIZER.special_tokens.values())


def test_ids_beyond_the_vocabulary_are_empty() -> None:
    assert TOKENIZER.decode([10_000, *TOKENIZER.encode("a"), TOKENIZER.vocab_size]) == "a"


def test_pieces_show_special_tokens_by_name() -> None:
    assert TOKENIZER.pieces(TOKENIZER.encode("a<|im_end|>é")) == ["a", "<|im_end|>", "\ufffd", "\ufffd"]


def test_merges_are_the_checkpoints(processor: Processor) -> None:
    ids = processor.tokenizer.encode("What is in this picture?")
    assert len(ids) < 10
    assert processor.tokenizer.decode(ids) == "What is in this picture?"


def test_other_kinds_of_tokenizers_are_refused(tmp_path: Path) -> None:
    Backend(models.WordLevel({"a": 0}, unk_token="a")).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(CheckpointError, match="byte-level"):
        Tokenizer.load(tmp_path)


def test_a_long_text_does_not_stop_other_threads() -> None:
    tokenizer = Tokenizer(checkpoints.tokenizer())
    ticks, over = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not over.wait(0.002):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    began = time.perf_counter()
    tokenizer.encode("é" * 300_000, literal=True)
    seconds = time.perf_counter() - began
    over.set()
    thread.join()
    assert ticks > 10 * seconds  # of some four hundred a second; held back it is one or two in all
