"""The shape check agrees with a real parser on what is deep and large, and costs little on megabytes of base64."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen3_vl_webui.errors import InvalidRequest
from qwen3_vl_webui.server.body import check_shape, parse

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@settings(deadline=None)  # a busy machine is no error
@given(value=values, ascii_only=st.booleans())
def test_json_is_read_back_and_its_depth_is_found(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert parse(text) == value
    found = depth(value)
    check_shape(text, max_depth=found)
    if found:
        with pytest.raises(InvalidRequest):
            check_shape(text, max_depth=found - 1)


def test_brackets_and_quotes_inside_strings_do_not_count() -> None:
    assert parse(rb'["[[[[\"[[\\", "\\\\", "]"]') == ['[[[["[[\\', "\\\\", "]"]
    check_shape(json.dumps(["[" * 1000, '"' * 1000, "\\" * 100]).encode(), max_depth=1)


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"a"}', b"NaN", b'"\xff"', rb'"\ud800"', b"1 2", b"'a'", b'"open', b'"\\']
)
def test_what_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse(text)


def test_many_values_are_refused_before_they_are_made() -> None:
    for text in (b"[" + b"{}," * 600_000 + b"{}]", b"[" + b"0," * 600_000 + b"0]", b"[" + b'"",' * 600_000 + b'""]'):
        with pytest.raises(InvalidRequest):
            check_shape(text)


def test_megabytes_of_base64_cost_little() -> None:
    text = b'{"url": "data:image/png;base64,' + b"QUJD" * (8 << 20) + b'"}'
    started = time.process_time()  # of this process, however busy the machine is
    check_shape(text)
    assert time.process_time() - started < 0.5
