"""What the page leaves on the disk."""

from __future__ import annotations

import os
import time
from pathlib import Path

from qwen3_vl_webui.ui.mounting import clear_uploads
from qwen3_vl_webui.ui.page import UPLOADS_KEPT


def test_what_a_killed_server_left_is_cleared_when_it_is_old(tmp_path: Path) -> None:
    old, new = tmp_path / "a" / "old.png", tmp_path / "b" / "new.png"
    for file in (old, new):
        file.parent.mkdir()
        file.touch()
    long_ago = time.time() - UPLOADS_KEPT - 60
    os.utime(old, (long_ago, long_ago))
    clear_uploads(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_where_nothing_was_uploaded_nothing_is_cleared(tmp_path: Path) -> None:
    clear_uploads(tmp_path / "absent")
