"""One way in for media: what is fetched, what is refused, and that a refused address is never connected to."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote

import anyio
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

import media_cases as make
from qwen3_vl_webui.errors import Forbidden, InvalidRequest, TooLarge, WebUIError
from qwen3_vl_webui.processing import media
from qwen3_vl_webui.processing.image import decode_image
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.media import MediaFetcher, is_public
from qwen3_vl_webui.processing.source import Source

PNG = make.png(20, 10)
PUBLIC = "93.184.215.14"


class Server:
    """An HTTP server of a few lines: answers by path, remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []  # path, Host header
        self.answers: dict[str, bytes | Callable[[asyncio.StreamWriter], object]] = {"/a.png": answer(PNG)}
        self.port = 0
        self.tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ", 2)[1]
            host = next(line[6:] for line in head.split("\r\n") if line.lower().startswith("host: "))
            self.requests.append((path, host))
            reply = self.answers.get(path, answer(b"", "404 Not Found"))
            if callable(reply):
                await reply(writer)  # type: ignore[misc]
            else:
                writer.write(reply)
            await writer.drain()


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(target: str) -> bytes:
    return answer(b"", "302 Found", Location=target)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    handler = Server()
    listener = await asyncio.start_server(handler, "127.0.0.1", 0)
    handler.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield handler
        await handler.stop()


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that connections were opened to. Connections to `PUBLIC` reach this machine instead."""
    opened: list[str] = []
    connect = anyio.connect_tcp

    async def record(remote_host: str, remote_port: int, **options: object) -> object:
        opened.append(str(remote_host))
        return await connect("127.0.0.1" if remote_host == PUBLIC else remote_host, remote_port, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(anyio, "connect_tcp", record)
    return opened


class Names:
    """A name server: each name's answers in turn, the last one again and again."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): list(turns) for name, turns in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if host not in self.answers:
            raise OSError("no such host")
        turns = self.answers[host]
        return turns.pop(0) if len(turns) > 1 else turns[0]


async def fetch(reference: str, limits: MediaLimits | None = None, names: Names | None = None) -> Source:
    async with MediaFetcher(limits or MediaLimits(fetch_seconds=5), resolve=names) as fetcher:
        return await fetcher.fetch(reference, field="image_url")


# what is fetched


@pytest.mark.parametrize(
    "reference",
    [
        "data:image/png;base64," + base64.b64encode(PNG).decode(),
        "DATA:;base64," + base64.b64encode(PNG).decode(),
        "data:image/png;base64," + quote(base64.b64encode(PNG).decode()),
        "data:image/png," + quote(PNG),
        base64.b64encode(PNG).decode(),
        base64.b64encode(PNG).decode().rstrip("="),
        base64.urlsafe_b64encode(PNG).decode(),
        "\n" + base64.encodebytes(PNG).decode(),
    ],
)
async def test_inline_media(reference: str) -> None:
    assert await fetch(reference) == Source.from_bytes(PNG)


async def test_a_url_is_fetched_from_the_checked_address(server: Server, wire: list[str]) -> None:
    names = Names(pictures_example=[[PUBLIC]])
    source = await fetch(f"http://pictures.example:{server.port}/a.png", names=names)
    assert source == Source.from_bytes(PNG)
    assert (source.kind, source.mime) == ("image", "image/png")
    assert wire == [PUBLIC]
    assert server.requests == [("/a.png", f"pictures.example:{server.port}")]


async def test_redirects_are_followed_and_checked(server: Server, wire: list[str]) -> None:
    names = Names(one_example=[[PUBLIC]], two_example=[[PUBLIC]])
    server.answers["/"] = redirect(f"//two.example:{server.port}/b")
    server.answers["/b"] = redirect("/a.png")
    assert await fetch(f"http://one.example:{server.port}/", names=names) == Source.from_bytes(PNG)
    assert names.asked == ["one.example", "two.example", "two.example"]


