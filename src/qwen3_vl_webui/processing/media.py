"""The one path by which media enter: data URIs, bare base64, http(s) URLs, and files below allowed folders.

A URL's host is resolved once; if any address it has is not public, it is refused; the connection goes to the very
address that was checked (Host and TLS name stay the URL's), so a second answer of the name server changes nothing.
Every redirect is checked the same way. Proxies and cookies are not used. Bytes are counted while they arrive; many of
them wait in a file, not in memory.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import os
import re
import socket
import ssl
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, unquote_to_bytes, urlsplit

import httpx

from qwen3_vl_webui.errors import Forbidden, InvalidRequest, TooLarge, words
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.source import Source
from qwen3_vl_webui.processing.spool import Spool

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

# Networks without IPv4 reach it through addresses that end in the IPv4 address.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_HOST = re.compile(r"[a-z0-9._-]+|\[?[0-9a-f:.]+\]?")
_CONNECT_SECONDS = 10.0
_PIECE = 4 << 20  # characters of base64 that are decoded at once
_URL_SAFE = str.maketrans("-_", "+/")


class MediaFetcher:
    """Fetches media within `limits`. One for the whole server; close it at the end (it is an async context manager)."""

    def __init__(self, limits: MediaLimits, *, resolve: Resolver | None = None, verify: bool | str = True) -> None:
        """`resolve` replaces the name server and `verify` names a CA file: both for private networks and tests."""
        self._limits = limits
        self._resolve = resolve or _resolve
        self._client = httpx.AsyncClient(
            follow_redirects=False,  # each hop is checked here
            trust_env=False,  # a proxy would resolve the name again
            verify=_context(verify),
            timeout=httpx.Timeout(limits.fetch_seconds, connect=min(_CONNECT_SECONDS, limits.fetch_seconds)),
            limits=httpx.Limits(max_keepalive_connections=0),  # a kept connection could serve another host's name
            headers={
                "user-agent": "qwen3-vl-webui",
                "accept": "image/*, video/*, */*;q=0.5",
                "accept-encoding": "identity",
            },
        )

    async def __aenter__(self) -> MediaFetcher:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def fetch(self, reference: str, *, field: str, bare: bool = True) -> Source:
        """The medium that `reference` names. With `bare`, a string without a scheme may be base64 or a path.

        `InvalidRequest` for what is no medium or no reference, `TooLarge` above the byte limit, `Forbidden` for an
        address, host or path that is not allowed. `field` names the request's field in the message.
        """
        reference = reference.strip()
        if not reference.isascii() and any("\ud800" <= char <= "\udfff" for char in reference):
            raise InvalidRequest("media_url", field=field)  # halves of surrogate pairs, which are no text
        scheme = reference[:8].lower()
        if scheme.startswith("data:"):
            data = await asyncio.to_thread(self._decode_data_uri, reference, field)
            return await asyncio.to_thread(Source.from_bytes, data, field=field)
        if scheme.startswith(("http://", "https://")):
            body = await self._download(reference, field)
            return await asyncio.to_thread(lambda: Source.from_bytes(body.content(), field=field))
        if scheme.startswith("file:"):
            return await asyncio.to_thread(self._open_path, _file_url_path(reference, field), field)
        if not bare or "://" in reference[:32]:
            raise InvalidRequest("media_scheme", field=field, value=reference[:32])
        return await asyncio.to_thread(self._bare, reference, field)

    # data URIs and base64

    def _decode_data_uri(self, reference: str, field: str) -> bytes:
        header, comma, payload = reference.partition(",")
        if not comma:
            raise InvalidRequest("media_base64", field=field)
        if header.lower().endswith(";base64"):
            return self._decode_base64(unquote(payload) if "%" in payload else payload, field)
        data = unquote_to_bytes(payload)
        self._check_bytes(len(data), field)
        return data

    def _decode_base64(self, text: str, field: str) -> bytes:
        self._check_bytes(len(text) * 3 // 4 - 2, field)  # before decoding
        text = text.rstrip("= \t\r\n")
        data, left = bytearray(), ""
        try:
            for start in range(0, len(text), _PIECE):  # in one go it would keep other threads from running
                piece = left + "".join(text[start : start + _PIECE].split()).translate(_URL_SAFE)
                whole = len(piece) - len(piece) % 4
                data += _quads(piece[:whole])
                left = piece[whole:]
            data += _quads(left + "=" * (-len(left) % 4), padded=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidRequest("media_base64", field=field) from error
        self._check_bytes(len(data), field)
        return bytes(data)

    def _bare(self, text: str, field: str) -> Source:
        """Base64 or a path: whichever it is. What is neither gets base64's message, which leaks nothing about files."""
        try:
            source = Source.from_bytes(self._decode_base64(text, field), field=field)
        except InvalidRequest as error:
            if len(text) <= 4096 and any(char in text for char in "/\\.~"):
                try:
                    return self._open_path(unquote(text), field)
                except Forbidden:
                    if error.code != "media_unknown" or text.startswith("/"):  # a slash inside is base64 more often
                        raise
            raise error
        return source

    def _check_bytes(self, size: int, field: str) -> None:
        if size > self._limits.max_bytes:
            raise TooLarge("media_bytes", field=field, limit=self._limits.max_bytes)

    # files

    def _open_path(self, text: str, field: str) -> Source:
        """A file below an allowed folder. Symbolic links are resolved before containment is decided."""
        if not self._limits.allowed_dirs:
            raise Forbidden("media_paths_off", field=field)
        refused = Forbidden("media_path", field=field)  # the same for absent and forbidden: no probing
        if "\0" in text:
            raise refused
        try:
            path = Path(text).resolve(strict=True)
            folders = [folder.resolve() for folder in self._limits.allowed_dirs]
            if not any(path.is_relative_to(folder) for folder in folders):
                raise refused
            info = path.stat()
        except (OSError, RuntimeError, ValueError) as error:
            raise refused from error
        if not stat.S_ISREG(info.st_mode) or not os.access(path, os.R_OK):
            raise refused
        self._check_bytes(info.st_size, field)
        return Source.from_path(path, field=field)

    # URLs

    async def _download(self, url: str, field: str) -> Spool:
        try:
            async with asyncio.timeout(self._limits.fetch_seconds):
                for _ in range(self._limits.max_redirects + 1):
                    result = await self._get(url, field)
                    if isinstance(result, Spool):
                        return result
                    url = result
        except TimeoutError as error:
            raise InvalidRequest("media_timeout", field=field, seconds=self._limits.fetch_seconds) from error
        raise InvalidRequest("media_redirects", field=field, limit=self._limits.max_redirects)

    async def _get(self, url: str, field: str) -> Spool | str:
        """One hop: the body, or where it redirects to."""
        request = await self._pinned_request(url, field)
        try:
            response = await self._client.send(request, stream=True)
            try:
                if response.has_redirect_location:
                    return str(httpx.URL(url).join(response.headers["location"]))
                if response.status_code != 200:
                    raise InvalidRequest("media_status", field=field, status=response.status_code)
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise InvalidRequest("media_fetch", field=field, reason=words("compressed"))
                length = response.headers.get("content-length", "")
                self._check_bytes(int(length) if length.isdecimal() else 0, field)
                body = Spool(in_memory=self._limits.in_memory_bytes, folder=self._limits.spool_folder)
                async for chunk in response.aiter_raw():
                    body.add(chunk)
                    self._check_bytes(body.size, field)
                    if body.must_write:
                        await asyncio.to_thread(body.flush)
                return body
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            raise InvalidRequest("media_timeout", field=field, seconds=self._limits.fetch_seconds) from error
        except httpx.ConnectError as error:
            raise InvalidRequest("media_fetch", field=field, reason=words("not_connected")) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise InvalidRequest("media_fetch", field=field, reason=words("bad_answer")) from error

    async def _pinned_request(self, url: str, field: str) -> httpx.Request:
        """A request to the checked address under the URL's own host name."""
        try:
            # httpx turns international names to ASCII, which also folds digits of other scripts
            parsed = httpx.URL(url)
            host, port = parsed.raw_host.decode("ascii").lower().rstrip("."), parsed.port
        except (httpx.InvalidURL, UnicodeError) as error:
            raise InvalidRequest("media_url", field=field) from error
        if parsed.scheme not in ("http", "https"):
            raise Forbidden("media_scheme", field=field, value=parsed.scheme)
        if (
            not _HOST.fullmatch(host)
            or (port or 1) not in range(1, 1 << 16)
            or parsed.userinfo
            or "\\" in url
            or urlsplit(url).username is not None
        ):
            raise InvalidRequest("media_url", field=field)
        port = port or (443 if parsed.scheme == "https" else 80)
        if self._limits.allowed_hosts and not _listed(host, self._limits.allowed_hosts):
            raise Forbidden("media_host", field=field, host=host)
        address = await self._checked_address(host, port, field)
        literal = f"[{address}]" if address.version == 6 else str(address)
        headers = {"host": parsed.netloc.decode("ascii")}
        target = parsed.copy_with(host=literal, port=port)
        return self._client.build_request("GET", target, headers=headers, extensions={"sni_hostname": host})

    async def _checked_address(self, host: str, port: int, field: str) -> Address:
        bracketless = host.strip("[]")
        try:
            found = [str(ipaddress.ip_address(bracketless))]
        except ValueError:
            if _looks_numeric(
                bracketless
            ):  # 2130706433, 0x7f.1, 0177.0.0.1: no host is written so but to get past a filter
                raise Forbidden("media_address", field=field, host=host) from None
            try:
                found = await self._resolve(bracketless, port)
            except OSError as error:
                raise InvalidRequest("media_dns", field=field, host=host) from error
        addresses = [ipaddress.ip_address(item.partition("%")[0]) for item in found]
        if not addresses:
            raise InvalidRequest("media_dns", field=field, host=host)
        if not self._limits.allow_private_hosts and not all(is_public(address) for address in addresses):
            raise Forbidden("media_address", field=field, host=host)
        return addresses[0]


