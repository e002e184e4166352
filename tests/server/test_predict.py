"""`/api/predict` as the article calls it: prompt, picture, mode, and what may follow."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from qwen3_vl_webui.server.predict import DATA
from server_media import data_uri, picture

IMAGES = [None, data_uri(picture()), base64.b64encode(picture()).decode()]


def predict(http: httpx.Client, *data: Any) -> httpx.Response:
    return http.post("/api/predict", json={"data": list(data)})


@pytest.mark.parametrize("image", IMAGES, ids=["null", "uri", "bare"])
@pytest.mark.parametrize("mode", [None, "instruct", "thinking"])
def test_a_prompt_is_answered_in_either_mode(http: httpx.Client, image: str | None, mode: str | None) -> None:
    answer = predict(http, "describe", image, mode, 0, 1.0, 6)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"data", "reasoning", "duration", "usage"}
    assert isinstance(body["data"][0], str)
    assert (body["reasoning"] is not None) == (mode == "thinking")
    assert body["duration"] > 0
    assert (body["usage"]["prompt_tokens_details"]["image_tokens"] > 0) == (image is not None)


def test_a_video_is_taken_for_what_its_bytes_are(http: httpx.Client, clip: bytes) -> None:
    usage = predict(http, "what moves?", data_uri(clip, "image/png"), "instruct", 0, 1, 2).json()["usage"]
    assert usage["prompt_tokens_details"]["video_tokens"] > 0


def test_only_the_prompt_is_needed(http: httpx.Client, live: Any) -> None:
    body = predict(http, "hi", None, "instruct", 0.5, 0.9, 3).json()
    assert body["usage"]["completion_tokens"] <= 3
    assert predict(http, "hi").status_code == 200


def test_settings_reach_the_sampler(http: httpx.Client) -> None:
    greedy = {predict(http, "x", None, None, 0, 1, 8).json()["data"][0] for _ in range(2)}
    assert len(greedy) == 1
    assert {predict(http, "x", None, None, 2, 0, 8).json()["data"][0] for _ in range(2)} == greedy


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([], "data"),
        ([1], "data[0]"),
        (["x", 1], "data[1]"),
        (["x", "not media at all"], "data[1]"),
        (["x", ""], "data[1]"),
        (["x", None, "both"], "data[2]"),
        (["x", None, None, 3], "data[3]"),
        (["x", None, None, True], "data[3]"),
        (["x", None, None, 1, "0.9"], "data[4]"),
        (["x", None, None, 1, 1, 0], "data[5]"),
        (["x", None, None, 1, 1, 2.5], "data[5]"),
        (["x", None, None, 1, 1, 5, 6], "data"),
    ],
)
def test_what_is_wrong_is_named(http: httpx.Client, data: list[Any], field: str) -> None:
    answer = http.post("/api/predict", json={"data": data})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == field
    if field != "data":
        assert f"{DATA[int(field[5])]} ({field})" in error["message"]
    assert http.post("/api/predict", json={"data": ["x"], "fn_index": 0}).json()["error"]["param"] == "fn_index"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (["x", None, None, 3], "temperature (data[3]) 必须在 0 和 2 之间，当前为 3。"),
        (["x", None, None, 0, 1, 10**30], "max_tokens (data[5]) 必须在 1 和 32768 之间"),
        (["x", None, "both"], "mode (data[2]) 无效：应为 instruct 或 thinking"),
        (["x", "data:image/png;base64,iVBORw0KGgo="], "无法解码 image (data[1])"),
        (["x" * 4_000_001], "prompt (data[0]) 长 4000001 个字符"),
    ],
)
def test_what_is_wrong_is_said_with_its_limit_in_the_callers_language(
    http: httpx.Client, data: list[Any], said: str
) -> None:
    answer = http.post("/api/predict", json={"data": data}, headers={"Accept-Language": "zh"})
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]
