"""Host, Origin and key rules, value by value."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from qwen3_vl_webui.server.access import COOKIE, SESSION_SECONDS, AccessPolicy

LOCAL = AccessPolicy()
OPEN = AccessPolicy(host="0.0.0.0", allowed_hosts=("qwen.example",), allowed_origins=("https://app.example/",))


@pytest.mark.parametrize(
    ("host", "local", "network"),
    [
        ("localhost:7860", True, True),
        ("127.0.0.1", True, True),
        ("127.9.9.9:1", True, True),
        ("[::1]:7860", True, True),
        ("192.168.1.5:7860", False, True),  # an address cannot be rebound
        ("[fd00::5]", False, True),
        ("qwen.example", False, True),
        ("QWEN.example.:7860", False, True),
        ("evil.example", False, False),
        ("localhost.evil.example", False, False),
        ("127.0.0.1.evil.example", False, False),
        ("", False, False),
        ("a:b", False, False),
        ("[::1", False, False),
        ("user@localhost", False, False),
    ],
)
def test_hosts(host: str, local: bool, network: bool) -> None:
    assert LOCAL.host_allowed(host) is local
    assert OPEN.host_allowed(host) is network


def test_any_host_can_be_allowed() -> None:
    assert AccessPolicy(allowed_hosts=("*",)).host_allowed("whatever.example")


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://localhost:7860", "localhost:7860", True),
        ("https://localhost", "localhost", True),
        ("https://localhost", "localhost:443", True),
        ("http://localhost", "localhost:7860", False),
        ("http://127.0.0.1:7860", "localhost:7860", False),
        ("https://app.example", "10.0.0.1", True),
        ("http://app.example", "10.0.0.1", False),
        ("null", "null", False),
        ("", "localhost", False),
        ("file://", "localhost", False),
        ("http://[::1]:7860", "[::1]:7860", True),
        ("http://localhost:port", "localhost", False),
    ],
)
def test_origins(origin: str, host: str, allowed: bool) -> None:
    assert OPEN.origin_allowed(origin, host) is allowed


def test_null_is_no_origin_even_if_somebody_lists_it() -> None:
    assert not AccessPolicy(allowed_origins=("null",)).origin_allowed("null", "localhost")


def test_any_of_several_keys_opens_and_sessions_belong_to_their_key() -> None:
    policy = AccessPolicy(api_keys=("one", "two-ключ"))
    for key in policy.api_keys:
        assert policy.match(key) == key
        cookie = f"{COOKIE}={policy.new_session(key)}"
        assert policy.key_of(Headers({"cookie": cookie})) == key
    assert policy.match("three") is None
    other = AccessPolicy(api_keys=("three",))
    assert other.key_of(Headers({"cookie": f"{COOKIE}={policy.new_session('one')}"})) is None


def test_sessions_expire_and_cannot_be_prolonged() -> None:
    policy = AccessPolicy(api_keys=("one",))
    old = policy.new_session("one", now=1_000_000.0)
    assert policy.key_of(Headers({"cookie": f"{COOKIE}={old}"})) is None
    signature = old.partition(".")[2]
    later = f"{int(old.partition('.')[0]) + 100 * SESSION_SECONDS}.{signature}"
    assert policy.key_of(Headers({"cookie": f"{COOKIE}={later}"})) is None
    for broken in ("", ".", "x.y", "9" * 40 + ".z", "²." + signature):
        assert policy.key_of(Headers({"cookie": f"{COOKIE}={broken}"})) is None
