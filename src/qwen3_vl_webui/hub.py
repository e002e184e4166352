"""Weights from Hugging Face or ModelScope, through their own client libraries: the hub that answers, resumed where a
download broke off, every file checked against the SHA-256 that the hub names.

`HF_ENDPOINT`, `HF_TOKEN`, `MODELSCOPE_ENDPOINT` (`MODELSCOPE_DOMAIN`) and the libraries' other variables work as they
do everywhere.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import queue
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from qwen3_vl_webui.config import Hub
from qwen3_vl_webui.errors import CheckpointError, WebUIError

HubName = Literal["huggingface", "modelscope"]
HUBS: tuple[HubName, ...] = ("huggingface", "modelscope")
WANTED = frozenset({".safetensors", ".json", ".txt", ".jinja", ".md"})  # no code, no pickle files
NEEDED = frozenset({".safetensors", ".json", ".jinja"})
ANSWER_SECONDS = 20.0  # a hub that has not answered by then does not
PIECE = 4 << 20
MAX_REASON = 160  # characters of what a library says of a failure
Report = Callable[[str, int, int], None]  # file, bytes of all files done, bytes of all files


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    path: str
    size: int  # bytes
    sha256: str | None  # None: the hub names none (small text files)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a hub has under an id."""

    hub: HubName
    source: str
    revision: str
    files: tuple[RemoteFile, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def find(source: str, hub: Hub = "auto") -> Listing:
    """The files of a model on the hub that is named, or on the first that answers. Raises `CheckpointError`."""
    names = HUBS if hub == "auto" else (hub,)
    answers: queue.SimpleQueue[tuple[HubName, Listing | Exception]] = queue.SimpleQueue()

    def ask(name: HubName) -> None:
        try:
            answers.put((name, LIST[name](source)))
        except Exception as error:
            answers.put((name, error))

    for name in names:
        threading.Thread(target=ask, args=(name,), daemon=True, name=f"ask-{name}").start()
    failures: dict[HubName, str] = {}
    for _ in names:
        try:
            name, answer = answers.get(timeout=ANSWER_SECONDS)
        except queue.Empty:
            break
        if isinstance(answer, Listing):
            return answer
        failures[name] = _reason(answer)
    said = "; ".join(f"{name}: {failures.get(name, 'no answer')}" for name in names)
    raise CheckpointError("download_failed", field="model", source=source, reason=said)


def download(listing: Listing, folder: Path, report: Report | None = None) -> None:
    """Bring the files into `folder`; what is there and right is not fetched again. Raises `CheckpointError`."""
    folder.mkdir(parents=True, exist_ok=True)
    progress = _Progress(listing, report)
    missing = [file for file in listing.files if not _has_size(folder / file.path, file)]
    need = sum(file.size for file in missing) - _partial(folder)
    free = shutil.disk_usage(folder).free
    if need > free:
        raise CheckpointError(
            "disk_full", field="data", folder=folder, need=f"{need / 1e9:.1f}", free=f"{free / 1e9:.1f}"
        )
    for file in listing.files:
        if file not in missing:
            progress.set(file.path, file.size)
    try:
        for _ in range(2):
            for weights in (False, True):  # last, so that a folder with all its weights has everything
                part = [file for file in missing if file.path.endswith(".safetensors") is weights]
                if part:
                    FETCH[listing.hub](listing, part, folder, progress)
            missing = [file for file in listing.files if not verify(folder / file.path, file)]
            if not missing:
                return
            for file in missing:  # a second time from the beginning: the bytes that are there are wrong
                (folder / file.path).unlink(missing_ok=True)
                progress.set(file.path, 0)
    except WebUIError:
        raise
    except Exception as error:
        raise CheckpointError("download_failed", field="model", source=listing.source, reason=_reason(error)) from error
    names = ", ".join(file.path for file in missing)
    raise CheckpointError("checksum", field="model", source=listing.source, names=names)


def verify(path: Path, file: RemoteFile) -> bool:
    """Whether a file on disk is the hub's: its size and, where the hub names one, its SHA-256."""
    if not _has_size(path, file):
        return False
    if file.sha256 is None:
        return True
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest() == file.sha256


def cached(source: str, hub: Hub = "auto") -> tuple[Path, ...]:
    """Folders in which other programs may have left a model on this machine, perhaps with files missing."""
    names = HUBS if hub == "auto" else (hub,)
    return tuple(folder for name in names for folder in CACHED[name](source))


def holds(folder: Path, listing: Listing) -> bool:
    """Whether a folder has all that the program reads of a model, with the right bytes."""
    needed = [file for file in listing.files if PurePosixPath(file.path).suffix in NEEDED]
    return bool(needed) and all(verify(folder / file.path, file) for file in needed)


class _Progress:
    """Bytes by file, told as one sum."""

    def __init__(self, listing: Listing, report: Report | None) -> None:
        self._report = report
        self._total = listing.size
        self._sizes = {file.path: file.size for file in listing.files}
        self._done: dict[str, int] = {}
        self._lock = threading.Lock()

    def set(self, path: str, done: int) -> None:
        with self._lock:
            self._done[path] = min(done, self._sizes.get(path, 0))
            if self._report is not None:
                self._report(path, sum(self._done.values()), self._total)

    def add(self, path: str, count: int) -> None:
        self.set(path, self._done.get(path, 0) + count)


def _wanted(path: str) -> bool:
    parts = PurePosixPath(path)
    return parts.suffix in WANTED and ".." not in parts.parts and not parts.is_absolute()


def _has_size(path: Path, file: RemoteFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size


def _partial(folder: Path) -> int:
    """Bytes of downloads that broke off."""
    return sum(path.stat().st_size for path in folder.rglob("*.incomplete") if path.is_file())


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    short = text if len(text) <= MAX_REASON else text[:MAX_REASON].rpartition(" ")[0] + " …"
    return f"{type(error).__name__}: {short}" if text else type(error).__name__


def _quiet(library: str) -> None:
    """What goes wrong is said by our own errors."""
    logging.getLogger(library).setLevel(logging.CRITICAL)


# Hugging Face


def _hf_endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


def _list_huggingface(source: str) -> Listing:
    from huggingface_hub import HfApi

    info = HfApi(endpoint=_hf_endpoint()).model_info(source, files_metadata=True, timeout=ANSWER_SECONDS)
    files = tuple(
        RemoteFile(path=one.rfilename, size=one.size or 0, sha256=one.lfs.sha256 if one.lfs else None)
        for one in info.siblings or ()
        if _wanted(one.rfilename)
    )
    return Listing(hub="huggingface", source=source, revision=info.sha or "main", files=files)


def _cached_huggingface(source: str) -> list[Path]:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(source, "config.json")
    return [Path(found).parent] if isinstance(found, str) else []


def _fetch_huggingface(listing: Listing, files: Sequence[RemoteFile], folder: Path, progress: _Progress) -> None:
    from huggingface_hub import hf_hub_download

    _quiet("huggingface_hub")
    for file in files:
        hf_hub_download(
            listing.source,
            file.path,
            revision=listing.revision,
            local_dir=folder,
            endpoint=_hf_endpoint(),
            tqdm_class=_bar(file.path, progress),
        )
        progress.set(file.path, file.size)


def _bar(path: str, progress: _Progress) -> Any:
    """A progress bar class that draws nothing and tells `progress`."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": False, "file": io.StringIO()})  # type: ignore[no-untyped-call]
            progress.set(path, int(self.n))

        def update(self, n: float | None = 1) -> bool | None:
            shown = super().update(n)
            progress.set(path, int(self.n))
            return bool(shown)

    return Bar


# ModelScope


def _ms_endpoint() -> str:
    """With a scheme, as the library's functions want it; the variable has none as a rule."""
    domain = os.environ.get("MODELSCOPE_ENDPOINT") or os.environ.get("MODELSCOPE_DOMAIN") or "www.modelscope.cn"
    return domain.rstrip("/") if "://" in domain else f"https://{domain}"


def _cached_modelscope(source: str) -> list[Path]:
    """Where its libraries keep models: the present one, and those before it with dots spelt out."""
    root = Path(os.environ.get("MODELSCOPE_CACHE") or Path.home() / ".cache" / "modelscope").expanduser()
    owner, _, name = source.partition("/")
    spelt = Path(owner) / name.replace(".", "___")
    folders = [
        root / "models" / source.replace("/", "--") / "snapshots" / "master",
        *(root / part / spelt for part in ("models", "hub/models", "hub")),
    ]
    return [folder for folder in folders if folder.is_dir()]


def _list_modelscope(source: str) -> Listing:
    from modelscope_hub import HubApi

    _quiet("modelscope_hub")
    entries = HubApi(endpoint=_ms_endpoint()).list_repo_files(source, "model", revision="master")
    files = tuple(
        RemoteFile(path=one.path, size=one.size, sha256=one.sha256 or None)
        for one in entries
        if one.type != "tree" and _wanted(one.path)
    )
    return Listing(hub="modelscope", source=source, revision="master", files=files)


def _fetch_modelscope(listing: Listing, files: Sequence[RemoteFile], folder: Path, progress: _Progress) -> None:
    from modelscope_hub import HubApi, ProgressCallback

    class Callback(ProgressCallback):
        def update(self, size: int) -> None:
            progress.add(self.filename, size)

        def end(self) -> None:
            progress.set(self.filename, self.file_size)

    with redirect_stderr(io.StringIO()):  # the library draws bars of its own
        HubApi(endpoint=_ms_endpoint()).download_repo(
            listing.source,
            "model",
            revision=listing.revision,
            local_dir=folder,
            allow_patterns=[file.path for file in files],
            progress_callbacks=[Callback],
        )


LIST: Mapping[HubName, Callable[[str], Listing]] = {
    "huggingface": _list_huggingface,
    "modelscope": _list_modelscope,
}
CACHED: Mapping[HubName, Callable[[str], list[Path]]] = {
    "huggingface": _cached_huggingface,
    "modelscope": _cached_modelscope,
}
FETCH: Mapping[HubName, Callable[[Listing, Sequence[RemoteFile], Path, _Progress], None]] = {
    "huggingface": _fetch_huggingface,
    "modelscope": _fetch_modelscope,
}