def _quads(text: str, *, padded: bool = False) -> bytes:
    """What whole groups of four characters of base64 say; only the last group of all is `padded`."""
    if "=" in text and not padded:
        raise ValueError("padding before the end")
    return base64.b64decode(text, validate=True)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, seen through every way of wrapping an IPv4 address in IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        inner = (address.sixtofour, *(address.teredo or ()))
        if not all(is_public(item) for item in inner if item is not None) or address.is_site_local:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_loopback
        and not address.is_link_local
        and not address.is_unspecified
    )


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def _context(verify: bool | str) -> ssl.SSLContext | bool:
    return ssl.create_default_context(cafile=verify) if isinstance(verify, str) else verify


def _listed(host: str, allowed: tuple[str, ...]) -> bool:
    names = [name.lower().rstrip(".") for name in allowed]
    return any(host == name or (name.startswith(".") and host.endswith(name)) for name in names)


def _looks_numeric(host: str) -> bool:
    """Hosts that the C library would read as an IPv4 address in another base or with parts left out."""
    try:
        socket.inet_aton(host)
    except (OSError, ValueError):
        return False
    return True


def _file_url_path(url: str, field: str) -> str:
    """The path of `file:///path` or `file:/path`; percent signs are decoded before anything is checked."""
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise Forbidden("media_path", field=field)
    return unquote(parts.path)
