"""What watches over the server: health, readiness, metrics, status, the reference page."""

from __future__ import annotations

import re
from typing import Any

import httpx


def test_health_and_ready_answer_when_all_is_well(http: httpx.Client) -> None:
    assert http.get("/health").json() == {"status": "ok"}
    assert http.head("/health").status_code == http.head("/ready").status_code == 200
    ready = http.get("/ready").json()
    assert ready["ready"] is True
    assert [model["edition"] for model in ready["models"]] == ["instruct", "thinking"]


def test_status_tells_the_page_what_is_served_and_the_limits(http: httpx.Client, live: Any) -> None:
    status = http.get("/api/status").json()
    assert status["kind"] == "real"
    assert status["models"][0]["sampling"] == {"temperature": 0.7, "top_p": 0.8, "top_k": 20, "presence_penalty": 0.0}
    assert status["limits"]["max_output_tokens"] == live.settings.max_output_tokens
    assert status["models"][1]["max_context"] == live.settings.max_context


def test_metrics_count_requests_tokens_times_and_errors(http: httpx.Client) -> None:
    def value(name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (.+)$", http.get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    names = [
        'qwen3vl_tokens_total{edition="instruct",kind="completion"}',
        'qwen3vl_requests_total{edition="instruct",outcome="length"}',
        'qwen3vl_time_to_first_token_seconds_count{edition="instruct"}',
        'qwen3vl_time_per_output_token_seconds_count{edition="instruct"}',
        'qwen3vl_errors_total{code="model_unknown"}',
    ]
    before = [value(name) for name in names]
    body: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 5, "ignore_eos": True}
    assert http.post("/v1/chat/completions", json=body).status_code == 200
    assert http.post("/v1/chat/completions", json={**body, "model": "x"}).status_code == 404
    assert [value(name) - old for name, old in zip(names, before, strict=True)] == [5, 1, 1, 1, 1]
    text = http.get("/metrics").text
    for name in ("waiting", "running", "blocks_free", "prefix_hit_tokens_total", "vision_hits_total"):
        assert f"qwen3vl_engine_{name}{{" in text


def test_version_and_docs_describe_the_api_without_the_network(http: httpx.Client) -> None:
    assert http.get("/version").json()["version"]
    docs = http.get("/docs").text
    for path in ("/v1/chat/completions", "/api/predict", "/tokenize", "/api/conversations"):
        assert path in docs
    assert not re.findall(r"""(?:src|href)=["']https?:""", docs)
    schema = http.get("/openapi.json").json()
    assert schema["paths"]["/v1/chat/completions"]["post"]["requestBody"]
