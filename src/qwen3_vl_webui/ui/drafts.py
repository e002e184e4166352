"""Drafts: what stands in the composer unsent, through a reload and while an earlier message is edited there.

The browser keeps them, as JSON of a text and the paths of uploads. Of what it brings back only files that are among the
uploads are taken; those that have been cleared away meanwhile are named.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Draft:
    text: str = ""
    files: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()  # the names of files that are no longer there


def write_draft(text: str, files: Sequence[str]) -> str:
    return json.dumps({"text": text, "files": list(files)})


def read_draft(kept: str, uploads: Path) -> Draft:
    """What the browser kept; anything may stand there. `uploads` is the folder of uploaded files."""
    try:
        found = json.loads(kept)
    except ValueError:
        return Draft()
    if not isinstance(found, dict):
        return Draft()
    text, files = found.get("text"), found.get("files")
    named = [file for file in files if isinstance(file, str)] if isinstance(files, list) else []
    there = [file for file in named if _is_upload(file, uploads)]
    return Draft(
        text=text if isinstance(text, str) else "",
        files=tuple(there),
        lost=tuple(Path(file).name for file in named if file not in there),
    )


def _is_upload(file: str, uploads: Path) -> bool:
    try:
        path = Path(file).resolve()
        return path.is_relative_to(uploads.resolve()) and path.is_file()
    except (OSError, ValueError):  # no path at all
        return False
