"""Who may call: Host, Origin and API key are checked here, before any route, those of the page included.

Deny by default: without a valid key only `/health` and the login page answer. Host names guard against DNS rebinding:
an attacker's page can point a name of theirs at this machine, but cannot make the browser send another Host. So names
must be known, and an address is fine as soon as the server listens beyond loopback. An Origin must be the Host itself
or be listed; `null` never is. Only listed origins get CORS headers, whatever a mounted app says.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qwen3_vl_webui.errors import Forbidden, Unauthorized, WebUIError
from qwen3_vl_webui.server.errors import error_response, wanted_language

COOKIE = "qwen3vl_session"
SESSION_SECONDS = 30 * 24 * 3600
OPEN_PATHS = frozenset({"/health", "/login"})
DEFAULT_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}


@dataclass(frozen=True, kw_only=True)
class AccessPolicy:
    """The keys, names and origins of one server. `host` is the address it listens on."""

    host: str = "127.0.0.1"
    api_keys: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()  # beside the obvious ones; "*" is any
    allowed_origins: tuple[str, ...] = ()  # "https://name[:port]"

    def host_allowed(self, header: str) -> bool:
        name = _host_name(header)
        if not name:
            return False
        if "*" in self.allowed_hosts or name in {host.lower() for host in self.allowed_hosts}:
            return True
        if name == "localhost" or name.endswith(".localhost") or name == self.host.lower():
            return True
        address = _address(name)
        if address is not None:
            return address.is_loopback or not self._loopback_only
        return not self._loopback_only and name in _own_names()

    @property
    def _loopback_only(self) -> bool:
        address = _address(self.host)
        return self.host == "localhost" or (address is not None and address.is_loopback)

    def origin_allowed(self, origin: str, host: str) -> bool:
        """`host` is the request's Host, already found good."""
        return self.origin_listed(origin) or self._same_origin(origin, host)

    def origin_listed(self, origin: str) -> bool:
        return origin != "null" and origin.rstrip("/") in {entry.rstrip("/") for entry in self.allowed_origins}

    @staticmethod
    def _same_origin(origin: str, host: str) -> bool:
        """The scheme is left out: a proxy that ends TLS changes it, and the name and port say enough."""
        try:
            parts = urlsplit(origin)
            port = str(parts.port) if parts.port else DEFAULT_PORTS.get(parts.scheme, "")
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return False
        name, given = _host_name(host), _port(host)
        return parts.hostname.lower() == name and (given or DEFAULT_PORTS[parts.scheme]) == port

    def key_of(self, headers: Headers) -> str | None:
        """The valid key of a request (of its session, for a browser), or None."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.match(token.strip())
        cookie = SimpleCookie()
        try:
            cookie.load(headers.get("cookie", ""))
        except CookieError:
            return None
        morsel = cookie.get(COOKIE)
        return self._session_key(morsel.value) if morsel else None

    def match(self, token: str) -> str | None:
        """Compares with every key in constant time."""
        found = None
        for key in self.api_keys:
            if hmac.compare_digest(_digest(token), _digest(key)):
                found = key
        return found

    def new_session(self, key: str, now: float | None = None) -> str:
        """A cookie value that proves knowledge of `key` until it expires; it does not hold the key."""
        expires = int((time.time() if now is None else now) + SESSION_SECONDS)
        return f"{expires}.{_sign(key, expires)}"

    def _session_key(self, value: str) -> str | None:
        expires, _, signature = value.partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) < 16 and int(expires) > time.time()):
            return None
        found = None
        for key in self.api_keys:
            if hmac.compare_digest(signature.encode(), _sign(key, int(expires)).encode()):
                found = key
        return found


class AccessMiddleware:
    """Refuses what the policy does not allow; puts `api_key` into the request's state."""

    def __init__(self, app: ASGIApp, policy: AccessPolicy, count: Callable[[WebUIError], None]) -> None:
        self.app = app
        self.policy = policy
        self.count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        listed = origin if origin is not None and self.policy.origin_listed(origin) else None
        try:
            key = self._check(scope, headers, origin)
        except WebUIError as error:
            await self._refuse(error, scope, receive, send, listed)
            return
        scope.setdefault("state", {})["api_key"] = key
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
        elif listed and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await Response(status_code=204, headers=_cors(listed, preflight=True))(scope, receive, send)
        else:
            await self.app(scope, receive, _with_cors(send, listed))

    def _check(self, scope: Scope, headers: Headers, origin: str | None) -> str | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.policy.host_allowed(hosts[0]):
            raise Forbidden("host_not_allowed", field="Host", value=", ".join(hosts)[:200] or "(none)")
        if origin is not None and not self.policy.origin_allowed(origin, hosts[0]):
            raise Forbidden("origin_not_allowed", field="Origin", value=origin[:200])
        navigation = headers.get("sec-fetch-mode") == "navigate" and scope.get("method") == "GET"
        if origin is None and headers.get("sec-fetch-site") == "cross-site" and not navigation:
            raise Forbidden("origin_not_allowed", field="Sec-Fetch-Site", value="another site")
        if not self.policy.api_keys:
            return None
        if scope["path"] in OPEN_PATHS and scope["type"] == "http":
            return None
        preflight = scope.get("method") == "OPTIONS" and origin is not None and self.policy.origin_listed(origin)
        if preflight:  # browsers send no key with it, and the answer reveals nothing
            return None
        key = self.policy.key_of(headers)
        if key is None:
            code = "api_key_wrong" if "authorization" in headers else "api_key_missing"
            raise Unauthorized(code, field="Authorization")
        return key

    async def _refuse(self, error: WebUIError, scope: Scope, receive: Receive, send: Send, listed: str | None) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        self.count(error)
        headers = Headers(scope=scope)
        page = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
        response: Response = error_response(error, wanted_language(headers))
        if page and isinstance(error, Unauthorized):
            response = RedirectResponse(scope.get("root_path", "") + "/login", status_code=303)
        await response(scope, receive, _with_cors(send, listed))


def _with_cors(send: Send, origin: str | None) -> Send:
    """Drops CORS headers that anything inside has set, and sets ours for a listed origin."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            for name in [name for name in headers if name.lower().startswith("access-control-")]:
                del headers[name]
            if origin is not None:
                headers.update(_cors(origin))
        await send(message)

    return wrapped


def _cors(origin: str, *, preflight: bool = False) -> dict[str, str]:
    headers = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    if preflight:
        headers["Access-Control-Allow-Methods"] = "GET, POST, PATCH, DELETE"
        headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        headers["Access-Control-Max-Age"] = "600"
    return headers


def _host_name(header: str) -> str:
    """The name of a Host header without its port, lower case; "" when it is malformed."""
    if header.startswith("["):
        name, bracket, rest = header[1:].partition("]")
        return name.lower() if bracket and (not rest or rest.startswith(":")) else ""
    name, _, port = header.partition(":")
    good = all(char.isalnum() or char in "-._" for char in name) and (not port or port.isdigit())
    return name.lower().rstrip(".") if good else ""


def _port(header: str) -> str:
    rest = header.partition("]")[2] if header.startswith("[") else header
    return rest.partition(":")[2]


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _own_names() -> Sequence[str]:
    name = socket.gethostname().lower()
    return (name, f"{name}.local")


def _digest(text: str) -> bytes:
    """Keys of any length compare in the same time."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _sign(key: str, expires: int) -> str:
    return hmac.new(key.encode(), f"qwen3-vl-webui session {expires}".encode(), hashlib.sha256).hexdigest()
