"""Downloads through the real client libraries, against a local server that answers as the hubs do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubs import COMMIT, FakeHubs, serve
from qwen3_vl_webui import hub
from qwen3_vl_webui.errors import CheckpointError

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
)
SIZE = 24_000_000  # beyond the libraries' pieces, so that a broken download leaves something to resume
HUBS: tuple[hub.HubName, ...] = ("huggingface", "modelscope")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {
        "config.json": b"{}",
        "tokenizer.json": b"{ }",
        "model.safetensors": os.urandom(SIZE),
        "modeling.py": b"import os",
        "pytorch_model.bin": b"pickle",
    }


@pytest.fixture
def hubs(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHubs]:
    with serve(FakeHubs(files=dict(files))) as hubs:
        monkeypatch.setenv("HF_ENDPOINT", hubs.url)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hubs.url)
        monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms-cache"))
        yield hubs


@pytest.mark.parametrize("name", HUBS)
def test_a_model_arrives_whole_without_code_or_pickles(hubs: FakeHubs, tmp_path: Path, name: hub.HubName) -> None:
    reports: list[tuple[str, int, int]] = []
    listing = hub.find(hubs.source, name)
    assert listing.hub == name
    assert listing.revision == {"huggingface": COMMIT, "modelscope": "master"}[name]
    hub.download(listing, tmp_path / "model", lambda *report: reports.append(report))
    found = {path.name for path in (tmp_path / "model").iterdir() if path.is_file()}
    assert found == {"config.json", "tokenizer.json", "model.safetensors"}
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == hubs.files["model.safetensors"]
    assert reports[-1][1:] == (listing.size, listing.size)
    assert all(0 <= done <= total for _, done, total in reports)


@pytest.mark.parametrize("name", HUBS)
def test_a_download_that_breaks_off_goes_on_where_it_stopped(hubs: FakeHubs, tmp_path: Path, name: hub.HubName) -> None:
    hubs.break_after = SIZE - 1_000_000
    hub.download(hub.find(hubs.source, name), tmp_path)
    ranges = [wanted for wanted in hubs.ranges("model.safetensors") if wanted]
    assert ranges
    assert int(ranges[-1].removeprefix("bytes=").partition("-")[0]) >= SIZE // 3
    assert (tmp_path / "model.safetensors").read_bytes() == hubs.files["model.safetensors"]


@pytest.mark.parametrize("name", HUBS)
def test_what_is_there_is_not_fetched_again(hubs: FakeHubs, tmp_path: Path, name: hub.HubName) -> None:
    hub.download(hub.find(hubs.source, name), tmp_path)
    before = len(hubs.ranges("model.safetensors"))
    hub.download(hub.find(hubs.source, name), tmp_path)
    assert len(hubs.ranges("model.safetensors")) == before


@pytest.mark.parametrize("name", HUBS)
def test_wrong_bytes_are_found_and_fetched_anew(hubs: FakeHubs, tmp_path: Path, name: hub.HubName) -> None:
    listing = hub.find(hubs.source, name)
    hub.download(listing, tmp_path)
    (tmp_path / "model.safetensors").write_bytes(bytes(SIZE))  # the right size, the wrong bytes
    hub.download(listing, tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == hubs.files["model.safetensors"]


def test_bytes_that_stay_wrong_are_an_error_and_are_removed(hubs: FakeHubs, tmp_path: Path) -> None:
    hubs.spoil = 1000
    with pytest.raises(CheckpointError) as caught:
        hub.download(hub.find(hubs.source, "huggingface"), tmp_path)
    assert caught.value.code == "checksum"
    assert "model.safetensors" in caught.value.message("zh")
    assert not (tmp_path / "model.safetensors").exists()


def test_the_hub_that_answers_is_taken(hubs: FakeHubs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(hub, "ANSWER_SECONDS", 10.0)
    assert hub.find(hubs.source).hub == "modelscope"


def test_a_model_that_no_hub_has_is_an_error_that_says_what_each_said(hubs: FakeHubs) -> None:
    with pytest.raises(CheckpointError) as caught:
        hub.find("Qwen/Nothing")
    assert caught.value.code == "download_failed"
    for name in HUBS:
        assert name in caught.value.message("en")


def test_a_full_disk_is_said_beforehand(hubs: FakeHubs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = hub.find(hubs.source, "huggingface")
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 1000})())
    with pytest.raises(CheckpointError) as caught:
        hub.download(listing, tmp_path)
    assert caught.value.code == "disk_full"
    assert not hubs.ranges("model.safetensors")


@pytest.mark.parametrize("name", HUBS)
def test_a_copy_of_another_program_counts_when_its_bytes_are_right(
    hubs: FakeHubs, tmp_path: Path, name: hub.HubName
) -> None:
    hubs.files["README.md"] = b"to read"
    listing = hub.find(hubs.source, name)
    hub.download(listing, tmp_path)
    (tmp_path / "README.md").unlink()  # nothing that runs needs it
    assert hub.holds(tmp_path, listing)
    weights = bytearray((tmp_path / "model.safetensors").read_bytes())
    weights[SIZE // 2] ^= 1
    (tmp_path / "model.safetensors").write_bytes(weights)
    assert not hub.holds(tmp_path, listing)
    (tmp_path / "config.json").unlink()
    assert not hub.holds(tmp_path, listing)


@pytest.mark.parametrize("name", HUBS)
def test_weights_come_last(hubs: FakeHubs, tmp_path: Path, name: hub.HubName) -> None:
    """A download that was killed leaves no folder that looks whole."""
    hubs.files["video_preprocessor_config.json"] = b"{}"
    hub.download(hub.find(hubs.source, name), tmp_path)
    fetched = [
        path for method, path, _ in hubs.requests if method == "GET" and ("resolve" in path or "FilePath" in path)
    ]
    first = next(i for i, path in enumerate(fetched) if "model.safetensors" in path)
    assert all("model.safetensors" in path for path in fetched[first:])


def test_a_hub_that_does_not_answer_is_quiet(hubs: FakeHubs, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CheckpointError) as caught:
        hub.find(hubs.source, "modelscope")
    assert "WARNING" not in capfd.readouterr().err
    assert len(caught.value.message("en")) < 400
