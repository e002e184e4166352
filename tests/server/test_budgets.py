"""Pixel and frame budgets have one range each, in one sentence, wherever a request gives them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from server_media import data_uri, picture

CHAT = "/v1/chat/completions"
IMAGE = {"type": "image_url", "image_url": {"url": data_uri(picture())}}
RANGES = {
    ("max_pixels", "image_url"): (1024, 16_777_216),
    ("max_pixels", "video_url"): (1024, 25_165_824),
    ("min_pixels", "image_url"): (1, 16_777_216),
    ("fps", "video_url"): (0.001, 30),
    ("max_frames", "video_url"): (2, 768),
}


def refused(http: httpx.Client, part: dict[str, Any] | str, **more: Any) -> dict[str, Any]:
    content = part if isinstance(part, str) else [part]
    body = {"messages": [{"role": "user", "content": content}], "max_tokens": 1, **more}
    answer = http.post(CHAT, json=body)
    assert answer.status_code == 400, answer.text
    found: dict[str, Any] = answer.json()["error"]
    assert found["code"] == "value_out_of_range"
    return found


@pytest.mark.parametrize(("name", "kind"), RANGES)
@pytest.mark.parametrize("value", [0, -5, 10**12])
def test_a_part_and_the_request_are_told_the_same(
    http: httpx.Client, clip: bytes, name: str, kind: str, value: int
) -> None:
    low, high = RANGES[name, kind]
    medium = IMAGE if kind == "image_url" else {"type": kind, kind: {"url": data_uri(clip, "video/mp4")}}
    said = f"{name} must be between {low} and {high}; it is {value}"
    place = "messages[0].content[0]"
    for field, found in (
        (name, refused(http, medium, **{name: value})),
        (f"{place}.{name}", refused(http, {**medium, name: value})),
    ):
        assert found["param"] == field
        assert said in found["message"]


@pytest.mark.parametrize(
    ("budget", "limit"),
    [({"fps": 31}, "30"), ({"max_frames": 769}, "768"), ({"max_pixels": 25_165_825}, "25165824")],
)
def test_a_budget_is_checked_though_no_medium_follows(http: httpx.Client, budget: dict[str, Any], limit: str) -> None:
    found = refused(http, "hi", **budget)
    assert [found["param"]] == list(budget)
    assert limit in found["message"]


def test_only_media_that_take_the_requests_budget_bind_it(http: httpx.Client, clip: bytes) -> None:
    video = {"type": "video_url", "video_url": {"url": data_uri(clip, "video/mp4")}}
    for content, status in (([IMAGE, video], 400), ([{**IMAGE, "max_pixels": 4096}, video], 200)):
        body = {"messages": [{"role": "user", "content": content}], "max_tokens": 1, "max_pixels": 20_000_000}
        assert http.post(CHAT, json=body).status_code == status