async def test_tls_is_checked_against_the_name_not_the_address(wire: list[str]) -> None:
    authority = trustme.CA()
    handler = Server()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("pictures.example").configure_cert(context)
    listener = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=context)
    port = listener.sockets[0].getsockname()[1]
    names = Names(pictures_example=[[PUBLIC]], other_example=[[PUBLIC]])
    with authority.cert_pem.tempfile() as certificate:
        async with listener, MediaFetcher(MediaLimits(), resolve=names, verify=certificate) as fetcher:
            source = await fetcher.fetch(f"https://pictures.example:{port}/a.png", field="image_url")
            assert source == Source.from_bytes(PNG)
            with pytest.raises(InvalidRequest, match="could not be fetched"):
                await fetcher.fetch(f"https://other.example:{port}/a.png", field="image_url")
    assert wire == [PUBLIC, PUBLIC]
    assert handler.requests == [("/a.png", f"pictures.example:{port}")]


# what is refused


PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001:0:7f00:1::",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_of_a_private_address_is_never_connected_to(address: str, wire: list[str]) -> None:
    with pytest.raises(Forbidden, match="not an address of the public internet"):
        await fetch("http://inside.example/a.png", names=Names(inside_example=[[PUBLIC, address]]))
    assert wire == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "2130706433", "0x7f000001",
        "0x7f.1", "0177.0.0.1", "127.1", "0", "127.0.0.1.", "①②⑦.⓪.⓪.①", "169.254.169.254",
        "[fe80::1%25eth0]", "%31%32%37.0.0.1",
    ],
)  # fmt: skip
async def test_ways_of_writing_a_private_address(host: str, wire: list[str]) -> None:
    with pytest.raises((Forbidden, InvalidRequest)):
        await fetch(f"http://{host}/a.png", names=Names(localhost=[["127.0.0.1"]]))
    assert wire == []


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.example@127.0.0.1/a.png",
        "http://127.0.0.1\\@pictures.example/a.png",
        "http://user:secret@pictures.example/a.png",
        "http://pictures.example#@127.0.0.1/",
        "http:///a.png",
        "http://",
        "http://[::1",
        "http://pictures.example:99999/",
        "http://a b/",
    ],
)
async def test_tricks_with_userinfo_and_malformed_urls(url: str, wire: list[str]) -> None:
    names = Names(pictures_example=[["127.0.0.1"]])
    with pytest.raises((InvalidRequest, Forbidden)):
        await fetch(url, names=names)
    assert wire == []


async def test_a_name_that_changes_its_address_gains_nothing(server: Server, wire: list[str]) -> None:
    names = Names(rebind_example=[[PUBLIC], ["127.0.0.1"]])
    await fetch(f"http://rebind.example:{server.port}/a.png", names=names)
    assert wire == [PUBLIC]  # looked up once: the second answer never counts
    assert names.asked == ["rebind.example"]


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:{port}/a.png", "http://inside.example:{port}/a.png", "file:///etc/passwd"]
)
async def test_a_redirect_inside_is_refused(target: str, server: Server, wire: list[str]) -> None:
    server.answers["/"] = redirect(target.format(port=server.port))
    names = Names(outside_example=[[PUBLIC]], inside_example=[["10.0.0.1"]])
    with pytest.raises((Forbidden, InvalidRequest)):
        await fetch(f"http://outside.example:{server.port}/", names=names)
    assert wire == [PUBLIC]
    assert [path for path, _ in server.requests] == ["/"]


async def test_endless_redirects_end(server: Server, wire: list[str]) -> None:
    server.answers["/"] = redirect("/")
    with pytest.raises(InvalidRequest, match="redirects more than 2 times"):
        await fetch(f"http://a.example:{server.port}/", MediaLimits(max_redirects=2), Names(a_example=[[PUBLIC]]))
    assert len(server.requests) == 3


async def test_only_listed_hosts(server: Server, wire: list[str]) -> None:
    limits = MediaLimits(allowed_hosts=("good.example", ".cdn.example"))
    names = Names(good_example=[[PUBLIC]], x_cdn_example=[[PUBLIC]], evilgood_example=[[PUBLIC]])
    await fetch(f"http://GOOD.example:{server.port}/a.png", limits, names)
    await fetch(f"http://x.cdn.example:{server.port}/a.png", limits, names)
    for host in ("evilgood.example", "good.example.evil", "cdn.example"):
        with pytest.raises(Forbidden, match="not among the hosts"):
            await fetch(f"http://{host}:{server.port}/a.png", limits, names)


