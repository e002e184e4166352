"""What a medium is, by its first bytes."""

from __future__ import annotations

import pytest

import media_cases as make
from qwen3_vl_webui.errors import InvalidRequest
from qwen3_vl_webui.processing.source import Source


def test_a_transport_stream_is_known_by_the_sync_byte_of_two_packets() -> None:
    source = Source.from_bytes(make.video(4, container="mpegts", codec="mpeg2video", fps=25))
    assert (source.kind, source.mime) == ("video", "video/mp2t")


@pytest.mark.parametrize("text", [b"G", b"Good morning. " * 40, b"GIF90a"])
def test_text_that_begins_like_one_is_no_medium(text: bytes) -> None:
    with pytest.raises(InvalidRequest, match="format"):
        Source.from_bytes(text)
