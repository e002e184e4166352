"""A training's state in a folder, in pieces of at most 15 MiB, so that it can travel between machines."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

_PIECE = 15 << 20


def save_pieces(state: dict[str, Any], folder: Path, name: str = "state") -> None:
    """Whoever is stopped while writing leaves the last state whole."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data = buffer.getvalue()
    count = -(-len(data) // _PIECE)
    for number in range(count):
        (folder / f"new.{number:03}").write_bytes(data[number * _PIECE : (number + 1) * _PIECE])
    for old in sorted(folder.glob(f"{name}.*"))[count:]:
        old.unlink()
    for number in range(count):
        (folder / f"new.{number:03}").replace(folder / f"{name}.{number:03}")


def load_pieces(folder: Path, name: str = "state") -> dict[str, Any] | None:
    pieces = sorted(folder.glob(f"{name}.*"))
    if not pieces:
        return None
    state: dict[str, Any] = torch.load(
        io.BytesIO(b"".join(piece.read_bytes() for piece in pieces)), map_location="cpu", weights_only=True
    )
    return state