async def test_private_hosts_can_be_allowed(server: Server) -> None:
    limits = MediaLimits(allow_private_hosts=True)
    assert await fetch(f"http://127.0.0.1:{server.port}/a.png", limits) == Source.from_bytes(PNG)
    assert await fetch(f"http://localhost:{server.port}/a.png", limits, Names(localhost=[["127.0.0.1"]]))


async def _endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(bytes(1000))
        await writer.drain()


async def _stalled(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(2)


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (answer(b"", "302 Found"), InvalidRequest, "media_status"),
        (answer(b"", "304 Not Modified"), InvalidRequest, "media_status"),
        (_endless, TooLarge, "media_bytes"),
        (answer(bytes(20_001)), TooLarge, "media_bytes"),
        (_stalled, InvalidRequest, "media_timeout"),
        (answer(b"", "404 Not Found"), InvalidRequest, "media_status"),
        (answer(PNG, Content_Encoding="gzip"), InvalidRequest, "media_fetch"),
        (answer(b"<html>hello</html>"), InvalidRequest, "media_unknown"),
        (b"not http\r\n\r\n", InvalidRequest, "media_fetch"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", InvalidRequest, "media_fetch"),
        (redirect("http://[bad"), InvalidRequest, "media_url"),
    ],
)
async def test_bad_answers(server: Server, reply: bytes, error: type[WebUIError], code: str) -> None:
    server.answers["/"] = reply
    limits = MediaLimits(allow_private_hosts=True, max_bytes=20_000, fetch_seconds=0.5)
    with pytest.raises(error) as caught:
        await fetch(f"http://127.0.0.1:{server.port}/", limits)
    assert caught.value.code == code
    assert caught.value.field == "image_url"


async def test_a_large_medium_waits_in_a_file_that_leaves_nothing_behind(server: Server, tmp_path: Path) -> None:
    picture = make.png(900, 700)
    server.answers["/large.png"] = answer(picture)
    limits = MediaLimits(allow_private_hosts=True, in_memory_bytes=1000, spool_folder=tmp_path / "new")
    async with MediaFetcher(limits) as fetcher:
        source = await fetcher.fetch(f"http://127.0.0.1:{server.port}/large.png", field="image_url")
        small = await fetcher.fetch(f"http://127.0.0.1:{server.port}/a.png", field="image_url")
    assert not isinstance(source.data, bytes)
    assert source == Source(**{**vars(Source.from_bytes(picture)), "data": source.data})
    assert isinstance(small.data, bytes)
    assert not list((tmp_path / "new").iterdir())
    with source.open() as first, source.open() as second:  # readers do not move each other
        assert first.read(100) == picture[:100]
        assert second.read() == picture
        assert (second.seek(-10, 2), second.read(4)) == (len(picture) - 10, picture[-10:-6])
        assert first.read() == picture[100:]
    assert decode_image(source, 10**7, field="image_url").shape == (700, 900, 3)


async def test_a_host_that_nobody_knows_or_serves() -> None:
    with pytest.raises(InvalidRequest, match="cannot be found"):
        await fetch("http://nowhere.example/", names=Names())
    limits = MediaLimits(allow_private_hosts=True)
    with pytest.raises(InvalidRequest, match="could not be fetched: no connection") as caught:
        await fetch("http://127.0.0.1:1/", limits)
    assert "无法连接" in caught.value.message("zh")
    with pytest.raises(InvalidRequest, match="not a usable URL"):
        await fetch("http://127.0.0.1:99999/", limits)


@given(st.binary(max_size=200), st.integers(1, 9), st.booleans(), st.data())
def test_base64_in_pieces_is_base64_as_a_whole(content: bytes, piece: int, padded: bool, data: st.DataObject) -> None:
    text = base64.urlsafe_b64encode(content).decode()
    if not padded:
        text = text.rstrip("=")
    for at in sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)), reverse=True):
        text = text[:at] + "\n" + text[at:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(media, "_PIECE", piece)
        fetcher = MediaFetcher(MediaLimits())
        assert fetcher._decode_base64(text, "x") == content
        if content:
            for wrong in (text[:1] + "==" + text[1:], text + "é", "?" + text):
                with pytest.raises(InvalidRequest):
                    fetcher._decode_base64(wrong, "x")


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ("data:image/png;base64,????", InvalidRequest),
        ("data:image/png;base64", InvalidRequest),
        ("data:image/png;base64,", InvalidRequest),
        ("", InvalidRequest),
        ("ftp://pictures.example/a.png", InvalidRequest),
        ("gopher://127.0.0.1/", InvalidRequest),
        ("hello", InvalidRequest),
        ("data:,\ud800", InvalidRequest),
        ("http://pictures.example/\udfff", InvalidRequest),
        ("data:image/svg+xml," + quote("<svg onload='x'/>"), InvalidRequest),
        ("data:text/plain;base64," + base64.b64encode(b"#EXTM3U\nhttp://127.0.0.1/").decode(), InvalidRequest),
        ("data:;base64," + base64.b64encode(bytes(3000)).decode(), TooLarge),
        ("data:," + "a" * 3000, TooLarge),
    ],
)
async def test_references_that_are_no_media(reference: str, error: type[WebUIError]) -> None:
    with pytest.raises(error):
        await fetch(reference, MediaLimits(max_bytes=2000))


# files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "allowed" / "deep").mkdir(parents=True)
    (tmp_path / "allowed" / "deep" / "ä b.png").write_bytes(PNG)
    (tmp_path / "secret.png").write_bytes(PNG)
    (tmp_path / "allowed-not").mkdir()
    (tmp_path / "allowed-not" / "a.png").write_bytes(PNG)
    (tmp_path / "allowed" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "allowed" / "dirlink").symlink_to(tmp_path)
    (tmp_path / "allowed" / "inside.png").symlink_to(tmp_path / "allowed" / "deep" / "ä b.png")
    return tmp_path


@pytest.mark.parametrize(
    "form", ["{}/deep/ä b.png", "file://{}/deep/%C3%A4%20b.png", "{}/inside.png", "{}/deep/../inside.png"]
)
async def test_files_below_an_allowed_folder(form: str, folder: Path) -> None:
    source = await fetch(form.format(folder / "allowed"), MediaLimits(allowed_dirs=(folder / "allowed",)))
    assert source.sha256 == Source.from_bytes(PNG).sha256
    with source.open() as file:
        assert file.read() == PNG


@pytest.mark.parametrize(
    "form",
    [
        "{}/../secret.png", "{}/%2e%2e/secret.png", "{}/%252e%252e/secret.png", "{}/link.png", "{}/dirlink/secret.png",
        "{}-not/a.png", "{}", "{}/deep", "{}/absent.png", "{}/deep/ä b.png%00.txt", "file://{}/../secret.png", "file://{}/..%2fsecret.png",
        "file://server{}/deep/ä b.png", "/etc/passwd", "/dev/zero", "./a.png", "~/a.png",
    ],
)  # fmt: skip
async def test_paths_that_lead_elsewhere(form: str, folder: Path) -> None:
    with pytest.raises(Forbidden) as caught:
        await fetch(form.format(folder / "allowed"), MediaLimits(allowed_dirs=(folder / "allowed",)))
    assert caught.value.code == "media_path"
    assert str(folder) not in caught.value.message("en")


async def test_no_paths_unless_a_folder_is_allowed(folder: Path) -> None:
    for form in ("{}", "file://{}"):
        with pytest.raises(Forbidden, match="reads no files"):
            await fetch(form.format(folder / "secret.png"))


async def test_base64_of_something_else_is_not_called_a_path(folder: Path) -> None:
    texts = [base64.b64encode(data).decode() for data in (b"\0\xff\xff" * 40, b"hello", b"")]
    assert "/" in texts[0]
    for limits in (MediaLimits(), MediaLimits(allowed_dirs=(folder / "allowed",))):
        for text in texts:
            with pytest.raises(InvalidRequest) as caught:
                await fetch(text, limits)
            assert caught.value.code == "media_unknown"


async def test_bare_references_can_be_refused(folder: Path) -> None:
    limits = MediaLimits(allowed_dirs=(folder,))
    async with MediaFetcher(limits) as fetcher:
        for reference in (str(folder / "secret.png"), base64.b64encode(PNG).decode()):
            with pytest.raises(InvalidRequest):
                await fetcher.fetch(reference, field="image_url", bare=False)


def test_two_ways_to_the_same_bytes_are_one_medium(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(PNG)
    memory, file = Source.from_bytes(PNG), Source.from_path(path)
    assert (memory.sha256, memory.size, memory.kind, memory.mime) == (file.sha256, file.size, file.kind, file.mime)
